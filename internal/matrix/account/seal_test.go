package account

import (
	"strings"
	"testing"
	"time"
)

func TestSeal(t *testing.T) {
	now := time.UnixMilli(1_750_000_000_000)
	s := sealer{randomBytes(32)}
	sealed := s.seal("purpose", "bound", "payload", now.Add(time.Minute))
	if got, ok := s.open("purpose", "bound", sealed, now); !ok || got != "payload" {
		t.Fatalf("opened as %q, %v", got, ok)
	}
	for name, open := range map[string]func() (string, bool){
		"expired":         func() (string, bool) { return s.open("purpose", "bound", sealed, now.Add(time.Minute)) },
		"another purpose": func() (string, bool) { return s.open("purposeb", "ound", sealed, now) },
		"another bound":   func() (string, bool) { return s.open("purpose", "bounds", sealed, now) },
		"another key":     func() (string, bool) { return sealer{randomBytes(32)}.open("purpose", "bound", sealed, now) },
		"shortened":       func() (string, bool) { return s.open("purpose", "bound", sealed[:len(sealed)-2], now) },
		"empty":           func() (string, bool) { return s.open("purpose", "bound", "", now) },
		"long":            func() (string, bool) { return s.open("purpose", "bound", strings.Repeat("A", 10_000), now) },
	} {
		if got, ok := open(); ok {
			t.Errorf("%s: opened as %q", name, got)
		}
	}
	for i := range sealed {
		bad := []byte(sealed)
		bad[i] ^= 1
		if _, ok := s.open("purpose", "bound", string(bad), now); ok {
			t.Fatalf("opened with byte %d changed", i)
		}
	}
}

func FuzzUnseal(f *testing.F) {
	s := sealer{make([]byte, 32)}
	now := time.UnixMilli(1_750_000_000_000)
	f.Add(s.seal("p", "b", "payload", now.Add(time.Minute)))
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, sealed string) {
		if payload, ok := s.open("p", "b", sealed, now); ok && payload != "payload" {
			t.Fatalf("%q opened as %q", sealed, payload)
		}
	})
}
