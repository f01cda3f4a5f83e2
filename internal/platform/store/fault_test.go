package store_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// wantBusy checks that an error is the clear 503 with retry advice.
func wantBusy(t *testing.T, err error) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.Unavailable || e.Retry <= 0 || e.Message == "" {
		t.Errorf("got %v, want Unavailable with retry advice", err)
	}
}

// eventually waits for a state that comes without a signal.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 2000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

// TestFullDisk: SQLite is told that it may not grow any more; what does not fit is refused as a whole, and when there is room again all goes on.
func TestFullDisk(t *testing.T) {
	db := storetest.Open(t)
	w := watch(db)
	put := func(name string, size int) error {
		return db.Write(ctx, func(tx *store.Tx) error {
			tx.Log("k", "s", name, name)
			for i := range 4 {
				if err := tx.Exec(insertSetting, fmt.Sprint(name, i), strings.Repeat("x", size/4)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	limit := func(pages int) {
		t.Helper()
		if err := db.Write(ctx, func(tx *store.Tx) error {
			return tx.Row(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages), nil, new(int))
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // no smaller than it is
	wantBusy(t, put("large", 4<<20))
	if setting(t, db, "large0") != "" || db.Position() != 0 {
		t.Error("a verb was half applied")
	}
	if db.Fault() == nil {
		t.Error("no fault is reported")
	}
	limit(1 << 30)
	if err := put("later", 4<<20); err != nil {
		t.Errorf("with room again: %v", err)
	}
	checkGapless(t, w.batches(), db.Position())
	if db.Fault() != nil {
		t.Errorf("still reported: %v", db.Fault())
	}
}

// TestBusyDatabase: another process holds SQLite's write lock for longer than we wait.
func TestBusyDatabase(t *testing.T) {
	o := storetest.OptionsOn(t, "sqlite")
	o.LockWait = 100 * time.Millisecond
	db, other := node(t, o), node(t, o)
	hold, held := make(chan struct{}), make(chan struct{})
	if err := other.Submit(func(*store.Tx) error { close(held); <-hold; return nil }, func(error) {}); err != nil {
		t.Fatal(err)
	}
	<-held
	wantBusy(t, db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, "a", "1") }))
	close(hold)
	if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, "a", "1") }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestFullQueueAndClose(t *testing.T) {
	o := storetest.OptionsOn(t, "sqlite")
	o.Queue = 3
	db := node(t, o)
	hold, held := make(chan struct{}), make(chan struct{})
	var told atomic.Int64
	done := func(err error) {
		if err != nil {
			t.Error(err)
		}
		told.Add(1)
	}
	if err := db.Submit(func(*store.Tx) error { close(held); <-hold; return nil }, done); err != nil {
		t.Fatal(err)
	}
	<-held
	for i := range 3 {
		if err := db.Submit(func(tx *store.Tx) error { return tx.Exec(insertSetting, fmt.Sprint(i), "") }, done); err != nil {
			t.Fatal(err)
		}
	}
	wantBusy(t, db.Write(ctx, func(*store.Tx) error { return nil }))
	close(hold)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if told.Load() != 4 {
		t.Errorf("%d verbs were finished before closing, want 4", told.Load())
	}
	wantBusy(t, db.Write(ctx, func(*store.Tx) error { return nil }))
	if err := db.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	db = node(t, o)
	if setting(t, db, "2") != "" { // the row's value is empty; that it reads without error is the point
		t.Error("unexpected value")
	}
}

// TestGoexitInVerb: a verb that ends the writer's goroutine (as a test's Fatal does) fails, and the writer goes on.
func TestGoexitInVerb(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		err := db.Write(ctx, func(tx *store.Tx) error {
			if err := tx.Exec(insertSetting, "a", "1"); err != nil {
				return err
			}
			runtime.Goexit()
			return nil
		})
		if err == nil || setting(t, db, "a") != "" {
			t.Errorf("got %v", err)
		}
		if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, "a", "2") }); err != nil || setting(t, db, "a") != "2" {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestReplacedDatabase: somebody puts an older copy of the database under a running server.
func TestReplacedDatabase(t *testing.T) {
	o := storetest.OptionsOn(t, "sqlite")
	db := node(t, o)
	for range 3 {
		if err := db.Write(ctx, func(tx *store.Tx) error { tx.Log("k", "s", "", nil); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := storetest.Tamper(o, `UPDATE position SET pos = 1, commits = 1`); err != nil {
		t.Fatal(err)
	}
	err := db.Write(ctx, func(tx *store.Tx) error { tx.Log("k", "s", "", nil); return nil })
	wantBusy(t, err)
	if err != nil && !strings.Contains(err.Error(), "replaced") {
		t.Errorf("the cause is not named: %v", err)
	}
}

// onPostgres runs a test of what only PostgreSQL has, when it is among the engines.
func onPostgres(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if slices.Contains(storetest.Engines(), "postgres") {
		t.Run("postgres", test)
	}
}

const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`

// TestConnectionsDieUnnoticed: the connections die between uses (a database that was restarted); nobody is troubled with it.
func TestConnectionsDieUnnoticed(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		o := storetest.OptionsOn(t, "postgres")
		db := node(t, o)
		w := watch(db)
		for i := range 3 {
			if err := db.Write(ctx, func(tx *store.Tx) error { tx.Log("k", "s", "", i); return nil }); err != nil {
				t.Errorf("write %d: %v", i, err)
			}
			one := func(tx *store.Tx) error { return tx.Row(`SELECT 1`, nil, new(int)) }
			if err := db.Glance(ctx, one); err != nil {
				t.Errorf("glance %d: %v", i, err)
			}
			if err := db.Read(ctx, one); err != nil {
				t.Errorf("read %d: %v", i, err)
			}
			if err := storetest.Tamper(o, terminate); err != nil {
				t.Fatal(err)
			}
		}
		checkGapless(t, w.batches(), 3)
	})
}

// TestConnectionDiesInTheMiddle: while a verb runs. Nothing is applied, and the caller is told so.
func TestConnectionDiesInTheMiddle(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		for name, ask := range map[string]bool{"before commit": false, "before a query": true} {
			t.Run(name, func(t *testing.T) {
				o := storetest.OptionsOn(t, "postgres")
				db := node(t, o)
				runs := 0
				err := db.Write(ctx, func(tx *store.Tx) error {
					if runs++; runs == 1 {
						if err := storetest.Tamper(o, terminate); err != nil {
							return err
						}
					}
					tx.Log("k", "s", "", runs)
					if ask {
						return tx.Row(`SELECT 1`, nil, new(int))
					}
					return nil
				})
				if err != nil {
					wantBusy(t, err)
				}
				if (err == nil) != (db.Position() == 1) {
					t.Errorf("told %v at position %d", err, db.Position())
				}
				if err := db.Write(ctx, func(tx *store.Tx) error { tx.Log("k", "s", "", nil); return nil }); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	})
}

// wire is a stretch of network between the store and PostgreSQL that a test can cut.
type wire struct {
	mu      sync.Mutex
	target  string
	conns   []net.Conn
	down    bool
	swallow bool // let the next commit through, and cut before its answer comes back
	stay    bool // and let nobody through afterwards
	cut     int
}

// stretch puts a wire before a database and gives the options that go through it.
func stretch(t *testing.T, o store.Options) (*wire, store.Options) {
	t.Helper()
	u, err := url.Parse(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{target: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")}
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); w.set(true) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.carry(c)
		}
	}()
	q := u.Query()
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	o.URL = u.String()
	return w, o
}

func (w *wire) set(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
	if down {
		for _, c := range w.conns {
			c.Close()
		}
		w.conns = nil
	}
}

func (w *wire) carry(client net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	server, err := net.Dial("unix", w.target)
	if w.down || err != nil {
		client.Close()
		return
	}
	w.conns = append(w.conns, client, server)
	var deaf atomic.Bool
	go w.pump(server, client, func(p []byte) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.swallow && strings.Contains(string(p), "lifeline") {
			w.swallow = false
			w.cut++
			w.down = w.down || w.stay
			deaf.Store(true)
		}
	}, &atomic.Bool{})
	go w.pump(client, server, func([]byte) {}, &deaf)
}

// pump copies until an end closes; a deaf one drops everything and closes.
func (w *wire) pump(to, from net.Conn, look func([]byte), deaf *atomic.Bool) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		look(buf[:n])
		if deaf.Load() {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil && !errors.Is(err, io.EOF) {
			return
		}
	}
}

// TestCommitWhoseAnswerIsLost: the commit reaches the database, its answer does not come back. The verb succeeded, and is told so, once.
func TestCommitWhoseAnswerIsLost(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		direct := storetest.OptionsOn(t, "postgres")
		w, o := stretch(t, direct)
		db := node(t, o)
		heard := watch(db)
		put := func(name string) error {
			return db.Write(ctx, func(tx *store.Tx) error {
				tx.Log("k", "s", name, name)
				return tx.Exec(insertSetting, name, "lifeline")
			})
		}
		if err := put("warm"); err != nil { // the statements are prepared: from now on a commit is one message
			t.Fatal(err)
		}
		w.mu.Lock()
		w.swallow = true
		w.mu.Unlock()
		if err := put("lost"); err != nil {
			t.Errorf("the verb was committed, and its caller told %v", err)
		}
		w.mu.Lock()
		if w.cut != 1 {
			t.Errorf("the wire was cut %d times", w.cut)
		}
		w.mu.Unlock()
		if err := put("after"); err != nil {
			t.Error(err)
		}
		if setting(t, db, "lost") != "lifeline" {
			t.Error("the row is not there")
		}
		checkGapless(t, heard.batches(), 3)
		for _, b := range heard.batches() {
			if b.Foreign {
				t.Error("our own commit was announced as another's")
			}
		}
		if r, err := audit.Verify(ctx, db, pub); err != nil || !r.OK() {
			t.Errorf("audit: %s %v", r.Why, err)
		}
	})
}

// TestCommitWhoseOutcomeIsNotKnown: the answer to a commit is lost, and nobody can be asked whether it happened. The verb is not run
// again, and its caller is told to look.
func TestCommitWhoseOutcomeIsNotKnown(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		w, o := stretch(t, storetest.OptionsOn(t, "postgres"))
		o.LockWait = 300 * time.Millisecond
		db := node(t, o)
		runs := 0
		put := func(name string) error {
			return db.Write(ctx, func(tx *store.Tx) error {
				runs++
				tx.Log("k", "s", name, name)
				return tx.Exec(insertSetting, name, "lifeline")
			})
		}
		if err := put("warm"); err != nil { // the statements are prepared: from now on a commit is one message
			t.Fatal(err)
		}
		w.mu.Lock()
		w.swallow, w.stay = true, true
		w.mu.Unlock()
		err := put("lost")
		if !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "not known") || runs != 2 {
			t.Errorf("after %d runs the caller is told %v", runs, err)
		}
		w.set(false)
		var again error
		for again = put("after"); errs.Is(again, errs.Unavailable); again = put("after") {
			time.Sleep(10 * time.Millisecond)
		}
		if again != nil || setting(t, db, "lost") != "lifeline" {
			t.Errorf("afterwards: %v, %q", again, setting(t, db, "lost"))
		}
	})
}

// TestDatabaseAway: for a while nobody can be reached; everybody is told at once, and it goes on by itself.
func TestDatabaseAway(t *testing.T) {
	onPostgres(t, func(t *testing.T) {
		w, o := stretch(t, storetest.OptionsOn(t, "postgres"))
		db := node(t, o)
		put := func(name string) error {
			return db.Write(ctx, func(tx *store.Tx) error { tx.Log("k", "s", name, nil); return tx.Exec(insertSetting, name, "1") })
		}
		if err := put("before"); err != nil {
			t.Fatal(err)
		}
		w.set(true)
		wantBusy(t, put("while"))
		wantBusy(t, db.Read(ctx, func(tx *store.Tx) error { return tx.Row(`SELECT 1`, nil, new(int)) }))
		if db.Fault() == nil {
			t.Error("no fault is reported")
		}
		wantBusy(t, db.CatchUp(ctx, 100))
		w.set(false)
		eventually(t, "writes succeed again", func() bool { return put("after") == nil })
		if setting(t, db, "while") != "" || db.Position() != 2 || db.Fault() != nil {
			t.Errorf("position %d, fault %v", db.Position(), db.Fault())
		}
	})
}
