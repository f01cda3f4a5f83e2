package room

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// roomRow is a room with its last event.
type roomRow struct {
	nr      int64
	id      string
	version matrix.RoomVersion
	head    headLink
}

const selectRoom = `SELECT r.nr, r.id, r.version, e.pos, e.id, e.json
	FROM room r JOIN event e ON e.pos = (SELECT max(pos) FROM event WHERE room = r.nr)`

func roomByID(tx *store.Tx, id string) (roomRow, error) {
	return scanRoom(tx, selectRoom+` WHERE r.id = $1`, id)
}

func roomByNumber(tx *store.Tx, nr int64) (roomRow, error) {
	return scanRoom(tx, selectRoom+` WHERE r.nr = $1`, nr)
}

func scanRoom(tx *store.Tx, query string, arg any) (row roomRow, err error) {
	var last string
	err = tx.Row(query, []any{arg}, &row.nr, &row.id, &row.version, &row.head.pos, &row.head.id, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return row, errs.Absent("There is no such conversation.")
	}
	row.head.depth = gjson.Get(last, "depth").Int()
	return row, err
}

func insertRoom(tx *store.Tx, l *Live) error {
	return tx.Exec(`INSERT INTO room (nr, id, version) VALUES ($1, $2, $3)`, l.NR, l.ID, string(l.Version))
}

