package room

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is the rooms' face on HTTP: client-server API, "Rooms", what changes them.
type API struct{ Rooms *Rooms }

type none = struct{}

type roomID struct {
	RoomID string `json:"room_id"`
}

type eventID struct {
	EventID string `json:"event_id"`
}

type createRequest struct {
	Visibility string         `json:"visibility"`
	AliasName  string         `json:"room_alias_name"`
	Name       string         `json:"name"`
	Topic      string         `json:"topic"`
	Invite     []string       `json:"invite"`
	Invite3PID []any          `json:"invite_3pid"`
	Version    string         `json:"room_version"`
	Content    map[string]any `json:"creation_content"`
	State      []struct {
		Type     string         `json:"type"`
		StateKey string         `json:"state_key"`
		Content  jsontext.Value `json:"content"`
	} `json:"initial_state"`
	Preset string         `json:"preset"`
	Direct bool           `json:"is_direct"`
	Levels jsontext.Value `json:"power_level_content_override"`
}

// Create answers POST /createRoom.
func (api API) Create(ctx context.Context, who *audit.Caller, in createRequest) (roomID, error) {
	if len(in.Invite3PID) > 0 {
		return roomID{}, errs.New(errs.Forbidden, "M_THREEPID_DENIED", "People are invited by their account, not by e-mail or telephone.")
	}
	if in.Visibility != "" && in.Visibility != "public" && in.Visibility != "private" {
		return roomID{}, errs.BadParam("visibility is public or private.")
	}
	c := Creation{
		Preset: in.Preset, Listed: in.Visibility == "public", Alias: in.AliasName, Name: in.Name, Topic: in.Topic,
		Version: in.Version, Content: in.Content, Invite: in.Invite, Direct: in.Direct,
	}
	if len(in.Levels) > 0 {
		levels, err := integers(in.Levels)
		if err != nil {
			return roomID{}, err
		}
		c.Levels = levels
	}
	for _, s := range in.State {
		c.State = append(c.State, Initial{Type: s.Type, StateKey: s.StateKey, Content: json.RawMessage(s.Content)})
	}
	l, err := api.Rooms.Create(ctx, who, c)
	if err != nil {
		return roomID{}, err
	}
	return roomID{l.ID}, nil
}

// integers decodes an object without turning its numbers into floats, which power levels may not be.
func integers(raw []byte) (out map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		return nil, errs.BadJSON("power_level_content_override must be an object.")
	}
	return out, nil
}

type joinRequest struct {
	Room   string `path:"roomIdOrAlias" json:"-"`
	Reason string `json:"reason"`
}

// Join answers POST /join/{roomIdOrAlias} and POST /rooms/{roomId}/join.
func (api API) Join(ctx context.Context, who *audit.Caller, in joinRequest) (roomID, error) {
	l, err := api.Rooms.Join(ctx, who, in.Room, in.Reason)
	if err != nil {
		return roomID{}, err
	}
	return roomID{l.ID}, nil
}

// Knock answers POST /knock/{roomIdOrAlias}.
func (api API) Knock(ctx context.Context, who *audit.Caller, in joinRequest) (roomID, error) {
	l, err := api.Rooms.Knock(ctx, who, in.Room, in.Reason)
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
	do func(ctx context.Context, who *audit.Caller, room, user, reason string) error) (none, error) {
	if err := in.check(); err != nil {
		return none{}, err
	}
	return none{}, do(ctx, who, in.Room, in.User, in.Reason)
}

// Invite answers POST /rooms/{roomId}/invite.
func (api API) Invite(ctx context.Context, who *audit.Caller, in memberRequest) (none, error) {
	return in.verb(ctx, who, api.Rooms.Invite)
}

// Kick answers POST /rooms/{roomId}/kick.
func (api API) Kick(ctx context.Context, who *audit.Caller, in memberRequest) (none, error) {
	return in.verb(ctx, who, api.Rooms.Kick)
}

// Ban answers POST /rooms/{roomId}/ban.
func (api API) Ban(ctx context.Context, who *audit.Caller, in memberRequest) (none, error) {
	return in.verb(ctx, who, api.Rooms.Ban)
}

