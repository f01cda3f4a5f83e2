package store_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// TestEveryTableIsInTheCatalog holds the catalog against the schema, both ways, on both engines.
func TestEveryTableIsInTheCatalog(t *testing.T) {
	for _, engine := range storetest.Engines() {
		db := storetest.OpenOn(t, engine)
		query := `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite_%'`
		if engine == "postgres" {
			query = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
		}
		listed := map[string]bool{}
		for _, table := range store.Catalog {
			if listed[table.Name] {
				t.Errorf("the catalog lists %s twice", table.Name)
			}
			listed[table.Name] = true
			checkLine(t, table)
		}
		err := db.Read(ctx, func(tx *store.Tx) error {
			rows, err := tx.Query(query)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var name string
				if err := rows.Scan(&name); err != nil {
					return err
				}
				if !listed[name] {
					t.Errorf("%s: table %s is not in catalog.go", engine, name)
				}
				delete(listed, name)
			}
			return rows.Err()
		})
		if err != nil {
			t.Fatal(err)
		}
		for name := range listed {
			if only := store.OneEngine[name]; only == "" || only == engine {
				t.Errorf("%s: the catalog lists %s, the schema has no such table", engine, name)
			}
		}
	}
}

func checkLine(t *testing.T, table store.Table) {
	t.Helper()
	classes := []store.Class{store.Content, store.Personal, store.Secret, store.Security, store.Structure, store.Derived}
	if !slices.Contains(classes, table.Class) || table.About == "" {
		t.Errorf("catalog: %s has class %q and is about %q", table.Name, table.Class, table.About)
	}
	if _, err := os.Stat(filepath.Join("..", "..", table.Owner)); err != nil {
		t.Errorf("catalog: %s is owned by %s, which is no package", table.Name, table.Owner)
	}
}

// TestRefusals: databases that must not be used, and that the message says what to do.
func TestRefusals(t *testing.T) {
	for _, engine := range storetest.Engines() {
		for name, c := range map[string]struct {
			tamper string
			change func(*store.Options)
			want   string
		}{
			"newer schema":     {`INSERT INTO migration VALUES (9999, '9999_future', 'x', 0)`, nil, "9999_future"},
			"changed contents": {`UPDATE migration SET checksum = 'x' WHERE number = 1`, nil, "other contents"},
			"other server":     {"", func(o *store.Options) { o.ServerName = "other.example" }, "belongs to the server"},
			"not up to date":   {`DELETE FROM migration WHERE number = 1`, func(o *store.Options) { o.ReadOnly = true }, "lacks migration"},
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				o := storetest.OptionsOn(t, engine)
				db, err := store.Open(ctx, o)
				if err != nil {
					t.Fatal(err)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				if c.tamper != "" {
					if err := storetest.Tamper(o, c.tamper); err != nil {
						t.Fatal(err)
					}
				}
				if c.change != nil {
					c.change(&o)
				}
				if db, err = store.Open(ctx, o); err == nil {
					db.Close()
					t.Fatal("opened")
				}
				if !strings.Contains(err.Error(), c.want) {
					t.Errorf("refused with: %v", err)
				}
			})
		}
	}
}

func TestReadOnly(t *testing.T) {
	for _, engine := range storetest.Engines() {
		o := storetest.OptionsOn(t, engine)
		db := node(t, o)
		if err := db.Write(ctx, func(tx *store.Tx) error { tx.Log("k", "s", "", nil); return tx.Exec(insertSetting, "a", "1") }); err != nil {
			t.Fatal(err)
		}
		o.ReadOnly, o.ServerName = true, ""
		reader, err := store.Open(ctx, o) // while the other has it open
		if err != nil {
			t.Fatal(err)
		}
		if got := setting(t, reader, "a"); got != "1" || reader.Position() != 1 {
			t.Errorf("%s: read %q at %d", engine, got, reader.Position())
		}
		if err := reader.Write(ctx, func(tx *store.Tx) error { return nil }); err == nil {
			t.Errorf("%s: wrote", engine)
		}
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestUnopenable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a directory"), 0o600); err != nil {
		t.Fatal(err)
	}
	garbage := t.TempDir()
	if err := os.WriteFile(filepath.Join(garbage, "wardline.db"), []byte(strings.Repeat("garbage ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]store.Options{
		"no directory":   {Dir: filepath.Join(file, "x")},
		"not a database": {Dir: garbage},
		"no schema":      {Dir: t.TempDir(), ReadOnly: true},
		"bad URL":        {URL: "postgres://%zz"},
		"nobody there":   {URL: "postgres://user:secret@/db?host=" + t.TempDir()},
		"locked nowhere": {Dir: filepath.Join(file, "x"), Serve: true},
	} {
		db, err := store.Open(ctx, o)
		if err == nil {
			db.Close()
			t.Errorf("%s: opened", name)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}

// TestOneServerADirectory: a second server is refused, a short command is not, and afterwards the directory is free.
func TestOneServerADirectory(t *testing.T) {
	o := storetest.OptionsOn(t, "sqlite")
	o.Serve = true
	db, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := store.Open(ctx, o); err == nil {
		second.Close()
		t.Error("a second server was let in")
	} else if !strings.Contains(err.Error(), "another Wardline server") {
		t.Errorf("refused with: %v", err)
	}
	o.Serve = false
	node(t, o)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o.Serve = true
	if db, err = store.Open(ctx, o); err != nil {
		t.Fatalf("after the first has gone: %v", err)
	}
	db.Close()
}

// TestNodesOpenTogether: several nodes migrate a new database at the same time.
func TestNodesOpenTogether(t *testing.T) {
	for _, engine := range storetest.Engines() {
		o := storetest.OptionsOn(t, engine)
		if engine == "postgres" {
			if err := storetest.Tamper(o, `DROP SCHEMA public CASCADE`, `CREATE SCHEMA public`); err != nil {
				t.Fatal(err)
			}
		}
		errs := make(chan error)
		for range 4 {
			go func() {
				db, err := store.Open(ctx, o)
				if err == nil {
					err = db.Close()
				}
				errs <- err
			}()
		}
		for range 4 {
			if err := <-errs; err != nil {
				t.Errorf("%s: %v", engine, err)
			}
		}
	}
}
