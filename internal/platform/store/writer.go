package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
)

const (
	pollEvery    = time.Second // how soon an idle process sees what another has committed without a hint
	resolveWait  = 10 * time.Second
	backoffFirst = 50 * time.Millisecond
	backoffLast  = 2 * time.Second
	logChunk     = 1000
)

// writer is the goroutine that makes every physical commit of this process, one after another, and all it remembers.
type writer struct {
	db     *DB
	node   string  // random; names this process in the node table
	sess   session // nil while the database is away
	head   head    // as of the last commit seen, ours or another's
	own    bool    // head was made by this process
	batch  int64   // number of the last attempt
	flight []*verb // being committed
	last   int64   // time of the last verb, ms

	backoff time.Duration
	retryAt time.Time
	fault   error // why there is no session
}

// loop serves the queue until it is closed and empty.
func (w *writer) loop() {
	ended := false
	defer func() {
		if p := recover(); p != nil {
			panic(p) // a follower's: nothing would be in step any more
		}
		if !ended {
			w.revive()
		}
	}()
	w.serve()
	ended = true
	w.drop()
	close(w.db.stopped)
}

func (w *writer) serve() {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case v, ok := <-w.db.queue:
			if !ok {
				return
			}
			w.flight = w.gather(v)
			w.commit(w.flight)
			w.flight = nil
		case reply := <-w.db.poke:
			reply <- w.peek()
		case <-tick.C:
			w.db.setFault(w.peek())
		}
	}
}

// gather takes what has queued while the last commit was on its way.
func (w *writer) gather(first *verb) []*verb {
	verbs := append(make([]*verb, 0, min(batchVerbs, 1+len(w.db.queue))), first)
	for len(verbs) < batchVerbs {
		select {
		case v, ok := <-w.db.queue:
			if !ok {
				return verbs
			}
			verbs = append(verbs, v)
		default:
			return verbs
		}
	}
	return verbs
}

// commit runs verbs and answers each. It makes one physical commit unless the batch is large or a statement is refused.
func (w *writer) commit(verbs []*verb) {
	retried := false
	for len(verbs) > 0 {
		b, n, err := w.attempt(verbs)
		var r *refusal
		switch {
		case err == nil:
			w.publish(b)
			w.db.stats.count(b, n)
			settle(verbs[:n], nil)
		case errors.As(err, &r):
			w.isolate(b, verbs[:n], err)
		case errors.As(err, new(*unsure)): // not to be run again: perhaps it has happened
			w.db.setFault(err)
			settle(verbs[:n], err)
		case w.sess == nil && !retried && w.fault == nil: // the connection had died unnoticed: once more on a new one
			retried = true
			continue
		default:
			w.db.setFault(err)
			settle(verbs[:n], away(err))
		}
		verbs = verbs[n:]
	}
}

// settle answers verbs: each with its own failure, or else with that of the commit.
func settle(verbs []*verb, err error) {
	for _, v := range verbs {
		if v.told {
			continue
		}
		if v.err == nil {
			v.err = err
		}
		v.told = true
		v.done(v.err)
	}
}

// errGoexit is the answer to verbs of a commit in which one ended the writer's goroutine.
var errGoexit = errors.New("store: a verb ended the writer's goroutine (runtime.Goexit; in a test: Fatal or FailNow inside Write)")

// revive goes on in a new goroutine when a verb has ended this one.
func (w *writer) revive() {
	w.drop()
	settle(w.flight, errGoexit)
	w.flight = nil
	go w.loop()
}

// isolate commits a batch anew whose transaction was refused, so that only the verb whose fault it was fails. The order
// stays: the verbs before it, it alone, the verbs after it.
func (w *writer) isolate(b *batch, verbs []*verb, err error) {
	if len(verbs) == 1 {
		verbs[0].err = clean(err)
		settle(verbs, nil)
		return
	}
	k := slices.Index(verbs, b.culprit)
	if k < 0 {
		for i := range verbs {
			w.commit(verbs[i : i+1])
		}
		return
	}
	w.commit(verbs[:k])
	w.commit(verbs[k : k+1])
	w.commit(verbs[k+1:])
}

