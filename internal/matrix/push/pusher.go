package push

import (
	"context"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/outward"
	"github.com/wardline/wardline/internal/platform/store"
)

// KindPusher is the kind of change logged when somebody's pushers change: scope the user, no key, no body.
const KindPusher = "pusher"

// Config is what of the configuration concerns pushes.
type Config struct {
	IncludeContent  bool // text and names may leave, in the pushes of clients that do not ask for ids only
	PrivateGateways bool // gateways at loopback and private addresses, and without TLS: for test rigs
}

// Bounds on what a client may choose: bytes, but for app ids, which the standard counts in characters.
const (
	maxPushkey = 512
	maxAppID   = 64
	maxLabel   = 255
	maxData    = 8 << 10
	maxPushers = 50 // of one person
)

// gatewayPath is the one path of a push gateway (client-server API, POST /pushers/set).
const gatewayPath = "/_matrix/push/v1/notify"

// Pusher is an app that somebody wants to be told through. The app id and the pushkey together name it.
type Pusher struct {
	User       string
	AppID      string // reverse DNS: "org.example.app.ios"
	Key        string // what the gateway knows the app's installation by
	Device     string // device it was set from
	AppName    string
	DeviceName string
	ProfileTag string
	Lang       string
	Data       jsontext.Value // object: url, format, and what else the gateway is to be given
	Updated    int64          // when it was set last, ms since 1970, UTC

	url          string
	told, behind int64
}

// Pushers is everybody's pushers.
type Pushers struct {
	db   *store.DB
	conf Config
}

// NewPushers gives the pushers of a database.
func NewPushers(db *store.DB, conf Config) *Pushers { return &Pushers{db, conf} }

// Of gives the caller's pushers: GET /pushers. Browsers are not among them.
func (p *Pushers) Of(ctx context.Context, who *audit.Caller) (list []Pusher, err error) {
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		list, err = pushersOf(tx, who.User)
		return err
	})
	return slices.DeleteFunc(list, func(one Pusher) bool { return one.byWeb() }), err
}

// Set makes or changes a pusher of the caller's: POST /pushers/set. Unless it is shared, other people's pushers of the
// same app and key are removed: the app has changed hands.
func (p *Pushers) Set(ctx context.Context, who *audit.Caller, one Pusher, shared bool) (err error) {
	if one.url, err = p.check(&one); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *store.Tx) error {
		of, err := pushersOf(tx, who.User)
		if err != nil {
			return err
		}
		if len(of) >= maxPushers && !contains(of, one.AppID, one.Key) {
			return errs.New(errs.Invalid, "M_UNKNOWN", "You have %d pushers already. Sign out on a device you no longer use.", len(of))
		}
		if !shared {
			if err := removeOthers(tx, who, one.AppID, one.Key); err != nil {
				return err
			}
		}
		set := one
		set.User, set.Device, set.Updated = who.User, who.Device, tx.Now().UnixMilli()
		set.told = tx.Log(KindPusher, who.User, "", nil)
		if err := putPusher(tx, &set); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "push.pusher_set", Object: who.User, Detail: one.AppID})
	})
}

func contains(list []Pusher, app, key string) bool {
	for i := range list {
		if list[i].AppID == app && list[i].Key == key {
			return true
		}
	}
	return false
}

// removeOthers removes the pushers of other people for an app and key.
func removeOthers(tx *store.Tx, who *audit.Caller, app, key string) error {
	users, err := usersOfKey(tx, app, key)
	if err != nil {
		return err
	}
	for _, user := range users {
		if user == who.User {
			continue
		}
		if err := remove(tx, who, user, app, key); err != nil {
			return err
		}
	}
	return nil
}

// Remove ends a pusher of the caller's, if there is one.
func (p *Pushers) Remove(ctx context.Context, who *audit.Caller, app, key string) error {
	if app == "" || key == "" {
		return errs.Missing("app_id and pushkey are needed.")
	}
	of, err := p.Of(ctx, who)
	if err != nil || !contains(of, app, key) {
		return err
	}
	return p.db.Write(ctx, func(tx *store.Tx) error { return remove(tx, who, who.User, app, key) })
}

func remove(tx *store.Tx, who *audit.Caller, user, app, key string) error {
	if err := deletePusher(tx, user, app, key); err != nil {
		return err
	}
	tx.Log(KindPusher, user, "", nil)
	return audit.Record(tx, who, audit.Entry{Action: "push.pusher_remove", Object: user, Detail: app})
}

// DeviceGone ends the pushers of a device, in the transaction that removes it.
func DeviceGone(tx *store.Tx, user, device string) error {
	tx.Log(KindPusher, user, "", nil)
	return deletePushersOfDevice(tx, user, device)
}

// Erase removes somebody's rules and pushers, in the transaction that closes the account. What clients were shown of the
// rules is erased with the account data.
func Erase(tx *store.Tx, user string) error {
	tx.Log(KindPusher, user, "", nil)
	if err := deletePushers(tx, user); err != nil {
		return err
	}
	return deleteChanges(tx, user)
}

// check judges a pusher and gives the address of its gateway.
func (p *Pushers) check(one *Pusher) (string, error) {
	switch {
	case one.AppID == "" || one.Key == "" || one.AppName == "" || one.DeviceName == "" || one.Lang == "" || one.Data == nil:
		return "", errs.Missing("app_id, pushkey, app_display_name, device_display_name, lang and data are needed.")
	case utf8.RuneCountInString(one.AppID) > maxAppID:
		return "", errs.BadParam("app_id may be at most %d characters long.", maxAppID)
	case len(one.Key) > maxPushkey:
		return "", errs.BadParam("pushkey may be at most %d bytes long.", maxPushkey)
	case max(len(one.AppName), len(one.DeviceName), len(one.ProfileTag), len(one.Lang)) > maxLabel:
		return "", errs.BadParam("A name, tag or language may be at most %d bytes long.", maxLabel)
	case one.byWeb():
		return "", errs.BadParam("The app id %s is the server's own.", WebApp)
	case one.Data.Kind() != '{' || len(one.Data) > maxData:
		return "", errs.BadParam("data must be an object of at most %d bytes.", maxData)
	}
	var data struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(one.Data, &data); err != nil {
		return "", errs.BadParam("data.url must be text.")
	}
	if data.URL == "" {
		return "", errs.Missing("data.url is needed: the address of the push gateway.")
	}
	return data.URL, p.checkURL(data.URL)
}

// checkURL judges the address of a gateway by its text. What its name resolves to is judged when it is called.
func (p *Pushers) checkURL(text string) error {
	u, err := outward.Address(text, p.conf.PrivateGateways)
	switch {
	case errors.Is(err, outward.ErrPrivate):
		return errs.BadParam("data.url must not point into a private network.")
	case errors.Is(err, outward.ErrScheme):
		return errs.BadParam("data.url must begin with https://.")
	case err != nil:
		return errs.BadParam("data.url is not the address of a push gateway.")
	case u.EscapedPath() != gatewayPath:
		return errs.BadParam("The path of data.url must be %s.", gatewayPath)
	}
	return nil
}

// forward gives the data that goes to the gateway: all but its address.
func forward(data jsontext.Value) (jsontext.Value, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, err
	}
	delete(members, "url")
	return json.Marshal(members, json.Deterministic(true))
}
