package room

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Founding is a new room by its first events: m.room.create, the creator's membership, the power levels, and what follows.
type Founding struct {
	Version matrix.RoomVersion
	Sender  string // of all of them
	TS      int64  // of all of them, ms UTC; 0: now
	Events  []*Draft
	Also    func(tx *store.Tx, l *Live) error // what else belongs to the transaction; may run more than once
}

// Found makes a room of its first events, all in one transaction.
func (rs *Rooms) Found(ctx context.Context, who *audit.Caller, f Founding) (*Live, error) {
	now := f.TS == 0
	for try := 0; ; try++ {
		if now {
			f.TS = rs.instant()
		}
		l, err := rs.found(ctx, who, f)
		if !now || !store.IsConflict(err) || try == 5 {
			return l, err
		}
		// Another node made a room of the same content for the same person in the same millisecond.
	}
}

// instant is the time for a create event, in ms: each is later than the last. In version 12 two rooms made by one person
// at one time would be the same room.
func (rs *Rooms) instant() int64 {
	for {
		last := rs.made.Load()
		next := max(last+1, time.Now().UnixMilli())
		if rs.made.CompareAndSwap(last, next) {
			return next
		}
	}
}

func (rs *Rooms) found(ctx context.Context, who *audit.Caller, f Founding) (*Live, error) {
	l, err := rs.blank(f.Version)
	if err != nil {
		return nil, err
	}
	b := &builder{rooms: rs, room: l, overlay: map[StateKey]*Event{}}
	for i, d := range f.Events {
		d.Sender, d.TS = f.Sender, f.TS
		if err := rs.pass(ctx, who, l, d); err != nil {
			return nil, err
		}
		ev, err := b.add(who, d)
		if err != nil {
			return nil, invalidState(err)
		}
		if i == 0 {
			l.ID = ev.RoomID
		}
	}
	err = rs.db.Write(ctx, func(tx *store.Tx) error {
		return rs.commit(tx, who, b, func(tx *store.Tx, _ []*Event) error { return f.Also(tx, l) })
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// blank makes the room without events. A room of version 12 has no id until its create event is built.
func (rs *Rooms) blank(version matrix.RoomVersion) (*Live, error) {
	l := &Live{Version: version, rooms: rs}
	if !version.CreateIsRoom() {
		id, err := matrix.NewRoomID(rand.Reader, rs.conf.ServerName)
		if err != nil {
			return nil, err
		}
		l.ID = id
	}
	// Everything that will ever have happened in this room is at hand: it need not be loaded.
	l.full = &snapshot{state: map[StateKey]*Event{}, timeline: make([]*Event, 0, timelineMost+1)}
	return l, nil
}

// invalidState turns a refusal of one of a new room's first events into the answer to its creation.
func invalidState(err error) error {
	if errs.Is(err, errs.Forbidden) {
		return errs.New(errs.Invalid, "M_INVALID_ROOM_STATE", "The room cannot start with this state: %s", err.Error())
	}
	return err
}
