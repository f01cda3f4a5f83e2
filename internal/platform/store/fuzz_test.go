package store

import (
	"strings"
	"testing"
)

// FuzzTranslate: a migration's lines for the other engine never reach this one, and translating never adds statements.
func FuzzTranslate(f *testing.F) {
	f.Add("CREATE TABLE a (x TEXT);\nSELECT 1; -- only: sqlite\n")
	f.Add("-- only: postgres\nA;\n\nB;\n")
	f.Fuzz(func(t *testing.T, s string) {
		for engine, other := range map[string]string{"sqlite": "postgres", "postgres": "sqlite"} {
			got := translate(s, engine)
			for line := range strings.Lines(got) {
				if _, only, ok := strings.Cut(line, "-- only: "); ok && strings.TrimSpace(only) == other {
					t.Errorf("for %s: %q", engine, line)
				}
			}
			if strings.Count(got, ";") > strings.Count(s, ";") {
				t.Errorf("%q became %q", s, got)
			}
		}
	})
}
