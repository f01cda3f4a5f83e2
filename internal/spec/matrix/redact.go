package matrix

import "fmt"

// Redact strips an event to what the protocol needs: hashes, id and signatures stay valid, what people wrote is gone.
// The result is canonical and is the same however often it is applied. The algorithm of version 11 holds in 12 too.
// Rooms, v11, "Redactions". Errors: ErrNotJSON, ErrBadJSON, ErrFormat, ErrVersion.
func Redact(version RoomVersion, pdu []byte) ([]byte, error) {
	if !version.Known() {
		return nil, fmt.Errorf("%w: %q", ErrVersion, string(version))
	}
	canonical, err := canonicalStrict(make([]byte, 0, len(pdu)), pdu)
	if err != nil {
		return nil, err
	}
	return redactCanonical(make([]byte, 0, len(canonical)), canonical)
}

// keptFields are the top-level fields that survive redaction.
func keptField(name string) bool {
	switch name {
	case "event_id", "type", "room_id", "sender", "state_key", "content", "hashes", "signatures", "depth",
		"prev_events", "auth_events", "origin_server_ts":
		return true
	}
	return false
}

// keptContent reports whether a field of the content survives redaction. third_party_invite is for redactContent.
func keptContent(typ, name string) bool {
	switch typ {
	case "m.room.member":
		return name == "membership" || name == "join_authorised_via_users_server"
	case "m.room.create":
		return true
	case "m.room.join_rules":
		return name == "join_rule" || name == "allow"
	case "m.room.power_levels":
		switch name {
		case "ban", "events", "events_default", "invite", "kick", "redact", "state_default", "users", "users_default":
			return true
		}
	case "m.room.history_visibility":
		return name == "history_visibility"
	case "m.room.redaction":
		return name == "redacts"
	}
	return false
}

func redactCanonical(dst, canonical []byte) ([]byte, error) {
	if !IsObject(canonical) {
		return nil, fmt.Errorf("%w: an event is an object", ErrFormat)
	}
	typ, ok := Text(Field(canonical, "type"))
	if !ok {
		return nil, fmt.Errorf("%w: type is no string", ErrFormat)
	}
	if content := Field(canonical, "content"); content != nil && !IsObject(content) {
		return nil, fmt.Errorf("%w: content is no object", ErrFormat)
	}
	o := openObject(dst)
	for name, value := range Members(canonical) {
		if !keptField(string(name)) {
			continue
		}
		o.key(name)
		if string(name) == "content" {
			o.out = redactContent(o.out, typ, value)
		} else {
			o.out = append(o.out, value...)
		}
	}
	return o.close(), nil
}

// redactContent appends what stays of a canonical content. Of m.room.member's third_party_invite only "signed" stays:
// the key itself is kept, even when that leaves it empty. (Rooms, v11, "Client considerations": it "is no longer
// redacted, but will only contain the signed key".)
func redactContent(dst []byte, typ string, content []byte) []byte {
	o := openObject(dst)
	for name, value := range Members(content) {
		switch {
		case keptContent(typ, string(name)):
			o.key(name)
			o.out = append(o.out, value...)
		case typ == "m.room.member" && string(name) == "third_party_invite" && IsObject(value):
			o.key(name)
			inner := openObject(o.out)
			if signed := Field(value, "signed"); signed != nil {
				inner.key([]byte("signed"))
				inner.out = append(inner.out, signed...)
			}
			o.out = inner.close()
		}
	}
	return o.close()
}

// object appends a JSON object member by member.
type object struct {
	out   []byte
	first int
}

func openObject(dst []byte) object { return object{append(dst, '{'), len(dst) + 1} }

// key appends a key as it is written between its quotes, and the colon.
func (o *object) key(name []byte) {
	if len(o.out) > o.first {
		o.out = append(o.out, ',')
	}
	o.out = append(append(append(o.out, '"'), name...), '"', ':')
}

func (o *object) close() []byte { return append(o.out, '}') }

// without is a canonical object less some of its fields; the object itself when it has none of them.
func without(canonical []byte, names ...string) []byte {
	absent := true
	for _, name := range names {
		absent = absent && Field(canonical, name) == nil
	}
	if absent {
		return canonical
	}
	o := openObject(make([]byte, 0, len(canonical)))
next:
	for key, value := range Members(canonical) {
		for _, name := range names {
			if string(key) == name {
				continue next
			}
		}
		o.key(key)
		o.out = append(o.out, value...)
	}
	return o.close()
}
