package job_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/job"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var quiet = slog.New(slog.DiscardHandler)

// node is a runner that is stopped with its test.
func node(t *testing.T, db *store.DB, handlers func(*job.Runner)) (stop func()) {
	t.Helper()
	r := job.NewRunner(db, quiet)
	handlers(r)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

func promise(t *testing.T, db *store.DB, jobs ...job.Job) {
	t.Helper()
	err := db.Write(context.Background(), func(tx *store.Tx) error {
		for _, j := range jobs {
			if err := job.Promise(tx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func counts(t *testing.T, db *store.DB) (list []job.Count) {
	t.Helper()
	err := db.Read(context.Background(), func(tx *store.Tx) (err error) {
		list, err = job.Counts(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDueInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t)
		var done []string
		var mu sync.Mutex
		node(t, db, func(r *job.Runner) {
			r.Handle("greet", job.Policy{}, func(_ context.Context, run *job.Run) (func(*store.Tx) error, error) {
				var name string
				if err := run.Payload(&name); err != nil {
					return nil, err
				}
				mu.Lock()
				defer mu.Unlock()
				done = append(done, fmt.Sprintf("%s %v late", name, time.Since(run.Due).Truncate(time.Second)))
				return nil, nil
			})
		})
		now := time.Now()
		promise(t, db,
			job.Job{Kind: "greet", Due: now.Add(3 * time.Hour), Payload: "third"},
			job.Job{Kind: "greet", Payload: "first"},
			job.Job{Kind: "greet", Due: now.Add(10 * time.Minute), Payload: "second"})
		time.Sleep(4 * time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if got := strings.Join(done, ", "); got != "first 0s late, second 0s late, third 0s late" {
			t.Errorf("done: %s", got)
		}
		if left := counts(t, db); len(left) != 0 {
			t.Errorf("left over: %+v", left)
		}
	})
}

func TestBackoffThenGivenUpThenRevived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t)
		var tries atomic.Int64
		broken := atomic.Bool{}
		broken.Store(true)
		node(t, db, func(r *job.Runner) {
			r.Handle("flaky", job.Policy{Attempts: 5, Backoff: time.Minute}, func(context.Context, *job.Run) (func(*store.Tx) error, error) {
				if n := tries.Add(1); n == 2 {
					panic("a handler may do that")
				}
				if broken.Load() {
					return nil, errors.New("the gateway\x00 is away")
				}
				return nil, nil
			})
		})
		promise(t, db, job.Job{Kind: "flaky"})
		time.Sleep(30 * time.Second)
		if n := tries.Load(); n != 1 {
			t.Errorf("%d attempts before the first back-off has passed", n)
		}
		time.Sleep(2 * time.Hour)
		if n := tries.Load(); n != 5 {
			t.Errorf("%d attempts, want 5", n)
		}
		if c := counts(t, db); len(c) != 1 || c[0].Dead != 1 || c[0].Waiting != 0 {
			t.Fatalf("counts %+v", c)
		}
		broken.Store(false)
		err := db.Write(context.Background(), func(tx *store.Tx) error {
			list, err := job.Failures(tx, 10)
			if err != nil || len(list) != 1 || list[0].Attempts != 5 || !strings.Contains(list[0].Reason, "is away") {
				return fmt.Errorf("failures %+v, %w", list, err)
			}
			if err := job.Revive(tx, "none"); !errs.Is(err, errs.NotFound) {
				return fmt.Errorf("reviving nothing: %w", err)
			}
			return job.Revive(tx, list[0].ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := tries.Load(); n != 6 || len(counts(t, db)) != 0 {
			t.Errorf("%d attempts, %+v left", n, counts(t, db))
		}
	})
}

func TestOnceReplaceAndCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t)
		var mu sync.Mutex
		var got []string
		node(t, db, func(r *job.Runner) {
			r.Handle("k", job.Policy{Parallel: 1}, func(_ context.Context, run *job.Run) (func(*store.Tx) error, error) {
				var s string
				err := run.Payload(&s)
				return func(*store.Tx) error { mu.Lock(); defer mu.Unlock(); got = append(got, s); return nil }, err
			})
		})
		in := func(m time.Duration) time.Time { return time.Now().Add(m * time.Minute) }
		promise(t, db,
			job.Job{Kind: "k", Once: "a", Due: in(1), Payload: "a1"}, job.Job{Kind: "k", Once: "a", Due: in(2), Payload: "a2"},
			job.Job{Kind: "k", Once: "b", Due: in(3), Payload: "b1"}, job.Job{Kind: "k", Once: "b", Due: in(4), Payload: "b2", Replace: true},
			job.Job{Kind: "k", Once: "c", Due: in(5), Payload: "c1"})
		if err := db.Write(context.Background(), func(tx *store.Tx) error { return job.Cancel(tx, "k", "c") }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		promise(t, db, job.Job{Kind: "k", Once: "a", Payload: "a3"}) // the first is done: the key is free
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if s := strings.Join(got, " "); s != "a1 b2 a3" {
			t.Errorf("done: %s", s)
		}
	})
}

// TestCancelWhileRunning: what a handler writes does not happen when its promise was taken back meanwhile.
func TestCancelWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t)
		var wrote atomic.Bool
		node(t, db, func(r *job.Runner) {
			r.Handle("escalate", job.Policy{}, func(context.Context, *job.Run) (func(*store.Tx) error, error) {
				time.Sleep(10 * time.Second)
				return func(tx *store.Tx) error { tx.OnCommit(func() { wrote.Store(true) }); return nil }, nil
			})
		})
		promise(t, db, job.Job{Kind: "escalate", Once: "x"})
		time.Sleep(5 * time.Second)
		if err := db.Write(context.Background(), func(tx *store.Tx) error { return job.Cancel(tx, "escalate", "x") }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if wrote.Load() || len(counts(t, db)) != 0 {
			t.Errorf("wrote: %v; left: %+v", wrote.Load(), counts(t, db))
		}
	})
}

