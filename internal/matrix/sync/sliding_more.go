package sync

import (
	"context"
	"strconv"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
)

// extensions writes the extensions, each if asked for.
func (s *sliding) extensions(ctx context.Context, rooms []*wanted) error {
	open := len(s.b)
	x := &s.ask.Extensions
	parts := []struct {
		on    bool
		name  string
		write func(context.Context, []*wanted) error
	}{
		{x.ToDevice.Enabled && s.who.Device != "", "to_device", s.toDevice},
		{x.E2EE.Enabled && s.who.Device != "", "e2ee", s.e2ee},
		{x.AccountData.Enabled, "account_data", s.accountData},
		{x.Receipts.Enabled, "receipts", s.receipts},
		{x.Typing.Enabled, "typing", s.typing},
		{x.Delivered.Enabled, "org.wardline.delivered", s.delivered},
	}
	for _, p := range parts {
		if !p.on {
			continue
		}
		mark := len(s.b)
		if mark > open {
			s.b = append(s.b, ',')
		}
		s.b = append(append(append(s.b, '"'), p.name...), `":`...)
		start := len(s.b)
		if err := p.write(ctx, rooms); err != nil {
			return err
		}
		if len(s.b) == start {
			s.b = s.b[:mark]
		}
	}
	return nil
}

func (s *sliding) toDevice(ctx context.Context, _ []*wanted) error {
	x := &s.ask.Extensions.ToDevice
	since := int64(0)
	if x.Since != "" {
		since, _ = strconv.ParseInt(x.Since, 10, 64) // checked by acceptInbox
	}
	limit := inboxMost
	if x.Limit > 0 {
		limit = min(x.Limit, inboxMost)
	}
	inbox, err := s.e.Inbox.Inbox(ctx, s.who.User, s.who.Device, since, s.now.pos, limit)
	if err != nil {
		return err
	}
	next := s.now.pos
	if len(inbox) == limit {
		next = inbox[len(inbox)-1].Pos
	}
	s.b = append(s.b, `{"next_batch":"`...)
	s.b = strconv.AppendInt(s.b, next, 10)
	s.b = append(s.b, `","events":[`...)
	for i := range inbox {
		if i > 0 {
			s.b = append(s.b, ',')
		}
		s.b = append(s.b, inbox[i].JSON...)
		s.some = true
	}
	s.b = append(s.b, "]}"...)
	return nil
}

func (s *sliding) e2ee(ctx context.Context, _ []*wanted) error {
	changed, left, err := s.e.deviceLists(ctx, s.p, s.ask.Pos == "", s.since.pos, s.now.pos)
	if err != nil {
		return err
	}
	counts, err := s.e.Keys.Counts(ctx, s.who.User, s.who.Device)
	if err != nil {
		return err
	}
	if len(changed)+len(left) > 0 || s.p.counted.Load() > s.since.pos {
		s.some = true
	}
	s.b = append(s.b, '{')
	if len(changed)+len(left) > 0 {
		s.b = appendDeviceLists(append(s.b, `"device_lists":`...), changed, left)
		s.b = append(s.b, ',')
	}
	s.b = appendOneTime(append(s.b, `"device_one_time_keys_count":`...), counts)
	s.b = appendStrings(append(s.b, `,"device_unused_fallback_key_types":`...), counts.Fallback)
	s.b = append(s.b, '}')
	return nil
}

// knows reports whether the client knows a room as one the reader is in, and whether only since this response.
func (s *sliding) knows(t tie) (known, fresh bool) {
	if t.membership != "join" {
		return false, false
	}
	if had, ok := s.c.acked.room(t.room.NR); ok && had.joined {
		return true, false
	}
	now, ok := s.next.rooms[t.room.NR]
	return ok && now.joined, true
}

