package sync

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
)

// slidingRoom is one room of a sliding response being written.
type slidingRoom struct {
	*sliding
	w        *wanted
	l        *room.Live
	had      toldRoom
	initial  bool // the client knows nothing of the room
	expanded bool // it asks for more of the timeline than before
	changed  bool // it asks for other state than before
	timeline page
	first    bool
}

// appendName appends a JSON string used as a name.
func appendName(b []byte, s string) []byte { return room.AppendString(b, s) }

// room writes one room, if there is anything to tell.
func (s *sliding) room(ctx context.Context, w *wanted, open int) error {
	r := &slidingRoom{sliding: s, w: w, l: w.room, first: true}
	known, err := r.remember(ctx)
	if err != nil {
		return err
	}
	r.initial = !known
	wants := wantsKey(w.required)
	r.changed = known && r.had.wants != wants && w.membership == "join"
	r.expanded = known && w.timeline > r.had.timeline && w.membership == "join"
	news := r.initial || r.changed || r.expanded || w.room.Last() > r.had.pos
	if !news && s.e.Receipts.Quiet(w.room.NR, s.since.pos) {
		return nil
	}
	if err := s.e.Rooms.Load(ctx, w.room); err != nil {
		return err
	}
	mark := len(s.b)
	if mark > open {
		s.b = append(s.b, ',')
	}
	s.b = append(appendName(s.b, w.room.ID), `:{`...)
	wrote, err := r.write(ctx, news)
	if err != nil {
		return err
	}
	if !wrote {
		s.b = s.b[:mark]
		return nil
	}
	s.b = append(s.b, '}')
	s.some = true
	s.next.rooms[w.room.NR] = toldRoom{pos: s.now.pos, wants: wants, timeline: w.timeline, joined: w.membership == "join"}
	return nil
}

// remember takes what the client has been told of the room, and reports whether that is of any use: not when it was told of
// it as one they were asked into or had left, nor when they have been out since.
func (r *slidingRoom) remember(ctx context.Context) (known bool, err error) {
	r.had, known = r.c.acked.room(r.l.NR)
	if !known || r.w.membership != "join" {
		return known, nil
	}
	again := !r.had.joined
	if !again {
		again, err = r.e.joinedSince(ctx, r.w.tie, r.who.User, r.had.pos)
	}
	if again {
		r.had = toldRoom{}
	}
	return !again, err
}

// wantsKey stands for the required state of a room, in any order.
func wantsKey(required [][2]string) string {
	keys := make([]string, 0, len(required))
	for _, k := range required {
		keys = append(keys, k[0]+"\x00"+k[1])
	}
	slices.Sort(keys)
	return strings.Join(slices.Compact(keys), "\x01")
}

func (r *slidingRoom) field(name string) {
	if !r.first {
		r.b = append(r.b, ',')
	}
	r.first = false
	r.b = append(append(append(r.b, '"'), name...), `":`...)
}

func (r *slidingRoom) number(name string, n int64) {
	r.field(name)
	r.b = strconv.AppendInt(r.b, n, 10)
}

func (r *slidingRoom) flag(name string) {
	r.field(name)
	r.b = append(r.b, "true"...)
}

func (r *slidingRoom) write(ctx context.Context, news bool) (bool, error) {
	if r.w.membership == "invite" || r.w.membership == "knock" {
		if !r.initial && r.w.pos <= r.had.pos {
			return false, nil
		}
		return true, r.outside()
	}
	counts, err := r.e.Counter.Counts(ctx, r.who.User, r.l)
	if err != nil {
		return false, err
	}
	if !news && counts.Pos <= r.since.pos {
		return false, nil
	}
	if news {
		if err := r.events(ctx); err != nil {
			return false, err
		}
	}
	r.number("notification_count", int64(counts.Notify))
	r.number("highlight_count", int64(counts.Highlight))
	r.number("bump_stamp", r.l.Bump())
	return true, nil
}

// outside writes a room the reader is not in yet.
func (r *slidingRoom) outside() error {
	r.flag("initial")
	r.field("membership")
	r.b = append(append(append(r.b, '"'), r.w.membership...), '"')
	r.field("invite_state")
	r.b = appendStrippedList(r.b, r.w.tie)
	r.number("bump_stamp", r.w.pos)
	if r.direct(r.w.tie) {
		r.flag("is_dm")
	}
	return nil
}

// events writes the timeline, the state it asks for, and what describes the room.
func (r *slidingRoom) events(ctx context.Context) error {
	after, spans := r.had.pos, room.Spans(nil)
	if r.initial || r.expanded {
		after = 0
		var err error
		if spans, err = r.e.Rooms.Visible(ctx, r.l, r.who.User); err != nil {
			return err
		}
	}
	left := r.w.membership == "leave" || r.w.membership == "ban"
	to := r.now.pos
	if left {
		to = r.w.pos
	}
	keep := func(ev *room.Event) bool {
		visible := spans == nil || spans.Has(ev.Pos)
		return ev.Pos <= to && visible && (ev.StateKey != nil || !r.shelf.Ignores(ev.Sender))
	}
	var err error
	if r.timeline, err = r.e.page(ctx, r.l, spans, after, to, r.w.timeline, keep); err != nil {
		return err
	}
	if r.initial {
		r.flag("initial")
	}
	if r.expanded {
		r.flag("unstable_expanded_timeline")
	}
	if left {
		r.field("membership")
		r.b = append(append(append(r.b, '"'), r.w.membership...), '"')
	}
	if err := r.writeTimeline(ctx); err != nil {
		return err
	}
	if left {
		return nil
	}
	r.required()
	r.describe()
	return nil
}

