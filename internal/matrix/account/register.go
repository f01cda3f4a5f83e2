package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the protocol of shared-secret registration says so; as a MAC it still holds
	"encoding/hex"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/matrix/account/credential"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// ServerLocalpart is the name of the server's own account, which creates what belongs to the trust rather than to a
// person. Nobody can register it.
const ServerLocalpart = "wardline"

// nonceTime is how long a nonce of shared-secret registration is good.
const nonceTime = time.Minute

// NewUser is an account to be made.
type NewUser struct {
	Name        string // localpart or whole user id
	Password    string // empty: no sign-in by password
	Hash        string // in place of Password: what Hash gave
	DisplayName string // empty: the localpart
	Admin       bool

	weak bool // the password is not judged: whoever registers answers for it
}

// Hash gives what NewUser takes in place of a password, so that many accounts can share the work.
func (a *Accounts) Hash(ctx context.Context, password string) (string, error) {
	if err := credential.CheckLength(password); err != nil {
		return "", err
	}
	return a.hasher.Hash(ctx, password)
}

// AddUser makes an account, as an operator, the demonstration or a directory does, and gives its user id. A name that is
// taken, by a deactivated account too, is M_USER_IN_USE.
func (a *Accounts) AddUser(ctx context.Context, who *audit.Caller, n NewUser) (string, error) {
	n, err := a.prepare(ctx, n)
	if err != nil {
		return "", err
	}
	return n.Name, a.db.Write(ctx, func(tx *store.Tx) error { return a.add(tx, anonymous(who), n) })
}

// prepare checks a new account and hashes its password. Name becomes the user id.
func (a *Accounts) prepare(ctx context.Context, n NewUser) (NewUser, error) {
	id, err := a.UserID(n.Name)
	if err != nil {
		return n, err
	}
	n.Name = id
	if n.DisplayName == "" {
		n.DisplayName = localpart(id)
	}
	if n.Hash != "" {
		return n, credential.Parse(n.Hash)
	}
	if n.Password == "" {
		return n, nil
	}
	if n.weak {
		err = credential.CheckLength(n.Password)
	} else {
		err = credential.Check(id, n.Password, a.conf.MinPassword)
	}
	if err != nil {
		return n, err
	}
	n.Hash, err = a.hasher.Hash(ctx, n.Password)
	return n, err
}

func localpart(id string) string {
	local, _, _ := strings.Cut(strings.TrimPrefix(id, "@"), ":")
	return local
}

func (a *Accounts) add(tx *store.Tx, who *audit.Caller, n NewUser) error {
	if err := free(tx, n.Name); err != nil {
		return err
	}
	err := insertUser(tx, User{ID: n.Name, Admin: n.Admin, Created: a.conf.Now(), hash: n.Hash})
	if err != nil {
		return err
	}
	if err := profile.Begin(tx, n.Name, n.DisplayName); err != nil {
		return err
	}
	detail := ""
	if n.Admin {
		detail = "admin"
	}
	return audit.Record(tx, who, audit.Entry{Action: "account.add", Object: n.Name, Detail: detail})
}

// free makes sure that nobody has the name.
func free(tx *store.Tx, id string) error {
	_, err := userByID(tx, id)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err == nil {
		err = errs.New(errs.Invalid, "M_USER_IN_USE", "This user name is taken.")
	}
	return err
}

// Available says that a name could be registered, or why not (GET /register/available).
func (a *Accounts) Available(ctx context.Context, name string) error {
	if !a.conf.OpenRegistration {
		return errs.Forbid("Registration is closed. Ask your administrators for an account.")
	}
	id, err := a.registrable(name)
	if err != nil {
		return err
	}
	return a.db.Read(ctx, func(tx *store.Tx) error { return free(tx, id) })
}

// registrable is UserID for those who choose their own name.
func (a *Accounts) registrable(name string) (string, error) {
	id, err := a.UserID(name)
	if err == nil && localpart(id) == ServerLocalpart {
		err = errs.New(errs.Invalid, "M_EXCLUSIVE", "This user name belongs to the server.")
	}
	return id, err
}

// Registration is what someone asks who wants an account.
type Registration struct {
	Name     string // empty: one is made up
	Password string
	SignIn
	Inhibit bool // make the account, but do not sign in
}

