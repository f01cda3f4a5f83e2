package relation

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// A column with a plus before it (+room) is one by which the engine shall not look for rows: an event has few relations and a
// room many events, but without statistics SQLite would rather walk through the room.

// spansMost bounds the ranges a statement names. Whoever has come and gone more often sees the relations of the latest.
const spansMost = 200

// within gives the condition that a position lies in one of the spans.
func within(args *[]any, column string, spans room.Spans) string {
	if len(spans) == 0 {
		return "1 = 0"
	}
	spans = spans[max(0, len(spans)-spansMost):]
	var b strings.Builder
	for i, s := range spans {
		if i > 0 {
			b.WriteString(" OR ")
		}
		*args = append(*args, s.From, s.To)
		fmt.Fprintf(&b, "+%s BETWEEN $%d AND $%d", column, len(*args)-1, len(*args))
	}
	return "(" + b.String() + ")"
}

// group is how often one person relates to an event in one way.
type group struct {
	parent, relType, sender string
	count                   int
	last                    int64 // position of the latest
}

func groupsOf(tx *store.Tx, nr int64, parents []string, spans room.Spans) (out []group, err error) {
	args := []any{nr}
	in := store.In(&args, parents)
	rows, err := tx.Query(`SELECT relates, rel_type, sender, count(*), max(pos) FROM event
		WHERE +room = $1 AND relates IN `+in+` AND rel_type IN ('m.thread', 'm.replace', 'm.reference')
		AND `+within(&args, "pos", spans)+` GROUP BY relates, rel_type, sender`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var g group
		if err := rows.Scan(&g.parent, &g.relType, &g.sender, &g.count, &g.last); err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

func eventsAt(tx *store.Tx, rooms *room.Rooms, at []int64) ([]*room.Event, error) {
	if len(at) == 0 {
		return nil, nil
	}
	var args []any
	in := store.In(&args, at)
	return rooms.Events(tx, room.SelectEvents+` WHERE e.pos IN `+in, args...)
}

// editsOf finds the latest edits of each event that look valid; those of the same millisecond together, for it is their
// ids that decide between them, and the engines order text each in their own way.
func editsOf(tx *store.Tx, rooms *room.Rooms, nr int64, parents []string, spans room.Spans) ([]*room.Event, error) {
	args := []any{nr}
	in := store.In(&args, parents)
	return rooms.Events(tx, room.SelectEvents+` WHERE e.pos IN (SELECT pos FROM (
		SELECT c.pos AS pos, rank() OVER (PARTITION BY c.relates ORDER BY c.ts DESC) AS nth
		FROM event c JOIN event o ON o.id = c.relates AND +o.room = +c.room AND o.sender = c.sender AND o.type = c.type
		WHERE +c.room = $1 AND c.relates IN `+in+` AND c.rel_type = 'm.replace'
		AND (c.type = 'm.room.encrypted' OR c.json LIKE '%"m.new_content":{%')
		AND `+within(&args, "c.pos", spans)+`) AS edits WHERE nth <= 3)`, args...)
}

// reference is one event that refers to another.
type reference struct{ parent, id, sender string }

func referencesOf(tx *store.Tx, nr int64, parents []string, spans room.Spans) (out []reference, err error) {
	args := []any{nr}
	in := store.In(&args, parents)
	where := within(&args, "pos", spans)
	args = append(args, referencesMost)
	rows, err := tx.Query(fmt.Sprintf(`SELECT relates, id, sender FROM event
		WHERE +room = $1 AND relates IN %s AND rel_type = 'm.reference' AND %s ORDER BY pos LIMIT $%d`, in, where, len(args)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r reference
		if err := rows.Scan(&r.parent, &r.id, &r.sender); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// childrenOf reads a page of what relates to an event, over several steps if the query's depth says so.
func childrenOf(tx *store.Tx, rooms *room.Rooms, nr int64, q query, spans room.Spans) ([]*room.Event, error) {
	args := []any{nr, q.parent, q.after, q.to, q.limit}
	order := ` ORDER BY e.pos DESC LIMIT $5`
	if q.forward {
		order = ` ORDER BY e.pos LIMIT $5`
	}
	if q.depth == 1 {
		return rooms.Events(tx, room.SelectEvents+` WHERE +e.room = $1 AND e.relates = $2 AND +e.pos > $3 AND +e.pos <= $4`+
			q.each(&args, "e", spans)+order, args...)
	}
	each := q.each(&args, "c", spans)
	args = append(args, q.depth)
	return rooms.Events(tx, room.SelectEvents+fmt.Sprintf(` WHERE e.pos IN (
		WITH RECURSIVE tree (id, pos, depth) AS (
			SELECT c.id, c.pos, 1 FROM event c WHERE +c.room = $1 AND c.relates = $2%[1]s
			UNION ALL
			SELECT c.id, c.pos, t.depth + 1 FROM tree t JOIN event c ON c.relates = t.id WHERE +c.room = $1 AND t.depth < $%[2]d%[1]s
		) SELECT pos FROM tree WHERE pos > $3 AND pos <= $4)`, each, len(args))+order, args...)
}

// each gives the conditions that an event must meet, and every event on the way to it.
func (q *query) each(args *[]any, table string, spans room.Spans) (where string) {
	if q.relType != "" {
		*args = append(*args, q.relType)
		where += fmt.Sprintf(" AND %s.rel_type = $%d", table, len(*args))
	}
	if q.typ != "" {
		*args = append(*args, q.typ)
		where += fmt.Sprintf(" AND %s.type = $%d", table, len(*args))
	}
	return where + " AND " + within(args, table+".pos", spans)
}

// voice is one person's part in one thread.
type voice struct {
	root       string
	rootPos    int64
	rootSender string
	sender     string
	last       int64
}

// voicesOf reads who has written in which thread of a room, and where last.
func voicesOf(tx *store.Tx, nr int64, spans room.Spans) (out []voice, err error) {
	args := []any{nr}
	rows, err := tx.Query(`SELECT o.id, o.pos, o.sender, v.sender, v.last FROM (
			SELECT relates, sender, max(pos) AS last FROM event
			WHERE room = $1 AND rel_type = 'm.thread' AND `+within(&args, "pos", spans)+` GROUP BY relates, sender) AS v
		JOIN event o ON o.id = v.relates WHERE +o.room = $1 AND o.rel_type IS NULL`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v voice
		if err := rows.Scan(&v.root, &v.rootPos, &v.rootSender, &v.sender, &v.last); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// relTypeOf tells how an event of a room relates to another; "" when it does not, or is not there.
func relTypeOf(tx *store.Tx, nr int64, id string) (relType string, err error) {
	rows, err := tx.Query(`SELECT rel_type FROM event WHERE id = $1 AND room = $2 AND rel_type IS NOT NULL`, id, nr)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&relType)
	}
	if err != nil {
		return "", err
	}
	return relType, rows.Err()
}

// annotationsBy gives the keys with which somebody has annotated an event.
func annotationsBy(tx *store.Tx, nr int64, parent, sender, typ string) (out []string, err error) {
	rows, err := tx.Query(`SELECT json FROM event WHERE +room = $1 AND relates = $2 AND rel_type = 'm.annotation' AND sender = $3 AND type = $4`,
		nr, parent, sender, typ)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var json string
		if err := rows.Scan(&json); err != nil {
			return nil, err
		}
		out = append(out, gjson.Get(json, `content.m\.relates_to.key`).Str)
	}
	return out, rows.Err()
}

// kind is one way in which somebody relates to an event.
type kind struct{ parent, relType, sender string }

func kindsOf(tx *store.Tx, nr int64, parents []string, spans room.Spans) (out []kind, err error) {
	args := []any{nr}
	in := store.In(&args, parents)
	rows, err := tx.Query(`SELECT DISTINCT relates, rel_type, sender FROM event WHERE +room = $1 AND relates IN `+in+`
		AND `+within(&args, "pos", spans), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k kind
		if err := rows.Scan(&k.parent, &k.relType, &k.sender); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// standing is what somebody was in a room from a position on.
type standing struct {
	pos        int64
	membership string
}

// standingsOf reads all that somebody has been in a room.
func standingsOf(tx *store.Tx, nr int64, user string) (out []standing, err error) {
	rows, err := tx.Query(`SELECT pos, json FROM event WHERE room = $1 AND type = 'm.room.member' AND state_key = $2 ORDER BY pos`, nr, user)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s standing
		var json string
		if err := rows.Scan(&s.pos, &json); err != nil {
			return nil, err
		}
		s.membership = gjson.Get(json, "content.membership").Str
		out = append(out, s)
	}
	return out, rows.Err()
}