func (r *slidingRoom) writeTimeline(ctx context.Context) error {
	bundles, err := r.e.bundle(ctx, r.who, r.l, r.timeline.events, r.initial || r.expanded || r.timeline.limited)
	if err != nil {
		return err
	}
	if r.timeline.limited {
		r.flag("limited")
	}
	live := 0
	r.field("timeline")
	r.b = append(r.b, '[')
	for i, ev := range r.timeline.events {
		if i > 0 {
			r.b = append(r.b, ',')
		}
		if ev.Pos > r.since.pos && r.ask.Pos != "" {
			live++
		}
		r.echo.note(ev, r.who)
		r.b = ev.Append(r.b, room.Reader{User: r.who.User, Device: r.who.Device, Relations: bundles[ev.ID]})
	}
	r.b = append(r.b, ']')
	r.field("prev_batch")
	r.b = append(append(append(r.b, '"'), room.Token(r.timeline.prev)...), '"')
	r.number("num_live", int64(live))
	return nil
}

// required writes the state the client asks for: all of it at first, then what has changed.
func (r *slidingRoom) required() {
	all := r.initial || r.changed
	var senders map[string]bool
	var lazy *lazyMembers
	if slices.Contains(r.w.required, [2]string{"m.room.member", "$LAZY"}) {
		lazy = r.p.lazyMembersOf(r.who.Device+"\x00"+r.c.serial, r.c.acked.number)
		senders = map[string]bool{}
		for _, ev := range r.timeline.events {
			senders[ev.Sender] = true
			if ev.Type == "m.room.member" && ev.StateKey != nil {
				senders[*ev.StateKey] = true
			}
		}
	}
	r.field("required_state")
	r.b = append(r.b, '[')
	open := len(r.b)
	for _, ev := range r.l.States() {
		if ev.Pos > r.now.pos {
			continue
		}
		fits := r.fits(ev) && (all || ev.Pos > r.had.pos)
		if !fits && lazy != nil && ev.Type == "m.room.member" && senders[*ev.StateKey] {
			fits = lazy.tell(lazyKey{r.l.NR, *ev.StateKey}, ev.Pos > r.had.pos)
		}
		if !fits {
			continue
		}
		if len(r.b) > open {
			r.b = append(r.b, ',')
		}
		r.b = ev.Append(r.b, room.Reader{User: r.who.User, Device: r.who.Device})
	}
	r.b = append(r.b, ']')
	if lazy != nil {
		lazy.promise(r.next.number)
	}
}

// fits reports whether an event is among the state asked for: MSC4186, "required_state".
func (r *slidingRoom) fits(ev *room.Event) bool {
	for _, k := range r.w.required {
		typ, key := k[0], k[1]
		if typ != "*" && typ != ev.Type {
			continue
		}
		if key == "*" && typ != "m.room.member" || key == "*" && typ == "m.room.member" ||
			key == "$ME" && *ev.StateKey == r.who.User || key == *ev.StateKey {
			return true
		}
	}
	return false
}

// describe writes what a list shows of a room.
func (r *slidingRoom) describe() {
	if ev := r.l.State("m.room.name", ""); hasText(ev, "name") {
		r.field("name")
		r.b = room.AppendString(r.b, gjson.GetBytes(ev.Content, "name").Str)
	} else if ev := r.l.State("m.room.canonical_alias", ""); hasText(ev, "alias") {
		r.field("name")
		r.b = room.AppendString(r.b, gjson.GetBytes(ev.Content, "alias").Str)
	}
	if ev := r.l.State("m.room.avatar", ""); hasText(ev, "url") {
		r.field("avatar")
		r.b = room.AppendString(r.b, gjson.GetBytes(ev.Content, "url").Str)
	}
	if r.direct(r.w.tie) {
		r.flag("is_dm")
	}
	joined, invited := r.l.Counts()
	r.number("joined_count", int64(joined))
	r.number("invited_count", int64(invited))
	list := heroes(r.l, r.who.User)
	if list == nil {
		return
	}
	r.field("heroes")
	r.b = append(r.b, '[')
	for i, h := range list {
		if i > 0 {
			r.b = append(r.b, ',')
		}
		content := r.l.State("m.room.member", h).Content
		r.b = append(appendName(append(r.b, `{"user_id":`...), h), `,"displayname":`...)
		r.b = appendOrNull(r.b, gjson.GetBytes(content, "displayname").Str)
		r.b = append(r.b, `,"avatar_url":`...)
		r.b = append(appendOrNull(r.b, gjson.GetBytes(content, "avatar_url").Str), '}')
	}
	r.b = append(r.b, ']')
}

func appendOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return room.AppendString(b, s)
}
