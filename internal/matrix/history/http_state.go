package history

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
)

type stateRequest struct {
	Room string `path:"roomId" json:"-"`
}

// State answers GET /rooms/{roomId}/state.
func (api API) State(ctx context.Context, who *audit.Caller, in stateRequest) (endpoint.Raw, error) {
	r, err := api.History.rooms.Open(ctx, who, in.Room, room.Reading)
	if err != nil {
		return nil, err
	}
	events, err := api.History.rooms.StateAt(ctx, r.Live, r.Until)
	if err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, 512*len(events)), '[')
	for i, ev := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = ev.Append(b, room.Reader{RoomID: r.ID, User: who.User, Device: who.Device})
	}
	return append(b, ']'), nil
}

type stateEventRequest struct {
	Room   string `path:"roomId" json:"-"`
	Type   string `path:"eventType" json:"-"`
	Key    string `path:"stateKey" json:"-"`
	Format string `query:"format" json:"-"`
}

// StateEvent answers GET /rooms/{roomId}/state/{eventType}/{stateKey}.
func (api API) StateEvent(ctx context.Context, who *audit.Caller, in stateEventRequest) (endpoint.Raw, error) {
	r, err := api.History.rooms.Open(ctx, who, in.Room, room.Reading)
	if err != nil {
		return nil, err
	}
	ev, err := api.History.rooms.StateEventAt(ctx, r.Live, in.Type, in.Key, r.Until)
	if err != nil {
		return nil, err
	}
	if in.Format == "event" {
		return ev.Append(nil, room.Reader{RoomID: r.ID, User: who.User, Device: who.Device}), nil
	}
	return endpoint.Raw(ev.Content), nil
}
