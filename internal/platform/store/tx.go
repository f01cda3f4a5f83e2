package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/platform/errs"
)

// Tx is a transaction: of Read (queries only) or of Write. It is used by one goroutine, and not after its function has returned.
type Tx struct {
	ctx  context.Context
	now  time.Time
	sess session
	rows *txRows // the open query
	err  error   // why the transaction cannot succeed any more; sticky

	once  bool // of a Glance: one query, then no more
	asked bool

	scratch map[any]any // of a Read

	// Of a Write only.
	batch   *batch
	verb    *verb
	from    int64 // position before the verb
	saved   bool  // a savepoint is open
	queue   []statement
	changes []Change
	hooks   []func()
	items   []any
	undos   []func()
}

var (
	errOpenRows = errors.New("store: close the rows of one query before the next")
	errGlance   = errors.New("store: a Glance asks one query; use Read for several")
	errReadOnly = errors.New("store: a Read cannot write")
)

// Context is the context of the Read or Write. That of a Write is never done: a verb that has started runs to its end.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Now is the time of this transaction in UTC, whole milliseconds, the same for every call within it. In a Write it
// never runs backwards from one verb to the next.
func (tx *Tx) Now() time.Time { return tx.now }

// Rows is the part of *sql.Rows that callers use. Close it.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Close() error
	Err() error
}

// txRows remembers that a query is open: a connection of PostgreSQL can do nothing else meanwhile, so neither may SQLite's.
type txRows struct {
	*sql.Rows
	tx *Tx
}

// Next ends early in a Read whose caller has gone.
func (r *txRows) Next() bool {
	more := r.Rows.Next()
	if more && r.tx.gone() != nil {
		_ = r.Rows.Close() // that the caller is gone is the error that counts
		more = false
	}
	if !more {
		r.tx.release(r)
	}
	return more
}

func (r *txRows) Close() error {
	r.tx.release(r)
	return r.Rows.Close()
}

func (r *txRows) Err() error {
	if err := r.Rows.Err(); err != nil {
		return fmt.Errorf("store: reading rows: %w", clean(err))
	}
	return r.tx.gone()
}

// gone says why the caller of a Read waits no more, or nil. A Write is carried through.
func (tx *Tx) gone() error {
	if tx.batch != nil {
		return nil
	}
	return tx.ctx.Err()
}

func (tx *Tx) release(r *txRows) {
	if tx.rows == r {
		tx.rows = nil
	}
}

