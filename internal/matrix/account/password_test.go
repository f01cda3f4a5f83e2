package account

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
)

func TestHashes(t *testing.T) {
	h := newHasher(cheap)
	ctx := t.Context()
	stored, err := h.hash(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := h.hash(ctx, password); again == stored {
		t.Error("two hashes of a password are equal: no salt")
	}
	p, err := parsePHC(stored)
	if err != nil || p.String() != stored || p.cost != cheap {
		t.Fatalf("%q read as %+v (%v)", stored, p, err)
	}
	for name, c := range map[string]struct {
		stored, password string
		want             bool
	}{
		"right":    {stored, password, true},
		"wrong":    {stored, password + "x", false},
		"empty":    {stored, "", false},
		"nobody":   {"", password, false},
		"damaged":  {stored[:len(stored)-2] + "!!", password, false},
		"too long": {stored, strings.Repeat("x", maxPassword+1), false},
	} {
		if got, _, err := h.verify(ctx, c.stored, c.password); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, stale, _ := newHasher(Cost{Time: 2, Memory: 64, Lanes: 1}).verify(ctx, stored, password); !stale {
		t.Error("a hash of another cost is not stale")
	}
}

// A hash of the reference implementation: echo -n password | ./argon2 somesalt -id -t 1 -k 64 -p 1 -l 24.
func TestReferenceHash(t *testing.T) {
	p := phc{cost: Cost{Time: 1, Memory: 64, Lanes: 1}, salt: []byte("somesalt")}
	if got := fmt.Sprintf("%x", p.of("password", 24)); got != "655ad15eac652dc59f7170a7332bf49b8469be1fdb9c28bb" {
		t.Errorf("hashed to %s", got)
	}
}

func TestImpossibleHashes(t *testing.T) {
	h := newHasher(cheap)
	good, err := h.hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"other algorithm": strings.Replace(good, "argon2id", "argon2i", 1),
		"other version":   strings.Replace(good, "v=19", "v=16", 1),
		"no time":         strings.Replace(good, "t=1", "t=0", 1),
		"for ever":        strings.Replace(good, "t=1", "t=4000000", 1),
		"all memory":      strings.Replace(good, "m=64", "m=4294967295", 1),
		"no lanes":        strings.Replace(good, "p=1", "p=0", 1),
		"more to come":    strings.Replace(good, "p=1", "p=1,x=2", 1),
		"short salt":      "$argon2id$v=19$m=64,t=1,p=1$AAAA$" + strings.Repeat("A", 43),
		"short sum":       "$argon2id$v=19$m=64,t=1,p=1$" + strings.Repeat("A", 22) + "$AAAA",
		"trailing":        good + "$",
		"empty":           "",
	} {
		if p, err := parsePHC(bad); err == nil {
			t.Errorf("%s: read as %+v", name, p)
		}
	}
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + strings.Repeat("A", 43))
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		if p.cost.Time > maxTime || p.cost.Memory > maxMemory || p.cost.Lanes > maxLanes {
			t.Fatalf("%q costs %+v", s, p.cost)
		}
		if again, err := parsePHC(p.String()); err != nil || again.String() != p.String() {
			t.Fatalf("%q became %q (%v)", s, p, err)
		}
	})
}

func TestCommonPasswords(t *testing.T) {
	for _, common := range []string{
		"password", "passw0rd!", "p@ssword1", "letmein2024", "qwertyuiop", "1q2w3e4r5t", "nightingale1", "Summer2025!",
		"aaaaaaaaaaaa", "121212121212", "1234567890", "manchesterunited", "mypassword99",
	} {
		if !isCommon(strings.ToLower(common)) {
			t.Errorf("%q is not found common", common)
		}
	}
	for _, good := range []string{password, "correct horse battery", "tEa-urn.biscuit", "zq8&vv1!mma0x"} {
		if isCommon(strings.ToLower(good)) {
			t.Errorf("%q is found common", good)
		}
	}
}

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

func TestThrottle(t *testing.T) {
	now := time.UnixMilli(1_750_000_000_000)
	tr := newThrottle(Config{GuessBurst: guessBurst}.filled())
	for i := range guessBurst {
		if _, retry := tr.take("a", now); retry != 0 {
			t.Fatalf("guess %d has to wait %v", i, retry)
		}
	}
	if _, retry := tr.take("a", now); retry <= 0 {
		t.Fatal("one guess too many")
	}
	if _, retry := tr.take("b", now); retry != 0 {
		t.Fatal("another name has to wait")
	}
	for i := range 3 * maxGuessed {
		refund, _ := tr.take(fmt.Sprint(i), now)
		refund()
	}
	if n := len(tr.left); n > maxGuessed {
		t.Errorf("%d names are watched", n)
	}
	off := newThrottle(Config{NoLimits: true})
	for range 10 * guessBurst {
		if _, retry := off.take("a", now); retry != 0 {
			t.Fatal("limited without limits")
		}
	}
}

func TestNames(t *testing.T) {
	a := &Accounts{conf: Config{ServerName: "Test.example"}}
	for typed, want := range map[string]string{
		"alice": "@alice:Test.example", " Alice\n": "@alice:Test.example", "@ALICE:test.EXAMPLE": "@alice:Test.example",
		"a.b_c=d-e/f+1": "@a.b_c=d-e/f+1:Test.example",
		"":              "", "@": "", "@:Test.example": "", "@alice": "", "alice:Test.example": "", "@alice:other": "", "al ice": "", "é": "",
		"a\x00b": "", strings.Repeat("a", 250): "",
	} {
		id, err := a.UserID(typed)
		if id != want || (want == "") != (err != nil) {
			t.Errorf("%q is %q (%v), want %q", typed, id, err, want)
		}
		var e *errs.Error
		if err != nil && (!errors.As(err, &e) || e.Code != "M_INVALID_USERNAME") {
			t.Errorf("%q: %v", typed, err)
		}
	}
}
