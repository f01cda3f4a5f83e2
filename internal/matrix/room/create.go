package room

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Creation is what a new room shall be: client-server API, "Creating new rooms".
type Creation struct {
	Preset      string // private_chat, public_chat, trusted_private_chat; "": by Listed
	Listed      bool   // in the trust's room directory
	Alias       string // local part, or ""
	Name, Topic string
	Version     string         // "": the configured default
	Content     map[string]any // further members of m.room.create
	Levels      map[string]any // laid over the default power levels
	State       []Initial
	Invite      []string
	Direct      bool
	Sender      string // empty: the caller. The trust's own account may create rooms in somebody's stead
	TS          int64  // ms UTC; 0: now
}

// Initial is a state event of a new room.
type Initial struct {
	Type     string
	StateKey string
	Content  json.RawMessage
}

// Limits of one creation.
const (
	maxInvites = 500
	maxInitial = 500
)

// Create makes a room with its first events and invitations, all in one transaction.
func (rs *Rooms) Create(ctx context.Context, who *audit.Caller, c Creation) (*Live, error) {
	if c.Sender == "" {
		c.Sender = who.User
	}
	now := c.TS == 0
	for try := 0; ; try++ {
		if now {
			c.TS = rs.instant()
		}
		l, err := rs.create(ctx, who, c)
		if !now || !store.IsConflict(err) || try == 5 {
			return l, err
		}
		// Another node made a room of the same content for the same person in the same millisecond.
	}
}

// instant is the time for a create event, in ms: each is later than the last. In version 12 two rooms made by one person
// at one time would be the same room.
func (rs *Rooms) instant() int64 {
	for {
		last := rs.made.Load()
		next := max(last+1, time.Now().UnixMilli())
		if rs.made.CompareAndSwap(last, next) {
			return next
		}
	}
}

