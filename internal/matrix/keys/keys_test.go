package keys_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/matrix/keys"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/internal/spec/matrix"
)

var ctx = context.Background()

// ward is a database with the people of a test.
type ward struct {
	t         *testing.T
	db        *store.DB
	keys      *keys.Keys
	confirmed int   // how often Confirm was asked
	refuse    error // what Confirm answers
}

func open(t *testing.T, db *store.DB) *ward {
	w := &ward{t: t, db: db}
	w.keys = keys.New(db, keys.Hooks{
		Confirm: func(context.Context, *audit.Caller, jsontext.Value) error {
			w.confirmed++
			return w.refuse
		},
		Changes: func(ctx context.Context, who *audit.Caller, from, to string) (changed, left []string, err error) {
			var since, until int64
			if _, err := fmt.Sscan(from+" "+to, &since, &until); err != nil {
				return nil, nil, err
			}
			changed, err = w.keys.Changed(ctx, who.User, since, until)
			return changed, nil, err
		},
	})
	return w
}

// each runs a test on a ward on every engine.
func each(t *testing.T, test func(w *ward)) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) { test(open(t, openDB())) })
}

// phone is a signed-in device with an identity of its own.
type phone struct {
	*audit.Caller
	key matrix.Key
}

func user(name string) string { return "@" + name + ":" + storetest.ServerName }

// key makes a key that is the same in every run.
func key(id, seed string) matrix.Key {
	sum := sha256.Sum256([]byte(seed))
	return matrix.Key{ID: id, Private: ed25519.NewKeyFromSeed(sum[:])}
}

// cross makes a cross-signing key, which is named by itself.
func cross(seed string) matrix.Key {
	k := key("", seed)
	k.ID = "ed25519:" + public(k)
	return k
}

func public(k matrix.Key) string { return matrix.EncodeBase64(k.Public()) }

// signIn makes a device.
func (w *ward) signIn(name, id string) phone {
	w.t.Helper()
	p := phone{&audit.Caller{User: user(name), Device: id}, key("ed25519:"+id, name+id)}
	w.write(func(tx *store.Tx) error {
		return tx.Exec(`INSERT INTO device (user_id, device_id, name, created, seen, addr) VALUES ($1, $2, $3, 0, 0, '')`,
			p.User, id, name+"’s phone")
	})
	return p
}

func (w *ward) write(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(ctx, fn); err != nil {
		w.t.Fatal(err)
	}
}

