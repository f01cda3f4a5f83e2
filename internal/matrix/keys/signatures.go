package keys

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Failure says why a signature was not taken.
type Failure struct {
	Code  string `json:"errcode"`
	Error string `json:"error"`
}

// verified is a signature that holds, and the key it was verified with: it counts only while that key is stored.
type verified struct {
	signature
	body string // of the key that was signed, as stored
}

// Sign adds the caller's signatures to keys: of own devices (by the self-signing key), the own master key (by own
// devices) and the master keys of others (by the user-signing key). sent maps users to device ids or public keys to the
// signed object; the answer has the same shape and holds those that were refused.
// Client-server API, POST /keys/signatures/upload.
func (k *Keys) Sign(ctx context.Context, who *audit.Caller, sent map[string]map[string]jsontext.Value) (
	map[string]map[string]Failure, error) {
	total := 0
	for _, objects := range sent {
		total += len(objects)
	}
	if total > maxSigned {
		return nil, errs.BadParam("More than %d signed keys at once.", maxSigned)
	}
	failures := map[string]map[string]Failure{}
	var good []verified
	err := k.db.Read(ctx, func(tx *store.Tx) error {
		own, err := readIdentities(tx, who.User)
		if err != nil {
			return err
		}
		for _, user := range slices.Sorted(maps.Keys(sent)) {
			for _, keyID := range slices.Sorted(maps.Keys(sent[user])) {
				found, err := judge(tx, own, who.User, signed{user, keyID}, sent[user][keyID])
				good = append(good, found...)
				if err := failed(failures, signed{user, keyID}, err); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil || len(good) == 0 {
		return failures, err
	}
	return failures, k.db.Write(ctx, func(tx *store.Tx) error { return putSignatures(tx, who, good) })
}

// failed notes a failure that can be told; any other is returned.
func failed(failures map[string]map[string]Failure, at signed, err error) error {
	if err == nil || errs.Of(err) == errs.Internal || errs.Of(err) == errs.Unavailable {
		return err
	}
	code, words := codeOf(err)
	if failures[at.user] == nil {
		failures[at.user] = map[string]Failure{}
	}
	failures[at.user][at.keyID] = Failure{code, words}
	return nil
}

// judge verifies the signer's signatures on one object.
func judge(tx *store.Tx, own *identities, signer string, at signed, raw jsontext.Value) ([]verified, error) {
	o, err := readObject(raw)
	if err != nil {
		return nil, err
	}
	sent, err := o.signatures()
	if err != nil {
		return nil, err
	}
	if len(sent[signer]) == 0 {
		return nil, errSignature("The object carries no signature of yours.")
	}
	body, isMaster, err := target(tx, at)
	if err != nil {
		return nil, err
	}
	payload, before, err := sameKey(o, body)
	if err != nil {
		return nil, err
	}
	var good []verified
	for name, value := range sent[signer] {
		if before[signer][name] == value {
			continue
		}
		public := own.signingKey(name, signer == at.user, isMaster)
		if public == "" {
			return nil, errSignature("A signature was made by a key that may not sign this.")
		}
		if err := verify(payload, public, value); err != nil {
			return nil, err
		}
		good = append(good, verified{signature{at.user, at.keyID, signer, name, value}, body})
	}
	return good, nil
}

// sameKey makes sure that an object is the key that is stored, and gives what is signed and the signatures stored with it.
func sameKey(o object, body string) (payload []byte, before signatures, err error) {
	stored, err := readObject(jsontext.Value(body))
	if err != nil {
		return nil, nil, err
	}
	if before, err = stored.signatures(); err != nil {
		return nil, nil, err
	}
	want, err := stored.payload()
	if err != nil {
		return nil, nil, err
	}
	if payload, err = o.payload(); err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(want, payload) {
		return nil, nil, errs.BadParam("The signed object is not the key that is stored.")
	}
	return payload, before, nil
}

// signingKey gives the public key by which a user may sign, under the name of the signature; empty when there is none.
func (own *identities) signingKey(name string, self, isMaster bool) string {
	id, ok := strings.CutPrefix(name, "ed25519:")
	switch {
	case !ok:
		return ""
	case self && isMaster:
		return own.devices[id]
	case self && own.cross[selfSigning].public == id:
		return id
	case !self && isMaster && own.cross[userSigning].public == id:
		return id
	}
	return ""
}

// target finds the stored key a signature is for.
func target(tx *store.Tx, at signed) (body string, isMaster bool, err error) {
	list, err := crossKeys(tx, []string{at.user})
	if err != nil {
		return "", false, err
	}
	for _, c := range list {
		if c.usage == master && c.public == at.keyID {
			return c.body, true, nil
		}
	}
	key, err := deviceKey(tx, device{at.user, at.keyID})
	if errs.Is(err, errs.NotFound) {
		return "", false, errs.Absent("There is no such device or master key.")
	}
	return string(key), false, err
}

// putSignatures stores verified signatures on keys that are still what they were.
func putSignatures(tx *store.Tx, who *audit.Caller, good []verified) error {
	told := map[string]bool{}
	for _, v := range good {
		body, _, err := target(tx, signed{v.user, v.keyID})
		if errs.Is(err, errs.NotFound) || err == nil && body != v.body {
			continue // replaced meanwhile: the signature is for a key that is gone
		}
		if err != nil {
			return err
		}
		if err := putSignature(tx, v.signature); err != nil {
			return err
		}
		if err := audit.Record(tx, who, audit.Entry{Action: "keys.sign", Object: v.user, Detail: v.keyID}); err != nil {
			return err
		}
		if told[v.user] {
			continue
		}
		told[v.user] = true
		if err := announce(tx, v.user, viewerOf(v.signature)); err != nil {
			return err
		}
	}
	return nil
}

// viewerOf says who can see a signature: everyone the owner's own, the signer alone another's.
func viewerOf(s signature) string {
	if s.signer == s.user {
		return ""
	}
	return s.signer
}
