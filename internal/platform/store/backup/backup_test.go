package backup_test

import (
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/job"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/backup"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

// fill writes rows of every shape: texts of all kinds, bytes, nulls, large numbers; more than one step of a restore.
func fill(t *testing.T, db *store.DB) {
	t.Helper()
	for i := range 3 {
		err := db.Write(ctx, func(tx *store.Tx) error {
			for j := range 400 {
				tx.Log("k", "çé漢🚑 \" \\ \n", string([]byte{0, 255, byte(i), byte(j)}), nil)
			}
			if err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, $2)`, fmt.Sprint("s", i), strings.Repeat("\u2028<&>'", 3000)); err != nil {
				return err
			}
			if err := job.Promise(tx, job.Job{Kind: "k", Due: time.UnixMilli(math.MaxInt64 / 2), Payload: i}); err != nil {
				return err
			}
			if err := job.Promise(tx, job.Job{Kind: "k", Once: fmt.Sprint(i)}); err != nil {
				return err
			}
			return audit.Record(tx, nil, audit.Entry{Action: "fill", Object: fmt.Sprint(i)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// rows gives all rows of a backup, each table's in order.
func rows(t *testing.T, dir string, m backup.Manifest) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range m.Tables {
		f, err := os.Open(filepath.Join(dir, "tables", table.Name+".jsonl.gz"))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		slices.Sort(lines)
		all[table.Name] = lines
	}
	return all
}

func reopen(t *testing.T, o store.Options) *store.DB {
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

// blank gives the options of an engine's database that nobody has opened as a server.
func blank(t *testing.T, engine string) store.Options {
	t.Helper()
	return storetest.OptionsOn(t, engine)
}

// TestThereAndBack: from each engine to each, the restored database holds the same rows, goes on from the same position, and its audit holds.
func TestThereAndBack(t *testing.T) {
	for _, from := range storetest.Engines() {
		for _, to := range storetest.Engines() {
			t.Run(from+" to "+to, func(t *testing.T) {
				source := storetest.OpenOn(t, from)
				fill(t, source)
				dir := filepath.Join(t.TempDir(), "backup")
				m, err := backup.Write(ctx, source, dir)
				if err != nil {
					t.Fatal(err)
				}
				if m.Position != source.Position() || m.ServerName != storetest.ServerName || len(m.Tables) < 5 {
					t.Errorf("manifest %+v", m)
				}
				if _, err := backup.Write(ctx, source, dir); !errs.Is(err, errs.Conflict) {
					t.Errorf("a second backup in the same folder: %v", err)
				}
				o := blank(t, to)
				if _, err := backup.Restore(ctx, o, dir); err != nil {
					t.Fatal(err)
				}
				if _, err := backup.Restore(ctx, o, dir); !errs.Is(err, errs.Conflict) {
					t.Errorf("a second restore: %v", err)
				}
				db := reopen(t, o)
				if r, err := audit.Verify(ctx, db, storetest.Key.Public().(ed25519.PublicKey)); err != nil || !r.OK() || r.Records != 3 {
					t.Errorf("audit: %+v, %v", r, err)
				}
				second := filepath.Join(t.TempDir(), "second")
				m2, err := backup.Write(ctx, db, second)
				if err != nil {
					t.Fatal(err)
				}
				before, after := rows(t, dir, m), rows(t, second, m2)
				for name, lines := range before {
					if !slices.Equal(lines, after[name]) {
						t.Errorf("table %s differs", name)
					}
				}
				if err := db.Write(ctx, func(tx *store.Tx) error {
					if got := tx.Log("k", "s", "", nil); got != m.Position+1 {
						return fmt.Errorf("position %d follows %d", got, m.Position)
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestDamage: a backup that is not as it was written is refused as a whole, and leaves a database that a good one can be restored into.
func TestDamage(t *testing.T) {
	source := storetest.Open(t)
	fill(t, source)
	good := filepath.Join(t.TempDir(), "good")
	if _, err := backup.Write(ctx, source, good); err != nil {
		t.Fatal(err)
	}
	edit := func(name string, change func([]byte) []byte) func(string) error {
		return func(dir string) error {
			path := filepath.Join(dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, change(text), 0o600)
		}
	}
	replace := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !strings.Contains(string(b), from) {
				t.Fatalf("no %q to replace", from)
			}
			return []byte(strings.Replace(string(b), from, to, 1))
		}
	}
	for name, harm := range map[string]func(string) error{
		"a bit flipped":    edit("tables/log.jsonl.gz", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }),
		"cut short":        edit("tables/log.jsonl.gz", func(b []byte) []byte { return b[:len(b)/2] }),
		"appended to":      edit("tables/log.jsonl.gz", func(b []byte) []byte { return append(b, 0) }),
		"a file missing":   func(dir string) error { return os.Remove(filepath.Join(dir, "tables", "job.jsonl.gz")) },
		"no manifest":      func(dir string) error { return os.Remove(filepath.Join(dir, "manifest.json")) },
		"manifest garbled": edit("manifest.json", func(b []byte) []byte { return b[:len(b)/2] }),
		"newer format":     edit("manifest.json", replace(`"format": 1`, `"format": 2`)),
		"unknown table":    edit("manifest.json", replace(`"name": "log"`, `"name": "../log"`)),
		"unknown column":   edit("manifest.json", replace(`"scope"`, `"scope\" nonsense"`)),
		"wrong row count":  edit("manifest.json", replace(`"rows": 1206`, `"rows": 1205`)),
		"unknown schema":   edit("manifest.json", replace(`"number": 1,`, `"number": 9998,`)),
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "copy")
			if err := os.CopyFS(dir, os.DirFS(good)); err != nil {
				t.Fatal(err)
			}
			if err := harm(dir); err != nil {
				t.Fatal(err)
			}
			o := blank(t, "sqlite")
			if _, err := backup.Restore(ctx, o, dir); err == nil {
				t.Fatal("restored")
			}
			if _, err := backup.Restore(ctx, o, good); err != nil {
				t.Errorf("a good backup afterwards: %v", err)
			}
		})
	}
	o := blank(t, "sqlite")
	o.ServerName = "other.example"
	if _, err := backup.Restore(ctx, o, good); !errs.Is(err, errs.Conflict) {
		t.Errorf("as another server: %v", err)
	}
}

// TestWhileInUse: a backup taken under writes is one moment: its audit holds, and its position is that of its rows.
func TestWhileInUse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					if err := db.Write(ctx, func(tx *store.Tx) error {
						tx.Log("k", "s", "", nil)
						return audit.Record(tx, nil, audit.Entry{Action: "busy"})
					}); err != nil {
						t.Error(err)
						return
					}
				}
			}
		}()
		for db.Position() < 20 {
			time.Sleep(time.Millisecond)
		}
		dir := filepath.Join(t.TempDir(), "backup")
		m, err := backup.Write(ctx, db, dir)
		close(stop)
		<-stopped
		if err != nil {
			t.Fatal(err)
		}
		o := blank(t, "sqlite")
		if _, err := backup.Restore(ctx, o, dir); err != nil {
			t.Fatal(err)
		}
		restored := reopen(t, o)
		if restored.Position() != m.Position {
			t.Errorf("position %d, the manifest says %d", restored.Position(), m.Position)
		}
		if r, err := audit.Verify(ctx, restored, storetest.Key.Public().(ed25519.PublicKey)); err != nil || !r.OK() || r.Records != m.Position {
			t.Errorf("audit: %+v, %v", r, err)
		}
	})
}
