package account

import (
	"context"
	"crypto/rand"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Device is a place where a person is signed in (client-server API, "Device Management").
type Device struct {
	ID   string
	Name string
	Addr string    // from where it was last used; empty: not known
	Seen time.Time // when it was last used, to the minute
}

// newDeviceID makes an id as clients show it: ten capital letters.
func newDeviceID() string {
	var b strings.Builder
	for range 10 {
		n, _ := rand.Int(rand.Reader, big.NewInt(26)) // never fails
		b.WriteByte('A' + byte(n.Int64()))
	}
	return b.String()
}

// checkDevice judges what a client calls its device.
func checkDevice(in SignIn) error {
	if len(in.Device) > maxDeviceID || strings.ContainsFunc(in.Device, unicode.IsControl) || !utf8.ValidString(in.Device) {
		return errs.BadParam("A device id may be at most %d bytes long, without control characters.", maxDeviceID)
	}
	return checkDeviceName(in.Name)
}

func checkDeviceName(name string) error {
	if len(name) > maxDeviceName {
		return errs.BadParam("The name of a device may be at most %d bytes long.", maxDeviceName)
	}
	return nil
}

// Devices lists a person's devices, the last used first.
func (a *Accounts) Devices(ctx context.Context, user string) ([]Device, error) {
	var out []Device
	err := a.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = DevicesOf(tx, user)
		return err
	})
	return out, err
}

// DevicesOf is Devices within a transaction.
func DevicesOf(tx *store.Tx, user string) ([]Device, error) { return devicesOf(tx, user) }

// Device gives one device of a person's; errs.NotFound when there is none.
func (a *Accounts) Device(ctx context.Context, user, id string) (Device, error) {
	devices, err := a.Devices(ctx, user)
	if err != nil {
		return Device{}, err
	}
	at := slices.IndexFunc(devices, func(d Device) bool { return d.ID == id })
	if at < 0 {
		return Device{}, errs.Absent("You have no device with this id.")
	}
	return devices[at], nil
}

// RenameDevice gives one of the caller's devices another name.
func (a *Accounts) RenameDevice(ctx context.Context, who *audit.Caller, id, name string) error {
	if err := checkDeviceName(name); err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *store.Tx) error {
		known, err := deviceExists(tx, who.User, id)
		if err != nil {
			return err
		}
		if !known {
			return errs.Absent("You have no device with this id.")
		}
		if err := renameDevice(tx, who.User, id, name); err != nil {
			return err
		}
		tx.Log(KindDevice, who.User, id, nil)
		return audit.Record(tx, who, audit.Entry{Action: "account.device_rename", Object: id})
	})
}

// DeleteDevices signs devices of the caller's out and forgets them. The caller has been confirmed. Ids that are not the
// caller's, or are gone already, are passed over (POST /delete_devices).
func (a *Accounts) DeleteDevices(ctx context.Context, who *audit.Caller, ids []string) error {
	if len(ids) > maxDevices {
		return errs.BadParam("At most %d devices can be deleted at once.", maxDevices)
	}
	return a.db.Write(ctx, func(tx *store.Tx) error {
		var own []string
		for _, id := range ids {
			known, err := deviceExists(tx, who.User, id)
			if err != nil {
				return err
			}
			if known && !slices.Contains(own, id) {
				own = append(own, id)
			}
		}
		return a.signOut(tx, who, who.User, own, "account.device_delete")
	})
}

// signOut ends devices and records each under the action.
func (a *Accounts) signOut(tx *store.Tx, who *audit.Caller, user string, devices []string, action string) error {
	if err := a.dropDevices(tx, user, devices); err != nil {
		return err
	}
	for _, id := range devices {
		if err := audit.Record(tx, who, audit.Entry{Action: action, Object: user, Detail: id}); err != nil {
			return err
		}
	}
	return nil
}

// dropDevices ends devices: their tokens, and by the hook whatever else is theirs.
func (a *Accounts) dropDevices(tx *store.Tx, user string, devices []string) error {
	for _, id := range devices {
		if err := endTokens(tx, user, id); err != nil {
			return err
		}
		if err := deleteDevice(tx, user, id); err != nil {
			return err
		}
		tx.Log(KindDevice, user, id, nil)
		if a.DeviceGone == nil {
			continue
		}
		if err := a.DeviceGone(tx, user, id); err != nil {
			return err
		}
	}
	return nil
}

// dropOthers ends every device of a person's but one (empty: not even that), and gives their ids.
func (a *Accounts) dropOthers(tx *store.Tx, user, except string) ([]string, error) {
	devices, err := devicesOf(tx, user)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, d := range devices {
		if d.ID != except {
			ids = append(ids, d.ID)
		}
	}
	return ids, a.dropDevices(tx, user, ids)
}
