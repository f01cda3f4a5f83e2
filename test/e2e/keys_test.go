package e2e

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// signer is a key that signs JSON as the specification says, "Signing JSON".
type signer struct {
	t       *testing.T
	user    string
	id      string // "ed25519:DEVICE"
	private ed25519.PrivateKey
}

func newSigner(t *testing.T, user, name string) *signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	ok(t, err)
	s := &signer{t: t, user: user, id: "ed25519:" + name, private: private}
	if name == "" {
		s.id += s.public()
	}
	return s
}

func (s *signer) public() string {
	return base64.RawStdEncoding.EncodeToString(s.private.Public().(ed25519.PublicKey))
}

// sign adds the signature to an object and gives it back.
func (s *signer) sign(object client.Object, also ...*signer) client.Object {
	s.t.Helper()
	text, err := json.Marshal(object)
	ok(s.t, err)
	plain, err := matrix.Canonical(text)
	ok(s.t, err)
	signatures := client.Object{}
	for _, key := range append(also, s) {
		of, _ := signatures[key.user].(client.Object)
		if of == nil {
			of = client.Object{}
			signatures[key.user] = of
		}
		of[key.id] = base64.RawStdEncoding.EncodeToString(ed25519.Sign(key.private, plain))
	}
	out := client.Object{"signatures": signatures}
	for k, v := range object {
		out[k] = v
	}
	return out
}

// deviceKeys are the keys of a client's device, signed by itself.
func deviceKeys(t *testing.T, c *client.Client) (*signer, client.Object) {
	t.Helper()
	key := newSigner(t, c.UserID(), c.DeviceID())
	return key, key.sign(client.Object{
		"user_id": c.UserID(), "device_id": c.DeviceID(), "algorithms": []string{"m.olm.v1.curve25519-aes-sha2"},
		"keys": client.Object{key.id: key.public(), "curve25519:" + c.DeviceID(): key.public()},
	})
}

func TestDeviceKeys(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		Room(t, amira, ben)
		watching, sliding := ben.Follow(""), ben.FollowSliding(5)
		ok(t, watching.CatchUp(ctx))
		ok(t, sliding.CatchUp(ctx))
		from := watching.NextBatch

		key, keys := deviceKeys(t, amira)
		counts := got[map[string]int](t)(amira.UploadKeys(ctx, client.KeysUpload{
			DeviceKeys:   keys,
			OneTimeKeys:  map[string]any{"signed_curve25519:A": key.sign(client.Object{"key": newSigner(t, "", "x").public()}), "signed_curve25519:B": key.sign(client.Object{"key": newSigner(t, "", "x").public()})},
			FallbackKeys: map[string]any{"signed_curve25519:F": key.sign(client.Object{"key": newSigner(t, "", "x").public(), "fallback": true})},
		}))
		if counts["signed_curve25519"] != 2 {
			t.Errorf("counts: %v", counts)
		}
		for _, f := range []*client.Follower{watching, sliding} {
			until(t, f, "that amira's devices changed", func(f *client.Follower) bool { return f.DevicesChanged[amira.UserID()] })
		}
		if lists := got[client.DeviceLists](t)(ben.KeyChanges(ctx, from, watching.NextBatch)); !slices.Contains(lists.Changed, amira.UserID()) {
			t.Errorf("changes: %+v", lists)
		}
		found := got[client.KeysFound](t)(ben.QueryKeys(ctx, map[string][]string{amira.UserID(): nil}))
		if raw := found.DeviceKeys[amira.UserID()][amira.DeviceID()]; gjson.GetBytes(raw, "keys."+gjson.Escape(key.id)).String() != key.public() {
			t.Errorf("found: %s", raw)
		}
		want := map[string]map[string]string{amira.UserID(): {amira.DeviceID(): "signed_curve25519"}}
		var given []string
		for range 4 { // the last key is given as often as it takes
			for id := range got[map[string]map[string]map[string]client.Raw](t)(ben.ClaimKeys(ctx, want))[amira.UserID()][amira.DeviceID()] {
				given = append(given, id)
			}
		}
		slices.Sort(given[:min(2, len(given))])
		if !slices.Equal(given, []string{"signed_curve25519:A", "signed_curve25519:B", "signed_curve25519:F", "signed_curve25519:F"}) {
			t.Errorf("given: %v", given)
		}
		own := amira.Follow("")
		ok(t, own.CatchUp(ctx))
		if own.OneTimeKeyCounts["signed_curve25519"] != 0 || len(own.UnusedFallbackKeys) != 0 {
			t.Errorf("left: %v, unused: %v", own.OneTimeKeyCounts, own.UnusedFallbackKeys)
		}
	})
}

