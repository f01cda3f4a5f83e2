package relation

import (
	"context"
	"strconv"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is the relations' face on HTTP.
type API struct{ Relations *Relations }

type childrenRequest struct {
	Room    string `path:"roomId"`
	Event   string `path:"eventId"`
	RelType string `path:"relType"`
	Type    string `path:"eventType"`
	From    string `query:"from"`
	To      string `query:"to"`
	Dir     string `query:"dir"`
	Limit   int    `query:"limit"`
	Recurse *bool  `query:"recurse"`
}

// Children answers GET /v1/rooms/{roomId}/relations/{eventId}, with and without relType and eventType.
func (api API) Children(ctx context.Context, who *audit.Caller, in childrenRequest) (endpoint.Raw, error) {
	if in.Dir != "" && in.Dir != "b" && in.Dir != "f" {
		return nil, errs.BadParam("dir is b or f.")
	}
	p, err := api.Relations.Children(ctx, who, Ask{
		Room: in.Room, Event: in.Event, RelType: in.RelType, Type: in.Type, From: in.From, To: in.To,
		Forward: in.Dir == "f", Limit: in.Limit, Recurse: in.Recurse != nil && *in.Recurse,
	})
	if err != nil {
		return nil, err
	}
	b := p.append(nil)
	if in.Recurse != nil {
		depth := 1
		if *in.Recurse {
			depth = depthMost
		}
		b = strconv.AppendInt(append(b, `,"recursion_depth":`...), int64(depth), 10)
	}
	return append(b, '}'), nil
}

type threadsRequest struct {
	Room    string `path:"roomId"`
	Include string `query:"include"`
	From    string `query:"from"`
	Limit   int    `query:"limit"`
}

// Threads answers GET /v1/rooms/{roomId}/threads.
func (api API) Threads(ctx context.Context, who *audit.Caller, in threadsRequest) (endpoint.Raw, error) {
	if in.Include != "" && in.Include != "all" && in.Include != "participated" {
		return nil, errs.BadParam("include is all or participated.")
	}
	p, err := api.Relations.Threads(ctx, who, ThreadsAsk{
		Room: in.Room, Participated: in.Include == "participated", From: in.From, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	return append(p.append(nil), '}'), nil
}

// append writes the page as an object that is not closed yet.
func (p *Page) append(b []byte) []byte {
	b = p.AppendList(append(b, `{"chunk":`...), p.Events)
	if p.Next != "" {
		b = room.AppendString(append(b, `,"next_batch":`...), p.Next)
	}
	if p.Prev != "" {
		b = room.AppendString(append(b, `,"prev_batch":`...), p.Prev)
	}
	return b
}
