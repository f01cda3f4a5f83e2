package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/wardline/wardline/internal/platform/store"
)

// Run is one attempt at a job.
type Run struct {
	ID      string
	Kind    string
	Attempt int64     // 1 for the first
	Due     time.Time // when it was due
	payload string
}

// Payload decodes what was promised.
func (r *Run) Payload(into any) error {
	if err := json.Unmarshal([]byte(r.payload), into); err != nil {
		return fmt.Errorf("job: payload of %s: %w", r.Kind, err)
	}
	return nil
}

// Handler does a job. What it does to the outside (a push) may happen again if the node dies at the wrong moment; what it writes belongs
// into done, which runs in the transaction that closes the job: it takes effect once. done may be nil. An error means: try again later.
// ctx ends before the lease does, and when the runner stops.
type Handler func(ctx context.Context, r *Run) (done func(*store.Tx) error, err error)

// Policy says how a kind of job is done. The zero value is a good one.
type Policy struct {
	Parallel int           // at a time on this node; 0: 4
	Lease    time.Duration // how long an attempt may take, and how soon another node takes over from a dead one; 0: a minute
	Attempts int64         // before it is given up and kept for a person to look at; 0: 12
	Backoff  time.Duration // before the second attempt, twice as long before each further one, up to an hour, give or take a quarter; 0: 5 seconds
}

func (p Policy) complete() Policy {
	if p.Parallel == 0 {
		p.Parallel = 4
	}
	if p.Lease == 0 {
		p.Lease = time.Minute
	}
	if p.Attempts == 0 {
		p.Attempts = 12
	}
	if p.Backoff == 0 {
		p.Backoff = 5 * time.Second
	}
	return p
}

const longestBackoff = time.Hour

// pause is how long to wait after a failed attempt.
func (p Policy) pause(attempt int64) time.Duration {
	d := p.Backoff
	for range min(attempt-1, 30) {
		d = min(2*d, longestBackoff)
	}
	return d*3/4 + mathrand.N(d/2+1)
}

// Runner does the jobs of one node.
type Runner struct {
	db      *store.DB
	log     *slog.Logger
	holder  string
	kinds   map[string]*kind
	running sync.WaitGroup
}

// kind is a handler and what it is doing.
type kind struct {
	name   string
	do     Handler
	policy Policy
	wake   chan struct{} // something may have become due
	slots  chan struct{} // one for each attempt that may be under way
}

// NewRunner makes a runner; give it its handlers, then Run it. It follows the log: make it before the first Write.
func NewRunner(db *store.DB, log *slog.Logger) *Runner {
	r := &Runner{db: db, log: log, holder: rand.Text(), kinds: map[string]*kind{}}
	db.Follow(r.follow)
	return r
}

// Handle registers the handler of a kind of job, before Run.
func (r *Runner) Handle(name string, p Policy, do Handler) {
	p = p.complete()
	r.kinds[name] = &kind{name: name, do: do, policy: p, wake: make(chan struct{}, 1), slots: make(chan struct{}, p.Parallel)}
}

// follow wakes the kinds of jobs that were promised, here or on another node.
func (r *Runner) follow(b store.Batch) {
	for _, c := range b.Changes {
		if c.Kind != change {
			continue
		}
		if k := r.kinds[c.Scope]; k != nil {
			k.nudge()
		} else if c.Scope == "" {
			r.nudgeAll()
		}
	}
	if b.Gap {
		r.nudgeAll()
	}
}

func (r *Runner) nudgeAll() {
	for _, k := range r.kinds {
		k.nudge()
	}
}

func (k *kind) nudge() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Run does jobs until ctx is done, then waits for those under way: their contexts are done too.
func (r *Runner) Run(ctx context.Context) {
	for _, k := range r.kinds {
		r.running.Go(func() { r.serve(ctx, k) })
	}
	<-ctx.Done()
	r.running.Wait()
}

