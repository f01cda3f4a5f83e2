// Package store owns the database: one SQL text on two engines (SQLite by default, PostgreSQL for a trust that
// has outgrown a machine), one counter of positions, group commit, the migrations and the catalog of tables.
//
// It knows nothing of rooms, people or patients. It is not an object mapper: statements are plain SQL in each
// slice's sql.go, with $1 parameters.
package store

import (
	"context"
	"time"
)

// Options says which database to open.
type Options struct {
	Dir        string // data directory; holds wardline.db when URL is empty
	URL        string // postgres://…; empty: SQLite in Dir
	ServerName string // the server this database belongs to; a database of another server is refused
	Queue      int    // verbs that may wait for a commit; 0: 4096
	ReadOnly   bool   // for verify and doctor: never writes, never migrates
}

// DB is the database of one node.
type DB struct{}

// Open opens the database, creates or migrates its schema, and starts the writer.
// It refuses, with a message that says what to do, a newer schema and a database of another server name.
func Open(ctx context.Context, o Options) (*DB, error) { panic("x") }

// Close finishes the open writes and closes the database.
func (db *DB) Close() error { panic("x") }

// Read runs fn in a read-only snapshot. The number of concurrent readers is bounded.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error { panic("x") }

// Write runs fn in the writer and returns when its changes are on disk. Concurrent verbs share one physical
// commit; a verb that returns an error is rolled back alone and its error returned. fn runs alone (no other
// verb of any node runs at the same time), may be run more than once, and must have no effect outside tx but
// through OnCommit. A full queue, a full disk and a database that is away are errs.Unavailable.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error { panic("x") }

// Submit queues fn like Write but does not wait: done is called, on the writer's goroutine and in the order of
// commit, after the commit (nil) or failure. Verbs submitted one after another by one goroutine run in that order.
func (db *DB) Submit(fn func(*Tx) error, done func(error)) error { panic("x") }

// Position gives the last position this node has seen committed; all changes up to it have been announced.
func (db *DB) Position() int64 { panic("x") }

// Follow registers a follower of the log. Followers are called on one goroutine, in the order registered, in
// the order of commit and without gaps: every batch starts where the last one ended. Register before the first
// Write. A follower must be quick. A verb's Write returns only after the followers have seen its batch.
func (db *DB) Follow(fn func(Batch)) { panic("x") }

// CatchUp makes sure that changes up to pos, if committed by another node, have been announced.
func (db *DB) CatchUp(ctx context.Context, pos int64) error { panic("x") }

// Batch is a span of the log, (From, To]: what one physical commit held, or what other nodes committed.
type Batch struct {
	From, To int64
	Changes  []Change // in order of position
	// Foreign says that another process wrote this span: Body is nil in each change, and changes logged by
	// their own table (Tx.Announce) are missing; the follower reads them by position.
	Foreign bool
}

// Change is one durable change that a client can see.
type Change struct {
	Pos   int64
	Kind  string // what changed: "event", "receipt", "account_data", …
	Scope string // where: a room id or a user id
	Key   string // which, within the scope; the kind says what it means
	Body  any    // the change itself, for followers in this process; must be immutable
}

// Tx is a transaction: of Read (queries only) or of Write.
type Tx struct{}

// Context is the context of the Read or Write.
func (tx *Tx) Context() context.Context { panic("x") }

// Now is the time of this transaction, the same for every call within it.
func (tx *Tx) Now() time.Time { panic("x") }

// Rows is the part of *sql.Rows that callers use. Close it.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Close() error
	Err() error
}

// Query runs a query. In a Write it sees the verb's own and all earlier changes.
func (tx *Tx) Query(query string, args ...any) (Rows, error) { panic("x") }

// Row runs a query for one row and scans it. No row is errs.NotFound; use errors.Is(err, sql.ErrNoRows) or errs.Is.
func (tx *Tx) Row(query string, args []any, dest ...any) error { panic("x") }

// Exec queues a statement. It costs no round trip: the statements of all verbs of a commit travel together.
// A statement that the database refuses fails the verb (not its neighbours) when the batch is flushed.
func (tx *Tx) Exec(query string, args ...any) error { panic("x") }

// ExecCount runs a statement at once and gives the number of rows it changed. On PostgreSQL it costs a round trip.
func (tx *Tx) ExecCount(query string, args ...any) (int64, error) { panic("x") }

// Next takes the next position. It is the verb's only if the verb commits.
func (tx *Tx) Next() int64 { panic("x") }

// Log takes a position, appends a change to the log table and announces it after commit.
func (tx *Tx) Log(kind, scope, key string, body any) int64 { panic("x") }

// Announce announces a change whose own table holds its position (events): nothing is written to the log table.
func (tx *Tx) Announce(c Change) { panic("x") }

// Hint announces, in this process only and without a position, something that is not durable.
// OnCommit calls fn after the commit, before Write returns, in order of commit.
func (tx *Tx) OnCommit(fn func()) { panic("x") }
