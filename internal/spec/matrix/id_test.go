package matrix

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/matrix-org/gomatrixserverlib/spec"
)

const hash43 = "Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"

func TestParseUserID(t *testing.T) {
	longest := "@" + strings.Repeat("a", 255-len("@:ward.example")) + ":ward.example"
	for _, tt := range []struct {
		id           string
		valid, fresh bool // under the historical and under the strict grammar
	}{
		{"@sister.jones:ward.example", true, true},
		{"@a-z0_9=./+:ward.example:8448", true, true},
		{"@a:[2001:db8::1]:8448", true, true},
		{"@a:10.0.0.1", true, true},
		{longest, true, true},
		{longest + "a", false, false},
		{"@Sister:ward.example", true, false},
		{"@schwester-jörg:ward.example", true, false},
		{"@a b:ward.example", true, false},
		{"@:ward.example", true, false},
		{"@a\x01:ward.example", true, false},
		{"@a\x00:ward.example", false, false},
		{"@a\xff:ward.example", false, false},
		{"@a", false, false},
		{"@a:", false, false},
		{"a:ward.example", false, false},
		{"#a:ward.example", false, false},
		{"", false, false},
		{"@a:ward_example", false, false},
		{"@a:ward.example:port", false, false},
		{"@a:b:ward.example", false, false},
	} {
		u, err := ParseUserID(tt.id)
		if (err == nil) != tt.valid || err != nil && !errors.Is(err, ErrIdentifier) || ValidUserID(tt.id) != tt.valid {
			t.Errorf("ParseUserID(%q) = %v", tt.id, err)
		}
		if err == nil && u.String() != tt.id {
			t.Errorf("%q came back as %q", tt.id, u)
		}
		if _, err := ParseNewUserID(tt.id); (err == nil) != tt.fresh {
			t.Errorf("ParseNewUserID(%q) = %v", tt.id, err)
		}
	}
}

func TestNewUserID(t *testing.T) {
	if id, err := NewUserID("dr.patel", "ward.example"); err != nil || id != "@dr.patel:ward.example" {
		t.Errorf("got %q, %v", id, err)
	}
	for _, localpart := range []string{"", "Patel", "a:b", "ä", strings.Repeat("a", 250)} {
		if id, err := NewUserID(localpart, "ward.example"); err == nil {
			t.Errorf("%q was accepted as %q", localpart, id)
		}
	}
	if _, err := NewUserID("a:10.0.0.1", "22"); err == nil {
		t.Error("a colon smuggled another server in")
	}
}

func TestParseServerName(t *testing.T) {
	for _, tt := range []struct{ name, host, port string }{
		{"matrix.org", "matrix.org", ""},
		{"matrix.org:8888", "matrix.org", "8888"},
		{"1.2.3.4", "1.2.3.4", ""},
		{"1.2.3.4:1234", "1.2.3.4", "1234"},
		{"[1234:5678::abcd]", "[1234:5678::abcd]", ""},
		{"[1234:5678::abcd]:5678", "[1234:5678::abcd]", "5678"},
		{"localhost", "localhost", ""},
		{"MATRIX-1.org", "MATRIX-1.org", ""},
	} {
		host, port, err := ParseServerName(tt.name)
		if err != nil || host != tt.host || port != tt.port {
			t.Errorf("%q: %q %q %v", tt.name, host, port, err)
		}
	}
	for _, name := range []string{
		"", ":", ":80", "a:", "a:123456", "a:b", "a b", "a/b", "a_b", "ä.org", "[::1", "::1", "[::1%eth0]", "[1.2.3.4]", "[]",
		"[::1]x", "a:80:80", strings.Repeat("a", 256), "a\n",
	} {
		if _, _, err := ParseServerName(name); !errors.Is(err, ErrIdentifier) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRoomIDs(t *testing.T) {
	for _, tt := range []struct {
		id       string
		v11, v12 bool
	}{
		{"!" + hash43, false, true},
		{"!opaque:ward.example", true, false},
		{"!:ward.example", true, false},
		{"!" + hash43 + ":ward.example", true, false},
		{"!" + hash43[1:], false, false},
		{"!" + hash43 + "A", false, false},
		{"!" + strings.Replace(hash43, "-", "+", 1), false, false},
		{"$" + hash43, false, false},
		{"", false, false},
		{"!", false, false},
		{"!a\x00:ward.example", false, false},
	} {
		if got := V11.ValidRoomID(tt.id); got != tt.v11 {
			t.Errorf("version 11, %q: %v", tt.id, got)
		}
		if got := V12.ValidRoomID(tt.id); got != tt.v12 {
			t.Errorf("version 12, %q: %v", tt.id, got)
		}
		if got := ValidRoomID(tt.id); got != (tt.v11 || tt.v12) {
			t.Errorf("any version, %q: %v", tt.id, got)
		}
	}
}

func TestNewRoomID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id, err := NewRoomID(rand.Reader, "ward.example")
		if err != nil || !V11.ValidRoomID(id) || len(id) != 1+18+1+len("ward.example") || seen[id] {
			t.Fatalf("%q, %v", id, err)
		}
		seen[id] = true
	}
	if _, err := NewRoomID(rand.Reader, "ward example"); !errors.Is(err, ErrIdentifier) {
		t.Errorf("a bad server name: %v", err)
	}
	if _, err := NewRoomID(bytes.NewReader(nil), "ward.example"); err == nil {
		t.Error("a room id without randomness")
	}
}