func (s *sliding) accountData(ctx context.Context, _ []*wanted) error {
	start := len(s.b)
	s.b = append(s.b, `{"global":[`...)
	open := len(s.b)
	for i := range s.shelf.Entries {
		if d := &s.shelf.Entries[i]; d.Room == "" && d.Pos > s.since.pos {
			s.b = appendData(s.b, open, d)
		}
	}
	if s.ask.Pos == "" {
		var err error
		if s.b, err = s.e.appendRules(ctx, s.b, open, s.who.User, s.shelf); err != nil {
			return err
		}
	}
	some := len(s.b) > open
	s.b = append(s.b, `],"rooms":{`...)
	rooms := len(s.b)
	for _, t := range s.p.all() {
		known, fresh := s.knows(t)
		if !known {
			continue
		}
		mark := len(s.b)
		if mark > rooms {
			s.b = append(s.b, ',')
		}
		s.b = append(appendName(s.b, t.room.ID), `:[`...)
		open := len(s.b)
		for i := range s.shelf.Entries {
			if d := &s.shelf.Entries[i]; d.Room == t.room.ID && (fresh || d.Pos > s.since.pos) {
				s.b = appendData(s.b, open, d)
			}
		}
		if len(s.b) == open {
			s.b = s.b[:mark]
			continue
		}
		s.b = append(s.b, ']')
		some = true
	}
	if !some {
		s.b = s.b[:start]
		return nil
	}
	s.b = append(s.b, "}}"...)
	s.some = true
	return nil
}

// perRoom writes {"rooms":{id: …}} with what write appends for each joined room the client knows of.
func (s *sliding) perRoom(write func(b []byte, l *room.Live, fresh bool) ([]byte, error)) error {
	start := len(s.b)
	s.b = append(s.b, `{"rooms":{`...)
	open := len(s.b)
	for _, t := range s.p.all() {
		known, fresh := s.knows(t)
		if !known {
			continue
		}
		mark := len(s.b)
		if mark > open {
			s.b = append(s.b, ',')
		}
		s.b = append(appendName(s.b, t.room.ID), ':')
		before := len(s.b)
		var err error
		if s.b, err = write(s.b, t.room, fresh); err != nil {
			return err
		}
		if len(s.b) == before {
			s.b = s.b[:mark]
		}
	}
	if len(s.b) == open {
		s.b = s.b[:start]
		return nil
	}
	s.b = append(s.b, "}}"...)
	s.some = true
	return nil
}

func (s *sliding) receipts(ctx context.Context, _ []*wanted) error {
	return s.perRoom(func(b []byte, l *room.Live, fresh bool) ([]byte, error) {
		after := s.since.pos
		if fresh {
			after = 0
		} else if s.e.Receipts.Quiet(l.NR, after) {
			return b, nil
		}
		list, err := s.e.Receipts.Since(ctx, l, after)
		if err != nil {
			return b, err
		}
		if fresh {
			list = s.relevant(l, list)
		}
		return receipt.AppendEvent(b, list, s.who.User), nil
	})
}

// receiptsAll is how many receipts of a room are told without choosing.
const receiptsAll = 200

// relevant leaves, of a room told for the first time, the reader's own receipts and those on its latest events: a room of
// thousands has a receipt of each.
func (s *sliding) relevant(l *room.Live, list []*receipt.Receipt) (out []*receipt.Receipt) {
	if len(list) <= receiptsAll {
		return list
	}
	from := int64(0)
	if latest, ok := l.Latest(20, s.now.pos); ok && len(latest) > 0 {
		from = latest[0].Pos
	}
	for _, r := range list {
		if r.User == s.who.User || r.EventPos >= from {
			out = append(out, r)
		}
	}
	return out
}

func (s *sliding) typing(_ context.Context, _ []*wanted) error {
	return s.perRoom(func(b []byte, l *room.Live, fresh bool) ([]byte, error) {
		users, serial := s.e.Typing.In(l.ID)
		if fresh && len(users) == 0 || !fresh && serial <= s.since.typing {
			return b, nil
		}
		return appendTyping(b, users), nil
	})
}
