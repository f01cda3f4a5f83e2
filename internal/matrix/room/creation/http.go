package creation

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is the making of rooms on HTTP: client-server API, "Creating new rooms", "Room upgrades".
type API struct{ Maker *Maker }

type roomID struct {
	RoomID string `json:"room_id"`
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
	l, err := api.Maker.Create(ctx, who, c)
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
	l, err := api.Maker.Upgrade(ctx, who, in.Room, in.Version, in.Creators)
	if err == nil {
		out.Room = l.ID
	}
	return out, err
}
