package audit_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var (
	ctx = context.Background()
	pub = storetest.Key.Public().(ed25519.PublicKey)
	who = &audit.Caller{User: "@asha:" + storetest.ServerName, Device: "DEV1", Addr: netip.MustParseAddr("192.0.2.7")}
)

// start opens a database with an audit, without the check that storetest.Open makes at the end: these tests break it.
func start(t *testing.T, o store.Options) *store.DB {
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

func write(t *testing.T, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(ctx, fn); err != nil {
		t.Fatal(err)
	}
}

// fill records n entries, several to a commit.
func fill(t *testing.T, db *store.DB, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		err := db.Submit(func(tx *store.Tx) error {
			return audit.Record(tx, who, audit.Entry{Action: "test.act", Object: fmt.Sprintf("$event%d", i), Detail: "d"})
		}, func(err error) {
			if err != nil {
				t.Error(err)
			}
			wg.Done()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
}

func verify(t *testing.T, db *store.DB, known ...audit.Checkpoint) audit.Report {
	t.Helper()
	r, err := audit.Verify(ctx, db, pub, known...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestChainHolds(t *testing.T) {
	for _, engine := range storetest.Engines() {
		o := storetest.OptionsOn(t, engine)
		db := start(t, o)
		fill(t, db, 50)
		// A verb that fails leaves no record and no hole.
		err := db.Write(ctx, func(tx *store.Tx) error {
			return errors.Join(audit.Record(tx, who, audit.Entry{Action: "test.never"}), errors.New("no"))
		})
		if err == nil {
			t.Fatal("the verb should have failed")
		}
		fill(t, db, 5)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = start(t, o)
		fill(t, db, 5)
		r := verify(t, db)
		if !r.OK() || r.Records != 60 || r.Head.Seq != 60 {
			t.Errorf("%s: %+v", engine, r)
		}
		again, err := audit.ParseCheckpoint(r.Head.String())
		if err != nil || again.Seq != 60 || string(again.Hash) != string(r.Head.Hash) {
			t.Errorf("checkpoint %s reads as %+v, %v", r.Head, again, err)
		}
		if r := verify(t, db, again); !r.OK() {
			t.Errorf("with its own checkpoint: %s", r.Why)
		}
	}
}

// TestTampering breaks a chain of 40 in every way an intruder with the database in hand might, and wants the first broken record named.
func TestTampering(t *testing.T) {
	type tamper struct {
		name   string
		do     []string
		broken int64
	}
	cases := []tamper{
		{"delete the first", []string{`DELETE FROM audit WHERE seq = 1`}, 1},
		{"delete one in the middle", []string{`DELETE FROM audit WHERE seq = 17`}, 17},
		{"delete the last", []string{`DELETE FROM audit WHERE seq = 40`}, 40},
		{"delete all", []string{`DELETE FROM audit`}, 1},
		{"swap two", []string{`UPDATE audit SET seq = -1 WHERE seq = 8`, `UPDATE audit SET seq = 8 WHERE seq = 9`, `UPDATE audit SET seq = 9 WHERE seq = -1`}, 8},
		{"close the gap", []string{`DELETE FROM audit WHERE seq = 12`, `UPDATE audit SET seq = -seq WHERE seq > 12`, `UPDATE audit SET seq = -seq - 1 WHERE seq < 0`}, 12},
		{"append a copy", []string{`INSERT INTO audit SELECT 41, ts, actor, device, addr, action, object, detail, prev, hash FROM audit WHERE seq = 40`}, 41},
		{"append with the right prev", []string{`INSERT INTO audit SELECT 41, ts, actor, device, addr, action, object, detail, hash, hash FROM audit WHERE seq = 40`}, 41},
		{"cut off the end and put the old head back", []string{`DELETE FROM audit WHERE seq > 20`, `DELETE FROM audit_head`, `INSERT INTO audit_head SELECT 1, seq, hash, pos, commits, signature FROM old_head`}, 20},
		{"put the old head back", []string{`DELETE FROM audit_head`, `INSERT INTO audit_head SELECT 1, seq, hash, pos, commits, signature FROM old_head`}, 21},
		{"remove the head", []string{`DELETE FROM audit_head`}, 40},
		{"head: number", []string{`UPDATE audit_head SET seq = 39`}, 40},
		{"head: commits", []string{`UPDATE audit_head SET commits = commits + 1`}, 40},
	}
	for _, column := range []string{"actor", "device", "addr", "action", "object", "detail"} {
		cases = append(cases, tamper{"change " + column, []string{`UPDATE audit SET ` + column + ` = 'x' WHERE seq = 23`}, 23})
	}
	cases = append(cases,
		tamper{"change ts", []string{`UPDATE audit SET ts = ts + 1 WHERE seq = 23`}, 23},
		tamper{"change prev", []string{`UPDATE audit SET prev = hash WHERE seq = 23`}, 23},
		tamper{"change hash", []string{`UPDATE audit SET hash = prev WHERE seq = 23`}, 23},
		tamper{"change number", []string{`UPDATE audit SET seq = 100 WHERE seq = 40`}, 40},
		tamper{"move text between fields", []string{`UPDATE audit SET actor = actor || device, device = '' WHERE seq = 5`}, 5},
	)
	for _, engine := range storetest.Engines() {
		o := storetest.OptionsOn(t, engine)
		db := start(t, o)
		tamper := func(do ...string) {
			t.Helper()
			if err := storetest.Tamper(o, do...); err != nil {
				t.Fatal(err)
			}
		}
		fill(t, db, 20)
		tamper(`CREATE TABLE old_head AS SELECT * FROM audit_head`)
		fill(t, db, 20)
		tamper(`CREATE TABLE good AS SELECT * FROM audit`, `CREATE TABLE good_head AS SELECT * FROM audit_head`)
		for _, c := range cases {
			t.Run(engine+"/"+c.name, func(t *testing.T) {
				if r := verify(t, db); !r.OK() {
					t.Fatal(r.Why)
				}
				tamper(c.do...)
				if r := verify(t, db); r.OK() || r.Broken != c.broken {
					t.Errorf("broken at %d (%s), want %d", r.Broken, r.Why, c.broken)
				}
				tamper(`DELETE FROM audit`, `INSERT INTO audit SELECT * FROM good`, `DELETE FROM audit_head`, `INSERT INTO audit_head SELECT * FROM good_head`)
			})
		}
	}
}

// TestCarryingOnHidesNothing: a server that starts on a tampered end goes on working, and the tampering stays visible.
func TestCarryingOnHidesNothing(t *testing.T) {
	for _, engine := range storetest.Engines() {
		for name, do := range map[string][]string{
			"head removed":    {`DELETE FROM audit_head`},
			"head forged":     {`UPDATE audit_head SET commits = commits + 5`},
			"end cut off":     {`DELETE FROM audit WHERE seq > 10`},
			"record appended": {`INSERT INTO audit SELECT 21, ts, actor, device, addr, action, object, detail, hash, hash FROM audit WHERE seq = 20`},
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				o := storetest.OptionsOn(t, engine)
				db := start(t, o)
				fill(t, db, 20)
				db.Close()
				if err := storetest.Tamper(o, do...); err != nil {
					t.Fatal(err)
				}
				db = start(t, o)
				fill(t, db, 10)
				if r := verify(t, db); r.OK() {
					t.Error("tampering went unnoticed")
				}
			})
		}
	}
}

// TestCheckpointFindsOldCopy: the whole database replaced by its own past is found only from outside.
func TestCheckpointFindsOldCopy(t *testing.T) {
	db := start(t, storetest.OptionsOn(t, "sqlite"))
	fill(t, db, 10)
	newer := audit.Checkpoint{Seq: 12, Hash: make([]byte, 32)}
	if r := verify(t, db, newer); r.OK() || !strings.Contains(r.Why, "cut off") {
		t.Errorf("got %q", r.Why)
	}
	other := audit.Checkpoint{Seq: 5, Hash: make([]byte, 32)}
	if r := verify(t, db, other); r.Broken != 5 {
		t.Errorf("got %+v", r)
	}
	for _, bad := range []string{"", "5", "x:00", "0:" + strings.Repeat("00", 32), "5:abcd", "-1:" + strings.Repeat("00", 32)} {
		if c, err := audit.ParseCheckpoint(bad); err == nil {
			t.Errorf("%q read as %v", bad, c)
		}
	}
}

func TestRecordIsBounded(t *testing.T) {
	db := storetest.Open(t)
	long := strings.Repeat("é", 5000)
	write(t, db, func(tx *store.Tx) error {
		return audit.Record(tx, nil, audit.Entry{Action: long, Object: "a\x00b\xff", Detail: long})
	})
	write(t, db, func(tx *store.Tx) error { return audit.Record(tx, &audit.Caller{}, audit.Entry{Action: "x"}) })
	var actor, action, object, operator string
	err := db.Read(ctx, func(tx *store.Tx) error {
		if err := tx.Row(`SELECT actor FROM audit WHERE seq = 2`, nil, &operator); err != nil {
			return err
		}
		return tx.Row(`SELECT actor, action, object FROM audit WHERE seq = 1`, nil, &actor, &action, &object)
	})
	if err != nil {
		t.Fatal(err)
	}
	if actor != audit.Server || operator != audit.Operator || len(action) > 64 || !strings.HasSuffix(action, "é…") || object != "a\uFFFDb\uFFFD" {
		t.Errorf("actor %q, operator %q, action %q, object %q", actor, operator, action, object)
	}
}

func TestStartWantsAKey(t *testing.T) {
	if err := audit.Start(storetest.Open(t), nil); err == nil {
		t.Error("started without a key")
	}
}
