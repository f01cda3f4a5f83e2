package delivery

import (
	"strconv"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// Bounds of what is remembered for those who wait: rooms with news, and news of one room.
const (
	newsRooms = 20_000
	newsMost  = 64
)

// follow remembers the news of a batch for those who sync. Those of another node come without what they say: who asks for
// the room as a whole is told, and nobody is woken.
func (l *Ledger) follow(b store.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.Gap {
		clear(l.latest)
		l.after = b.To
	}
	for _, c := range b.Changes {
		n, ok := c.Body.(*News)
		if c.Kind != Kind || !ok || len(n.Senders) == 0 {
			continue
		}
		if len(l.latest) >= newsRooms {
			clear(l.latest)
			l.after = n.Pos - 1
		}
		list := append(l.latest[n.RoomNR], n)
		l.latest[n.RoomNR] = list[max(0, len(list)-newsMost):]
	}
}

// Since gives the marks of a room that were written after a position, the latest of each person, in order. Only what
// happened lately is known: whoever was away asks for the room as a whole.
func (l *Ledger) Since(in *room.Live, after int64) (out []*Mark) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := map[string]int{}
	for _, n := range l.latest[in.NR] {
		if n.Pos <= after {
			continue
		}
		for _, m := range n.Marks {
			if i, ok := at[m.User]; ok {
				out[i] = m
				continue
			}
			at[m.User] = len(out)
			out = append(out, m)
		}
	}
	return out
}

// AppendMarks writes marks as an object: {user: {"event_id": …, "ts": …}}.
func AppendMarks(b []byte, marks []*Mark) []byte {
	b = append(b, '{')
	for i, m := range marks {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(room.AppendString(b, m.User), `:{"event_id":`...)
		b = append(room.AppendString(b, m.EventID), `,"ts":`...)
		b = append(strconv.AppendInt(b, m.TS, 10), '}')
	}
	return append(b, '}')
}
