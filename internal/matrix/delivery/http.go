package delivery

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
)

// API is the deliveries' face on HTTP.
type API struct{ Ledger *Ledger }

type reachRequest struct {
	Room  string `path:"roomId" json:"-"`
	Event string `path:"eventId" json:"-"`
}

type reachAnswer struct {
	Members []Reach `json:"members"`
}

// Reach answers GET /_wardline/v1/rooms/{roomId}/delivery/{eventId}: who has a message, who has read it, and when.
func (api API) Reach(ctx context.Context, who *audit.Caller, in reachRequest) (reachAnswer, error) {
	members, err := api.Ledger.Of(ctx, who, in.Room, in.Event)
	return reachAnswer{members}, err
}

type marksRequest struct {
	Room string `path:"roomId" json:"-"`
}

type marksAnswer struct {
	Members jsontext.Value `json:"members"`
}

// Marks answers GET /_wardline/v1/rooms/{roomId}/delivery: the latest event that each member's devices have.
func (api API) Marks(ctx context.Context, who *audit.Caller, in marksRequest) (marksAnswer, error) {
	marks, err := api.Ledger.Marks(ctx, who, in.Room)
	if err != nil {
		return marksAnswer{}, err
	}
	return marksAnswer{AppendMarks(nil, marks)}, nil
}
