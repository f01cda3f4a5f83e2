package creation

import (
	"context"
	"slices"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/listing"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// presets are the join rule and guest access that a preset stands for.
var presets = map[string]struct{ join, guests string }{
	"private_chat":         {"invite", "can_join"},
	"trusted_private_chat": {"invite", "can_join"},
	"public_chat":          {"public", "forbidden"},
}

// firstEvents lists the events of a new room in the order the specification gives.
func (m *Maker) firstEvents(ctx context.Context, version matrix.RoomVersion, c *Creation) ([]*room.Draft, error) {
	if c.Preset == "" {
		c.Preset = map[bool]string{true: "public_chat", false: "private_chat"}[c.Listed]
	}
	preset, ok := presets[c.Preset]
	if !ok {
		return nil, errs.BadParam("The preset must be private_chat, trusted_private_chat or public_chat.")
	}
	create, err := createContent(version, c)
	if err != nil {
		return nil, err
	}
	join, err := m.rooms.MemberContent(ctx, c.Sender, "join", "")
	if err != nil {
		return nil, err
	}
	out := []*room.Draft{
		room.StateDraft("m.room.create", "", create),
		room.StateDraft("m.room.member", c.Sender, join),
		room.StateDraft("m.room.power_levels", "", powerLevels(version, c)),
	}
	if c.Alias != "" {
		out = append(out, room.StateDraft("m.room.canonical_alias", "", map[string]any{"alias": c.Alias}))
	}
	given := map[room.StateKey]bool{}
	var initial []*room.Draft
	for _, s := range c.State {
		if s.Type == "m.room.encryption" && !m.conf.Encryption {
			continue // the trust reads its rooms; the client is told by the state it then finds
		}
		if s.Type == "" || len(s.Content) == 0 {
			return nil, errs.BadJSON("Each entry of initial_state needs a type and a content.")
		}
		if err := m.checkInitial(ctx, c, s); err != nil {
			return nil, err
		}
		given[room.StateKey{Type: s.Type, Key: s.StateKey}] = true
		initial = append(initial, &room.Draft{Type: s.Type, StateKey: &s.StateKey, Content: s.Content})
	}
	for _, d := range []*room.Draft{
		room.StateDraft("m.room.join_rules", "", map[string]any{"join_rule": preset.join}),
		room.StateDraft("m.room.history_visibility", "", map[string]any{"history_visibility": "shared"}),
		room.StateDraft("m.room.guest_access", "", map[string]any{"guest_access": preset.guests}),
	} {
		if !given[room.StateKey{Type: d.Type}] {
			out = append(out, d)
		}
	}
	out = append(out, initial...)
	out = append(out, labels(c)...)
	invites, err := m.invitations(ctx, c)
	return append(out, invites...), err
}

// checkInitial holds state that a new room shall start with against what would be refused later.
func (m *Maker) checkInitial(ctx context.Context, c *Creation, s Initial) error {
	switch s.Type {
	case "m.room.member":
		return m.rooms.CheckMember(ctx, s.StateKey, s.Content)
	case "m.room.canonical_alias":
		for _, alias := range listing.Named(s.Content) {
			if alias != c.Alias {
				return errs.New(errs.Invalid, "M_BAD_ALIAS", "The alias does not point to this room.")
			}
		}
	}
	return nil
}

func labels(c *Creation) (out []*room.Draft) {
	if c.Name != "" {
		out = append(out, room.StateDraft("m.room.name", "", map[string]any{"name": c.Name}))
	}
	if c.Topic != "" {
		out = append(out, room.StateDraft("m.room.topic", "", topicContent(c.Topic)))
	}
	return out
}

// topicContent gives a topic in both forms, plain and as m.text blocks: client-server API, "m.room.topic".
func topicContent(topic string) map[string]any {
	return map[string]any{"topic": topic, "m.topic": map[string]any{"m.text": []any{map[string]any{"body": topic}}}}
}

func (m *Maker) invitations(ctx context.Context, c *Creation) (out []*room.Draft, err error) {
	for _, user := range dedupe(c.Invite) {
		content, err := m.rooms.MemberContent(ctx, user, "invite", "")
		if err != nil {
			return nil, err
		}
		if c.Direct {
			content["is_direct"] = true
		}
		out = append(out, room.StateDraft("m.room.member", user, content))
	}
	return out, nil
}

// createContent is the content of m.room.create.
func createContent(version matrix.RoomVersion, c *Creation) (map[string]any, error) {
	content := map[string]any{}
	for k, v := range c.Content {
		content[k] = v
	}
	delete(content, "creator") // gone since version 11
	content["room_version"] = string(version)
	if version.PrivilegedCreators() && c.Preset == "trusted_private_chat" && len(c.Invite) > 0 {
		var creators []string
		if given, ok := content["additional_creators"].([]any); ok {
			for _, u := range given {
				s, ok := u.(string)
				if !ok {
					return nil, errs.BadJSON("additional_creators is a list of user ids.")
				}
				creators = append(creators, s)
			}
		}
		content["additional_creators"] = dedupe(append(creators, c.Invite...))
	}
	return content, nil
}

// powerLevels are the levels a new room starts with.
func powerLevels(version matrix.RoomVersion, c *Creation) map[string]any {
	users := map[string]any{}
	tombstone := 100
	if version.PrivilegedCreators() {
		tombstone = 150 // only a creator may end a room
	} else {
		users[c.Sender] = 100
		if c.Preset == "trusted_private_chat" {
			for _, u := range c.Invite {
				users[u] = 100
			}
		}
	}
	levels := map[string]any{
		"users": users, "users_default": 0, "events_default": 0, "state_default": 50,
		"ban": 50, "kick": 50, "redact": 50, "invite": 0, "notifications": map[string]any{"room": 50},
		"events": map[string]any{
			"m.room.name": 50, "m.room.avatar": 50, "m.room.canonical_alias": 50, "m.room.topic": 50,
			"m.room.power_levels": 100, "m.room.history_visibility": 100, "m.room.encryption": 100,
			"m.room.server_acl": 100, "m.room.tombstone": tombstone,
		},
	}
	for k, v := range c.Levels {
		levels[k] = v
	}
	return levels
}

func dedupe(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}
