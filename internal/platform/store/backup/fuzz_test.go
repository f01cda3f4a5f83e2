package backup

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzReadRow: no row, however wrong, does harm; one that reads, written again, reads the same.
func FuzzReadRow(f *testing.F) {
	for _, s := range []string{`[1,"a",null,{"base64":"AP8="}]`, `[9223372036854775807,"",true,1.5]`, `[`, `[1]`, `[1,2,3,4,5]`, `{}`, `[{"base64":1},2,3,4]`, `[{"base64":"*"},2,3,4]`, `[1e999,2,3,4]`, ``} {
		f.Add(s)
	}
	types := []string{"INTEGER", "TEXT", "BOOL", "FLOAT8"}
	f.Fuzz(func(t *testing.T, s string) {
		values, err := readRow(jsontext.NewDecoder(strings.NewReader(s)), types)
		if err != nil {
			if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && strings.TrimSpace(s) != "" {
				t.Errorf("%q passes for the end of a table", s)
			}
			return
		}
		var out strings.Builder
		if err := writeRow(jsontext.NewEncoder(&out), values); err != nil {
			t.Fatalf("%q reads as %v, which cannot be written: %v", s, values, err)
		}
		again, err := readRow(jsontext.NewDecoder(strings.NewReader(out.String())), types)
		if err != nil || len(again) != len(values) {
			t.Errorf("%q was written as %q and reads as %v, %v", s, out.String(), again, err)
		}
	})
}