// attempt makes one physical commit of the first n verbs. On error nothing has been applied.
func (w *writer) attempt(verbs []*verb) (b *batch, n int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), batchTime)
	defer cancel()
	if err := w.connect(ctx); err != nil {
		return nil, len(verbs), err
	}
	base, err := w.sess.begin(ctx)
	if err == nil {
		err = w.catchUp(ctx, base)
	}
	if err != nil {
		return nil, len(verbs), w.abandon(ctx, err)
	}
	w.batch++
	b = &batch{w: w, ctx: ctx, sess: w.sess, number: w.batch, base: base, foreign: !w.own, pos: base.pos}
	n = b.play(verbs)
	if b.spoilt == nil && b.dirty {
		b.seal()
	}
	if b.spoilt != nil {
		return b, n, w.abandon(ctx, b.spoilt)
	}
	return b, n, w.finish(ctx, b)
}

// finish commits. A batch that changes nothing needs no disk.
func (w *writer) finish(ctx context.Context, b *batch) error {
	if !b.dirty {
		if err := w.sess.rollback(ctx); err != nil {
			return w.abandon(ctx, err)
		}
		return nil
	}
	unknown, err := w.sess.finish(ctx, b.pending)
	if unknown {
		w.drop()
		err = w.resolve(b, err)
	} else if err != nil {
		b.spoil(err, b.pending)
		err = w.abandon(ctx, err)
	}
	if err == nil {
		w.head = head{pos: b.pos, commits: b.base.commits + 1, floor: b.base.floor}
		w.own = true
	}
	return err
}

// abandon rolls back, and drops a connection that is of no use any more. It returns err.
func (w *writer) abandon(ctx context.Context, err error) error {
	if rerr := w.sess.rollback(ctx); rerr != nil || !w.sess.alive() {
		w.drop()
	}
	return err
}

// resolve finds out on a new connection whether a commit happened whose answer was lost. Taking the lock waits for the
// server to be done with the old connection's transaction. nil: it happened.
func (w *writer) resolve(b *batch, cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), w.db.opts.patience(resolveWait))
	defer cancel()
	for {
		happened, err := w.marked(ctx, b.number)
		switch {
		case err == nil && happened:
			return nil
		case err == nil:
			return &lost{cause}
		case ctx.Err() != nil:
			return &unsure{cause}
		}
		w.drop()
		select {
		case <-time.After(backoffFirst):
		case <-ctx.Done():
		}
	}
}

// unsure says that it is not known whether a commit happened.
type unsure struct{ cause error }

func (u *unsure) Error() string {
	return "whether the commit happened is not known yet: " + u.cause.Error()
}

// Unwrap gives the answer to those whose verbs were in it.
func (u *unsure) Unwrap() error {
	return errs.Busy(10*time.Second, u.cause,
		"The database went away while this was being written. It is not known whether it was done: look before you do it again.")
}

// marked reports whether this process's batch of that number was committed.
func (w *writer) marked(ctx context.Context, number int64) (bool, error) {
	w.retryAt = time.Time{}
	if err := w.connect(ctx); err != nil {
		return false, err
	}
	if _, err := w.sess.begin(ctx); err != nil {
		return false, err
	}
	rows, err := w.sess.query(ctx, sqlMarked, []any{w.node})
	if err != nil {
		return false, err
	}
	var found int64
	for rows.Next() {
		err = errors.Join(err, rows.Scan(&found))
	}
	if err = errors.Join(err, rows.Err(), rows.Close(), w.sess.rollback(ctx)); err != nil {
		return false, err
	}
	return found == number, nil
}

// connect makes sure of a session, and waits longer between attempts the longer there was none.
func (w *writer) connect(ctx context.Context) error {
	if w.sess != nil {
		return nil
	}
	if time.Now().Before(w.retryAt) {
		return &lost{w.fault}
	}
	sess, err := w.db.eng.writer(ctx)
	if err != nil {
		w.backoff = min(max(2*w.backoff, backoffFirst), backoffLast)
		w.retryAt = time.Now().Add(w.backoff/2 + rand.N(w.backoff))
		w.fault = err
		return &lost{err}
	}
	w.sess, w.fault, w.backoff, w.retryAt = sess, nil, 0, time.Time{}
	return nil
}

func (w *writer) drop() {
	if w.sess != nil {
		_ = w.sess.close() // it is of no use; its error was the reason or says nothing new
		w.sess = nil
	}
}

// clock gives the time for a verb: the wall clock, held back from running backwards.
func (w *writer) clock() time.Time {
	w.last = max(w.last, time.Now().UnixMilli())
	return time.UnixMilli(w.last).UTC()
}
