package server

import (
	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/media"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/platform/store"
)

// Slices are the verbs of a server, for what calls them without HTTP: the demonstration trust and tests.
type Slices struct {
	DB       *store.DB
	Accounts *account.Accounts
	Profiles *profile.Profiles
	Data     *accountdata.Keep
	Rooms    *room.Rooms
	Maker    *creation.Maker // of rooms
	Receipts *receipt.Receipts
	Media    *media.Media
}

// Slices gives the verbs of the server. Start it first.
func (s *Server) Slices() Slices {
	return Slices{
		DB: s.db, Accounts: s.accounts, Profiles: s.profiles, Data: s.keep, Rooms: s.rooms, Maker: s.maker, Receipts: s.receipts,
		Media: s.media,
	}
}
