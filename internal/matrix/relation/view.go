package relation

import (
	"context"
	"slices"
	"strconv"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// View is what a reader is shown along with the events of a page: aggregations, and what they were in the room then.
type View struct {
	room      *room.Room
	bundles   map[string][]byte
	standings []standing
	hides     func(sender string) bool // whose events are shown without their content; nil: nobody's
}

// View prepares events of an opened room for its reader.
func (r *Relations) View(ctx context.Context, opened *room.Room, events []*room.Event) (*View, error) {
	v := &View{room: opened}
	if len(events) == 0 {
		return v, nil
	}
	var err error
	if v.bundles, err = r.Bundle(ctx, opened.Who, opened.Live, events); err != nil {
		return nil, err
	}
	from := int64(room.Forever)
	for _, ev := range events {
		from = min(from, ev.Pos)
	}
	now := opened.State("m.room.member", opened.Who.User)
	switch {
	case now == nil:
	case now.Pos <= from:
		v.standings = []standing{{now.Pos, now.Membership()}}
	default:
		err = r.db.Read(ctx, func(tx *store.Tx) (err error) {
			v.standings, err = standingsOf(tx, opened.NR, opened.Who.User)
			return err
		})
	}
	return v, err
}

// Append writes an event as the reader is given it.
func (v *View) Append(b []byte, ev *room.Event) []byte {
	as := room.Reader{
		RoomID: v.room.ID, User: v.room.Who.User, Device: v.room.Who.Device,
		Membership: v.membership(ev.Pos), Relations: v.bundles[ev.ID],
	}
	if v.hides != nil && ev.StateKey == nil && v.hides(ev.Sender) {
		return appendHidden(b, ev, as)
	}
	return ev.Append(b, as)
}

// appendHidden writes an event as if it had been redacted: "Ignoring Users" of the client-server API asks for this where
// a thread begins with it.
func appendHidden(b []byte, ev *room.Event, as room.Reader) []byte {
	b = room.AppendString(append(b, `{"content":{},"event_id":`...), ev.ID)
	b = strconv.AppendInt(append(b, `,"origin_server_ts":`...), ev.TS, 10)
	b = room.AppendString(append(b, `,"room_id":`...), as.RoomID)
	b = room.AppendString(append(b, `,"sender":`...), ev.Sender)
	b = room.AppendString(append(b, `,"type":`...), ev.Type)
	b = room.AppendString(append(b, `,"unsigned":{"membership":`...), as.Membership)
	if as.Relations != nil {
		b = append(append(b, `,"m.relations":`...), as.Relations...)
	}
	return append(b, "}}"...)
}

// membership is what the reader was in the room at an event, any change by the event itself included.
func (v *View) membership(pos int64) string {
	for _, s := range slices.Backward(v.standings) {
		if s.pos <= pos {
			return s.membership
		}
	}
	return "leave"
}

// AppendList writes events as a JSON array.
func (v *View) AppendList(b []byte, events []*room.Event) []byte {
	b = append(b, '[')
	for i, ev := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = v.Append(b, ev)
	}
	return append(b, ']')
}

// Related tells which of the events some relation points to that the filter asks for (related_by_senders,
// related_by_rel_types).
func (r *Relations) Related(ctx context.Context, opened *room.Room, events []*room.Event, f *filter.Events) (map[string]bool, error) {
	reader, err := r.reader(ctx, opened.Who, opened.Live)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(events))
	for _, ev := range events {
		ids = append(ids, ev.ID)
	}
	var kinds []kind
	err = r.db.Read(ctx, func(tx *store.Tx) (err error) {
		kinds, err = kindsOf(tx, opened.NR, ids, reader.spans)
		return err
	})
	out := map[string]bool{}
	for _, k := range kinds {
		if !reader.shelf.Ignores(k.sender) && f.MatchRelation(k.relType, k.sender) {
			out[k.parent] = true
		}
	}
	return out, err
}
