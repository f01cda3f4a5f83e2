package client

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// SyncOptions are the parameters of a sync; the zero value is an initial sync that does not wait.
type SyncOptions struct {
	Since         string
	Filter        string // an id, or a filter as JSON
	Timeout       time.Duration
	FullState     bool
	UseStateAfter bool
	Presence      string
}

func (o SyncOptions) query() url.Values {
	query := params("since", o.Since, "filter", o.Filter, "full_state", flag(o.FullState),
		"use_state_after", flag(o.UseStateAfter), "set_presence", o.Presence)
	if o.Timeout > 0 {
		query.Set("timeout", strconv.FormatInt(o.Timeout.Milliseconds(), 10))
	}
	return query
}

// Events is a list of events as sync wraps them.
type Events struct {
	Events []Event `json:"events"`
}

// SyncResponse is the answer of a sync. Extra holds members that are not in the specification, such as extensions.
type SyncResponse struct {
	NextBatch          string         `json:"next_batch"`
	Rooms              SyncRooms      `json:"rooms"`
	AccountData        Events         `json:"account_data"`
	Presence           Events         `json:"presence"`
	ToDevice           Events         `json:"to_device"`
	DeviceLists        DeviceLists    `json:"device_lists"`
	OneTimeKeyCounts   map[string]int `json:"device_one_time_keys_count"`
	UnusedFallbackKeys []string       `json:"device_unused_fallback_key_types"`
	Extra              map[string]Raw `json:",embed"`
}

// SyncRooms are the rooms of a sync by the user's membership, then by room id.
type SyncRooms struct {
	Join   map[string]JoinedRoom  `json:"join"`
	Invite map[string]InvitedRoom `json:"invite"`
	Knock  map[string]KnockedRoom `json:"knock"`
	Leave  map[string]LeftRoom    `json:"leave"`
}

// JoinedRoom is what changed in a room the user is in.
type JoinedRoom struct {
	Summary     SummaryDelta      `json:"summary"`
	State       Events            `json:"state"`
	StateAfter  *Events           `json:"state_after"` // set, even if empty, when the request asked for it
	Timeline    Timeline          `json:"timeline"`
	Ephemeral   Events            `json:"ephemeral"`
	AccountData Events            `json:"account_data"`
	Unread      *Unread           `json:"unread_notifications"`
	Threads     map[string]Unread `json:"unread_thread_notifications"`
}

// SummaryDelta is what changed in a room's summary; nil is unchanged.
type SummaryDelta struct {
	Heroes  []string `json:"m.heroes"`
	Joined  *int     `json:"m.joined_member_count"`
	Invited *int     `json:"m.invited_member_count"`
}

// Timeline is the events since the last sync, oldest first. Limited says that earlier ones were left out: they are
// read backward from PrevBatch.
type Timeline struct {
	Events    []Event `json:"events"`
	Limited   bool    `json:"limited"`
	PrevBatch string  `json:"prev_batch"`
}

// Unread counts the messages the user would be notified of.
type Unread struct {
	Highlight    int `json:"highlight_count"`
	Notification int `json:"notification_count"`
}

// InvitedRoom is what an invited user may know of a room.
type InvitedRoom struct {
	State Events `json:"invite_state"`
}

// KnockedRoom is what a user who has knocked may know of a room.
type KnockedRoom struct {
	State Events `json:"knock_state"`
}

// LeftRoom is the end of a room for a user who has left it.
type LeftRoom struct {
	State       Events   `json:"state"`
	StateAfter  *Events  `json:"state_after"`
	Timeline    Timeline `json:"timeline"`
	AccountData Events   `json:"account_data"`
}

// Sync asks for what changed since a token, waiting up to the timeout for something to.
func (c *Client) Sync(ctx context.Context, options SyncOptions) (response SyncResponse, err error) {
	raw, err := c.SyncRaw(ctx, options)
	if err != nil {
		return SyncResponse{}, err
	}
	return ParseSync(raw)
}

// SyncRaw is [Client.Sync] without decoding.
func (c *Client) SyncRaw(ctx context.Context, options SyncOptions) (response Raw, err error) {
	err = c.read(ctx, v3("sync"), options.query(), &response)
	return response, err
}

// ParseSync decodes the answer of a sync.
func ParseSync(raw Raw) (response SyncResponse, err error) {
	err = json.Unmarshal(raw, &response)
	return response, err
}
