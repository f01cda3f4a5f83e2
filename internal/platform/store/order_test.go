package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// watcher is a follower that remembers what it was told.
type watcher struct {
	mu   sync.Mutex
	seen []store.Batch
	to   int64
}

func watch(db *store.DB) *watcher {
	w := &watcher{to: db.Position()}
	db.Follow(func(b store.Batch) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, b)
		w.to = b.To
	})
	return w
}

func (w *watcher) batches() []store.Batch {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// node opens another process's view of a database.
func node(t *testing.T, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := audit.Start(db, storetest.Key); err != nil {
		t.Fatal(err)
	}
	return db
}

var errWanted = errors.New("a failure that was wanted")

// storm is what the property test runs: verbs that succeed, fail, conflict and panic, early and late, and what they must leave.
type storm struct {
	t    *testing.T
	mu   sync.Mutex
	good map[string]int64 // name of each verb that succeeded, with its position
	next atomic.Int64
}

// step runs one random verb on a node.
func (s *storm) step(db *store.DB, rnd *rand.Rand) {
	name := fmt.Sprint("v", s.next.Add(1))
	logs, asks, fate := rnd.IntN(3), rnd.IntN(3), rnd.IntN(8)
	var pos int64
	err := db.Write(ctx, func(tx *store.Tx) error {
		pos = 0
		if err := tx.Exec(insertSetting, name, "x"); err != nil {
			return err
		}
		if asks == 1 {
			var n int
			if err := tx.Row(`SELECT COUNT(*) FROM setting WHERE name = $1`, []any{name}, &n); err != nil || n != 1 {
				return fmt.Errorf("saw %d of its own rows: %w", n, err)
			}
		}
		for range logs + 1 {
			pos = tx.Log("verb", name, "key", name)
		}
		if asks == 2 {
			if n, err := tx.ExecCount(`UPDATE setting SET value = 'y' WHERE name = $1`, name); err != nil || n != 1 {
				return fmt.Errorf("changed %d rows: %w", n, err)
			}
		}
		switch fate {
		case 0:
			return errWanted
		case 1:
			return tx.Exec(insertSetting, name, "again") // refused only when the batch is flushed
		case 2:
			if _, err := tx.ExecCount(insertSetting, name, "again"); err != nil {
				return err
			}
			return errors.New("a second row of the same key")
		case 3:
			panic("wanted")
		case 4:
			return tx.ExecOne(`UPDATE setting SET value = 'z' WHERE name = $1`, "nobody")
		}
		return nil
	})
	if (err == nil) != (fate > 4) {
		s.t.Errorf("verb with fate %d: %v", fate, err)
	}
	if err == nil {
		s.mu.Lock()
		s.good[name] = pos
		s.mu.Unlock()
	}
}

func (s *storm) check(db *store.DB, w *watcher) {
	s.t.Helper()
	if err := db.CatchUp(ctx, 1<<60); err != nil {
		s.t.Fatal(err)
	}
	seen := w.batches()
	checkGapless(s.t, seen, db.Position())
	last := map[string]int64{}
	for _, b := range seen {
		for _, c := range b.Changes {
			last[c.Scope] = c.Pos
			if b.Foreign != (c.Body == nil) {
				s.t.Fatalf("a change with body %v in a batch with Foreign %v", c.Body, b.Foreign)
			}
		}
	}
	if len(last) != len(s.good) {
		s.t.Errorf("changes of %d verbs announced, %d succeeded", len(last), len(s.good))
	}
	for name, pos := range s.good {
		if last[name] != pos {
			s.t.Errorf("verb %s was told position %d, the log says %d", name, pos, last[name])
		}
	}
	s.rows(db)
}

// rows checks that exactly the verbs that succeeded have left rows.
func (s *storm) rows(db *store.DB) {
	s.t.Helper()
	err := db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT name FROM setting WHERE name LIKE 'v%'`)
		if err != nil {
			return err
		}
		defer rows.Close()
		n := 0
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			if _, ok := s.good[name]; !ok {
				s.t.Errorf("verb %s failed and left a row", name)
			}
			n++
		}
		if n != len(s.good) {
			s.t.Errorf("%d rows, %d verbs succeeded", n, len(s.good))
		}
		return rows.Err()
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestStorm: whatever concurrent verbs do, on one node or several, positions come without gaps in the order of commit, every node is told the
// same, each verb succeeds or leaves nothing, and the audit holds.
func TestStorm(t *testing.T) {
	for _, engine := range storetest.Engines() {
		for _, nodes := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", engine, nodes), func(t *testing.T) {
				o := storetest.OptionsOn(t, engine)
				s := &storm{t: t, good: map[string]int64{}}
				var dbs []*store.DB
				var watchers []*watcher
				for range nodes {
					db := node(t, o)
					dbs, watchers = append(dbs, db), append(watchers, watch(db))
				}
				var wg sync.WaitGroup
				for i := range 24 {
					wg.Go(func() {
						rnd := rand.New(rand.NewPCG(uint64(i), 7))
						for range 12 {
							s.step(dbs[i%nodes], rnd)
						}
					})
				}
				wg.Wait()
				for i, db := range dbs {
					s.check(db, watchers[i])
				}
				r, err := audit.Verify(ctx, dbs[0], pub)
				if err != nil || !r.OK() {
					t.Errorf("audit: %s %v", r.Why, err)
				}
			})
		}
	}
}

// TestReaderCanReadWhatItWasTold: when a follower hears of a position, and when Position gives it, a Read sees its rows.
func TestReaderCanReadWhatItWasTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		db.Follow(func(b store.Batch) {
			for _, c := range b.Changes {
				var v string
				err := db.Read(ctx, func(tx *store.Tx) error {
					pos, err := tx.Position()
					if err != nil || pos < c.Pos {
						return fmt.Errorf("snapshot at %d: %w", pos, err)
					}
					return tx.Row(`SELECT value FROM setting WHERE name = $1`, []any{c.Key}, &v)
				})
				if err != nil {
					t.Errorf("follower at %d: %v", c.Pos, err)
				}
			}
		})
		for i := range 20 {
			var pos int64
			err := db.Write(ctx, func(tx *store.Tx) error {
				pos = tx.Log("k", "s", fmt.Sprint(i), nil)
				return tx.Exec(insertSetting, fmt.Sprint(i), "x")
			})
			if err != nil || db.Position() < pos {
				t.Fatalf("wrote %d, position %d, %v", pos, db.Position(), err)
			}
		}
	})
}

// TestIdleNodeNotices: a node that writes nothing hears what another process commits, without being told.
func TestIdleNodeNotices(t *testing.T) {
	for _, engine := range storetest.Engines() {
		o := storetest.OptionsOn(t, engine)
		idle, busy := node(t, o), node(t, o)
		heard := make(chan store.Batch, 10)
		idle.Follow(func(b store.Batch) { heard <- b })
		if err := busy.Write(ctx, func(tx *store.Tx) error { tx.Log("k", "s", "key\x00two", 1); return nil }); err != nil {
			t.Fatal(err)
		}
		b := <-heard
		if !b.Foreign || b.Gap || len(b.Changes) != 1 || b.Changes[0].Key != "key\x00two" {
			t.Errorf("%s: heard %+v", engine, b)
		}
	}
}

// TestTrimLeavesAGap: a node cut off for longer than the log is kept is told so.
func TestTrimLeavesAGap(t *testing.T) {
	for _, engine := range storetest.Engines() {
		o := storetest.OptionsOn(t, engine)
		a := node(t, o)
		for range 3 {
			if err := a.Write(ctx, func(tx *store.Tx) error { tx.Log("k", "s", "", 1); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Trim(ctx); err != nil { // nothing is old yet
			t.Fatal(err)
		}
		b := node(t, o) // at position 3
		w := watch(b)
		if err := a.Write(ctx, func(tx *store.Tx) error { tx.Log("k", "s", "", 1); return nil }); err != nil {
			t.Fatal(err)
		}
		if err := storetest.Tamper(o, `UPDATE log SET at = 0 WHERE pos = 4`, `UPDATE log SET at = 1 WHERE pos < 4`); err != nil {
			t.Fatal(err)
		}
		if err := a.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if err := b.CatchUp(ctx, 4); err != nil {
			t.Fatal(err)
		}
		// Whether the poll was quicker than the trim decides what b saw; both are right.
		if got := w.batches(); len(got) != 1 || got[0].To != 4 || got[0].Gap == (len(got[0].Changes) == 1) {
			t.Errorf("%s: %+v", engine, got)
		}
		var left int
		if err := a.Read(ctx, func(tx *store.Tx) error { return tx.Row(`SELECT COUNT(*) FROM log`, nil, &left) }); err != nil || left != 0 {
			t.Errorf("%s: %d left in the log, %v", engine, left, err)
		}
	}
}

func TestSubmitKeepsOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		var ran, told []int
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Add(1)
			err := db.Submit(func(tx *store.Tx) error {
				tx.OnCommit(func() { ran = append(ran, i) })
				return tx.Exec(insertSetting, fmt.Sprint(i), "x")
			}, func(err error) {
				if err != nil {
					t.Error(err)
				}
				told = append(told, i)
				wg.Done()
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		for i := range 1000 {
			if ran[i] != i || told[i] != i {
				t.Fatalf("at %d: ran %d, told %d", i, ran[i], told[i])
			}
		}
	})
}

// TestLeavingCaller: a verb whose caller has gone before it began does not run; one that has begun is carried through.
func TestLeavingCaller(t *testing.T) {
	db := storetest.Open(t)
	hold, begun := make(chan struct{}), make(chan struct{})
	c1, cancel1 := context.WithCancel(ctx)
	first := make(chan error, 1)
	go func() {
		first <- db.Write(c1, func(tx *store.Tx) error { close(begun); <-hold; return tx.Exec(insertSetting, "begun", "1") })
	}()
	<-begun
	c2, cancel2 := context.WithCancel(ctx)
	second := make(chan error, 1)
	go func() {
		second <- db.Write(c2, func(tx *store.Tx) error { return tx.Exec(insertSetting, "waiting", "1") })
	}()
	cancel2()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the waiting caller was told %v", err)
	}
	cancel1()
	close(hold)
	if err := <-first; err != nil {
		t.Errorf("the caller of a verb that had begun was told %v", err)
	}
	if setting(t, db, "begun") != "1" || setting(t, db, "waiting") != "" {
		t.Error("the wrong one was carried out")
	}
}

// TestScratchIsOfOneCommit: verbs of a commit share it, a failing verb mends it, the next commit starts afresh.
func TestScratchIsOfOneCommit(t *testing.T) {
	db := storetest.Open(t)
	type key struct{}
	hold := make(chan struct{})
	var wg sync.WaitGroup
	submit := func(fn func(*store.Tx) error) {
		wg.Add(1)
		if err := db.Submit(fn, func(error) { wg.Done() }); err != nil {
			t.Fatal(err)
		}
	}
	add := func(got *[]int, fail error) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			n := tx.Scratch(key{}, func() any { return new(int) }).(*int)
			*n++
			tx.OnUndo(func() { *n-- })
			*got = append(*got, *n)
			return fail
		}
	}
	var got []int
	submit(func(*store.Tx) error { <-hold; return nil })
	submit(add(&got, nil))
	submit(add(&got, errWanted))
	submit(add(&got, nil))
	close(hold)
	wg.Wait()
	submit(add(&got, nil))
	wg.Wait()
	if fmt.Sprint(got) != "[1 2 2 1]" {
		t.Errorf("scratch was %v", got)
	}
}
