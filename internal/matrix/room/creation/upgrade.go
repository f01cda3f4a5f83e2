package creation

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// carried are the state events a replacement room takes over: client-server API, "Room upgrades", server behaviour.
var carried = []string{
	"m.room.server_acl", "m.room.encryption", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.guest_access",
	"m.room.history_visibility", "m.room.join_rules",
}

// Upgrade replaces a room by one of another version: the new room takes over state, bans and aliases, the old one gets
// a tombstone and is closed to messages. creators are additional creators of the new room (version 12).
func (m *Maker) Upgrade(ctx context.Context, who *audit.Caller, in, version string, creators []string) (*room.Live, error) {
	old, err := m.rooms.Open(ctx, who, in, room.Belonging)
	if err != nil {
		return nil, err
	}
	if _, err := m.version(version); err != nil {
		return nil, err
	}
	levels := old.Levels()
	if levels.User(who.User) < levels.Event("m.room.tombstone", true) {
		return nil, errs.Forbid("You may not upgrade this conversation.")
	}
	fresh, err := m.Create(ctx, who, m.successor(old, who, version, creators))
	if err != nil {
		return nil, err
	}
	_, err = m.rooms.AppendWith(ctx, who, old.Live, room.StateDraft("m.room.tombstone", "", map[string]any{
		"body": "This conversation continues in another one.", "replacement_room": fresh.ID,
	}), func(tx *store.Tx, _ *room.Event) error {
		return m.listing.Move(tx, old.Live, fresh)
	})
	if err != nil {
		return nil, err
	}
	m.closeOld(ctx, who, old.Live, levels.UsersDefault())
	return fresh, nil
}

// successor describes the room that replaces another.
func (m *Maker) successor(old *room.Room, who *audit.Caller, version string, creators []string) Creation {
	c := Creation{Version: version, Preset: "private_chat", Content: map[string]any{}, Levels: map[string]any{}}
	if create := old.State("m.room.create", ""); create != nil {
		var content map[string]any
		if json.Unmarshal(create.Content, &content) == nil {
			for k, v := range content {
				c.Content[k] = v
			}
		}
	}
	delete(c.Content, "additional_creators")
	if matrix.RoomVersion(version).PrivilegedCreators() && len(creators) > 0 {
		c.Content["additional_creators"] = creators
	}
	c.Content["predecessor"] = map[string]any{"room_id": old.ID}
	if pl := old.State("m.room.power_levels", ""); pl != nil {
		var content map[string]any
		if json.Unmarshal(pl.Content, &content) == nil {
			c.Levels = carryLevels(content, matrix.RoomVersion(version), append(creators, who.User), old.Version)
		}
	}
	for _, typ := range carried {
		if ev := old.State(typ, ""); ev != nil {
			c.State = append(c.State, Initial{Type: typ, Content: jsonRaw(ev.Content)})
		}
	}
	for _, user := range old.Members("ban") {
		c.State = append(c.State, Initial{Type: "m.room.member", StateKey: user, Content: jsonRaw(old.State("m.room.member", user).Content)})
	}
	return c
}

// carryLevels adapts power levels to the new version: creators of version 12 are not listed, those of older ones are.
func carryLevels(levels map[string]any, version matrix.RoomVersion, creators []string, from matrix.RoomVersion) map[string]any {
	users, _ := levels["users"].(map[string]any)
	kept := map[string]any{}
	for u, n := range users {
		kept[u] = n
	}
	events, _ := levels["events"].(map[string]any)
	if events == nil {
		events = map[string]any{}
	}
	if version.PrivilegedCreators() {
		for _, u := range creators {
			delete(kept, u)
		}
		if n, ok := events["m.room.tombstone"].(float64); !ok || n < 150 {
			events["m.room.tombstone"] = 150
		}
	} else {
		kept[creators[len(creators)-1]] = 100
		if from.PrivilegedCreators() {
			events["m.room.tombstone"] = 100
		}
	}
	levels["users"], levels["events"] = kept, events
	return levels
}

// closeOld raises what speaking needs in a replaced room, as far as the caller may. That it cannot be done is no
// reason to fail: the tombstone stands.
func (m *Maker) closeOld(ctx context.Context, who *audit.Caller, l *room.Live, usersDefault int64) {
	pl := l.State("m.room.power_levels", "")
	if pl == nil {
		return
	}
	var content map[string]any
	if json.Unmarshal(pl.Content, &content) != nil {
		return
	}
	least := max(50, usersDefault+1)
	for _, what := range []string{"events_default", "invite"} {
		if gjson.GetBytes(pl.Content, what).Int() < least {
			content[what] = least
		}
	}
	if _, err := m.rooms.Append(ctx, who, l, room.StateDraft("m.room.power_levels", "", content)); err != nil {
		m.log.Debug("room: the replaced room stays open to messages", "err", err)
	}
}

func jsonRaw(b []byte) []byte { return jsontext.Value(b).Clone() }