// Unban answers POST /rooms/{roomId}/unban.
func (api API) Unban(ctx context.Context, who *audit.Caller, in memberRequest) (none, error) {
	return in.verb(ctx, who, api.Rooms.Unban)
}

type leaveRequest struct {
	Room   string `path:"roomId" json:"-"`
	Reason string `json:"reason"`
}

// Leave answers POST /rooms/{roomId}/leave.
func (api API) Leave(ctx context.Context, who *audit.Caller, in leaveRequest) (none, error) {
	return none{}, api.Rooms.Leave(ctx, who, in.Room, in.Reason)
}

type ofRoom struct {
	Room string `path:"roomId" json:"-"`
}

// Forget answers POST /rooms/{roomId}/forget.
func (api API) Forget(ctx context.Context, who *audit.Caller, in ofRoom) (none, error) {
	return none{}, api.Rooms.Forget(ctx, who, in.Room)
}

// Joined answers GET /joined_rooms.
func (api API) Joined(ctx context.Context, who *audit.Caller, _ none) (struct {
	Rooms []string `json:"joined_rooms"`
}, error) {
	var out struct {
		Rooms []string `json:"joined_rooms"`
	}
	all, err := api.Rooms.Joined(ctx, who.User, "join")
	out.Rooms = make([]string, 0, len(all))
	for _, m := range all {
		out.Rooms = append(out.Rooms, m.RoomID)
	}
	return out, err
}

type sendRequest struct {
	Room string         `path:"roomId" json:"-"`
	Type string         `path:"eventType" json:"-"`
	Txn  string         `path:"txnId" json:"-"`
	Body jsontext.Value `body:"raw" json:"-"`
}

// Send answers PUT /rooms/{roomId}/send/{eventType}/{txnId}.
func (api API) Send(ctx context.Context, who *audit.Caller, in sendRequest) (eventID, error) {
	txn, err := txnOf("send/"+in.Room+"/"+in.Type, in.Txn)
	if err != nil {
		return eventID{}, err
	}
	id, err := api.Rooms.Send(ctx, who, in.Room, &Draft{Type: in.Type, Content: in.Body, Txn: txn})
	return eventID{id}, err
}

// txnOf bounds a transaction id: it is stored with the event.
func txnOf(path, id string) (Txn, error) {
	if len(id) > 255 {
		return Txn{}, errs.BadParam("A transaction id may be at most 255 bytes long.")
	}
	return Txn{ID: id, Path: path}, nil
}

type stateRequest struct {
	Room string         `path:"roomId" json:"-"`
	Type string         `path:"eventType" json:"-"`
	Key  string         `path:"stateKey" json:"-"`
	Body jsontext.Value `body:"raw" json:"-"`
}

// PutState answers PUT /rooms/{roomId}/state/{eventType}/{stateKey}.
func (api API) PutState(ctx context.Context, who *audit.Caller, in stateRequest) (eventID, error) {
	id, err := api.Rooms.PutState(ctx, who, in.Room, &Draft{Type: in.Type, StateKey: &in.Key, Content: in.Body})
	return eventID{id}, err
}

type redactRequest struct {
	Room   string `path:"roomId" json:"-"`
	Event  string `path:"eventId" json:"-"`
	Txn    string `path:"txnId" json:"-"`
	Reason string `json:"reason"`
}

// Redact answers PUT /rooms/{roomId}/redact/{eventId}/{txnId}.
func (api API) Redact(ctx context.Context, who *audit.Caller, in redactRequest) (eventID, error) {
	txn, err := txnOf("redact/"+in.Room+"/"+in.Event, in.Txn)
	if err != nil {
		return eventID{}, err
	}
	id, err := api.Rooms.Redact(ctx, who, in.Room, in.Event, in.Reason, txn)
	return eventID{id}, err
}

type upgradeRequest struct {
	Room     string   `path:"roomId" json:"-"`
	Version  string   `json:"new_version"`
	Creators []string `json:"additional_creators"`
}

