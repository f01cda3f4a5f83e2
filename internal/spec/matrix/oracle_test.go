package matrix

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/matrix-org/gomatrixserverlib"
	"maunium.net/go/mautrix/federation/signutil"
	"maunium.net/go/mautrix/id"
	"pgregory.net/rapid"
)

// beyondOracles are the escapes that both oracles write with capital digits, against the grammar of the appendices
// (escaped = %s"u000" (%x30-37 / %x62 / %x65-66)): they hash other bytes than everyone else.
var beyondOracles = regexp.MustCompile(`\\u00[01][a-f]`)

// drawDraft makes a draft of any type, its content holding fields that redaction keeps and fields that it strips.
func drawDraft(t *rapid.T, version RoomVersion) Draft {
	d := message(version)
	d.Type = rapid.SampledFrom([]string{
		"m.room.message", "m.room.member", "m.room.create", "m.room.join_rules", "m.room.power_levels", "m.room.redaction",
		"m.room.history_visibility", "m.room.aliases", "m.room.topic", "org.wardline.handover", "", "日本 \" \\ <&>",
	}).Draw(t, "type")
	if d.Type == "m.room.create" || rapid.Bool().Draw(t, "state") {
		d.StateKey = new(rapid.SampledFrom([]string{"", "@a:ward.example", "x\ty", "ü<>"}).Draw(t, "state key"))
	}
	if d.Type == "m.room.create" {
		d.RoomID, d.StateKey = createDraft(version).RoomID, new(string)
	}
	d.TS = rapid.Int64Range(0, MaxInteger).Draw(t, "ts")
	d.Depth = rapid.Int64Range(0, MaxInteger).Draw(t, "depth")
	fields := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{
		"membership", "join_authorised_via_users_server", "join_rule", "allow", "ban", "events", "invite", "users", "redacts",
		"history_visibility", "notifications", "body", "aliases", "creator", "url",
	}), 0, 6, rapid.ID[string]).Draw(t, "fields")
	content := []byte(`{}`)
	for _, name := range fields {
		content = with(content, name, []byte(messyJSON(t, 2)))
	}
	d.Content = content
	return d
}

// gomatrixserverlib reads what Build makes: same id, content hash accepted, same redaction; and signatures by Build
// satisfy both oracles.
func TestOraclesReadWhatBuildMakes(t *testing.T) {
	for _, version := range []RoomVersion{V11, V12} {
		t.Run(string(version), func(t *testing.T) {
			impl := gomatrixserverlib.MustGetRoomVersion(gomatrixserverlib.RoomVersion(version))
			key := testKey(t)
			rapid.Check(t, func(t *rapid.T) {
				e, err := Build(version, drawDraft(t, version), server, key)
				if err != nil {
					t.Fatal(err)
				}
				ours, err := Redact(version, e.JSON)
				if err != nil {
					t.Fatal(err)
				}
				if beyondOracles.Match(e.JSON) {
					return
				}
				public := id.SigningKey(EncodeBase64(key.Public()))
				if err := signutil.VerifyJSONAny(public, stdjson.RawMessage(ours)); err != nil {
					t.Fatalf("mautrix on the signature: %v", err)
				}
				if escapedKey(e.JSON) {
					return // see TestOracleBreaksEscapedKeys
				}
				theirs, err := impl.NewEventFromUntrustedJSON(bytes.Clone(e.JSON))
				if err != nil {
					t.Fatalf("%s: %v", e.JSON, err)
				}
				if theirs.EventID() != e.ID || theirs.Redacted() || theirs.RoomID().String() != e.RoomID {
					t.Fatalf("id %s, redacted %v, room %s; ours %s in %s: %s", theirs.EventID(), theirs.Redacted(),
						theirs.RoomID(), e.ID, e.RoomID, e.JSON)
				}
				theirs.Redact()
				if !bytes.Equal(theirs.JSON(), ours) {
					t.Fatalf("redacted: %s; ours: %s", theirs.JSON(), ours)
				}
				if err := gomatrixserverlib.VerifyJSON(server, gomatrixserverlib.KeyID(key.ID), key.Public(), ours); err != nil {
					t.Fatalf("gomatrixserverlib on the signature: %v", err)
				}
			})
		})
	}
}

