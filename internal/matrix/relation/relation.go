// Package relation gathers what relates to an event: edits, references, threads (client-server API, "Forming
// relationships between events"). It lists, counts and summarises them for one reader, and refuses relations that may not
// be made. It changes no event: an edited message keeps its content, and clients apply the edit.
package relation

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// The types of relation the server knows: client-server API, "Relationship types".
const (
	Replace    = "m.replace"
	Reference  = "m.reference"
	Thread     = "m.thread"
	Annotation = "m.annotation"
)

// Relations is all relations of the server.
type Relations struct {
	db    *store.DB
	rooms *room.Rooms
	keep  *accountdata.Keep
}

// New gives the relations of a database. keep tells whom readers ignore.
func New(db *store.DB, rooms *room.Rooms, keep *accountdata.Keep) *Relations {
	return &Relations{db: db, rooms: rooms, keep: keep}
}

// reader is somebody looking at one room: what they may see of it, and whom they ignore.
type reader struct {
	*Relations
	who   *audit.Caller
	l     *room.Live
	spans room.Spans
	shelf *accountdata.Shelf
}

func (r *Relations) reader(ctx context.Context, who *audit.Caller, l *room.Live) (*reader, error) {
	spans, err := r.rooms.Visible(ctx, l, who.User)
	if err != nil {
		return nil, err
	}
	shelf, err := r.keep.Of(ctx, who.User)
	if err != nil {
		return nil, err
	}
	return &reader{Relations: r, who: who, l: l, spans: spans, shelf: shelf}, nil
}

// sees reports whether an event that is not state counts for the reader: they may see it, and do not ignore its sender.
func (r *reader) sees(ev *room.Event) bool {
	return r.spans.Has(ev.Pos) && !r.shelf.Ignores(ev.Sender)
}

// parent opens a room for the sake of one of its events. Whoever may not see the event learns only that it is not there.
func (r *Relations) parent(ctx context.Context, who *audit.Caller, roomID, eventID string) (*room.Room, *room.Event, error) {
	opened, err := r.rooms.Open(ctx, who, roomID, room.Reading)
	if errs.Is(err, errs.Forbidden) {
		return nil, nil, errs.Absent("There is no such event, or you may not see it.")
	}
	if err != nil {
		return nil, nil, err
	}
	ev, err := r.rooms.EventByID(ctx, opened, eventID)
	return opened, ev, err
}
