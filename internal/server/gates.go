package server

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/profile"
)

// people tells rooms what they need to know of accounts.
type people struct {
	profiles *profile.Profiles
	data     *accountdata.Keep
}

// Profile implements room.People.
func (p people) Profile(ctx context.Context, user string) (name, avatar string, err error) {
	of, err := p.profiles.Of(ctx, user)
	return of.Name, of.Avatar, err
}

// Ignores implements room.People.
func (p people) Ignores(ctx context.Context, user, other string) bool {
	return p.data.Ignores(ctx, user, other)
}