// And the other way round: Parse reads what gomatrixserverlib makes, which carries fields of older versions besides.
func TestParseReadsWhatOracleMakes(t *testing.T) {
	for _, version := range []RoomVersion{V11, V12} {
		t.Run(string(version), func(t *testing.T) {
			impl := gomatrixserverlib.MustGetRoomVersion(gomatrixserverlib.RoomVersion(version))
			key := testKey(t)
			rapid.Check(t, func(t *rapid.T) {
				d := drawDraft(t, version)
				content, err := Canonical(d.Content)
				if err != nil {
					t.Fatal(err)
				}
				if escapedKey(content) || beyondOracles.Match(content) {
					return // see TestOracleBreaksEscapedKeys
				}
				builder := impl.NewEventBuilder()
				builder.RoomID, builder.Type, builder.SenderID, builder.StateKey = d.RoomID, d.Type, d.Sender, d.StateKey
				builder.Content, builder.Depth, builder.PrevEvents, builder.AuthEvents = content, d.Depth, d.PrevEvents, d.AuthEvents
				theirs, err := builder.Build(time.UnixMilli(d.TS%1e15), server, gomatrixserverlib.KeyID(key.ID), key.Private)
				if err != nil {
					t.Fatal(err)
				}
				ours, err := Parse(version, theirs.JSON())
				if err != nil {
					t.Fatalf("%s: %v", theirs.JSON(), err)
				}
				if ours.ID != theirs.EventID() || ours.RoomID != theirs.RoomID().String() {
					t.Fatalf("id %s, theirs %s: %s", ours.ID, theirs.EventID(), theirs.JSON())
				}
				if err := Verify(version, ours, server, key.Public()); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// Events that someone has bent: Parse accepts none that gomatrixserverlib's strict reader refuses, but for times before
// 1970, which the PDU schema allows (origin_server_ts: integer, format int64).
func TestParseIsNoLaxerThanOracle(t *testing.T) {
	impl := gomatrixserverlib.MustGetRoomVersion("12")
	key := testKey(t)
	rapid.Check(t, func(t *rapid.T) {
		d := drawDraft(t, V12)
		e, err := Build(V12, d, server, key)
		if err != nil {
			t.Fatal(err)
		}
		field := rapid.SampledFrom([]string{
			"type", "sender", "state_key", "content", "depth", "hashes", "origin_server_ts", "prev_events", "auth_events",
		}).Draw(t, "field")
		bent := with(e.JSON, field, []byte(messyJSON(t, 2)))
		event, ours := Parse(V12, bent)
		if ours == nil && event.TS < 0 {
			return
		}
		_, theirs := impl.NewEventFromUntrustedJSON(bytes.Clone(bent))
		if ours == nil && theirs != nil && !escapedKey(mustCanonicalRapid(t, bent)) {
			t.Fatalf("accepted here only: %s: %v", bent, theirs)
		}
	})
}

func mustCanonicalRapid(t *rapid.T, in []byte) []byte {
	out, err := Canonical(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Where the standard is stricter than gomatrixserverlib, Parse follows the standard.
func TestParseRefusesWhatOracleAccepts(t *testing.T) {
	e := mustBuild(t, V12, message(V12))
	impl := gomatrixserverlib.MustGetRoomVersion("12")
	for _, tt := range []struct {
		name, field, value string
		want               error
	}{
		{"rooms, v4, Event IDs: a hash", "prev_events", `["$x"]`, ErrFormat},
		{"server-server API, PDU schema: at most 20", "prev_events", manyIDs(21), ErrFormat},
		{"server-server API, PDU schema: at most 10", "auth_events", manyIDs(11), ErrFormat},
		{"server-server API, PDU schema: hashes.sha256 required", "hashes", `{}`, ErrFormat},
		{"appendices, Room IDs: a hash in version 12", "room_id", `"!a:ward.example"`, ErrFormat},
		{"appendices, Canonical JSON: no duplicates", "content", `{"a":1,"a":2}`, ErrBadJSON},
	} {
		pdu := with(e.JSON, tt.field, []byte(tt.value))
		if _, err := Parse(V12, pdu); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, err := impl.NewEventFromUntrustedJSON(bytes.Clone(pdu)); err != nil {
			t.Errorf("%s: gomatrixserverlib refuses it too now: %v", tt.name, err)
		}
	}
}

func manyIDs(n int) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = "$" + hash43
	}
	return string(appendIDs(nil, ids))
}

// Where gomatrixserverlib is behind the standard: version 11 keeps third_party_invite.signed of a membership (rooms, v11,
// "Redactions"), it strips it, so its ids of such events differ from everyone else's.
func TestOracleStripsThirdPartyInvites(t *testing.T) {
	d := message(V12)
	d.Type, d.StateKey = "m.room.member", new("@a:ward.example")
	d.Content = []byte(`{"membership":"invite","third_party_invite":{"display_name":"x","signed":{"token":"t"}}}`)
	e := mustBuild(t, V12, d)
	if redacted, err := Redact(V12, e.JSON); err != nil || !bytes.Contains(redacted, []byte(`"third_party_invite":{"signed":{"token":"t"}}`)) {
		t.Errorf("%s, %v", redacted, err)
	}
	theirs, err := gomatrixserverlib.MustGetRoomVersion("12").NewEventFromUntrustedJSON(e.JSON)
	if err != nil || theirs.EventID() == e.ID {
		t.Errorf("gomatrixserverlib has caught up, compare again: %v", err)
	}
}
