package client

import (
	"context"
	"net/http"
	"net/url"
)

// NewRoom is a room to be created; the zero value is a private room of the server's default version.
type NewRoom struct {
	Name               string         `json:"name,omitzero"`
	Topic              string         `json:"topic,omitzero"`
	Preset             string         `json:"preset,omitzero"`     // private_chat, trusted_private_chat, public_chat
	Visibility         string         `json:"visibility,omitzero"` // public: listed in the directory
	Alias              string         `json:"room_alias_name,omitzero"`
	Version            string         `json:"room_version,omitzero"`
	Direct             bool           `json:"is_direct,omitzero"`
	Invite             []string       `json:"invite,omitempty"`
	CreationContent    Object         `json:"creation_content,omitempty"`
	InitialState       []InitialState `json:"initial_state,omitempty"`
	PowerLevelOverride Object         `json:"power_level_content_override,omitempty"`
}

// InitialState is a state event a room starts with.
type InitialState struct {
	Type     string `json:"type"`
	StateKey string `json:"state_key"`
	Content  any    `json:"content"`
}

// CreateRoom creates a room and answers its id.
func (c *Client) CreateRoom(ctx context.Context, spec NewRoom) (roomID string, err error) {
	return c.roomAnswer(ctx, v3("createRoom"), nil, spec)
}

func (c *Client) roomAnswer(ctx context.Context, path string, query url.Values, body any) (string, error) {
	var answer struct {
		RoomID string `json:"room_id"`
	}
	err := c.Call(ctx, http.MethodPost, path, query, body, &answer)
	return answer.RoomID, err
}

// Join joins a room by id or alias.
func (c *Client) Join(ctx context.Context, roomIDOrAlias string) (roomID string, err error) {
	return c.roomAnswer(ctx, v3("join", roomIDOrAlias), nil, Object{})
}

// JoinWithReason joins a room by id, by the other of the two endpoints.
func (c *Client) JoinWithReason(ctx context.Context, roomID, reason string) error {
	return c.post(ctx, room(roomID, "join"), because(Object{}, reason), nil)
}

// Knock asks to be let into a room.
func (c *Client) Knock(ctx context.Context, roomIDOrAlias, reason string) (roomID string, err error) {
	return c.roomAnswer(ctx, v3("knock", roomIDOrAlias), nil, because(Object{}, reason))
}

// Leave leaves a room, or declines an invitation, or takes back a knock.
func (c *Client) Leave(ctx context.Context, roomID string) error {
	return c.post(ctx, room(roomID, "leave"), nil, nil)
}

// Forget removes a left room from the user's view.
func (c *Client) Forget(ctx context.Context, roomID string) error {
	return c.post(ctx, room(roomID, "forget"), nil, nil)
}

// Invite invites a user.
func (c *Client) Invite(ctx context.Context, roomID, userID, reason string) error {
	return c.target(ctx, roomID, "invite", userID, reason)
}

// Kick removes a user, who may come back.
func (c *Client) Kick(ctx context.Context, roomID, userID, reason string) error {
	return c.target(ctx, roomID, "kick", userID, reason)
}

// Ban removes a user and keeps them out.
func (c *Client) Ban(ctx context.Context, roomID, userID, reason string) error {
	return c.target(ctx, roomID, "ban", userID, reason)
}

// Unban lets a banned user come back.
func (c *Client) Unban(ctx context.Context, roomID, userID, reason string) error {
	return c.target(ctx, roomID, "unban", userID, reason)
}

func (c *Client) target(ctx context.Context, roomID, verb, userID, reason string) error {
	return c.post(ctx, room(roomID, verb), because(Object{"user_id": userID}, reason), nil)
}

func because(body Object, reason string) Object {
	if reason != "" {
		body["reason"] = reason
	}
	return body
}

// JoinedRooms lists the ids of the rooms the user is in.
func (c *Client) JoinedRooms(ctx context.Context) ([]string, error) {
	var answer struct {
		Rooms []string `json:"joined_rooms"`
	}
	err := c.read(ctx, v3("joined_rooms"), nil, &answer)
	return answer.Rooms, err
}

