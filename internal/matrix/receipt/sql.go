package receipt

import (
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

func put(tx *store.Tx, r *Receipt) error {
	return tx.Exec(`INSERT INTO receipt (room, user_id, type, thread, event_id, event_pos, ts, pos)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (room, user_id, type, thread) DO UPDATE SET
			event_id = excluded.event_id, event_pos = excluded.event_pos, ts = excluded.ts, pos = excluded.pos
		WHERE receipt.event_pos < excluded.event_pos`,
		r.RoomNR, r.User, r.Type, r.Thread, r.EventID, r.EventPos, r.TS, r.Pos)
}

func all(tx *store.Tx, l *room.Live) (out []*Receipt, err error) {
	rows, err := tx.Query(`SELECT user_id, type, thread, event_id, event_pos, ts, pos FROM receipt WHERE room = $1`, l.NR)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := &Receipt{RoomNR: l.NR, RoomID: l.ID}
		if err := rows.Scan(&r.User, &r.Type, &r.Thread, &r.EventID, &r.EventPos, &r.TS, &r.Pos); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}
