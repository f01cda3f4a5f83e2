package history

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// Surroundings are what was said just before and just after an event.
type Surroundings struct {
	*relation.View
	Event      *room.Event
	Before     []*room.Event // newest first
	After      []*room.Event // oldest first
	State      []*room.Event // at the last of the events; only from Context
	Start, End string        // tokens to page on from, backwards and forwards
}

// Context gives an event with up to limit others around it, and the room's state at the last of them:
// GET /rooms/{roomId}/context/{eventId}. The filter does not apply to the event itself.
func (h *History) Context(ctx context.Context, who *audit.Caller, roomID, id string, limit int, f *filter.Events) (*Surroundings, error) {
	if limit < 0 {
		return nil, errs.BadParam("limit must not be negative.")
	}
	r, err := h.rooms.Open(ctx, who, roomID, room.Reading)
	if err != nil {
		return nil, err
	}
	ev, err := h.find(ctx, r, id)
	if err != nil {
		return nil, err
	}
	limit = min(limit, pageMost)
	c, err := h.around(ctx, r, ev, limit/2, limit-limit/2, f)
	if err != nil {
		return nil, err
	}
	last := ev
	if n := len(c.After); n > 0 {
		last = c.After[n-1]
	}
	state, err := h.state(ctx, r.Live, last.Pos, f != nil && f.LazyLoadMembers, senders(c.all()))
	for _, ev := range state {
		if f.Match(ev.Type, ev.Sender, r.ID, ev.HasURL()) {
			c.State = append(c.State, ev)
		}
	}
	if err != nil {
		return nil, err
	}
	c.View, err = h.relations.View(ctx, r, append(c.all(), c.State...))
	return c, err
}

// Around gives up to so many events before and after one that the reader of an opened room may see.
func (h *History) Around(ctx context.Context, r *room.Room, ev *room.Event, before, after int, f *filter.Events) (*Surroundings, error) {
	c, err := h.around(ctx, r, ev, before, after, f)
	if err != nil {
		return nil, err
	}
	c.View, err = h.relations.View(ctx, r, c.all())
	return c, err
}

func (h *History) around(ctx context.Context, r *room.Room, ev *room.Event, before, after int, f *filter.Events) (*Surroundings, error) {
	back, err := h.walk(ctx, r, stretch{from: ev.Pos - 1, back: true, n: before, filter: f})
	if err != nil {
		return nil, err
	}
	on, err := h.walk(ctx, r, stretch{from: ev.Pos, to: room.Forever, n: after, filter: f})
	if err != nil {
		return nil, err
	}
	return &Surroundings{
		Event: ev, Before: back.events, After: on.events, Start: room.Token(back.next), End: room.Token(on.next),
	}, nil
}

// all gives the event and those around it.
func (c *Surroundings) all() []*room.Event {
	out := append([]*room.Event{c.Event}, c.Before...)
	return append(out, c.After...)
}

// skew is how many events on either side of where a time should be are compared: clocks of nodes differ a little.
const skew = 100

// Nearest gives the event nearest to a time (ms since 1970, UTC), at or after it, or at or before it:
// GET /rooms/{roomId}/timestamp_to_event. errs.NotFound when there is none. It relies on a log whose times rise but for the
// differences between the clocks of several nodes.
func (h *History) Nearest(ctx context.Context, who *audit.Caller, roomID string, ts int64, back bool) (*room.Event, error) {
	r, err := h.rooms.Open(ctx, who, roomID, room.Reading)
	if err != nil {
		return nil, err
	}
	shelf, err := h.keep.Of(ctx, who.User)
	if err != nil {
		return nil, err
	}
	at, err := h.boundary(ctx, r.Live, ts)
	if err != nil {
		return nil, err
	}
	older, err := h.rooms.Before(ctx, r.Live, r.Spans, at, skew)
	if err != nil {
		return nil, err
	}
	newer, err := h.rooms.After(ctx, r.Live, r.Spans, at, skew)
	if err != nil {
		return nil, err
	}
	var best *room.Event
	for _, ev := range append(older, newer...) {
		if (ev.StateKey != nil || !shelf.Ignores(ev.Sender)) && nearer(ev, best, ts, back) {
			best = ev
		}
	}
	if best == nil {
		return nil, errs.Absent("There is nothing in this conversation on that side of the time asked for.")
	}
	return best, nil
}

// nearer reports whether an event is on the right side of a time, and a better answer than the best so far. Of those of
// the same millisecond the first counts forwards, the last backwards.
func nearer(ev, best *room.Event, ts int64, back bool) bool {
	if back {
		return ev.TS <= ts && (best == nil || ev.TS > best.TS || ev.TS == best.TS && ev.Pos > best.Pos)
	}
	return ev.TS >= ts && (best == nil || ev.TS < best.TS || ev.TS == best.TS && ev.Pos < best.Pos)
}

// boundary gives the position up to which a room's events are older than a time, by halving.
func (h *History) boundary(ctx context.Context, l *room.Live, ts int64) (at int64, err error) {
	lo, hi := l.NR, l.Last()+1
	err = h.db.Read(ctx, func(tx *store.Tx) error {
		for lo < hi {
			middle := lo + (hi-lo)/2
			first, err := timeFrom(tx, l.NR, middle)
			if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
			if err != nil || first >= ts {
				hi = middle
			} else {
				lo = middle + 1
			}
		}
		return nil
	})
	return lo - 1, err
}