func insertEvent(tx *store.Tx, l *Live, ev *Event) error {
	var replaces, stateKey, relates, relType, device, txnID, txn any
	if ev.Replaces != nil {
		replaces = ev.Replaces.Pos
	}
	if ev.StateKey != nil {
		stateKey = *ev.StateKey
	}
	if ev.Relates != "" {
		relates, relType = ev.Relates, ev.RelType
	}
	if ev.txn != nil {
		device, txnID, txn = ev.Device, ev.TxnID, ev.txn
	}
	return tx.Exec(`INSERT INTO event (pos, room, id, type, state_key, sender, ts, json, relates, rel_type, replaces, device, txn_id, txn)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		ev.Pos, l.NR, ev.ID, ev.Type, stateKey, ev.Sender, ev.TS, string(ev.JSON), relates, relType, replaces, device, txnID, txn)
}

func putState(tx *store.Tx, l *Live, ev *Event) error {
	err := tx.Exec(`INSERT INTO state (room, type, state_key, pos) VALUES ($1, $2, $3, $4)
		ON CONFLICT (room, type, state_key) DO UPDATE SET pos = excluded.pos`, l.NR, ev.Type, *ev.StateKey, ev.Pos)
	if err != nil || ev.Type != "m.room.member" {
		return err
	}
	return tx.Exec(`INSERT INTO member (user_id, room, membership, pos) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, room) DO UPDATE SET membership = excluded.membership, pos = excluded.pos, forgotten = 0`,
		*ev.StateKey, l.NR, ev.Membership(), ev.Pos)
}

// Columns of an event as the server holds it, with the event it replaced (p) and the redaction of it (r).
const (
	eventColumns = `e.pos, e.room, e.type, e.state_key, e.sender, e.ts, e.id, e.json, e.relates, e.rel_type, e.device, e.txn_id,
		p.id, p.json, r.pos, r.id, r.sender, r.ts, r.json`
	eventJoins = ` LEFT JOIN event p ON p.pos = e.replaces LEFT JOIN event r ON r.pos = e.redacted_by `
)

// SelectEvents begins a query for events; a WHERE clause on e follows, and ScanEvents reads the result.
const SelectEvents = `SELECT ` + eventColumns + ` FROM event e` + eventJoins

// Events runs a query that begins with SelectEvents. Rooms are found by number: all of them must be known to rs.
func (rs *Rooms) Events(tx *store.Tx, query string, args ...any) ([]*Event, error) {
	return scanEvents(tx, rs.known(tx), query, args...)
}

// known finds the room of a row: in memory, or else from the database in the same transaction.
func (rs *Rooms) known(tx *store.Tx) func(nr int64) (*Live, error) {
	return func(nr int64) (*Live, error) {
		rs.mu.RLock()
		l := rs.byNR[nr]
		rs.mu.RUnlock()
		if l != nil {
			return l, nil
		}
		return rs.lookIn(tx, func(tx *store.Tx) (roomRow, error) { return roomByNumber(tx, nr) })
	}
}

func scanEvents(tx *store.Tx, room func(int64) (*Live, error), query string, args ...any) (out []*Event, err error) {
	type scanned struct {
		ev *Event
		nr int64
	}
	var all []scanned
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		ev, nr, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, scanned{ev, nr})
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close() // before the next query on the same connection
	for _, s := range all {
		l, err := room(s.nr)
		if err != nil {
			return nil, err
		}
		out = append(out, s.ev.in(l))
	}
	return out, nil
}

func scanEvent(rows store.Rows) (*Event, int64, error) {
	ev := &Event{}
	var nr int64
	var pid, pjson, rid, rsender, rjson, relates, relType, device, txn, json sql.NullString
	var rpos, rts sql.NullInt64
	err := rows.Scan(&ev.Pos, &nr, &ev.Type, &ev.StateKey, &ev.Sender, &ev.TS, &ev.ID, &json, &relates, &relType, &device, &txn,
		&pid, &pjson, &rpos, &rid, &rsender, &rts, &rjson)
	if err != nil {
		return nil, 0, err
	}
	ev.JSON = []byte(json.String)
	ev.Relates, ev.RelType, ev.Device, ev.TxnID = relates.String, relType.String, device.String, txn.String
	if pid.Valid {
		ev.Replaces = &Event{Event: matrix.Event{ID: pid.String, Content: content(pjson.String)}}
	}
	if rpos.Valid {
		r := &Event{Pos: rpos.Int64, Event: matrix.Event{ID: rid.String, Type: "m.room.redaction", Sender: rsender.String, TS: rts.Int64, JSON: []byte(rjson.String)}}
		ev.RedactedBecause = r
	}
	return ev, nr, nil
}

// in completes an event read from the database: its room, and the form clients are given.
func (e *Event) in(l *Live) *Event {
	e.Room, e.RoomID = l, l.ID
	if r := e.RedactedBecause; r != nil {
		r.in(l)
	}
	e.Content = content(string(e.JSON))
	e.Depth = gjson.GetBytes(e.JSON, "depth").Int()
	if e.Type == "m.room.redaction" {
		e.Redacts = gjson.GetBytes(e.Content, "redacts").Str
	}
	e.serialise()
	e.settle()
	return e
}

func content(pdu string) []byte {
	if raw := gjson.Get(pdu, "content").Raw; raw != "" {
		return []byte(raw)
	}
	return []byte("{}")
}

// readSnapshot reads a room's state and latest timeline.
func readSnapshot(tx *store.Tx, l *Live) (*snapshot, error) {
	here := func(int64) (*Live, error) { return l, nil }
	s := &snapshot{state: map[StateKey]*Event{}}
	state, err := scanEvents(tx, here, `SELECT `+eventColumns+` FROM state s JOIN event e ON e.pos = s.pos`+eventJoins+` WHERE s.room = $1`, l.NR)
	if err != nil {
		return nil, err
	}
	byPos := make(map[int64]*Event, len(state))
	for _, ev := range state {
		byPos[ev.Pos] = ev
		s.state[StateKey{Type: ev.Type, Key: *ev.StateKey}] = ev
		s.count(ev, 1)
	}
	latest, err := scanEvents(tx, here, SelectEvents+` WHERE e.room = $1 ORDER BY e.pos DESC LIMIT $2`, l.NR, timelineKeep)
	if err != nil {
		return nil, err
	}
	s.timeline = make([]*Event, 0, timelineMost+1)
	for i := len(latest) - 1; i >= 0; i-- {
		ev := latest[i]
		if same := byPos[ev.Pos]; same != nil {
			ev = same
		}
		s.timeline = append(s.timeline, ev)
	}
	if len(latest) == timelineKeep {
		s.after = s.timeline[0].Pos - 1
	}
	s.parseLevels(l)
	return s, nil
}

// readSpan reads the events of a span that another node committed.
func (rs *Rooms) readSpan(b store.Batch) (store.Batch, error) {
	// A room first seen here was created by the other node, perhaps in this very span.
	var events []*Event
	err := rs.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		events, err = rs.Events(tx, SelectEvents+` WHERE e.pos > $1 AND e.pos <= $2 ORDER BY e.pos`, b.From, b.To)
		return err
	})
	if err != nil {
		return b, err
	}
	merged := make([]store.Change, 0, len(events)+len(b.Changes))
	for _, ev := range events {
		for len(b.Changes) > 0 && b.Changes[0].Pos < ev.Pos {
			merged, b.Changes = append(merged, b.Changes[0]), b.Changes[1:]
		}
		merged = append(merged, store.Change{Pos: ev.Pos, Kind: "event", Scope: ev.RoomID, Body: ev})
	}
	b.Changes = append(merged, b.Changes...)
	return b, nil
}

// byTxn finds the event a transaction has already appended; errs.NotFound when there is none.
func byTxn(tx *store.Tx, key []byte) (id string, err error) {
	err = tx.Row(`SELECT id FROM event WHERE txn = $1`, []any{key}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errs.Absent("No such transaction.")
	}
	return id, err
}

// readChanges reads what decides who may read a room: its history visibilities and one person's memberships.
func readChanges(tx *store.Tx, nr int64, user string) ([]change, error) {
	rows, err := tx.Query(`SELECT pos, type, json FROM event WHERE room = $1 AND type = 'm.room.history_visibility' AND state_key = ''
		UNION ALL SELECT pos, type, json FROM event WHERE room = $1 AND type = 'm.room.member' AND state_key = $2
		ORDER BY pos`, nr, user)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []change{{pos: nr}}
	for rows.Next() {
		var c change
		var typ, json string
		if err := rows.Scan(&c.pos, &typ, &json); err != nil {
			return nil, err
		}
		if typ == "m.room.member" {
			c.membership = gjson.Get(json, "content.membership").Str
		} else if c.visibility = gjson.Get(json, "content.history_visibility").Str; c.visibility == "" {
			c.visibility = "shared"
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// hasForgotten reports whether a person has forgotten a room.
func hasForgotten(tx *store.Tx, nr int64, user string) (forgotten bool, err error) {
	var f int64
	err = tx.Row(`SELECT forgotten FROM member WHERE user_id = $1 AND room = $2`, []any{user, nr}, &f)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return f != 0, err
}

// redactable finds an event of a room that has not been redacted yet.
func redactable(tx *store.Tx, room int64, id string) (pos int64, pdu []byte, err error) {
	var json string
	err = tx.Row(`SELECT pos, json FROM event WHERE id = $1 AND room = $2 AND redacted_by IS NULL`, []any{id, room}, &pos, &json)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil, errs.Absent("There is no such event.")
	}
	return pos, []byte(json), err
}

func putRedacted(tx *store.Tx, pos int64, pdu []byte, by int64) error {
	return tx.Exec(`UPDATE event SET json = $1, redacted_by = $2, relates = NULL, rel_type = NULL WHERE pos = $3`, string(pdu), by, pos)
}

func setForgotten(tx *store.Tx, room int64, user string) error {
	return tx.Exec(`UPDATE member SET forgotten = 1 WHERE user_id = $1 AND room = $2`, user, room)
}

func membershipsOf(tx *store.Tx, user string) (out []Membership, err error) {
	rows, err := tx.Query(`SELECT m.room, r.id, m.membership, m.pos FROM member m JOIN room r ON r.nr = m.room
		WHERE m.user_id = $1 AND m.forgotten = 0 ORDER BY m.pos`, user)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var m Membership
		if err := rows.Scan(&m.Room, &m.RoomID, &m.Membership, &m.Pos); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, rows.Err()
}

func numbers(tx *store.Tx, query string, args ...any) ([]int64, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var nr int64
		if err := rows.Scan(&nr); err != nil {
			return nil, err
		}
		out = append(out, nr)
	}
	return out, rows.Err()
}

// Conditions that follow SelectEvents.
const (
	whereID      = ` WHERE e.id = $1 AND e.room = $2`
	whereStateAt = ` WHERE e.pos IN (SELECT max(pos) FROM event WHERE room = $1 AND state_key IS NOT NULL AND pos <= $2
		GROUP BY type, state_key) ORDER BY e.pos`
	whereStateEventAt = ` WHERE e.room = $1 AND e.type = $2 AND e.state_key = $3 AND e.pos <= $4 ORDER BY e.pos DESC LIMIT 1`
	whereStateChanged = ` WHERE e.pos IN (SELECT max(pos) FROM event WHERE room = $1 AND state_key IS NOT NULL AND pos > $2 AND pos <= $3
		GROUP BY type, state_key) ORDER BY e.pos`
	whereSpanForward = ` WHERE e.room = $1 AND e.pos >= $2 AND e.pos <= $3 ORDER BY e.pos LIMIT $4`
	whereSpanBack    = ` WHERE e.room = $1 AND e.pos >= $2 AND e.pos <= $3 ORDER BY e.pos DESC LIMIT $4`
)

// memberEventsOf finds the events that set somebody's present memberships.
const memberEventsOf = `SELECT ` + eventColumns + ` FROM member m JOIN event e ON e.pos = m.pos` + eventJoins + ` WHERE m.user_id = $1`

func forgottenBy(tx *store.Tx, user string) ([]int64, error) {
	return numbers(tx, `SELECT room FROM member WHERE user_id = $1 AND forgotten = 1`, user)
}
