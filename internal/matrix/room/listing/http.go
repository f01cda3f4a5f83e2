package listing

import (
	"context"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is the listing's face on HTTP: client-server API, "Room aliases", "Published room directory".
type API struct{ Listing *Listing }

type none = struct{}

type ofRoom struct {
	Room string `path:"roomId" json:"-"`
}

type aliasRequest struct {
	Alias string `path:"roomAlias" json:"-"`
	Room  string `json:"room_id"`
}

type ofAlias struct {
	Alias string `path:"roomAlias" json:"-"`
}

// Alias answers GET /directory/room/{roomAlias}.
func (api API) Alias(ctx context.Context, _ *audit.Caller, in ofAlias) (struct {
	Room    string   `json:"room_id"`
	Servers []string `json:"servers"`
}, error) {
	var out struct {
		Room    string   `json:"room_id"`
		Servers []string `json:"servers"`
	}
	l, err := api.Listing.Aliased(ctx, in.Alias)
	if err == nil {
		out.Room, out.Servers = l.ID, []string{api.Listing.rooms.ServerName()}
	}
	return out, err
}

// PutAlias answers PUT /directory/room/{roomAlias}.
func (api API) PutAlias(ctx context.Context, who *audit.Caller, in aliasRequest) (none, error) {
	if in.Room == "" {
		return none{}, errs.Missing("room_id is missing.")
	}
	return none{}, api.Listing.AddAlias(ctx, who, in.Alias, in.Room)
}

// DeleteAlias answers DELETE /directory/room/{roomAlias}.
func (api API) DeleteAlias(ctx context.Context, who *audit.Caller, in ofAlias) (none, error) {
	return none{}, api.Listing.RemoveAlias(ctx, who, in.Alias)
}

// Aliases answers GET /rooms/{roomId}/aliases.
func (api API) Aliases(ctx context.Context, who *audit.Caller, in ofRoom) (struct {
	Aliases []string `json:"aliases"`
}, error) {
	var out struct {
		Aliases []string `json:"aliases"`
	}
	list, err := api.Listing.Aliases(ctx, who, in.Room)
	out.Aliases = append(make([]string, 0, len(list)), list...)
	return out, err
}

type visibility struct {
	Visibility string `json:"visibility"`
}

// Listed answers GET /directory/list/room/{roomId}.
func (api API) Listed(ctx context.Context, _ *audit.Caller, in ofRoom) (visibility, error) {
	l, err := api.Listing.rooms.Find(ctx, in.Room)
	if err != nil {
		return visibility{}, err
	}
	listed, err := api.Listing.Published(ctx, l)
	if listed {
		return visibility{"public"}, err
	}
	return visibility{"private"}, err
}

type listRequest struct {
	Room       string `path:"roomId" json:"-"`
	Visibility string `json:"visibility"`
}

// PutListed answers PUT /directory/list/room/{roomId}.
func (api API) PutListed(ctx context.Context, who *audit.Caller, in listRequest) (none, error) {
	switch in.Visibility {
	case "", "public":
		return none{}, api.Listing.Publish(ctx, who, in.Room, true)
	case "private":
		return none{}, api.Listing.Publish(ctx, who, in.Room, false)
	}
	return none{}, errs.BadParam("visibility is public or private.")
}
