package report

import (
	"context"

	"github.com/wardline/wardline/internal/platform/audit"
)

// API is the face of reports on HTTP: client-server API, "Reporting content".
type API struct{ Reports *Reports }

type none = struct{}

type eventRequest struct {
	Room   string `path:"roomId" json:"-"`
	Event  string `path:"eventId" json:"-"`
	Reason string `json:"reason"`
}

// Event answers POST /rooms/{roomId}/report/{eventId}.
func (api API) Event(ctx context.Context, who *audit.Caller, in eventRequest) (none, error) {
	return none{}, api.Reports.File(ctx, who, in.Room, in.Event, "", in.Reason)
}

type roomRequest struct {
	Room   string `path:"roomId" json:"-"`
	Reason string `json:"reason"`
}

// Room answers POST /rooms/{roomId}/report.
func (api API) Room(ctx context.Context, who *audit.Caller, in roomRequest) (none, error) {
	return none{}, api.Reports.File(ctx, who, in.Room, "", "", in.Reason)
}

type personRequest struct {
	User   string `path:"userId" json:"-"`
	Reason string `json:"reason"`
}

// Person answers POST /users/{userId}/report.
func (api API) Person(ctx context.Context, who *audit.Caller, in personRequest) (none, error) {
	return none{}, api.Reports.File(ctx, who, "", "", in.User, in.Reason)
}
