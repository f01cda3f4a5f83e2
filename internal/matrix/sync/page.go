package sync

import (
	"context"
	"slices"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// page is a part of a room's timeline.
type page struct {
	events  []*room.Event // ascending
	limited bool          // there are events between the last sync and the first of these
	prev    int64         // where to page back from
}

// start is the position at which the page begins: state before it is not told by its events.
func (p *page) start(to int64) int64 {
	if len(p.events) == 0 {
		return to + 1
	}
	return p.events[0].Pos
}

// page takes the last n events that keep lets through, after one position and up to another: from memory where memory
// goes back far enough. spans bounds what is read from the database; nil is everything.
func (e *Engine) page(ctx context.Context, l *room.Live, spans room.Spans, after, to int64, n int,
	keep func(*room.Event) bool) (page, error) {
	if recent, ok := l.Recent(after, to); ok {
		out, more := last(recent, n, keep)
		return finish(out, more, after), nil
	}
	if recent, ok := l.Latest(n, to); ok && after == 0 {
		if out, _ := last(recent, n, keep); len(out) == n {
			return finish(out, true, after), nil
		}
	}
	if spans == nil {
		spans = room.Spans{{From: 0, To: room.Forever}}
	}
	return e.pageStored(ctx, l, spans, after, to, n, keep)
}

// last takes the last n events that keep lets through, and tells whether there are more of them.
func last(events []*room.Event, n int, keep func(*room.Event) bool) (out []*room.Event, more bool) {
	for i := len(events) - 1; i >= 0; i-- {
		if !keep(events[i]) {
			continue
		}
		if len(out) == n {
			more = true
			break
		}
		out = append(out, events[i])
	}
	slices.Reverse(out)
	return out, more
}

func finish(out []*room.Event, more bool, after int64) page {
	p := page{events: out, limited: more, prev: after}
	if len(out) > 0 {
		p.prev = out[0].Pos - 1
	}
	return p
}

// storedReads bounds how often one page asks the database: a filter that lets next to nothing through must not read a
// whole room. What lies further back is a gap that the client may page through.
const storedReads = 3

func (e *Engine) pageStored(ctx context.Context, l *room.Live, spans room.Spans, after, to int64, n int,
	keep func(*room.Event) bool) (page, error) {
	var out []*room.Event
	from, more := to, false
	for read := 0; ; read++ {
		batch, err := e.Rooms.Before(ctx, l, spans, from, max(n+1, 50))
		if err != nil {
			return page{}, err
		}
		for _, ev := range batch {
			if ev.Pos <= after {
				return finishStored(out, false, after), nil
			}
			from = ev.Pos - 1
			if !keep(ev) {
				continue
			}
			if len(out) == n {
				return finishStored(out, true, after), nil
			}
			out = append(out, ev)
		}
		if len(batch) < max(n+1, 50) {
			break
		}
		if read+1 == storedReads {
			more = true
			break
		}
	}
	p := finishStored(out, more, after)
	if more {
		p.prev = from
	}
	return p, nil
}

func finishStored(out []*room.Event, more bool, after int64) page {
	slices.Reverse(out)
	return finish(out, more, after)
}

// joinedSince reports whether somebody's present time in a room began after a position: what was said before they may not be
// allowed to read.
func (e *Engine) joinedSince(ctx context.Context, t tie, user string, pos int64) (bool, error) {
	switch {
	case t.since > pos:
		return true, nil
	case t.since != 0 || t.pos <= pos:
		return false, nil
	}
	// The event that set the membership is later: perhaps a change of name only.
	return e.joinedAfter(ctx, t.room, user, pos)
}

// joinedAfter reports whether somebody now joined was not yet at a position, or was out in between.
func (e *Engine) joinedAfter(ctx context.Context, l *room.Live, user string, pos int64) (bool, error) {
	ev, err := e.Rooms.StateEventAt(ctx, l, "m.room.member", user, pos)
	if errs.Is(err, errs.NotFound) {
		return true, nil
	}
	if err != nil || ev.Membership() != "join" {
		return true, err
	}
	return e.Rooms.LeftBetween(ctx, l, user, pos, room.Forever)
}

// bundle gives the aggregations of events that others relate to. Events that have only just come have none, unless what
// relates to them came with them.
func (e *Engine) bundle(ctx context.Context, who *audit.Caller, l *room.Live, events []*room.Event, old bool) (map[string][]byte, error) {
	if !old {
		related := false
		for _, ev := range events {
			related = related || ev.Relates != ""
		}
		if !related || len(events) < 2 {
			return nil, nil
		}
	}
	return e.Relations.Bundle(ctx, who, l, events)
}
