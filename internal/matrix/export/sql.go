package export

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/wardline/wardline/internal/platform/store"
)

// selection is a query with one argument.
type selection struct {
	name, query string
	arg         any
}

// place is where an event stands in an export: by room, then by position.
type place struct{ room, pos int64 }

type eventRow struct {
	place
	id, roomID, typ, sender string
	stateKey                sql.NullString
	ts                      int64
	json                    string
	redaction, redactionID  string // the redaction of the event; empty: none
}

const selectEvents = `SELECT e.room, e.pos, e.id, r.id, e.type, e.sender, e.state_key, e.ts, e.json, COALESCE(b.json, ''), COALESCE(b.id, '')
	FROM event e JOIN room r ON r.nr = e.room LEFT JOIN event b ON b.pos = e.redacted_by
	WHERE (e.room, e.pos) > ($1, $2) AND `

func roomEvents(nr int64) selection {
	return selection{query: selectEvents + `e.room = $3 ORDER BY e.room, e.pos LIMIT $4`, arg: nr}
}

func personEvents(user string) selection {
	return selection{
		query: selectEvents + `(e.sender = $3 OR e.type = 'm.room.member' AND e.state_key = $3) ORDER BY e.room, e.pos LIMIT $4`, arg: user,
	}
}

func eventsAfter(tx *store.Tx, s selection, after place, limit int) (out []eventRow, err error) {
	rows, err := tx.Query(s.query, after.room, after.pos, s.arg, limit)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var e eventRow
		err := rows.Scan(&e.room, &e.pos, &e.id, &e.roomID, &e.typ, &e.sender, &e.stateKey, &e.ts, &e.json, &e.redaction, &e.redactionID)
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		out = append(out, e)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

type roomRow struct {
	nr int64
	id string
}

// roomCalled finds a room by its id or an alias.
func roomCalled(tx *store.Tx, idOrAlias string) (r roomRow, err error) {
	err = tx.Row(`SELECT nr, id FROM room WHERE id = $1 OR nr = (SELECT room FROM alias WHERE alias = $1)`, []any{idOrAlias}, &r.nr, &r.id)
	return r, err
}

// known finds out whether there is, or was, such a person.
func known(tx *store.Tx, user string) error {
	var id string
	return tx.Row(`SELECT user_id FROM account WHERE user_id = $1`, []any{user}, &id)
}

type mediaRow struct{ id, hash, typ, name string }

func roomMedia(id string) selection {
	return selection{arg: id, query: `SELECT DISTINCT m.id, m.hash, m.type, m.name FROM media m JOIN media_link l ON l.media_id = m.id
		WHERE l.room_id = $1 AND m.hash <> '' ORDER BY m.id`}
}

func personMedia(user string) selection {
	return selection{arg: user, query: `SELECT id, hash, type, name FROM media WHERE user_id = $1 AND hash <> '' ORDER BY id`}
}

func mediaOf(tx *store.Tx, s selection) (out []mediaRow, err error) {
	rows, err := tx.Query(s.query, s.arg)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var m mediaRow
		if err := rows.Scan(&m.id, &m.hash, &m.typ, &m.name); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		out = append(out, m)
	}
	return out, errors.Join(rows.Err(), rows.Close())
}

// personRows is what a table of the catalog holds about one person.
func personRows(table string) string { return `SELECT * FROM ` + table + ` WHERE user_id = $1` }

func personAudit(user string) selection {
	return selection{name: "audit", arg: user, query: `SELECT seq, ts, actor, device, addr, action, object, detail FROM audit
		WHERE actor = $1 OR object = $1 ORDER BY seq`}
}

func rowsOf(tx *store.Tx, s selection, fn func(columns []string, values []any) error) (err error) {
	rows, err := tx.Query(s.query, s.arg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	with, ok := rows.(interface{ Columns() ([]string, error) })
	if !ok {
		return fmt.Errorf("export: rows of type %T", rows)
	}
	columns, err := with.Columns()
	if err != nil {
		return err
	}
	values, dest := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := fn(columns, values); err != nil {
			return err
		}
	}
	return rows.Err()
}
