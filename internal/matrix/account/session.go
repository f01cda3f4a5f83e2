package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// SignIn is how a client wants to be signed in.
type SignIn struct {
	Device  string // id of the device; empty: a new one is made up
	Name    string // of the device, when it is new
	Refresh bool   // the client can refresh its access token
}

// Session is what a client gets when it has signed in or refreshed its token. The tokens are nowhere else: the database
// holds hashes.
type Session struct {
	User    string
	Device  string
	Access  string
	Refresh string        // empty when the client cannot refresh
	Expires time.Duration // of the access token; 0: never
}

// The kinds of tokens in the database.
const (
	kindAccess  = 0
	kindRefresh = 1
	kindSpent   = 2 // a refresh token that its successor has replaced; kept to know a replay when it comes
)

// maxSiblings bounds the pairs that a client may be given in place of one whose answers it never received.
const maxSiblings = 4

// tokenRow is a token as the database holds it, with what the account may do.
type tokenRow struct {
	kind          int64
	session, pair int64
	fresh         bool
	user, device  string
	expires       int64 // ms; 0: never

	admin, locked, suspended, deactivated bool
}

// hashOf is what is kept of a token.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

// Tokens are 32 random bytes behind a prefix, by which scanners of leaked secrets can know them.
func newAccessToken() string  { return "wlat_" + base64.RawURLEncoding.EncodeToString(randomBytes(32)) }
func newRefreshToken() string { return "wlrt_" + base64.RawURLEncoding.EncodeToString(randomBytes(32)) }

// unknownToken refuses a token. With soft the session is still there and the device may sign in again ("Soft logout").
func unknownToken(soft bool) error {
	e := errs.New(errs.Unauthenticated, "M_UNKNOWN_TOKEN", "This session has ended. Sign in again.")
	e.Fields = map[string]any{"soft_logout": soft}
	return e
}

// lockedOut refuses a locked account ("Account locking").
func lockedOut() error {
	e := errs.New(errs.Unauthenticated, "M_USER_LOCKED", "This account has been locked. Ask your administrators.")
	e.Fields = map[string]any{"soft_logout": true}
	return e
}

// Authenticate tells whose an access token is (endpoint.Authenticator). It costs no query in the steady state. Refused are
// unknown and expired tokens (M_UNKNOWN_TOKEN; soft_logout when expired) and locked accounts (M_USER_LOCKED).
func (a *Accounts) Authenticate(ctx context.Context, token string, addr netip.Addr) (*audit.Caller, error) {
	return a.authenticate(ctx, token, addr, false)
}

// authenticate is Authenticate; with locked, a locked account passes: it may still sign out.
func (a *Accounts) authenticate(ctx context.Context, token string, addr netip.Addr, locked bool) (*audit.Caller, error) {
	s, err := a.session(ctx, token)
	if err != nil {
		return nil, err
	}
	now := a.conf.Now()
	if s.row.expires != 0 && now.UnixMilli() >= s.row.expires {
		return nil, unknownToken(true)
	}
	if s.row.locked && !locked {
		return nil, lockedOut()
	}
	a.seen.note(s, addr, now)
	return &audit.Caller{
		User: s.row.user, Device: s.row.device, Addr: addr, Token: s.row.session,
		Admin: s.row.admin, Suspended: s.row.suspended,
	}, nil
}

// StillIn tells whether the session of a caller authenticated a while ago has gone on since: for requests that wait. It
// refuses with what Authenticate would.
func (a *Accounts) StillIn(ctx context.Context, who *audit.Caller) error {
	if who.Token == 0 {
		return nil
	}
	var locked bool
	err := a.db.Glance(ctx, func(tx *store.Tx) (err error) {
		locked, err = sessionLocked(tx, who.Token)
		return err
	})
	switch {
	case errs.Is(err, errs.NotFound):
		return unknownToken(false)
	case err == nil && locked:
		return lockedOut()
	}
	return err
}

// session finds an access token in memory, else in the database. The first use of a fresh pair ends the pair before it.
func (a *Accounts) session(ctx context.Context, token string) (*session, error) {
	if token == "" || len(token) > maxToken {
		return nil, unknownToken(false)
	}
	hash := sha256.Sum256([]byte(token))
	if s := a.sessions.find(hash); s != nil {
		return s, nil
	}
	epoch := a.sessions.now()
	row, err := a.accessToken(ctx, hashOf(token))
	if err != nil {
		return nil, err
	}
	if row.fresh {
		if err := a.confirm(ctx, row); err != nil {
			return newSession(hash, row), nil // the old pair lives until the database can be written again: no reason to refuse
		}
		epoch = a.sessions.now()
		if row, err = a.accessToken(ctx, hashOf(token)); err != nil {
			return nil, err
		}
	}
	s := newSession(hash, row)
	a.sessions.keep(s, epoch)
	return s, nil
}

// accessToken reads an access token of an account in use.
func (a *Accounts) accessToken(ctx context.Context, hash string) (tokenRow, error) {
	var row tokenRow
	err := a.db.Glance(ctx, func(tx *store.Tx) (err error) {
		row, err = tokenByHash(tx, hash)
		return err
	})
	if errs.Is(err, errs.NotFound) || err == nil && (row.kind != kindAccess || row.deactivated) {
		return tokenRow{}, unknownToken(false)
	}
	if err != nil {
		return tokenRow{}, fmt.Errorf("account: authenticate: %w", err)
	}
	return row, nil
}

