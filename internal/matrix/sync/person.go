package sync

import (
	"context"
	"slices"
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
	news     atomic.Int64 // position of the last change that concerns them, or a later one
	typed    atomic.Int64 // serial of the last change of who types in a room of theirs, or a later one
	received atomic.Int64 // the furthest token of /v3/sync a device of theirs came back with
	idle     atomic.Int64 // ms of when the last waiting request ended; 0 while one waits

	mu      stdsync.Mutex
	loaded  bool
	noted   []*room.Event  // changes of membership that came while not loaded
	ties    map[int64]*tie // by room; a tie is replaced, never changed
	waiters []*waiter
	lazy    []*lazyMembers // one a device
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

// tell notes that a change concerns the person, and adds them to the list.
func (p *person) tell(pos int64, concerned []*person) []*person {
	raise(&p.news, pos)
	return append(concerned, p)
}

// wake lets the person's waiting requests look again.
func (p *person) wake() {
	if p.idle.Load() != 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.waiters {
		select {
		case w.woken <- struct{}{}:
		default:
		}
	}
}

// quiet reports that nothing has happened since a token that an answer could tell this person of. One that has a request
// waiting is told, by being woken, of all that comes after.
func (p *person) quiet(since token) bool {
	return since.pos >= p.news.Load() && since.typing >= p.typed.Load()
}

// wait registers a waiting request; call the function it gives when done.
func (p *person) wait() (*waiter, func()) {
	w := &waiter{woken: make(chan struct{}, 1)}
	p.mu.Lock()
	p.waiters = append(p.waiters, w)
	p.idle.Store(0)
	p.mu.Unlock()
	return w, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.waiters = slices.DeleteFunc(p.waiters, func(other *waiter) bool { return other == w })
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
		out = append(out, *t)
	}
	return out
}

// in gives the person's membership of one room.
func (p *person) in(nr int64) (tie, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.ties[nr]
	if t == nil {
		return tie{}, false
	}
	return *t, true
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
			forgotten := *t
			forgotten.forgotten = true
			p.ties[nr] = &forgotten
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
	if p != nil && p.known() {
		return p, nil
	}
	return e.load(ctx, id)
}

// recall reads what is remembered of a person again if it had to be forgotten while their request waited.
func (e *Engine) recall(ctx context.Context, p *person) error {
	if p.known() {
		return nil
	}
	_, err := e.load(ctx, p.id)
	return err
}

// known reports whether the person's memberships are in memory.
func (p *person) known() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loaded
}

// load reads somebody's memberships. What changes meanwhile is kept aside and applied afterwards.
func (e *Engine) load(ctx context.Context, id string) (*person, error) {
	p := e.expect(id)
	var at int64
	ties := map[int64]*tie{}
	err := e.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if at, err = tx.Position(); err != nil {
			return err
		}
		return e.Rooms.Memberships(tx, id, func(ev *room.Event, forgotten bool) {
			ties[ev.Room.NR] = &tie{room: ev.Room, membership: ev.Membership(), pos: ev.Pos, event: ev, forgotten: forgotten}
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
		p = &person{id: id}
		p.idle.Store(time.Now().UnixMilli())
		e.persons[id] = p
	}
	return p
}

// settle takes in what was read as of a position, and what was noted since.
func (e *Engine) settle(p *person, ties map[int64]*tie, at int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.mu.Lock()
	if p.loaded {
		p.mu.Unlock()
		return
	}
	p.loaded, p.ties = true, ties
	raise(&p.news, e.spoken)
	raise(&p.typed, e.Typing.Serial())
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
	old := p.ties[ev.Room.NR]
	t := &tie{room: ev.Room, membership: ev.Membership(), pos: ev.Pos, event: ev, before: "leave", since: ev.Pos}
	if old != nil {
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