func TestEventIDsAndAliases(t *testing.T) {
	for id, want := range map[string]bool{
		"$" + hash43: true, "$opaque:ward.example": true, "$x": true, "$": false, "": false, "x": false, "$\x00": false,
		"$\xff": false, "$" + strings.Repeat("a", 255): false,
	} {
		if ValidEventID(id) != want {
			t.Errorf("ValidEventID(%q) = %v", id, !want)
		}
	}
	for alias, want := range map[string]bool{
		"#ward-7:ward.example": true, "#Säal 3:ward.example": true, "#:ward.example": false, "#a": false, "@a:ward.example": false,
		"#" + strings.Repeat("a", 250) + ":ward.example": false,
	} {
		if a, err := ParseAlias(alias); (err == nil) != want || err == nil && a.String() != alias {
			t.Errorf("ParseAlias(%q) = %v, %v", alias, a, err)
		}
	}
}

func TestBase64(t *testing.T) {
	for text, encoded := range map[string]string{"": "", "f": "Zg", "fo": "Zm8", "foo": "Zm9v", "foob": "Zm9vYg", "foobar": "Zm9vYmFy"} {
		if got := EncodeBase64([]byte(text)); got != encoded {
			t.Errorf("%q: %q", text, got)
		}
		for _, form := range []string{encoded, encoded + "=="} {
			if got, err := DecodeBase64(form); err != nil || string(got) != text {
				t.Errorf("%q: %q, %v", form, got, err)
			}
		}
	}
	if got, err := DecodeBase64("-_-_"); err != nil || !bytes.Equal(got, []byte{0xfb, 0xff, 0xbf}) {
		t.Errorf("URL-safe: %x, %v", got, err)
	}
	for _, bad := range []string{"Z", "Zg\n", "Z g", "+-", "é"} {
		if _, err := DecodeBase64(bad); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Where gomatrixserverlib is stricter than the standard: localparts beyond printable ASCII (appendices, "Historical User
// IDs", as changed in v1.8: "any legal non-surrogate Unicode code points except for : and NUL") and ports above 65,535
// (appendices, "Server Name": port = 1*5DIGIT).
func TestOracleIsStricterOnUserIDs(t *testing.T) {
	for _, id := range []string{"@ä:ward.example", "@a b:ward.example", "@a:ward.example:99999"} {
		if _, err := spec.NewUserID(id, true); err == nil {
			t.Errorf("gomatrixserverlib accepts %q now: move it to FuzzIDs", id)
		}
		if !ValidUserID(id) {
			t.Errorf("%q is refused", id)
		}
	}
}

// FuzzIDs holds the parsers to what they promise: among others, what gomatrixserverlib accepts is accepted.
func FuzzIDs(f *testing.F) {
	for _, seed := range []string{
		"@a:b", "!a:b", "#a:b", "$" + hash43, "!" + hash43, "@:[::1]:80", "@ä:1.2.3.4", "a:b:c", "@a:b:99999", "@a:\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		u, err := ParseUserID(id)
		if err == nil && (u.String() != id || len(id) > MaxIDBytes || !ValidServerName(u.Server) || ServerOf(id) != u.Server) {
			t.Fatalf("%q parsed as %+v", id, u)
		}
		if _, strict := ParseNewUserID(id); strict == nil && err != nil {
			t.Fatalf("%q is valid only under the strict grammar", id)
		}
		if a, err := ParseAlias(id); err == nil && a.String() != id {
			t.Fatalf("%q parsed as %+v", id, a)
		}
		if ValidRoomID(id) && len(id) > MaxIDBytes || ValidEventID(id) && id[0] != '$' {
			t.Fatalf("%q is no id", id)
		}
		if host, port, err := ParseServerName(id); err == nil && host+":"+port != id && host != id {
			t.Fatalf("%q parsed as %q, %q", id, host, port)
		}
		if _, theirs := spec.NewUserID(id, true); err != nil && theirs == nil {
			t.Fatalf("%q is refused here only: %v", id, err)
		}
	})
}
