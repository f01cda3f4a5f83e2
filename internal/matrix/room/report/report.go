// Package report takes what people report to the trust's moderators: a message, a conversation, a person (client-server
// API, "Reporting content"). What becomes of a report is the moderators' concern.
package report

import (
	"context"
	"crypto/rand"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Reports is what has been reported.
type Reports struct {
	db    *store.DB
	rooms *room.Rooms
}

// New gives the reports about rooms and people.
func New(db *store.DB, rooms *room.Rooms) *Reports { return &Reports{db, rooms} }

// File passes something on to the trust's moderators: client-server API, "Reporting content". The event, or the
// room when there is none, must be one the caller can see.
func (r *Reports) File(ctx context.Context, who *audit.Caller, in, event, user, reason string) error {
	if len(reason) > 5000 {
		return errs.BadParam("The reason may be at most 5,000 bytes long.")
	}
	var nr any
	if in != "" {
		opened, err := r.rooms.Open(ctx, who, in, room.Reading)
		if err != nil {
			return errs.Absent("There is no such conversation, or you are not in it.")
		}
		if event != "" {
			if _, err := r.rooms.EventByID(ctx, opened, event); err != nil {
				return err
			}
		}
		nr = opened.NR
	}
	return r.db.Write(ctx, func(tx *store.Tx) error {
		if err := insertReport(tx, rand.Text(), who.User, nr, event, user, reason, tx.Now().UnixMilli()); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "room.report", Object: event + in})
	})
}
