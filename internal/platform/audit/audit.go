// Package audit keeps the record of who did what, on what, from which device and address, and when: append-only,
// hash-chained, written in the verb's own transaction, its newest hash signed by the server in each commit. It records and
// proves; it does not authorise.
//
// The proof: each record holds the hash of the one before, so that a change, a deletion, an insertion or a swap in the middle
// breaks the chain at that record. One signed row, the head, names the newest record and the number of the commit, so that
// cutting off the end, or putting an old head back, is found as well. What cannot be found from inside is that the whole database
// was replaced by an older copy of itself: for that, keep a Checkpoint elsewhere and give it to Verify.
package audit

import (
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Caller is who is doing something: an authenticated user at a device, the trust itself, or an operator at the
// command line. Verbs take it as "who".
type Caller struct {
	User   string     // full Matrix user id; empty for an operator at the command line
	Device string     // device id; empty when none
	Addr   netip.Addr // address the request came from; invalid when none
	Token  int64      // number of the access token's session, 0 when none
	Admin  bool       // may administer the server

	// Suspended says that an administrator has suspended the account: it may read, leave and sign out, but not act
	// (client-server API, "Account suspension"). Verbs that act ask MayAct.
	Suspended bool
}

// MayAct refuses a suspended caller with M_USER_SUSPENDED. Verbs by which somebody says or shows something to others ask it;
// reading, and what tells how far somebody has read, is theirs all the same.
func (c *Caller) MayAct() error {
	if !c.Suspended {
		return nil
	}
	return errs.New(errs.Forbidden, "M_USER_SUSPENDED", "Your account is suspended: you can read, but not act.")
}

// What the actor column holds when it was not a user.
const (
	Operator = "operator" // at the command line
	Server   = "server"   // the trust itself: jobs, rotas, retention
)

// Entry is what is recorded besides the caller and the time.
type Entry struct {
	Action string // "room.send", "account.login": the slice and the verb
	Object string // what it was done to: an event id, a room id, a user id; never content
	Detail string // short, no content, no patient identifier: "kick", "v12"
}

// Lengths in bytes beyond which a field is cut: a caller can choose some of them (a login of an unknown user).
const (
	longAction = 64
	longObject = 512
	longDetail = 256
)

// Record appends an entry in the verb's transaction: it is there if and only if the verb's changes are. It costs no round trip.
// who may be nil: the trust itself.
func Record(tx *store.Tx, who *Caller, e Entry) error {
	r := &record{ts: tx.Now(), actor: Server, action: bound(e.Action, longAction), object: bound(e.Object, longObject), detail: bound(e.Detail, longDetail)}
	if who != nil {
		r.actor, r.device = bound(who.User, longObject), bound(who.Device, longObject)
		if who.User == "" {
			r.actor = Operator
		}
		if who.Addr.IsValid() {
			r.addr = who.Addr.Unmap().WithZone("").String()
		}
	}
	return tx.Enclose(r)
}

// bound makes text storable on both engines and cuts it at a whole character.
func bound(s string, limit int) string {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	}
	if len(s) <= limit {
		return s
	}
	cut := limit - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// record is one row of the audit.
type record struct {
	seq                                         int64
	ts                                          time.Time // whole milliseconds
	actor, device, addr, action, object, detail string
	prev, hash                                  []byte
}
