package client

import (
	"context"
	"net/http"

	"github.com/tidwall/gjson"
)

// Profile reads how a user is shown.
func (c *Client) Profile(ctx context.Context, userID string) (profile Profile, err error) {
	err = c.read(ctx, v3("profile", userID), nil, &profile)
	return profile, err
}

// ProfileField reads one field of a profile, such as displayname.
func (c *Client) ProfileField(ctx context.Context, userID, field string) (value Raw, err error) {
	var answer map[string]Raw
	err = c.read(ctx, v3("profile", userID, field), nil, &answer)
	return answer[field], err
}

// SetProfileField sets a field of the user's own profile.
func (c *Client) SetProfileField(ctx context.Context, field string, value any) error {
	return c.put(ctx, v3("profile", c.UserID(), field), Object{field: value}, nil)
}

// RemoveProfileField removes a field of the user's own profile.
func (c *Client) RemoveProfileField(ctx context.Context, field string) error {
	return c.remove(ctx, v3("profile", c.UserID(), field), nil)
}

// SetDisplayName sets the user's own display name.
func (c *Client) SetDisplayName(ctx context.Context, name string) error {
	return c.SetProfileField(ctx, "displayname", name)
}

// AccountData reads a kind of the user's account data; roomID empty for that of no room.
func (c *Client) AccountData(ctx context.Context, roomID, kind string) (content Raw, err error) {
	err = c.read(ctx, c.accountDataPath(roomID, kind), nil, &content)
	return content, err
}

// SetAccountData writes a kind of the user's account data; roomID empty for that of no room.
func (c *Client) SetAccountData(ctx context.Context, roomID, kind string, content any) error {
	return c.put(ctx, c.accountDataPath(roomID, kind), content, nil)
}

func (c *Client) accountDataPath(roomID, kind string) string {
	if roomID == "" {
		return v3("user", c.UserID(), "account_data", kind)
	}
	return v3("user", c.UserID(), "rooms", roomID, "account_data", kind)
}

// Tag is a label of a room with its place in the list, 0 first and 1 last; nil for no place.
type Tag struct {
	Order *float64 `json:"order,omitzero"`
}

// Tags are the user's labels of a room.
func (c *Client) Tags(ctx context.Context, roomID string) (map[string]Tag, error) {
	var answer struct {
		Tags map[string]Tag `json:"tags"`
	}
	err := c.read(ctx, v3("user", c.UserID(), "rooms", roomID, "tags"), nil, &answer)
	return answer.Tags, err
}

// SetTag labels a room, for instance m.favourite.
func (c *Client) SetTag(ctx context.Context, roomID, tag string, value Tag) error {
	return c.put(ctx, v3("user", c.UserID(), "rooms", roomID, "tags", tag), value, nil)
}

// RemoveTag takes a label away.
func (c *Client) RemoveTag(ctx context.Context, roomID, tag string) error {
	return c.remove(ctx, v3("user", c.UserID(), "rooms", roomID, "tags", tag), nil)
}

// CreateFilter stores a filter and answers its id.
func (c *Client) CreateFilter(ctx context.Context, filter any) (filterID string, err error) {
	var answer struct {
		FilterID string `json:"filter_id"`
	}
	err = c.post(ctx, v3("user", c.UserID(), "filter"), filter, &answer)
	return answer.FilterID, err
}

// Filter reads a stored filter.
func (c *Client) Filter(ctx context.Context, filterID string) (filter Raw, err error) {
	err = c.read(ctx, v3("user", c.UserID(), "filter", filterID), nil, &filter)
	return filter, err
}

// UserFound is a person the directory found.
type UserFound struct {
	UserID      string `json:"user_id"`
	DisplayName string `json:"display_name"`
	AvatarURL   string `json:"avatar_url"`
	Job         string `json:"org.wardline.job"`
	Ward        string `json:"org.wardline.ward"`
}

// SearchUsers searches the user directory; limited says that there are more.
func (c *Client) SearchUsers(ctx context.Context, term string, limit int) (found []UserFound, limited bool, err error) {
	var answer struct {
		Results []UserFound `json:"results"`
		Limited bool        `json:"limited"`
	}
	request := Object{"search_term": term}
	if limit > 0 {
		request["limit"] = limit
	}
	err = c.post(ctx, v3("user_directory", "search"), request, &answer)
	return answer.Results, answer.Limited, err
}

// Search is a full-text search of room events; see the specification for Filter and EventContext.
type Search struct {
	Term         string   `json:"search_term"`
	Keys         []string `json:"keys,omitempty"`
	OrderBy      string   `json:"order_by,omitzero"` // recent or rank
	Filter       Object   `json:"filter,omitempty"`
	EventContext Object   `json:"event_context,omitempty"`
	IncludeState bool     `json:"include_state,omitzero"`
	Groupings    Object   `json:"groupings,omitempty"`
}