// MembersOptions narrow a member list; the zero value is every member now.
type MembersOptions struct {
	At            string // a token of a sync or of messages: the members at that point
	Membership    string
	NotMembership string
}

// Members are the m.room.member events of a room.
func (c *Client) Members(ctx context.Context, roomID string, options MembersOptions) ([]Event, error) {
	var answer chunk
	query := params("at", options.At, "membership", options.Membership, "not_membership", options.NotMembership)
	err := c.read(ctx, room(roomID, "members"), query, &answer)
	return answer.Chunk, err
}

// chunk is the answer of endpoints that list events without a page.
type chunk struct {
	Chunk []Event `json:"chunk"`
}

// Profile is how a person is shown.
type Profile struct {
	DisplayName string `json:"displayname,omitzero"`
	AvatarURL   string `json:"avatar_url,omitzero"`
	// Extra are the profile's other fields, such as m.tz.
	Extra map[string]Raw `json:",embed"`
}

// JoinedMembers are the profiles of the users in a room, by user id.
func (c *Client) JoinedMembers(ctx context.Context, roomID string) (map[string]MemberProfile, error) {
	var answer struct {
		Joined map[string]MemberProfile `json:"joined"`
	}
	err := c.read(ctx, room(roomID, "joined_members"), nil, &answer)
	return answer.Joined, err
}

// MemberProfile is how a member is shown in one room.
type MemberProfile struct {
	DisplayName string `json:"display_name"`
	AvatarURL   string `json:"avatar_url"`
}

// State is the whole current state of a room.
func (c *Client) State(ctx context.Context, roomID string) (events []Event, err error) {
	err = c.read(ctx, room(roomID, "state"), nil, &events)
	return events, err
}

// StateContent is the content of one state event.
func (c *Client) StateContent(ctx context.Context, roomID, eventType, stateKey string) (content Raw, err error) {
	err = c.read(ctx, room(roomID, "state", eventType, stateKey), nil, &content)
	return content, err
}

// SetState sends a state event.
func (c *Client) SetState(ctx context.Context, roomID, eventType, stateKey string, content any) (eventID string, err error) {
	return c.eventAnswer(ctx, room(roomID, "state", eventType, stateKey), content)
}

func (c *Client) eventAnswer(ctx context.Context, path string, content any) (string, error) {
	var answer struct {
		EventID string `json:"event_id"`
	}
	err := c.put(ctx, path, content, &answer)
	return answer.EventID, err
}

// Upgrade replaces a room by one of another version and answers its id.
func (c *Client) Upgrade(ctx context.Context, roomID, version string) (replacement string, err error) {
	var answer struct {
		Replacement string `json:"replacement_room"`
	}
	err = c.post(ctx, room(roomID, "upgrade"), Object{"new_version": version}, &answer)
	return answer.Replacement, err
}

// ResolveAlias answers the room an alias names.
func (c *Client) ResolveAlias(ctx context.Context, alias string) (roomID string, servers []string, err error) {
	var answer struct {
		RoomID  string   `json:"room_id"`
		Servers []string `json:"servers"`
	}
	err = c.read(ctx, v3("directory", "room", alias), nil, &answer)
	return answer.RoomID, answer.Servers, err
}

// SetAlias gives a room another name.
func (c *Client) SetAlias(ctx context.Context, alias, roomID string) error {
	return c.put(ctx, v3("directory", "room", alias), Object{"room_id": roomID}, nil)
}

// RemoveAlias takes a name away.
func (c *Client) RemoveAlias(ctx context.Context, alias string) error {
	return c.remove(ctx, v3("directory", "room", alias), nil)
}

// Aliases lists a room's local names.
func (c *Client) Aliases(ctx context.Context, roomID string) ([]string, error) {
	var answer struct {
		Aliases []string `json:"aliases"`
	}
	err := c.read(ctx, room(roomID, "aliases"), nil, &answer)
	return answer.Aliases, err
}

