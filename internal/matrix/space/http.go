package space

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/matrix/room/listing"
	"github.com/wardline/wardline/internal/platform/audit"
)

// API is the spaces' face on HTTP.
type API struct{ Spaces *Spaces }

type treeRequest struct {
	Room      string `path:"roomId"`
	Suggested bool   `query:"suggested_only"`
	Limit     int    `query:"limit"`
	Depth     *int   `query:"max_depth"`
	From      string `query:"from"`
}

// child is a stripped m.space.child event with its time.
type child struct {
	Content  jsontext.Value `json:"content"`
	TS       int64          `json:"origin_server_ts"`
	Sender   string         `json:"sender"`
	StateKey string         `json:"state_key"`
	Type     string         `json:"type"`
}

type branch struct {
	Summary
	Children []child `json:"children_state"`
}

type tree struct {
	Rooms []branch `json:"rooms"`
	Next  string   `json:"next_batch,omitempty"`
}

// Tree answers GET /v1/rooms/{roomId}/hierarchy.
func (api API) Tree(ctx context.Context, who *audit.Caller, in treeRequest) (tree, error) {
	page, next, err := api.Spaces.Tree(ctx, who, TreeAsk(in))
	out := tree{Rooms: make([]branch, 0, len(page)), Next: next}
	for _, b := range page {
		shown := branch{Summary: b.Summary, Children: make([]child, 0, len(b.Children))}
		for _, ev := range b.Children {
			shown.Children = append(shown.Children, child{jsontext.Value(ev.Content), ev.TS, ev.Sender, *ev.StateKey, ev.Type})
		}
		out.Rooms = append(out.Rooms, shown)
	}
	return out, err
}

type summaryRequest struct {
	Room string `path:"roomIdOrAlias"`
}

type membership struct {
	Summary
	Membership string `json:"membership"`
}

// Summary answers GET /v1/room_summary/{roomIdOrAlias}.
func (api API) Summary(ctx context.Context, who *audit.Caller, in summaryRequest) (membership, error) {
	sum, is, err := api.Spaces.Of(ctx, who, in.Room)
	return membership{sum, is}, err
}

type listRequest struct {
	Server string `query:"server"`
	Limit  int    `query:"limit"`
	Since  string `query:"since"`
}

type searchRequest struct {
	Server string `query:"server" json:"-"`
	Limit  int    `json:"limit"`
	Since  string `json:"since"`
	Filter struct {
		Term  string    `json:"generic_search_term"`
		Types []*string `json:"room_types"`
	} `json:"filter"`
}

type list struct {
	Rooms []Summary `json:"chunk"`
	Next  string    `json:"next_batch,omitempty"`
	Prev  string    `json:"prev_batch,omitempty"`
	Total int       `json:"total_room_count_estimate"`
}

// List answers GET /publicRooms.
func (api API) List(ctx context.Context, _ *audit.Caller, in listRequest) (list, error) {
	return api.list(ctx, in.Server, listing.Ask{Limit: in.Limit, Since: in.Since})
}

// Search answers POST /publicRooms.
func (api API) Search(ctx context.Context, _ *audit.Caller, in searchRequest) (list, error) {
	return api.list(ctx, in.Server, listing.Ask{
		Limit: in.Limit, Since: in.Since, Term: in.Filter.Term, Types: in.Filter.Types,
	})
}

func (api API) list(ctx context.Context, server string, ask listing.Ask) (list, error) {
	page, err := api.Spaces.Published(ctx, server, ask)
	if err != nil {
		return list{}, err
	}
	out := list{Rooms: make([]Summary, 0, len(page.Rooms)), Next: page.Next, Prev: page.Prev, Total: page.Total}
	for _, l := range page.Rooms {
		out.Rooms = append(out.Rooms, summarise(l))
	}
	return out, nil
}
