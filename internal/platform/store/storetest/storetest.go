// Package storetest gives tests a real database of their own, on each engine. It is not for production code.
package storetest

import (
	"context"
	"crypto/ed25519"
	"os"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
)

// ServerName is the server that test databases belong to.
const ServerName = "test.wardline.example"

// Key is the server's key of test databases: their audit is signed with it.
var Key = ed25519.NewKeyFromSeed([]byte("wardline test key, not a secret!"))

// Open gives a fresh SQLite database that is closed when the test ends, when its audit is verified too. Commits are not forced to disk.
func Open(t testing.TB) *store.DB {
	t.Helper()
	return openWith(t, store.Options{Dir: t.TempDir(), ServerName: ServerName, NoSync: true})
}

func openWith(t testing.TB, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatalf("opening the test database: %v", err)
	}
	if err := audit.Start(db, Key); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r, err := audit.Verify(context.Background(), db, Key.Public().(ed25519.PublicKey)); err != nil || !r.OK() {
			t.Errorf("the audit of the test database: %s (%v)", r.Why, err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("closing the test database: %v", err)
		}
	})
	return db
}

// Each runs a test on each engine that WARDLINE_TEST_ENGINES names (default: sqlite; all: sqlite,postgres). Each call of
// open gives another fresh database.
func Each(t *testing.T, test func(t *testing.T, open func() *store.DB)) {
	t.Helper()
	for _, engine := range Engines() {
		t.Run(engine, func(t *testing.T) {
			test(t, func() *store.DB { return OpenOn(t, engine) })
		})
	}
}

// Engines are the engines to test on.
func Engines() []string {
	if v := os.Getenv("WARDLINE_TEST_ENGINES"); v != "" {
		return strings.Split(v, ",")
	}
	return []string{"sqlite"}
}

// OpenOn gives a fresh database of the engine.
func OpenOn(t testing.TB, engine string) *store.DB {
	t.Helper()
	return openWith(t, OptionsOn(t, engine))
}
