// Package audit keeps the record of who did what, on what, from which device and address, and when: append-only,
// hash-chained, written in the verb's own transaction. It records and proves; it does not authorise.
package audit

import (
	"net/netip"

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
	// (client-server API, "Account suspension"). Verbs that act refuse it with M_USER_SUSPENDED.
	Suspended bool
}

// Entry is what is recorded besides the caller and the time.
type Entry struct {
	Action string // "room.send", "account.login": the slice and the verb
	Object string // what it was done to: an event id, a room id, a user id; never content
	Detail string // short, no content, no patient identifier: "kick", "v12"
}

// Record appends an entry in the verb's transaction.
func Record(tx *store.Tx, who *Caller, e Entry) error { panic("x") }
