// Package matrix is the Matrix standard as pure functions: identifiers, canonical JSON, the event format of room
// versions 11 and 12, hashes, redaction and signatures. It does no I/O and knows no clock, no room and no database;
// the authorisation rules stand beside it in authrules. Sections cited are those of the Matrix specification v1.19.
package matrix

import "errors"

// RoomVersion names the algorithms that a room was created with. It never changes during a room's life.
// Rooms, "Room versions".
type RoomVersion string

// The room versions Wardline speaks. Twelve is the default for new rooms.
const (
	V11 RoomVersion = "11"
	V12 RoomVersion = "12"
)

// Known reports whether rooms of this version can be created and followed here. A room of another version is refused
// with M_UNSUPPORTED_ROOM_VERSION or M_INCOMPATIBLE_ROOM_VERSION.
func (v RoomVersion) Known() bool { return v == V11 || v == V12 }

// CreateIsRoom reports whether a room's id is the id of its create event: that event then carries no room_id, and is
// never listed in auth_events. Room version 12, "Event format" and authorisation rule 2.
func (v RoomVersion) CreateIsRoom() bool { return v == V12 }

// PrivilegedCreators reports whether a room's creators have more power than any level can express. Room version 12,
// "Authorisation rules".
func (v RoomVersion) PrivilegedCreators() bool { return v == V12 }

// What can be wrong with bytes that claim to be Matrix. Every error of this package is one of these, wrapped in a
// sentence that says where and never quotes content; test with errors.Is.
var (
	// ErrNotJSON: the bytes are no JSON text in UTF-8. M_NOT_JSON.
	ErrNotJSON = errors.New("not JSON")
	// ErrBadJSON: JSON that Matrix forbids: floats, integers beyond 2^53-1, duplicate keys, lone surrogates, deep
	// nesting. Appendices, "Canonical JSON". M_BAD_JSON.
	ErrBadJSON = errors.New("not canonical JSON")
	// ErrTooLarge: an event above 65,536 bytes, or a field above its own limit. Client-server API, "Size limits".
	// M_TOO_LARGE.
	ErrTooLarge = errors.New("too large")
	// ErrFormat: an event without a required field, or with one of the wrong type. M_BAD_JSON.
	ErrFormat = errors.New("malformed event")
	// ErrIdentifier: no valid user id, room id, alias, event id or server name. M_INVALID_PARAM.
	ErrIdentifier = errors.New("malformed identifier")
	// ErrVersion: a room version that is not Known. M_UNSUPPORTED_ROOM_VERSION.
	ErrVersion = errors.New("unsupported room version")
	// ErrKey: a signing key or its encoding is unusable.
	ErrKey = errors.New("unusable signing key")
	// ErrContentHash: an event's content is not the content that was hashed. Server-server API, "Validating hashes
	// and signatures on received events".
	ErrContentHash = errors.New("content hash does not match")
	// ErrEventID: an event's id is not its reference hash.
	ErrEventID = errors.New("event id does not match")
	// ErrSignature: a signature is absent or wrong.
	ErrSignature = errors.New("signature does not verify")
)
