// Package room is the conversation: it authorises, appends and remembers the events of every room, and says who may
// read which of them. It is the only writer of the event log. What a room begins with (package creation), who comes and
// goes (membership) and how rooms are found (listing) are packages of their own above it; so are paging through history,
// relating events to each other, and delivering them (sync, push).
package room

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Config is what of the configuration concerns rooms.
type Config struct {
	ServerName string
	Key        matrix.Key
	Encryption bool  // whether a room may be encrypted end to end, so that the trust cannot read it
	CacheBytes int64 // memory for state and timelines; 0: 256 MiB
}

// Gate may refuse what the rules of Matrix allow: policy, holds. It is supplied by the server.
type Gate interface {
	May(ctx context.Context, who *audit.Caller, room *Live, draft *Draft) error
}

// People tells what rooms need to know of accounts. It is supplied by the server.
type People interface {
	// Profile gives a person's display name and avatar; errs.NotFound when there is no such account.
	Profile(ctx context.Context, user string) (name, avatar string, err error)
}

// Companion takes part in the transaction that appends an event: the search index, the links of media.
type Companion func(tx *store.Tx, ev *Event) error

// Rooms is all rooms of the server.
type Rooms struct {
	db         *store.DB
	conf       Config
	people     People
	gates      []Gate
	companions []Companion
	followers  []func(store.Batch)
	log        *slog.Logger

	mu      sync.RWMutex
	byID    map[string]*Live
	byNR    map[int64]*Live
	applied int64 // position up to which committed events have been applied

	made   atomic.Int64 // time of the last create event, ms
	clock  atomic.Int64 // counts uses, for the cache
	cached atomic.Int64 // bytes held by loaded rooms
	evict  sync.Mutex
}

// New makes the rooms of a database. Add gates, companions and followers before anything is written.
func New(db *store.DB, conf Config, people People, log *slog.Logger) *Rooms {
	if conf.CacheBytes == 0 {
		conf.CacheBytes = 256 << 20
	}
	rs := &Rooms{
		db: db, conf: conf, people: people, log: log,
		byID: map[string]*Live{}, byNR: map[int64]*Live{}, applied: db.Position(),
	}
	db.Follow(rs.follow)
	return rs
}

// AddGate adds a gate that every append must pass.
func (rs *Rooms) AddGate(g Gate) { rs.gates = append(rs.gates, g) }

// AddCompanion adds a companion to every append.
func (rs *Rooms) AddCompanion(c Companion) { rs.companions = append(rs.companions, c) }

// Follow registers a follower of the log that sees each batch after the rooms have taken it in; the Body of every
// change of kind "event" is an *Event, also in foreign batches.
func (rs *Rooms) Follow(fn func(store.Batch)) { rs.followers = append(rs.followers, fn) }

// ServerName is the name of the server the rooms belong to.
func (rs *Rooms) ServerName() string { return rs.conf.ServerName }

// PublicKey is the key the server's events are signed with, and its id.
func (rs *Rooms) PublicKey() (id string, key ed25519.PublicKey) {
	return rs.conf.Key.ID, rs.conf.Key.Public()
}

// Find gives a room by id, whoever asks: for callers that authorise by other means. errs.NotFound when there is none.
func (rs *Rooms) Find(ctx context.Context, id string) (*Live, error) {
	rs.mu.RLock()
	l := rs.byID[id]
	rs.mu.RUnlock()
	if l != nil {
		return l, nil
	}
	return rs.look(ctx, func(tx *store.Tx) (row roomRow, err error) { return roomByID(tx, id) })
}

// Number gives a room by its number.
func (rs *Rooms) Number(ctx context.Context, nr int64) (*Live, error) {
	rs.mu.RLock()
	l := rs.byNR[nr]
	rs.mu.RUnlock()
	if l != nil {
		return l, nil
	}
	return rs.look(ctx, func(tx *store.Tx) (row roomRow, err error) { return roomByNumber(tx, nr) })
}

// look reads a room from the database and keeps it.
func (rs *Rooms) look(ctx context.Context, read func(*store.Tx) (roomRow, error)) (l *Live, err error) {
	err = rs.db.Read(ctx, func(tx *store.Tx) (err error) {
		l, err = rs.lookIn(tx, read)
		return err
	})
	return l, err
}

func (rs *Rooms) lookIn(tx *store.Tx, read func(*store.Tx) (roomRow, error)) (*Live, error) {
	at, err := tx.Position()
	if err != nil {
		return nil, err
	}
	row, err := read(tx)
	if err != nil {
		return nil, err
	}
	return rs.keep(row, at), nil
}

