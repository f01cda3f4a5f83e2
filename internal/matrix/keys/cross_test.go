package keys_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/matrix/keys"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// identitySet is a person's cross-signing keys.
type identitySet struct{ master, self, user matrix.Key }

func newSet(seed string) identitySet {
	return identitySet{cross(seed + "master"), cross(seed + "self"), cross(seed + "user")}
}

// crossKey gives a cross-signing key, unsigned.
func crossKey(owner, usage string, k matrix.Key) jsontext.Value {
	return object(map[string]any{"user_id": owner, "usage": []string{usage}, "keys": map[string]string{k.ID: public(k)}})
}

// request gives the set as an upload, signed by its master key.
func (s identitySet) request(t *testing.T, owner string) keys.CrossSigning {
	return keys.CrossSigning{
		Master:      crossKey(owner, "master", s.master),
		SelfSigning: sign(t, crossKey(owner, "self_signing", s.self), owner, s.master),
		UserSigning: sign(t, crossKey(owner, "user_signing", s.user), owner, s.master),
	}
}

func (w *ward) crossSign(p phone, s identitySet) {
	w.t.Helper()
	if err := w.keys.CrossSign(ctx, p.Caller, s.request(w.t, p.User), nil); err != nil {
		w.t.Fatal(err)
	}
}

func TestCrossSigningAsksOnlyForChanges(t *testing.T) {
	each(t, func(w *ward) {
		asha := w.signIn("asha", "ASHA1")
		first := newSet("first")
		w.crossSign(asha, first)
		w.crossSign(asha, first) // an answer that was lost
		if w.confirmed != 0 {
			w.t.Errorf("the first set and its repetition asked for a password %d times", w.confirmed)
		}
		w.refuse = errs.New(errs.Unauthenticated, "", "prove it")
		err := w.keys.CrossSign(ctx, asha.Caller, newSet("second").request(w.t, asha.User), nil)
		if !errs.Is(err, errs.Unauthenticated) || w.confirmed != 1 {
			w.t.Errorf("replacing an identity without proof: %v, asked %d times", err, w.confirmed)
		}
		if got := w.masterOf(asha, asha); got != public(first.master) {
			w.t.Errorf("the refused set was stored: %s", got)
		}
		w.refuse = nil
		w.crossSign(asha, newSet("second"))
		if got := w.masterOf(asha, asha); got != public(newSet("second").master) {
			w.t.Errorf("the confirmed set was not stored: %s", got)
		}
	})
}

func (w *ward) masterOf(viewer, p phone) string {
	w.t.Helper()
	dir, err := w.keys.Query(ctx, viewer.Caller, map[string][]string{p.User: {}})
	if err != nil {
		w.t.Fatal(err)
	}
	for id := range matrix.Members(matrix.Field(dir.Master[p.User], "keys")) {
		return strings.TrimPrefix(string(id), "ed25519:")
	}
	return ""
}

func TestNoDeviceIsNamedLikeAKey(t *testing.T) {
	each(t, func(w *ward) {
		asha := w.signIn("asha", "ASHA1")
		s := newSet("asha")
		w.crossSign(asha, s)
		for id, want := range map[string]bool{public(s.master): true, public(s.self): true, public(s.user): true, "ASHA2": false} {
			var refused error
			w.write(func(tx *store.Tx) error { refused = w.keys.RefuseDevice(tx, asha.User, id); return nil })
			if errs.Is(refused, errs.Forbidden) != want {
				t.Errorf("%s: %v", id, refused)
			}
		}
	})
}

