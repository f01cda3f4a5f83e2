package membership

import (
	"context"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is the face of memberships on HTTP: client-server API, "Room membership", and the lists of members.
type API struct{ Members *Members }

type none = struct{}

type roomID struct {
	RoomID string `json:"room_id"`
}

type joinRequest struct {
	Room   string `path:"roomIdOrAlias" json:"-"`
	Reason string `json:"reason"`
}

// Join answers POST /join/{roomIdOrAlias} and POST /rooms/{roomId}/join.
func (api API) Join(ctx context.Context, who *audit.Caller, in joinRequest) (roomID, error) {
	l, err := api.Members.Join(ctx, who, in.Room, in.Reason)
	if err != nil {
		return roomID{}, err
	}
	return roomID{l.ID}, nil
}

// Knock answers POST /knock/{roomIdOrAlias}.
func (api API) Knock(ctx context.Context, who *audit.Caller, in joinRequest) (roomID, error) {
	l, err := api.Members.Knock(ctx, who, in.Room, in.Reason)
	if err != nil {
		return roomID{}, err
	}
	return roomID{l.ID}, nil
}

type memberRequest struct {
	Room   string `path:"roomId" json:"-"`
	User   string `json:"user_id"`
	Reason string `json:"reason"`
}

func (in memberRequest) check() error {
	if in.User == "" {
		return errs.Missing("user_id is missing.")
	}
	return nil
}

// verb answers a request about somebody in a room by one of the verbs of that shape.
func (in memberRequest) verb(ctx context.Context, who *audit.Caller,
	do func(ctx context.Context, who *audit.Caller, in, user, reason string) error) (none, error) {
	if err := in.check(); err != nil {
		return none{}, err
	}
	return none{}, do(ctx, who, in.Room, in.User, in.Reason)
}

// Invite answers POST /rooms/{roomId}/invite.
func (api API) Invite(ctx context.Context, who *audit.Caller, in memberRequest) (none, error) {
	return in.verb(ctx, who, api.Members.Invite)
}

// Kick answers POST /rooms/{roomId}/kick.
func (api API) Kick(ctx context.Context, who *audit.Caller, in memberRequest) (none, error) {
	return in.verb(ctx, who, api.Members.Kick)
}

// Ban answers POST /rooms/{roomId}/ban.
func (api API) Ban(ctx context.Context, who *audit.Caller, in memberRequest) (none, error) {
	return in.verb(ctx, who, api.Members.Ban)
}

// Unban answers POST /rooms/{roomId}/unban.
func (api API) Unban(ctx context.Context, who *audit.Caller, in memberRequest) (none, error) {
	return in.verb(ctx, who, api.Members.Unban)
}

type leaveRequest struct {
	Room   string `path:"roomId" json:"-"`
	Reason string `json:"reason"`
}

// Leave answers POST /rooms/{roomId}/leave.
func (api API) Leave(ctx context.Context, who *audit.Caller, in leaveRequest) (none, error) {
	return none{}, api.Members.Leave(ctx, who, in.Room, in.Reason)
}

type ofRoom struct {
	Room string `path:"roomId" json:"-"`
}

// Forget answers POST /rooms/{roomId}/forget.
func (api API) Forget(ctx context.Context, who *audit.Caller, in ofRoom) (none, error) {
	return none{}, api.Members.rooms.Forget(ctx, who, in.Room)
}

// Joined answers GET /joined_rooms.
func (api API) Joined(ctx context.Context, who *audit.Caller, _ none) (struct {
	Rooms []string `json:"joined_rooms"`
}, error) {
	var out struct {
		Rooms []string `json:"joined_rooms"`
	}
	all, err := api.Members.rooms.Joined(ctx, who.User, "join")
	out.Rooms = make([]string, 0, len(all))
	for _, m := range all {
		out.Rooms = append(out.Rooms, m.RoomID)
	}
	return out, err
}

type membersRequest struct {
	Room string `path:"roomId" json:"-"`
	At   string `query:"at" json:"-"`
	Only string `query:"membership" json:"-"`
	Not  string `query:"not_membership" json:"-"`
}

// List answers GET /rooms/{roomId}/members.
func (api API) List(ctx context.Context, who *audit.Caller, in membersRequest) (endpoint.Raw, error) {
	r, err := api.Members.rooms.Open(ctx, who, in.Room, room.Reading)
	if err != nil {
		return nil, err
	}
	at := r.Until
	if in.At != "" {
		pos, err := room.ParseToken(in.At)
		if err != nil {
			return nil, err
		}
		at = r.Spans.UpTo(pos) // not who was there while the reader was not
	}
	events, err := api.Members.rooms.StateAt(ctx, r.Live, at)
	if err != nil {
		return nil, err
	}
	b := []byte(`{"chunk":[`)
	comma := len(b)
	for _, ev := range events {
		is := ev.Membership()
		if ev.Type != "m.room.member" || in.Only != "" && is != in.Only || in.Not != "" && is == in.Not {
			continue
		}
		if len(b) > comma {
			b = append(b, ',')
		}
		b = ev.Append(b, room.Reader{RoomID: r.ID})
	}
	return append(b, "]}"...), nil
}

type joinedMember struct {
	Name   string `json:"display_name,omitempty"`
	Avatar string `json:"avatar_url,omitempty"`
}

// Present answers GET /rooms/{roomId}/joined_members. Only members may ask.
func (api API) Present(ctx context.Context, who *audit.Caller, in ofRoom) (struct {
	Joined map[string]joinedMember `json:"joined"`
}, error) {
	var out struct {
		Joined map[string]joinedMember `json:"joined"`
	}
	r, err := api.Members.rooms.Open(ctx, who, in.Room, room.Belonging)
	if err != nil {
		return out, err
	}
	out.Joined = map[string]joinedMember{}
	for _, user := range r.Members("join") {
		ev := r.State("m.room.member", user)
		if ev == nil {
			continue
		}
		out.Joined[user] = joinedMember{gjson.GetBytes(ev.Content, "displayname").Str, gjson.GetBytes(ev.Content, "avatar_url").Str}
	}
	return out, nil
}
