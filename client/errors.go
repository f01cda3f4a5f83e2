package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Error is a refusal by the server: a status of 400 or more. Its Code is the specification's, such as M_FORBIDDEN;
// empty when the answer was not a Matrix error at all (a proxy's page, say).
type Error struct {
	Status  int
	Code    string
	Message string
	// RetryAfter is how long the server asks to wait; zero when it does not say.
	RetryAfter time.Duration
	// ConsentURI is where the user may read and accept what M_CONSENT_NOT_GIVEN asks for.
	ConsentURI string
	// Session and Flows are set when the endpoint wants user-interactive authentication (a status of 401).
	Session string
	Flows   []AuthFlow
	// Raw is the whole answer, for fields not listed here.
	Raw []byte
}

// AuthFlow is one of the ways a server offers to prove who is asking.
type AuthFlow struct {
	Stages []string `json:"stages"`
}

func (e *Error) Error() string {
	code := e.Code
	if code == "" {
		code = http.StatusText(e.Status)
	}
	return fmt.Sprintf("%d %s: %s", e.Status, code, e.Message)
}

// Is makes errors.Is(err, &Error{Code: "M_FORBIDDEN"}) true for any refusal with that code, and likewise for a
// status; zero fields of the target match everything.
func (e *Error) Is(target error) bool {
	want, ok := target.(*Error)
	return ok && (want.Status == 0 || want.Status == e.Status) && (want.Code == "" || want.Code == e.Code)
}

// CodeOf is the specification's code of a refusal, or empty for any other error and for nil.
func CodeOf(err error) string {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal.Code
	}
	return ""
}

// StatusOf is the HTTP status of a refusal, or zero for any other error and for nil.
func StatusOf(err error) int {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal.Status
	}
	return 0
}

// readError turns a refusal into an [*Error]. What cannot be read as JSON becomes the message.
func readError(response *http.Response) error {
	body, err := readBounded(response.Body, 1<<20)
	if err != nil {
		return fmt.Errorf("client: read a refusal (%s): %w", response.Status, err)
	}
	var wire struct {
		Code         string     `json:"errcode"`
		Message      string     `json:"error"`
		RetryAfterMs int64      `json:"retry_after_ms"`
		ConsentURI   string     `json:"consent_uri"`
		Session      string     `json:"session"`
		Flows        []AuthFlow `json:"flows"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		wire.Message = strings.TrimSpace(string(body[:min(len(body), 200)]))
	}
	refusal := &Error{
		Status: response.StatusCode, Code: wire.Code, Message: wire.Message,
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
		ConsentURI: wire.ConsentURI, Session: wire.Session, Flows: wire.Flows, Raw: body,
	}
	if refusal.RetryAfter == 0 {
		refusal.RetryAfter = time.Duration(wire.RetryAfterMs) * time.Millisecond
	}
	return refusal
}

// retryAfter reads the header of RFC 9110 section 10.2.3: seconds, or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil && date.After(now) {
		return date.Sub(now)
	}
	return 0
}

// Temporary reports whether trying the same request again may succeed: the server limits, is unavailable, or could
// not be reached. A context that has ended is not temporary.
func Temporary(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	refusal, ok := errors.AsType[*Error](err)
	if !ok {
		return true
	}
	switch refusal.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// Retry runs do until it succeeds, fails for good, or has been tried attempts times. It waits as long as the server
// asks, otherwise 100 ms doubling up to 10 s, with jitter. Only for what may be repeated: reads, and writes under a
// transaction id chosen before the first attempt.
func Retry(ctx context.Context, attempts int, do func(context.Context) error) error {
	wait := 100 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := do(ctx)
		if !Temporary(err) || attempt >= attempts {
			return err
		}
		pause := wait/2 + rand.N(wait)
		if refusal, ok := errors.AsType[*Error](err); ok && refusal.RetryAfter > 0 {
			pause = refusal.RetryAfter
		}
		wait = min(2*wait, 10*time.Second)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w (while waiting to retry: %w)", ctx.Err(), err)
		}
	}
}