func TestCrossSigning(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		Room(t, amira, ben)
		device, keys := deviceKeys(t, amira)
		_, err := amira.UploadKeys(ctx, client.KeysUpload{DeviceKeys: keys})
		ok(t, err)
		master, self, user := newSigner(t, amira.UserID(), ""), newSigner(t, amira.UserID(), ""), newSigner(t, amira.UserID(), "")
		publish := func(master *signer) client.Object {
			key := func(k *signer, usage string) client.Object {
				return client.Object{"user_id": k.user, "usage": []string{usage}, "keys": client.Object{k.id: k.public()}}
			}
			return client.Object{
				"master_key": key(master, "master"), "self_signing_key": master.sign(key(self, "self_signing")), "user_signing_key": master.sign(key(user, "user_signing")),
			}
		}
		// The first keys need no proof (since version 1.11), their replacement does.
		_, err = call(t, amira, http.MethodPost, v3("keys", "device_signing", "upload"), nil, publish(master))
		ok(t, err)
		_, err = call(t, amira, http.MethodPost, v3("keys", "device_signing", "upload"), nil, publish(newSigner(t, amira.UserID(), "")))
		if client.StatusOf(err) != 401 || client.CodeOf(err) != "" {
			t.Errorf("replacing the keys without proof: %v", err)
		}
		refused(t, "replacing them with a wrong one", amira.UploadCrossSigning(ctx, publish(newSigner(t, amira.UserID(), "")), "a wrong password"), 401, "M_FORBIDDEN")

		signed := client.Object{}
		for k, v := range keys {
			if k != "signatures" {
				signed[k] = v
			}
		}
		failures := got[client.Raw](t)(amira.UploadSignatures(ctx, client.Object{amira.UserID(): client.Object{amira.DeviceID(): device.sign(signed, self)}}))
		if len(failures) > 2 {
			t.Errorf("failures: %s", failures)
		}
		found := got[client.KeysFound](t)(ben.QueryKeys(ctx, map[string][]string{amira.UserID(): nil}))
		raw := found.DeviceKeys[amira.UserID()][amira.DeviceID()]
		if !gjson.GetBytes(raw, "signatures."+gjson.Escape(amira.UserID())+"."+gjson.Escape(self.id)).Exists() {
			t.Errorf("the device is not signed: %s", raw)
		}
		if found.MasterKeys[amira.UserID()] == nil || found.SelfSigningKeys[amira.UserID()] == nil || found.UserSigningKeys[amira.UserID()] != nil {
			t.Errorf("keys another may see: %+v", found)
		}
		if own := got[client.KeysFound](t)(amira.QueryKeys(ctx, map[string][]string{amira.UserID(): nil})); own.UserSigningKeys[amira.UserID()] == nil {
			t.Error("one's own user-signing key is hidden from oneself")
		}
		ok(t, amira.UploadCrossSigning(ctx, publish(newSigner(t, amira.UserID(), "")), Password))
	})
}

