package credential

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const password = "three random words"

var cheap = Cost{Time: 1, Memory: 64, Lanes: 1}

func TestHashes(t *testing.T) {
	h := New(cheap)
	ctx := t.Context()
	stored, err := h.Hash(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := h.Hash(ctx, password); again == stored {
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
		if got, _, err := h.Verify(ctx, c.stored, c.password); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, stale, _ := New(Cost{Time: 2, Memory: 64, Lanes: 1}).Verify(ctx, stored, password); !stale {
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
	h := New(cheap)
	good, err := h.Hash(t.Context(), password)
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

func TestGuessesAreLimited(t *testing.T) {
	const burst = 5
	now := time.UnixMilli(1_750_000_000_000)
	tr := NewGuesses(0.1, burst)
	for i := range burst {
		if _, retry := tr.Take("a", now); retry != 0 {
			t.Fatalf("guess %d has to wait %v", i, retry)
		}
	}
	if _, retry := tr.Take("a", now); retry <= 0 {
		t.Fatal("one guess too many")
	}
	if _, retry := tr.Take("b", now); retry != 0 {
		t.Fatal("another name has to wait")
	}
	for i := range 3 * maxGuessed {
		refund, _ := tr.Take(fmt.Sprint(i), now)
		refund()
	}
	if n := len(tr.left); n > maxGuessed {
		t.Errorf("%d names are watched", n)
	}
	off := (*Guesses)(nil)
	for range 10 * burst {
		if _, retry := off.Take("a", now); retry != 0 {
			t.Fatal("limited without limits")
		}
	}
}
