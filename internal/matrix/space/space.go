// Package space shows rooms from outside: the summary of one, the tree of a space, and the trust's list of published rooms
// (client-server API, "Spaces", "Room Summary", "Published room directory"). It decides who may know that a room exists;
// what is said in it is no concern of this package.
package space

import (
	"context"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/listing"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// Spaces shows the rooms of the server.
type Spaces struct {
	rooms   *room.Rooms
	listing *listing.Listing
}

// New gives the spaces among rooms, and shows the listed ones.
func New(rooms *room.Rooms, listed *listing.Listing) *Spaces { return &Spaces{rooms, listed} }

// Summary is what is shown of a room: client-server API, RoomSummary and PublishedRoomsChunk.
type Summary struct {
	RoomID        string   `json:"room_id"`
	Name          string   `json:"name,omitempty"`
	Topic         string   `json:"topic,omitempty"`
	Avatar        string   `json:"avatar_url,omitempty"`
	Alias         string   `json:"canonical_alias,omitempty"`
	Joined        int      `json:"num_joined_members"`
	WorldReadable bool     `json:"world_readable"`
	GuestCanJoin  bool     `json:"guest_can_join"`
	JoinRule      string   `json:"join_rule,omitempty"`
	Type          string   `json:"room_type,omitempty"`
	Kind          string   `json:"org.wardline.kind,omitempty"` // clinical, operational, social: docs/protocol.md
	Allowed       []string `json:"allowed_room_ids,omitempty"`
	Encryption    string   `json:"encryption,omitempty"`
	Version       string   `json:"room_version,omitempty"`
}

// text gives a text of the content of a state event, or "".
func text(l *room.Live, typ, path string) string {
	ev := l.State(typ, "")
	if ev == nil {
		return ""
	}
	if v := gjson.GetBytes(ev.Content, path); v.Type == gjson.String {
		return v.Str
	}
	return ""
}

func joinRule(l *room.Live) string {
	if rule := text(l, "m.room.join_rules", "join_rule"); rule != "" {
		return rule
	}
	return "invite"
}

// summarise gives the summary of a loaded room.
func summarise(l *room.Live) Summary {
	joined, _ := l.Counts()
	s := Summary{
		RoomID: l.ID, Joined: joined, JoinRule: joinRule(l), Version: string(l.Version),
		Name:          text(l, "m.room.name", "name"),
		Topic:         text(l, "m.room.topic", "topic"),
		Avatar:        text(l, "m.room.avatar", "url"),
		Alias:         text(l, "m.room.canonical_alias", "alias"),
		Type:          text(l, "m.room.create", "type"),
		Kind:          text(l, "m.room.create", `org\.wardline\.kind`),
		Encryption:    text(l, "m.room.encryption", "algorithm"),
		WorldReadable: isWorldReadable(l),
		GuestCanJoin:  text(l, "m.room.guest_access", "guest_access") == "can_join",
	}
	if isRestricted(s.JoinRule) {
		s.Allowed = allowed(l)
	}
	return s
}

func isWorldReadable(l *room.Live) bool {
	return text(l, "m.room.history_visibility", "history_visibility") == "world_readable"
}

func isRestricted(rule string) bool { return rule == "restricted" || rule == "knock_restricted" }

// allowedMost bounds the rooms of a join rule that are looked at; package room lets in by no more of them.
const allowedMost = 100

// allowed gives the rooms whose members a join rule lets in.
func allowed(l *room.Live) (out []string) {
	ev := l.State("m.room.join_rules", "")
	if ev == nil {
		return nil
	}
	for i, a := range gjson.GetBytes(ev.Content, "allow").Array() {
		if i == allowedMost {
			break
		}
		if id := a.Get("room_id"); a.Get("type").Str == "m.room_membership" && id.Type == gjson.String {
			out = append(out, id.Str)
		}
	}
	return out
}

// accessible reports whether somebody may be shown that a loaded room exists: members and the invited, whoever may join or
// ask to, and anyone where the history is for all to read. Nobody else, and of the banned only the last.
// Client-server API, GET /rooms/{roomId}/hierarchy.
func (s *Spaces) accessible(ctx context.Context, who *audit.Caller, l *room.Live) bool {
	if isWorldReadable(l) {
		return true
	}
	switch l.Membership(who.User) {
	case "join", "invite":
		return true
	case "ban":
		return false
	}
	switch joinRule(l) {
	case "public", "knock", "knock_restricted":
		return true
	case "restricted":
		return s.inAny(ctx, who, allowed(l))
	}
	return false
}

func (s *Spaces) inAny(ctx context.Context, who *audit.Caller, rooms []string) bool {
	for _, id := range rooms {
		l, err := s.load(ctx, id)
		if err == nil && l.Membership(who.User) == "join" {
			return true
		}
	}
	return false
}

func (s *Spaces) load(ctx context.Context, id string) (*room.Live, error) {
	l, err := s.rooms.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return l, s.rooms.Load(ctx, l)
}

// Of gives the summary of a room, by id or alias, and what the caller is in it: GET /room_summary/{roomIdOrAlias}.
// errs.NotFound when there is none that they may know of.
func (s *Spaces) Of(ctx context.Context, who *audit.Caller, idOrAlias string) (sum Summary, membership string, err error) {
	var l *room.Live
	if idOrAlias != "" && idOrAlias[0] == '#' {
		l, err = s.listing.Aliased(ctx, idOrAlias)
	} else {
		l, err = s.rooms.Find(ctx, idOrAlias)
	}
	if err != nil {
		return sum, "", err
	}
	if err := s.rooms.Load(ctx, l); err != nil {
		return sum, "", err
	}
	if !s.accessible(ctx, who, l) {
		return sum, "", errs.Absent("There is no such conversation.")
	}
	return summarise(l), l.Membership(who.User), nil
}

// Published lists the rooms that the trust has published, the largest first: GET and POST /publicRooms. server is "" or this
// server: there are no others.
func (s *Spaces) Published(ctx context.Context, server string, ask listing.Ask) (*listing.Page, error) {
	if server != "" && server != s.rooms.ServerName() {
		return nil, errs.Absent("This server lists no rooms of other servers.")
	}
	return s.listing.Page(ctx, ask)
}
