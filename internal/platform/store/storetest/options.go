package storetest

import (
	"testing"

	"github.com/wardline/wardline/internal/platform/store"
)

// OptionsOn gives the options of a fresh database of the engine, for tests that open it more than once.
func OptionsOn(t testing.TB, engine string) store.Options {
	t.Helper()
	o := store.Options{Dir: t.TempDir(), ServerName: ServerName, NoSync: true}
	if engine != "sqlite" {
		t.Fatalf("no such engine: %s", engine)
	}
	return o
}
