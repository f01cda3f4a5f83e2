// Package proof reads every room's log and proves that it is what was written: each event has its hashes and the server's
// signature, follows the one before, was allowed by events of the same room, and is what the tables of current state and
// membership speak of; and each event that the audit saw appended is still there.
//
// It changes nothing and mends nothing. The audit's own chain is proven by package audit.
package proof

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// step is how many rows are read at a time.
const step = 500

// maxFaults is how many faults a report holds; there may be more.
const maxFaults = 100

// Fault is the first thing wrong with a room. What follows it in that room has not been judged.
type Fault struct {
	Room  string // room id; empty: of no room
	Event string // event id; empty: of no event
	Pos   int64  // position in the log; 0: of no position
	Why   string
}

// String names the fault for an operator.
func (f Fault) String() string {
	return fmt.Sprintf("room %s, event %s at position %d: %s", cmp.Or(f.Room, "(none)"), cmp.Or(f.Event, "(none)"), f.Pos, f.Why)
}

// Report is what was found.
type Report struct {
	Rooms, Events int64   // read
	Faults        []Fault // by position
}

// OK reports whether nothing is wrong.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

// Verify reads all rooms of a server, on a database that may be in use, with bounded memory. public are the server's keys by which
// events may be signed. An error means that the database could not be read; what is wrong with the rooms is in the report.
func Verify(ctx context.Context, db *store.DB, server string, public ed25519.PublicKey) (Report, error) {
	v := &verifier{db: db, server: server, public: public}
	err := errors.Join(v.allRooms(ctx), v.strays(ctx), v.missing(ctx))
	slices.SortFunc(v.report.Faults, func(a, b Fault) int { return cmp.Compare(a.Pos, b.Pos) })
	return v.report, err
}

// allRooms reads the rooms, several at a time: signatures cost more than reading.
func (v *verifier) allRooms(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for after := int64(-1); ; {
		rooms, err := v.rooms(ctx, after)
		if err != nil || len(rooms) == 0 {
			return errors.Join(work.Wait(), err)
		}
		after = rooms[len(rooms)-1].nr
		for _, r := range rooms {
			work.Go(func() error { return v.room(ctx, r) })
		}
	}
}

type verifier struct {
	db     *store.DB
	server string
	public ed25519.PublicKey
	mu     sync.Mutex
	report Report
}

func (v *verifier) fault(f Fault) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.report.Faults) < maxFaults {
		v.report.Faults = append(v.report.Faults, f)
	}
}

func (v *verifier) rooms(ctx context.Context, after int64) (out []roomRow, err error) {
	err = v.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = roomsAfter(tx, after, step)
		return err
	})
	return out, err
}

// slot is one piece of a room's state.
type slot struct{ typ, key string }

// standing is what holds a slot.
type standing struct {
	pos        int64
	membership string
}

// log is a room's log as far as it has been read.
type log struct {
	roomRow
	last  *matrix.Event
	pos   int64
	seen  map[string]bool   // state events, by id: what may allow others
	state map[slot]standing // current so far
	count int64
}

// room reads one room to its end and stops at the first fault.
func (v *verifier) room(ctx context.Context, r roomRow) error {
	l := &log{roomRow: r, seen: map[string]bool{}, state: map[slot]standing{}}
	fault := &Fault{}
	for more := true; more && fault.Why == ""; {
		err := v.db.Read(ctx, func(tx *store.Tx) error {
			events, err := eventsAfter(tx, r.nr, l.pos, step)
			if err != nil {
				return err
			}
			for _, e := range events {
				if why := v.event(l, e); why != "" {
					fault = &Fault{Room: r.id, Event: e.id, Pos: e.pos, Why: why}
					return nil
				}
			}
			if more = len(events) == step; more {
				return nil
			}
			fault, err = l.compare(tx) // in the same snapshot as the log's end
			return err
		})
		if err != nil {
			return err
		}
	}
	v.mu.Lock()
	v.report.Rooms++
	v.report.Events += l.count
	v.mu.Unlock()
	if fault.Why != "" {
		v.fault(*fault)
	}
	return nil
}

// event judges one event against the log before it, and becomes part of it.
func (v *verifier) event(l *log, row eventRow) (why string) {
	version := matrix.RoomVersion(l.version)
	e, err := matrix.Load(version, row.id, row.json)
	if err != nil {
		return "it cannot be read: " + err.Error()
	}
	for _, check := range []func() string{
		func() string { return v.genuine(version, e, row) },
		func() string { return row.agrees(l.id, e) },
		func() string { return l.follows(e, row.pos) },
		func() string { return l.replaces(e, row) },
	} {
		if why := check(); why != "" {
			return why
		}
	}
	l.count++
	l.last, l.pos = e, row.pos
	if e.StateKey != nil {
		l.seen[e.ID] = true
		l.state[slot{e.Type, *e.StateKey}] = standing{row.pos, e.Membership()}
	}
	return ""
}

