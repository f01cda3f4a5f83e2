package sync

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
)

// rooms writes the rooms section.
func (a *answer) rooms(ctx context.Context) error {
	ties := a.p.all()
	// The order of the rooms means nothing to a client; a fixed one makes answers comparable.
	slices.SortFunc(ties, func(x, y tie) int { return cmp.Compare(x.room.NR, y.room.NR) })
	mark := len(a.b)
	a.b = append(a.b, `,"rooms":{`...)
	open := len(a.b)
	sections := []struct {
		name  string
		takes func(tie) bool
		write func(context.Context, tie) error
	}{
		{"join", func(t tie) bool { return t.membership == "join" }, a.join},
		{"invite", func(t tie) bool { return t.membership == "invite" && t.pos > a.since.pos }, a.invite},
		{"knock", func(t tie) bool { return t.membership == "knock" && t.pos > a.since.pos }, a.knock},
		{"leave", a.takesLeft, a.leave},
	}
	for _, s := range sections {
		start := len(a.b)
		if start > open {
			a.b = append(a.b, ',')
		}
		a.b = append(append(append(a.b, '"'), s.name...), `":{`...)
		first := len(a.b)
		for _, t := range ties {
			if !s.takes(t) || t.pos > a.now.pos || !a.ask.Filter.Room.Match(t.room.ID) {
				continue
			}
			if err := a.inRoom(ctx, t, first, s.write); err != nil {
				return err
			}
		}
		a.close(start, first, "}")
	}
	a.close(mark, open, "}")
	return nil
}

// inRoom writes one room's object, or nothing at all if there is nothing to tell.
func (a *answer) inRoom(ctx context.Context, t tie, first int, write func(context.Context, tie) error) error {
	mark := len(a.b)
	if mark > first {
		a.b = append(a.b, ',')
	}
	a.b = room.AppendString(a.b, t.room.ID)
	a.b = append(a.b, ":{"...)
	open := len(a.b)
	if err := write(ctx, t); err != nil {
		return err
	}
	if len(a.b) == open {
		a.b = a.b[:mark]
		return nil
	}
	a.b = append(a.b, '}')
	return nil
}

// begin begins a member of an object whose first member stands at open.
func (a *answer) begin(open int, name string) {
	if len(a.b) > open {
		a.b = append(a.b, ',')
	}
	a.b = append(append(append(a.b, '"'), name...), `":`...)
}

// roomPart is one joined or left room being written.
type roomPart struct {
	*answer
	l        *room.Live
	t        tie
	open     int
	fresh    bool // the client knows nothing of the room yet
	to       int64
	timeline page
	state    []*room.Event
	member   string // the reader's membership at the events of the timeline, "" when it varies
}

// join writes a joined room.
func (a *answer) join(ctx context.Context, t tie) error {
	r := &roomPart{answer: a, l: t.room, t: t, open: len(a.b), to: a.now.pos}
	news := t.room.Last() > a.since.pos
	told := a.e.Receipts.Quiet(t.room.NR, a.since.pos)
	typists, typing := a.e.Typing.In(t.room.ID)
	if !a.fresh && !a.ask.FullState && !news && told && typing <= a.since.typing && !a.dataIn(t.room.ID) {
		return nil
	}
	if err := a.e.Rooms.Load(ctx, t.room); err != nil {
		return err
	}
	fresh, err := a.unknown(ctx, t)
	if err != nil {
		return err
	}
	r.fresh = fresh
	if news || fresh || a.ask.FullState {
		if err := r.events(ctx); err != nil {
			return err
		}
	}
	if err := r.ephemeral(ctx, typists, typing, told); err != nil {
		return err
	}
	r.accountData()
	return r.counts(ctx, news || !told)
}

// unknown reports whether the client knows nothing of a room it is now joined to: on a fresh start, or having joined since.
func (a *answer) unknown(ctx context.Context, t tie) (bool, error) {
	if a.fresh {
		return true, nil
	}
	return a.e.joinedSince(ctx, t, a.who.User, a.since.pos)
}

// dataIn reports whether account data of a room has changed.
func (a *answer) dataIn(roomID string) bool {
	for i := range a.shelf.Entries {
		if d := &a.shelf.Entries[i]; d.Pos > a.since.pos && d.Room == roomID {
			return true
		}
	}
	return false
}

