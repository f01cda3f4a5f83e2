package account

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// OpenIDTime is how long an OpenID token is good.
const OpenIDTime = time.Hour

// OpenIDToken makes a token by which the caller can prove to a third party who they are, and nothing more ("OpenID").
func (a *Accounts) OpenIDToken(ctx context.Context, who *audit.Caller, user string) (string, error) {
	if who.User != user {
		return "", errs.Forbid("You cannot prove that you are someone else.")
	}
	err := a.db.Write(ctx, func(tx *store.Tx) error {
		return audit.Record(tx, who, audit.Entry{Action: "account.openid", Object: user})
	})
	if err != nil {
		return "", err
	}
	return a.seal.seal("openid", "", user, a.conf.Now().Add(OpenIDTime)), nil
}

// OpenIDUser tells whose an OpenID token is (server-server API, GET /openid/userinfo).
func (a *Accounts) OpenIDUser(ctx context.Context, token string) (string, error) {
	unknown := errs.New(errs.Unauthenticated, "M_UNKNOWN_TOKEN", "The token is unknown or has expired.")
	user, ok := a.seal.open("openid", "", token, a.conf.Now())
	if !ok {
		return "", unknown
	}
	u, err := a.User(ctx, user)
	if errs.Is(err, errs.NotFound) || err == nil && (!u.Active() || !u.Locked.IsZero()) {
		return "", unknown
	}
	return user, err
}