// Upgrade answers POST /rooms/{roomId}/upgrade.
func (api API) Upgrade(ctx context.Context, who *audit.Caller, in upgradeRequest) (struct {
	Room string `json:"replacement_room"`
}, error) {
	var out struct {
		Room string `json:"replacement_room"`
	}
	l, err := api.Rooms.Upgrade(ctx, who, in.Room, in.Version, in.Creators)
	if err == nil {
		out.Room = l.ID
	}
	return out, err
}

type reportRequest struct {
	Room   string `path:"roomId" json:"-"`
	Event  string `path:"eventId" json:"-"`
	Reason string `json:"reason"`
}

// ReportEvent answers POST /rooms/{roomId}/report/{eventId}.
func (api API) ReportEvent(ctx context.Context, who *audit.Caller, in reportRequest) (none, error) {
	return none{}, api.Rooms.Report(ctx, who, in.Room, in.Event, "", in.Reason)
}

// ReportRoom answers POST /rooms/{roomId}/report.
func (api API) ReportRoom(ctx context.Context, who *audit.Caller, in leaveRequest) (none, error) {
	return none{}, api.Rooms.Report(ctx, who, in.Room, "", "", in.Reason)
}

type reportUserRequest struct {
	User   string `path:"userId" json:"-"`
	Reason string `json:"reason"`
}

// ReportUser answers POST /users/{userId}/report.
func (api API) ReportUser(ctx context.Context, who *audit.Caller, in reportUserRequest) (none, error) {
	return none{}, api.Rooms.Report(ctx, who, "", "", in.User, in.Reason)
}

// StateOf answers GET /rooms/{roomId}/state.
func (api API) StateOf(ctx context.Context, who *audit.Caller, in ofRoom) (endpoint.Raw, error) {
	r, err := api.Rooms.Open(ctx, who, in.Room, Reading)
	if err != nil {
		return nil, err
	}
	events, err := api.Rooms.StateAt(ctx, r.Live, r.Until)
	if err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, 512*len(events)), '[')
	for i, ev := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = ev.Append(b, Reader{RoomID: r.ID, User: who.User, Device: who.Device})
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
	r, err := api.Rooms.Open(ctx, who, in.Room, Reading)
	if err != nil {
		return nil, err
	}
	ev, err := api.Rooms.StateEventAt(ctx, r.Live, in.Type, in.Key, r.Until)
	if err != nil {
		return nil, err
	}
	if in.Format == "event" {
		return ev.Append(nil, Reader{RoomID: r.ID, User: who.User, Device: who.Device}), nil
	}
	return endpoint.Raw(ev.Content), nil
}

type membersRequest struct {
	Room string `path:"roomId" json:"-"`
	At   string `query:"at" json:"-"`
	Only string `query:"membership" json:"-"`
	Not  string `query:"not_membership" json:"-"`
}

// Members answers GET /rooms/{roomId}/members.
func (api API) Members(ctx context.Context, who *audit.Caller, in membersRequest) (endpoint.Raw, error) {
	r, err := api.Rooms.Open(ctx, who, in.Room, Reading)
	if err != nil {
		return nil, err
	}
	at := r.Until
	if in.At != "" {
		pos, err := ParseToken(in.At)
		if err != nil {
			return nil, err
		}
		at = r.Spans.upTo(pos) // not who was there while the reader was not
	}
	events, err := api.Rooms.StateAt(ctx, r.Live, at)
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
		b = ev.Append(b, Reader{RoomID: r.ID})
	}
	return append(b, "]}"...), nil
}

type joinedMember struct {
	Name   string `json:"display_name,omitempty"`
	Avatar string `json:"avatar_url,omitempty"`
}

// JoinedMembers answers GET /rooms/{roomId}/joined_members. Only members may ask.
func (api API) JoinedMembers(ctx context.Context, who *audit.Caller, in ofRoom) (struct {
	Joined map[string]joinedMember `json:"joined"`
}, error) {
	var out struct {
		Joined map[string]joinedMember `json:"joined"`
	}
	r, err := api.Rooms.Open(ctx, who, in.Room, Belonging)
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
