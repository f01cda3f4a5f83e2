// Package push decides whom an event is worth disturbing: it keeps everybody's push rules, counts what is unread by
// them, and tells push gateways (client-server API, "Push Notifications"). How rules are evaluated is package pushrules;
// how far people have read is package receipt. It is not the push to a browser or a phone: that is the gateway's.
package push

import (
	"context"
	"errors"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/pushrules"
)

// rulesMost bounds how many people's compiled rules are remembered.
const rulesMost = 50_000

// changesMost bounds what one person's changes may add up to, in bytes: clients are sent all of it at each change.
const changesMost = 192 << 10

// Rules is everybody's push rules.
type Rules struct {
	db   *store.DB
	keep *accountdata.Keep

	mu       sync.RWMutex
	epoch    int64 // counts changes seen
	compiled map[string]*pushrules.Ruleset
}

// NewRules gives the push rules of a database. Call it before the first write: it follows the log.
func NewRules(db *store.DB, keep *accountdata.Keep) *Rules {
	r := &Rules{db: db, keep: keep, compiled: map[string]*pushrules.Ruleset{}}
	db.Follow(r.follow)
	return r
}

// Of gives somebody's rules, compiled; from memory in the steady state.
func (r *Rules) Of(ctx context.Context, user string) (*pushrules.Ruleset, error) {
	r.mu.RLock()
	known, epoch := r.compiled[user], r.epoch
	r.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	changes, err := r.Changes(ctx, user)
	if err != nil {
		return nil, err
	}
	set := pushrules.Compile(changes, user)
	r.mu.Lock()
	defer r.mu.Unlock()
	if epoch == r.epoch { // else what was read may be past
		if len(r.compiled) >= rulesMost {
			clear(r.compiled)
		}
		r.compiled[user] = set
	}
	return set, nil
}

// Changes gives what somebody has changed of the default rules; nobody has changed anything at first.
func (r *Rules) Changes(ctx context.Context, user string) (c *pushrules.Changes, err error) {
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		c, _, err = changesIn(tx, user)
		return err
	})
	return c, err
}

func changesIn(tx *store.Tx, user string) (c *pushrules.Changes, stored string, err error) {
	stored, err = changesOf(tx, user)
	if errs.Is(err, errs.NotFound) {
		return &pushrules.Changes{}, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	c, err = pushrules.ParseChanges([]byte(stored))
	return c, stored, err
}

// Content gives the content of somebody's m.push_rules, also of those who never changed anything.
func (r *Rules) Content(ctx context.Context, user string) (jsontext.Value, error) {
	c, err := r.Changes(ctx, user)
	if err != nil {
		return nil, err
	}
	return content(c, user)
}

func content(c *pushrules.Changes, user string) (jsontext.Value, error) {
	return json.Marshal(pushrules.Global{Global: c.Set(user)})
}

// Rule gives one of the caller's rules; errs.NotFound when there is none.
func (r *Rules) Rule(ctx context.Context, who *audit.Caller, kind pushrules.Kind, id string) (pushrules.Rule, error) {
	if err := known(kind); err != nil {
		return pushrules.Rule{}, err
	}
	c, err := r.Changes(ctx, who.User)
	if err != nil {
		return pushrules.Rule{}, err
	}
	rule, err := c.Rule(who.User, kind, id)
	return rule, refused(err)
}

// Put adds or replaces a rule of the caller's own: PUT /pushrules/global/{kind}/{ruleId}. body is the rule as the client
// wrote it; before and after are ids of other rules, or empty.
func (r *Rules) Put(ctx context.Context, who *audit.Caller, kind pushrules.Kind, id string, body []byte, before, after string) error {
	rule, err := pushrules.ParseRule(kind, id, body)
	if err != nil {
		return refused(err)
	}
	return r.change(ctx, who, "put "+string(kind), kind, func(c *pushrules.Changes) error { return c.Put(kind, rule, before, after) })
}

// Delete removes a rule of the caller's own.
func (r *Rules) Delete(ctx context.Context, who *audit.Caller, kind pushrules.Kind, id string) error {
	return r.change(ctx, who, "delete "+string(kind), kind, func(c *pushrules.Changes) error { return c.Delete(kind, id) })
}

// Enable switches one of the caller's rules on or off, the server's own too.
func (r *Rules) Enable(ctx context.Context, who *audit.Caller, kind pushrules.Kind, id string, enabled bool) error {
	return r.change(ctx, who, "enable "+string(kind), kind, func(c *pushrules.Changes) error { return c.Enable(kind, id, enabled) })
}

// SetActions says what one of the caller's rules does, the server's own too. body holds the list as the client wrote it.
func (r *Rules) SetActions(ctx context.Context, who *audit.Caller, kind pushrules.Kind, id string, body []byte) error {
	actions, err := pushrules.ParseActions(body)
	if err != nil {
		return refused(err)
	}
	return r.change(ctx, who, "actions "+string(kind), kind, func(c *pushrules.Changes) error { return c.SetActions(kind, id, actions) })
}

// change changes the caller's rules. What they end up with goes to their clients as account data. The record names the
// kind of rule and not the rule: its id and pattern are the person's own words.
func (r *Rules) change(ctx context.Context, who *audit.Caller, detail string, kind pushrules.Kind, do func(*pushrules.Changes) error) error {
	if err := known(kind); err != nil {
		return err
	}
	return r.db.Write(ctx, func(tx *store.Tx) error {
		c, before, err := changesIn(tx, who.User)
		if err != nil {
			return err
		}
		if err := do(c); err != nil {
			return refused(err)
		}
		after, err := c.JSON()
		if err != nil || string(after) == before {
			return err
		}
		if len(after) > changesMost {
			return refused(pushrules.ErrTooMany)
		}
		shown, err := content(c, who.User)
		if err != nil {
			return err
		}
		if err := putChanges(tx, who.User, string(after)); err != nil {
			return err
		}
		if err := accountdata.Set(tx, who.User, "", accountdata.PushRules, shown); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "push.rule", Object: who.User, Detail: detail})
	})
}

func known(kind pushrules.Kind) error {
	if !kind.Known() {
		return errs.BadParam("The kind of a push rule is override, content, room, sender or underride.")
	}
	return nil
}

// refused turns what package pushrules refuses into answers.
func refused(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pushrules.ErrNotFound):
		return errs.Absent("The push rule was not found.")
	case errors.Is(err, pushrules.ErrRelative), errors.Is(err, pushrules.ErrTooMany):
		return errs.New(errs.Invalid, "M_UNKNOWN", "%v", err)
	case errors.Is(err, pushrules.ErrInvalid), errors.Is(err, pushrules.ErrReserved):
		return errs.BadParam("%v", err)
	}
	return err
}

func (r *Rules) follow(b store.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.Gap {
		r.epoch++
		clear(r.compiled)
	}
	for _, c := range b.Changes {
		if c.Kind != accountdata.Kind {
			continue
		}
		// Erasing a person's data is announced without a type.
		if room, typ := accountdata.SplitKey(c.Key); room == "" && (typ == accountdata.PushRules || typ == "") {
			r.epoch++
			delete(r.compiled, c.Scope)
		}
	}
}
