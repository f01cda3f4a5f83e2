package relation

import (
	"context"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
)

// referencesMost bounds the references listed in the aggregations of one page; all of them are listed by Children.
const referencesMost = 1000

// sum is what relates to one event, as far as its reader sees it.
type sum struct {
	parent  *room.Event
	replies int         // in the thread that begins with the event
	mine    bool        // one of the replies is the reader's
	last    *room.Event // the latest reply
	lastPos int64
	edit    *room.Event // the latest valid edit
	refs    []string
}

// take adds one relation.
func (s *sum) take(ev *room.Event, me string) {
	switch ev.RelType {
	case Thread:
		if s.parent.RelType == "" {
			s.replies++
			s.mine = s.mine || ev.Sender == me
			s.last = ev
		}
	case Replace:
		s.takeEdit(ev)
	case Reference:
		if len(s.refs) < referencesMost {
			s.refs = append(s.refs, ev.ID)
		}
	}
}

// takeEdit keeps an edit if it is valid and newer than the one kept: client-server API, "Event replacements".
func (s *sum) takeEdit(ev *room.Event) {
	if !editable(s.parent) || ev.Sender != s.parent.Sender || ev.Type != s.parent.Type {
		return
	}
	if ev.Type != "m.room.encrypted" && !gjson.GetBytes(ev.Content, `m\.new_content`).IsObject() {
		return
	}
	if s.edit == nil || ev.TS > s.edit.TS || ev.TS == s.edit.TS && ev.ID > s.edit.ID {
		s.edit = ev
	}
}

// editable reports whether an event can have edits at all.
func editable(ev *room.Event) bool {
	return ev.StateKey == nil && ev.RelType != Replace && ev.RedactedBecause == nil
}

// Bundle gives the aggregations of those events that others relate to, by event id, as the JSON of m.relations: client-
// server API, "Aggregations of child events". State events have none. Where memory holds the page and all that came after
// it, the database is not asked.
func (r *Relations) Bundle(ctx context.Context, who *audit.Caller, l *room.Live, events []*room.Event) (map[string][]byte, error) {
	if !r.worth(l, events) {
		return nil, nil
	}
	reader, err := r.reader(ctx, who, l)
	if err != nil {
		return nil, err
	}
	return reader.bundle(ctx, events)
}

// worth reports whether any of the events may have relations, as far as memory can tell.
func (r *Relations) worth(l *room.Live, events []*room.Event) bool {
	parents, from := parentsOf(events)
	if len(parents) == 0 {
		return false
	}
	recent, ok := l.Recent(from-1, room.Forever)
	if !ok {
		return true
	}
	for _, ev := range recent {
		if ev.Relates != "" && parents[ev.Relates] != nil {
			return true
		}
	}
	return false
}

// parentsOf gives the events that can have aggregations, by id, and the position of the first. What relates to an event
// always comes after it.
func parentsOf(events []*room.Event) (parents map[string]*sum, from int64) {
	parents, from = make(map[string]*sum, len(events)), room.Forever
	for _, ev := range events {
		if ev.StateKey == nil {
			parents[ev.ID] = &sum{parent: ev}
			from = min(from, ev.Pos)
		}
	}
	return parents, from
}

func (r *reader) bundle(ctx context.Context, events []*room.Event) (map[string][]byte, error) {
	parents, from := parentsOf(events)
	if len(parents) == 0 {
		return nil, nil
	}
	if recent, ok := r.l.Recent(from-1, room.Forever); ok {
		for _, ev := range recent {
			if ev.Relates == "" {
				continue
			}
			if s := parents[ev.Relates]; s != nil && r.sees(ev) {
				s.take(ev, r.who.User)
			}
		}
	} else if err := r.db.Read(ctx, func(tx *store.Tx) error { return r.stored(tx, parents) }); err != nil {
		return nil, err
	}
	return r.write(ctx, parents)
}

