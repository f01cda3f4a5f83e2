package listing

import "testing"

// FuzzCursor: a token is taken only if it is one that would be given out.
func FuzzCursor(f *testing.F) {
	for _, token := range []string{"", "f12.7", "b0.1", "f-1.2", "f1.2 ", "b99999999999999999999.1", "x"} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := parseCursor(token)
		if err == nil && token != "" && (c.String() != token || c.at.joined < 0 || c.at.room < 0) {
			t.Errorf("%q was taken for %q", token, c)
		}
	})
}
