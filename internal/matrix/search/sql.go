package search

import (
	"fmt"
	"strings"

	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// dialect is what the two databases say differently.
type dialect struct {
	put    string                 // $1 position, $2 words, $3 place, $4 sender, $5 edit
	remove string                 // $1 position
	hits   string                 // $1 match, $2 highest position, $3 limit
	match  func(q *query) string  // the query in the database's own language
	args   func(args []any) []any // what put takes
}

func dialectOf(db *store.DB) *dialect {
	if db.Engine() == "postgres" {
		return &postgres
	}
	return &sqlite
}

// hit is a text that has the words searched for, newest first.
type hit struct {
	pos, room int64
	sender    string
	typ       string
	words     string
	edited    int64
	rank      float64
}

func hitsOf(tx *store.Tx, d *dialect, match string, from int64, limit int) (out []hit, err error) {
	rows, err := tx.Search(d.hits, match, from, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var h hit
		var at string
		if err := rows.Scan(&h.pos, &h.edited, &h.words, &at, &h.sender); err != nil {
			return nil, err
		}
		if h.room, h.typ, err = parsePlace(at); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

func eventsAt(tx *store.Tx, rooms *room.Rooms, at []int64) ([]*room.Event, error) {
	var args []any
	in := store.In(&args, at)
	return rooms.Events(tx, room.SelectEvents+` WHERE e.pos IN `+in, args...)
}

func put(tx *store.Tx, d *dialect, pos int64, words, place, sender string, edited int64) error {
	return tx.Exec(d.put, d.args([]any{pos, words, place, sender, edited})...)
}

func remove(tx *store.Tx, d *dialect, pos int64) error { return tx.Exec(d.remove, pos) }

func putEdit(tx *store.Tx, edit string, original int64) error {
	return tx.Exec(`INSERT INTO search_edit (edit, original) VALUES ($1, $2) ON CONFLICT (edit) DO NOTHING`, edit, original)
}

func removeEdit(tx *store.Tx, edit string) error {
	return tx.Exec(`DELETE FROM search_edit WHERE edit = $1`, edit)
}

// redactedIn finds an event of a room, and the event that it is an edit of; 0: none.
func redactedIn(tx *store.Tx, nr int64, id string) (pos, original int64, err error) {
	err = tx.Row(`SELECT e.pos, COALESCE(s.original, 0) FROM event e LEFT JOIN search_edit s ON s.edit = e.id
		WHERE e.id = $1 AND e.room = $2`, []any{id, nr}, &pos, &original)
	return pos, original, err
}

// writing is what the index needs to know of an event.
type writing struct {
	pos, room int64
	id, typ   string
	state     bool
	sender    string
	ts        int64
	content   []byte
	relates   string
	relType   string
	redacted  bool
}

const selectWritings = `SELECT pos, room, id, type, state_key IS NOT NULL, sender, ts, json, COALESCE(relates, ''), COALESCE(rel_type, ''),
	redacted_by IS NOT NULL FROM event`

func writings(tx *store.Tx, query string, args ...any) (out []writing, err error) {
	rows, err := tx.Search(selectWritings+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var w writing
		var json string
		err := rows.Scan(&w.pos, &w.room, &w.id, &w.typ, &w.state, &w.sender, &w.ts, &json, &w.relates, &w.relType, &w.redacted)
		if err != nil {
			return nil, err
		}
		w.content = contentOf(json)
		out = append(out, w)
	}
	return out, rows.Err()
}

// Conditions that follow selectWritings.
const (
	whereID  = ` WHERE id = $1 AND room = $2`
	wherePos = ` WHERE pos = $1`
	// Those of the same millisecond are told apart by their ids in Go.
	whereEdits = ` WHERE room = $1 AND relates = $2 AND rel_type = 'm.replace' AND redacted_by IS NULL AND sender = $3 AND type = $4
		ORDER BY ts DESC LIMIT $5`
	whereSpan = ` WHERE pos > $1 AND pos <= $2 AND type IN ('m.room.message', 'm.room.name', 'm.room.topic') ORDER BY pos LIMIT $3`
)

// editedAmong gives which of some events have edits.
func editedAmong(tx *store.Tx, ids []string) (out []string, err error) {
	var args []any
	rows, err := tx.Query(`SELECT DISTINCT relates FROM event WHERE rel_type = 'm.replace' AND relates IN `+store.In(&args, ids), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// progress says how far the events up to a position are indexed; errs.NotFound in a database that has no index yet.
func progress(tx *store.Tx) (done, upto int64, err error) {
	err = tx.Row(`SELECT done, upto FROM search_progress`, nil, &done, &upto)
	return done, upto, err
}

func putProgress(tx *store.Tx, done, upto int64) error {
	return tx.Exec(`INSERT INTO search_progress (one, done, upto) VALUES (1, $1, $2)
		ON CONFLICT (one) DO UPDATE SET done = excluded.done, upto = excluded.upto`, done, upto)
}

// people reads who may be found: all whose account has not been deactivated, or only some of them.
func people(tx *store.Tx, users []string) (out []Person, err error) {
	var args []any
	query := `SELECT a.user_id, COALESCE(n.value, ''), COALESCE(p.value, ''), COALESCE(j.value, ''), COALESCE(w.value, '') FROM account a
		LEFT JOIN profile n ON n.user_id = a.user_id AND n.field = 'displayname'
		LEFT JOIN profile p ON p.user_id = a.user_id AND p.field = 'avatar_url'
		LEFT JOIN profile j ON j.user_id = a.user_id AND j.field = '` + profile.Job + `'
		LEFT JOIN profile w ON w.user_id = a.user_id AND w.field = '` + profile.Ward + `'
		WHERE a.deactivated = 0`
	if users != nil {
		query += ` AND a.user_id IN ` + store.In(&args, users)
	}
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("search: reading the directory: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p Person
		var display, avatar, job, ward string
		if err := rows.Scan(&p.User, &display, &avatar, &job, &ward); err != nil {
			return nil, err
		}
		p.Name, p.Avatar, p.Job, p.Ward = unquote(display), unquote(avatar), unquote(job), unquote(ward)
		out = append(out, p)
	}
	return out, rows.Err()
}

// each joins what form gives for each value.
func each[T any](values []T, separator string, form func(T) string) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(form(v))
	}
	return b.String()
}
