package account

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/account/credential"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// wrongPassword is the answer to every failed sign-in: whether the account exists is nobody's business.
func wrongPassword() error { return errs.Forbid("The user name or the password is not right.") }

// Login signs a person in by password. typed is a localpart or a whole user id. A wrong password, an unknown name, a
// deactivated account and one without a password get the same answer after the same time.
func (a *Accounts) Login(ctx context.Context, who *audit.Caller, typed, password string, in SignIn) (Session, error) {
	user, err := a.UserID(typed)
	if err != nil {
		user = "" // nobody's name: guessed at all the same
	}
	right, u, err := a.guess(ctx, anonymous(who), user, password)
	if err != nil {
		return Session{}, err
	}
	if !right || !u.Active() {
		return Session{}, wrongPassword()
	}
	return a.signIn(ctx, who, u, in)
}

// SignIn signs a person in who has proven who they are by other means: another provider, the demonstration, a test.
func (a *Accounts) SignIn(ctx context.Context, who *audit.Caller, user string, in SignIn) (Session, error) {
	u, err := a.User(ctx, user)
	if err != nil {
		return Session{}, err
	}
	return a.signIn(ctx, who, u, in)
}

// signIn starts a session of an account that was known so when the person was recognised: if its password has changed or
// it has been closed since, they have not been.
func (a *Accounts) signIn(ctx context.Context, who *audit.Caller, known User, in SignIn) (Session, error) {
	var out Session
	err := a.db.Write(ctx, func(tx *store.Tx) error {
		u, err := Find(tx, known.ID)
		if err != nil {
			return err
		}
		if !u.Active() || u.hash != known.hash {
			return wrongPassword()
		}
		if !u.Locked.IsZero() {
			return lockedOut()
		}
		if out, err = a.start(tx, who, u.ID, in); err != nil {
			return err
		}
		return audit.Record(tx, as(who, u.ID, out.Device), audit.Entry{Action: "account.login", Object: u.ID, Detail: out.Device})
	})
	return out, err
}

// rehash stores a password that was just verified at today's cost, its hash having been made at another, and gives the
// hash that is stored now.
func (a *Accounts) rehash(ctx context.Context, u User, password string) (string, error) {
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	stored := ""
	err = a.db.Write(ctx, func(tx *store.Tx) error {
		now, err := Find(tx, u.ID)
		if err != nil {
			return err
		}
		if stored = now.hash; stored != u.hash {
			return nil // changed since: nothing to do
		}
		stored = hash
		return setPassword(tx, u.ID, hash)
	})
	return stored, err
}

// recordFailure does not wait for the disk: the answer must take as long as for an account that does not exist.
func (a *Accounts) recordFailure(who *audit.Caller, user string) {
	_ = a.db.Submit(func(tx *store.Tx) error {
		return audit.Record(tx, who, audit.Entry{Action: "account.wrong_password", Object: user})
	}, func(error) {})
}

// Logout ends the caller's session and forgets its device (POST /logout).
func (a *Accounts) Logout(ctx context.Context, who *audit.Caller) error {
	return a.db.Write(ctx, func(tx *store.Tx) error {
		return a.signOut(tx, who, who.User, []string{who.Device}, "account.logout")
	})
}

// LogoutAll ends all of the caller's sessions and forgets their devices (POST /logout/all).
func (a *Accounts) LogoutAll(ctx context.Context, who *audit.Caller) error {
	return a.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := a.dropOthers(tx, who.User, ""); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "account.logout_all", Object: who.User})
	})
}

// ChangePassword gives the caller, who has been confirmed, a new password. With others, all their other devices are signed
// out. The session that asks goes on (POST /account/password).
func (a *Accounts) ChangePassword(ctx context.Context, who *audit.Caller, password string, others bool) error {
	return a.resetPassword(ctx, who, who.User, password, others, who.Device, "account.password_change")
}

// ResetPassword gives a person a new password, as an administrator or an operator does, and signs all their devices out.
func (a *Accounts) ResetPassword(ctx context.Context, who *audit.Caller, user, password string) error {
	return a.resetPassword(ctx, who, user, password, true, "", "account.password_reset")
}

func (a *Accounts) resetPassword(ctx context.Context, who *audit.Caller, user, password string,
	others bool, except, action string,
) error {
	if err := credential.Check(user, password, a.conf.MinPassword); err != nil {
		return err
	}
	hash, err := a.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *store.Tx) error {
		u, err := Find(tx, user)
		if err != nil {
			return err
		}
		if !u.Active() {
			return errs.New(errs.Forbidden, "M_USER_DEACTIVATED", "This account has been deactivated.")
		}
		if err := setPassword(tx, user, hash); err != nil {
			return err
		}
		if others {
			if _, err := a.dropOthers(tx, user, except); err != nil {
				return err
			}
		}
		return audit.Record(tx, who, audit.Entry{Action: action, Object: user})
	})
}
