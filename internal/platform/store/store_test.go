package store_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var (
	ctx = context.Background()
	pub = storetest.Key.Public().(ed25519.PublicKey)
)

func setting(t *testing.T, db *store.DB, name string) string {
	t.Helper()
	var value string
	err := db.Read(ctx, func(tx *store.Tx) error {
		return tx.Row(`SELECT value FROM setting WHERE name = $1`, []any{name}, &value)
	})
	if errs.Is(err, errs.NotFound) && errors.Is(err, sql.ErrNoRows) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

const insertSetting = `INSERT INTO setting (name, value) VALUES ($1, $2)`

// TestDatabaseIsPrivate: whatever the umask, and whatever an older release has left, only the server's own account reads it.
func TestDatabaseIsPrivate(t *testing.T) {
	o := store.Options{Dir: t.TempDir(), ServerName: storetest.ServerName}
	for _, open := range []string{"a new one", "one that was open to all"} {
		db, err := store.Open(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, open, "1") }); err != nil {
			t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(o.Dir, "*"))
		if err != nil || len(files) < 2 {
			t.Fatal(files, err)
		}
		for _, name := range files {
			if at, err := os.Stat(name); err != nil || at.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %s %v %v", open, filepath.Base(name), at.Mode(), err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(o.Dir, "wardline.db"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWriteThenRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, "a", "1") }); err != nil {
			t.Fatal(err)
		}
		if got := setting(t, db, "a"); got != "1" {
			t.Errorf("read %q, want 1", got)
		}
	})
}

func TestFailingVerbLeavesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		refused := errors.New("no")
		before := db.Position()
		for name, fn := range map[string]func(*store.Tx) error{
			"error": func(tx *store.Tx) error { return refused },
			"panic": func(tx *store.Tx) error { panic("at the disco") },
			"flushed": func(tx *store.Tx) error {
				var n int
				if err := tx.Row(`SELECT COUNT(*) FROM setting WHERE name = $1`, []any{"x"}, &n); err != nil || n != 1 {
					return fmt.Errorf("own change not seen: %d %w", n, err)
				}
				return refused
			},
		} {
			err := db.Write(ctx, func(tx *store.Tx) error {
				if err := tx.Exec(insertSetting, "x", "1"); err != nil {
					return err
				}
				tx.Log("k", "s", name, nil)
				return fn(tx)
			})
			if name == "panic" && !errs.Is(err, errs.Internal) || name != "panic" && !errors.Is(err, refused) {
				t.Errorf("%s: got %v", name, err)
			}
			if got := setting(t, db, "x"); got != "" || db.Position() != before {
				t.Errorf("%s: left %q, position %d", name, got, db.Position())
			}
		}
	})
}

func TestConflictFailsOnlyItsVerb(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		var mu sync.Mutex
		var seen []store.Batch
		db.Follow(func(b store.Batch) { mu.Lock(); seen = append(seen, b); mu.Unlock() })
		const n = 60
		results := make([]error, n)
		hold := make(chan struct{})
		var wg sync.WaitGroup
		wg.Add(n)
		if err := db.Submit(func(*store.Tx) error { <-hold; return nil }, func(error) {}); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			// Every third wants a name that the one before it has taken; every second of those looks before.
			name := fmt.Sprint(i)
			if i%3 == 2 {
				name = fmt.Sprint(i - 1)
			}
			err := db.Submit(func(tx *store.Tx) error {
				tx.Log("k", "s", fmt.Sprint(i), i)
				if err := tx.Exec(insertSetting, name, fmt.Sprint(i)); err != nil {
					return err
				}
				if i%2 == 0 {
					return tx.Row(`SELECT 1`, nil, new(int))
				}
				return nil
			}, func(err error) { results[i] = err; wg.Done() })
			if err != nil {
				t.Fatal(err)
			}
		}
		close(hold)
		wg.Wait()
		for i, err := range results {
			if want := i%3 == 2; store.IsConflict(err) != want || (err != nil) != want {
				t.Errorf("verb %d: %v", i, err)
			}
		}
		checkGapless(t, seen, db.Position())
		var order []int
		for _, b := range seen {
			for _, c := range b.Changes {
				order = append(order, c.Body.(int))
			}
		}
		if len(order) != n-n/3 {
			t.Errorf("%d changes announced, want %d", len(order), n-n/3)
		}
		for i := 1; i < len(order); i++ {
			if order[i] < order[i-1] {
				t.Errorf("verbs out of order: %v", order)
				break
			}
		}
	})
}

// checkGapless checks that batches follow one another and that their changes take positions one by one.
func checkGapless(t *testing.T, seen []store.Batch, last int64) {
	t.Helper()
	pos := int64(0)
	for _, b := range seen {
		if b.From != pos {
			t.Fatalf("a batch starts at %d, the one before ended at %d", b.From, pos)
		}
		for _, c := range b.Changes {
			pos++
			if c.Pos != pos {
				t.Fatalf("position %d where %d was due", c.Pos, pos)
			}
		}
		if b.To != pos {
			t.Fatalf("a batch says it ends at %d, its changes at %d", b.To, pos)
		}
	}
	if pos != last {
		t.Fatalf("announced up to %d, the counter says %d", pos, last)
	}
}

// TestSeal: once in each commit that changes something, with what the verbs that succeeded enclosed; if it fails, so do they.
func TestSeal(t *testing.T) {
	for _, engine := range storetest.Engines() {
		db, err := store.Open(ctx, storetest.OptionsOn(t, engine))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		enclose := func(item string, end error) error {
			return db.Write(ctx, func(tx *store.Tx) error { return errors.Join(tx.Enclose(item), end) })
		}
		if err := enclose("too early", nil); err == nil {
			t.Error("an item for nobody was taken")
		}
		var sealed []any
		var last store.Sealing
		refuse := errors.New("no")
		var fail error
		db.Seal(func(tx *store.Tx, s store.Sealing) error {
			last = s
			tx.OnCommit(func() { sealed = append(sealed, s.Items...) })
			return errors.Join(fail, tx.Exec(insertSetting, fmt.Sprint("sealed", s.Commits), ""))
		})
		results := []error{enclose("a", nil), enclose("b", refuse), enclose("c", nil)}
		fail = refuse
		results = append(results, enclose("d", nil))
		fail = nil
		results = append(results, enclose("e", nil), db.Write(ctx, func(*store.Tx) error { return nil }))
		for i, want := range []bool{true, false, true, false, true, true} {
			if (results[i] == nil) != want {
				t.Errorf("%s: verb %d: %v", engine, i, results[i])
			}
		}
		if fmt.Sprint(sealed) != "[a c e]" || last.Commits != 3 || last.Foreign {
			t.Errorf("%s: sealed %v, last %+v", engine, sealed, last)
		}
		if s := db.Stats(); s.Commits != 3 || s.Verbs != 6 || s.Waiting != 0 || s.Room != 4096 || s.Readers != 0 {
			t.Errorf("%s: %+v", engine, s)
		}
	}
}
