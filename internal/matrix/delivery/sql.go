package delivery

import (
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// put stores a mark unless a later one is there: two nodes may tell of two devices of one person in either order.
func put(tx *store.Tx, m *Mark) error {
	return tx.Exec(`INSERT INTO delivery (room, user_id, event_id, event_pos, ts) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (room, user_id) DO UPDATE SET event_id = excluded.event_id, event_pos = excluded.event_pos, ts = excluded.ts
		WHERE delivery.event_pos < excluded.event_pos`, m.roomNR, m.User, m.EventID, m.EventPos, m.TS)
}

func all(tx *store.Tx, l *room.Live) (out []*Mark, err error) {
	rows, err := tx.Query(`SELECT user_id, event_id, event_pos, ts FROM delivery WHERE room = $1 ORDER BY user_id`, l.NR)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		m := &Mark{roomNR: l.NR}
		if err := rows.Scan(&m.User, &m.EventID, &m.EventPos, &m.TS); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, rows.Err()
}