// events writes summary, state and timeline.
func (r *roomPart) events(ctx context.Context) error {
	after := r.since.pos
	var spans room.Spans
	if r.fresh {
		after = 0
		var err error
		if spans, err = r.e.Rooms.Visible(ctx, r.l, r.who.User); err != nil {
			return err
		}
	} else {
		r.member = "join"
	}
	if err := r.page(ctx, spans, after); err != nil {
		return err
	}
	r.state = r.stateSince(after)
	if err := r.summary(); err != nil {
		return err
	}
	r.writeState(after)
	return r.writeTimeline(ctx)
}

// page takes the part of the timeline that the filter asks for.
func (r *roomPart) page(ctx context.Context, spans room.Spans, after int64) (err error) {
	f := &r.ask.Filter.Room.Timeline
	if !f.MatchRoom(r.l.ID) {
		r.timeline = page{prev: after}
		return nil
	}
	keep := func(ev *room.Event) bool {
		if ev.Pos > r.to || spans != nil && !spans.Has(ev.Pos) {
			return false
		}
		return !r.ignored(ev) && f.MatchInRoom(ev.Type, ev.Sender, ev.HasURL())
	}
	r.timeline, err = r.e.page(ctx, r.l, spans, after, r.to, f.Limit(timelineDefault, timelineMost), keep)
	return err
}

// ignored reports whether the reader does not want to see an event: client-server API, "Ignoring Users".
func (a *answer) ignored(ev *room.Event) bool {
	return ev.StateKey == nil && a.shelf.Ignores(ev.Sender)
}

// stateSince gives the state that changed after a position and that the timeline does not tell of.
func (r *roomPart) stateSince(after int64) (out []*room.Event) {
	if r.ask.FullState || r.fresh {
		after = 0
	}
	until := r.timeline.start(r.to)
	if r.ask.StateAfter {
		until = r.to + 1
	} else if !r.fresh && !r.ask.FullState && !r.timeline.limited {
		return nil
	}
	f := &r.ask.Filter.Room.State
	if !f.MatchRoom(r.l.ID) {
		return nil
	}
	for _, ev := range r.l.States() {
		if ev.Pos > after && ev.Pos < until && f.MatchInRoom(ev.Type, ev.Sender, ev.HasURL()) {
			out = append(out, ev)
		}
	}
	return out
}

// writeState writes the state section, with only the members needed where the client loads them lazily.
func (r *roomPart) writeState(after int64) {
	name := "state"
	if r.ask.StateAfter {
		name = "state_after"
	}
	state := r.state
	if r.lazy != nil {
		state = r.lazily(state)
	}
	if len(state) == 0 {
		return
	}
	r.begin(r.open, name)
	r.b = append(r.b, `{"events":[`...)
	for i, ev := range state {
		if i > 0 {
			r.b = append(r.b, ',')
		}
		r.b = r.append(r.b, ev, room.Reader{User: r.who.User, Device: r.who.Device})
	}
	r.b = append(r.b, "]}"...)
	r.some = true
}

// append writes an event as the filter wants it.
func (a *answer) append(b []byte, ev *room.Event, reader room.Reader) []byte {
	if a.ask.Filter.Fields == nil {
		return ev.Append(b, reader)
	}
	return a.ask.Filter.Fields.Project(b, ev.Append(nil, reader))
}

func (r *roomPart) writeTimeline(ctx context.Context) error {
	if len(r.timeline.events) == 0 && !r.timeline.limited && !r.fresh {
		return nil
	}
	bundles, err := r.e.bundle(ctx, r.who, r.l, r.timeline.events, r.fresh || r.timeline.limited)
	if err != nil {
		return err
	}
	r.begin(r.open, "timeline")
	r.b = append(r.b, `{"events":[`...)
	for i, ev := range r.timeline.events {
		if i > 0 {
			r.b = append(r.b, ',')
		}
		r.echo.note(ev, r.who)
		reader := room.Reader{User: r.who.User, Device: r.who.Device, Membership: r.member, Relations: bundles[ev.ID]}
		if r.member == "" && r.t.since != 0 && ev.Pos >= r.t.since {
			reader.Membership = r.t.membership
		}
		r.b = r.append(r.b, ev, reader)
	}
	r.b = append(r.b, `],"limited":`...)
	r.b = strconv.AppendBool(r.b, r.timeline.limited)
	r.b = append(r.b, `,"prev_batch":"`...)
	r.b = append(r.b, room.Token(r.timeline.prev)...)
	r.b = append(r.b, `"}`...)
	r.some = true
	return nil
}

