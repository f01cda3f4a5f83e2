package keys

import (
	"context"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// usersAtOnce is how many users one query looks for.
const usersAtOnce = 512

// Directory is the answer to a query. Client-server API, POST /keys/query.
type Directory struct {
	Devices     map[string]map[string]jsontext.Value `json:"device_keys"` // by user and device
	Master      map[string]jsontext.Value            `json:"master_keys,omitempty"`
	SelfSigning map[string]jsontext.Value            `json:"self_signing_keys,omitempty"`
	UserSigning map[string]jsontext.Value            `json:"user_signing_keys,omitempty"` // the caller's own only
	Failures    map[string]struct{}                  `json:"failures"`                    // servers that cannot be asked
}

// Query gives the keys of users: of the devices named, or of all where none is named. Each key carries the signatures
// the caller may see: those of its owner, and the caller's own. Users without keys have an empty entry, so that clients
// know them to be up to date; users of other servers are failures.
func (k *Keys) Query(ctx context.Context, who *audit.Caller, want map[string][]string) (*Directory, error) {
	if err := boundQuery(want); err != nil {
		return nil, err
	}
	dir := &Directory{
		Devices: map[string]map[string]jsontext.Value{}, Failures: map[string]struct{}{},
		Master: map[string]jsontext.Value{}, SelfSigning: map[string]jsontext.Value{}, UserSigning: map[string]jsontext.Value{},
	}
	home := serverOf(who.User)
	var local []string
	for _, user := range slices.Sorted(maps.Keys(want)) {
		switch server := serverOf(user); server {
		case home:
			local = append(local, user)
			dir.Devices[user] = map[string]jsontext.Value{}
		case "":
			return nil, errs.BadParam("A key of device_keys is not a user id.")
		default:
			dir.Failures[server] = struct{}{}
		}
	}
	err := k.db.Read(ctx, func(tx *store.Tx) error {
		for users := range slices.Chunk(local, usersAtOnce) {
			if err := dir.read(tx, who.User, users, want); err != nil {
				return err
			}
		}
		return nil
	})
	return dir, err
}

func boundQuery(want map[string][]string) error {
	named := len(want)
	for _, devices := range want {
		named += len(devices)
	}
	if named > maxQuery {
		return errs.BadParam("More than %d users and devices at once.", maxQuery)
	}
	return nil
}

// signed names something that can be signed: a device or a master key of a user.
type signed struct{ user, keyID string }

// read adds the keys of some users.
func (dir *Directory) read(tx *store.Tx, viewer string, users []string, want map[string][]string) error {
	list, err := signaturesOn(tx, users, viewer)
	if err != nil {
		return err
	}
	added := map[signed][]signature{}
	for _, s := range list {
		at := signed{s.user, s.keyID}
		added[at] = append(added[at], s)
	}
	if err := dir.readCross(tx, viewer, users, added); err != nil {
		return err
	}
	devices, err := deviceKeys(tx, users)
	if err != nil {
		return err
	}
	names, err := deviceNames(tx, users)
	if err != nil {
		return err
	}
	for _, d := range devices {
		if only := want[d.user]; len(only) > 0 && !slices.Contains(only, d.id) {
			continue
		}
		body, err := dress(d.body, added[signed{d.user, d.id}], names[d.device])
		if err != nil {
			return err
		}
		dir.Devices[d.user][d.id] = body
	}
	return nil
}

// readCross adds cross-signing keys. A user-signing key is for its owner's eyes only.
func (dir *Directory) readCross(tx *store.Tx, viewer string, users []string, added map[signed][]signature) error {
	list, err := crossKeys(tx, users)
	if err != nil {
		return err
	}
	for _, c := range list {
		switch {
		case c.usage == master:
			if dir.Master[c.user], err = dress(c.body, added[signed{c.user, c.public}], ""); err != nil {
				return err
			}
		case c.usage == selfSigning:
			dir.SelfSigning[c.user] = jsontext.Value(c.body)
		case c.usage == userSigning && c.user == viewer:
			dir.UserSigning[c.user] = jsontext.Value(c.body)
		}
	}
	return nil
}

// dress adds signatures, and the name of a device, to a stored key.
func dress(body string, added []signature, name string) (jsontext.Value, error) {
	if len(added) == 0 && name == "" {
		return jsontext.Value(body), nil
	}
	var o object
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		return nil, err
	}
	all, err := o.signatures()
	if err != nil {
		return nil, err
	}
	if all == nil {
		all = signatures{}
	}
	for _, s := range added {
		if all[s.signer] == nil {
			all[s.signer] = map[string]string{}
		}
		all[s.signer][s.signerKey] = s.value
	}
	if len(all) > 0 {
		if o["signatures"], err = json.Marshal(all, json.Deterministic(true)); err != nil {
			return nil, err
		}
	}
	if name != "" {
		unsigned := map[string]string{"device_display_name": name}
		if o["unsigned"], err = json.Marshal(unsigned); err != nil {
			return nil, err
		}
	}
	return json.Marshal(o, json.Deterministic(true))
}
