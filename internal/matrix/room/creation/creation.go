// Package creation makes rooms: with the state that a preset stands for, an alias, a place in the trust's list, invitations
// (client-server API, "Creating new rooms"), and as the successors of others ("Room upgrades"). It says what a room begins
// with; that a beginning is a valid one, package room decides.
package creation

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/listing"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Config is what of the configuration concerns new rooms.
type Config struct {
	Version    matrix.RoomVersion // where nothing else is asked for; "": 12
	Encryption bool               // whether a room may be encrypted end to end from its beginning
}

// Maker makes rooms.
type Maker struct {
	conf    Config
	rooms   *room.Rooms
	listing *listing.Listing
	log     *slog.Logger
}

// New gives the maker of rooms.
func New(conf Config, rooms *room.Rooms, names *listing.Listing, log *slog.Logger) *Maker {
	if conf.Version == "" {
		conf.Version = matrix.V12
	}
	return &Maker{conf, rooms, names, log}
}

// Creation is what a new room shall be: client-server API, "Creating new rooms".
type Creation struct {
	Preset      string // private_chat, public_chat, trusted_private_chat; "": by Listed
	Listed      bool   // in the trust's room directory
	Alias       string // local part, or ""
	Name, Topic string
	Version     string         // "": the configured default
	Content     map[string]any // further members of m.room.create
	Levels      map[string]any // laid over the default power levels
	State       []Initial
	Invite      []string
	Direct      bool
	Sender      string // empty: the caller. The trust's own account may create rooms in somebody's stead
	TS          int64  // ms UTC; 0: now
}

// Initial is a state event of a new room.
type Initial struct {
	Type     string
	StateKey string
	Content  json.RawMessage
}

// Limits of one creation.
const (
	maxInvites = 500
	maxInitial = 500
)

// Create makes a room with its first events and invitations, its alias and its place in the list, all in one transaction.
func (m *Maker) Create(ctx context.Context, who *audit.Caller, c Creation) (*room.Live, error) {
	version, err := m.version(c.Version)
	if err != nil {
		return nil, err
	}
	if len(c.Invite) > maxInvites || len(c.State) > maxInitial {
		return nil, errs.BadParam("At most %d people can be invited and %d state events set when a room is created.", maxInvites, maxInitial)
	}
	if c.Sender == "" {
		c.Sender = who.User
	}
	if c.Alias, err = m.fullAlias(c.Alias); err != nil {
		return nil, err
	}
	first, err := m.firstEvents(ctx, version, &c)
	if err != nil {
		return nil, err
	}
	return m.rooms.Found(ctx, who, room.Founding{
		Version: version, Sender: c.Sender, TS: c.TS, Events: first,
		Also: func(tx *store.Tx, l *room.Live) error { return m.listing.Enter(tx, l, c.Alias, c.Sender, c.Listed) },
	})
}

func (m *Maker) version(asked string) (matrix.RoomVersion, error) {
	if asked == "" {
		return m.conf.Version, nil
	}
	if version := matrix.RoomVersion(asked); version.Known() {
		return version, nil
	}
	return "", errs.New(errs.Invalid, "M_UNSUPPORTED_ROOM_VERSION", "Room versions 11 and 12 are supported here.")
}

// fullAlias makes an alias of this server from a local part; "" stays "".
func (m *Maker) fullAlias(local string) (string, error) {
	if local == "" {
		return "", nil
	}
	alias := "#" + local + ":" + m.rooms.ServerName()
	if _, err := matrix.ParseAlias(alias); err != nil || strings.ContainsAny(local, "#:") {
		return "", errs.BadParam("That is not a valid alias: give what stands between # and the colon.")
	}
	return alias, nil
}
