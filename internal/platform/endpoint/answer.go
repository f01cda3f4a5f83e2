package endpoint

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/wardline/wardline/internal/platform/errs"
)

// answer is a route's ResponseWriter: it remembers what was answered.
type answer struct {
	http.ResponseWriter
	status  int // 0: nothing answered yet
	gzipMin int // compress JSON of at least this many bytes; 0: never
	route   *meters
}

// WriteHeader remembers the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write counts as a status of 200.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// ReadFrom keeps the kernel's file copying for media.
func (a *answer) ReadFrom(src io.Reader) (int64, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return io.Copy(a.ResponseWriter, src)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Shared values, so that an answer's headers cost no allocation. Header.Set and Add never write into them.
var jsonType = []string{"application/json"}

// encode answers a value as JSON.
func encode(w http.ResponseWriter, r *http.Request, out any) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer release(buf)
	if err := json.MarshalWrite(buf, out); err != nil {
		return err
	}
	return JSON(w, r, buf.Bytes())
}

// JSON answers ready JSON bytes with status 200, compressed when they are many and the client takes it.
// It does not keep body.
func JSON(w http.ResponseWriter, r *http.Request, body []byte) error {
	if len(body) == 0 {
		body = []byte("{}")
	}
	a, _ := w.(*answer)
	if a != nil && a.gzipMin > 0 && len(body) >= a.gzipMin && takesGzip(r) {
		return a.compress(body)
	}
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, err := w.Write(body)
	return gone(err)
}

// goneError is a client that went away while it was answered: nobody is left to tell, and it is no fault of ours.
type goneError struct{ cause error }

func (e *goneError) Error() string { return "endpoint: the client went away: " + e.cause.Error() }
func (e *goneError) Unwrap() error { return e.cause }

func gone(err error) error {
	if err == nil {
		return nil
	}
	return &goneError{err}
}

var squeezers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is valid
	return z
}}

// compress answers body with Content-Encoding gzip, at the cheapest level.
func (a *answer) compress(body []byte) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer release(buf)
	z := squeezers.Get().(*gzip.Writer)
	z.Reset(buf)
	_, _ = z.Write(body) // a buffer takes everything
	_ = z.Close()
	squeezers.Put(z)
	a.route.squeezed(len(body), buf.Len())
	h := a.Header()
	h["Content-Type"] = jsonType
	h.Set("Content-Encoding", "gzip")
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	_, err := a.Write(buf.Bytes())
	return gone(err)
}

// takesGzip reads Accept-Encoding as far as clients use it (RFC 9110, 12.5.3).
func takesGzip(r *http.Request) bool {
	for _, line := range r.Header["Accept-Encoding"] {
		for one := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(strings.TrimSpace(one), ";")
			if strings.TrimSpace(name) != "gzip" {
				continue
			}
			q, ok := strings.CutPrefix(strings.TrimSpace(weight), "q=")
			if !ok {
				return true
			}
			f, err := strconv.ParseFloat(q, 64)
			return err == nil && f > 0
		}
	}
	return false
}

// kinds is the table from the kind of an error to its status and its code when it names none.
var kinds = map[errs.Kind]struct {
	status int
	code   string
}{
	errs.Internal:        {http.StatusInternalServerError, "M_UNKNOWN"},
	errs.Invalid:         {http.StatusBadRequest, "M_INVALID_PARAM"},
	errs.Unauthenticated: {http.StatusUnauthorized, "M_UNAUTHORIZED"},
	errs.Forbidden:       {http.StatusForbidden, "M_FORBIDDEN"},
	errs.NotFound:        {http.StatusNotFound, "M_NOT_FOUND"},
	errs.Unrecognized:    {http.StatusNotFound, "M_UNRECOGNIZED"},
	errs.Conflict:        {http.StatusConflict, "M_UNKNOWN"},
	errs.TooLarge:        {http.StatusRequestEntityTooLarge, "M_TOO_LARGE"},
	errs.Limited:         {http.StatusTooManyRequests, "M_LIMIT_EXCEEDED"},
	errs.Unavailable:     {http.StatusServiceUnavailable, "M_UNKNOWN"},
	errs.NotAllowed:      {http.StatusMethodNotAllowed, "M_UNRECOGNIZED"},
}

// statuses are the codes whose status the standard sets apart from their kind's.
var statuses = map[string]int{
	"M_NOT_YET_UPLOADED": http.StatusGatewayTimeout, // client-server API, GET /_matrix/client/v1/media/download
}

// fault gives what an error is answered by: status, JSON and when to try again.
// An Unauthenticated error with Fields and no code of its own is a step of user-interactive authentication, whose
// JSON holds the fields alone (client-server API, "User-interactive API in the REST API").
func fault(err error) (status int, body []byte, retry time.Duration) {
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind == errs.Internal {
		e = &errs.Error{Kind: errs.Internal, Message: "internal error"}
	}
	row := kinds[e.Kind]
	status = row.status
	members := make(map[string]any, len(e.Fields)+3)
	maps.Copy(members, e.Fields)
	if e.Kind != errs.Unauthenticated || e.Code != "" || len(e.Fields) == 0 {
		members["errcode"], members["error"] = row.code, e.Message
	}
	if e.Code != "" {
		members["errcode"] = e.Code
		if s, ok := statuses[e.Code]; ok {
			status = s
		}
	}
	if e.Kind == errs.Limited || e.Kind == errs.Unavailable {
		retry = max(e.Retry, time.Second)
		members["retry_after_ms"] = retry.Milliseconds()
	}
	body, err = json.Marshal(members, json.Deterministic(true))
	if err != nil { // a field that cannot be encoded
		body = []byte(`{"errcode":"M_UNKNOWN","error":"internal error"}`)
	}
	return status, body, retry
}

// answerFault answers an error.
func answerFault(w http.ResponseWriter, err error) {
	status, body, retry := fault(err)
	answerStatus(w, status, body, retry)
}

func answerStatus(w http.ResponseWriter, status int, body []byte, retry time.Duration) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Del("Content-Encoding")
	if retry > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((retry+time.Second-1)/time.Second), 10))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone: nobody is left to tell
}
