package account

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Users lists accounts by user id, at most limit of them and those after a user id: deactivated ones too.
func (a *Accounts) Users(ctx context.Context, after string, limit int) ([]User, error) {
	var out []User
	err := a.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = usersAfter(tx, after, min(max(limit, 1), 1000))
		return err
	})
	return out, err
}

// Standing is what an account of this server may do, for an administrator ("Account moderation"). Other servers' users
// are errs.Invalid, deactivated ones errs.NotFound, other administrators errs.Forbidden.
func (a *Accounts) Standing(ctx context.Context, who *audit.Caller, user string) (User, error) {
	var u User
	err := a.db.Read(ctx, func(tx *store.Tx) (err error) {
		u, err = a.subject(tx, who, user)
		return err
	})
	return u, err
}

// subject is the account that an administrator acts upon.
func (a *Accounts) subject(tx *store.Tx, who *audit.Caller, user string) (User, error) {
	if who.User != "" && !who.Admin {
		return User{}, errs.Forbid("Only an administrator may do this.")
	}
	id, err := a.UserID(user)
	if err != nil || id != user {
		return User{}, errs.BadParam("This user does not belong to this server.")
	}
	u, err := Find(tx, user)
	if err != nil {
		return User{}, err
	}
	if !u.Active() {
		return User{}, errs.Absent("This account has been deactivated.")
	}
	if who.User != "" && u.Admin {
		return User{}, errs.Forbid("An administrator cannot do this to another, or to themselves.")
	}
	return u, nil
}

// Lock locks a person out, or lets them in again; nothing of theirs is lost ("Account locking").
func (a *Accounts) Lock(ctx context.Context, who *audit.Caller, user string, locked bool) error {
	action, set := "account.unlock", int64(0)
	if locked {
		action = "account.lock"
	}
	return a.moderate(ctx, who, user, action, func(tx *store.Tx) error {
		if locked {
			set = a.conf.Now().UnixMilli()
		}
		return setLocked(tx, user, set)
	})
}

// Suspend lets a person read, but not act, or ends that ("Account suspension").
func (a *Accounts) Suspend(ctx context.Context, who *audit.Caller, user string, suspended bool) error {
	action, set := "account.unsuspend", int64(0)
	if suspended {
		action = "account.suspend"
	}
	return a.moderate(ctx, who, user, action, func(tx *store.Tx) error {
		if suspended {
			set = a.conf.Now().UnixMilli()
		}
		return setSuspended(tx, user, set)
	})
}

// SetAdmin makes a person an administrator, or ends that. Only an operator can: the caller has no user.
func (a *Accounts) SetAdmin(ctx context.Context, who *audit.Caller, user string, admin bool) error {
	if who.User != "" {
		return errs.Forbid("Only the operator of the server, at its command line, can do this.")
	}
	action := "account.admin_end"
	if admin {
		action = "account.admin"
	}
	return a.moderate(ctx, who, user, action, func(tx *store.Tx) error { return setAdmin(tx, user, admin) })
}

// moderate changes what an account may do; its sessions notice at once, on every node.
func (a *Accounts) moderate(ctx context.Context, who *audit.Caller, user, action string, change func(*store.Tx) error) error {
	return a.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := a.subject(tx, who, user); err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		tx.Log(KindSession, user, "", nil)
		return audit.Record(tx, who, audit.Entry{Action: action, Object: user})
	})
}

// Deactivate ends an account for ever: no sign-in, no session, no device. The name is never given to anyone else. With
// erase, what the person stored and said of themselves goes too; what they wrote in rooms is the trust's record, and its
// retention decides. The person themselves, confirmed, an administrator and an operator may do it (POST
// /account/deactivate).
func (a *Accounts) Deactivate(ctx context.Context, who *audit.Caller, user string, erase bool) error {
	return a.db.Write(ctx, func(tx *store.Tx) error {
		if who.User != user {
			if _, err := a.subject(tx, who, user); err != nil {
				return err
			}
		}
		if err := a.end(tx, who, user, erase); err != nil {
			return err
		}
		detail := ""
		if erase {
			detail = "erase"
		}
		return audit.Record(tx, who, audit.Entry{Action: "account.deactivate", Object: user, Detail: detail})
	})
}

func (a *Accounts) end(tx *store.Tx, who *audit.Caller, user string, erase bool) error {
	if err := setDeactivated(tx, user, a.conf.Now().UnixMilli()); err != nil {
		return err
	}
	if _, err := a.dropOthers(tx, user, ""); err != nil {
		return err
	}
	tx.Log(KindSession, user, "", nil)
	if erase {
		if err := a.profiles.Erase(tx, who, user); err != nil {
			return err
		}
		if err := accountdata.Erase(tx, user); err != nil {
			return err
		}
	}
	if a.Deactivated == nil {
		return nil
	}
	return a.Deactivated(tx, who, user, erase)
}
