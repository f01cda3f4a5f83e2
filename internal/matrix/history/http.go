package history

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// API is the history's face on HTTP.
type API struct{ History *History }

type messagesRequest struct {
	Room   string `path:"roomId"`
	From   string `query:"from"`
	To     string `query:"to"`
	Dir    string `query:"dir"`
	Limit  int    `query:"limit"`
	Filter string `query:"filter"`
}

// Messages answers GET /rooms/{roomId}/messages.
func (api API) Messages(ctx context.Context, who *audit.Caller, in messagesRequest) (endpoint.Raw, error) {
	back, err := direction(in.Dir)
	if err != nil {
		return nil, err
	}
	f, err := parseFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	p, err := api.History.Messages(ctx, who, Ask{Room: in.Room, From: in.From, To: in.To, Back: back, Limit: in.Limit, Filter: f})
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 256+700*len(p.Events))
	b = p.AppendList(append(b, `{"chunk":`...), p.Events)
	if p.End != "" {
		b = room.AppendString(append(b, `,"end":`...), p.End)
	}
	b = room.AppendString(append(b, `,"start":`...), p.Start)
	if len(p.Members) > 0 {
		b = p.AppendList(append(b, `,"state":`...), p.Members)
	}
	return append(b, '}'), nil
}

// direction reads dir: b is back, f is not.
func direction(dir string) (back bool, err error) {
	switch dir {
	case "b":
		return true, nil
	case "f":
		return false, nil
	case "":
		return false, errs.Missing("dir is missing: b for backwards, f for forwards.")
	}
	return false, errs.BadParam("dir is b or f.")
}

// parseFilter reads a RoomEventFilter in the query; "" is none.
func parseFilter(text string) (*filter.Events, error) {
	if text == "" {
		return nil, nil
	}
	f, err := filter.ParseEvents([]byte(text))
	if err != nil {
		return nil, errs.BadParam("The filter cannot be used: %v.", err)
	}
	return f, nil
}

type contextRequest struct {
	Room   string `path:"roomId"`
	Event  string `path:"eventId"`
	Limit  *int   `query:"limit"`
	Filter string `query:"filter"`
}

// Context answers GET /rooms/{roomId}/context/{eventId}.
func (api API) Context(ctx context.Context, who *audit.Caller, in contextRequest) (endpoint.Raw, error) {
	f, err := parseFilter(in.Filter)
	if err != nil {
		return nil, err
	}
	limit := pageDefault
	if in.Limit != nil {
		limit = *in.Limit
	}
	c, err := api.History.Context(ctx, who, in.Room, in.Event, limit, f)
	if err != nil {
		return nil, err
	}
	b := room.AppendString([]byte(`{"end":`), c.End)
	b = c.Append(append(b, `,"event":`...), c.Event)
	b = c.AppendList(append(b, `,"events_after":`...), c.After)
	b = c.AppendList(append(b, `,"events_before":`...), c.Before)
	b = room.AppendString(append(b, `,"start":`...), c.Start)
	b = c.AppendList(append(b, `,"state":`...), c.State)
	return append(b, '}'), nil
}

type eventRequest struct {
	Room  string `path:"roomId"`
	Event string `path:"eventId"`
}

// Event answers GET /rooms/{roomId}/event/{eventId}.
func (api API) Event(ctx context.Context, who *audit.Caller, in eventRequest) (endpoint.Raw, error) {
	view, ev, err := api.History.Event(ctx, who, in.Room, in.Event)
	if err != nil {
		return nil, err
	}
	return view.Append(nil, ev), nil
}

type nearestRequest struct {
	Room string `path:"roomId"`
	TS   *int64 `query:"ts"`
	Dir  string `query:"dir"`
}

type nearest struct {
	Event string `json:"event_id"`
	TS    int64  `json:"origin_server_ts"`
}

// Nearest answers GET /v1/rooms/{roomId}/timestamp_to_event.
func (api API) Nearest(ctx context.Context, who *audit.Caller, in nearestRequest) (nearest, error) {
	back, err := direction(in.Dir)
	if err != nil {
		return nearest{}, err
	}
	if in.TS == nil {
		return nearest{}, errs.Missing("ts is missing: milliseconds since 1970.")
	}
	ev, err := api.History.Nearest(ctx, who, in.Room, *in.TS, back)
	if err != nil {
		return nearest{}, err
	}
	return nearest{ev.ID, ev.TS}, nil
}