// Register makes an account for anyone, where the configuration opens registration for tests; elsewhere it is forbidden.
// Name and password are checked before authentication is asked for (POST /register).
func (a *Accounts) Register(ctx context.Context, who *audit.Caller, auth *Auth, r Registration) (Session, error) {
	if !a.conf.OpenRegistration {
		return Session{}, errs.Forbid("Registration is closed. Ask your administrators for an account.")
	}
	if r.Name == "" {
		r.Name = "u" + hex.EncodeToString(randomBytes(8))
	} else if err := a.Available(ctx, r.Name); err != nil {
		return Session{}, err
	}
	if err := a.confirmDummy(auth, "register"); err != nil {
		return Session{}, err
	}
	if r.Password != "" { // without one there is no way to sign in again: good enough for the accounts of a test
		if err := credential.CheckLength(r.Password); err != nil {
			return Session{}, err
		}
	}
	return a.register(ctx, who, NewUser{Name: r.Name, Password: r.Password, weak: true}, r.SignIn, r.Inhibit)
}

// register makes an account and signs it in, in one transaction.
func (a *Accounts) register(ctx context.Context, who *audit.Caller, n NewUser, in SignIn, inhibit bool) (Session, error) {
	n, err := a.prepare(ctx, n)
	if err != nil {
		return Session{}, err
	}
	var out Session
	err = a.db.Write(ctx, func(tx *store.Tx) error {
		out = Session{User: n.Name}
		c := as(who, n.Name, "")
		err := a.add(tx, c, n)
		if err != nil || inhibit {
			return err
		}
		if out, err = a.start(tx, c, n.Name, in); err != nil {
			return err
		}
		c.Device = out.Device
		return audit.Record(tx, c, audit.Entry{Action: "account.login", Object: n.Name, Detail: out.Device})
	})
	return out, err
}

// Nonce begins a shared-secret registration (GET /_synapse/admin/v1/register). It is not kept: using one twice makes no
// second account, since the name is taken by then.
func (a *Accounts) Nonce() (string, error) {
	if a.conf.RegistrationSecret == "" {
		return "", noSharedSecret()
	}
	return a.seal.seal("nonce", "", "", a.conf.Now().Add(nonceTime)), nil
}

func noSharedSecret() error {
	return errs.New(errs.Unrecognized, "M_UNRECOGNIZED", "Registration by shared secret is not enabled.")
}

// SecretRegistration is a request of someone who knows the shared secret.
type SecretRegistration struct {
	Nonce       string
	Name        string
	Password    string
	DisplayName string
	Type        string // of user; covered by the MAC when not empty, and otherwise ignored
	Admin       bool
	MAC         string // hex of HMAC-SHA1 over nonce, name, password and "admin" or "notadmin", and the type, NUL between
}

// RegisterBySecret makes an account for someone who knows the shared secret, and signs it in. The password is not judged:
// the tools that use this choose their own.
func (a *Accounts) RegisterBySecret(ctx context.Context, who *audit.Caller, r SecretRegistration) (Session, error) {
	if a.conf.RegistrationSecret == "" {
		return Session{}, noSharedSecret()
	}
	if _, ok := a.seal.open("nonce", "", r.Nonce, a.conf.Now()); !ok {
		return Session{}, errs.BadParam("The nonce is unknown or has expired. Ask for a new one.")
	}
	given, err := hex.DecodeString(r.MAC)
	if err != nil || !hmac.Equal(given, r.mac(a.conf.RegistrationSecret)) {
		return Session{}, errs.Forbid("The MAC is not right.")
	}
	if err := credential.CheckLength(r.Password); err != nil {
		return Session{}, err
	}
	if _, err := a.registrable(r.Name); err != nil {
		return Session{}, err
	}
	n := NewUser{Name: r.Name, Password: r.Password, DisplayName: r.DisplayName, Admin: r.Admin, weak: true}
	return a.register(ctx, who, n, SignIn{}, false)
}

func (r SecretRegistration) mac(secret string) []byte {
	role := "notadmin"
	if r.Admin {
		role = "admin"
	}
	parts := []string{r.Nonce, r.Name, r.Password, role}
	if r.Type != "" {
		parts = append(parts, r.Type)
	}
	m := hmac.New(sha1.New, []byte(secret))
	m.Write([]byte(strings.Join(parts, "\x00")))
	return m.Sum(nil)
}