// genuine checks hashes and signature. A redacted event has lost its content hash, and must be nothing but what
// redaction leaves, by a redaction of that event in the log.
func (v *verifier) genuine(version matrix.RoomVersion, e *matrix.Event, row eventRow) string {
	if row.redactedBy == 0 {
		if err := matrix.Verify(version, e, v.server, v.public); err != nil {
			return "it is not what was written: " + err.Error()
		}
		return ""
	}
	if err := matrix.VerifyRedacted(version, e, v.server, v.public); err != nil {
		return "it is not what was written: " + err.Error()
	}
	if left, err := matrix.Redact(version, row.json); err != nil || string(left) != string(row.json) {
		return "it counts as redacted, but is more than redaction leaves"
	}
	if row.redactionOf != row.id {
		return "it counts as redacted, but no redaction of it is in the log"
	}
	return ""
}

// agrees compares an event with the columns it is found by.
func (row eventRow) agrees(room string, e *matrix.Event) string {
	switch {
	case e.RoomID != room:
		return "it belongs to another room"
	case e.Type != row.typ, e.Sender != row.sender, e.TS != row.ts, (e.StateKey != nil) != row.isState, e.StateKey != nil && *e.StateKey != row.stateKey:
		return "its row says other than the event"
	}
	return ""
}

// follows checks the links: to the event before, and to those that allowed it.
func (l *log) follows(e *matrix.Event, pos int64) string {
	if l.last == nil {
		if !e.Is("m.room.create", "") || len(e.PrevEvents) > 0 || pos != l.nr {
			return "the log does not begin with the room's creation"
		}
		return ""
	}
	if len(e.PrevEvents) != 1 || e.PrevEvents[0] != l.last.ID || e.Depth != l.last.Depth+1 {
		return fmt.Sprintf("it does not follow the event before it in the log, %s at position %d", l.last.ID, l.pos)
	}
	for _, id := range e.AuthEvents {
		if !l.seen[id] {
			return "it names " + id + " as what allowed it, which is not a state event of this room before it"
		}
	}
	return ""
}

// replaces checks the note of which state event it took the place of: history is read by it.
func (l *log) replaces(e *matrix.Event, row eventRow) string {
	before := int64(0)
	if e.StateKey != nil {
		before = l.state[slot{e.Type, *e.StateKey}].pos
	}
	if row.replaces != before {
		return fmt.Sprintf("its row says that it replaced the event at position %d, the log says %d", row.replaces, before)
	}
	return ""
}

// compare holds the tables of current state and membership against the log: who changes those in the database changes
// who may read the room.
func (l *log) compare(tx *store.Tx) (*Fault, error) {
	if l.last == nil {
		return &Fault{Room: l.id, Pos: l.nr, Why: "the room has no events"}, nil
	}
	state, err := stateOf(tx, l.nr)
	if err != nil {
		return &Fault{}, err
	}
	members, err := membersOf(tx, l.nr)
	if err != nil {
		return &Fault{}, err
	}
	current, people := map[slot]standing{}, map[slot]standing{}
	for at, is := range l.state {
		current[at] = standing{pos: is.pos}
		if at.typ == "m.room.member" {
			people[at] = is
		}
	}
	if f := l.differs(state, current, "current state"); f.Why != "" {
		return f, nil
	}
	return l.differs(members, people, "membership"), nil
}

// differs gives the first difference between what a table says and what the log says.
func (l *log) differs(table, said map[slot]standing, what string) *Fault {
	first := &Fault{}
	note := func(pos int64) {
		if first.Why == "" || pos < first.Pos {
			first = &Fault{Room: l.id, Pos: pos, Why: "the table of " + what + " does not say what the log says"}
		}
	}
	for at, is := range table {
		if said[at] != is {
			note(is.pos)
		}
	}
	for at, is := range said {
		if table[at] != is {
			note(is.pos)
		}
	}
	return first
}

// strays finds events of no room.
func (v *verifier) strays(ctx context.Context) error {
	return v.db.Read(ctx, func(tx *store.Tx) error {
		return straysOf(tx, maxFaults, func(id string, pos int64) {
			v.fault(Fault{Event: id, Pos: pos, Why: "it belongs to no room that there is"})
		})
	})
}

// missing finds events that the audit saw appended and the log no longer has: the newest of a room leave no gap behind.
func (v *verifier) missing(ctx context.Context) error {
	after := int64(0)
	for more := true; more; {
		err := v.db.Read(ctx, func(tx *store.Tx) error {
			last, err := lastRecord(tx, after, 20*step)
			if err != nil {
				return err
			}
			more = last > after
			err = missingEvents(tx, after, last, func(id string, seq int64) {
				v.fault(Fault{Event: id, Why: fmt.Sprintf("record %d of the audit saw it appended, and it is gone", seq)})
			})
			after = last
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
