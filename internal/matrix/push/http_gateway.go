package push

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/outward"
)

const gatewayAnswer = 64 << 10 // bytes of an answer that are read

// notification is the body of POST /_matrix/push/v1/notify (push gateway API) but for its outermost member. What is
// empty is left out.
type notification struct {
	EventID    string         `json:"event_id,omitempty"`
	RoomID     string         `json:"room_id,omitempty"`
	Type       string         `json:"type,omitempty"`
	Sender     string         `json:"sender,omitempty"`
	SenderName string         `json:"sender_display_name,omitempty"`
	RoomName   string         `json:"room_name,omitempty"`
	RoomAlias  string         `json:"room_alias,omitempty"`
	Target     bool           `json:"user_is_target,omitzero"`
	Prio       string         `json:"prio,omitempty"`
	Content    jsontext.Value `json:"content,omitzero"`
	Counts     badge          `json:"counts"`
	Devices    []target       `json:"devices"`
}

// badge is the counts of a notification. One that is zero is left out.
type badge struct {
	Unread int `json:"unread,omitzero"`
}

// target is one app that a notification is for.
type target struct {
	AppID  string         `json:"app_id"`
	Key    string         `json:"pushkey"`
	Since  int64          `json:"pushkey_ts,omitzero"` // s since 1970
	Data   jsontext.Value `json:"data,omitzero"`
	Tweaks jsontext.Value `json:"tweaks,omitzero"`
}

// gateway speaks to push gateways.
type gateway struct{ client *http.Client }

func newGateway(private bool) *gateway { return &gateway{outward.NewClient(private, laneWorkers)} }

// notify hands a notification to a gateway, and gives the pushkeys that it knows no more.
func (g *gateway) notify(ctx context.Context, url string, n *notification) (rejected []string, err error) {
	body, err := json.Marshal(map[string]*notification{"notification": n})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Wardline")
	res, err := g.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, gatewayAnswer))
	if res.StatusCode != http.StatusOK {
		return nil, outward.Refused(res)
	}
	if err != nil {
		return nil, err
	}
	var said struct {
		Rejected []string `json:"rejected"`
	}
	_ = json.Unmarshal(answer, &said) // some gateways answer with nothing: they have taken it all the same
	return said.Rejected, nil
}

// close lets go of idle connections.
func (g *gateway) close() { g.client.CloseIdleConnections() }
