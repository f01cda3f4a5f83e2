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
}
