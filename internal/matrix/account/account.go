// Package account says who may use the server and from where: people, their devices, the access and refresh tokens of these,
// and the proof that is asked for again before what cannot be undone (user-interactive authentication). How passwords are
// hashed and judged is package credential's. It knows nothing of rooms and does not keep what people store or say of
// themselves (accountdata, profile).
package account

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/matrix/account/credential"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// The kinds under which changes are announced. The scope is the user, the key the device or empty for all of them, the
// body nil.
const (
	KindDevice  = "device"  // the list of a person's devices, or a name in it, has changed
	KindSession = "session" // tokens have ended, or what the account may do has changed
)

// Limits on what clients may choose, in bytes.
const (
	maxDeviceID   = 255
	maxDeviceName = 255
	maxDevices    = 1000 // of one person, whatever is configured
	maxToken      = 512
)

// Config is what of the configuration concerns accounts.
type Config struct {
	ServerName         string
	PublicURL          string          // told to clients at sign-in as the address to use; empty: not told
	MinPassword        int             // characters; 0: 10
	RegistrationSecret string          // of shared-secret registration; empty: there is none
	OpenRegistration   bool            // anyone may register: for tests only
	AccessLifetime     time.Duration   // of access tokens of clients that can refresh them; 0: an hour
	RefreshLifetime    time.Duration   // of refresh tokens that are not used; 0: 90 days
	PlainLifetime      time.Duration   // of access tokens of clients that cannot refresh; 0: no end
	MaxDevices         int             // of one person, the one unused for longest giving way; 0: 100
	GuessesPerSecond   float64         // wrong passwords for one account, in the long run; 0: a tenth
	GuessBurst         int             // and at once; 0: 20
	NoLimits           bool            // no limit on guessing: for test rigs
	Cost               credential.Cost // of a password's hash; the zero value: credential.Default
	Now                func() time.Time
}

// Accounts is the accounts of a server. Set the hooks before the first verb.
type Accounts struct {
	db       *store.DB
	conf     Config
	profiles *profile.Profiles

	// DeviceGone is called in the transaction that removes a device, so that its keys and waiting messages go with it.
	DeviceGone func(tx *store.Tx, user, device string) error
	// DeviceRefused may refuse the id a client wants for a new device: it must not be that of a cross-signing key.
	DeviceRefused func(tx *store.Tx, user, device string) error
	// Deactivated is called in the transaction that ends an account, so that leaving its rooms can be promised. erase says
	// that the person wants what they left to be erased as far as the trust may.
	Deactivated func(tx *store.Tx, who *audit.Caller, user string, erase bool) error

	hasher   *credential.Hasher
	sessions *sessionCache
	seen     *sightings
	guesses  *credential.Guesses
	seal     sealer
}

// New makes the accounts of a database. Call it before the first write: it follows the log; then Start.
func New(db *store.DB, conf Config, profiles *profile.Profiles) *Accounts {
	conf = conf.filled()
	a := &Accounts{
		db: db, conf: conf, profiles: profiles,
		hasher:   credential.New(conf.Cost),
		sessions: newSessionCache(),
		seen:     newSightings(db),
	}
	if !conf.NoLimits {
		a.guesses = credential.NewGuesses(conf.GuessesPerSecond, conf.GuessBurst)
	}
	db.Follow(a.sessions.follow)
	return a
}

func (c Config) filled() Config {
	if c.MinPassword == 0 {
		c.MinPassword = 10
	}
	if c.AccessLifetime == 0 {
		c.AccessLifetime = time.Hour
	}
	if c.RefreshLifetime == 0 {
		c.RefreshLifetime = 90 * 24 * time.Hour
	}
	if c.MaxDevices == 0 {
		c.MaxDevices = 100
	}
	c.MaxDevices = min(c.MaxDevices, maxDevices)
	if c.GuessesPerSecond == 0 {
		c.GuessesPerSecond = 0.1
	}
	if c.GuessBurst == 0 {
		c.GuessBurst = 20
	}
	if c.Cost == (credential.Cost{}) {
		c.Cost = credential.Default
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Start reads, or makes, the secret that the nodes share. Call it before the first verb.
func (a *Accounts) Start(ctx context.Context) error {
	made := base64.RawStdEncoding.EncodeToString(randomBytes(32))
	var kept string
	err := a.db.Write(ctx, func(tx *store.Tx) (err error) {
		kept, err = secretOf(tx, sealSecret)
		if errs.Is(err, errs.NotFound) {
			kept = made
			return putSecret(tx, sealSecret, made)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("account: read the nodes' shared secret: %w", err)
	}
	key, err := base64.RawStdEncoding.DecodeString(kept)
	if err != nil || len(key) != 32 {
		return fmt.Errorf("account: the nodes' shared secret is damaged")
	}
	a.seal = sealer{key}
	return nil
}

// Stop writes what is still only in memory.
func (a *Accounts) Stop(ctx context.Context) error { return a.seen.stop(ctx) }

// User is an account.
type User struct {
	ID          string
	Admin       bool
	Created     time.Time
	Locked      time.Time // since when; zero: not
	Suspended   time.Time // since when; zero: not
	Deactivated time.Time // since when; zero: in use

	hash string // of the password, PHC; empty: no sign-in by password
}

// Active says that the account has not been deactivated.
func (u User) Active() bool { return u.Deactivated.IsZero() }

// User gives an account, deactivated ones too; errs.NotFound when there is none.
func (a *Accounts) User(ctx context.Context, id string) (User, error) {
	var u User
	err := a.db.Read(ctx, func(tx *store.Tx) (err error) {
		u, err = Find(tx, id)
		return err
	})
	return u, err
}

// Find is User within a transaction.
func Find(tx *store.Tx, id string) (User, error) {
	u, err := userByID(tx, id)
	if errs.Is(err, errs.NotFound) {
		return User{}, errs.Absent("There is no account with this name.")
	}
	return u, err
}

// UserID makes a user id of what a person typed: a localpart or a whole id of this server, in any case. It is errs.Invalid
// (M_INVALID_USERNAME) when it cannot be the name of an account here.
func (a *Accounts) UserID(name string) (string, error) {
	local := strings.ToLower(strings.TrimSpace(name))
	if rest, ok := strings.CutPrefix(local, "@"); ok {
		var server string
		local, server, ok = strings.Cut(rest, ":")
		if !ok || server != strings.ToLower(a.conf.ServerName) {
			return "", errs.New(errs.Invalid, "M_INVALID_USERNAME", "This is not the name of an account on this server.")
		}
	}
	id, err := matrix.NewUserID(local, a.conf.ServerName)
	if err != nil {
		return "", errs.New(errs.Invalid, "M_INVALID_USERNAME",
			"A user name may hold only the letters a to z, digits and the signs . _ = - / +.")
	}
	return id, nil
}

// anonymous is a caller of whom only the address is known.
func anonymous(who *audit.Caller) *audit.Caller {
	if who == nil {
		return &audit.Caller{}
	}
	return who
}

// as is the caller once it is known that they are the user.
func as(who *audit.Caller, user, device string) *audit.Caller {
	c := *anonymous(who)
	c.User, c.Device = user, device
	return &c
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the program ends when the system has no randomness
	return b
}

// randomNumber is a number that no other will have: 62 random bits.
func randomNumber() int64 {
	var n int64
	for _, b := range randomBytes(8) {
		n = n<<8 | int64(b)
	}
	return n & (1<<62 - 1)
}
