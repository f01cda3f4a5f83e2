package account

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// The types of authentication this server knows ("Authentication types").
const (
	byPassword = "m.login.password"
	byDummy    = "m.login.dummy"
)

// confirmTime is how long a person has to type the password once they were asked.
const confirmTime = 10 * time.Minute

// Auth is what a client submits to prove who is asking ("User-Interactive Authentication API").
type Auth struct {
	Type       string      `json:"type"`
	Session    string      `json:"session"`
	Identifier *Identifier `json:"identifier"`
	User       string      `json:"user"` // the old form of Identifier
	Password   string      `json:"password"`
}

// Identifier names a person ("Identifier types").
type Identifier struct {
	Type string `json:"type"`
	User string `json:"user"`
}

// name gives the user name in either form; ok is false when it names a person by something that is not kept here.
func name(id *Identifier, old string) (user string, ok bool) {
	if id == nil {
		return old, true
	}
	return id.User, id.Type == "m.id.user"
}

// ParseAuth reads the auth member of a request; nil or null is no Auth.
func ParseAuth(value jsontext.Value) (*Auth, error) {
	if len(value) == 0 || value.Kind() == 'n' {
		return nil, nil
	}
	auth := new(Auth)
	if err := json.Unmarshal(value, auth); err != nil {
		return nil, errs.BadJSON("auth must be an object that holds authentication data.")
	}
	return auth, nil
}

// Confirm makes sure that it is the signed-in person who asks, by their password. act names what is asked for, with what
// it concerns: a session opened for one act is no good for another. Without auth, and on any failure, the answer is 401
// with the stages to take. Nothing is kept between the requests, so it works on any node and costs no memory.
func (a *Accounts) Confirm(ctx context.Context, who *audit.Caller, auth *Auth, act string) error {
	bound := who.User + "\n" + act
	if auth == nil || auth.Type == "" {
		return a.challenge(bound, byPassword, "", "")
	}
	if err := a.checkChallenge(auth, bound, byPassword); err != nil {
		return err
	}
	typed, ok := name(auth.Identifier, auth.User)
	if typed != "" {
		id, err := a.UserID(typed)
		ok = ok && err == nil && id == who.User
	}
	if !ok {
		return a.challenge(bound, byPassword, "M_FORBIDDEN", "Confirm with the account you are signed in with.")
	}
	right, _, err := a.guess(ctx, who, who.User, auth.Password)
	if err != nil {
		return err
	}
	if !right {
		return a.challenge(bound, byPassword, "M_FORBIDDEN", "The password is not right.")
	}
	return nil
}

// confirmDummy is Confirm for registration, which asks for nothing: m.login.dummy, with or without a session.
func (a *Accounts) confirmDummy(auth *Auth, act string) error {
	if auth == nil || auth.Type == "" {
		return a.challenge(act, byDummy, "", "")
	}
	return a.checkChallenge(auth, act, byDummy)
}

// checkChallenge makes sure that a stage belongs to the flow, and its session, when it has one, to the act.
func (a *Accounts) checkChallenge(auth *Auth, bound, stage string) error {
	if auth.Type != stage {
		return a.challenge(bound, stage, "M_UNRECOGNIZED", "This way of authentication is not offered.")
	}
	if auth.Session == "" {
		return nil // all in one request: there was nothing to bind
	}
	if _, ok := a.seal.open("confirm", bound, auth.Session, a.conf.Now()); !ok {
		return a.challenge(bound, stage, "M_FORBIDDEN", "It took too long, or the request has changed. Try again.")
	}
	return nil
}

// challenge asks for a stage; with a code it also says what was wrong with the last try.
func (a *Accounts) challenge(bound, stage, code, message string) error {
	e := &errs.Error{Kind: errs.Unauthenticated, Code: code, Message: message}
	e.Fields = map[string]any{
		"flows":   []map[string]any{{"stages": []string{stage}}},
		"params":  map[string]any{},
		"session": a.seal.seal("confirm", bound, "", a.conf.Now().Add(confirmTime)),
	}
	return e
}

// guess verifies a password of an account, existing or not, within the limit on guesses. A wrong one is recorded when the
// account exists: people type passwords where names belong, so other names are not.
func (a *Accounts) guess(ctx context.Context, who *audit.Caller, user, password string) (right bool, u User, err error) {
	refund, retry := a.guesses.Take(user, a.conf.Now())
	if retry > 0 {
		return false, User{}, &errs.Error{
			Kind: errs.Limited, Code: "M_LIMIT_EXCEEDED", Retry: retry,
			Message: "Too many wrong passwords. Wait a little before you try again.",
		}
	}
	u, err = a.User(ctx, user)
	exists := err == nil
	if err != nil && !errs.Is(err, errs.NotFound) {
		refund()
		return false, User{}, err
	}
	right, stale, err := a.hasher.Verify(ctx, u.hash, password)
	if err != nil {
		refund()
		return false, User{}, err
	}
	if right {
		refund()
		if stale {
			u.hash, err = a.rehash(ctx, u, password)
		}
		return true, u, err
	}
	if exists {
		a.recordFailure(who, user)
	}
	return false, u, nil
}
