// Package sync tells clients what has changed: one view of the log in memory, and two codecs over it, /v3/sync and
// simplified sliding sync. It reads and never writes; what may be seen is decided in package room.
package sync

import (
	"context"
	"log/slog"
	"strings"
	stdsync "sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/delivery"
	"github.com/wardline/wardline/internal/matrix/keys"
	"github.com/wardline/wardline/internal/matrix/push"
	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/todevice"
	"github.com/wardline/wardline/internal/matrix/typing"
	"github.com/wardline/wardline/internal/platform/store"
)

// Sources is where the engine reads from.
type Sources struct {
	DB        *store.DB
	Rooms     *room.Rooms
	Data      *accountdata.Keep
	Receipts  *receipt.Receipts
	Delivery  *delivery.Ledger
	Typing    *typing.Typing
	Accounts  *account.Accounts
	Rules     *push.Rules
	Counter   *push.Counter
	Keys      *keys.Keys
	Inbox     *todevice.ToDevice
	Relations *relation.Relations
	Log       *slog.Logger
}

// Engine follows the log once for this node and answers every sync from what it remembers.
type Engine struct {
	Sources
	applied atomic.Int64 // every change up to here is in the view

	mu        stdsync.RWMutex
	spoken    int64 // position of the last change that may concern anybody; it has been told to those in memory
	persons   map[string]*person
	watchers  map[int64]map[*person]struct{} // by room: persons in memory who are joined
	conns     *connections
	filters   *filterCache
	concerned []*person     // by the batch being taken in; kept for its room
	stop      chan struct{} // closed when the node stops: waiting requests answer at once
	stopped   stdsync.Once
}

// New makes the engine and lets it follow the log. Make it after all that it reads from: the store tells its followers in
// the order in which they were made.
func New(s Sources) *Engine {
	e := &Engine{
		Sources: s, persons: map[string]*person{}, watchers: map[int64]map[*person]struct{}{},
		conns: newConnections(), filters: newFilterCache(), stop: make(chan struct{}),
	}
	e.spoken = s.DB.Position()
	e.applied.Store(e.spoken)
	// The rooms know the events of a batch; but what is taken in before the keys, the inboxes and the rules have taken it in too
	// could be answered with a token that is ahead of them, and the client would never hear of what it skipped.
	var batch store.Batch
	s.Rooms.Follow(func(b store.Batch) { batch = b })
	s.DB.Follow(func(store.Batch) { e.follow(batch) })
	s.Typing.Listen(e.typed)
	return e
}

// Stop lets all waiting requests answer.
func (e *Engine) Stop() { e.stopped.Do(func() { close(e.stop) }) }

// Waiting gives how many requests are waiting just now.
func (e *Engine) Waiting() (n int) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, p := range e.persons {
		p.mu.Lock()
		n += len(p.waiters)
		p.mu.Unlock()
	}
	return n
}

// follow takes a batch of changes into the view, then wakes whom they concern.
func (e *Engine) follow(b store.Batch) {
	if b.Gap {
		e.forget()
	}
	concerned := e.concerned[:0]
	e.mu.Lock()
	for _, c := range b.Changes {
		concerned = e.take(c, concerned)
	}
	e.mu.Unlock()
	e.applied.Store(b.To) // before looking who waits: whoever begins to wait after that look finds the view new
	for _, p := range concerned {
		p.wake()
	}
	clear(concerned)
	e.concerned = concerned[:0]
	if b.Gap {
		e.wakeAll(b.To)
	}
}

