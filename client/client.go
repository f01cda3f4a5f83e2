// Package client speaks the Matrix client-server API, and Wardline's own registration endpoint, from Go.
//
// It is what the command line, the end-to-end tests and the demonstration use: one method for an endpoint, typed where
// a caller looks inside the answer and raw JSON where it only passes it on. [Follower] keeps what a client holds by
// applying syncs one after another, and compares itself with a fresh sync.
//
// It is not an application framework: it stores nothing on disk, encrypts nothing, and retries only when asked to
// ([Retry]). It imports nothing of the server, so that a test through it is a test of what is on the wire.
package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Raw is a JSON value kept as the bytes that came over the wire.
type Raw = jsontext.Value

// Object is a JSON object in the making: the content of an event, or a body no struct here describes.
type Object map[string]any

// maxAnswer bounds, in bytes, the JSON answer read into memory: above any initial sync a test server gives, below
// what would hurt the machine.
const maxAnswer = 256 << 20

// Client is one device of one user, or nobody yet. It is safe for use from several goroutines. The zero value is not
// usable: call [New].
type Client struct {
	server string
	http   *http.Client

	mu      sync.RWMutex
	session Session

	txnPrefix string
	txnCount  atomic.Int64
}

// Session is what a sign-in gives, and all that another process needs to continue as the same device.
type Session struct {
	UserID       string `json:"user_id"`
	DeviceID     string `json:"device_id,omitzero"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token,omitzero"`
	// ExpiresInMs is the life of the access token from when it was given, in milliseconds; zero when it does not expire.
	ExpiresInMs int64 `json:"expires_in_ms,omitzero"`
}

// New returns a client of the server at a base URL such as http://127.0.0.1:8008, signed in as nobody.
func New(server string) *Client {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		MaxIdleConnsPerHost:   32,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	return &Client{
		server:    strings.TrimSuffix(server, "/"),
		http:      &http.Client{Transport: transport},
		txnPrefix: rand.Text()[:10],
	}
}

// As returns another client of the same server, sharing connections, that continues a session.
func (c *Client) As(session Session) *Client {
	return &Client{server: c.server, http: c.http, session: session, txnPrefix: rand.Text()[:10]}
}

// Close gives up idle connections, including those of clients made by [Client.As]. The client may still be used.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Server is the base URL the client was made with, without a trailing slash.
func (c *Client) Server() string { return c.server }

// Session is the current sign-in; all empty before one.
func (c *Client) Session() Session {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.session
}

// UserID is the Matrix id of the signed-in user, or empty.
func (c *Client) UserID() string { return c.Session().UserID }

// DeviceID is the id of the signed-in device, or empty.
func (c *Client) DeviceID() string { return c.Session().DeviceID }

// SetSession continues as the given device, or with the zero Session, as nobody.
func (c *Client) SetSession(session Session) {
	c.mu.Lock()
	c.session = session
	c.mu.Unlock()
}

// NewTxn is a transaction id this client has not used before.
func (c *Client) NewTxn() string {
	return c.txnPrefix + "." + strconv.FormatInt(c.txnCount.Add(1), 10)
}

// Call sends a request with a JSON body and decodes the JSON answer. The path is below the server's base URL and
// already escaped (see [Path]); query, body and into may be nil. An answer of 400 or more is an [*Error].
func (c *Client) Call(ctx context.Context, method, path string, query url.Values, body, into any) error {
	var reader io.Reader
	contentType := ""
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("client: encode the request to %s: %w", path, err)
		}
		reader, contentType = bytes.NewReader(encoded), "application/json"
	}
	response, err := c.roundTrip(ctx, method, path, query, reader, contentType)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := readBounded(response.Body, maxAnswer)
	if err != nil {
		return fmt.Errorf("client: read the answer of %s: %w", path, err)
	}
	if into == nil {
		return nil
	}
	if raw, ok := into.(*Raw); ok {
		*raw = answer
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("client: decode the answer of %s: %w", path, err)
	}
	return nil
}

// roundTrip sends a request as the signed-in user and returns the answer with its body unread, or an [*Error] for a
// status of 400 or more.
func (c *Client) roundTrip(ctx context.Context, method, path string, query url.Values, body io.Reader, contentType string) (*http.Response, error) {
	target := c.server + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if token := c.Session().AccessToken; token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	if response.StatusCode >= 400 {
		defer response.Body.Close()
		return nil, readError(response)
	}
	return response, nil
}

// readBounded reads all of r, or fails when it is longer than limit bytes.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	all, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(all)) > limit {
		return nil, fmt.Errorf("longer than %d bytes", limit)
	}
	return all, nil
}

// Path joins a fixed prefix and variable segments, escaping each segment: Path("/_matrix/client/v3/rooms", roomID,
// "leave"). An empty last segment gives the trailing slash that state with an empty key may have.
func Path(prefix string, segments ...string) string {
	var b strings.Builder
	b.WriteString(prefix)
	for _, segment := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(segment))
	}
	return b.String()
}

func v3(segments ...string) string { return Path("/_matrix/client/v3", segments...) }

func v1(segments ...string) string { return Path("/_matrix/client/v1", segments...) }

func room(roomID string, segments ...string) string {
	return Path(v3("rooms", roomID), segments...)
}

func (c *Client) read(ctx context.Context, path string, query url.Values, into any) error {
	return c.Call(ctx, http.MethodGet, path, query, nil, into)
}

// post sends an empty object when there is no body: the specification wants one.
func (c *Client) post(ctx context.Context, path string, body, into any) error {
	if body == nil {
		body = Object{}
	}
	return c.Call(ctx, http.MethodPost, path, nil, body, into)
}

func (c *Client) put(ctx context.Context, path string, body, into any) error {
	return c.Call(ctx, http.MethodPut, path, nil, body, into)
}

func (c *Client) remove(ctx context.Context, path string, into any) error {
	return c.Call(ctx, http.MethodDelete, path, nil, nil, into)
}

// params builds a query from pairs of name and value, leaving out empty values.
func params(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

// number is a query parameter's text; zero is "leave it to the server".
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// flag is a query parameter's text; false is left out.
func flag(on bool) string {
	if on {
		return "true"
	}
	return ""
}