func TestCrossSigningRefuses(t *testing.T) {
	w := open(t, storetest.Open(t))
	asha := w.signIn("asha", "ASHA1")
	s := newSet("asha")
	w.signIn("asha", public(s.user)) // a device whose id is a public key
	good := s.request(t, asha.User)
	unsigned := crossKey(asha.User, "self_signing", s.self)
	for what, c := range map[string]struct {
		set  keys.CrossSigning
		code string
	}{
		"no master at all":      {keys.CrossSigning{SelfSigning: good.SelfSigning}, "M_MISSING_PARAM"},
		"unsigned":              {keys.CrossSigning{Master: good.Master, SelfSigning: unsigned}, "M_INVALID_SIGNATURE"},
		"signed by another":     {keys.CrossSigning{Master: good.Master, SelfSigning: sign(t, unsigned, asha.User, s.user)}, "M_INVALID_SIGNATURE"},
		"another person's":      {keys.CrossSigning{Master: crossKey(user("ben"), "master", s.master)}, "M_INVALID_PARAM"},
		"another use":           {keys.CrossSigning{Master: crossKey(asha.User, "user_signing", s.master)}, "M_INVALID_PARAM"},
		"named by another key":  {keys.CrossSigning{Master: crossKey(asha.User, "master", key("ed25519:X", "x"))}, "M_INVALID_PARAM"},
		"the id of a device":    {good, "M_FORBIDDEN"},
		"no object":             {keys.CrossSigning{Master: jsontext.Value(`"key"`)}, "M_BAD_JSON"},
		"a forged device's sig": {keys.CrossSigning{Master: sign(t, good.Master, asha.User, matrix.Key{ID: s.master.ID, Private: s.self.Private})}, "M_INVALID_SIGNATURE"},
	} {
		wantCode(t, what, w.keys.CrossSign(ctx, asha.Caller, c.set, nil), c.code)
	}
	if got := w.masterOf(asha, asha); got != "" {
		t.Errorf("a refused set was stored: %s", got)
	}
}

func TestUserSigningKeyIsForItsOwner(t *testing.T) {
	each(t, func(w *ward) {
		asha, ben := w.signIn("asha", "ASHA1"), w.signIn("ben", "BEN1")
		w.crossSign(asha, newSet("asha"))
		for want, viewer := range []phone{ben, asha} {
			dir, err := w.keys.Query(ctx, viewer.Caller, map[string][]string{asha.User: {}})
			if err != nil {
				w.t.Fatal(err)
			}
			if len(dir.UserSigning) != want || len(dir.SelfSigning) != 1 || len(dir.Master) != 1 {
				w.t.Errorf("%s sees %d user-signing, %d self-signing, %d master keys of asha", viewer.User,
					len(dir.UserSigning), len(dir.SelfSigning), len(dir.Master))
			}
		}
	})
}

func TestSign(t *testing.T) {
	each(t, func(w *ward) {
		asha, ben, cara := w.signIn("asha", "ASHA1"), w.signIn("ben", "BEN1"), w.signIn("cara", "CARA1")
		a, b := newSet("asha"), newSet("ben")
		for _, p := range []phone{asha, ben, cara} {
			w.publish(p, 0)
		}
		w.crossSign(asha, a)
		w.crossSign(ben, b)
		start := w.db.Position()
		benMaster := crossKey(ben.User, "master", b.master)
		failures, err := w.keys.Sign(ctx, asha.Caller, map[string]map[string]jsontext.Value{
			asha.User: {
				"ASHA1":          sign(w.t, asha.bare(), asha.User, a.self),
				public(a.master): sign(w.t, crossKey(asha.User, "master", a.master), asha.User, asha.key),
			},
			ben.User: {public(b.master): sign(w.t, benMaster, asha.User, a.user)},
		})
		if err != nil || len(failures) != 0 {
			w.t.Fatalf("signing: %v, %v", failures, err)
		}
		w.seen(asha, asha.User, "ASHA1", asha.User, a.self.ID, true)
		w.seen(ben, asha.User, "ASHA1", asha.User, a.self.ID, true)
		w.seen(ben, asha.User, "master", asha.User, asha.key.ID, true)
		w.seen(asha, ben.User, "master", asha.User, a.user.ID, true)
		w.seen(ben, ben.User, "master", asha.User, a.user.ID, false)
		w.seen(cara, ben.User, "master", asha.User, a.user.ID, false)
		w.changed(cara, start, asha.User)
		w.changed(asha, start, asha.User, ben.User)

		// A new identity ends what the old one signed.
		w.crossSign(asha, newSet("asha again"))
		w.seen(ben, asha.User, "ASHA1", asha.User, a.self.ID, false)
		w.seen(asha, ben.User, "master", asha.User, a.user.ID, false)
		w.write(func(tx *store.Tx) error { return w.keys.ForgetUser(tx, asha.User) })
		if got := w.masterOf(ben, asha); got != "" {
			w.t.Errorf("an erased person has a master key: %s", got)
		}
	})
}

