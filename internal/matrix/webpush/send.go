package webpush

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/wardline/wardline/internal/matrix/push"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/outward"
	"github.com/wardline/wardline/internal/platform/store"
)

// letter is what a browser finds in a push; the app's service worker reads it.
type letter struct {
	Kind   string `json:"kind"`            // "message" or "test"
	Unread int    `json:"unread,omitzero"` // messages, in all conversations
	High   bool   `json:"high,omitzero"`   // it calls for somebody
	ID     string `json:"id,omitempty"`    // of a test, as the page that asked for it chose it
}

// manner is how a push service is to treat a push (RFC 8030, sections 5.2 to 5.4).
type manner struct {
	keep   time.Duration // for a browser that is away
	urgent bool          // else normal: not to wake a phone that saves its battery
	topic  string        // a newer push of the topic takes the place of one that waits
}

// How messages and tests travel. A message that calls for somebody is not replaced by one that does not.
var (
	ordinary = manner{24 * time.Hour, false, "news"}
	calling  = manner{24 * time.Hour, true, "call"}
	trying   = manner{time.Minute, true, ""}
)

// errGone says that a push service knows the subscription no more (RFC 8030, section 7.3).
var errGone = errors.New("webpush: the subscription is gone")

// Carry implements push.Carrier.
func (s *Subscriptions) Carry(ctx context.Context, key string, n push.Notice) (gone bool, err error) {
	one, err := s.find(ctx, key)
	if errs.Is(err, errs.NotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	how := ordinary
	if n.High {
		how = calling
	}
	err = s.send(ctx, &one, letter{Kind: "message", Unread: n.Unread, High: n.High}, how)
	if errors.Is(err, errGone) {
		return true, nil
	}
	return false, err
}

func (s *Subscriptions) send(ctx context.Context, one *Subscription, l letter, how manner) error {
	key, err := s.keys(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return s.service.send(ctx, key, one, text, how)
}

// Result is what came of a push that was a test.
type Result string

// What can come of it.
const (
	Accepted    Result = "accepted"    // the push service has it
	Gone        Result = "gone"        // the push service knows the subscription no more: it has been removed
	Refused     Result = "refused"     // the push service does not take pushes of this server just now
	Unreachable Result = "unreachable" // this server cannot reach the push service
)

// Trial is a push that was a test.
type Trial struct {
	Result Result
	Status int           // that the push service answered; 0: none
	Took   time.Duration // until it answered
}

var trialID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// Try sends a test to the caller's own device, at once and once. id comes with it. errs.NotFound when the device has no
// subscription.
func (s *Subscriptions) Try(ctx context.Context, who *audit.Caller, id string) (t Trial, err error) {
	if !trialID.MatchString(id) {
		return t, errs.BadParam("id must be 1 to 64 letters, digits, - or _.")
	}
	var one Subscription
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		one, err = subscriptionOf(tx, who.User, who.Device)
		return err
	})
	if err != nil {
		return t, err
	}
	begun := time.Now()
	err = s.send(ctx, &one, letter{Kind: "test", ID: id}, trying)
	t = Trial{Result: Accepted, Took: time.Since(begun)}
	var answer *outward.Unwelcome
	switch {
	case err == nil:
	case errors.Is(err, errGone):
		t.Result = Gone
		return t, s.db.Write(ctx, func(tx *store.Tx) error { return remove(tx, who, &one) })
	case errors.As(err, &answer):
		t.Result, t.Status = Refused, answer.Status
	default:
		t.Result = Unreachable
	}
	return t, nil
}
