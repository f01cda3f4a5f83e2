package keys

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// The uses of cross-signing keys. Client-server API, "Cross-signing".
const (
	master      = "master"
	selfSigning = "self_signing"
	userSigning = "user_signing"
)

// CrossSigning is a set of cross-signing keys; nil ones are left as they are.
type CrossSigning struct {
	Master, SelfSigning, UserSigning jsontext.Value
}

// identities are a user's cross-signing keys and devices, by which new ones are judged.
type identities struct {
	cross   map[string]crossKey // by usage
	devices map[string]string   // Ed25519 key by device id; empty when the device has published none
}

// RefuseDevice refuses the id of a new device that is one of its owner's cross-signing keys, with M_FORBIDDEN: signatures
// name both in the same way. Client-server API, POST /login, device_id.
func (k *Keys) RefuseDevice(tx *store.Tx, user, deviceID string) error {
	cross, err := crossKeys(tx, []string{user})
	if err != nil {
		return err
	}
	for _, c := range cross {
		if c.public == deviceID {
			return errs.Forbid("This device id is one of your keys. Choose another.")
		}
	}
	return nil
}

var errMoved = errors.New("keys: the stored keys have changed meanwhile")

// CrossSign publishes cross-signing keys. The first set, and the set that is there already, are taken as they come;
// anything else is a change of identity and needs user-interactive authentication (Hooks.Confirm, given auth).
// Client-server API, POST /keys/device_signing/upload. Errors: M_INVALID_SIGNATURE, M_MISSING_PARAM without any master
// key, M_FORBIDDEN when a public key equals the id of one of the user's devices.
func (k *Keys) CrossSign(ctx context.Context, who *audit.Caller, set CrossSigning, auth jsontext.Value) error {
	confirmed := false
	for range 5 {
		own, err := k.identities(ctx, who.User)
		if err != nil {
			return err
		}
		fresh, err := readSet(who.User, set, own)
		if err != nil || len(fresh) == 0 {
			return err
		}
		if _, replacing := own.cross[master]; replacing && !confirmed {
			if err := k.hooks.Confirm(ctx, who, auth); err != nil {
				return err
			}
			confirmed = true
		}
		err = k.db.Write(ctx, func(tx *store.Tx) error { return putSet(tx, who, own, fresh) })
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return errs.New(errs.Conflict, "M_UNKNOWN", "Your keys are being changed from another device. Please try again.")
}

// identities reads a user's cross-signing keys and devices.
func (k *Keys) identities(ctx context.Context, user string) (*identities, error) {
	var own *identities
	err := k.db.Read(ctx, func(tx *store.Tx) (err error) {
		own, err = readIdentities(tx, user)
		return err
	})
	return own, err
}

func readIdentities(tx *store.Tx, user string) (*identities, error) {
	own := &identities{cross: map[string]crossKey{}, devices: map[string]string{}}
	list, err := crossKeys(tx, []string{user})
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		own.cross[c.usage] = c
	}
	names, err := deviceNames(tx, []string{user})
	if err != nil {
		return nil, err
	}
	for d := range names {
		own.devices[d.id] = ""
	}
	devices, err := deviceKeys(tx, []string{user})
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		own.devices[d.id] = ed25519Of([]byte(d.body), d.id)
	}
	return own, nil
}

// readSet checks a set of keys against what is stored, and gives those to be stored: none when all are there already.
func readSet(user string, set CrossSigning, own *identities) ([]crossKey, error) {
	signer := own.cross[master].public
	var keys []crossKey
	same := true
	for _, one := range []struct {
		usage string
		raw   jsontext.Value
	}{{master, set.Master}, {selfSigning, set.SelfSigning}, {userSigning, set.UserSigning}} {
		if one.raw == nil {
			continue
		}
		c, o, err := readCrossKey(user, one.usage, one.raw)
		if err != nil {
			return nil, err
		}
		if _, used := own.devices[c.public]; used {
			return nil, errs.Forbid("A public key equals the id of one of your devices.")
		}
		if one.usage == master {
			signer = c.public
		}
		if c.body, err = signCross(o, c, signer, own.devices); err != nil {
			return nil, err
		}
		same = same && own.cross[one.usage].public == c.public
		keys = append(keys, c)
	}
	if same {
		return nil, nil
	}
	return keys, nil
}

