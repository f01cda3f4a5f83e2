// Package webpush reaches browsers when no page of the app is open: it keeps their subscriptions, one for each device, and
// hands notices to their push services (RFC 8030), encrypted for the browser (RFC 8291), signed with a key the server
// makes itself (RFC 8292). A push holds no name, no content and no id: that there is something, and how much. Whom an event
// disturbs, and when a failed push is tried again, is package push.
package webpush

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/wardline/wardline/internal/matrix/push"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/outward"
	"github.com/wardline/wardline/internal/platform/store"
)

// Config is what of the configuration concerns pushes to browsers.
type Config struct {
	Contact  string // whom a push service may turn to: an address of https, or of mail
	Private  bool   // push services at loopback and private addresses, and without TLS: for test rigs
	Parallel int    // connections kept to one push service; 0: 8
}

// Subscription is a browser that somebody is told through.
type Subscription struct {
	ID      string
	User    string
	Device  string
	Created int64 // ms since 1970, UTC

	endpoint, p256dh, auth string
}

// Service gives the origin of the push service: "https://push.example.org".
func (s *Subscription) Service() string {
	u, err := url.Parse(s.endpoint)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Subscriptions is everybody's subscriptions. It is a push.Carrier.
type Subscriptions struct {
	db      *store.DB
	conf    Config
	service *service
	key     atomic.Pointer[serverKey] // once it is known
}

// New gives the subscriptions of a database.
func New(db *store.DB, conf Config) *Subscriptions {
	return &Subscriptions{db: db, conf: conf, service: newService(conf)}
}

// Key gives the public key of this server for PushManager.subscribe: the uncompressed point of P-256 in base64url (RFC
// 8292, section 3.2). It is made when it is first asked for, and is the same on every node.
func (s *Subscriptions) Key(ctx context.Context) (string, error) {
	k, err := s.keys(ctx)
	if err != nil {
		return "", err
	}
	return k.public, nil
}

// serverKey is the key pair of this server, both in base64url.
type serverKey struct{ private, public string }

func (s *Subscriptions) keys(ctx context.Context) (*serverKey, error) {
	if k := s.key.Load(); k != nil {
		return k, nil
	}
	var k *serverKey
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		k, err = readKey(tx)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		k, err = s.makeKey(ctx)
	}
	if err != nil {
		return nil, err
	}
	s.key.Store(k)
	return k, nil
}

// makeKey makes the key pair, unless another node was first.
func (s *Subscriptions) makeKey(ctx context.Context) (k *serverKey, err error) {
	pair, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	made := &serverKey{encode(pair.Bytes()), encode(pair.PublicKey().Bytes())}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if k, err = readKey(tx); !errs.Is(err, errs.NotFound) {
			return err
		}
		k = made
		if err := putKey(tx, made); err != nil {
			return err
		}
		return audit.Record(tx, nil, audit.Entry{Action: "webpush.key_made"})
	})
	return k, err
}

// Of gives the caller's subscriptions, the newest first.
func (s *Subscriptions) Of(ctx context.Context, who *audit.Caller) (list []Subscription, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		list, err = subscriptionsOf(tx, who.User)
		return err
	})
	return list, err
}

// Offer is a subscription as a browser gives it (Push API, PushSubscriptionJSON).
type Offer struct {
	Endpoint string
	P256dh   string // base64url: the uncompressed point, 65 bytes
	Auth     string // base64url: 16 bytes
}

// Subscribe has the caller's device told through a browser. A device has one subscription: an older one is replaced. A
// browser belongs to one device: if somebody else was signed in there, they are told no more.
func (s *Subscriptions) Subscribe(ctx context.Context, who *audit.Caller, o Offer) (one Subscription, err error) {
	if who.Device == "" {
		return one, errs.Forbid("Only a device can be told of news.")
	}
	one = Subscription{ID: rand.Text(), User: who.User, Device: who.Device}
	if err := s.accept(&one, o); err != nil {
		return one, err
	}
	made := one
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		one = made
		rivals, err := rivalsOf(tx, &one)
		if err != nil {
			return err
		}
		if len(rivals) == 1 && same(&rivals[0], &one) {
			one = rivals[0]
			return nil
		}
		for i := range rivals {
			if err := remove(tx, who, &rivals[i]); err != nil {
				return err
			}
		}
		one.Created = tx.Now().UnixMilli()
		if err := putSubscription(tx, &one); err != nil {
			return err
		}
		if err := push.Enlist(tx, who, one.ID, one.Service()); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "webpush.subscribe", Object: who.User})
	})
	return one, err
}

func same(a, b *Subscription) bool {
	return a.User == b.User && a.Device == b.Device && a.endpoint == b.endpoint && a.p256dh == b.p256dh && a.auth == b.auth
}

// accept judges an offer, and takes its address and keys.
func (s *Subscriptions) accept(one *Subscription, o Offer) error {
	if o.Endpoint == "" || o.P256dh == "" || o.Auth == "" {
		return errs.Missing("endpoint, keys.p256dh and keys.auth are needed.")
	}
	u, err := outward.Address(o.Endpoint, s.conf.Private)
	if err != nil {
		return errs.BadParam("endpoint is not the address of a push service on the internet.")
	}
	key, err := decode(o.P256dh)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(key)
	}
	if err != nil {
		return errs.BadParam("keys.p256dh is not a public key of P-256.")
	}
	auth, err := decode(o.Auth)
	if err != nil || len(auth) != authLength {
		return errs.BadParam("keys.auth must be %d bytes in base64url.", authLength)
	}
	one.endpoint = u.String()
	one.p256dh, one.auth = base64.RawURLEncoding.EncodeToString(key), base64.RawURLEncoding.EncodeToString(auth)
	return nil
}

// authLength is the length of the authentication secret in bytes (RFC 8291, section 3.2).
const authLength = 16

func decode(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}

// Unsubscribe ends a subscription of the caller's; errs.NotFound when there is none of the id.
func (s *Subscriptions) Unsubscribe(ctx context.Context, who *audit.Caller, id string) error {
	return s.db.Write(ctx, func(tx *store.Tx) error {
		one, err := subscription(tx, id)
		if err != nil {
			return err
		}
		if one.User != who.User {
			return errNone
		}
		return remove(tx, who, &one)
	})
}

var errNone = errs.Absent("There is no such subscription.")

func remove(tx *store.Tx, who *audit.Caller, one *Subscription) error {
	if err := deleteSubscription(tx, one.ID); err != nil {
		return err
	}
	if err := push.Delist(tx, one.User, one.ID); err != nil {
		return err
	}
	return audit.Record(tx, who, audit.Entry{Action: "webpush.unsubscribe", Object: one.User})
}

// DeviceGone ends the subscription of a device, in the transaction that removes it. push.DeviceGone does the rest.
func DeviceGone(tx *store.Tx, user, device string) error {
	return deleteOfDevice(tx, user, device)
}

// Erase removes somebody's subscriptions, in the transaction that closes the account. push.Erase does the rest.
func Erase(tx *store.Tx, user string) error { return deleteOfUser(tx, user) }

// Forget implements push.Carrier.
func (s *Subscriptions) Forget(tx *store.Tx, key string) error { return deleteSubscription(tx, key) }

// find gives a subscription; errs.NotFound when there is none of the id.
func (s *Subscriptions) find(ctx context.Context, id string) (one Subscription, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		one, err = subscription(tx, id)
		return err
	})
	return one, err
}
