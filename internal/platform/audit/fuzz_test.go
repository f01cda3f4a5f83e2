package audit_test

import (
	"testing"

	"github.com/wardline/wardline/internal/platform/audit"
)

// FuzzParseCheckpoint: what reads as a checkpoint is written as one that reads the same.
func FuzzParseCheckpoint(f *testing.F) {
	f.Add("812:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
	f.Add(":")
	f.Add("1:00")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := audit.ParseCheckpoint(s)
		if err != nil {
			return
		}
		again, err := audit.ParseCheckpoint(c.String())
		if err != nil || again.Seq != c.Seq || string(again.Hash) != string(c.Hash) {
			t.Errorf("%q reads as %v and then %v, %v", s, c, again, err)
		}
	})
}
