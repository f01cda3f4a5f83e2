package sync

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
)

// heroesMost is how many members stand for a room without a name: client-server API, "Calculating the display name for a
// room".
const heroesMost = 5

// summary writes how many are in the room and, where it has no name, who stands for it, when any of it has changed.
func (r *roomPart) summary() error {
	if !r.fresh && !r.summaryChanged() {
		return nil
	}
	joined, invited := r.l.Counts()
	r.begin(r.open, "summary")
	r.b = append(r.b, `{"m.joined_member_count":`...)
	r.b = strconv.AppendInt(r.b, int64(joined), 10)
	r.b = append(r.b, `,"m.invited_member_count":`...)
	r.b = strconv.AppendInt(r.b, int64(invited), 10)
	if heroes := r.heroes(); heroes != nil {
		r.b = append(r.b, `,"m.heroes":[`...)
		for i, h := range heroes {
			if i > 0 {
				r.b = append(r.b, ',')
			}
			r.b = room.AppendString(r.b, h)
		}
		r.b = append(r.b, ']')
	}
	r.b = append(r.b, '}')
	r.some = true
	return nil
}

func (r *roomPart) summaryChanged() bool {
	changes := func(events []*room.Event) bool {
		for _, ev := range events {
			if ev.StateKey != nil && (ev.Type == "m.room.member" || ev.Type == "m.room.name" || ev.Type == "m.room.canonical_alias") {
				return true
			}
		}
		return false
	}
	return changes(r.state) || changes(r.timeline.events)
}

// heroes gives who stands for the room; nil when it has a name of its own.
func (r *roomPart) heroes() []string { return heroes(r.l, r.who.User) }

func heroes(l *room.Live, reader string) []string {
	if hasText(l.State("m.room.name", ""), "name") || hasText(l.State("m.room.canonical_alias", ""), "alias") {
		return nil
	}
	out := make([]string, 0, heroesMost)
	pick := func(memberships ...string) {
		for _, user := range l.Members(memberships...) {
			if user != reader && len(out) < heroesMost {
				out = append(out, user)
			}
		}
	}
	if pick("join", "invite"); len(out) == 0 {
		pick("leave", "ban")
	}
	return out
}

func hasText(ev *room.Event, field string) bool {
	return ev != nil && gjson.GetBytes(ev.Content, field).Str != ""
}
