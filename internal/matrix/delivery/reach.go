package delivery

import (
	"context"
	"slices"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
)

// reachMost bounds the answer: members of one room who are told of.
const reachMost = 5000

// When is a time in ms since 1970, UTC: the one at which something happened, or, where that was not kept, one by which it
// had happened.
type When struct {
	At    int64 `json:"at"`
	Exact bool  `json:"exact"`
}

// Reach is how far one message has come with one member of its room.
type Reach struct {
	User      string `json:"user_id"`
	Delivered *When  `json:"delivered,omitempty"`
	Read      *When  `json:"read,omitempty"`
}

// Of gives how far a message has come with each member who is joined now, by their ids. The caller must be joined, and see
// the message. Private receipts are nobody's business. No audit record is written: it tells members of a room what its
// clients are told all the time.
func (l *Ledger) Of(ctx context.Context, who *audit.Caller, roomID, eventID string) ([]Reach, error) {
	opened, err := l.rooms.Open(ctx, who, roomID, room.Belonging)
	if err != nil {
		return nil, err
	}
	ev, err := l.rooms.EventByID(ctx, opened, eventID)
	if err != nil {
		return nil, err
	}
	thread, err := l.receipts.ThreadOf(ctx, opened.Live, ev)
	if err != nil {
		return nil, err
	}
	marks, err := l.marks(ctx, opened.Live)
	if err != nil {
		return nil, err
	}
	members := opened.Members("join")
	slices.Sort(members)
	out := make([]Reach, 0, min(len(members), reachMost))
	for _, user := range members[:min(len(members), reachMost)] {
		one := Reach{User: user}
		if m := marks[user]; m != nil && m.EventPos >= ev.Pos {
			one.Delivered = &When{m.TS, m.EventPos == ev.Pos}
		}
		if one.Read, err = l.read(ctx, opened.Live, user, ev, thread); err != nil {
			return nil, err
		}
		// What has been read has been received, whatever became of the word that it was.
		if one.Delivered == nil && one.Read != nil {
			one.Delivered = &When{At: one.Read.At}
		}
		out = append(out, one)
	}
	return out, nil
}

// read gives when somebody had read an event, by the earliest of their public receipts that covers it.
func (l *Ledger) read(ctx context.Context, in *room.Live, user string, ev *room.Event, thread string) (*When, error) {
	list, err := l.receipts.Of(ctx, in, user)
	if err != nil {
		return nil, err
	}
	var found *When
	for _, r := range list {
		if r.Type == receipt.Read && r.Covers(ev.Pos, thread) && (found == nil || r.TS < found.At) {
			found = &When{r.TS, r.EventID == ev.ID}
		}
	}
	return found, nil
}

// Marks gives how far a room's messages have come with each of its members. The caller must be joined.
func (l *Ledger) Marks(ctx context.Context, who *audit.Caller, roomID string) ([]*Mark, error) {
	opened, err := l.rooms.Open(ctx, who, roomID, room.Belonging)
	if err != nil {
		return nil, err
	}
	marks, err := l.marks(ctx, opened.Live)
	if err != nil {
		return nil, err
	}
	members := opened.Members("join")
	slices.Sort(members)
	var out []*Mark
	for _, user := range members {
		if m := marks[user]; m != nil && len(out) < reachMost {
			out = append(out, m)
		}
	}
	return out, nil
}

func (l *Ledger) marks(ctx context.Context, in *room.Live) (map[string]*Mark, error) {
	var stored []*Mark
	err := l.db.Read(ctx, func(tx *store.Tx) (err error) {
		stored, err = all(tx, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]*Mark, len(stored))
	for _, m := range stored {
		out[m.User] = m
	}
	return out, nil
}
