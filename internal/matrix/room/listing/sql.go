package listing

import (
	"database/sql"
	"errors"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

func aliasTaken(tx *store.Tx, alias string) (bool, error) {
	var n int
	err := tx.Row(`SELECT count(*) FROM alias WHERE alias = $1`, []any{alias}, &n)
	return n > 0, err
}

func insertAlias(tx *store.Tx, alias string, room int64, creator string, now int64) error {
	return tx.Exec(`INSERT INTO alias (alias, room, creator, created) VALUES ($1, $2, $3, $4)`, alias, room, creator, now)
}

func deleteAlias(tx *store.Tx, alias string) error {
	return tx.Exec(`DELETE FROM alias WHERE alias = $1`, alias)
}

func readAlias(tx *store.Tx, alias string) (room int64, creator string, err error) {
	err = tx.Row(`SELECT room, creator FROM alias WHERE alias = $1`, []any{alias}, &room, &creator)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, "", errs.Absent("There is no conversation of that name.")
	}
	return room, creator, err
}

func aliasesOf(tx *store.Tx, room int64) ([]string, error) {
	return texts(tx, `SELECT alias FROM alias WHERE room = $1 ORDER BY alias`, room)
}

func texts(tx *store.Tx, query string, args ...any) (out []string, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

func putPublished(tx *store.Tx, room int64, listed bool) error {
	if listed {
		return tx.Exec(`INSERT INTO published (room) VALUES ($1) ON CONFLICT (room) DO NOTHING`, room)
	}
	return tx.Exec(`DELETE FROM published WHERE room = $1`, room)
}

func isPublished(tx *store.Tx, room int64) (bool, error) {
	var n int
	err := tx.Row(`SELECT count(*) FROM published WHERE room = $1`, []any{room}, &n)
	return n > 0, err
}

func countPublished(tx *store.Tx) (n int, err error) {
	err = tx.Row(`SELECT count(*) FROM published`, nil, &n)
	return n, err
}

// Statements that begin after a place of the list ($1 members, $2 room), or end before it.
const (
	publishedRanks = `SELECT p.room, count(m.room) AS joined FROM published p LEFT JOIN member m ON m.room = p.room AND m.membership = 'join'
		GROUP BY p.room HAVING count(m.room) `
	publishedAfter  = publishedRanks + `< $1 OR count(m.room) = $1 AND p.room > $2 ORDER BY joined DESC, p.room LIMIT $3`
	publishedBefore = publishedRanks + `> $1 OR count(m.room) = $1 AND p.room < $2 ORDER BY joined, p.room DESC LIMIT $3`
)

// publishedFrom gives up to n places of the list from a cursor on, in its direction.
func publishedFrom(tx *store.Tx, from cursor, n int) (out []ranked, err error) {
	query := publishedAfter
	if from.back {
		query = publishedBefore
	}
	rows, err := tx.Query(query, from.at.joined, from.at.room, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r ranked
		if err := rows.Scan(&r.room, &r.joined); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// labelsOf reads what rooms are searched by, by number.
func labelsOf(tx *store.Tx, places []ranked) (map[int64]label, error) {
	numbers := make([]int64, len(places))
	for i, p := range places {
		numbers[i] = p.room
	}
	var args []any
	rows, err := tx.Query(`SELECT s.room, s.type, e.json FROM state s JOIN event e ON e.pos = s.pos WHERE s.room IN `+store.In(&args, numbers)+`
		AND s.type IN ('m.room.name', 'm.room.topic', 'm.room.canonical_alias', 'm.room.create') AND s.state_key = ''`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[int64]label, len(places))
	for rows.Next() {
		var nr int64
		var typ, pdu string
		if err := rows.Scan(&nr, &typ, &pdu); err != nil {
			return nil, err
		}
		l := out[nr]
		l.add(typ, pdu)
		out[nr] = l
	}
	return out, rows.Err()
}

// moveListing gives the aliases and the listing of a replaced room to its successor.
func moveListing(tx *store.Tx, from, to int64) error {
	if err := tx.Exec(`UPDATE alias SET room = $1 WHERE room = $2`, to, from); err != nil {
		return err
	}
	return tx.Exec(`UPDATE published SET room = $1 WHERE room = $2`, to, from)
}
