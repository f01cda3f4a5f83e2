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

func publishedRooms(tx *store.Tx) (out []int64, err error) {
	rows, err := tx.Query(`SELECT room FROM published ORDER BY room`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var nr int64
		if err := rows.Scan(&nr); err != nil {
			return nil, err
		}
		out = append(out, nr)
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
