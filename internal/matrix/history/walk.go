package history

import (
	"context"
	"slices"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// Bounds on the reads for one page: a filter that lets next to nothing through must not read a whole room.
const (
	readsMost = 20
	readLeast = 100 // events in a read, where a filter will leave some out
)

// stretch is a part of a room's log to be read in one direction.
type stretch struct {
	from, to int64 // positions, as tokens: see Messages
	back     bool
	n        int
	filter   *filter.Events
}

// walked is what was found.
type walked struct {
	events []*room.Event // in the direction walked
	next   int64         // where the next stretch begins
	more   bool          // whether it is worth reading
}

// walk reads the first n events of a stretch that its reader may see, does not ignore, and asks for.
func (h *History) walk(ctx context.Context, r *room.Room, s stretch) (w walked, err error) {
	w.next = s.from
	if s.n <= 0 || !s.filter.MatchRoom(r.ID) {
		return w, nil
	}
	shelf, err := h.keep.Of(ctx, r.Who.User)
	if err != nil {
		return w, err
	}
	size := s.n + 1
	if !s.filter.Everything() {
		size = max(size, readLeast)
	}
	at := s.from
	if s.back {
		at = min(at, r.Until)
	}
	for range readsMost {
		batch, last, err := h.read(ctx, r, at, s.back, size)
		if err != nil {
			return w, err
		}
		keep, err := h.asked(ctx, r, batch, s.filter)
		if err != nil {
			return w, err
		}
		for _, ev := range batch {
			if s.passed(ev) {
				// What lies beyond the end asked for is no further page, unless this one got anywhere.
				w.next, w.more = s.to, len(w.events) > 0
				return w, nil
			}
			wanted := r.Sees(ev) && (ev.StateKey != nil || !shelf.Ignores(ev.Sender)) && keep(ev)
			if wanted && len(w.events) == s.n {
				w.more = true
				return w, nil
			}
			if wanted {
				w.events = append(w.events, ev)
			}
			at = s.after(ev)
			if len(w.events) < s.n || wanted {
				w.next = at
			}
		}
		if last {
			return w, nil
		}
	}
	w.more = true
	return w, nil
}

// passed reports whether an event lies beyond the end of the stretch.
func (s *stretch) passed(ev *room.Event) bool {
	if s.back {
		return ev.Pos <= s.to
	}
	return ev.Pos > s.to
}

// after gives the token that stands after an event in the direction of the stretch.
func (s *stretch) after(ev *room.Event) int64 {
	if s.back {
		return ev.Pos - 1
	}
	return ev.Pos
}

// read gives up to n events from a position on: from memory where it goes back far enough, and then perhaps some among
// them that the reader may not see. last tells that there is nothing after them.
func (h *History) read(ctx context.Context, r *room.Room, at int64, back bool, n int) (batch []*room.Event, last bool, err error) {
	if back {
		if latest, ok := r.Latest(n, at); ok {
			batch = slices.Clone(latest)
			slices.Reverse(batch)
			return batch, len(batch) < n, nil
		}
		batch, err = h.rooms.Before(ctx, r.Live, r.Spans, at, n)
		return batch, len(batch) < n, err
	}
	if recent, ok := r.Recent(at, room.Forever); ok {
		return recent[:min(n, len(recent))], len(recent) <= n, nil
	}
	batch, err = h.rooms.After(ctx, r.Live, r.Spans, at, n)
	return batch, len(batch) < n, err
}

// asked gives the test whether the filter lets an event of a batch through.
func (h *History) asked(ctx context.Context, r *room.Room, batch []*room.Event, f *filter.Events) (func(*room.Event) bool, error) {
	if !f.AsksRelations() {
		return func(ev *room.Event) bool { return f.MatchInRoom(ev.Type, ev.Sender, ev.HasURL()) }, nil
	}
	related, err := h.relations.Related(ctx, r, batch, f)
	return func(ev *room.Event) bool { return related[ev.ID] && f.MatchInRoom(ev.Type, ev.Sender, ev.HasURL()) }, err
}

// senders gives who sent the events, each once.
func senders(events []*room.Event) (out []string) {
	seen := map[string]bool{}
	for _, ev := range events {
		if !seen[ev.Sender] {
			seen[ev.Sender] = true
			out = append(out, ev.Sender)
		}
	}
	return out
}

// newest gives the position of the latest of the events.
func newest(events []*room.Event) (pos int64) {
	for _, ev := range events {
		pos = max(pos, ev.Pos)
	}
	return pos
}
