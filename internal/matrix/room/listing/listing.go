// Package listing is how conversations are found: by the aliases they have, and in the list of those the trust has
// published (client-server API, "Room aliases", "Published room directory"). What is shown of a listed room is package
// space's, who may join it package membership's.
package listing

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Listing is the aliases of rooms and the list of the published. It is a room.Gate.
type Listing struct {
	db    *store.DB
	rooms *room.Rooms
}

// New gives the listing of rooms. Whoever builds the rooms adds it to their gates.
func New(db *store.DB, rooms *room.Rooms) *Listing { return &Listing{db, rooms} }

// Enter writes the alias (full, or "") and the place in the trust's list of a room in the transaction that makes it.
func (n *Listing) Enter(tx *store.Tx, l *room.Live, alias, creator string, listed bool) error {
	if alias != "" {
		taken, err := aliasTaken(tx, alias)
		if err != nil {
			return err
		}
		if taken {
			return errs.New(errs.Invalid, "M_ROOM_IN_USE", "That alias is already taken.")
		}
		if err := insertAlias(tx, alias, l.NR, creator, tx.Now().UnixMilli()); err != nil {
			return err
		}
	}
	if listed {
		return putPublished(tx, l.NR, true)
	}
	return nil
}

// Move gives the aliases and the place in the list of a room to its successor.
func (n *Listing) Move(tx *store.Tx, from, to *room.Live) error {
	return moveListing(tx, from.NR, to.NR)
}

// Publish lists a room in the trust's directory or takes it out; it needs the power to set the canonical alias.
func (n *Listing) Publish(ctx context.Context, who *audit.Caller, in string, listed bool) error {
	if err := who.MayAct(); err != nil {
		return err
	}
	r, err := n.rooms.Open(ctx, who, in, room.Belonging)
	if err != nil {
		return err
	}
	levels := r.Levels()
	if levels.User(who.User) < levels.Event("m.room.canonical_alias", true) {
		return errs.Forbid("Only a moderator may change whether this conversation is listed.")
	}
	return n.db.Write(ctx, func(tx *store.Tx) error {
		if err := putPublished(tx, r.NR, listed); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "room.publish", Object: r.ID})
	})
}

// Published reports whether a room is listed in the directory.
func (n *Listing) Published(ctx context.Context, l *room.Live) (listed bool, err error) {
	err = n.db.Read(ctx, func(tx *store.Tx) error {
		listed, err = isPublished(tx, l.NR)
		return err
	})
	return listed, err
}
