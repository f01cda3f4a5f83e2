package receipt

import (
	"database/sql"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// put stores a receipt unless a later one is there. What is there is never moved back, whatever memory held.
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

// relationOf gives what an event of a room relates to, and how; empty for what relates to nothing.
func relationOf(tx *store.Tx, nr int64, id string) (relates, relType string, err error) {
	var to, typ sql.NullString
	err = tx.Row(`SELECT relates, rel_type FROM event WHERE id = $1 AND room = $2`, []any{id, nr}, &to, &typ)
	return to.String, typ.String, err
}
