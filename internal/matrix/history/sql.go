package history

import (
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// membersAt reads the memberships of some people as they were at a position.
func membersAt(tx *store.Tx, rooms *room.Rooms, nr int64, users []string, at int64) ([]*room.Event, error) {
	args := []any{nr, at}
	in := store.In(&args, users)
	return rooms.Events(tx, room.SelectEvents+` WHERE e.pos IN (SELECT max(pos) FROM event
		WHERE room = $1 AND pos <= $2 AND type = 'm.room.member' AND state_key IN `+in+` GROUP BY state_key)`, args...)
}

// plainStateAt reads a room's state as it was at a position, without its members.
func plainStateAt(tx *store.Tx, rooms *room.Rooms, nr, at int64) ([]*room.Event, error) {
	return rooms.Events(tx, room.SelectEvents+` WHERE e.pos IN (SELECT max(pos) FROM event
		WHERE room = $1 AND pos <= $2 AND type <> 'm.room.member' AND state_key IS NOT NULL GROUP BY type, state_key)`, nr, at)
}

// timeFrom gives the time of a room's first event at or after a position; errs.NotFound when there is none.
func timeFrom(tx *store.Tx, nr, pos int64) (ts int64, err error) {
	err = tx.Row(`SELECT ts FROM event WHERE room = $1 AND pos >= $2 ORDER BY pos LIMIT 1`, []any{nr, pos}, &ts)
	return ts, err
}