// Query runs a query. In a Write it sees the verb's own and all earlier changes. Only one query may be open at a time:
// close its rows, or read them to the end, before the next Query, Row or ExecCount. (Exec only queues, and may be used meanwhile.)
func (tx *Tx) Query(query string, args ...any) (Rows, error) {
	rows, err := tx.open(tx.sess.soon, query, args)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// Search is Query for what may take long before its first row, as a ranked search does: it is given up at once when the caller of
// a Read has gone, and not only between two rows.
func (tx *Tx) Search(query string, args ...any) (Rows, error) {
	rows, err := tx.open(tx.sess.query, query, args)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func (tx *Tx) open(ask func(context.Context, string, []any) (*sql.Rows, error), query string, args []any) (*txRows, error) {
	if err := tx.ready(args); err != nil {
		return nil, err
	}
	rows, err := ask(tx.bound(), query, args)
	if err != nil {
		return nil, tx.failed(err)
	}
	r := &txRows{rows, tx}
	tx.rows = r
	return r, nil
}

// Row runs a query for one row and scans it. No row is errs.NotFound; use errors.Is(err, sql.ErrNoRows) or errs.Is.
func (tx *Tx) Row(query string, args []any, dest ...any) (err error) {
	rows, err := tx.open(tx.sess.soon, query, args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		if err := errors.Join(rows.Rows.Err(), tx.gone()); err != nil {
			return tx.failed(err)
		}
		e := errs.Absent("There is no such thing.")
		e.Cause = sql.ErrNoRows
		return e
	}
	if err := rows.Scan(dest...); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// Exec queues a statement. It costs no round trip: the statements of all verbs of a commit travel together.
// A statement that the database refuses fails the verb (not its neighbours) when the batch is flushed; IsConflict tells
// whether it was for a row that exists already. The arguments must not be changed afterwards.
func (tx *Tx) Exec(query string, args ...any) error {
	return tx.enqueue(statement{query: query, args: args})
}

// ExecOne queues a statement that must change exactly one row; else the verb fails with ErrStale. With it a
// compare-and-swap costs no round trip.
func (tx *Tx) ExecOne(query string, args ...any) error {
	return tx.enqueue(statement{query: query, args: args, one: true})
}

func (tx *Tx) enqueue(st statement) error {
	if err := tx.writable(); err != nil {
		return err
	}
	if err := check(st.args); err != nil {
		return err
	}
	st.verb = tx.verb
	tx.queue = append(tx.queue, st)
	tx.batch.bytes += st.size()
	return nil
}

// ExecCount runs a statement at once and gives the number of rows it changed. On PostgreSQL it costs a round trip.
func (tx *Tx) ExecCount(query string, args ...any) (int64, error) {
	if err := tx.writable(); err != nil {
		return 0, err
	}
	if err := check(args); err != nil {
		return 0, err
	}
	if tx.rows != nil {
		return 0, errOpenRows
	}
	if err := tx.flush(true); err != nil {
		return 0, err
	}
	n, err := tx.sess.count(tx.bound(), statement{query: query, args: args, verb: tx.verb})
	if err != nil {
		return 0, tx.failed(err)
	}
	return n, nil
}

// Next takes the next position. It is the verb's only if the verb commits.
func (tx *Tx) Next() int64 {
	if err := tx.writable(); err != nil {
		return 0
	}
	tx.batch.pos++
	return tx.batch.pos
}

// Log takes a position, appends a change to the log table and announces it after commit.
func (tx *Tx) Log(kind, scope, key string, body any) int64 {
	pos := tx.Next()
	if err := tx.Exec(sqlLog, pos, tx.now.UnixMilli(), kind, scope, []byte(key)); err != nil {
		tx.fail(err)
		return pos
	}
	tx.Announce(Change{Pos: pos, Kind: kind, Scope: scope, Key: key, Body: body})
	return pos
}

// Announce announces a change whose own table holds its position (events): nothing is written to the log table.
func (tx *Tx) Announce(c Change) {
	if tx.writable() == nil {
		tx.changes = append(tx.changes, c)
	}
}

// OnCommit calls fn after the commit, before Write returns, in order of commit and before the followers see the batch.
// It is lost with the process, and when a lost connection hides for long whether the commit happened: what must happen is a job.
func (tx *Tx) OnCommit(fn func()) {
	if tx.writable() == nil {
		tx.hooks = append(tx.hooks, fn)
	}
}

// Scratch gives what the verbs of one physical commit share under a key, made by init for the first of them. It is thrown away
// with the commit, and when the batch is run again. A verb that fails must leave it as it was: see OnUndo.
func (tx *Tx) Scratch(key any, init func() any) any {
	m := &tx.scratch
	if tx.batch != nil {
		m = &tx.batch.scratch
	}
	if *m == nil {
		*m = map[any]any{}
	}
	if v, ok := (*m)[key]; ok {
		return v
	}
	v := init()
	(*m)[key] = v
	return v
}

// OnUndo calls fn, last registered first, if the verb fails while others of its commit go on: to mend what Scratch holds.
func (tx *Tx) OnUndo(fn func()) { tx.undos = append(tx.undos, fn) }

// Position gives the counter as of this transaction: of a Read's snapshot, or the last position taken in a Write.
func (tx *Tx) Position() (int64, error) {
	if tx.batch != nil {
		return tx.batch.pos, nil
	}
	var h head
	err := tx.Row(sqlHead, nil, &h.pos, &h.commits, &h.floor)
	return h.pos, err
}

// Enclose puts an item into the batch, for the function given to DB.Seal. It is dropped if the verb fails.
func (tx *Tx) Enclose(item any) error {
	if err := tx.writable(); err != nil {
		return err
	}
	if tx.batch.w.db.seal.Load() == nil {
		return errors.New("store: nobody seals batches; start audit first")
	}
	tx.items = append(tx.items, item)
	return nil
}

// bound is the context that ends a query: in a Write the commit's, which alone may be given up.
func (tx *Tx) bound() context.Context {
	if tx.batch != nil {
		return tx.batch.ctx
	}
	return tx.ctx
}

func (tx *Tx) writable() error {
	if tx.batch == nil {
		return tx.fail(errReadOnly)
	}
	return tx.err
}

// fail makes err the transaction's fate unless it has one already.
func (tx *Tx) fail(err error) error {
	if tx.err == nil {
		tx.err = err
	}
	return tx.err
}

// ready brings the database to where a query may run.
func (tx *Tx) ready(args []any) error {
	if tx.err != nil {
		return tx.err
	}
	if tx.rows != nil {
		return errOpenRows
	}
	if tx.once && tx.asked {
		return tx.fail(errGlance)
	}
	tx.asked = true
	if err := check(args); err != nil {
		return err
	}
	if tx.batch != nil {
		return tx.flush(false)
	}
	return nil
}

// end closes what a Read has left open, also when its function panics or ends the goroutine.
func (tx *Tx) end() {
	if tx.rows != nil {
		_ = tx.rows.Close() // left open is the error that counts
	}
}

// flush sends what earlier verbs and this one have queued. Once something of this verb's is in the database (or is about to
// be: changes), a savepoint stands before it, so that the verb can be undone alone.
func (tx *Tx) flush(changes bool) error {
	list := tx.batch.pending
	earlier := len(list)
	if !tx.saved && (changes || len(tx.queue) > 0) {
		list = append(list, statement{query: sqlSavepoint, verb: tx.verb})
		tx.saved = true
	}
	list = append(list, tx.queue...)
	tx.batch.pending, tx.queue = nil, nil
	if len(list) == 0 {
		return nil
	}
	err := tx.sess.run(tx.batch.ctx, list)
	if err == nil {
		return nil
	}
	var r *refusal
	if errors.As(err, &r) && r.at >= earlier {
		return tx.fail(clean(err))
	}
	tx.batch.spoil(err, list)
	return tx.fail(clean(err))
}

// failed takes the error of a query: the verb's own fault, or the end of the transaction.
func (tx *Tx) failed(err error) error {
	if tx.batch != nil && !tx.saved {
		tx.batch.spoil(err, []statement{{verb: tx.verb}})
	} else if l := new(lost); tx.batch != nil && errors.As(err, &l) {
		tx.batch.spoil(err, nil)
	}
	return tx.fail(clean(err))
}

// In appends values to args and gives the text "($4, $5, …)" that names them, for WHERE x IN. The list is filled up to a power
// of two with the last value, so that few texts are prepared. No values: "(NULL)", in which nothing is. At most some 10,000.
func In[T any](args *[]any, values []T) string {
	if len(values) == 0 {
		return "(NULL)"
	}
	n := 1
	for n < len(values) {
		n *= 2
	}
	var b strings.Builder
	b.Grow(n * 6)
	for i := range n {
		*args = append(*args, values[min(i, len(values)-1)])
		if i == 0 {
			b.WriteString("($")
		} else {
			b.WriteString(", $")
		}
		fmt.Fprint(&b, len(*args))
	}
	b.WriteByte(')')
	return b.String()
}

// check brings arguments to what both engines store alike, and refuses what only one of them would take.
func check(args []any) error {
	for i, a := range args {
		switch v := a.(type) {
		case nil, int64, bool, []byte, float64:
		case string:
			if err := text(v); err != nil {
				return err
			}
		case int:
			args[i] = int64(v)
		case *string:
			if v == nil {
				args[i] = nil
				continue
			}
			args[i] = *v
			if err := text(*v); err != nil {
				return err
			}
		default:
			plain, err := plain(a)
			if err != nil {
				return err
			}
			args[i] = plain
		}
	}
	return nil
}

// text refuses what PostgreSQL cannot hold in TEXT: the answer must not depend on the engine.
func text(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return errs.BadParam("Text must not contain a NUL character.")
	}
	if !utf8.ValidString(s) {
		return errs.BadParam("Text must be valid UTF-8.")
	}
	return nil
}

// plain unwraps named types, pointers and driver.Valuers.
func plain(a any) (any, error) {
	if v, ok := a.(driver.Valuer); ok {
		if rv := reflect.ValueOf(a); rv.Kind() == reflect.Pointer && rv.IsNil() {
			return nil, nil
		}
		inner, err := v.Value()
		if err != nil {
			return nil, fmt.Errorf("store: argument: %w", err)
		}
		return plainKind(reflect.ValueOf(inner))
	}
	return plainKind(reflect.ValueOf(a))
}

func plainKind(v reflect.Value) (any, error) {
	switch v.Kind() {
	case reflect.Invalid:
		return nil, nil
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return plainKind(v.Elem())
	case reflect.String:
		return v.String(), text(v.String())
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.Uint() > math.MaxInt64 {
			return nil, errs.BadParam("A number is too large.")
		}
		return int64(v.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return v.Float(), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("store: an argument of type %s cannot be stored; times are milliseconds in a BIGINT", v.Type())
}
