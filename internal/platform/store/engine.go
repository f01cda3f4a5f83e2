package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
)

// An engine is one of the two databases: it opens sessions and reads errors.
type engine interface {
	name() string
	writer(ctx context.Context) (session, error)
	reader(ctx context.Context) (session, error)
	close() error
}

// A session is one connection. It is used by one goroutine at a time.
type session interface {
	// begin opens a write transaction that excludes every other writer of every process, and gives the head.
	begin(ctx context.Context) (head, error)
	// snapshot opens a read-only transaction, soon or not at all.
	snapshot(ctx context.Context) error
	// run sends statements together. The error of a refused one is a *refusal.
	run(ctx context.Context, list []statement) error
	// finish sends statements and the commit together. unknown says that the commit may have happened in spite of the error.
	finish(ctx context.Context, list []statement) (unknown bool, err error)
	count(ctx context.Context, st statement) (int64, error)
	query(ctx context.Context, query string, args []any) (*sql.Rows, error)
	// soon is query for what ends soon by itself, or whose caller looks at ctx between the rows.
	soon(ctx context.Context, query string, args []any) (*sql.Rows, error)
	// script runs many statements without parameters, as a migration holds them.
	script(ctx context.Context, text string) error
	// undo goes back to the savepoint of a verb and drops it, also in a transaction that a refused statement has aborted.
	undo(ctx context.Context) error
	rollback(ctx context.Context) error
	// alive says whether the connection can be used again.
	alive() bool
	close() error
}

// A head is what the one row of the position table says.
type head struct {
	pos     int64 // last position handed out
	commits int64 // number of physical commits, of all processes
	floor   int64 // the log table holds all changes after this position
}

// A statement is queued SQL.
type statement struct {
	query string
	args  []any
	verb  *verb // whose it is; nil for the writer's own
	one   bool  // must change exactly one row
}

// size estimates what a statement holds in memory and on the wire.
func (st *statement) size() int {
	n := 64
	for _, a := range st.args {
		switch a := a.(type) {
		case string:
			n += len(a)
		case []byte:
			n += len(a)
		}
	}
	return n
}

// A refusal is the database's no to one statement of a run: the connection lives, the statement was wrong.
type refusal struct {
	at  int
	err error
}

func (r *refusal) Error() string { return "store: statement refused: " + r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// ErrStale is why a verb failed whose ExecOne changed no row or several.
var ErrStale = errs.New(errs.Conflict, "", "This has been changed by somebody else meanwhile. Try again.")

// IsConflict reports whether err says that a row of the same key exists: a unique or primary key constraint refused a statement.
func IsConflict(err error) bool {
	return sqliteConflict(err) || postgresConflict(err)
}

// away makes the answer for a database that cannot be used just now; nothing was applied.
func away(err error) error {
	var e *errs.Error
	if errors.As(err, &e) {
		return err
	}
	return errs.Busy(2*time.Second, err, "The database cannot be reached or written just now. Nothing was changed. Try again shortly.")
}

// lost says that a session's transaction is gone for a reason that is not the statement's.
type lost struct{ err error }

func (l *lost) Error() string { return l.err.Error() }
func (l *lost) Unwrap() error { return l.err }