// Found is a page of what a search found.
type Found struct {
	Count      int                `json:"count"`
	Highlights []string           `json:"highlights"`
	NextBatch  string             `json:"next_batch"`
	Results    []FoundEvent       `json:"results"`
	Groups     Raw                `json:"groups"`
	State      map[string][]Event `json:"state"`
}

// FoundEvent is one event found, with its surroundings when they were asked for.
type FoundEvent struct {
	Rank    float64      `json:"rank"`
	Result  Event        `json:"result"`
	Context EventContext `json:"context"`
}

// Search finds events by their text; nextBatch continues an earlier search, empty begins one.
func (c *Client) Search(ctx context.Context, search Search, nextBatch string) (Found, error) {
	var answer struct {
		Categories struct {
			RoomEvents Found `json:"room_events"`
		} `json:"search_categories"`
	}
	body := Object{"search_categories": Object{"room_events": search}}
	err := c.Call(ctx, http.MethodPost, v3("search"), params("next_batch", nextBatch), body, &answer)
	return answer.Categories.RoomEvents, err
}

// Pusher is where and how a device wants to be woken. An empty kind is sent as null, which removes the pusher.
type Pusher struct {
	AppID             string `json:"app_id"`
	PushKey           string `json:"pushkey"`
	Kind              string `json:"kind"`
	AppDisplayName    string `json:"app_display_name"`
	DeviceDisplayName string `json:"device_display_name"`
	ProfileTag        string `json:"profile_tag,omitzero"`
	Lang              string `json:"lang"`
	Data              Object `json:"data"`
}

// Pushers lists the user's pushers.
func (c *Client) Pushers(ctx context.Context) ([]Pusher, error) {
	var answer struct {
		Pushers []Pusher `json:"pushers"`
	}
	err := c.read(ctx, v3("pushers"), nil, &answer)
	return answer.Pushers, err
}

// SetPusher creates or changes a pusher; add keeps those of other users with the same key.
func (c *Client) SetPusher(ctx context.Context, pusher Pusher, add bool) error {
	body := Object{
		"app_id": pusher.AppID, "pushkey": pusher.PushKey, "kind": pusher.Kind,
		"app_display_name": pusher.AppDisplayName, "device_display_name": pusher.DeviceDisplayName,
		"lang": pusher.Lang, "data": pusher.Data, "append": add,
	}
	if pusher.ProfileTag != "" {
		body["profile_tag"] = pusher.ProfileTag
	}
	if pusher.Kind == "" {
		body["kind"] = nil
	}
	return c.post(ctx, v3("pushers", "set"), body, nil)
}

// PushRules is the user's whole rule set: an object with "global".
func (c *Client) PushRules(ctx context.Context) (rules Raw, err error) {
	err = c.read(ctx, v3("pushrules")+"/", nil, &rules)
	return rules, err
}

// PushRule reads one rule. The kind is override, underride, sender, room or content.
func (c *Client) PushRule(ctx context.Context, kind, ruleID string) (rule Raw, err error) {
	err = c.read(ctx, v3("pushrules", "global", kind, ruleID), nil, &rule)
	return rule, err
}

// SetPushRule writes a rule; before and after name the rule it goes next to, or are empty.
func (c *Client) SetPushRule(ctx context.Context, kind, ruleID string, rule any, before, after string) error {
	query := params("before", before, "after", after)
	return c.Call(ctx, http.MethodPut, v3("pushrules", "global", kind, ruleID), query, rule, nil)
}

// RemovePushRule removes a rule the user made.
func (c *Client) RemovePushRule(ctx context.Context, kind, ruleID string) error {
	return c.remove(ctx, v3("pushrules", "global", kind, ruleID), nil)
}

// EnablePushRule switches a rule on or off.
func (c *Client) EnablePushRule(ctx context.Context, kind, ruleID string, enabled bool) error {
	return c.put(ctx, v3("pushrules", "global", kind, ruleID, "enabled"), Object{"enabled": enabled}, nil)
}

// PushRuleEnabled reports whether a rule is on.
func (c *Client) PushRuleEnabled(ctx context.Context, kind, ruleID string) (enabled bool, err error) {
	var answer Raw
	err = c.read(ctx, v3("pushrules", "global", kind, ruleID, "enabled"), nil, &answer)
	return gjson.GetBytes(answer, "enabled").Bool(), err
}

// SetPushRuleActions changes what a rule does.
func (c *Client) SetPushRuleActions(ctx context.Context, kind, ruleID string, actions ...any) error {
	return c.put(ctx, v3("pushrules", "global", kind, ruleID, "actions"), Object{"actions": actions}, nil)
}

// Notifications is a page of what the user was notified of, newest first.
func (c *Client) Notifications(ctx context.Context, from string, limit int, only string) (page Raw, err error) {
	err = c.read(ctx, v3("notifications"), params("from", from, "limit", number(limit), "only", only), &page)
	return page, err
}