// stored sums up what the database holds. One query tells what there is; only where there is something are more asked.
func (r *reader) stored(tx *store.Tx, parents map[string]*sum) error {
	groups, err := groupsOf(tx, r.l.NR, keys(parents), r.spans)
	if err != nil {
		return err
	}
	var edited, referred []string
	for _, g := range groups {
		s := parents[g.parent]
		if r.shelf.Ignores(g.sender) {
			continue
		}
		switch g.relType {
		case Thread:
			if s.parent.RelType == "" {
				s.replies += g.count
				s.mine = s.mine || g.sender == r.who.User
				s.lastPos = max(s.lastPos, g.last)
			}
		case Replace:
			if editable(s.parent) && g.sender == s.parent.Sender {
				edited = append(edited, g.parent)
			}
		case Reference:
			referred = append(referred, g.parent)
		}
	}
	if err := r.takeLast(tx, parents); err != nil {
		return err
	}
	if err := r.takeEdits(tx, parents, edited); err != nil {
		return err
	}
	return r.takeReferences(tx, parents, referred)
}

func keys(parents map[string]*sum) []string {
	out := make([]string, 0, len(parents))
	for id := range parents {
		out = append(out, id)
	}
	return out
}

// takeLast reads the latest reply of each thread.
func (r *reader) takeLast(tx *store.Tx, parents map[string]*sum) error {
	var at []int64
	for _, s := range parents {
		if s.lastPos > 0 {
			at = append(at, s.lastPos)
		}
	}
	events, err := eventsAt(tx, r.rooms, at)
	for _, ev := range events {
		parents[ev.Relates].last = ev
	}
	return err
}

func (r *reader) takeEdits(tx *store.Tx, parents map[string]*sum, edited []string) error {
	if len(edited) == 0 {
		return nil
	}
	events, err := editsOf(tx, r.rooms, r.l.NR, edited, r.spans)
	for _, ev := range events {
		parents[ev.Relates].takeEdit(ev)
	}
	return err
}

func (r *reader) takeReferences(tx *store.Tx, parents map[string]*sum, referred []string) error {
	if len(referred) == 0 {
		return nil
	}
	refs, err := referencesOf(tx, r.l.NR, referred, r.spans)
	for _, ref := range refs {
		if s := parents[ref.parent]; !r.shelf.Ignores(ref.sender) {
			s.refs = append(s.refs, ref.id)
		}
	}
	return err
}

// write gives the sums as JSON. The latest replies of threads have aggregations of their own, but can begin no thread.
func (r *reader) write(ctx context.Context, parents map[string]*sum) (map[string][]byte, error) {
	var replies []*room.Event
	for _, s := range parents {
		if s.last != nil {
			replies = append(replies, s.last)
		}
	}
	var inner map[string][]byte
	if len(replies) > 0 {
		var err error
		if inner, err = r.bundle(ctx, replies); err != nil {
			return nil, err
		}
	}
	out := map[string][]byte{}
	for id, s := range parents {
		if b := r.append(nil, s, inner); b != nil {
			out[id] = b
		}
	}
	return out, nil
}

func (r *reader) append(b []byte, s *sum, inner map[string][]byte) []byte {
	if len(s.refs) > 0 {
		b = append(b, `,"m.reference":{"chunk":[`...)
		for i, id := range s.refs {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(room.AppendString(append(b, `{"event_id":`...), id), '}')
		}
		b = append(b, "]}"...)
	}
	as := room.Reader{RoomID: r.l.ID, User: r.who.User, Device: r.who.Device}
	if s.edit != nil {
		b = append(b, `,"m.replace":`...)
		b = s.edit.Append(b, as)
	}
	if s.last != nil {
		b = append(b, `,"m.thread":{"count":`...)
		b = strconv.AppendInt(b, int64(s.replies), 10)
		b = append(b, `,"current_user_participated":`...)
		b = strconv.AppendBool(b, s.mine || s.parent.Sender == r.who.User)
		b = append(b, `,"latest_event":`...)
		as.Relations = inner[s.last.ID]
		b = append(s.last.Append(b, as), '}')
	}
	if b == nil {
		return nil
	}
	b[0] = '{'
	return append(b, '}')
}
