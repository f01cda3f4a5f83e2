package space

import "testing"

// FuzzResume: a token is taken only if it is one that this very request would be given, and never moves backwards.
func FuzzResume(f *testing.F) {
	f.Add("h5_10_false", 10, false)
	f.Add("h0_0_true", 0, true)
	f.Add("h-1_10_false", 10, false)
	f.Add("h99999999999999999999_1_true", 1, true)
	f.Fuzz(func(t *testing.T, token string, depth int, suggested bool) {
		w := &walk{depth: depth, suggested: suggested}
		if err := w.resume(token); err != nil {
			if w.skip != 0 {
				t.Errorf("%q was refused, and yet skips %d", token, w.skip)
			}
			return
		}
		if token != "" && (w.skip < 0 || w.token(w.skip) != token) {
			t.Errorf("%q was taken for %q", token, w.token(w.skip))
		}
	})
}
