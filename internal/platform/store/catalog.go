package store

// Class is the kind of data a table holds. Retention, hold, disclosure, erasure and backup are loops over the catalog that
// go by it.
type Class string

// The classes, from what matters most to whom it is about to what can be made anew.
const (
	Content   Class = "content"   // what people wrote, showed or recorded: part of the record, subject to retention and disclosure
	Personal  Class = "personal"  // about a member of staff: profile, devices, receipts, settings
	Secret    Class = "secret"    // credentials and keys, or their hashes: never disclosed, never exported
	Security  Class = "security"  // who did what: kept even when what it speaks of is erased
	Structure Class = "structure" // how things hang together: rooms, counters, settings; no words of a person
	Derived   Class = "derived"   // can be made anew from other tables: never backed up
)

// Table is one line of the catalog.
type Table struct {
	Name  string
	Owner string // the package that alone writes it, as a folder below internal
	Class Class
	About string // what a row is
}

// OneEngine names the tables that only one engine has: search's, by engine.
var OneEngine = map[string]string{}

// Catalog lists every table, by owner. The test of this package holds it against the schema.
var Catalog = []Table{
	{"migration", "platform/store", Structure, "a migration that was applied"},
	{"position", "platform/store", Structure, "the counter of positions: one row"},
	{"node", "platform/store", Structure, "the last batch of a process that writes"},
	{"log", "platform/store", Structure, "a change without a position in a table of its own; kept an hour"},
	{"setting", "platform/store", Structure, "a setting of the database itself, such as the server's name"},
	{"audit", "platform/audit", Security, "who did what, on what, from where, and when: hash-chained"},
	{"audit_head", "platform/audit", Security, "the newest record of the audit, signed: one row"},
	{"job", "platform/job", Structure, "a promise: what is to be done, when, and how often it was tried"},
	{"device_key", "matrix/keys", Personal, "the public identity keys of a device"},
	{"one_time_key", "matrix/keys", Personal, "a public key to be handed out once, or the id of one that was"},
	{"fallback_key", "matrix/keys", Personal, "the public key a device has when its one-time keys are used up"},
	{"cross_signing_key", "matrix/keys", Personal, "a public cross-signing key of a person"},
	{"key_signature", "matrix/keys", Personal, "a signature on somebody's device or master key"},
	{"device_list", "matrix/keys", Structure, "when somebody's devices or keys changed last"},
	{"to_device", "matrix/todevice", Content, "a message on its way to a device; deleted once it has arrived"},
	{"to_device_txn", "matrix/todevice", Structure, "a request to send to devices that was carried out; kept 30 days"},
	{"key_backup", "matrix/keybackup", Personal, "a backup of room keys"},
	{"key_backup_key", "matrix/keybackup", Secret, "a room key in a backup, encrypted by its owner"},

	{"profile", "matrix/profile", Personal, "a field of what a person says of themselves"},
	{"account_data", "matrix/accountdata", Personal, "a thing a client or a slice keeps for a person: settings, tags, push rules"},
	{"sync_filter", "matrix/accountdata", Personal, "a filter a client has stored"},
	{"account", "matrix/account", Secret, "who may use the server, with the hash of the password"},
	{"device", "matrix/account", Personal, "a place where a person is signed in"},
	{"token", "matrix/account", Secret, "the hash of an access or refresh token"},
	{"account_secret", "matrix/account", Secret, "a secret the nodes share"},
	{"media", "matrix/media", Content, "a file somebody uploaded; its bytes are in the store of files"},
	{"media_link", "matrix/media", Structure, "an event that uses a file"},
	{"media_avatar", "matrix/media", Personal, "the file that is somebody's picture"},
	{"media_thumbnail", "matrix/media", Derived, "a picture made smaller"},

	{"room", "matrix/room", Structure, "a room: its number, id and version"},
	{"event", "matrix/room", Content, "an event of a room's log"},
	{"state", "matrix/room", Structure, "which event is a room's current state of a type and key"},
	{"member", "matrix/room", Personal, "somebody's current membership in a room"},
	{"alias", "matrix/room/listing", Structure, "a name of a room"},
	{"published", "matrix/room/listing", Structure, "a room listed in the directory"},
	{"report", "matrix/room/report", Content, "something reported to the moderators"},
	{"receipt", "matrix/receipt", Personal, "how far somebody has read in a room"},
	{"delivery", "matrix/delivery", Personal, "how far somebody's devices have received what was said in a room"},
	{"push_rules", "matrix/push", Personal, "what somebody has changed of the default push rules"},
	{"search_text", "matrix/search", Derived, "the words of a message, name or topic: the index of the search"},
	{"search_edit", "matrix/search", Derived, "which event an edit is an edit of"},
	{"search_progress", "matrix/search", Derived, "how far the index has caught up with older events: one row"},
	{"pusher", "matrix/push", Personal, "an app that somebody wants to be told through: its push gateway and its key there"},
	{"webpush_subscription", "matrix/webpush", Secret, "a browser that somebody wants to be told through: its address at a push service, and keys"},
	{"webpush_key", "matrix/webpush", Secret, "the key by which push services know this server: one row"},
	{"push_delivery", "matrix/push", Structure, "which node tells the push gateways, and how far it has come: one row"},
}
