package sync

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/room"
)

// wanted is a room that a list or a subscription asks for, with all they ask for together.
type wanted struct {
	tie
	required [][2]string
	timeline int
}

// listed is a list as answered.
type listed struct {
	name  string
	count int
}

// window gives the rooms that lists and subscriptions ask for, each once, and the lists' counts in order of name.
func (s *sliding) window(ctx context.Context) (rooms []*wanted, lists []listed, err error) {
	ties := s.recent()
	byNR := map[int64]*wanted{}
	want := func(t tie, required [][2]string, timeline int) {
		w := byNR[t.room.NR]
		if w == nil {
			w = &wanted{tie: t}
			byNR[t.room.NR] = w
			rooms = append(rooms, w)
		}
		w.required = append(w.required, required...)
		w.timeline = max(w.timeline, min(timeline, slidingTimeline))
	}
	for name, l := range s.ask.Lists {
		chosen, err := s.choose(ctx, ties, &l.Filters)
		if err != nil {
			return nil, nil, err
		}
		lists = append(lists, listed{name, len(chosen)})
		if l.Range != nil {
			l.Ranges = append(l.Ranges, *l.Range)
		}
		for i, t := range chosen {
			if l.holds(i) {
				want(t, l.Required, l.Timeline)
			}
		}
	}
	slices.SortFunc(lists, func(a, b listed) int { return cmp.Compare(a.name, b.name) })
	for id, sub := range s.ask.Subscriptions {
		if t, ok := s.named(ctx, id); ok {
			want(t, sub.Required, sub.Timeline)
		}
	}
	for _, t := range s.gone() {
		want(t, nil, 1)
	}
	slices.SortFunc(rooms, func(a, b *wanted) int { return -cmp.Compare(a.room.Bump(), b.room.Bump()) })
	return rooms, lists, nil
}

// holds reports whether the window of a list covers a place.
func (l *SlidingList) holds(i int) bool {
	return slices.ContainsFunc(l.Ranges, func(r [2]int) bool { return r[0] <= i && i <= r[1] })
}

// recent gives the rooms the reader is in, asked into or knocking on, the most recently active first.
func (s *sliding) recent() []tie {
	all := s.p.all()
	ties := all[:0]
	for _, t := range all {
		switch t.membership {
		case "invite":
			if s.shelf.Ignores(t.event.Sender) {
				continue
			}
		case "join", "knock":
		default:
			continue
		}
		if t.pos <= s.now.pos {
			ties = append(ties, t)
		}
	}
	slices.SortFunc(ties, func(a, b tie) int { return -cmp.Compare(recency(a), recency(b)) })
	return ties
}

// recency is what rooms are ordered by: the last event worth a look, for one outside when they were asked in.
func recency(t tie) int64 {
	if t.membership == "join" {
		return t.room.Bump()
	}
	return t.pos
}

// gone gives the rooms the client knows of that the reader has left since.
func (s *sliding) gone() (out []tie) {
	for _, t := range s.p.all() {
		if t.membership != "leave" && t.membership != "ban" {
			continue
		}
		if r, known := s.c.acked.room(t.room.NR); known && r.pos < t.pos && t.pos <= s.now.pos {
			out = append(out, t)
		}
	}
	return out
}

// named finds a room a subscription names, if the reader has a part in it.
func (s *sliding) named(ctx context.Context, id string) (tie, bool) {
	l, err := s.e.Rooms.Find(ctx, id)
	if err != nil {
		return tie{}, false
	}
	t, ok := s.p.in(l.NR)
	return t, ok && t.membership != "leave" && t.membership != "ban" && t.pos <= s.now.pos
}

// choose gives those of the rooms that filters let through.
func (s *sliding) choose(ctx context.Context, ties []tie, f *SlidingFilters) (out []tie, err error) {
	for _, t := range ties {
		if err := s.e.Rooms.Load(ctx, t.room); err != nil {
			return nil, err
		}
		ok, err := s.passes(ctx, t, f)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, t)
		}
	}
	return out, nil
}

func (s *sliding) passes(ctx context.Context, t tie, f *SlidingFilters) (bool, error) {
	switch {
	case f.Direct != nil && *f.Direct != s.direct(t):
		return false, nil
	case f.Encrypted != nil && *f.Encrypted != encrypted(t.room):
		return false, nil
	case f.Invite != nil && *f.Invite != (t.membership == "invite"):
		return false, nil
	case len(f.Types) > 0 && !hasType(f.Types, roomType(t.room)), hasType(f.NotTypes, roomType(t.room)):
		return false, nil
	case f.NameLike != "" && !strings.Contains(strings.ToLower(s.name(t.room)), strings.ToLower(f.NameLike)):
		return false, nil
	case len(f.Tags) > 0 && !s.tagged(t.room.ID, f.Tags), len(f.NotTags) > 0 && s.tagged(t.room.ID, f.NotTags):
		return false, nil
	case len(f.Spaces) > 0:
		return s.inSpace(ctx, t.room, f.Spaces)
	}
	return true, nil
}

// direct reports whether a room is a direct conversation of the reader's: m.direct lists it, or they were asked into it
// as one.
func (s *sliding) direct(t tie) bool {
	return s.dms[t.room.ID] || t.membership == "invite" && gjson.GetBytes(t.event.Content, "is_direct").Bool()
}

func directRooms(shelf *accountdata.Shelf) map[string]bool {
	out := map[string]bool{}
	if d, ok := shelf.Find("", "m.direct"); ok {
		gjson.ParseBytes(d.Content).ForEach(func(_, rooms gjson.Result) bool {
			for _, id := range rooms.Array() {
				out[id.Str] = true
			}
			return true
		})
	}
	return out
}

func roomType(l *room.Live) string {
	if create := l.State("m.room.create", ""); create != nil {
		return gjson.GetBytes(create.Content, "type").Str
	}
	return ""
}

// hasType reports whether a list of room types, null being a plain room, holds one.
func hasType(types []*string, typ string) bool {
	for _, t := range types {
		if t == nil && typ == "" || t != nil && *t == typ {
			return true
		}
	}
	return false
}

func (s *sliding) tagged(roomID string, tags []string) bool {
	d, ok := s.shelf.Find(roomID, accountdata.Tags)
	if !ok {
		return false
	}
	found := false
	gjson.GetBytes(d.Content, "tags").ForEach(func(tag, _ gjson.Result) bool {
		found = slices.Contains(tags, tag.Str)
		return !found
	})
	return found
}

func (s *sliding) inSpace(ctx context.Context, l *room.Live, spaces []string) (bool, error) {
	for _, id := range spaces {
		t, ok := s.named(ctx, id)
		if !ok || t.membership != "join" {
			continue
		}
		if err := s.e.Rooms.Load(ctx, t.room); err != nil {
			return false, err
		}
		if child := t.room.State("m.space.child", l.ID); child != nil && gjson.GetBytes(child.Content, "via").IsArray() {
			return true, nil
		}
	}
	return false, nil
}

// name is what a room calls itself, or else who stands for it.
func (s *sliding) name(l *room.Live) string {
	for _, n := range [][2]string{{"m.room.name", "name"}, {"m.room.canonical_alias", "alias"}} {
		if ev := l.State(n[0], ""); hasText(ev, n[1]) {
			return gjson.GetBytes(ev.Content, n[1]).Str
		}
	}
	var names []string
	for _, h := range heroes(l, s.who.User) {
		names = append(names, gjson.GetBytes(l.State("m.room.member", h).Content, "displayname").Str)
	}
	return strings.Join(names, ", ")
}