func TestToDevice(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		tablet := s.SignIn(t, "ben")
		devices := map[string]*client.Follower{"phone": ben.Follow(""), "tablet": tablet.FollowSliding(5)}
		one := map[string]map[string]any{ben.UserID(): {tablet.DeviceID(): client.Object{"n": 1}}}
		ok(t, amira.SendToDeviceTxn(ctx, "test.message", "t1", one))
		ok(t, amira.SendToDeviceTxn(ctx, "test.message", "t1", one))
		ok(t, amira.SendToDevice(ctx, "test.message", map[string]map[string]any{ben.UserID(): {"*": client.Object{"n": 2}}}))
		for name, want := range map[string][]int64{"phone": {2}, "tablet": {1, 2}} {
			f := devices[name]
			until(t, f, "messages to the "+name, func(f *client.Follower) bool { return len(f.ToDevice) >= len(want) })
			ok(t, f.CatchUp(ctx))
			var out []int64
			for _, e := range f.ToDevice {
				out = append(out, e.Field("n").Int())
				if e.Sender != amira.UserID() || e.Type != "test.message" {
					t.Errorf("received %+v", e)
				}
			}
			if !slices.Equal(out, want) {
				t.Errorf("the %s received %v, want %v", name, out, want)
			}
		}
	})
}

func TestKeyBackup(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		amira := s.Staff(t, "amira")[0]
		id := Room(t, amira)
		backup := client.KeyBackup{Algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", AuthData: client.Raw(`{"public_key":"abc"}`)}
		version := got[string](t)(amira.CreateKeyBackup(ctx, backup))
		key := func(index int) client.Object {
			return client.Object{"first_message_index": index, "forwarded_count": 0, "is_verified": true, "session_data": client.Object{"ciphertext": "x"}}
		}
		count := got[client.BackupCount](t)(amira.PutRoomKeys(ctx, version, "", "", client.Object{"rooms": client.Object{id: client.Object{"sessions": client.Object{"s1": key(5), "s2": key(0)}}}}))
		if count.Count != 2 {
			t.Errorf("count: %+v", count)
		}
		// A key that begins later is worse than the one there is.
		worse := got[client.BackupCount](t)(amira.PutRoomKeys(ctx, version, id, "s2", key(9)))
		better := got[client.BackupCount](t)(amira.PutRoomKeys(ctx, version, id, "", client.Object{"sessions": client.Object{"s1": key(1)}}))
		if worse.ETag != count.ETag || better.ETag == count.ETag {
			t.Errorf("tags: %s, then %s with a worse key and %s with a better", count.ETag, worse.ETag, better.ETag)
		}
		for session, want := range map[string]int64{"s1": 1, "s2": 0} {
			if raw := got[client.Raw](t)(amira.RoomKeys(ctx, version, id, session)); gjson.GetBytes(raw, "first_message_index").Int() != want {
				t.Errorf("%s: %s", session, raw)
			}
		}
		if held := got[client.KeyBackup](t)(amira.KeyBackup(ctx, "")); held.Version != version || held.Count != 2 || held.ETag != better.ETag {
			t.Errorf("the latest: %+v", held)
		}
		backup.Version, backup.AuthData = version, client.Raw(`{"public_key":"abc","signatures":{}}`)
		ok(t, amira.UpdateKeyBackup(ctx, backup))
		second := got[string](t)(amira.CreateKeyBackup(ctx, backup))
		_, err := amira.PutRoomKeys(ctx, version, id, "s3", key(0))
		refused(t, "a key for a version that is not the latest", err, 403, "M_WRONG_ROOM_KEYS_VERSION")
		if gone := got[client.BackupCount](t)(amira.DeleteRoomKeys(ctx, second, "", "")); gone.Count != 0 {
			t.Errorf("after removing all: %+v", gone)
		}
		ok(t, amira.DeleteKeyBackup(ctx, second))
		if held := got[client.KeyBackup](t)(amira.KeyBackup(ctx, "")); held.Version != version {
			t.Errorf("the latest: %+v", held)
		}
	})
}
