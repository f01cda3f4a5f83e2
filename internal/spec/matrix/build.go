package matrix

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"sync"
)

// Draft is what is to become an event. Rooms, "Event format", for what each field means.
type Draft struct {
	RoomID     string  // "" for a create event of version 12, whose id is the room
	Type       string  // at most 255 bytes
	Sender     string  // a user of the server that signs
	StateKey   *string // nil for a message
	Content    []byte  // any JSON object; nil is {}
	TS         int64   // milliseconds since 1970, UTC
	Depth      int64   // from 1; at the limit of MaxInteger it stays there
	PrevEvents []string
	AuthEvents []string // see authrules.AuthTypes
}

// Build makes a signed event of a draft: content brought to canonical form, content hash, reference hash as id, signature
// by the sender's server. The event keeps the draft's slices. Server-server API, "Adding hashes and signatures to
// outgoing events". Errors: ErrNotJSON, ErrBadJSON, ErrTooLarge, ErrFormat, ErrVersion, ErrKey.
func Build(version RoomVersion, d Draft, server string, key Key) (*Event, error) {
	if err := d.check(version, server, key); err != nil {
		return nil, err
	}
	b := builders.Get().(*builder)
	defer b.release()
	if err := b.write(d); err != nil {
		return nil, err
	}
	return b.seal(d, server, key)
}

func (d *Draft) check(version RoomVersion, server string, key Key) error {
	if !version.Known() {
		return fmt.Errorf("%w: %q", ErrVersion, string(version))
	}
	if len(key.Private) != ed25519.PrivateKeySize || !validKeyID(key.ID) {
		return ErrKey
	}
	if !ValidUserID(d.Sender) || ServerOf(d.Sender) != server {
		return fmt.Errorf("%w: sender is no user of the server that signs", ErrFormat)
	}
	if err := checkField("type", d.Type); err != nil {
		return err
	}
	if d.StateKey != nil {
		if err := checkField("state_key", *d.StateKey); err != nil {
			return err
		}
	}
	if d.Depth < 0 || d.Depth > MaxInteger || d.TS < 0 || d.TS > MaxInteger {
		return fmt.Errorf("%w: depth or origin_server_ts is out of range", ErrFormat)
	}
	if err := d.checkLinks(); err != nil {
		return err
	}
	probe := Event{Type: d.Type, RoomID: d.RoomID, StateKey: d.StateKey}
	return probe.checkRoom(version, d.RoomID != "")
}

func (d *Draft) checkLinks() error {
	if len(d.PrevEvents) > MaxPrevEvents || len(d.AuthEvents) > MaxAuthEvents {
		return fmt.Errorf("%w: too many prev_events or auth_events", ErrFormat)
	}
	for _, ids := range [][]string{d.PrevEvents, d.AuthEvents} {
		for _, id := range ids {
			if !eventHashID(id) {
				return fmt.Errorf("%w: prev_events or auth_events holds what is no event id", ErrFormat)
			}
		}
	}
	return nil
}

// builder writes the event once without hashes and signatures, which is what the content hash covers, and remembers
// where things lie: the redacted form and the final form are then cut from it.
type builder struct {
	plain                  []byte // the canonical event less hashes and signatures
	contentFrom, contentTo int
	hashesAt, signaturesAt int // where those two fields belong in plain
	redacted               []byte
	redactedContent        []byte
}

var builders = sync.Pool{New: func() any { return new(builder) }}

// release keeps the buffers for the next event, but not those that a refused giant left behind.
func (b *builder) release() {
	if cap(b.plain) <= 2*MaxEventBytes {
		builders.Put(b)
	}
}

