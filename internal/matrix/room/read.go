package room

import (
	"context"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

func errNoEvent() error { return errs.Absent("There is no such event, or you may not see it.") }

// EventByID gives an event of an opened room that its reader may see; errs.NotFound otherwise.
func (rs *Rooms) EventByID(ctx context.Context, r *Room, id string) (*Event, error) {
	if ev := r.cachedEvent(id); ev != nil {
		if !r.Sees(ev) {
			return nil, errNoEvent()
		}
		return ev, nil
	}
	var found []*Event
	err := rs.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = rs.Events(tx, SelectEvents+whereID, id, r.NR)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || !r.Sees(found[0]) {
		return nil, errNoEvent()
	}
	return found[0], nil
}

func (l *Live) cachedEvent(id string) *Event {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.full == nil {
		return nil
	}
	for i := len(l.full.timeline) - 1; i >= 0; i-- {
		if ev := l.full.timeline[i]; ev.ID == id {
			return ev
		}
	}
	return nil
}

// StateAt gives a room's state as it was at a position, in order of position. Forever is now.
func (rs *Rooms) StateAt(ctx context.Context, l *Live, pos int64) (out []*Event, err error) {
	if pos >= l.Last() {
		if err := rs.Load(ctx, l); err != nil {
			return nil, err
		}
		return l.States(), nil
	}
	err = rs.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = rs.Events(tx, SelectEvents+whereStateAt, l.NR, pos)
		return err
	})
	return out, err
}

// StateEventAt gives one state event as it was at a position; errs.NotFound when there was none.
func (rs *Rooms) StateEventAt(ctx context.Context, l *Live, typ, key string, pos int64) (*Event, error) {
	if pos >= l.Last() {
		if ev := l.State(typ, key); ev != nil {
			return ev, nil
		}
		return nil, errs.Absent("This conversation has no such state.")
	}
	var found []*Event
	err := rs.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = rs.Events(tx, SelectEvents+whereStateEventAt, l.NR, typ, key, pos)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errs.Absent("This conversation has no such state.")
	}
	return found[0], nil
}

// StateChanges gives the state events whose change lies in (after, to], the latest of each type and key, ascending.
func (rs *Rooms) StateChanges(ctx context.Context, l *Live, after, to int64) (out []*Event, err error) {
	err = rs.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = rs.Events(tx, SelectEvents+whereStateChanged, l.NR, after, to)
		return err
	})
	return out, err
}

// Before gives up to n events of a room at or before a position, within what spans allow, newest first.
func (rs *Rooms) Before(ctx context.Context, l *Live, spans Spans, from int64, n int) ([]*Event, error) {
	return rs.page(ctx, l, spans, from, n, true)
}

// After gives up to n events of a room after a position, within what spans allow, oldest first.
func (rs *Rooms) After(ctx context.Context, l *Live, spans Spans, from int64, n int) ([]*Event, error) {
	return rs.page(ctx, l, spans, from, n, false)
}

func (rs *Rooms) page(ctx context.Context, l *Live, spans Spans, from int64, n int, back bool) (out []*Event, err error) {
	err = rs.db.Read(ctx, func(tx *store.Tx) error {
		for i := range spans {
			s := spans[i]
			if back {
				s = spans[len(spans)-1-i]
				s.To = min(s.To, from)
			} else {
				s.From = max(s.From, from+1)
			}
			if s.From > s.To || len(out) >= n {
				continue
			}
			query := SelectEvents + whereSpanForward
			if back {
				query = SelectEvents + whereSpanBack
			}
			events, err := rs.Events(tx, query, l.NR, s.From, s.To, n-len(out))
			if err != nil {
				return err
			}
			out = append(out, events...)
		}
		return nil
	})
	return out, err
}

// LeftBetween reports whether somebody was out of a room at any time after one position and up to another.
func (rs *Rooms) LeftBetween(ctx context.Context, l *Live, user string, after, to int64) (left bool, err error) {
	err = rs.db.Read(ctx, func(tx *store.Tx) error {
		changes, err := readChanges(tx, l.NR, user)
		for _, c := range changes {
			left = left || c.pos > after && c.pos <= to && c.membership != "" && c.membership != "join"
		}
		return err
	})
	return left, err
}

// JoinedSince gives the position at which somebody's present membership as a joined member began; changes of their name
// since then do not count. errs.NotFound when they are not joined.
func (rs *Rooms) JoinedSince(ctx context.Context, l *Live, user string) (pos int64, err error) {
	err = rs.db.Read(ctx, func(tx *store.Tx) error {
		changes, err := readChanges(tx, l.NR, user)
		joined := false
		for _, c := range changes {
			if c.membership == "" {
				continue
			}
			if c.membership == "join" && !joined {
				pos = c.pos
			}
			joined = c.membership == "join"
		}
		if err == nil && !joined {
			return errs.Absent("Not a member.")
		}
		return err
	})
	return pos, err
}
