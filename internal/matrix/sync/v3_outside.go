package sync

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/room"
)

// stripped are the state events that those outside a room are shown of it: client-server API, "Stripped state".
var stripped = []string{
	"m.room.create", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.join_rules", "m.room.canonical_alias",
	"m.room.encryption",
}

// invite writes a room somebody has been invited to.
func (a *answer) invite(ctx context.Context, t tie) error {
	if a.shelf.Ignores(t.event.Sender) {
		return nil
	}
	return a.outside(ctx, t, "invite_state")
}

// knock writes a room somebody has knocked on.
func (a *answer) knock(ctx context.Context, t tie) error { return a.outside(ctx, t, "knock_state") }

func (a *answer) outside(ctx context.Context, t tie, name string) (err error) {
	if err := a.e.Rooms.Load(ctx, t.room); err != nil {
		return err
	}
	a.some = true
	a.b = append(append(append(a.b, '"'), name...), `":`...)
	a.b = appendStripped(a.b, t)
	return nil
}

// appendStripped writes {"events":[…]}: what is shown of the room, and the reader's own membership.
func appendStripped(b []byte, t tie) []byte {
	b = append(b, `{"events":`...)
	b = appendStrippedList(b, t)
	return append(b, '}')
}

func appendStrippedList(b []byte, t tie) []byte {
	b = append(b, '[')
	for _, typ := range stripped {
		if ev := t.room.State(typ, ""); ev != nil {
			b = append(ev.AppendStripped(b), ',')
		}
	}
	if inviter := t.room.State("m.room.member", t.event.Sender); inviter != nil && inviter.ID != t.event.ID {
		b = append(inviter.AppendStripped(b), ',')
	}
	own := t.event
	if now := t.room.State("m.room.member", *own.StateKey); now != nil && now.ID == own.ID {
		own = now // which may have been redacted since
	}
	b = own.AppendStripped(b)
	return append(b, ']')
}

// takesLeft reports whether a room somebody has left is told of: when they left it since, or on a fresh start when the
// filter asks for such rooms.
func (a *answer) takesLeft(t tie) bool {
	if t.membership != "leave" && t.membership != "ban" {
		return false
	}
	if a.fresh {
		return a.ask.Filter.Room.IncludeLeave && !t.forgotten
	}
	return t.pos > a.since.pos
}

// leave writes a room somebody has left: its events up to their leaving, as far as they may see them.
func (a *answer) leave(ctx context.Context, t tie) error {
	if err := a.e.Rooms.Load(ctx, t.room); err != nil {
		return err
	}
	spans, err := a.e.Rooms.Visible(ctx, t.room, a.who.User)
	if err != nil {
		return err
	}
	r := &roomPart{answer: a, l: t.room, t: t, open: len(a.b), to: t.pos, fresh: a.fresh}
	after := a.since.pos
	f := &a.ask.Filter.Room.Timeline
	keep := func(ev *room.Event) bool {
		own := ev.Pos == t.pos
		return ev.Pos <= t.pos && (own || spans.Has(ev.Pos)) && !a.ignored(ev) && (own || f.MatchInRoom(ev.Type, ev.Sender, ev.HasURL()))
	}
	r.timeline, err = a.e.page(ctx, t.room, nil, after, t.pos, f.Limit(timelineDefault, timelineMost), keep)
	if err != nil {
		return err
	}
	if r.timeline.limited || a.fresh {
		if err := r.stateLeft(ctx, spans, after); err != nil {
			return err
		}
	}
	r.writeState(after)
	return r.writeTimeline(ctx)
}

// stateLeft takes the state as it was when they left: what changed in the gap, or all of it.
func (r *roomPart) stateLeft(ctx context.Context, spans room.Spans, after int64) error {
	if len(spans) == 0 {
		return nil // whoever was only ever invited has seen nothing of the state
	}
	// Their membership may have changed long after they left: they were banned, or refused another invitation.
	state, err := r.e.Rooms.StateAt(ctx, r.l, min(r.t.pos, spans[len(spans)-1].To))
	if err != nil {
		return err
	}
	if r.fresh {
		after = 0
	}
	start := r.timeline.start(r.to)
	for _, ev := range state {
		if ev.Pos > after && ev.Pos < start && ev.Pos <= r.to {
			r.state = append(r.state, ev)
		}
	}
	return nil
}