func (b *builder) write(d Draft) (err error) {
	out := append(b.plain[:0], `{"auth_events":`...)
	out = append(appendIDs(out, d.AuthEvents), `,"content":`...)
	b.contentFrom = len(out)
	content := d.Content
	if content == nil {
		content = []byte("{}")
	}
	out, err = canonicalStrict(out, content)
	if err != nil {
		return fmt.Errorf("content: %w", err)
	}
	b.contentTo = len(out)
	if out[b.contentFrom] != '{' {
		return fmt.Errorf("%w: content is no object", ErrFormat)
	}
	out = strconv.AppendInt(append(out, `,"depth":`...), d.Depth, 10)
	b.hashesAt = len(out)
	out = strconv.AppendInt(append(out, `,"origin_server_ts":`...), d.TS, 10)
	out = appendIDs(append(out, `,"prev_events":`...), d.PrevEvents)
	if d.RoomID != "" {
		out = appendText(append(out, `,"room_id":`...), d.RoomID)
	}
	out = appendText(append(out, `,"sender":`...), d.Sender)
	b.signaturesAt = len(out)
	if d.StateKey != nil {
		out = appendText(append(out, `,"state_key":`...), *d.StateKey)
	}
	out = appendText(append(out, `,"type":`...), d.Type)
	b.plain = append(out, '}')
	return nil
}

// seal hashes, signs and cuts the final event.
func (b *builder) seal(d Draft, server string, key Key) (*Event, error) {
	sum := sha256.Sum256(b.plain)
	var hashes [64]byte
	hash := append(hashes[:0], `,"hashes":{"sha256":"`...)
	hash = append(base64.RawStdEncoding.AppendEncode(hash, sum[:]), `"}`...)

	content := b.plain[b.contentFrom:b.contentTo]
	b.redactedContent = redactContent(b.redactedContent[:0], d.Type, content)
	signed := append(b.redacted[:0], b.plain[:b.contentFrom]...)
	signed = append(signed, b.redactedContent...)
	signed = append(signed, b.plain[b.contentTo:b.hashesAt]...)
	signed = append(signed, hash...)
	signed = append(signed, b.plain[b.hashesAt:]...)
	b.redacted = signed

	size := len(b.plain) + len(hash) + len(`,"signatures":{"":{"":""}}`) + len(server) + len(key.ID) + 86
	if size > MaxEventBytes {
		return nil, fmt.Errorf("%w: an event may have at most %d bytes", ErrTooLarge, MaxEventBytes)
	}
	out := append(make([]byte, 0, size), b.plain[:b.hashesAt]...)
	out = append(out, hash...)
	out = append(out, b.plain[b.hashesAt:b.signaturesAt]...)
	out = appendText(append(out, `,"signatures":{`...), server)
	out = appendText(append(out, `:{`...), key.ID)
	out = append(out, `:"`...)
	out = base64.RawStdEncoding.AppendEncode(out, ed25519.Sign(key.Private, signed))
	out = append(append(out, `"}}`...), b.plain[b.signaturesAt:]...)
	return b.event(d, out), nil
}

func (b *builder) event(d Draft, json []byte) *Event {
	e := &Event{
		ID: eventID(b.redacted), RoomID: d.RoomID, Type: d.Type, Sender: d.Sender, StateKey: d.StateKey,
		Content: json[b.contentFrom:b.contentTo:b.contentTo], TS: d.TS, Depth: d.Depth,
		PrevEvents: d.PrevEvents, AuthEvents: d.AuthEvents, JSON: json,
	}
	if e.RoomID == "" {
		e.RoomID = "!" + e.ID[1:]
	}
	if e.Type == "m.room.redaction" {
		e.Redacts, _ = Text(Field(e.Content, "redacts"))
	}
	return e
}

func appendIDs(dst []byte, ids []string) []byte {
	dst = append(dst, '[')
	for i, id := range ids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, id)
	}
	return append(dst, ']')
}

// eventID is the id of an event by its redacted form without signatures. Server-server API, "Calculating the reference
// hash for an event"; rooms, v4, "Event IDs".
func eventID(redacted []byte) string {
	sum := sha256.Sum256(redacted)
	var id [hashIDBytes]byte
	id[0] = '$'
	base64.RawURLEncoding.Encode(id[1:], sum[:])
	return string(id[:])
}