// seen checks whether viewer sees a signature on a device or ("master") master key.
func (w *ward) seen(viewer phone, owner, keyID, signer, signerKey string, want bool) {
	w.t.Helper()
	dir, err := w.keys.Query(ctx, viewer.Caller, map[string][]string{owner: {}})
	if err != nil {
		w.t.Fatal(err)
	}
	body := dir.Devices[owner][keyID]
	if keyID == "master" {
		body = dir.Master[owner]
	}
	sigs := matrix.Field(matrix.Field(body, "signatures"), signer)
	if got := matrix.Field(sigs, signerKey) != nil; got != want {
		w.t.Errorf("%s sees %s’s signature by %s on %s’s %s: %v, want %v\n%s", viewer.User, signer, signerKey, owner, keyID, got, want, body)
	}
}

func TestSignRefuses(t *testing.T) {
	w := open(t, storetest.Open(t))
	asha, ben := w.signIn("asha", "ASHA1"), w.signIn("ben", "BEN1")
	a, b := newSet("asha"), newSet("ben")
	w.publish(asha, 0)
	w.publish(ben, 0)
	w.crossSign(asha, a)
	w.crossSign(ben, b)
	other := asha
	other.key = key("ed25519:ASHA1", "other")
	benMaster := crossKey(ben.User, "master", b.master)
	for what, c := range map[string]struct {
		user, id string
		signed   jsontext.Value
		code     string
	}{
		"somebody's device":       {ben.User, "BEN1", sign(t, ben.bare(), asha.User, a.user), "M_INVALID_SIGNATURE"},
		"no such device":          {asha.User, "NONE", sign(t, asha.bare(), asha.User, a.self), "M_NOT_FOUND"},
		"not the key stored":      {asha.User, "ASHA1", sign(t, other.bare(), asha.User, a.self), "M_INVALID_PARAM"},
		"wrong signing key":       {asha.User, "ASHA1", sign(t, asha.bare(), asha.User, a.user), "M_INVALID_SIGNATURE"},
		"forged signature":        {asha.User, "ASHA1", sign(t, asha.bare(), asha.User, matrix.Key{ID: a.self.ID, Private: b.self.Private}), "M_INVALID_SIGNATURE"},
		"only others' signatures": {ben.User, public(b.master), sign(t, benMaster, ben.User, b.user), "M_INVALID_SIGNATURE"},
		"with somebody's key":     {ben.User, public(b.master), sign(t, benMaster, asha.User, b.user), "M_INVALID_SIGNATURE"},
		"not even an object":      {asha.User, "ASHA1", jsontext.Value(`7`), "M_BAD_JSON"},
	} {
		failures, err := w.keys.Sign(ctx, asha.Caller, map[string]map[string]jsontext.Value{c.user: {c.id: c.signed}})
		if err != nil || failures[c.user][c.id].Code != c.code {
			t.Errorf("%s: %v, %v, want %s", what, failures, err, c.code)
		}
	}
}

func FuzzPublish(f *testing.F) {
	w := open(&testing.T{}, storetest.Open(f))
	p := phone{&audit.Caller{User: user("fuzz"), Device: "D"}, key("ed25519:D", "fuzz")}
	f.Add([]byte(p.bare()), []byte(`{"key":"x"}`))
	f.Add([]byte(`{"signatures":{"@a:b":{"ed25519:D":"x"}}}`), []byte(`"AAAA"`))
	f.Fuzz(func(t *testing.T, identity, oneTime []byte) {
		if !jsontext.Value(identity).IsValid() || !jsontext.Value(oneTime).IsValid() {
			return // the endpoint has refused it already
		}
		_, err := w.keys.Publish(ctx, p.Caller, keys.Upload{Device: identity,
			OneTime: map[string]jsontext.Value{"signed_curve25519:A": oneTime}})
		if err == nil || errs.Of(err) == errs.Internal {
			t.Errorf("a forged upload: %v", err)
		}
		_, err = w.keys.Sign(ctx, p.Caller, map[string]map[string]jsontext.Value{p.User: {"D": identity}})
		if errs.Of(err) == errs.Internal && err != nil {
			t.Errorf("a forged signature: %v", err)
		}
	})
}