// TestDeadNode: a node that dies in the middle (here: hangs until its lease is over) is taken over, and the effect happens once.
func TestDeadNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t)
		var effects, begun atomic.Int64
		handler := func(r *job.Runner) {
			r.Handle("k", job.Policy{Lease: time.Minute}, func(context.Context, *job.Run) (func(*store.Tx) error, error) {
				if begun.Add(1) == 1 {
					time.Sleep(5 * time.Minute) // deaf to its context: dead as far as anybody can tell
				}
				return func(tx *store.Tx) error { tx.OnCommit(func() { effects.Add(1) }); return nil }, nil
			})
		}
		node(t, db, handler)
		node(t, db, handler)
		promise(t, db, job.Job{Kind: "k"})
		time.Sleep(2 * time.Minute)
		if begun.Load() != 2 || effects.Load() != 1 {
			t.Errorf("begun %d times, took effect %d times", begun.Load(), effects.Load())
		}
		time.Sleep(time.Hour)
		if effects.Load() != 1 {
			t.Errorf("took effect %d times", effects.Load())
		}
	})
}

// TestManyRunners: several runners on one database do each job once, and a rolled back promise never.
func TestManyRunners(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		const n = 100
		var mu sync.Mutex
		seen := map[int]int{}
		all := make(chan struct{})
		for range 3 {
			node(t, db, func(r *job.Runner) {
				r.Handle("k", job.Policy{}, func(_ context.Context, run *job.Run) (func(*store.Tx) error, error) {
					var i int
					err := run.Payload(&i)
					return func(tx *store.Tx) error {
						tx.OnCommit(func() {
							mu.Lock()
							defer mu.Unlock()
							if seen[i]++; len(seen) == n {
								close(all)
							}
						})
						return nil
					}, err
				})
			})
		}
		no := errors.New("no")
		for i := range n {
			promise(t, db, job.Job{Kind: "k", Payload: i})
			err := db.Write(context.Background(), func(tx *store.Tx) error {
				return errors.Join(job.Promise(tx, job.Job{Kind: "k", Payload: n + i}), no)
			})
			if !errors.Is(err, no) {
				t.Fatal(err)
			}
		}
		<-all
		mu.Lock()
		defer mu.Unlock()
		for i, times := range seen {
			if times != 1 || i >= n {
				t.Errorf("job %d was done %d times", i, times)
			}
		}
	})
}

func TestPromiseIsBounded(t *testing.T) {
	db := storetest.Open(t)
	for name, j := range map[string]job.Job{
		"too large":       {Kind: "k", Payload: strings.Repeat("x", 70<<10)},
		"no kind":         {},
		"replace nothing": {Kind: "k", Replace: true},
		"not JSON":        {Kind: "k", Payload: func() {}},
	} {
		if err := db.Write(context.Background(), func(tx *store.Tx) error { return job.Promise(tx, j) }); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