// DirectoryVisibility is "public" for a room listed in the directory, otherwise "private".
func (c *Client) DirectoryVisibility(ctx context.Context, roomID string) (visibility string, err error) {
	var answer struct {
		Visibility string `json:"visibility"`
	}
	err = c.read(ctx, v3("directory", "list", "room", roomID), nil, &answer)
	return answer.Visibility, err
}

// SetDirectoryVisibility lists a room in the directory ("public") or not ("private").
func (c *Client) SetDirectoryVisibility(ctx context.Context, roomID, visibility string) error {
	return c.put(ctx, v3("directory", "list", "room", roomID), Object{"visibility": visibility}, nil)
}

// RoomSummary is what the directory, a space and a summary say of a room.
type RoomSummary struct {
	RoomID         string   `json:"room_id"`
	Name           string   `json:"name"`
	Topic          string   `json:"topic"`
	CanonicalAlias string   `json:"canonical_alias"`
	AvatarURL      string   `json:"avatar_url"`
	RoomType       string   `json:"room_type"`
	RoomVersion    string   `json:"room_version"`
	JoinRule       string   `json:"join_rule"`
	Membership     string   `json:"membership"`
	JoinedMembers  int      `json:"num_joined_members"`
	WorldReadable  bool     `json:"world_readable"`
	GuestCanJoin   bool     `json:"guest_can_join"`
	AllowedRoomIDs []string `json:"allowed_room_ids"`
	ChildrenState  []Event  `json:"children_state"` // in a hierarchy
}

// RoomPage is a page of rooms.
type RoomPage struct {
	Chunk     []RoomSummary `json:"chunk"`
	NextBatch string        `json:"next_batch"`
	PrevBatch string        `json:"prev_batch"`
	Total     int           `json:"total_room_count_estimate"`
}

// PublicRooms searches the directory; an empty term lists it.
func (c *Client) PublicRooms(ctx context.Context, term string, limit int, since string) (page RoomPage, err error) {
	request := Object{"filter": Object{"generic_search_term": term}}
	if limit > 0 {
		request["limit"] = limit
	}
	if since != "" {
		request["since"] = since
	}
	err = c.post(ctx, v3("publicRooms"), request, &page)
	return page, err
}

// Summary describes a room that the user may know of without being in it.
func (c *Client) Summary(ctx context.Context, roomIDOrAlias string) (summary RoomSummary, err error) {
	err = c.read(ctx, v1("room_summary", roomIDOrAlias), nil, &summary)
	return summary, err
}

// HierarchyOptions bound a walk of a space.
type HierarchyOptions struct {
	SuggestedOnly bool
	Limit         int
	MaxDepth      int
	From          string
}

// HierarchyPage is a page of the rooms of a space.
type HierarchyPage struct {
	Rooms     []RoomSummary `json:"rooms"`
	NextBatch string        `json:"next_batch"`
}

// Hierarchy walks the rooms of a space, itself first.
func (c *Client) Hierarchy(ctx context.Context, roomID string, options HierarchyOptions) (page HierarchyPage, err error) {
	query := params("suggested_only", flag(options.SuggestedOnly), "limit", number(options.Limit),
		"max_depth", number(options.MaxDepth), "from", options.From)
	err = c.read(ctx, v1("rooms", roomID, "hierarchy"), query, &page)
	return page, err
}

// ReportEvent brings an event to the attention of the server's administrators.
func (c *Client) ReportEvent(ctx context.Context, roomID, eventID, reason string) error {
	return c.post(ctx, room(roomID, "report", eventID), because(Object{}, reason), nil)
}

// ReportRoom brings a room to the attention of the server's administrators.
func (c *Client) ReportRoom(ctx context.Context, roomID, reason string) error {
	return c.post(ctx, room(roomID, "report"), Object{"reason": reason}, nil)
}
