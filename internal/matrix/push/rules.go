// Package push decides whom an event is worth disturbing: it keeps everybody's push rules, counts what is unread by
// them, and tells push gateways (client-server API, "Push Notifications"). How rules are evaluated is package pushrules;
// how far people have read is package receipt.
package push

import (
	"context"
	"sync"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/pushrules"
)

// rulesMost bounds how many people's compiled rules are remembered.
const rulesMost = 50_000

// Rules is everybody's push rules.
type Rules struct {
	db *store.DB

	mu       sync.RWMutex
	epoch    int64 // counts changes seen
	compiled map[string]*pushrules.Ruleset
}

// NewRules gives the push rules of a database. Call it before the first write: it follows the log.
func NewRules(db *store.DB) *Rules {
	r := &Rules{db: db, compiled: map[string]*pushrules.Ruleset{}}
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
func (r *Rules) Changes(ctx context.Context, user string) (*pushrules.Changes, error) {
	var stored string
	err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		stored, err = changesOf(tx, user)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return &pushrules.Changes{}, nil
	}
	if err != nil {
		return nil, err
	}
	return pushrules.ParseChanges([]byte(stored))
}

func (r *Rules) follow(b store.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.Gap {
		r.epoch++
		clear(r.compiled)
	}
	for _, c := range b.Changes {
		if c.Kind == accountdata.Kind && c.Key == accountdata.Key("", accountdata.PushRules) {
			r.epoch++
			delete(r.compiled, c.Scope)
		}
	}
}
