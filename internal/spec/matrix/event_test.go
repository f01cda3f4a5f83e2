package matrix

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const server = "ward.example"

// testKey is made of the seed of the appendices, "Cryptographic Test Vectors".
func testKey(t testing.TB) Key {
	t.Helper()
	key, err := KeyFromSeed("ed25519:1", "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func message(version RoomVersion) Draft {
	room := "!ward7:" + server
	if version == V12 {
		room = "!" + hash43
	}
	return Draft{
		RoomID: room, Type: "m.room.message", Sender: "@sister.jones:" + server, TS: 1750000000000, Depth: 12,
		Content:    []byte(`{"msgtype": "m.text", "body": "bed 4 is ready"}`),
		PrevEvents: []string{"$" + hash43}, AuthEvents: []string{"$" + hash43, "$" + strings.Repeat("A", 43)},
	}
}

func createDraft(version RoomVersion) Draft {
	d := Draft{Type: "m.room.create", Sender: "@sister.jones:" + server, StateKey: new(string), TS: 1, Depth: 1,
		Content: fmt.Appendf(nil, `{"room_version":%q}`, string(version))}
	if version == V11 {
		d.RoomID = "!ward7:" + server
	}
	return d
}

func mustBuild(t testing.TB, version RoomVersion, d Draft) *Event {
	t.Helper()
	e, err := Build(version, d, server, testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestBuildParseVerify(t *testing.T) {
	topic := message(V12)
	topic.Type, topic.StateKey, topic.Content = "m.room.topic", new("a\"b\n"), []byte(`{"topic":"<&>\u2028"}`)
	redaction := message(V12)
	redaction.Type, redaction.Content = "m.room.redaction", []byte(`{"redacts":"$x","reason":"wrong room"}`)
	empty := message(V12)
	empty.Content, empty.PrevEvents, empty.AuthEvents = nil, nil, nil
	for _, tt := range []struct {
		name    string
		version RoomVersion
		draft   Draft
	}{
		{"message 11", V11, message(V11)}, {"message 12", V12, message(V12)},
		{"create 11", V11, createDraft(V11)}, {"create 12", V12, createDraft(V12)},
		{"state with escapes", V12, topic}, {"redaction", V12, redaction}, {"nothing optional", V12, empty},
	} {
		t.Run(tt.name, func(t *testing.T) {
			built := mustBuild(t, tt.version, tt.draft)
			parsed, err := Parse(tt.version, built.JSON)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(built, parsed); diff != "" {
				t.Errorf("built and parsed differ: %s", diff)
			}
			loaded, err := Load(tt.version, built.ID, built.JSON)
			if err != nil || !cmp.Equal(loaded, parsed) {
				t.Errorf("parsed and loaded differ: %s %v", cmp.Diff(loaded, parsed), err)
			}
			if err := Verify(tt.version, parsed, server, testKey(t).Public()); err != nil {
				t.Error(err)
			}
			if canonical, err := canonicalStrict(nil, built.JSON); err != nil || !bytes.Equal(canonical, built.JSON) {
				t.Errorf("not canonical: %s", built.JSON)
			}
			if id, err := EventID(tt.version, built.JSON); err != nil || id != built.ID {
				t.Errorf("id %s, %v; want %s", id, err, built.ID)
			}
			if keys := parsed.SignatureKeys(server); !cmp.Equal(keys, []string{"ed25519:1"}) || parsed.SignatureKeys("x") != nil {
				t.Errorf("signed by %q", keys)
			}
		})
	}
}

func TestCreateOfVersion12NamesTheRoom(t *testing.T) {
	e := mustBuild(t, V12, createDraft(V12))
	if e.RoomID != "!"+e.ID[1:] || !V12.ValidRoomID(e.RoomID) || bytes.Contains(e.JSON, []byte(`"room_id"`)) {
		t.Errorf("room %q of event %q: %s", e.RoomID, e.ID, e.JSON)
	}
}

func TestEventAccessors(t *testing.T) {
	d := message(V12)
	d.Type, d.StateKey, d.Content = "m.room.member", new("@dr.patel:ward.example"), []byte(`{"membership":"invite"}`)
	e := mustBuild(t, V12, d)
	if !e.IsState() || !e.Is("m.room.member", "@dr.patel:ward.example") || e.Is("m.room.member", "") || e.Membership() != "invite" {
		t.Errorf("%+v", e)
	}
	m := mustBuild(t, V12, message(V12))
	if m.IsState() || m.Is("m.room.message", "") || m.Membership() != "" {
		t.Errorf("%+v", m)
	}
}

func TestBuildRefuses(t *testing.T) {
	key := testKey(t)
	long := strings.Repeat("a", MaxFieldBytes+1)
	for _, tt := range []struct {
		name   string
		change func(*Draft)
		want   error
	}{
		{"float", func(d *Draft) { d.Content = []byte(`{"a":1.5}`) }, ErrBadJSON},
		{"duplicate", func(d *Draft) { d.Content = []byte(`{"a":1,"a":2}`) }, ErrBadJSON},
		{"no JSON", func(d *Draft) { d.Content = []byte(`{`) }, ErrNotJSON},
		{"empty content", func(d *Draft) { d.Content = []byte{} }, ErrNotJSON},
		{"content no object", func(d *Draft) { d.Content = []byte(`["a"]`) }, ErrFormat},
		{"too large", func(d *Draft) { d.Content = fmt.Appendf(nil, `{"a":%q}`, strings.Repeat("a", MaxEventBytes)) }, ErrTooLarge},
		{"long type", func(d *Draft) { d.Type = long }, ErrTooLarge},
		{"long state key", func(d *Draft) { d.StateKey = &long }, ErrTooLarge},
		{"NUL in type", func(d *Draft) { d.Type = "a\x00" }, ErrFormat},
		{"state key no UTF-8", func(d *Draft) { d.StateKey = new("\xff") }, ErrFormat},
		{"sender of another server", func(d *Draft) { d.Sender = "@a:elsewhere.example" }, ErrFormat},
		{"sender no user", func(d *Draft) { d.Sender = "sister.jones:ward.example" }, ErrFormat},
		{"room of version 11", func(d *Draft) { d.RoomID = "!a:ward.example" }, ErrFormat},
		{"no room", func(d *Draft) { d.RoomID = "" }, ErrFormat},
		{"create with room", func(d *Draft) { d.Type = "m.room.create" }, ErrFormat},
		{"negative depth", func(d *Draft) { d.Depth = -1 }, ErrFormat},
		{"depth beyond", func(d *Draft) { d.Depth = MaxInteger + 1 }, ErrFormat},
		{"negative time", func(d *Draft) { d.TS = -1 }, ErrFormat},
		{"time beyond", func(d *Draft) { d.TS = MaxInteger + 1 }, ErrFormat},
		{"previous event no id", func(d *Draft) { d.PrevEvents = []string{"$x"} }, ErrFormat},
		{"too many previous", func(d *Draft) { d.PrevEvents = make([]string, MaxPrevEvents+1) }, ErrFormat},
		{"too many auth", func(d *Draft) { d.AuthEvents = make([]string, MaxAuthEvents+1) }, ErrFormat},
	} {
		d := message(V12)
		tt.change(&d)
		if e, err := Build(V12, d, server, key); !errors.Is(err, tt.want) || e != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := Build("10", message(V11), server, key); !errors.Is(err, ErrVersion) {
		t.Errorf("version 10: %v", err)
	}
	for _, k := range []Key{{}, {ID: "ed25519:1"}, {ID: "rsa:1", Private: key.Private}, {ID: "ed25519:", Private: key.Private}} {
		if _, err := Build(V12, message(V12), server, k); !errors.Is(err, ErrKey) {
			t.Errorf("key %q: %v", k.ID, err)
		}
	}
}

// The limit is on the whole event: the last byte that fits, and the first that does not.
func TestEventSizeIsExact(t *testing.T) {
	d := message(V12)
	d.Content = []byte(`{"body":""}`)
	room := MaxEventBytes - len(mustBuild(t, V12, d).JSON)
	d.Content = fmt.Appendf(nil, `{"body":%q}`, strings.Repeat("a", room))
	e := mustBuild(t, V12, d)
	if len(e.JSON) != MaxEventBytes {
		t.Fatalf("%d bytes", len(e.JSON))
	}
	if _, err := Parse(V12, e.JSON); err != nil {
		t.Errorf("refused at the limit: %v", err)
	}
	if _, err := Parse(V12, bytes.Replace(e.JSON, []byte("aaa"), []byte("aaaa"), 1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("accepted above the limit: %v", err)
	}
	d.Content = fmt.Appendf(nil, `{"body":%q}`, strings.Repeat("a", room+1))
	if _, err := Build(V12, d, server, testKey(t)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("built above the limit: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	good := string(mustBuild(t, V12, message(V12)).JSON)
	twentyOne := "[" + strings.Repeat(`"$`+hash43+`",`, 20) + `"$` + hash43 + `"]`
	for _, tt := range []struct {
		name, field, value string // value "" removes the field
		want               error
	}{
		{"no type", "type", ``, ErrFormat},
		{"no sender", "sender", ``, ErrFormat},
		{"no content", "content", ``, ErrFormat},
		{"no depth", "depth", ``, ErrFormat},
		{"no hashes", "hashes", ``, ErrFormat},
		{"no signatures", "signatures", ``, ErrFormat},
		{"no time", "origin_server_ts", ``, ErrFormat},
		{"no prev_events", "prev_events", ``, ErrFormat},
		{"no auth_events", "auth_events", ``, ErrFormat},
		{"no room", "room_id", ``, ErrFormat},
		{"type a number", "type", `1`, ErrFormat},
		{"type null", "type", `null`, ErrFormat},
		{"type long", "type", `"` + strings.Repeat("é", 128) + `"`, ErrTooLarge},
		{"type with NUL", "type", `"\u0000"`, ErrFormat},
		{"state key null", "state_key", `null`, ErrFormat},
		{"state key long", "state_key", `"` + strings.Repeat("a", 256) + `"`, ErrTooLarge},
		{"sender no user", "sender", `"sister"`, ErrFormat},
		{"sender an object", "sender", `{}`, ErrFormat},
		{"room of version 11", "room_id", `"!a:ward.example"`, ErrFormat},
		{"room an array", "room_id", `[]`, ErrFormat},
		{"content a string", "content", `"x"`, ErrFormat},
		{"content an array", "content", `[]`, ErrFormat},
		{"content with a float", "content", `{"a":1.5}`, ErrBadJSON},
		{"content with an exponent", "content", `{"a":1e3}`, ErrBadJSON},
		{"content with -0", "content", `{"a":-0}`, ErrBadJSON},
		{"time a string", "origin_server_ts", `"1"`, ErrFormat},
		{"time beyond", "origin_server_ts", `9007199254740992`, ErrBadJSON},
		{"depth negative", "depth", `-1`, ErrFormat},
		{"depth a string", "depth", `"12"`, ErrFormat},
		{"depth beyond", "depth", `9007199254740992`, ErrBadJSON},
		{"hashes empty", "hashes", `{}`, ErrFormat},
		{"hashes a string", "hashes", `"x"`, ErrFormat},
		{"sha256 a number", "hashes", `{"sha256":1}`, ErrFormat},
		{"signatures an array", "signatures", `[]`, ErrFormat},
		{"signatures of a server a string", "signatures", `{"ward.example":"x"}`, ErrFormat},
		{"signature a number", "signatures", `{"ward.example":{"ed25519:1":1}}`, ErrFormat},
		{"prev_events an object", "prev_events", `{}`, ErrFormat},
		{"prev_events of numbers", "prev_events", `[1]`, ErrFormat},
		{"prev_events of pairs", "prev_events", `[["$x",{}]]`, ErrFormat},
		{"prev_events of no ids", "prev_events", `["$x"]`, ErrFormat},
		{"prev_events many", "prev_events", twentyOne, ErrFormat},
		{"auth_events many", "auth_events", twentyOne, ErrFormat},
		{"deep", "content", strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200), ErrBadJSON},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pdu := without([]byte(good), tt.field)
			if tt.value != "" {
				pdu = with(pdu, tt.field, []byte(tt.value))
			}
			if e, err := Parse(V12, pdu); !errors.Is(err, tt.want) || e != nil && err == nil {
				t.Errorf("got %v; want %v", err, tt.want)
			}
		})
	}
	for in, want := range map[string]error{
		``: ErrNotJSON, `[]`: ErrFormat, `"x"`: ErrFormat, `null`: ErrFormat, `{}`: ErrFormat, "\xff": ErrNotJSON,
		good[:len(good)-1] + `,"depth":1}`: ErrBadJSON,
	} {
		if _, err := Parse(V12, []byte(in)); !errors.Is(err, want) {
			t.Errorf("%q: %v; want %v", in, err, want)
		}
	}
	if _, err := Parse("1", []byte(good)); !errors.Is(err, ErrVersion) {
		t.Errorf("version 1: %v", err)
	}
	create := with(mustBuild(t, V12, createDraft(V12)).JSON, "room_id", []byte(`"!`+hash43+`"`))
	if _, err := Parse(V12, create); !errors.Is(err, ErrFormat) {
		t.Errorf("create with a room: %v", err)
	}
	keyed := with(mustBuild(t, V12, createDraft(V12)).JSON, "state_key", []byte(`"x"`))
	if _, err := Parse(V12, keyed); !errors.Is(err, ErrFormat) {
		t.Errorf("create at another state key: %v", err)
	}
	if _, err := Parse(V11, without(mustBuild(t, V11, createDraft(V11)).JSON, "room_id")); !errors.Is(err, ErrFormat) {
		t.Errorf("create of version 11 without a room: %v", err)
	}
}

// "unsigned" is not part of the event; other unknown fields are, for the hash covers them.
func TestParseDropsUnsignedOnly(t *testing.T) {
	e := mustBuild(t, V12, message(V12))
	noisy := with(e.JSON, "unsigned", []byte(`{"age":4612}`))
	parsed, err := Parse(V12, noisy)
	if err != nil || !cmp.Equal(parsed, e) {
		t.Fatalf("%v: %s", err, cmp.Diff(parsed, e))
	}
	foreign, err := Parse(V12, with(e.JSON, "origin", []byte(`"ward.example"`)))
	if err != nil || Field(foreign.JSON, "origin") == nil || foreign.ID != e.ID {
		t.Fatalf("%v: %+v", err, foreign)
	}
	err = Verify(V12, foreign, server, testKey(t).Public())
	if !errors.Is(err, ErrContentHash) || errors.Is(err, ErrSignature) {
		t.Errorf("a field was added: %v", err)
	}
}

func TestVerifyNamesWhatFails(t *testing.T) {
	e := mustBuild(t, V12, message(V12))
	key := testKey(t)
	other := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	redacted, err := Redact(V12, e.JSON)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) []byte {
		changed := bytes.Replace(e.JSON, []byte(old), []byte(new), 1)
		if bytes.Equal(changed, e.JSON) {
			t.Fatalf("%q is not there", old)
		}
		return changed
	}
	all := []error{ErrFormat, ErrContentHash, ErrEventID, ErrSignature}
	for _, tt := range []struct {
		name   string
		json   []byte
		public ed25519.PublicKey
		want   []error
	}{
		{"untouched", e.JSON, key.Public(), nil},
		{"content", replace("bed 4", "bed 5"), key.Public(), []error{ErrContentHash}},
		{"depth", replace(`"depth":12`, `"depth":13`), key.Public(), []error{ErrContentHash, ErrEventID, ErrSignature}},
		{"sender", replace("sister.jones", "sister.smith"), key.Public(), []error{ErrContentHash, ErrEventID, ErrSignature}},
		{"another server's key", e.JSON, other.Public().(ed25519.PublicKey), []error{ErrSignature}},
		{"no key", e.JSON, nil, []error{ErrSignature}},
		{"signature", with(e.JSON, "signatures", []byte(`{}`)), key.Public(), []error{ErrFormat}},
		{"signature, in order", mustCanonical(t, with(e.JSON, "signatures", []byte(`{}`))), key.Public(), []error{ErrSignature}},
		{"hash", mustCanonical(t, with(e.JSON, "hashes", []byte(`{"sha256":"x"}`))), key.Public(),
			[]error{ErrContentHash, ErrEventID, ErrSignature}},
		{"redacted", redacted, key.Public(), []error{ErrContentHash}},
		{"white space", append(bytes.Clone(e.JSON), ' '), key.Public(), []error{ErrFormat}},
		{"unsigned added", mustCanonical(t, with(e.JSON, "unsigned", []byte(`{}`))), key.Public(), []error{ErrFormat}},
		{"cut short", e.JSON[:100], key.Public(), []error{ErrFormat}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := *e
			changed.JSON = tt.json
			err := Verify(V12, &changed, server, tt.public)
			for _, kind := range all {
				wanted := false
				for _, w := range tt.want {
					wanted = wanted || w == kind
				}
				if errors.Is(err, kind) != wanted {
					t.Errorf("%v: reported %v, wanted %v: %v", kind, !wanted, wanted, err)
				}
			}
		})
	}
	stripped := *e
	stripped.JSON = redacted
	if err := VerifyRedacted(V12, &stripped, server, key.Public()); err != nil {
		t.Errorf("redacted: %v", err)
	}
}

func mustCanonical(t *testing.T, in []byte) []byte {
	t.Helper()
	out, err := Canonical(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// FuzzParse: whatever is accepted is a fixed point, keeps its id when redacted, and survives a second reading.
func FuzzParse(f *testing.F) {
	for _, version := range []RoomVersion{V11, V12} {
		for _, d := range []Draft{message(version), createDraft(version)} {
			f.Add(version == V12, mustBuild(f, version, d).JSON)
		}
	}
	f.Add(true, []byte(`{"type":1}`))
	f.Fuzz(func(t *testing.T, twelve bool, pdu []byte) {
		version := V11
		if twelve {
			version = V12
		}
		e, err := Parse(version, pdu)
		if err != nil {
			return
		}
		again, err := Parse(version, e.JSON)
		if err != nil || !cmp.Equal(e, again) {
			t.Fatalf("read twice, %v: %s", err, cmp.Diff(e, again))
		}
		redacted, err := Redact(version, e.JSON)
		if err != nil {
			t.Fatal(err)
		}
		if id, err := EventID(version, redacted); err != nil || id != e.ID {
			t.Fatalf("redaction changed the id from %s to %s: %v", e.ID, id, err)
		}
		if twice, err := Redact(version, redacted); err != nil || !bytes.Equal(twice, redacted) {
			t.Fatalf("redacted twice: %s, %v", twice, err)
		}
		if !bytes.Contains(e.JSON, e.Content) || !ValidUserID(e.Sender) || !version.ValidRoomID(e.RoomID) {
			t.Fatalf("%+v", e)
		}
	})
}
