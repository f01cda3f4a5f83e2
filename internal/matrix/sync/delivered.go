package sync

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/delivery"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// received notes that a device has what a response of sliding sync told: its client has come back with the response's pos.
func (e *Engine) received(p *person, t *told) {
	for nr, r := range t.rooms {
		if in, ok := p.in(nr); ok && r.joined && in.membership == "join" {
			e.Delivery.Note(in.room, p.id, r.pos)
		}
	}
}

// receivedAll notes that a device has everything up to a token of /v3/sync.
func (e *Engine) receivedAll(p *person, to int64) {
	before := p.received.Load()
	if to <= before || !p.received.CompareAndSwap(before, to) {
		return
	}
	for _, t := range p.all() {
		if t.membership == "join" && t.room.Last() > before {
			e.Delivery.Note(t.room, p.id, to)
		}
	}
}

// senders tells those whose messages have arrived somewhere. The caller holds mu.
func (e *Engine) senders(c store.Change, concerned []*person) []*person {
	news, ok := c.Body.(*delivery.News)
	if !ok {
		return concerned
	}
	for _, user := range news.Senders {
		if p := e.persons[user]; p != nil {
			concerned = p.tell(c.Pos, concerned)
		}
	}
	return concerned
}

// delivered tells how far the messages of the rooms subscribed to have come with their members, as it happens.
func (s *sliding) delivered(_ context.Context, _ []*wanted) error {
	return s.perRoom(func(b []byte, l *room.Live, fresh bool) ([]byte, error) {
		if _, open := s.ask.Subscriptions[l.ID]; !open || s.since.pos == 0 {
			return b, nil
		}
		if marks := s.e.Delivery.Since(l, s.since.pos); len(marks) > 0 {
			return delivery.AppendMarks(b, marks), nil
		}
		return b, nil
	})
}
