// Package store owns the database: one SQL text on two engines (SQLite by default, PostgreSQL for a trust that
// has outgrown a machine), one counter of positions, group commit, the migrations and the catalog of tables.
//
// It knows nothing of rooms, people or patients. It is not an object mapper: statements are plain SQL in each
// slice's sql.go, with $1 parameters.
package store

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
)

// Options says which database to open.
type Options struct {
	Dir        string        // data directory; holds wardline.db when URL is empty
	URL        string        // postgres://…; empty: SQLite in Dir
	ServerName string        // the server this database belongs to; a database of another server is refused. Empty: any (verify, doctor)
	Queue      int           // verbs that may wait for a commit; 0: 4096
	Readers    int           // concurrent Reads; 0: GOMAXPROCS and at least 2 on SQLite, four times that on PostgreSQL
	ReadOnly   bool          // for verify and doctor: never writes, never migrates
	Serve      bool          // a server, not a short command: on SQLite only one may have the directory
	LockWait   time.Duration // how long to wait while another process writes; 0: 5 s on SQLite, 10 s on PostgreSQL
	NoSync     bool          // for tests that do not ask about power cuts: commits are not forced to disk
}

func (o Options) sync() string {
	if o.NoSync {
		return "OFF"
	}
	return "FULL"
}

// patience is LockWait, or what is usual.
func (o Options) patience(standard time.Duration) time.Duration {
	if o.LockWait > 0 {
		return o.LockWait
	}
	return standard
}

func (o Options) lockWait(standard time.Duration) string {
	return strconv.FormatInt(o.patience(standard).Milliseconds(), 10)
}

// DB is the database of one node.
type DB struct {
	eng     engine
	opts    Options
	readers chan session // as many as may read; nil: not connected yet
	unlock  func() error

	queue   chan *verb
	poke    chan chan error
	stopped chan struct{}
	gate    sync.RWMutex // held to write by Close: nothing is queued afterwards
	closed  bool

	position atomic.Int64
	seal     atomic.Pointer[func(*Tx, Sealing) error]
	fault    atomic.Pointer[error]
	tidy     func() // ends the engine's upkeep
	stats    stats
	hands    *hands

	mu   sync.Mutex
	tail []func(Batch)
}

// Open opens the database, creates or migrates its schema, and starts the writer.
// It refuses, with a message that says what to do, a newer schema and a database of another server name.
func Open(ctx context.Context, o Options) (*DB, error) {
	unlock, err := lockDir(o)
	if err != nil {
		return nil, err
	}
	eng, err := openEngine(ctx, o)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	db := &DB{eng: eng, opts: o, unlock: unlock, poke: make(chan chan error), stopped: make(chan struct{})}
	if err := db.start(ctx); err != nil {
		return nil, errors.Join(err, db.eng.close(), unlock())
	}
	return db, nil
}

func openEngine(ctx context.Context, o Options) (engine, error) {
	if o.URL == "" {
		return openSQLite(ctx, o)
	}
	return openPostgres(ctx, o)
}

// start migrates, reads the counter and starts the writer.
func (db *DB) start(ctx context.Context) error {
	sess, err := db.eng.writer(ctx)
	if err != nil {
		return err
	}
	w := &writer{db: db, node: rand.Text(), sess: sess}
	if err := prepare(ctx, sess, db.opts, db.eng.name()); err != nil {
		return errors.Join(clean(err), sess.close())
	}
	if w.head, err = readHead(ctx, sess, sqlHead); err != nil {
		return errors.Join(err, sess.close())
	}
	db.position.Store(w.head.pos)
	db.readers = make(chan session, db.opts.readers())
	for range cap(db.readers) {
		db.readers <- nil
	}
	db.hands = newHands(cap(db.readers))
	size := db.opts.Queue
	if size == 0 {
		size = 4096
	}
	db.queue = make(chan *verb, size)
	db.tidy = func() {}
	if e, ok := db.eng.(*sqliteEngine); ok && !db.opts.ReadOnly {
		db.tidy = e.keepTidy()
	}
	go w.loop()
	return nil
}

