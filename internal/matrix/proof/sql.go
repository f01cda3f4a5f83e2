package proof

import (
	"database/sql"
	"errors"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/store"
)

type roomRow struct {
	nr          int64
	id, version string
}

func roomsAfter(tx *store.Tx, after int64, limit int) (out []roomRow, err error) {
	rows, err := tx.Query(`SELECT nr, id, version FROM room WHERE nr > $1 ORDER BY nr LIMIT $2`, after, limit)
	return out, each(rows, err, func() error {
		var r roomRow
		err := rows.Scan(&r.nr, &r.id, &r.version)
		out = append(out, r)
		return err
	})
}

// each runs a function for each row and closes the rows.
func each(rows store.Rows, err error, scan func() error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

type eventRow struct {
	pos                 int64
	id, typ, sender     string
	stateKey            string
	isState             bool
	ts                  int64
	json                []byte
	replaces            int64  // position; 0: none
	redactedBy          int64  // position; 0: not redacted
	redactionOf         string // what the redaction redacts
	redaction, stateful sql.NullString
}

func eventsAfter(tx *store.Tx, room, after int64, limit int) (out []eventRow, err error) {
	rows, err := tx.Query(`SELECT e.pos, e.id, e.type, e.sender, e.state_key, e.ts, e.json, COALESCE(e.replaces, 0),
			COALESCE(e.redacted_by, 0), r.json
		FROM event e LEFT JOIN event r ON r.pos = e.redacted_by AND r.room = e.room AND r.type = 'm.room.redaction'
		WHERE e.room = $1 AND e.pos > $2 ORDER BY e.pos LIMIT $3`, room, after, limit)
	return out, each(rows, err, func() error {
		var e eventRow
		var json string
		err := rows.Scan(&e.pos, &e.id, &e.typ, &e.sender, &e.stateful, &e.ts, &json, &e.replaces, &e.redactedBy, &e.redaction)
		e.json, e.stateKey, e.isState = []byte(json), e.stateful.String, e.stateful.Valid
		e.redactionOf = gjson.Get(e.redaction.String, "content.redacts").Str
		out = append(out, e)
		return err
	})
}

func stateOf(tx *store.Tx, room int64) (map[slot]standing, error) {
	out := map[slot]standing{}
	rows, err := tx.Query(`SELECT type, state_key, pos FROM state WHERE room = $1`, room)
	return out, each(rows, err, func() error {
		var at slot
		var is standing
		err := rows.Scan(&at.typ, &at.key, &is.pos)
		out[at] = is
		return err
	})
}

func membersOf(tx *store.Tx, room int64) (map[slot]standing, error) {
	out := map[slot]standing{}
	rows, err := tx.Query(`SELECT user_id, membership, pos FROM member WHERE room = $1`, room)
	return out, each(rows, err, func() error {
		at := slot{typ: "m.room.member"}
		var is standing
		err := rows.Scan(&at.key, &is.membership, &is.pos)
		out[at] = is
		return err
	})
}

func straysOf(tx *store.Tx, limit int, found func(id string, pos int64)) error {
	rows, err := tx.Query(`SELECT e.id, e.pos FROM event e LEFT JOIN room r ON r.nr = e.room WHERE r.nr IS NULL ORDER BY e.pos LIMIT $1`, limit)
	return each(rows, err, func() error {
		var id string
		var pos int64
		err := rows.Scan(&id, &pos)
		found(id, pos)
		return err
	})
}

// lastRecord gives the number of the audit record that ends the next span to look at.
func lastRecord(tx *store.Tx, after int64, limit int) (last int64, err error) {
	err = tx.Row(`SELECT COALESCE(MAX(seq), $1) FROM audit WHERE seq > $1 AND seq <= $2`, []any{after, after + int64(limit)}, &last)
	return last, err
}

func missingEvents(tx *store.Tx, after, last int64, found func(id string, seq int64)) error {
	rows, err := tx.Query(`SELECT a.object, a.seq FROM audit a LEFT JOIN event e ON e.id = a.object
		WHERE a.seq > $1 AND a.seq <= $2 AND a.action = 'room.append' AND e.id IS NULL ORDER BY a.seq`, after, last)
	return each(rows, err, func() error {
		var id string
		var seq int64
		err := rows.Scan(&id, &seq)
		found(id, seq)
		return err
	})
}