// readCrossKey checks the shape of a cross-signing key.
func readCrossKey(user, usage string, raw jsontext.Value) (crossKey, object, error) {
	o, err := readObject(raw)
	if err != nil {
		return crossKey{}, nil, err
	}
	var head struct {
		User  string            `json:"user_id"`
		Usage []string          `json:"usage"`
		Keys  map[string]string `json:"keys"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return crossKey{}, nil, errs.BadJSON("A cross-signing key is not of the shape the standard describes.")
	}
	if head.User != user || !slices.Contains(head.Usage, usage) || len(head.Keys) != 1 {
		return crossKey{}, nil, errs.BadParam("A cross-signing key must name its owner, its use and exactly one public key.")
	}
	c := crossKey{user: user, usage: usage}
	for name, public := range head.Keys {
		if name != "ed25519:"+public {
			return crossKey{}, nil, errs.BadParam("A cross-signing key must be named ed25519 and by itself.")
		}
		c.public = public
	}
	_, err = publicBytes(c.public)
	return c, o, err
}

// signCross verifies the signatures that count on a cross-signing key and gives the key with those alone. The master
// key may be signed by devices of its owner; the others must be signed by the master key.
func signCross(o object, c crossKey, signer string, devices map[string]string) (string, error) {
	if c.usage != master {
		if signer == "" {
			return "", errs.Missing("There is no master key to sign this key.")
		}
		body, err := keepSignature(o, c.user, "ed25519:"+signer, signer)
		return string(body), err
	}
	all, err := o.signatures()
	if err != nil {
		return "", err
	}
	payload, err := o.payload()
	if err != nil {
		return "", err
	}
	kept := map[string]string{}
	for name, value := range all[c.user] {
		public := devices[strings.TrimPrefix(name, "ed25519:")]
		if name == "ed25519:"+c.public {
			public = c.public
		}
		if public == "" {
			continue // of a device nobody knows: it would prove nothing
		}
		if err := verify(payload, public, value); err != nil {
			return "", err
		}
		kept[name] = value
	}
	body, err := o.with(owned(c.user, kept))
	return string(body), err
}

// owned gives signatures of one user, nil when there are none.
func owned(user string, kept map[string]string) signatures {
	if len(kept) == 0 {
		return nil
	}
	return signatures{user: kept}
}

// putSet stores keys, if what they were judged by is still what is stored.
func putSet(tx *store.Tx, who *audit.Caller, own *identities, fresh []crossKey) error {
	now, err := readIdentities(tx, who.User)
	if err != nil {
		return err
	}
	for _, usage := range []string{master, selfSigning, userSigning} {
		if now.cross[usage].public != own.cross[usage].public {
			return errMoved
		}
	}
	for _, c := range fresh {
		if _, used := now.devices[c.public]; used {
			return errMoved // a device has taken the name meanwhile
		}
	}
	action := "keys.cross_signing"
	for _, c := range replaced(now, fresh) {
		action = "keys.cross_signing.replace"
		if err := deleteCrossKey(tx, c); err != nil {
			return err
		}
	}
	for _, c := range fresh {
		if err := putCrossKey(tx, c); err != nil {
			return err
		}
	}
	if err := audit.Record(tx, who, audit.Entry{Action: action, Object: who.User}); err != nil {
		return err
	}
	return announce(tx, who.User, "")
}

// replaced gives the stored keys that end with a new set: those it has others for, and all of them with the master key
// that signed them.
func replaced(now *identities, fresh []crossKey) []crossKey {
	publics := map[string]string{}
	for _, c := range fresh {
		publics[c.usage] = c.public
	}
	newMaster := publics[master] != "" && publics[master] != now.cross[master].public
	var ended []crossKey
	for usage, c := range now.cross {
		if public, ok := publics[usage]; ok && public != c.public || newMaster {
			ended = append(ended, c)
		}
	}
	return ended
}