func (rs *Rooms) create(ctx context.Context, who *audit.Caller, c Creation) (*Live, error) {
	l, err := rs.blank(c)
	if err != nil {
		return nil, err
	}
	if c.Alias, err = rs.fullAlias(c.Alias); err != nil {
		return nil, err
	}
	drafts, err := rs.firstEvents(ctx, l.Version, &c)
	if err != nil {
		return nil, err
	}
	b := &builder{rooms: rs, room: l, overlay: map[StateKey]*Event{}}
	for i, d := range drafts {
		d.Sender, d.TS = c.Sender, c.TS
		if err := rs.pass(ctx, who, l, d); err != nil {
			return nil, err
		}
		ev, err := b.add(who, d)
		if err != nil {
			return nil, invalidState(err)
		}
		if i == 0 {
			l.ID = ev.RoomID
		}
	}
	err = rs.db.Write(ctx, func(tx *store.Tx) error {
		return rs.commit(tx, who, b, func(tx *store.Tx, _ []*Event) error { return rs.enlist(tx, l, c) })
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// enlist writes what the directory holds of a new room.
func (rs *Rooms) enlist(tx *store.Tx, l *Live, c Creation) error {
	if c.Alias != "" {
		taken, err := aliasTaken(tx, c.Alias)
		if err != nil {
			return err
		}
		if taken {
			return errs.New(errs.Invalid, "M_ROOM_IN_USE", "That alias is already taken.")
		}
		if err := insertAlias(tx, c.Alias, l.NR, c.Sender, tx.Now().UnixMilli()); err != nil {
			return err
		}
	}
	if c.Listed {
		return putPublished(tx, l.NR, true)
	}
	return nil
}

// blank makes the room without events. A room of version 12 has no id until its create event is built.
func (rs *Rooms) blank(c Creation) (*Live, error) {
	version := matrix.RoomVersion(c.Version)
	if version == "" {
		version = rs.conf.Default
	}
	if !version.Known() {
		return nil, errs.New(errs.Invalid, "M_UNSUPPORTED_ROOM_VERSION", "Room versions 11 and 12 are supported here.")
	}
	if len(c.Invite) > maxInvites || len(c.State) > maxInitial {
		return nil, errs.BadParam("At most %d people can be invited and %d state events set when a room is created.", maxInvites, maxInitial)
	}
	l := &Live{Version: version, rooms: rs}
	if !version.CreateIsRoom() {
		id, err := matrix.NewRoomID(rand.Reader, rs.conf.ServerName)
		if err != nil {
			return nil, err
		}
		l.ID = id
	}
	// Everything that will ever have happened in this room is at hand: it need not be loaded.
	l.full = &snapshot{state: map[StateKey]*Event{}, timeline: make([]*Event, 0, timelineMost+1)}
	return l, nil
}

// presets are the join rule and guest access that a preset stands for.
var presets = map[string]struct{ join, guests string }{
	"private_chat":         {"invite", "can_join"},
	"trusted_private_chat": {"invite", "can_join"},
	"public_chat":          {"public", "forbidden"},
}

// firstEvents lists the events of a new room in the order the specification gives.
func (rs *Rooms) firstEvents(ctx context.Context, version matrix.RoomVersion, c *Creation) ([]*Draft, error) {
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
	join, err := rs.memberContent(ctx, c.Sender, "join", "")
	if err != nil {
		return nil, err
	}
	out := []*Draft{
		state("m.room.create", "", create),
		state("m.room.member", c.Sender, join),
		state("m.room.power_levels", "", powerLevels(version, c)),
	}
	if c.Alias != "" {
		out = append(out, state("m.room.canonical_alias", "", map[string]any{"alias": c.Alias}))
	}
	given := map[StateKey]bool{}
	var initial []*Draft
	for _, s := range c.State {
		if s.Type == "m.room.encryption" && !rs.conf.Encryption {
			continue // the trust reads its rooms; the client is told by the state it then finds
		}
		if s.Type == "" || len(s.Content) == 0 {
			return nil, errs.BadJSON("Each entry of initial_state needs a type and a content.")
		}
		if err := rs.checkInitial(ctx, c, s); err != nil {
			return nil, err
		}
		given[StateKey{Type: s.Type, Key: s.StateKey}] = true
		initial = append(initial, &Draft{Type: s.Type, StateKey: &s.StateKey, Content: s.Content})
	}
	for _, d := range []*Draft{
		state("m.room.join_rules", "", map[string]any{"join_rule": preset.join}),
		state("m.room.history_visibility", "", map[string]any{"history_visibility": "shared"}),
		state("m.room.guest_access", "", map[string]any{"guest_access": preset.guests}),
	} {
		if !given[StateKey{Type: d.Type}] {
			out = append(out, d)
		}
	}
	out = append(out, initial...)
	out = append(out, labels(c)...)
	invites, err := rs.invitations(ctx, c)
	return append(out, invites...), err
}

// checkInitial holds state that a new room shall start with against what checkState would refuse later.
func (rs *Rooms) checkInitial(ctx context.Context, c *Creation, s Initial) error {
	switch s.Type {
	case "m.room.member":
		return rs.checkMember(ctx, s.StateKey, s.Content)
	case "m.room.canonical_alias":
		for _, alias := range aliasesIn(s.Content) {
			if alias != c.Alias {
				return errs.New(errs.Invalid, "M_BAD_ALIAS", "The alias does not point to this room.")
			}
		}
	}
	return nil
}

func labels(c *Creation) (out []*Draft) {
	if c.Name != "" {
		out = append(out, state("m.room.name", "", map[string]any{"name": c.Name}))
	}
	if c.Topic != "" {
		out = append(out, state("m.room.topic", "", topicContent(c.Topic)))
	}
	return out
}

// topicContent gives a topic in both forms, plain and as m.text blocks: client-server API, "m.room.topic".
func topicContent(topic string) map[string]any {
	return map[string]any{"topic": topic, "m.topic": map[string]any{"m.text": []any{map[string]any{"body": topic}}}}
}

func (rs *Rooms) invitations(ctx context.Context, c *Creation) (out []*Draft, err error) {
	for _, user := range dedupe(c.Invite) {
		content, err := rs.memberContent(ctx, user, "invite", "")
		if err != nil {
			return nil, err
		}
		if c.Direct {
			content["is_direct"] = true
		}
		out = append(out, state("m.room.member", user, content))
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

// invalidState turns a refusal of one of a new room's first events into the answer to its creation.
func invalidState(err error) error {
	if errs.Is(err, errs.Forbidden) {
		return errs.New(errs.Invalid, "M_INVALID_ROOM_STATE", "The room cannot start with this state: %s", err.Error())
	}
	return err
}

func state(typ, key string, content map[string]any) *Draft {
	return &Draft{Type: typ, StateKey: &key, Content: object(content)}
}

func dedupe(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}
