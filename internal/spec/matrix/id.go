package matrix

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"unicode/utf8"
)

// MaxIDBytes bounds every identifier, sigil and domain included. Appendices, "Identifier Grammar".
const MaxIDBytes = 255

// hashIDBytes is the length of an event id that is a reference hash: a sigil and 32 bytes in unpadded base64.
const hashIDBytes = 1 + 43

// UserID is the name of a person or a bot on a server. Appendices, "User Identifiers".
type UserID struct {
	Localpart string // what the server calls them; may be empty in a historical id
	Server    string // the server name, compared byte for byte
}

// String is the id as it goes over the wire: "@localpart:server".
func (u UserID) String() string { return "@" + u.Localpart + ":" + u.Server }

// ParseUserID reads a user id that others made. It accepts the historical grammar, as servers must in rooms:
// any localpart, even an empty one, without colon and NUL. Appendices, "Historical User IDs".
func ParseUserID(id string) (UserID, error) {
	local, server, err := splitID(id, '@', "user id")
	if err != nil {
		return UserID{}, err
	}
	return UserID{local, server}, nil
}

// ParseNewUserID reads a user id that may be given to a new account: the strict grammar. Appendices, "User Identifiers".
func ParseNewUserID(id string) (UserID, error) {
	u, err := ParseUserID(id)
	if err != nil {
		return UserID{}, err
	}
	if u.Localpart == "" {
		return UserID{}, fmt.Errorf("%w: the user name is empty", ErrIdentifier)
	}
	for i := range len(u.Localpart) {
		if !userChar(u.Localpart[i]) {
			return UserID{}, fmt.Errorf("%w: a user name may hold only a-z, 0-9 and . _ = - / +", ErrIdentifier)
		}
	}
	return u, nil
}

// NewUserID joins a localpart and a server name under the strict grammar.
func NewUserID(localpart, server string) (string, error) {
	id := UserID{localpart, server}.String()
	u, err := ParseNewUserID(id)
	if err != nil {
		return "", err
	}
	if u.Localpart != localpart {
		return "", fmt.Errorf("%w: a user name may not hold a colon", ErrIdentifier)
	}
	return id, nil
}

// ValidUserID reports whether ParseUserID would accept the id.
func ValidUserID(id string) bool { _, err := ParseUserID(id); return err == nil }

// ServerOf is the server name in a user id, an alias or a room id with a domain: what follows the first colon. It is ""
// when there is none, and does not validate.
func ServerOf(id string) string {
	_, server, _ := strings.Cut(id, ":")
	return server
}

// Alias is a name that people can type for a room. Appendices, "Room Aliases".
type Alias struct {
	Localpart string // any text but a colon and NUL
	Server    string
}

// String is the alias as it goes over the wire: "#localpart:server".
func (a Alias) String() string { return "#" + a.Localpart + ":" + a.Server }

// ParseAlias reads a room alias. The grammar allows an empty localpart, which no one can type: it is refused.
func ParseAlias(alias string) (Alias, error) {
	local, server, err := splitID(alias, '#', "room alias")
	if err != nil {
		return Alias{}, err
	}
	if local == "" {
		return Alias{}, fmt.Errorf("%w: the room alias is empty", ErrIdentifier)
	}
	return Alias{local, server}, nil
}

// ValidRoomID reports whether the id is one of a room of any version. Appendices, "Room IDs".
func ValidRoomID(id string) bool { return V12.ValidRoomID(id) || V11.ValidRoomID(id) }

// ValidRoomID reports whether the id is one of a room of this version: "!" and the create event's hash in version 12,
// "!opaque:server" in version 11. Appendices, "Room IDs".
func (v RoomVersion) ValidRoomID(id string) bool {
	if v.CreateIsRoom() {
		return hashID(id, '!')
	}
	_, _, err := splitID(id, '!', "room id")
	return err == nil
}