// serve begins jobs of a kind as they become due.
func (r *Runner) serve(ctx context.Context, k *kind) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-timer.C:
		}
		wait, err := r.round(ctx, k)
		if err != nil {
			if ctx.Err() == nil {
				r.log.WarnContext(ctx, "jobs cannot be read; trying again", "kind", k.name, "error", err)
			}
			wait = 2 * time.Second
		}
		timer.Reset(wait)
	}
}

// asleep is how long a runner with nothing to do sleeps at most, should a wake-up have been missed.
const asleep = 5 * time.Minute

// round begins what is due and for which there is a free slot, and says how long there is nothing more to do.
func (r *Runner) round(ctx context.Context, k *kind) (time.Duration, error) {
	free := cap(k.slots) - len(k.slots)
	if free == 0 {
		return asleep, nil // an attempt that ends wakes us
	}
	var at int64
	err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		at, err = next(tx, k.name)
		return err
	})
	if err != nil || at == 0 {
		return asleep, err
	}
	if wait := time.Until(time.UnixMilli(at)); wait > 0 {
		return min(wait, asleep), nil
	}
	list, err := r.claim(ctx, k, free)
	if err != nil {
		return 0, err
	}
	for _, row := range list {
		k.slots <- struct{}{}
		r.running.Go(func() {
			r.attempt(ctx, k, &row)
			<-k.slots
			k.nudge()
		})
	}
	return 0, nil // look again: there may be more, or the next due time
}

// claim leases up to limit jobs.
func (r *Runner) claim(ctx context.Context, k *kind, limit int) (list []row, err error) {
	err = r.db.Write(ctx, func(tx *store.Tx) (err error) {
		now := tx.Now()
		if list, err = due(tx, k.name, now.UnixMilli(), limit); err != nil {
			return err
		}
		for i := range list {
			if err := lease(tx, list[i].id, r.holder, now.Add(k.policy.Lease).UnixMilli()); err != nil {
				return err
			}
			list[i].attempts++
		}
		return nil
	})
	return list, err
}

// attempt does a job once and closes it, or puts it off.
func (r *Runner) attempt(ctx context.Context, k *kind, row *row) {
	lctx, cancel := context.WithTimeout(ctx, k.policy.Lease*9/10)
	defer cancel()
	run := &Run{ID: row.id, Kind: row.kind, Attempt: row.attempts, Due: time.UnixMilli(row.due).UTC(), payload: row.payload}
	done, err := call(lctx, k.do, run)
	if err == nil {
		err = r.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
			if err := finish(tx, row.id, r.holder); err != nil || done == nil {
				return err
			}
			return done(tx)
		})
	}
	if err != nil {
		r.putOff(ctx, k, row, err)
	}
}

// call runs a handler; a panic is a failed attempt.
func call(ctx context.Context, do Handler, run *Run) (done func(*store.Tx) error, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do(ctx, run)
}

// putOff gives a job back for later, or gives it up. When the node is being stopped, it is another's turn at once.
func (r *Runner) putOff(ctx context.Context, k *kind, row *row, cause error) {
	reason := cause.Error()
	reason = reason[:min(len(reason), 500)]
	dead := row.attempts >= k.policy.Attempts
	wait := k.policy.pause(row.attempts)
	if ctx.Err() != nil {
		dead, wait = false, 0
	} else if !errors.Is(cause, store.ErrStale) { // else most likely cancelled meanwhile, or another node has it
		r.log.WarnContext(ctx, "a job failed", "kind", k.name, "id", row.id, "attempt", row.attempts, "given_up", dead, "error", cause)
	}
	err := r.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		due := tx.Now().Add(wait).UnixMilli()
		tx.Log(change, k.name, row.id, due)
		return postpone(tx, row.id, r.holder, due, dead, storable(reason))
	})
	if err != nil { // the lease ends by itself
		r.log.WarnContext(ctx, "a failed job could not be put off; its lease will run out", "kind", k.name, "id", row.id, "error", err)
	}
}