func object(v any) jsontext.Value {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// sign adds a signature.
func sign(t *testing.T, o jsontext.Value, by string, k matrix.Key) jsontext.Value {
	t.Helper()
	signed, err := matrix.SignJSON(o, by, k)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// identity gives the device's identity keys, signed by itself.
func (p phone) identity(t *testing.T) jsontext.Value {
	return sign(t, p.bare(), p.User, p.key)
}

func (p phone) bare() jsontext.Value {
	return object(map[string]any{
		"user_id": p.User, "device_id": p.Device,
		"algorithms": []string{"m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"},
		"keys":       map[string]string{"ed25519:" + p.Device: public(p.key), "curve25519:" + p.Device: public(key("", "curve"+p.Device))},
	})
}

// oneTime gives a signed one-time key.
func (p phone) oneTime(t *testing.T, seed string) jsontext.Value {
	return sign(t, object(map[string]any{"key": public(key("", seed))}), p.User, p.key)
}

// publish uploads the identity and n one-time keys.
func (w *ward) publish(p phone, n int) map[string]int64 {
	w.t.Helper()
	u := keys.Upload{Device: p.identity(w.t), OneTime: map[string]jsontext.Value{}}
	for i := range n {
		u.OneTime[fmt.Sprintf("signed_curve25519:K%04d", i)] = p.oneTime(w.t, fmt.Sprint(p.Device, i))
	}
	counts, err := w.keys.Publish(ctx, p.Caller, u)
	if err != nil {
		w.t.Fatal(err)
	}
	return counts
}

func code(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func wantCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestPublishAndQuery(t *testing.T) {
	each(t, func(w *ward) {
		asha, ben := w.signIn("asha", "ASHA1"), w.signIn("ben", "BEN1")
		if got := w.publish(asha, 3); got["signed_curve25519"] != 3 {
			w.t.Errorf("counts after upload: %v", got)
		}
		dir, err := w.keys.Query(ctx, ben.Caller, map[string][]string{asha.User: {}, user("nobody"): {}, "@x:elsewhere.example": {}})
		if err != nil {
			w.t.Fatal(err)
		}
		body := dir.Devices[asha.User]["ASHA1"]
		if err := matrix.VerifyJSON(body, asha.User, "ed25519:ASHA1", asha.key.Public()); err != nil {
			w.t.Errorf("the key given out does not verify: %v", err)
		}
		if !strings.Contains(string(body), `"device_display_name":"asha’s phone"`) {
			w.t.Errorf("no device name in %s", body)
		}
		if got, ok := dir.Devices[user("nobody")]; !ok || len(got) != 0 {
			w.t.Errorf("a local user without keys must have an empty entry, got %v, %v", got, ok)
		}
		if _, ok := dir.Failures["elsewhere.example"]; !ok {
			w.t.Error("a user of another server must be a failure")
		}
		dir, err = w.keys.Query(ctx, ben.Caller, map[string][]string{asha.User: {"OTHER"}})
		if err != nil || len(dir.Devices[asha.User]) != 0 {
			w.t.Errorf("a query for another device: %v, %v", dir.Devices, err)
		}
	})
}

func TestPublishRefuses(t *testing.T) {
	w := open(t, storetest.Open(t))
	asha, ben := w.signIn("asha", "ASHA1"), w.signIn("ben", "BEN1")
	stranger := phone{asha.Caller, key("ed25519:ASHA1", "stranger")}
	for what, c := range map[string]struct {
		upload keys.Upload
		code   string
	}{
		"another person's keys": {keys.Upload{Device: ben.identity(t)}, "M_INVALID_PARAM"},
		"unsigned keys":         {keys.Upload{Device: asha.bare()}, "M_INVALID_SIGNATURE"},
		"keys signed by another": {keys.Upload{Device: sign(t, asha.bare(), asha.User, stranger.key)},
			"M_INVALID_SIGNATURE"},
		"no object":                     {keys.Upload{Device: jsontext.Value(`[]`)}, "M_BAD_JSON"},
		"one-time keys before identity": {keys.Upload{OneTime: map[string]jsontext.Value{"signed_curve25519:A": asha.oneTime(t, "a")}}, "M_INVALID_PARAM"},
		"one-time key of a stranger": {keys.Upload{Device: asha.identity(t),
			OneTime: map[string]jsontext.Value{"signed_curve25519:A": stranger.oneTime(t, "a")}}, "M_INVALID_SIGNATURE"},
		"one-time key without a name": {keys.Upload{Device: asha.identity(t),
			OneTime: map[string]jsontext.Value{"signed_curve25519": asha.oneTime(t, "a")}}, "M_INVALID_PARAM"},
		"short key": {keys.Upload{OneTime: map[string]jsontext.Value{"curve25519:A": jsontext.Value(`"c2hvcnQ"`)}}, "M_INVALID_PARAM"},
		"two fallback keys": {keys.Upload{Device: asha.identity(t), Fallback: map[string]jsontext.Value{
			"signed_curve25519:A": asha.oneTime(t, "a"), "signed_curve25519:B": asha.oneTime(t, "b")}}, "M_INVALID_PARAM"},
		"a float in a key": {keys.Upload{OneTime: map[string]jsontext.Value{"org.example:A": jsontext.Value(`{"n":1.5}`)}}, "M_BAD_JSON"},
		"a huge key": {keys.Upload{OneTime: map[string]jsontext.Value{
			"org.example:A": object(map[string]string{"x": strings.Repeat("x", 20<<10)})}}, "M_TOO_LARGE"},
	} {
		_, err := w.keys.Publish(ctx, asha.Caller, c.upload)
		wantCode(t, what, err, c.code)
	}
	_, err := w.keys.Publish(ctx, &audit.Caller{User: asha.User}, keys.Upload{Device: asha.identity(t)})
	wantCode(t, "no device", err, "M_INVALID_PARAM")
	counts, err := w.keys.Counts(ctx, asha.User, "ASHA1")
	if err != nil || len(counts.OneTime) != 0 {
		t.Errorf("a refused upload left %v, %v", counts, err)
	}
}

func TestPublishAgain(t *testing.T) {
	each(t, func(w *ward) {
		asha := w.signIn("asha", "ASHA1")
		w.publish(asha, 2)
		if got := w.publish(asha, 2); got["signed_curve25519"] != 2 {
			w.t.Errorf("counts after the same upload again: %v", got)
		}
		_, err := w.keys.Publish(ctx, asha.Caller, keys.Upload{OneTime: map[string]jsontext.Value{
			"signed_curve25519:K0000": asha.oneTime(w.t, "something else")}})
		wantCode(w.t, "another key of the same name", err, "M_INVALID_PARAM")
		if err == nil || !strings.HasPrefix(err.Error(), "One time key signed_curve25519:K0000 already exists.") {
			w.t.Errorf("clients look for these words: %v", err)
		}

		w.claim(asha.Caller, asha)
		if got := w.publish(asha, 2); got["signed_curve25519"] != 1 {
			w.t.Errorf("an upload sent again revived a claimed key: %v", got)
		}

		// A new identity under the same device id starts afresh.
		asha.key = key("ed25519:ASHA1", "a new identity")
		if got := w.publish(asha, 5); got["signed_curve25519"] != 5 {
			w.t.Errorf("counts after a new identity: %v", got)
		}
	})
}

// claim claims one key and gives its name, empty when there is none.
func (w *ward) claim(who *audit.Caller, of phone) string {
	w.t.Helper()
	got, err := w.keys.Claim(ctx, who, map[string]map[string]string{of.User: {of.Device: "signed_curve25519"}})
	if err != nil {
		w.t.Fatal(err)
	}
	for name := range got[of.User][of.Device] {
		return name
	}
	return ""
}

func TestClaimOrderAndFallback(t *testing.T) {
	each(t, func(w *ward) {
		asha, ben := w.signIn("asha", "ASHA1"), w.signIn("ben", "BEN1")
		if got := w.claim(ben.Caller, asha); got != "" {
			w.t.Errorf("claimed %q from a device without keys", got)
		}
		w.publish(asha, 2)
		_, err := w.keys.Publish(ctx, asha.Caller, keys.Upload{
			OneTime:  map[string]jsontext.Value{"signed_curve25519:A-later": asha.oneTime(w.t, "later")},
			Fallback: map[string]jsontext.Value{"signed_curve25519:FALL": asha.oneTime(w.t, "fall")},
		})
		if err != nil {
			w.t.Fatal(err)
		}
		w.counts(asha, 3, "signed_curve25519")
		var got []string
		for range 5 {
			got = append(got, w.claim(ben.Caller, asha))
		}
		want := []string{"signed_curve25519:K0000", "signed_curve25519:K0001", "signed_curve25519:A-later",
			"signed_curve25519:FALL", "signed_curve25519:FALL"}
		if d := cmp.Diff(want, got); d != "" {
			w.t.Errorf("claims (-want +got):\n%s", d)
		}
		w.counts(asha, 0)

		again := keys.Upload{Fallback: map[string]jsontext.Value{"signed_curve25519:FALL": asha.oneTime(w.t, "fall")}}
		if _, err := w.keys.Publish(ctx, asha.Caller, again); err != nil {
			w.t.Fatal(err)
		}
		w.counts(asha, 0) // the same fallback key is still a used one
		fresh := keys.Upload{Fallback: map[string]jsontext.Value{"signed_curve25519:FALL2": asha.oneTime(w.t, "fall2")}}
		if _, err := w.keys.Publish(ctx, asha.Caller, fresh); err != nil {
			w.t.Fatal(err)
		}
		w.counts(asha, 0, "signed_curve25519")
	})
}

func (w *ward) counts(p phone, oneTime int64, fallback ...string) {
	w.t.Helper()
	got, err := w.keys.Counts(ctx, p.User, p.Device)
	if err != nil {
		w.t.Fatal(err)
	}
	if got.OneTime["signed_curve25519"] != oneTime || strings.Join(got.Fallback, ",") != strings.Join(fallback, ",") {
		w.t.Errorf("counts: %+v, want %d and fallback %v", got, oneTime, fallback)
	}
}

func TestClaimExactlyOnce(t *testing.T) {
	each(t, func(w *ward) {
		const stock, claimants = 60, 16
		asha, ben := w.signIn("asha", "ASHA1"), w.signIn("ben", "BEN1")
		w.publish(asha, stock)
		var mu sync.Mutex
		given := map[string]int{}
		var wg sync.WaitGroup
		for range claimants {
			wg.Go(func() {
				for {
					got, err := w.keys.Claim(ctx, ben.Caller, map[string]map[string]string{asha.User: {"ASHA1": "signed_curve25519"}})
					if err != nil {
						t.Error(err)
						return
					}
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for name := range got[asha.User]["ASHA1"] {
						given[name]++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(given) != stock {
			w.t.Errorf("%d keys were handed out, of %d", len(given), stock)
		}
		for name, n := range given {
			if n != 1 {
				w.t.Errorf("%s was handed out %d times", name, n)
			}
		}
		w.counts(asha, 0)
	})
}

func TestClaimMany(t *testing.T) {
	each(t, func(w *ward) {
		ben := w.signIn("ben", "BEN1")
		want := map[string]map[string]string{}
		for i := range 11 { // more than one power of the statement's sizes
			p := w.signIn(fmt.Sprint("nurse", i), "D")
			if i%2 == 0 {
				w.publish(p, 1)
			}
			want[p.User] = map[string]string{"D": "signed_curve25519", "GONE": "signed_curve25519"}
		}
		got, err := w.keys.Claim(ctx, ben.Caller, want)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(got) != 6 {
			w.t.Errorf("keys of %d people, want 6", len(got))
		}
	})
}

func TestChanged(t *testing.T) {
	each(t, func(w *ward) {
		asha, ben := w.signIn("asha", "ASHA1"), w.signIn("ben", "BEN1")
		w.publish(asha, 0)
		start := w.db.Position()
		w.changed(ben, start)
		w.publish(asha, 0) // nothing new
		w.publish(ben, 0)
		w.changed(ben, start, ben.User)
		middle := w.db.Position()
		w.write(func(tx *store.Tx) error { return w.keys.Forget(tx, asha.User, asha.Device) })
		w.changed(ben, start, ben.User, asha.User)
		w.changed(ben, middle, asha.User)
		w.changed(ben, w.db.Position())
		dir, err := w.keys.Query(ctx, ben.Caller, map[string][]string{asha.User: {}})
		if err != nil || len(dir.Devices[asha.User]) != 0 {
			w.t.Errorf("a deleted device has keys: %v, %v", dir.Devices, err)
		}
		answer, err := w.keys.GetChanges(ctx, ben.Caller, keys.ChangesRequest{From: fmt.Sprint(middle), To: fmt.Sprint(w.db.Position())})
		if err != nil || len(answer.Changed) != 1 || answer.Changed[0] != asha.User {
			w.t.Errorf("keys/changes: %v, %v", answer, err)
		}
	})
}

func (w *ward) changed(viewer phone, from int64, want ...string) {
	w.t.Helper()
	got, err := w.keys.Changed(ctx, viewer.User, from, w.db.Position())
	if err != nil {
		w.t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("changed since %d (-want +got):\n%s", from, d)
	}
}

func TestTidyForgetsStones(t *testing.T) {
	w := open(t, storetest.Open(t))
	asha := w.signIn("asha", "ASHA1")
	w.publish(asha, 2)
	w.claim(asha.Caller, asha)
	w.write(func(tx *store.Tx) error { return tx.Exec(`UPDATE one_time_key SET claimed = 1 WHERE claimed > 0`) })
	if err := w.keys.Tidy(ctx); err != nil {
		t.Fatal(err)
	}
	var left int64
	err := w.db.Read(ctx, func(tx *store.Tx) error { return tx.Row(`SELECT COUNT(*) FROM one_time_key`, nil, &left) })
	if err != nil || left != 1 {
		t.Errorf("%d one-time keys left, want the unclaimed one (%v)", left, err)
	}
}