// keep adds a room read at a position to the rooms in memory. If the log has gone on since, perhaps in this room, its last
// event is taken to be as late as it could be: whoever asks will load the room, which brings the truth.
func (rs *Rooms) keep(row roomRow, at int64) *Live {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if l := rs.byNR[row.nr]; l != nil {
		return l
	}
	l := &Live{NR: row.nr, ID: row.id, Version: row.version, rooms: rs, headLink: row.head}
	l.last.Store(row.head.pos)
	l.bump.Store(row.head.pos)
	if rs.applied > at {
		l.last.Store(rs.applied)
	}
	rs.byID[l.ID], rs.byNR[l.NR] = l, l
	return l
}

// Load makes sure that a room's state and latest timeline are in memory.
func (rs *Rooms) Load(ctx context.Context, l *Live) error {
	l.used.Store(rs.clock.Add(1))
	for {
		l.mu.Lock()
		if l.full != nil {
			l.mu.Unlock()
			return nil
		}
		if wait := l.loading; wait != nil {
			l.mu.Unlock()
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return errs.Busy(time.Second, ctx.Err(), "The conversation could not be loaded in time.")
			}
		}
		l.loading = make(chan struct{})
		l.mu.Unlock()
		// Others wait for this load: one caller's haste must not fail it for them.
		err := rs.load(context.WithoutCancel(ctx), l)
		if err != nil {
			return err
		}
	}
}

func (rs *Rooms) load(ctx context.Context, l *Live) error {
	var s *snapshot
	err := rs.db.Read(ctx, func(tx *store.Tx) (err error) {
		s, err = readSnapshot(tx, l)
		return err
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		if n := len(s.timeline); n > 0 && s.timeline[n-1].Pos > l.headLink.pos {
			ev := s.timeline[n-1]
			l.headLink = headLink{ev.Pos, ev.ID, ev.Depth}
		}
		l.size = s.size()
		for _, ev := range l.backlog {
			l.size += s.add(l, ev)
		}
		l.full = s
		rs.cached.Add(l.size)
	}
	close(l.loading)
	l.loading, l.backlog = nil, nil
	if err == nil && rs.cached.Load() > rs.conf.CacheBytes {
		go rs.shrink()
	}
	return err
}

// shrink lets go of the loaded parts used longest ago until the cache is a tenth below its bound.
func (rs *Rooms) shrink() {
	if !rs.evict.TryLock() {
		return
	}
	defer rs.evict.Unlock()
	for _, l := range rs.byUse() {
		if rs.cached.Load() <= rs.conf.CacheBytes/10*9 {
			return
		}
		l.mu.Lock()
		if l.full != nil {
			rs.cached.Add(-l.size)
			l.full, l.size, l.visible = nil, 0, nil
		}
		l.mu.Unlock()
	}
}

// follow takes committed events into memory, then tells the rooms' own followers.
func (rs *Rooms) follow(b store.Batch) {
	if b.Foreign {
		b = rs.fill(b)
	}
	rs.mu.Lock()
	rs.applied = max(rs.applied, b.To)
	for _, c := range b.Changes {
		ev, ok := c.Body.(*Event)
		if ok && ev.Pos == ev.Room.NR && rs.byNR[ev.Room.NR] == nil {
			rs.byID[ev.Room.ID], rs.byNR[ev.Room.NR] = ev.Room, ev.Room
		}
	}
	rs.mu.Unlock()
	for _, c := range b.Changes {
		if ev, ok := c.Body.(*Event); ok {
			ev.Room.apply(ev)
		}
		if c.Kind == KindForget {
			rs.forgotten(c.Key, c.Scope)
		}
	}
	for _, fn := range rs.followers {
		fn(b)
	}
}

// KindForget is the kind of change logged when somebody forgets a room: scope the user, key the room's id.
const KindForget = "forget"

// forgotten drops what was worked out about what somebody may read, on whichever node they forgot the room.
func (rs *Rooms) forgotten(id, user string) {
	rs.mu.RLock()
	l := rs.byID[id]
	rs.mu.RUnlock()
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.visible, user)
	l.dropped++
}

// fill adds to a batch that another node committed the events of its span.
func (rs *Rooms) fill(b store.Batch) store.Batch {
	for {
		filled, err := rs.readSpan(b)
		if err == nil {
			return filled
		}
		// Followers may not skip a span: what they hold would be wrong from then on.
		rs.log.Error("room: cannot read the log", "err", err)
		time.Sleep(200 * time.Millisecond)
	}
}

// errStale says that the log of the room has moved on since an event was built.
var errStale = errors.New("room: the log has moved on")
