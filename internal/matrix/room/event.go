package room

import (
	"bytes"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// Event is one event of a room's log, as the server holds it in memory: immutable once committed, shared by all
// who receive it.
type Event struct {
	matrix.Event // JSON is nil once the event is committed; Content aliases the client form

	Pos      int64  // position in the log
	Room     *Live  // the room it belongs to
	Relates  string // event it relates to (m.relates_to), or ""
	RelType  string
	Replaces *Event // the state event it replaces, only while being committed
	replaced string // the id of that event
	Device   string // device that sent it, "" when none
	TxnID    string // the sender's transaction id, "" when none

	// RedactedBecause is the redaction of this event.
	RedactedBecause *Event

	hasURL   bool
	wire     []byte // client form without room_id and unsigned, unclosed: {"content":…,"type":"…"
	unsigned []byte // members of unsigned that are the same for every reader, each followed by a comma
	txn      []byte // idempotency key, only while being committed
}

// Size is roughly the memory an event holds, in bytes.
func (e *Event) Size() int64 { return int64(len(e.wire)+len(e.unsigned)) + 320 }

// Membership is the membership an m.room.member event sets; "" for other events.
func (e *Event) Membership() string {
	if e == nil || e.Type != "m.room.member" || e.StateKey == nil {
		return ""
	}
	return gjson.GetBytes(e.Content, "membership").Str
}

// HasURL reports whether the content has a member "url", which filters ask for (contains_url).
func (e *Event) HasURL() bool { return e.hasURL }

// settle lets go of what only the commit needed. The replaced event is not kept: a chain of them would hold every
// membership a room ever had.
func (e *Event) settle() { e.JSON, e.Replaces, e.txn = nil, nil, nil }

// serialise builds the form of the event that clients are given. It is done once for an event.
func (e *Event) serialise() {
	b := make([]byte, 0, len(e.Content)+len(e.ID)+len(e.Sender)+len(e.Type)+128)
	b = append(b, `{"content":`...)
	from := len(b)
	b = append(b, e.Content...)
	to := len(b)
	b = append(b, `,"event_id":`...)
	b = AppendString(b, e.ID)
	b = append(b, `,"origin_server_ts":`...)
	b = strconv.AppendInt(b, e.TS, 10)
	if e.Redacts != "" {
		b = append(b, `,"redacts":`...)
		b = AppendString(b, e.Redacts)
	}
	b = append(b, `,"sender":`...)
	b = AppendString(b, e.Sender)
	if e.StateKey != nil {
		b = append(b, `,"state_key":`...)
		b = AppendString(b, *e.StateKey)
	}
	b = append(b, `,"type":`...)
	b = AppendString(b, e.Type)
	e.wire = b
	e.Content = b[from:to:to]
	e.hasURL = bytes.Contains(e.Content, []byte(`"url"`)) && gjson.GetBytes(e.Content, "url").Exists()
	e.unsigned = nil
	if e.Replaces != nil {
		e.replaced = e.Replaces.ID
	}
	if e.Replaces != nil && e.RedactedBecause == nil {
		e.unsigned = append(e.unsigned, `"prev_content":`...)
		e.unsigned = append(e.unsigned, e.Replaces.Content...)
		e.unsigned = append(e.unsigned, `,"replaces_state":`...)
		e.unsigned = AppendString(e.unsigned, e.Replaces.ID)
		e.unsigned = append(e.unsigned, ',')
	}
	if r := e.RedactedBecause; r != nil {
		e.unsigned = append(e.unsigned, `"redacted_because":`...)
		e.unsigned = r.Append(e.unsigned, Reader{RoomID: e.RoomID})
		e.unsigned = append(e.unsigned, ',')
	}
}

// Reader says for whom an event is written out.
type Reader struct {
	RoomID     string // set: room_id is included (it is left out within a room's section of a sync)
	User       string
	Device     string // the sender's own device gets its transaction id back
	Membership string // the reader's membership when the event was sent (unsigned.membership); "" leaves it out
	Relations  []byte // m.relations: bundled aggregations as JSON; nil leaves them out
}

// Append writes the event in the form of the client-server API ("ClientEvent") for a reader.
func (e *Event) Append(b []byte, r Reader) []byte {
	b = append(b, e.wire...)
	if r.RoomID != "" {
		b = append(b, `,"room_id":`...)
		b = AppendString(b, r.RoomID)
	}
	mark := len(b)
	b = append(b, `,"unsigned":{`...)
	open := len(b)
	b = append(b, e.unsigned...)
	if r.Membership != "" {
		b = append(b, `"membership":"`...)
		b = append(b, r.Membership...)
		b = append(b, `",`...)
	}
	if e.TxnID != "" && r.Device != "" && r.Device == e.Device && r.User == e.Sender {
		b = append(b, `"transaction_id":`...)
		b = AppendString(b, e.TxnID)
		b = append(b, ',')
	}
	if r.Relations != nil {
		b = append(b, `"m.relations":`...)
		b = append(b, r.Relations...)
		b = append(b, ',')
	}
	if len(b) == open {
		return append(b[:mark], '}')
	}
	b[len(b)-1] = '}'
	return append(b, '}')
}

// AppendStripped writes the event as stripped state: what someone outside the room is shown of it.
func (e *Event) AppendStripped(b []byte) []byte {
	b = append(b, `{"content":`...)
	b = append(b, e.Content...)
	b = append(b, `,"sender":`...)
	b = AppendString(b, e.Sender)
	b = append(b, `,"state_key":`...)
	b = AppendString(b, *e.StateKey)
	b = append(b, `,"type":`...)
	b = AppendString(b, e.Type)
	return append(b, '}')
}

// relation reads m.relates_to from the content of an event that is not state.
// Client-server API, "Forming relationships between events".
func (e *Event) relation() {
	if e.StateKey != nil || !bytes.Contains(e.Content, []byte(`"m.relates_to"`)) {
		return
	}
	rel := gjson.GetBytes(e.Content, `m\.relates_to`)
	if id, typ := rel.Get("event_id"), rel.Get("rel_type"); id.Type == gjson.String && typ.Type == gjson.String {
		e.Relates, e.RelType = id.Str, typ.Str
	}
}

// AppendString appends s as a JSON string. Identifiers and types seldom need escaping.
func AppendString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			return appendEscaped(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