// NewRoomID makes the id of a room of version 11: 18 random letters and digits. Rooms of version 12 take theirs from
// the create event.
func NewRoomID(random io.Reader, server string) (string, error) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	id := make([]byte, 0, 19+1+len(server))
	id = append(id, '!')
	var b [32]byte
	for len(id) < 19 {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("matrix: make a room id: %w", err)
		}
		for _, r := range b {
			if int(r) < 4*len(letters) && len(id) < 19 { // an even choice: 248 is a multiple of 62
				id = append(id, letters[int(r)%len(letters)])
			}
		}
	}
	room := string(id) + ":" + server
	if !V11.ValidRoomID(room) {
		return "", fmt.Errorf("%w: server name", ErrIdentifier)
	}
	return room, nil
}

// ValidEventID reports whether the id has the form of one in any room version: "$" and opaque text. Use it for ids that
// clients send; whether the event exists is another question. Appendices, "Event IDs".
func ValidEventID(id string) bool {
	return len(id) > 1 && len(id) <= MaxIDBytes && id[0] == '$' && utf8.ValidString(id) && strings.IndexByte(id, 0) < 0
}

// eventHashID reports whether the id is one of room version 4 or later: the reference hash. Rooms, v4, "Event IDs".
func eventHashID(id string) bool { return hashID(id, '$') }

func hashID(id string, sigil byte) bool {
	if len(id) != hashIDBytes || id[0] != sigil {
		return false
	}
	for i := 1; i < len(id); i++ {
		c := id[i]
		if !alphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// ParseServerName takes a server name apart: host ("10.0.0.1", "[::1]" or a DNS name) and port ("" when absent).
// Appendices, "Server Name".
func ParseServerName(name string) (host, port string, err error) {
	host = name
	if end := strings.LastIndexByte(name, ':'); end >= 0 && !strings.HasSuffix(name, "]") {
		host, port = name[:end], name[end+1:]
		if !validPort(port) {
			return "", "", fmt.Errorf("%w: the port of a server name is one to five digits", ErrIdentifier)
		}
	}
	if !validHost(host) {
		return "", "", fmt.Errorf("%w: server name", ErrIdentifier)
	}
	return host, port, nil
}

// ValidServerName reports whether ParseServerName would accept the name.
func ValidServerName(name string) bool { _, _, err := ParseServerName(name); return err == nil }

func validPort(port string) bool {
	if port == "" || len(port) > 5 {
		return false
	}
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return false
		}
	}
	return true
}

func validHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return ok && err == nil && addr.Is6() && addr.Zone() == ""
	}
	if host == "" || len(host) > 255 {
		return false
	}
	for i := range len(host) {
		if c := host[i]; !alphanumeric(c) && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// splitID cuts "&localpart:server" at its first colon and checks both halves. Appendices, "Common Identifier Format".
func splitID(id string, sigil byte, what string) (local, server string, err error) {
	if len(id) > MaxIDBytes {
		return "", "", fmt.Errorf("%w: a %s may have at most %d bytes", ErrIdentifier, what, MaxIDBytes)
	}
	if id == "" || id[0] != sigil {
		return "", "", fmt.Errorf("%w: a %s begins with %c", ErrIdentifier, what, sigil)
	}
	local, server, ok := strings.Cut(id[1:], ":")
	if !ok || !ValidServerName(server) {
		return "", "", fmt.Errorf("%w: a %s ends with a colon and a server name", ErrIdentifier, what)
	}
	if strings.IndexByte(local, 0) >= 0 || !utf8.ValidString(local) {
		return "", "", fmt.Errorf("%w: a %s is text without NUL", ErrIdentifier, what)
	}
	return local, server, nil
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func userChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("._=-/+", c) >= 0
}

// EncodeBase64 is the encoding of keys, hashes and signatures. Appendices, "Unpadded Base64".
func EncodeBase64(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// DecodeBase64 reads unpadded base64, and forgives padding and the URL-safe alphabet, as the standard asks of readers.
// Appendices, "Unpadded Base64".
func DecodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.RawURLEncoding
	}
	b, err := encoding.DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("%w: not base64", ErrKey)
	}
	return b, nil
}
