package client

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// slidingPath is where today's clients reach simplified sliding sync (MSC4186).
const slidingPath = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"

// SlidingRequest is a simplified sliding sync request (MSC4186). Pos empty begins a new connection.
type SlidingRequest struct {
	Pos           string                      `json:"-"`
	Timeout       time.Duration               `json:"-"`
	ConnID        string                      `json:"conn_id,omitzero"`
	Lists         map[string]SlidingList      `json:"lists,omitempty"`
	Subscriptions map[string]SlidingRoomWants `json:"room_subscriptions,omitempty"`
	Extensions    Object                      `json:"extensions,omitempty"`
}

// SlidingRoomWants is what to send of a room: how much timeline, and which state as pairs of type and key, where
// "*" is any, and the keys "$LAZY" and "$ME" stand for the members needed.
type SlidingRoomWants struct {
	TimelineLimit int         `json:"timeline_limit"`
	RequiredState [][2]string `json:"required_state"`
}

// SlidingList is a window, or several, onto the user's rooms, the latest active first.
type SlidingList struct {
	Ranges  [][2]int `json:"ranges"`
	Filters Object   `json:"filters,omitempty"`
	SlidingRoomWants
}

// SlidingResponse is the answer of a simplified sliding sync.
type SlidingResponse struct {
	Pos        string                 `json:"pos"`
	Lists      map[string]SlidingOps  `json:"lists"`
	Rooms      map[string]SlidingRoom `json:"rooms"`
	Extensions SlidingExtensions      `json:"extensions"`
	Extra      map[string]Raw         `json:",embed"`
}

// SlidingOps says how many rooms match a list.
type SlidingOps struct {
	Count int `json:"count"`
}

// SlidingRoom is what changed in a room.
type SlidingRoom struct {
	Name          string        `json:"name"`
	Avatar        string        `json:"avatar"`
	Heroes        []SlidingHero `json:"heroes"`
	IsDM          *bool         `json:"is_dm"`
	Initial       bool          `json:"initial"` // the whole of the room follows, not a change of it
	RequiredState []Event       `json:"required_state"`
	Timeline      []Event       `json:"timeline"`
	PrevBatch     string        `json:"prev_batch"`
	Limited       bool          `json:"limited"`
	NumLive       int           `json:"num_live"`
	Joined        *int          `json:"joined_count"`
	Invited       *int          `json:"invited_count"`
	Notification  *int          `json:"notification_count"`
	Highlight     *int          `json:"highlight_count"`
	BumpStamp     int64         `json:"bump_stamp"`
	Membership    string        `json:"membership"`
	InviteState   []Event       `json:"invite_state"` // stripped state of an invitation or a knock
}

// SlidingHero is a member from whom a nameless room takes its name.
type SlidingHero struct {
	UserID      string `json:"user_id"`
	DisplayName string `json:"displayname"`
	AvatarURL   string `json:"avatar_url"`
}

// SlidingExtensions are the answers of the extensions that were asked for; nil when there is nothing new.
type SlidingExtensions struct {
	ToDevice *struct {
		NextBatch string  `json:"next_batch"`
		Events    []Event `json:"events"`
	} `json:"to_device"`
	E2EE *struct {
		DeviceLists        DeviceLists    `json:"device_lists"`
		OneTimeKeyCounts   map[string]int `json:"device_one_time_keys_count"`
		UnusedFallbackKeys []string       `json:"device_unused_fallback_key_types"`
	} `json:"e2ee"`
	AccountData *struct {
		Global []Event            `json:"global"`
		Rooms  map[string][]Event `json:"rooms"`
	} `json:"account_data"`
	Receipts *struct {
		Rooms map[string]Event `json:"rooms"`
	} `json:"receipts"`
	Typing *struct {
		Rooms map[string]Event `json:"rooms"`
	} `json:"typing"`
	Extra map[string]Raw `json:",embed"`
}

// SlidingSync asks for what changed since Pos, waiting up to the timeout for something to. A refusal with code
// M_UNKNOWN_POS means that the connection must begin anew.
func (c *Client) SlidingSync(ctx context.Context, request SlidingRequest) (response SlidingResponse, err error) {
	raw, err := c.SlidingSyncRaw(ctx, request)
	if err != nil {
		return SlidingResponse{}, err
	}
	return ParseSliding(raw)
}

// ParseSliding decodes the answer of a simplified sliding sync.
func ParseSliding(raw Raw) (response SlidingResponse, err error) {
	err = json.Unmarshal(raw, &response)
	return response, err
}

// SlidingSyncRaw is [Client.SlidingSync] without decoding.
func (c *Client) SlidingSyncRaw(ctx context.Context, request SlidingRequest) (response Raw, err error) {
	query := params("pos", request.Pos)
	query.Set("timeout", number(int(request.Timeout.Milliseconds())))
	if request.Timeout == 0 {
		query.Set("timeout", "0")
	}
	err = c.Call(ctx, http.MethodPost, slidingPath, query, request, &response)
	return response, err
}
