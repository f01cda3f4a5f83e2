package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/wardline/wardline/internal/platform/store"
)

// OptionsOn gives the options of a fresh database of the engine, for tests that open it more than once. Start the audit (with
// Key) before writing.
func OptionsOn(t testing.TB, engine string) store.Options {
	t.Helper()
	o := store.Options{Dir: t.TempDir(), ServerName: ServerName, NoSync: true}
	switch engine {
	case "sqlite":
	case "postgres":
		o.URL = database(t)
	default:
		t.Fatalf("WARDLINE_TEST_ENGINES names %q; it may name sqlite and postgres", engine)
	}
	return o
}

// Tamper runs statements on a database behind the store's back, as an intruder would, while it may be open.
func Tamper(o store.Options, statements ...string) error {
	name, dsn := "sqlite", "file:"+filepath.Join(o.Dir, "wardline.db")+"?_pragma=busy_timeout(5000)"
	if o.URL != "" {
		name, dsn = "pgx", o.URL
	}
	return execAll(name, dsn, statements...)
}

func execAll(driver, dsn string, statements ...string) error {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return err
	}
	for _, st := range statements {
		if _, err := db.ExecContext(context.Background(), st); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", st, err), db.Close())
		}
	}
	return db.Close()
}
