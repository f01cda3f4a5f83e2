// Package keys holds the public keys by which people's devices know each other: identity keys of devices, one-time and
// fallback keys, cross-signing keys and the signatures that link them. Clients set these up when they sign in, whether
// or not a room is ever encrypted.
//
// It sees public keys only and decrypts nothing. Backups of room keys are package keybackup, messages between devices
// package todevice. Client-server API, "End-to-End Encryption".
package keys

import (
	"context"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Kinds of change that this package logs.
const (
	// KindDeviceList says that the devices or keys of a user (the scope) changed, as seen by one viewer (the key) or,
	// when the key is empty, by everyone.
	KindDeviceList = "device_list"
	// KindCounts says that the number of one-time keys of a user's (scope) device (key) changed.
	KindCounts = "one_time_keys"
)

// Bounds of one request. Real clients stay far below them.
const (
	maxUpload   = 1000 // one-time keys in an upload
	maxUnspent  = 2000 // unclaimed one-time keys of a device
	maxQuery    = 5000 // users in a query, and devices named in it
	maxClaim    = 5000 // devices in a claim
	maxSigned   = 1000 // objects in an upload of signatures
	maxKeyBytes = 16 << 10
)

// stoneAge is how long the id of a claimed one-time key is remembered.
const stoneAge = 90 * 24 * time.Hour

// Hooks are what the server supplies.
type Hooks struct {
	// Confirm proves once more who is at the keyboard (user-interactive authentication) before cross-signing keys are
	// replaced. auth is the request's "auth" member, nil when absent. An error is given to the client as it is.
	Confirm func(ctx context.Context, who *audit.Caller, auth jsontext.Value) error
	// Changes gives whose keys changed between two sync tokens, of those who share a room with the caller, and who shares
	// no encrypted room with them any more. It asks Changed for the first.
	Changes func(ctx context.Context, who *audit.Caller, from, to string) (changed, left []string, err error)
}

// Keys is the record of everybody's public keys.
type Keys struct {
	db      *store.DB
	hooks   Hooks
	changes changes
	counts  countCache
}

// New makes it and follows the log: call it before the first Write.
func New(db *store.DB, h Hooks) *Keys {
	k := &Keys{db: db, hooks: h}
	k.counts.known = map[device]Counts{}
	db.Follow(k.follow)
	return k
}

// device names a device of a user.
type device struct{ user, id string }

// Forget deletes what is known of a device, in the transaction that deletes the device itself, and tells those who
// share a room with its owner.
func (k *Keys) Forget(tx *store.Tx, user, deviceID string) error {
	if err := deleteDevice(tx, user, deviceID); err != nil {
		return err
	}
	return announce(tx, user, "")
}

// ForgetUser deletes all keys of a user, in the transaction that erases the user.
func (k *Keys) ForgetUser(tx *store.Tx, user string) error {
	if err := deleteUser(tx, user); err != nil {
		return err
	}
	return announce(tx, user, "")
}

// Tidy lets go of ids of one-time keys claimed long ago. Call it daily.
func (k *Keys) Tidy(ctx context.Context) error {
	return k.db.Write(ctx, func(tx *store.Tx) error {
		return deleteStones(tx, tx.Now().Add(-stoneAge).UnixMilli())
	})
}

// announce logs that a user's keys changed, for everyone or for one viewer.
func announce(tx *store.Tx, user, viewer string) error {
	return putDeviceList(tx, user, viewer, tx.Log(KindDeviceList, user, viewer, nil))
}

// needDevice refuses callers that have no device, such as an operator.
func needDevice(who *audit.Caller) error {
	if who.Device == "" {
		return errs.BadParam("This sign-in has no device, so it can have no keys.")
	}
	return nil
}

// serverOf is the server part of a user id, empty when it is no user id.
func serverOf(user string) string {
	if !strings.HasPrefix(user, "@") {
		return ""
	}
	_, server, _ := strings.Cut(user, ":")
	return server
}
