package matrix

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of an event. Client-server API, "Size limits"; server-server API, PDU schema.
const (
	MaxEventBytes = 65536 // of the canonical signed event
	MaxFieldBytes = 255   // of type, state_key, sender and room_id
	MaxPrevEvents = 20
	MaxAuthEvents = 10
)

// Event is one entry of a room's log: the fields that servers look at, and the bytes that were hashed and signed. It is
// shared by everyone who reads it, so nothing in it may be changed. Rooms, v11 and v12, "Event format".
type Event struct {
	ID         string   // "$" and the reference hash
	RoomID     string   // derived from ID for a create event of version 12
	Type       string   // at most 255 bytes
	Sender     string   // a user id, historical ones included
	StateKey   *string  // nil for a message; at most 255 bytes
	Content    []byte   // a canonical JSON object, part of JSON
	TS         int64    // origin_server_ts: milliseconds since 1970, UTC, as the origin claims
	Depth      int64    // 1 + the greatest depth of the previous events, at most MaxInteger
	PrevEvents []string // what came before; empty only for a create event
	AuthEvents []string // what allowed it
	Redacts    string   // for an m.room.redaction, the event it redacts (content.redacts), else ""
	JSON       []byte   // the canonical signed event, without "unsigned"
}

// IsState reports whether the event is part of a room's state.
func (e *Event) IsState() bool { return e.StateKey != nil }

// Is reports whether the event is the state event of this type and key.
func (e *Event) Is(typ, stateKey string) bool {
	return e.Type == typ && e.StateKey != nil && *e.StateKey == stateKey
}

// Membership is content.membership of an m.room.member event, "" for all else.
func (e *Event) Membership() string {
	if e.Type != "m.room.member" {
		return ""
	}
	membership, _ := Text(Field(e.Content, "membership"))
	return membership
}

// SignatureKeys lists the ids of the keys by which a server signed the event, in order; nil when it did not.
func (e *Event) SignatureKeys(server string) []string {
	var keys []string
	for name, byKey := range Members(Field(e.JSON, "signatures")) {
		if string(unescape(name)) != server {
			continue
		}
		for key := range Members(byKey) {
			keys = append(keys, string(unescape(key)))
		}
	}
	return keys
}

// Parse reads an event from outside, strictly: canonical JSON is enforced, every field is present and of its type, and
// sizes are bounded. "unsigned" is dropped; other unknown fields stay, since the hash covers them. The event id, and for
// a create event of version 12 the room id, are computed. Hashes and signatures are Verify's business.
// Rooms, "Event format". Errors: ErrNotJSON, ErrBadJSON, ErrTooLarge, ErrFormat, ErrVersion.
func Parse(version RoomVersion, pdu []byte) (*Event, error) {
	if !version.Known() {
		return nil, fmt.Errorf("%w: %q", ErrVersion, string(version))
	}
	canonical, err := canonicalStrict(make([]byte, 0, len(pdu)), pdu)
	if err != nil {
		return nil, err
	}
	if len(canonical) > MaxEventBytes {
		return nil, fmt.Errorf("%w: an event may have at most %d bytes", ErrTooLarge, MaxEventBytes)
	}
	e, err := decode(version, without(canonical, "unsigned"))
	if err != nil {
		return nil, err
	}
	return e, e.identify()
}

// Load is Parse for bytes that Parse or Build made, from a store that is trusted: nothing is hashed, and the id is taken
// as given. It costs about half.
func Load(version RoomVersion, id string, stored []byte) (*Event, error) {
	e, err := decode(version, stored)
	if err != nil {
		return nil, err
	}
	e.ID = id
	if e.RoomID == "" && len(id) > 0 {
		e.RoomID = "!" + id[1:]
	}
	return e, nil
}

func (e *Event) identify() error {
	redacted, err := redactCanonical(nil, e.JSON)
	if err != nil {
		return err
	}
	e.ID = eventID(without(redacted, "signatures"))
	if e.RoomID == "" {
		e.RoomID = "!" + e.ID[1:]
	}
	return nil
}

// decode reads the fields of a canonical event.
func decode(version RoomVersion, canonical []byte) (*Event, error) {
	if !IsObject(canonical) {
		return nil, fmt.Errorf("%w: an event is an object", ErrFormat)
	}
	d := decoder{event: &Event{JSON: canonical}}
	for key, value := range Members(canonical) {
		d.field(key, value)
		if i := slices.Index(required[:], string(key)); i >= 0 {
			d.seen |= 1 << i
		}
	}
	if d.err != nil {
		return nil, d.err
	}
	for i, name := range required {
		if d.seen&(1<<i) == 0 {
			return nil, fmt.Errorf("%w: %s is missing", ErrFormat, name)
		}
	}
	if err := d.event.checkRoom(version, Field(canonical, "room_id") != nil); err != nil {
		return nil, err
	}
	if d.event.Type == "m.room.redaction" {
		d.event.Redacts, _ = Text(Field(d.event.Content, "redacts"))
	}
	return d.event, nil
}

