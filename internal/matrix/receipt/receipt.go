// Package receipt records how far people have read: public, private and threaded receipts, and the read marker
// (client-server API, "Receipts", "Read and unread markers"). What is unread because of it is counted in package push.
package receipt

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Kind is the kind of change logged for each receipt: scope the room's id, key the user, body a *Receipt.
const Kind = "receipt"

// The types of receipts.
const (
	Read        = "m.read"
	ReadPrivate = "m.read.private"
	FullyRead   = "m.fully_read"
)

// Main is the thread of what is in no thread.
const Main = "main"

// hops is how many relations are followed to find an event's thread ("Threaded read receipts").
const hops = 3

// Receipt is how far one person has read. Immutable.
type Receipt struct {
	RoomNR   int64
	RoomID   string
	User     string
	Type     string // Read or ReadPrivate
	Thread   string // "" unthreaded, Main, or the event id of a thread's root
	EventID  string
	EventPos int64
	TS       int64 // ms since 1970, UTC
	Pos      int64 // position of this receipt in the log
}

// Covers reports whether the receipt says of an event at a position in a thread that it has been read.
func (r *Receipt) Covers(pos int64, thread string) bool {
	return pos <= r.EventPos && (r.Thread == "" || r.Thread == thread)
}

// Mark is one receipt a client sends.
type Mark struct {
	Room, Type, Event string
	Thread            string // "" unthreaded
}

// Set records receipts of one person in one room. One that would go backwards changes nothing. No audit record is
// written: there would be one for each message read, and the receipt itself says who has read how far, and when.
func (r *Receipts) Set(ctx context.Context, who *audit.Caller, marks ...Mark) error {
	if len(marks) == 0 {
		return nil
	}
	opened, err := r.rooms.Open(ctx, who, marks[0].Room, room.Belonging)
	if err != nil {
		return err
	}
	var fresh []*Receipt
	fully := ""
	for _, m := range marks {
		ev, err := r.rooms.EventByID(ctx, opened, m.Event)
		if err != nil {
			return err
		}
		if err := r.check(ctx, opened.Live, m, ev); err != nil {
			return err
		}
		if m.Type == FullyRead {
			fully = ev.ID
			continue
		}
		fresh = append(fresh, &Receipt{
			RoomNR: opened.NR, RoomID: opened.ID, User: who.User, Type: m.Type, Thread: m.Thread, EventID: ev.ID, EventPos: ev.Pos,
		})
	}
	fresh, err = r.ahead(ctx, opened.Live, fresh)
	if err != nil || len(fresh) == 0 && fully == "" {
		return err
	}
	return r.db.Write(ctx, func(tx *store.Tx) error {
		for _, one := range fresh {
			if err := write(tx, *one); err != nil {
				return err
			}
		}
		if fully == "" {
			return nil
		}
		content, err := json.Marshal(map[string]string{"event_id": fully})
		if err != nil {
			return err
		}
		return accountdata.Set(tx, who.User, opened.ID, FullyRead, content)
	})
}

// write takes a copy: a verb may run more than once, and what was announced must not change.
func write(tx *store.Tx, one Receipt) error {
	one.TS = tx.Now().UnixMilli()
	done := &one
	// The followers are handed the pointer after the commit, when the position is in it.
	done.Pos = tx.Log(Kind, one.RoomID, one.User, done)
	return put(tx, done)
}

// check holds the type and the thread of a receipt against its event: "Threaded read receipts".
func (r *Receipts) check(ctx context.Context, l *room.Live, m Mark, ev *room.Event) error {
	switch {
	case m.Type == FullyRead && m.Thread != "":
		return errs.BadParam("The read marker has no thread.")
	case m.Type != FullyRead && m.Type != Read && m.Type != ReadPrivate:
		return errs.BadParam("The receipt type is m.read, m.read.private or m.fully_read.")
	case m.Thread == "":
		return nil
	case m.Thread != Main && !matrix.ValidEventID(m.Thread):
		return errs.BadParam("thread_id is main or the id of a thread's first event.")
	case m.Thread == ev.ID:
		return nil // the root is in the main timeline, and the beginning of its thread
	case m.Thread == Main && ev.RelType != "m.thread":
		return nil // what relates to an event of a thread a client may take for the main timeline's
	}
	thread, err := r.ThreadOf(ctx, l, ev)
	if err != nil {
		return err
	}
	if thread != m.Thread {
		return errs.BadParam("That event is not in the thread that thread_id names.")
	}
	return nil
}

// ThreadOf gives the thread an event is in: Main, or the id of the root, found by following at most three relations.
func (r *Receipts) ThreadOf(ctx context.Context, l *room.Live, ev *room.Event) (thread string, err error) {
	if ev.RelType == "m.thread" {
		return ev.Relates, nil
	}
	if ev.Relates == "" {
		return Main, nil
	}
	thread = Main
	err = r.db.Read(ctx, func(tx *store.Tx) error {
		id := ev.Relates
		for hop := 0; hop < hops && id != ""; hop++ {
			relates, relType, err := relationOf(tx, l.NR, id)
			if errs.Is(err, errs.NotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			if relType == "m.thread" {
				thread = relates
				return nil
			}
			id = relates
		}
		return nil
	})
	return thread, err
}

// ahead leaves the receipts that are further on than what is there. All are of one person.
func (r *Receipts) ahead(ctx context.Context, l *room.Live, fresh []*Receipt) (out []*Receipt, err error) {
	for _, one := range fresh {
		own, err := r.Of(ctx, l, one.User)
		if err != nil {
			return nil, err
		}
		further := true
		for _, old := range own {
			further = further && (old.key() != one.key() || old.EventPos < one.EventPos)
		}
		if further {
			out = append(out, one)
		}
	}
	return out, nil
}