// confirm ends the pairs that a fresh one replaces: the client has shown that it has received it.
func (a *Accounts) confirm(ctx context.Context, row tokenRow) error {
	return a.db.Write(ctx, func(tx *store.Tx) error { return confirm(tx, row) })
}

func confirm(tx *store.Tx, row tokenRow) error {
	tx.Log(KindSession, row.user, row.device, nil)
	return settlePair(tx, row.session, row.pair)
}

// start signs a person in on a device, within a transaction. A device that is signed in already gets new tokens in place
// of its old ones ("Relationship between access tokens and devices").
func (a *Accounts) start(tx *store.Tx, who *audit.Caller, user string, in SignIn) (Session, error) {
	if err := checkDevice(in); err != nil {
		return Session{}, err
	}
	known := false
	if in.Device == "" {
		in.Device = newDeviceID()
	} else {
		var err error
		if known, err = deviceExists(tx, user, in.Device); err != nil {
			return Session{}, err
		}
	}
	if known {
		if err := endTokens(tx, user, in.Device); err != nil {
			return Session{}, err
		}
	} else if err := a.addDevice(tx, who, user, in); err != nil {
		return Session{}, err
	}
	return a.issue(tx, tokenRow{session: randomNumber(), user: user, device: in.Device}, in.Refresh)
}

// addDevice makes a device; the one unused for longest gives way when there are too many.
func (a *Accounts) addDevice(tx *store.Tx, who *audit.Caller, user string, in SignIn) error {
	if a.DeviceRefused != nil {
		if err := a.DeviceRefused(tx, user, in.Device); err != nil {
			return err
		}
	}
	old, err := devicesBeyond(tx, user, a.conf.MaxDevices-1)
	if err != nil {
		return err
	}
	if err := a.dropDevices(tx, user, old); err != nil {
		return err
	}
	now := a.conf.Now().UnixMilli()
	addr := ""
	if c := anonymous(who); c.Addr.IsValid() {
		addr = c.Addr.String()
	}
	tx.Log(KindDevice, user, in.Device, nil)
	return insertDevice(tx, Device{ID: in.Device, Name: in.Name, Addr: addr, Seen: time.UnixMilli(now)}, user)
}

// issue makes a pair of tokens, or an access token alone, for the session, user and device of row.
func (a *Accounts) issue(tx *store.Tx, row tokenRow, refreshable bool) (Session, error) {
	now := a.conf.Now()
	out := Session{User: row.user, Device: row.device, Access: newAccessToken(), Expires: a.conf.PlainLifetime}
	row.kind, row.pair = kindAccess, randomNumber()
	if refreshable {
		out.Refresh, out.Expires = newRefreshToken(), a.conf.AccessLifetime
	}
	row.expires = expiry(now, out.Expires)
	if err := insertToken(tx, hashOf(out.Access), row, now.UnixMilli()); err != nil || !refreshable {
		return out, err
	}
	row.kind, row.expires = kindRefresh, expiry(now, a.conf.RefreshLifetime)
	return out, insertToken(tx, hashOf(out.Refresh), row, now.UnixMilli())
}

func expiry(now time.Time, d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return now.Add(d).UnixMilli()
}

// endTokens ends a device's tokens, but leaves the device.
func endTokens(tx *store.Tx, user, device string) error {
	tx.Log(KindSession, user, device, nil)
	return deleteTokens(tx, user, device)
}

// Refresh gives new tokens for a refresh token. The old ones stay valid until one of the new is used, so that a client
// whose answer was lost can ask again ("Refreshing access tokens"). A token that has been replaced is refused and the
// replay recorded; the session goes on, for on a poor network a delayed request looks the same as a stolen token.
func (a *Accounts) Refresh(ctx context.Context, who *audit.Caller, token string) (Session, error) {
	if token == "" {
		return Session{}, errs.Missing("A refresh token is required.")
	}
	var out Session
	var refused error
	err := a.db.Write(ctx, func(tx *store.Tx) error {
		out, refused = Session{}, nil
		row, err := tokenByHash(tx, hashOf(token))
		if errs.Is(err, errs.NotFound) || err == nil && (row.kind == kindAccess || row.deactivated) {
			refused = unknownToken(false)
			return nil
		}
		if err != nil {
			return err
		}
		c := as(who, row.user, row.device)
		if refused = a.refuseRefresh(row); refused != nil {
			return audit.Record(tx, c, audit.Entry{Action: "account.refresh_refused", Object: row.user, Detail: kindName(row)})
		}
		out, err = a.refresh(tx, row)
		if err != nil {
			return err
		}
		return audit.Record(tx, c, audit.Entry{Action: "account.refresh", Object: row.user})
	})
	if err == nil {
		err = refused
	}
	return out, err
}

func kindName(row tokenRow) string {
	if row.kind == kindSpent {
		return "replay"
	}
	return ""
}

// refuseRefresh says why a refresh token of a living session is of no use.
func (a *Accounts) refuseRefresh(row tokenRow) error {
	if row.kind == kindSpent {
		return unknownToken(false)
	}
	if row.locked {
		return lockedOut()
	}
	if row.expires != 0 && a.conf.Now().UnixMilli() >= row.expires {
		return unknownToken(true)
	}
	return nil
}

func (a *Accounts) refresh(tx *store.Tx, row tokenRow) (Session, error) {
	if row.fresh { // it came with an answer that the client evidently has
		if err := confirm(tx, row); err != nil {
			return Session{}, err
		}
	}
	if err := trimSiblings(tx, row.session, maxSiblings-1); err != nil {
		return Session{}, err
	}
	row.fresh = true
	return a.issue(tx, row, true)
}