// ephemeral writes typing and receipts.
func (r *roomPart) ephemeral(ctx context.Context, typists []string, typing int64, told bool) error {
	f := &r.ask.Filter.Room.Ephemeral
	if !f.MatchRoom(r.l.ID) {
		return nil
	}
	mark := len(r.b)
	r.begin(r.open, "ephemeral")
	r.b = append(r.b, `{"events":[`...)
	open := len(r.b)
	if f.MatchType("m.typing") && (typing > r.since.typing && !r.answer.fresh || len(typists) > 0 && r.fresh) {
		r.b = appendTyping(r.b, typists)
	}
	if f.MatchType("m.receipt") && (r.fresh || !told) {
		after := r.since.pos
		if r.fresh {
			after = 0
		}
		receipts, err := r.e.Receipts.Since(ctx, r.l, after)
		if err != nil {
			return err
		}
		before := len(r.b)
		if before > open {
			r.b = append(r.b, ',')
		}
		start := len(r.b)
		r.b = receipt.AppendEvent(r.b, receipts, r.who.User)
		if len(r.b) == start {
			r.b = r.b[:before]
		}
	}
	r.close(mark, open, "]}")
	return nil
}

func appendTyping(b []byte, users []string) []byte {
	b = append(b, `{"content":{"user_ids":[`...)
	for i, u := range users {
		if i > 0 {
			b = append(b, ',')
		}
		b = room.AppendString(b, u)
	}
	return append(b, `]},"type":"m.typing"}`...)
}

// accountData writes what the reader keeps about the room.
func (r *roomPart) accountData() {
	mark := len(r.b)
	r.begin(r.open, "account_data")
	r.b = append(r.b, `{"events":[`...)
	open := len(r.b)
	f := &r.ask.Filter.Room.AccountData
	for i := range r.shelf.Entries {
		d := &r.shelf.Entries[i]
		if d.Room == r.l.ID && (r.fresh || d.Pos > r.since.pos) && f.Match(d.Type, r.who.User, r.l.ID, false) {
			r.b = appendData(r.b, open, d)
		}
	}
	r.close(mark, open, "]}")
}

// counts writes what is unread, where anything of the room is told at all or the counts have changed.
func (r *roomPart) counts(ctx context.Context, changed bool) error {
	wrote := len(r.b) > r.open
	if !wrote && !changed {
		return nil
	}
	c, err := r.e.Counter.Counts(ctx, r.who.User, r.l)
	if err != nil {
		return err
	}
	if !wrote && c.Pos <= r.since.pos {
		return nil
	}
	r.some = true
	r.begin(r.open, "unread_notifications")
	threads := r.ask.Filter.Room.Timeline.UnreadThreadNotifications
	if !threads {
		r.b = appendCount(r.b, c.Notify, c.Highlight)
		return nil
	}
	r.b = appendCount(r.b, c.MainNotify, c.MainHighlight)
	if len(c.Threads) == 0 {
		return nil
	}
	r.b = append(r.b, `,"unread_thread_notifications":{`...)
	first := true
	for root, n := range c.Threads {
		if !first {
			r.b = append(r.b, ',')
		}
		first = false
		r.b = append(room.AppendString(r.b, root), ':')
		r.b = appendCount(r.b, n.Notify, n.Highlight)
	}
	r.b = append(r.b, '}')
	return nil
}

func appendCount(b []byte, notify, highlight int) []byte {
	b = append(b, `{"highlight_count":`...)
	b = strconv.AppendInt(b, int64(highlight), 10)
	b = append(b, `,"notification_count":`...)
	b = strconv.AppendInt(b, int64(notify), 10)
	return append(b, '}')
}
