package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
)

// What a physical commit holds at most. A batch that is larger goes on in the next commit.
const (
	batchVerbs = 256
	batchBytes = 4 << 20
	// batchTime bounds one physical commit, so that a network that swallows packets does not hold the writer for ever.
	batchTime = 30 * time.Second
)

// A verb is one call of Write or Submit.
type verb struct {
	ctx   context.Context
	fn    func(*Tx) error
	done  func(error)
	state atomic.Int32 // waiting, started or dropped
	err   error        // its own failure
	told  bool         // done was called
}

const (
	waiting int32 = iota
	started
	dropped
)

// A batch is one physical commit being made.
type batch struct {
	w       *writer
	ctx     context.Context // bounds what is asked of the database; a verb's own context is never done
	sess    session
	number  int64 // of this process; in the node table once committed
	base    head  // as it was at begin
	foreign bool  // another process has committed since this one last did
	pos     int64
	bytes   int
	dirty   bool        // something is to be committed
	pending []statement // of verbs that have succeeded, not yet sent
	changes []Change
	hooks   []func()
	items   []any
	scratch map[any]any

	// spoilt: the database transaction is no longer usable. culprit: whose statement did it, nil when unknown.
	spoilt  error
	culprit *verb
}

// spoil gives the transaction up. list is what was being run: it tells whose statement was refused.
func (b *batch) spoil(err error, list []statement) {
	if b.spoilt != nil {
		return
	}
	b.spoilt = err
	var r *refusal
	if errors.As(err, &r) && r.at >= 0 && r.at < len(list) {
		b.culprit = list[r.at].verb
	}
}

// play runs verbs one after another until all have run or the batch is full, and gives how many it took.
func (b *batch) play(verbs []*verb) int {
	for i, v := range verbs {
		if i > 0 && b.bytes > batchBytes {
			return i
		}
		b.runVerb(v)
		if b.spoilt != nil {
			return i + 1
		}
	}
	return len(verbs)
}

// runVerb runs one verb; afterwards its effects are queued, or there are none.
func (b *batch) runVerb(v *verb) {
	if v.err = v.start(); v.err != nil {
		return
	}
	tx := b.open(v)
	err := call(tx, v.fn)
	if tx.rows != nil {
		err = errors.Join(err, errOpenRows, tx.rows.Close())
	}
	if err == nil {
		err = tx.err
	}
	if b.spoilt != nil {
		return
	}
	if err != nil {
		v.err = err
		b.undo(tx)
		return
	}
	b.adopt(tx)
}

// start claims the verb for this batch; a verb whose caller has left before is dropped. Rerunning a started verb is fine.
func (v *verb) start() error {
	if v.state.Load() == started {
		return nil
	}
	if v.ctx.Err() != nil || !v.state.CompareAndSwap(waiting, started) {
		return context.Cause(v.ctx)
	}
	return nil
}

func (b *batch) open(v *verb) *Tx {
	ctx := context.Background()
	if v != nil {
		ctx = context.WithoutCancel(v.ctx)
	}
	return &Tx{ctx: ctx, now: b.w.clock(), sess: b.sess, batch: b, verb: v, from: b.pos}
}

// call runs a verb's function; a panic is the verb's failure only.
func call(tx *Tx, fn func(*Tx) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &errs.Error{Kind: errs.Internal, Message: "Something went wrong on the server.", Cause: fmt.Errorf("panic in a verb: %v\n%s", r, debug.Stack())}
		}
	}()
	return fn(tx)
}

// undo removes what a failed verb did, and nothing else.
func (b *batch) undo(tx *Tx) {
	b.pos = tx.from
	for _, fn := range slices.Backward(tx.undos) {
		fn()
	}
	if !tx.saved {
		return
	}
	if err := b.sess.undo(b.ctx); err != nil {
		b.spoil(&lost{err}, nil) // whatever it is, the transaction is of no use
	}
}

// adopt takes over what a verb that succeeded has queued.
func (b *batch) adopt(tx *Tx) {
	b.pending = append(b.pending, tx.queue...)
	if tx.saved {
		b.pending = append(b.pending, statement{query: sqlRelease, verb: tx.verb})
	}
	b.changes = append(b.changes, tx.changes...)
	b.hooks = append(b.hooks, tx.hooks...)
	b.items = append(b.items, tx.items...)
	b.dirty = b.dirty || tx.saved || len(tx.queue) > 0 || len(tx.items) > 0 || b.pos != tx.from
}

// seal lets the function of DB.Seal turn the batch's items into statements, then adds the store's own.
func (b *batch) seal() {
	if fn := b.w.db.seal.Load(); fn != nil {
		tx := b.open(nil)
		items := b.items
		b.items = nil
		err := call(tx, func(tx *Tx) error {
			return (*fn)(tx, Sealing{Items: items, Pos: b.pos, Commits: b.base.commits + 1, Foreign: b.foreign})
		})
		if tx.rows != nil {
			err = errors.Join(err, errOpenRows, tx.rows.Close())
		}
		if err = errors.Join(err, tx.err); err != nil {
			b.spoil(&refusal{at: -1, err: err}, nil)
			return
		}
		b.adopt(tx)
	}
	b.pending = append(b.pending,
		statement{query: sqlAdvance, args: []any{b.pos, b.base.commits + 1}, one: true},
		statement{query: sqlMark, args: []any{b.w.node, b.number, b.w.last}})
}

// Sealing is what a batch is when all its verbs have run, just before its commit.
type Sealing struct {
	Items   []any // what verbs that succeeded gave to Tx.Enclose, in order
	Pos     int64 // the counter of positions after this commit
	Commits int64 // the number of this commit
	// Foreign: another process has committed since this one last did (or this is its first commit), so what
	// it remembers of the database must be read again.
	Foreign bool
}

// Seal registers the function that runs once in each physical commit, after its verbs. It may read, Exec and use OnCommit; it
// takes no positions. If it fails, the commit fails. Register it before the first Write; there is one (audit's).
func (db *DB) Seal(fn func(*Tx, Sealing) error) { db.seal.Store(&fn) }