// checkRoom holds the room id against the grammar of the version. Rooms, v12, "Event format": omitted from create events.
func (e *Event) checkRoom(version RoomVersion, present bool) error {
	if version.CreateIsRoom() && e.Type == "m.room.create" {
		if present || !e.Is("m.room.create", "") {
			return fmt.Errorf("%w: a create event of version 12 has an empty state_key and no room_id", ErrFormat)
		}
		return nil
	}
	if !present {
		return fmt.Errorf("%w: room_id is missing", ErrFormat)
	}
	if !version.ValidRoomID(e.RoomID) {
		return fmt.Errorf("%w: room_id is no room of version %s", ErrFormat, version)
	}
	return nil
}

// required are the fields of every event; room_id is for checkRoom. PDU schema, pdu_base.
var required = [...]string{
	"auth_events", "content", "depth", "hashes", "origin_server_ts", "prev_events", "sender", "signatures", "type",
}

type decoder struct {
	event *Event
	seen  uint // a bit for each of required
	err   error
}

func (d *decoder) field(name, value []byte) {
	e := d.event
	switch string(name) {
	case "type":
		e.Type = d.text("type", value)
	case "sender":
		e.Sender = d.text("sender", value)
		if d.err == nil && !ValidUserID(e.Sender) {
			d.fail("sender is no user id")
		}
	case "room_id":
		e.RoomID = d.text("room_id", value)
	case "state_key":
		e.StateKey = new(d.text("state_key", value))
	case "content":
		d.object("content", value)
		e.Content = slices.Clip(value) // an append must not write into JSON
	case "origin_server_ts":
		e.TS = d.integer("origin_server_ts", value)
	case "depth":
		e.Depth = d.integer("depth", value)
		if e.Depth < 0 {
			d.fail("depth is negative")
		}
	case "prev_events":
		e.PrevEvents = d.ids("prev_events", value, MaxPrevEvents)
	case "auth_events":
		e.AuthEvents = d.ids("auth_events", value, MaxAuthEvents)
	case "hashes":
		d.object("hashes", value)
		if !isText(Field(value, "sha256")) {
			d.fail("hashes has no sha256")
		}
	case "signatures":
		d.signatures(value)
	}
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", ErrFormat, what)
	}
}

// text reads a field that has a limit of its own. NUL is refused: no client sends it, user and room ids forbid it, and
// a database may be unable to hold it.
func (d *decoder) text(name string, value []byte) string {
	s, ok := Text(value)
	if !ok {
		d.fail(name + " is no string")
	} else if err := checkField(name, s); d.err == nil {
		d.err = err
	}
	return s
}

func checkField(name, s string) error {
	if len(s) > MaxFieldBytes {
		return fmt.Errorf("%w: %s may have at most %d bytes", ErrTooLarge, name, MaxFieldBytes)
	}
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return fmt.Errorf("%w: %s is text without NUL", ErrFormat, name)
	}
	return nil
}

func (d *decoder) integer(name string, value []byte) int64 {
	n, ok := Integer(value)
	if !ok {
		d.fail(name + " is no integer")
	}
	return n
}

func (d *decoder) object(name string, value []byte) {
	if !IsObject(value) {
		d.fail(name + " is no object")
	}
}

func (d *decoder) signatures(value []byte) {
	d.object("signatures", value)
	for _, byKey := range Members(value) {
		d.object("signatures of a server", byKey)
		for _, signature := range Members(byKey) {
			if !isText(signature) {
				d.fail("a signature is no string")
			}
		}
	}
}

func (d *decoder) ids(name string, value []byte, limit int) []string {
	if len(value) == 0 || value[0] != '[' {
		d.fail(name + " is no array")
		return nil
	}
	ids := make([]string, 0, min(limit, bytes.Count(value, []byte{','})+1))
	for element := range Elements(value) {
		id, ok := Text(element)
		if !ok || !eventHashID(id) {
			d.fail(name + " holds what is no event id")
			return nil
		}
		if ids = append(ids, id); len(ids) > limit {
			d.fail(fmt.Sprintf("%s may have at most %d entries", name, limit))
			return nil
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return ids
}
