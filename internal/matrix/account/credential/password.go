// Package credential hashes what people sign in with, judges what they choose, and bounds how often it may be guessed. Whose
// a password is, it does not know.
package credential

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/wardline/wardline/internal/platform/errs"
)

// maxPassword bounds what is hashed, in bytes.
const maxPassword = 512

// Cost is what it takes to hash a password with Argon2id (RFC 9106).
type Cost struct {
	Time   uint32 // passes
	Memory uint32 // KiB
	Lanes  uint8
}

// Default is what OWASP advises: two passes over 19 MiB, some 40 ms of one core.
var Default = Cost{Time: 2, Memory: 19 << 10, Lanes: 1}

// bounds of the costs a stored hash may ask for: above them it did not come from us.
const (
	maxTime   = 16
	maxMemory = 256 << 10
	maxLanes  = 8
)

// Hasher hashes passwords, no more at a time than there are cores: beyond that they would only be slower and take memory.
type Hasher struct {
	cost  Cost
	gate  chan struct{}
	decoy phc // verified in place of the hash of an account that does not exist, so that both take the same time
}

// New gives a hasher at a cost.
func New(cost Cost) *Hasher {
	h := &Hasher{cost: cost, gate: make(chan struct{}, runtime.GOMAXPROCS(0))}
	h.decoy = phc{cost: cost, salt: random(16), sum: random(32)}
	return h
}

// enter waits for a core, but not for long: who cannot be served in a few seconds is told so.
func (h *Hasher) enter(ctx context.Context) error {
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	select {
	case h.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return errs.Busy(5*time.Second, nil, "Too many people are signing in just now. Try again in a few seconds.")
	}
}

func (h *Hasher) leave() { <-h.gate }

// Hash gives the PHC string of a password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	p := phc{cost: h.cost, salt: random(16)}
	p.sum = p.of(password, 32)
	return p.String(), nil
}

// Verify says whether a password is that of a stored hash, and whether the hash should be made anew at today's cost. An
// empty or damaged hash is the password of nobody, found out in the same time.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	if err := h.enter(ctx); err != nil {
		return false, false, err
	}
	defer h.leave()
	p, err := parsePHC(stored)
	genuine := err == nil
	if !genuine {
		p = h.decoy
	}
	if len(password) > maxPassword {
		password, genuine = "", false
	}
	same := subtle.ConstantTimeCompare(p.of(password, len(p.sum)), p.sum) == 1
	return genuine && same, p.cost != h.cost, nil
}

// phc is a password's hash in the form of the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$salt$sum.
type phc struct {
	cost      Cost
	salt, sum []byte
}

func (p phc) of(password string, n int) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.cost.Time, p.cost.Memory, p.cost.Lanes, uint32(n))
}

// String gives the PHC string.
func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.cost.Memory, p.cost.Time, p.cost.Lanes,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.sum))
}

// Parse makes sure that a stored hash is one that Verify can use.
func Parse(stored string) error {
	_, err := parsePHC(stored)
	return err
}

func parsePHC(s string) (phc, error) {
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, fmt.Errorf("credential: not an Argon2id hash")
	}
	var p phc
	var rest string
	n, _ := fmt.Sscanf(part[3]+" .", "m=%d,t=%d,p=%d %s", &p.cost.Memory, &p.cost.Time, &p.cost.Lanes, &rest)
	c := p.cost
	if n != 4 || rest != "." || c.Time == 0 || c.Time > maxTime || c.Memory > maxMemory || c.Lanes == 0 || c.Lanes > maxLanes {
		return phc{}, fmt.Errorf("credential: a hash of impossible cost")
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.Strict().DecodeString(part[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return phc{}, fmt.Errorf("credential: a hash with a damaged salt")
	}
	if p.sum, err = base64.RawStdEncoding.Strict().DecodeString(part[5]); err != nil || len(p.sum) < 16 || len(p.sum) > 64 {
		return phc{}, fmt.Errorf("credential: a hash with a damaged sum")
	}
	return p, nil
}

// Check judges a new password of a user: at least so many characters long, not a common one, not the person's own name. It asks for no mixture
// of signs: that makes passwords harder to remember, not to guess.
func Check(user, password string, least int) error {
	if err := CheckLength(password); err != nil {
		return err
	}
	if utf8.RuneCountInString(password) < least {
		return weak("A password must be at least %d characters long. Three random words are a good one.", least)
	}
	plain := strings.ToLower(password)
	local, _, _ := strings.Cut(strings.TrimPrefix(user, "@"), ":")
	if strings.Trim(plain, "0123456789!?.-_ ") == local || plain == user {
		return weak("The user name is not a good password. Choose another.")
	}
	if isCommon(plain) {
		return weak("This is one of the passwords that are tried first. Choose another.")
	}
	return nil
}

// CheckLength refuses what cannot be a password under any policy.
func CheckLength(password string) error {
	if password == "" {
		return errs.Missing("A password is required.")
	}
	if len(password) > maxPassword {
		return errs.BadParam("A password may be at most %d bytes long.", maxPassword)
	}
	return nil
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the program ends when the system has no randomness
	return b
}

func weak(format string, args ...any) error {
	return errs.New(errs.Invalid, "M_WEAK_PASSWORD", format, args...)
}
