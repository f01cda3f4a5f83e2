package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What is asked of a push gateway and of the way there.
const (
	gatewayTime   = 15 * time.Second // for one request, all told
	gatewayAnswer = 64 << 10         // bytes of an answer that are read
)

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

// newGateway gives a client that follows no redirects, uses no proxy, and unless private connects to public addresses
// only: what is checked is the address that is dialled, whatever a name resolved to before.
func newGateway(private bool) *gateway {
	dialer := &net.Dialer{Timeout: gatewayTime / 3, KeepAlive: time.Minute}
	if !private {
		dialer.Control = onlyPublic
	}
	return &gateway{&http.Client{
		Timeout:       gatewayTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, MaxIdleConnsPerHost: laneWorkers, MaxIdleConns: 256, IdleConnTimeout: 2 * time.Minute,
			TLSHandshakeTimeout: gatewayTime / 3, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 16 << 10,
		},
	}}
}

var errPrivate = errors.New("push: the gateway's name leads into a private network")

func onlyPublic(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !public(at.Addr()) {
		return errPrivate
	}
	return nil
}

// unwelcome is an answer of a gateway that is not 200.
type unwelcome struct {
	status int
	retry  time.Duration // that it asked for; 0: none
}

func (u *unwelcome) Error() string { return fmt.Sprintf("push: the gateway answered %d", u.status) }

// hopeless reports whether the same request will never be welcome.
func (u *unwelcome) hopeless() bool {
	return u.status == http.StatusBadRequest || u.status == http.StatusRequestEntityTooLarge
}

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
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return nil, &unwelcome{res.StatusCode, time.Duration(min(max(seconds, 0), 3600)) * time.Second}
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