// take applies one change and adds whom it concerns to the list, each once or more. The caller holds mu.
func (e *Engine) take(c store.Change, concerned []*person) []*person {
	before := e.spoken
	e.spoken = c.Pos
	switch c.Kind {
	case "event":
		ev, ok := c.Body.(*room.Event)
		if !ok {
			return e.everyone(c.Pos, concerned)
		}
		if ev.Type == "m.room.member" && ev.StateKey != nil {
			if p := e.persons[*ev.StateKey]; p != nil {
				e.tie(p, ev)
				concerned = p.tell(c.Pos, concerned)
			}
		}
		return e.audience(ev.Room.NR, c.Pos, concerned)
	case receipt.Kind:
		if l := e.roomOf(c); l != nil {
			return e.audience(l.NR, c.Pos, concerned)
		}
		return e.everyone(c.Pos, concerned)
	case delivery.Kind:
		return e.senders(c, concerned)
	case room.KindForget:
		if p := e.persons[c.Scope]; p != nil {
			p.forget(c.Key)
		}
	case keys.KindDeviceList:
		// Whoever shares a room with them will want to know; they themselves always.
		p := e.persons[c.Scope]
		if p == nil || !p.known() {
			return e.everyone(c.Pos, concerned)
		}
		concerned = p.tell(c.Pos, concerned)
		for _, nr := range p.joined() {
			concerned = e.audience(nr, c.Pos, concerned)
		}
	case account.KindSession:
		if p := e.persons[c.Scope]; p != nil {
			p.ended.Store(c.Pos)
			concerned = p.tell(c.Pos, concerned)
		}
	default: // account data, to-device messages, counts of keys: scoped to one person; what concerns none is in the log too
		if !strings.HasPrefix(c.Scope, "@") {
			e.spoken = before
			return concerned
		}
		if p := e.persons[c.Scope]; p != nil {
			if c.Kind == keys.KindCounts {
				p.counted.Store(c.Pos)
			}
			concerned = p.tell(c.Pos, concerned)
		}
	}
	return concerned
}

func (e *Engine) roomOf(c store.Change) *room.Live {
	if r, ok := c.Body.(*receipt.Receipt); ok {
		l, err := e.Rooms.Number(context.Background(), r.RoomNR)
		if err == nil {
			return l
		}
		return nil
	}
	l, err := e.Rooms.Find(context.Background(), c.Scope)
	if err != nil {
		return nil
	}
	return l
}

// audience tells those in memory who are joined to a room of a change.
func (e *Engine) audience(nr, pos int64, concerned []*person) []*person {
	for p := range e.watchers[nr] {
		concerned = p.tell(pos, concerned)
	}
	return concerned
}

func (e *Engine) everyone(pos int64, concerned []*person) []*person {
	for _, p := range e.persons {
		concerned = p.tell(pos, concerned)
	}
	return concerned
}

// raise makes a number at least so large.
func raise(n *atomic.Int64, to int64) {
	for old := n.Load(); old < to && !n.CompareAndSwap(old, to); {
		old = n.Load()
	}
}

func (e *Engine) wakeAll(pos int64) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, p := range e.persons {
		raise(&p.news, pos)
		p.wake()
	}
}

// typed wakes those in a room where somebody has begun or stopped typing.
func (e *Engine) typed(roomID string) {
	l, err := e.Rooms.Find(context.Background(), roomID)
	if err != nil {
		return
	}
	serial := e.Typing.Serial()
	e.mu.RLock()
	defer e.mu.RUnlock()
	for p := range e.watchers[l.NR] {
		raise(&p.typed, serial)
		p.wake()
	}
}

// forget drops what is remembered of everybody: the log could not be followed without a gap.
func (e *Engine) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, p := range e.persons {
		p.mu.Lock()
		p.loaded = false
		p.mu.Unlock()
		if p.idle.Load() != 0 {
			delete(e.persons, id)
		}
	}
	e.watchers = map[int64]map[*person]struct{}{}
}

// Sweep drops persons who have had no request for an hour. A job calls it now and then.
func (e *Engine) Sweep(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, p := range e.persons {
		if since := p.idle.Load(); since == 0 || now.UnixMilli()-since < time.Hour.Milliseconds() {
			continue
		}
		for _, nr := range p.joined() {
			delete(e.watchers[nr], p)
			if len(e.watchers[nr]) == 0 {
				delete(e.watchers, nr)
			}
		}
		delete(e.persons, id)
	}
	e.conns.sweep(now)
}
