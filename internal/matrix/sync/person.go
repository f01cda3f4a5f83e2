package sync

import (
	"context"
	stdsync "sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
)

// person is what the engine remembers of somebody who syncs.
type person struct {
	id       string
	ended    atomic.Int64 // position of the last change of their sessions
	counted  atomic.Int64 // position of the last change of the counts of their devices' keys
	idle     atomic.Int64 // ms of when the last waiting request ended; 0 while one waits
	received atomic.Int64 // the furthest token of /v3/sync a device of theirs came back with

	mu      stdsync.Mutex
	loaded  bool
	noted   []*room.Event // changes of membership that came while not loaded
	ties    map[int64]tie // by room
	waiters map[*waiter]struct{}
	lazy    map[string]*lazyMembers // by device
}

// tie is somebody's membership in a room.
type tie struct {
	room       *room.Live
	membership string
	pos        int64 // of the event that set it
	event      *room.Event
	before     string // the membership before, "" when not known
	since      int64  // position at which the present run of this membership began; 0 when not known
	forgotten  bool   // left and forgotten: the reader may still have to be told that they left
}

// waiter is one waiting request.
type waiter struct{ woken chan struct{} }

// wake lets the person's waiting requests look again.
func (p *person) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for w := range p.waiters {
		select {
		case w.woken <- struct{}{}:
		default:
		}
	}
}

// wait registers a waiting request; call the function it gives when done.
func (p *person) wait() (*waiter, func()) {
	w := &waiter{woken: make(chan struct{}, 1)}
	p.mu.Lock()
	p.waiters[w] = struct{}{}
	p.idle.Store(0)
	p.mu.Unlock()
	return w, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.waiters, w)
		if len(p.waiters) == 0 {
			p.idle.Store(time.Now().UnixMilli())
		}
	}
}

// all gives the person's memberships.
func (p *person) all() []tie {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]tie, 0, len(p.ties))
	for _, t := range p.ties {
		out = append(out, t)
	}
	return out
}

// in gives the person's membership of one room.
func (p *person) in(nr int64) (tie, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, ok := p.ties[nr]
	return t, ok
}

func (p *person) joined() (out []int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for nr, t := range p.ties {
		if t.membership == "join" {
			out = append(out, nr)
		}
	}
	return out
}

func (p *person) forget(roomID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for nr, t := range p.ties {
		if t.room.ID == roomID {
			t.forgotten = true
			p.ties[nr] = t
		}
	}
}

// sessionWatch holds the session of a request that waits against changes of the person's sessions since it began.
type sessionWatch struct {
	p    *person
	seen int64
}

// check refuses when the session has ended.
func (s *sessionWatch) check(ctx context.Context, e *Engine, who *audit.Caller) error {
	now := s.p.ended.Load()
	if now == s.seen {
		return nil
	}
	s.seen = now
	return e.Accounts.StillIn(ctx, who)
}

// person gives what is remembered of somebody, reading it when there is nothing yet.
func (e *Engine) person(ctx context.Context, id string) (*person, error) {
	e.mu.RLock()
	p := e.persons[id]
	e.mu.RUnlock()
	if p != nil {
		p.mu.Lock()
		ok := p.loaded
		p.mu.Unlock()
		if ok {
			return p, nil
		}
	}
	return e.load(ctx, id)
}

// load reads somebody's memberships. What changes meanwhile is kept aside and applied afterwards.
func (e *Engine) load(ctx context.Context, id string) (*person, error) {
	p := e.expect(id)
	var at int64
	ties := map[int64]tie{}
	err := e.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if at, err = tx.Position(); err != nil {
			return err
		}
		return e.Rooms.Memberships(tx, id, func(ev *room.Event, forgotten bool) {
			ties[ev.Room.NR] = tie{room: ev.Room, membership: ev.Membership(), pos: ev.Pos, event: ev, forgotten: forgotten}
		})
	})
	if err != nil {
		return nil, err
	}
	e.settle(p, ties, at)
	return p, nil
}

// expect makes sure that changes of somebody's memberships are noted from now on.
func (e *Engine) expect(id string) *person {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.persons[id]
	if p == nil {
		p = &person{id: id, waiters: map[*waiter]struct{}{}}
		p.idle.Store(time.Now().UnixMilli())
		e.persons[id] = p
	}
	return p
}

// settle takes in what was read as of a position, and what was noted since.
func (e *Engine) settle(p *person, ties map[int64]tie, at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.mu.Lock()
	if p.loaded {
		p.mu.Unlock()
		return
	}
	p.loaded, p.ties = true, ties
	noted := p.noted
	p.noted = nil
	p.mu.Unlock()
	for nr, t := range ties {
		if t.membership == "join" {
			e.watch(nr, p)
		}
	}
	for _, ev := range noted {
		if ev.Pos > at {
			e.tie(p, ev)
		}
	}
}

// watch adds a person to those joined to a room. The caller holds mu.
func (e *Engine) watch(nr int64, p *person) {
	if e.watchers[nr] == nil {
		e.watchers[nr] = map[*person]struct{}{}
	}
	e.watchers[nr][p] = struct{}{}
}

// tie takes a change of membership in. The caller holds the engine's mu.
func (e *Engine) tie(p *person, ev *room.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.loaded {
		p.noted = append(p.noted, ev)
		return
	}
	old, had := p.ties[ev.Room.NR]
	t := tie{room: ev.Room, membership: ev.Membership(), pos: ev.Pos, event: ev, before: "leave", since: ev.Pos}
	if had {
		t.before = old.membership
		if old.membership == t.membership {
			t.since, t.before = old.since, old.before
		}
	}
	p.ties[ev.Room.NR] = t
	if t.membership == "join" {
		e.watch(ev.Room.NR, p)
	} else {
		delete(e.watchers[ev.Room.NR], p)
	}
}
