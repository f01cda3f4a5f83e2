package keys

import (
	"bytes"
	"context"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Upload is what a device publishes. Client-server API, POST /keys/upload.
type Upload struct {
	Device   jsontext.Value            // its identity keys; nil: unchanged
	OneTime  map[string]jsontext.Value // by "algorithm:id"
	Fallback map[string]jsontext.Value // by "algorithm:id", one for each algorithm
}

// identity is a device's identity keys, checked.
type identity struct {
	body    []byte // canonical, with the device's own signature and no other
	ed25519 string
}

// oneTime is a one-time or fallback key, checked.
type oneTime struct {
	algorithm, id string
	body          []byte
}

// Publish stores the keys of the caller's device and gives the number of its unclaimed one-time keys by algorithm.
//
// Identity keys must be signed by themselves, and signed one-time keys by the identity: M_INVALID_SIGNATURE. Sending the
// same key again changes nothing; another key under a name in use is M_INVALID_PARAM.
func (k *Keys) Publish(ctx context.Context, who *audit.Caller, u Upload) (map[string]int64, error) {
	if err := needDevice(who); err != nil {
		return nil, err
	}
	d := device{who.User, who.Device}
	if u.Device == nil && len(u.OneTime) == 0 && len(u.Fallback) == 0 {
		c, err := k.Counts(ctx, d.user, d.id)
		return c.OneTime, err
	}
	own, err := k.identityFor(ctx, d, u.Device)
	if err != nil {
		return nil, err
	}
	fresh, err := readOneTime(d, own.ed25519, u.OneTime)
	if err != nil {
		return nil, err
	}
	fallback, err := readFallback(d, own.ed25519, u.Fallback)
	if err != nil {
		return nil, err
	}
	var counts map[string]int64
	err = k.db.Write(ctx, func(tx *store.Tx) error {
		if err := putIdentity(tx, who, own, u.Device != nil); err != nil {
			return err
		}
		if err := addOneTime(tx, d, fresh, fallback); err != nil {
			return err
		}
		counts, err = countOneTime(tx, d)
		return err
	})
	return counts, err
}

// identityFor gives the identity that one-time keys must be signed by: the uploaded one, else the stored one.
func (k *Keys) identityFor(ctx context.Context, d device, uploaded jsontext.Value) (identity, error) {
	if uploaded != nil {
		return readIdentity(d, uploaded)
	}
	var own identity
	err := k.db.Read(ctx, func(tx *store.Tx) error {
		body, err := deviceKey(tx, d)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		own = identity{body: body, ed25519: ed25519Of(body, d.id)}
		return nil
	})
	return own, err
}

// readIdentity checks a device's identity keys.
func readIdentity(d device, raw jsontext.Value) (identity, error) {
	o, err := readObject(raw)
	if err != nil {
		return identity{}, err
	}
	var head struct {
		User       string            `json:"user_id"`
		Device     string            `json:"device_id"`
		Algorithms []string          `json:"algorithms"`
		Keys       map[string]string `json:"keys"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return identity{}, errs.BadJSON("The device keys are not of the shape the standard describes.")
	}
	if head.User != d.user || head.Device != d.id {
		return identity{}, errs.BadParam("The device keys name another user or device than the one signed in.")
	}
	for name, key := range head.Keys {
		if _, id, err := splitKeyID(name); err != nil || id != d.id || len(key) > 255 {
			return identity{}, errs.BadParam("A device key must be named by its algorithm and the device's own id.")
		}
	}
	signer := "ed25519:" + d.id
	public, ok := head.Keys[signer]
	if !ok {
		return identity{}, errs.BadParam("The device keys hold no Ed25519 key.")
	}
	kept, err := keepSignature(o, d.user, signer, public)
	if err != nil {
		return identity{}, err
	}
	return identity{body: kept, ed25519: public}, nil
}

// keepSignature verifies one signature of an object and gives the canonical object with that signature alone: nobody
// can plant signatures of others.
func keepSignature(o object, user, signer, public string) ([]byte, error) {
	signed, err := o.signatures()
	if err != nil {
		return nil, err
	}
	signature, ok := signed[user][signer]
	if !ok {
		return nil, errSignature("A key is not signed by the key that must sign it.")
	}
	payload, err := o.payload()
	if err != nil {
		return nil, err
	}
	if err := verify(payload, public, signature); err != nil {
		return nil, err
	}
	return o.with(signatures{user: {signer: signature}})
}

// ed25519Of is the signing key within stored device keys, empty when there are none.
func ed25519Of(body []byte, deviceID string) string {
	var head struct {
		Keys map[string]string `json:"keys"`
	}
	if len(body) == 0 || json.Unmarshal(body, &head) != nil {
		return ""
	}
	return head.Keys["ed25519:"+deviceID]
}

// readOneTime checks one-time keys and puts them in a stable order.
func readOneTime(d device, identity string, keys map[string]jsontext.Value) ([]oneTime, error) {
	if len(keys) > maxUpload {
		return nil, errs.BadParam("More than %d one-time keys at once.", maxUpload)
	}
	list := make([]oneTime, 0, len(keys))
	for name, raw := range keys {
		one, err := readKey(d, identity, name, raw)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b oneTime) int {
		return bytes.Compare([]byte(a.algorithm+":"+a.id), []byte(b.algorithm+":"+b.id))
	})
	return list, nil
}

// readFallback checks fallback keys: one for each algorithm.
func readFallback(d device, identity string, keys map[string]jsontext.Value) ([]oneTime, error) {
	list, err := readOneTime(d, identity, keys)
	if err != nil {
		return nil, err
	}
	for i := 1; i < len(list); i++ {
		if list[i].algorithm == list[i-1].algorithm {
			return nil, errs.BadParam("There can be one fallback key for each algorithm.")
		}
	}
	return list, nil
}

// readKey checks one one-time or fallback key.
func readKey(d device, identity, name string, raw jsontext.Value) (oneTime, error) {
	algorithm, id, err := splitKeyID(name)
	if err != nil {
		return oneTime{}, err
	}
	one := oneTime{algorithm: algorithm, id: id}
	switch {
	case algorithm == "signed_curve25519":
		one.body, err = readSigned(d, identity, raw)
	case algorithm == "curve25519" || raw.Kind() == '"':
		one.body, err = readPlain(raw)
	default:
		var o object
		if o, err = readObject(raw); err == nil {
			one.body, err = o.canonical()
		}
	}
	return one, err
}

// readSigned checks a key of algorithm signed_curve25519.
func readSigned(d device, identity string, raw jsontext.Value) ([]byte, error) {
	o, err := readObject(raw)
	if err != nil {
		return nil, err
	}
	var public string
	if err := json.Unmarshal(o["key"], &public); err != nil {
		return nil, errs.BadJSON("A signed key must hold its public key as a string.")
	}
	if _, err := publicBytes(public); err != nil {
		return nil, err
	}
	if identity == "" {
		return nil, errs.BadParam("Publish the device's identity keys before keys that they sign.")
	}
	return keepSignature(o, d.user, "ed25519:"+d.id, identity)
}

// readPlain checks a key that is a bare public key.
func readPlain(raw jsontext.Value) ([]byte, error) {
	var public string
	if err := json.Unmarshal(raw, &public); err != nil {
		return nil, errs.BadJSON("A one-time key of this algorithm must be a string.")
	}
	if _, err := publicBytes(public); err != nil {
		return nil, err
	}
	return matrix.Canonical(raw)
}

// putIdentity stores identity keys if they changed; otherwise it makes sure that the ones the one-time keys were
// checked against are still the device's.
func putIdentity(tx *store.Tx, who *audit.Caller, own identity, uploaded bool) error {
	d := device{who.User, who.Device}
	before, err := deviceKey(tx, d)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	if bytes.Equal(before, own.body) {
		return nil
	}
	if !uploaded {
		return errs.New(errs.Conflict, "M_UNKNOWN", "The device's identity keys have just been replaced. Please publish again.")
	}
	action := "keys.publish"
	if len(before) > 0 {
		// A device with another identity is another device: nothing signed for the old one holds for it.
		action = "keys.replace"
		if err := deleteDevice(tx, d.user, d.id); err != nil {
			return err
		}
	}
	if err := putDeviceKey(tx, d, own.body); err != nil {
		return err
	}
	if err := audit.Record(tx, who, audit.Entry{Action: action, Object: d.user, Detail: d.id}); err != nil {
		return err
	}
	return announce(tx, d.user, "")
}

// addOneTime stores one-time and fallback keys.
func addOneTime(tx *store.Tx, d device, fresh, fallback []oneTime) error {
	fresh, err := unknown(tx, d, fresh)
	if err != nil {
		return err
	}
	fallback, err = changed(tx, d, fallback)
	if err != nil {
		return err
	}
	if len(fresh)+len(fallback) == 0 {
		return nil
	}
	pos := tx.Log(KindCounts, d.user, d.id, nil)
	for _, one := range fresh {
		if err := insertOneTime(tx, d, one, pos); err != nil {
			return err
		}
	}
	for _, one := range fallback {
		if err := putFallback(tx, d, one); err != nil {
			return err
		}
	}
	return nil
}

// unknown gives those of keys that the device has not published before, claimed since or not.
func unknown(tx *store.Tx, d device, keys []oneTime) ([]oneTime, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	known, err := oneTimeKeys(tx, d, keys)
	if err != nil {
		return nil, err
	}
	var fresh []oneTime
	for _, one := range keys {
		body, ok := known[one.algorithm+":"+one.id]
		switch {
		case !ok:
			fresh = append(fresh, one)
		case body != "" && body != string(one.body):
			return nil, errs.BadParam("One time key %s:%s already exists.", one.algorithm, one.id)
		}
	}
	counts, err := countOneTime(tx, d)
	if err != nil {
		return nil, err
	}
	unspent := int64(len(fresh))
	for _, n := range counts {
		unspent += n
	}
	if unspent > maxUnspent {
		return nil, errs.BadParam("A device may have at most %d unclaimed one-time keys.", maxUnspent)
	}
	return fresh, nil
}

// changed gives those fallback keys that are not stored already: storing one again would forget that it was used.
func changed(tx *store.Tx, d device, keys []oneTime) ([]oneTime, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	stored, err := fallbackKeys(tx, d)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(keys), func(one oneTime) bool {
		s := stored[one.algorithm]
		return s.id == one.id && bytes.Equal(s.body, one.body)
	}), nil
}
