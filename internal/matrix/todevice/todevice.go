// Package todevice carries messages from one device to others, outside any room: verification of devices, the exchange
// of keys, the signalling of calls. A message waits until the device has received it, then it is deleted.
//
// It is no conversation: nothing of it is history, and nothing clinical belongs in it. Client-server API,
// "Send-to-Device messaging".
package todevice

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Kind is the kind of change logged for each message: scope the user, key the device, body a *Message.
const Kind = "to_device"

// Bounds.
const (
	maxRecipients = 5_000   // devices a request may reach
	maxBytes      = 8 << 20 // what a request may put into all inboxes together
	maxEvent      = 65_536  // bytes of one message, as of any other event
	maxName       = 255     // bytes of an event type and of a transaction id
	maxWaiting    = 10_000  // messages kept for a device that does not come to get them: the newest
	devicesAtOnce = 500     // users one query asks for
)

// txnAge is how long a transaction id is remembered: an offline ward phone may retry for hours.
const txnAge = 30 * 24 * time.Hour

// Everyone stands for all devices of a user.
const Everyone = "*"

// Message is an event waiting for a device.
type Message struct {
	Pos  int64
	JSON []byte // the event as the device receives it: type, sender, content
}

// Send is what is to be sent. Content maps users to devices (or Everyone) to the content of the event.
type Send struct {
	Type    string
	Txn     string
	Content map[string]map[string]jsontext.Value
}

// ToDevice is the post office.
type ToDevice struct {
	db      *store.DB
	inboxes inboxes
}

// New makes it and follows the log: call it before the first Write.
func New(db *store.DB) *ToDevice {
	t := &ToDevice{db: db}
	t.inboxes.known = map[device]*span{}
	db.Follow(t.follow)
	return t
}

// device names a device of a user.
type device struct{ user, id string }

// Send puts an event into the inboxes of devices. Devices that do not exist, and users of other servers, are passed
// over. Sending the same transaction again does nothing.
func (t *ToDevice) Send(ctx context.Context, who *audit.Caller, s Send) error {
	wanted, err := s.check(who)
	if err != nil {
		return err
	}
	id := s.txn(who)
	return t.db.Write(ctx, func(tx *store.Tx) error {
		done, err := knownTxn(tx, id)
		if err != nil || done {
			return err
		}
		if err := insertTxn(tx, id); err != nil {
			return err
		}
		return deliver(tx, wanted)
	})
}

// events are the serialised events for the devices of users.
type events map[string]map[string][]byte

// check bounds a request and serialises its events.
func (s Send) check(who *audit.Caller) (events, error) {
	if s.Type == "" || len(s.Type) > maxName || s.Txn == "" || len(s.Txn) > maxName {
		return nil, errs.BadParam("The event type and the transaction id must have 1 to %d bytes.", maxName)
	}
	_, home, _ := strings.Cut(who.User, ":")
	wanted := events{}
	count := 0
	for user, devices := range s.Content {
		if user != who.User { // one's own devices know each other all the same
			if err := who.MayAct(); err != nil {
				return nil, err
			}
		}
		if count += len(devices); count > maxRecipients {
			return nil, errs.New(errs.TooLarge, "M_TOO_LARGE", "More than %d recipients at once.", maxRecipients)
		}
		byDevice := make(map[string][]byte, len(devices))
		for id, content := range devices {
			if content.Kind() != '{' {
				return nil, errs.BadJSON("The content for each device must be an object.")
			}
			event, err := json.Marshal(struct {
				Type    string         `json:"type"`
				Sender  string         `json:"sender"`
				Content jsontext.Value `json:"content"`
			}{s.Type, who.User, content})
			if err != nil {
				return nil, err
			}
			if len(event) > maxEvent {
				return nil, errs.New(errs.TooLarge, "M_TOO_LARGE", "A message to a device may be at most %d bytes.", maxEvent)
			}
			byDevice[id] = event
		}
		if _, server, _ := strings.Cut(user, ":"); server == home {
			wanted[user] = byDevice
		}
	}
	return wanted, nil
}

// txn is what a request is recognised by when it comes again.
func (s Send) txn(who *audit.Caller) string {
	h := sha256.New()
	for _, part := range []string{who.User, who.Device, s.Type, s.Txn} {
		_ = binary.Write(h, binary.BigEndian, uint32(len(part))) // a hash takes everything
		h.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// to gives the event for a device, nil when there is none.
func (e events) to(d device) []byte {
	if event, ok := e[d.user][d.id]; ok {
		return event
	}
	return e[d.user][Everyone]
}

// deliver writes events into inboxes.
func deliver(tx *store.Tx, wanted events) error {
	count, size := 0, 0
	for users := range slices.Chunk(slices.Sorted(maps.Keys(wanted)), devicesAtOnce) {
		devices, err := devicesOf(tx, users)
		if err != nil {
			return err
		}
		for _, d := range devices {
			event := wanted.to(d)
			if event == nil {
				continue
			}
			count, size = count+1, size+len(event)
			if count > maxRecipients || size > maxBytes {
				return errs.New(errs.TooLarge, "M_TOO_LARGE", "The message reaches too many devices at once, or is too large for so many.")
			}
			m := &Message{JSON: event}
			m.Pos = tx.Log(Kind, d.user, d.id, m)
			if err := insertMessage(tx, d, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// Forget deletes what waits for a device, in the transaction that deletes the device.
func (t *ToDevice) Forget(tx *store.Tx, user, deviceID string) error {
	return deleteInbox(tx, device{user, deviceID})
}

// Tidy forgets old transactions, messages for devices that are gone, and the oldest of those for devices that have too
// many. Call it daily.
func (t *ToDevice) Tidy(ctx context.Context) error {
	return t.db.Write(ctx, func(tx *store.Tx) error {
		if err := deleteTxns(tx, tx.Now().Add(-txnAge).UnixMilli()); err != nil {
			return err
		}
		return deleteOverflow(tx, maxWaiting)
	})
}