func (o Options) readers() int {
	n := max(2, runtime.GOMAXPROCS(0))
	switch {
	case o.Readers > 0:
		return o.Readers
	case o.URL != "":
		return 4 * n
	}
	return n
}

// Close finishes the open writes and closes the database. Reads must have ended.
func (db *DB) Close() error {
	db.gate.Lock()
	if db.closed {
		db.gate.Unlock()
		return nil
	}
	db.closed = true
	close(db.queue)
	db.gate.Unlock()
	<-db.stopped
	db.tidy()
	var err error
	for range cap(db.readers) {
		if s := <-db.readers; s != nil {
			err = errors.Join(err, s.close())
		}
	}
	db.hands.close()
	return errors.Join(err, db.eng.close(), db.unlock())
}

// Engine names the engine: "sqlite" or "postgres". Only search needs to know.
func (db *DB) Engine() string { return db.eng.name() }

// Write runs fn in the writer and returns when its changes are on disk. Concurrent verbs share one physical
// commit; a verb that returns an error is rolled back alone and its error returned. fn runs alone (no other
// verb of any node runs at the same time), may be run more than once, and must have no effect outside tx but
// through OnCommit. It must not call Write or Read of the same database. A full queue, a full disk and a database that is
// away are errs.Unavailable. If ctx is done before fn has started, fn is dropped; once started, it is carried through.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	done := make(chan error, 1)
	v := &verb{ctx: ctx, fn: fn, done: func(err error) { done <- err }}
	if err := db.enqueue(v); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		if v.state.CompareAndSwap(waiting, dropped) {
			return context.Cause(ctx)
		}
		return <-done
	}
}

// Submit queues fn like Write but does not wait: done is called, on the writer's goroutine and in the order of
// commit, after the commit (nil) or failure. Verbs submitted one after another by one goroutine run in that order.
// done must be quick, and is not called if Submit returns an error.
func (db *DB) Submit(fn func(*Tx) error, done func(error)) error {
	return db.enqueue(&verb{ctx: context.Background(), fn: fn, done: done})
}

func (db *DB) enqueue(v *verb) error {
	db.gate.RLock()
	defer db.gate.RUnlock()
	if db.closed {
		return errs.Busy(5*time.Second, nil, "The server is stopping. Try again shortly.")
	}
	if db.opts.ReadOnly {
		return errors.New("store: the database was opened for reading only")
	}
	select {
	case db.queue <- v:
		return nil
	default:
		return errs.Busy(time.Second, nil, "The server has more to write than it can manage just now. Nothing was changed. Try again shortly.")
	}
}

// Position gives the last position this node has seen committed; all changes up to it have been announced. (A follower
// that is being called goes by its Batch: Position follows when all followers have been.)
func (db *DB) Position() int64 { return db.position.Load() }

// Follow registers a follower of the log. Followers are called on one goroutine, in the order registered, in
// the order of commit and without gaps: every batch starts where the last one ended. Register before the first
// Write. A follower must be quick, may Read, and must not Write (Submit is fine). A verb's Write returns only after the followers have seen its batch.
func (db *DB) Follow(fn func(Batch)) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.tail = append(db.tail[:len(db.tail):len(db.tail)], fn)
}

func (db *DB) followers() []func(Batch) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.tail
}

// CatchUp makes sure that changes up to pos, if committed by another node, have been announced.
func (db *DB) CatchUp(ctx context.Context, pos int64) error {
	if db.Position() >= pos {
		return nil
	}
	reply := make(chan error, 1)
	select {
	case db.poke <- reply:
	case <-db.stopped:
		return errs.Busy(5*time.Second, nil, "The server is stopping. Try again shortly.")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := <-reply; err != nil {
		return away(err)
	}
	return nil
}

// Fault says why the database could not be used when it last was, or nil: for readiness and metrics.
func (db *DB) Fault() error {
	if p := db.fault.Load(); p != nil {
		return *p
	}
	return nil
}

func (db *DB) setFault(err error) {
	if err == nil && db.fault.Load() == nil {
		return
	}
	if err == nil {
		db.fault.Store(nil)
		return
	}
	db.fault.Store(&err)
}
