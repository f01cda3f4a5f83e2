//go:build goexperiment.jsonv2

package matrix

// The second oracle needs the experiment for the whole build: GOEXPERIMENT=jsonv2 go test ./internal/spec/matrix/...

import (
	"bytes"
	"encoding/json/v2"
	"testing"
	"time"

	"maunium.net/go/mautrix/crypto/canonicaljson"
	"maunium.net/go/mautrix/federation/pdu"
	"maunium.net/go/mautrix/id"
	"pgregory.net/rapid"
)

// mautrix reads what Build makes: same id, content hash and signature accepted, same redaction.
func TestMautrixReadsWhatBuildMakes(t *testing.T) {
	for _, version := range []RoomVersion{V11, V12} {
		t.Run(string(version), func(t *testing.T) {
			key := testKey(t)
			publish := func(string, id.KeyID, time.Time) (id.SigningKey, time.Time, error) {
				return id.SigningKey(EncodeBase64(key.Public())), time.UnixMilli(MaxInteger + 1), nil
			}
			rapid.Check(t, func(t *rapid.T) {
				e, err := Build(version, drawDraft(t, version), server, key)
				if err != nil {
					t.Fatal(err)
				}
				theirs := new(pdu.PDU)
				if err := json.Unmarshal(e.JSON, theirs); err != nil {
					t.Fatal(err)
				}
				if got, err := theirs.GetEventID(id.RoomVersion(version)); err != nil || got.String() != e.ID {
					t.Fatalf("id %s, %v; ours %s: %s", got, err, e.ID, e.JSON)
				}
				if !theirs.VerifyContentHash() {
					t.Fatalf("content hash: %s", e.JSON)
				}
				if err := theirs.Clone().VerifySignature(id.RoomVersion(version), server, publish); err != nil {
					t.Fatalf("signature: %v: %s", err, e.JSON)
				}
				ours, err := Redact(version, e.JSON)
				if err != nil {
					t.Fatal(err)
				}
				redacted, err := canonicaljson.Marshal(theirs.Redact(id.RoomVersion(version)))
				if err != nil || !bytes.Equal(redacted, ours) {
					t.Fatalf("redacted: %s, %v; ours: %s", redacted, err, ours)
				}
			})
		})
	}
}

// Where the text of "Redactions" leaves a choice, mautrix takes the other one: a third_party_invite that has nothing to keep
// is dropped there and stays as {} here. (Rooms, v11, "Client considerations": the key "is no longer redacted".)
func TestMautrixDropsEmptyThirdPartyInvites(t *testing.T) {
	in := []byte(`{"membership":"invite","third_party_invite":{"display_name":"x"}}`)
	if got := string(redactContent(nil, "m.room.member", in)); got != `{"membership":"invite","third_party_invite":{}}` {
		t.Error(got)
	}
	if got := string(pdu.RedactContent("m.room.member", in, id.RoomV12)); got != `{"membership":"invite"}` {
		t.Errorf("mautrix has changed, compare again: %s", got)
	}
}
