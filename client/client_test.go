package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// recorder is a listener that notes each request and answers with what the test set.
type recorder struct {
	*httptest.Server
	status int
	header http.Header
	answer string
	calls  []string // method, escaped path and query
	tokens []string
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{status: 200, answer: `{}`, header: http.Header{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.calls = append(r.calls, request.Method+" "+request.RequestURI)
		r.tokens = append(r.tokens, request.Header.Get("Authorization"))
		for name, values := range r.header {
			w.Header()[name] = values
		}
		w.WriteHeader(r.status)
		_, _ = w.Write([]byte(r.answer))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) client(t *testing.T) *Client {
	c := New(r.URL)
	t.Cleanup(c.Close)
	c.SetSession(Session{UserID: "@ada:t", DeviceID: "DEV", AccessToken: "secret"})
	return c
}

func TestPaths(t *testing.T) {
	const id, ev = "!r/oom:t", "$ev"
	ctx := t.Context()
	only := func(_ any, err error) error { return err }
	cases := []struct {
		want string
		call func(c *Client) error
	}{
		{"POST /_matrix/client/v3/join/%23ward:t", func(c *Client) error { return only(c.Join(ctx, "#ward:t")) }},
		{"POST /_matrix/client/v3/rooms/%21r%2Foom:t/leave", func(c *Client) error { return c.Leave(ctx, id) }},
		{"POST /_matrix/client/v3/rooms/%21r%2Foom:t/invite", func(c *Client) error { return c.Invite(ctx, id, "@b:t", "") }},
		{"PUT /_matrix/client/v3/rooms/%21r%2Foom:t/send/m.room.message/T1", func(c *Client) error {
			return only(c.SendTxn(ctx, id, "m.room.message", "T1", Text("hello")))
		}},
		{"PUT /_matrix/client/v3/rooms/%21r%2Foom:t/redact/$ev/T2", func(c *Client) error { return only(c.RedactTxn(ctx, id, ev, "T2", "")) }},
		{"PUT /_matrix/client/v3/rooms/%21r%2Foom:t/state/m.room.topic/", func(c *Client) error {
			return only(c.SetState(ctx, id, "m.room.topic", "", Object{"topic": "x"}))
		}},
		{"GET /_matrix/client/v3/rooms/%21r%2Foom:t/messages?dir=b&limit=5", func(c *Client) error {
			return only(c.Messages(ctx, id, MessagesOptions{Limit: 5}))
		}},
		{"GET /_matrix/client/v1/rooms/%21r%2Foom:t/relations/$ev/m.annotation/m.reaction?limit=2", func(c *Client) error {
			return only(c.Relations(ctx, id, ev, RelationsOptions{RelType: "m.annotation", EventType: "m.reaction", Limit: 2}))
		}},
		{"GET /_matrix/client/v1/rooms/%21r%2Foom:t/threads?include=participated", func(c *Client) error { return only(c.Threads(ctx, id, true, 0, "")) }},
		{"POST /_matrix/client/v3/rooms/%21r%2Foom:t/receipt/m.read/$ev", func(c *Client) error { return c.Receipt(ctx, id, Read, ev, MainTimeline) }},
		{"PUT /_matrix/client/v3/rooms/%21r%2Foom:t/typing/@ada:t", func(c *Client) error { return c.Typing(ctx, id, true, 1000) }},
		{"PUT /_matrix/client/v3/user/@ada:t/rooms/%21r%2Foom:t/account_data/m.fully_read", func(c *Client) error {
			return c.SetAccountData(ctx, id, "m.fully_read", Object{})
		}},
		{"GET /_matrix/client/v3/pushrules/", func(c *Client) error { return only(c.PushRules(ctx)) }},
		{"PUT /_matrix/client/v3/pushrules/global/override/x?after=y", func(c *Client) error {
			return c.SetPushRule(ctx, "override", "x", Object{}, "", "y")
		}},
		{"GET /_matrix/client/v1/media/download/t/abc", func(c *Client) error { return only(c.Download(ctx, "mxc://t/abc")) }},
		{"GET /_matrix/client/v1/media/thumbnail/t/abc?height=32&method=crop&width=32", func(c *Client) error {
			return only(c.Thumbnail(ctx, "mxc://t/abc", 32, 32, "crop"))
		}},
		{"GET /_matrix/client/v3/room_keys/keys/%21r%2Foom:t?version=1", func(c *Client) error { return only(c.RoomKeys(ctx, "1", id, "")) }},
		{"PUT /_matrix/client/v3/sendToDevice/m.x/T3", func(c *Client) error { return c.SendToDeviceTxn(ctx, "m.x", "T3", nil) }},
		{"GET /_matrix/client/v3/sync?filter=0&since=s1&timeout=2000", func(c *Client) error {
			return only(c.Sync(ctx, SyncOptions{Since: "s1", Filter: "0", Timeout: 2 * time.Second}))
		}},
		{"POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync?pos=7&timeout=0", func(c *Client) error {
			return only(c.SlidingSync(ctx, SlidingRequest{Pos: "7"}))
		}},
	}
	for _, tc := range cases {
		t.Run(tc.want, func(t *testing.T) {
			r := newRecorder(t)
			if err := tc.call(r.client(t)); err != nil {
				t.Fatal(err)
			}
			if len(r.calls) != 1 || r.calls[0] != tc.want {
				t.Errorf("called %q, want %q", r.calls, tc.want)
			}
			if r.tokens[0] != "Bearer secret" {
				t.Errorf("authorised as %q", r.tokens[0])
			}
		})
	}
}

func TestErrorCarriesWhatTheServerSaid(t *testing.T) {
	r := newRecorder(t)
	r.status = http.StatusTooManyRequests
	r.answer = `{"errcode":"M_LIMIT_EXCEEDED","error":"slow down","retry_after_ms":1500}`
	err := r.client(t).Leave(t.Context(), "!a:t")
	refusal, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v, want an *Error", err)
	}
	if refusal.Status != 429 || refusal.Code != "M_LIMIT_EXCEEDED" || refusal.Message != "slow down" {
		t.Errorf("got %+v", refusal)
	}
	if refusal.RetryAfter != 1500*time.Millisecond {
		t.Errorf("retry after %v, want 1.5 s", refusal.RetryAfter)
	}
	if !errors.Is(err, &Error{Code: "M_LIMIT_EXCEEDED"}) || errors.Is(err, &Error{Code: "M_FORBIDDEN"}) {
		t.Error("errors.Is does not compare codes")
	}
	r.header.Set("Retry-After", "7")
	err = r.client(t).Leave(t.Context(), "!a:t")
	if refusal, _ := errors.AsType[*Error](err); refusal.RetryAfter != 7*time.Second {
		t.Errorf("the header says 7 s, got %v", refusal.RetryAfter)
	}
}

func TestErrorThatIsNotMatrix(t *testing.T) {
	r := newRecorder(t)
	r.status, r.answer = http.StatusBadGateway, "<html>nobody home</html>"
	err := r.client(t).Leave(t.Context(), "!a:t")
	if StatusOf(err) != http.StatusBadGateway || CodeOf(err) != "" || !strings.Contains(err.Error(), "nobody home") {
		t.Errorf("got %v", err)
	}
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"3":                             3 * time.Second,
		"-3":                            0,
		"soon":                          0,
		"Sun, 01 Mar 2026 12:01:00 GMT": time.Minute,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", header, got, want)
		}
	}
}

func TestRetry(t *testing.T) {
	limited := &Error{Status: http.StatusTooManyRequests, RetryAfter: time.Millisecond}
	forbidden := &Error{Status: http.StatusForbidden}
	cases := []struct {
		name    string
		results []error
		want    error
		tries   int
	}{
		{"first time", []error{nil}, nil, 1},
		{"limited, then fine", []error{limited, limited, nil}, nil, 3},
		{"refused for good", []error{forbidden, nil}, forbidden, 1},
		{"limited throughout", []error{limited, limited, limited, limited}, limited, 4},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			tries := 0
			err := Retry(t.Context(), 4, func(context.Context) error {
				tries++
				return tc.results[tries-1]
			})
			if !errors.Is(err, tc.want) || tries != tc.tries {
				t.Errorf("got %v after %d tries, want %v after %d", err, tries, tc.want, tc.tries)
			}
		})
	}
}

func TestRetryStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := Retry(ctx, 100, func(context.Context) error {
		cancel()
		return &Error{Status: http.StatusServiceUnavailable, RetryAfter: time.Hour}
	})
	if !errors.Is(err, context.Canceled) || StatusOf(err) != http.StatusServiceUnavailable {
		t.Errorf("got %v, want both the cancellation and the refusal", err)
	}
}

// TestSecretRegistration checks the proof against one computed by hand with openssl:
// printf 'abc\0ada\0pw\0notadmin' | openssl dgst -sha1 -hmac s3cret.
func TestSecretRegistration(t *testing.T) {
	var sent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodGet {
			fmt.Fprint(w, `{"nonce":"abc"}`)
			return
		}
		body, _ := readBounded(request.Body, 1<<16)
		sent = string(body)
		fmt.Fprint(w, `{"user_id":"@ada:t","device_id":"D","access_token":"T"}`)
	}))
	defer server.Close()
	c := New(server.URL)
	defer c.Close()
	if err := c.RegisterWithSecret(t.Context(), "s3cret", "ada", "pw", false); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(sent, `"mac":"430f1929fc713bf81524f0908879e0eb3f21a4d2"`) {
		t.Errorf("sent %s", sent)
	}
	if c.UserID() != "@ada:t" || c.Session().AccessToken != "T" {
		t.Errorf("session %+v", c.Session())
	}
}

func TestInteractiveAuthenticationAnswersWithThePassword(t *testing.T) {
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := readBounded(request.Body, 1<<16)
		bodies = append(bodies, string(body))
		if len(bodies) == 1 {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"session":"S1","flows":[{"stages":["m.login.password"]}],"params":{}}`)
			return
		}
		fmt.Fprint(w, `{}`)
	}))
	defer server.Close()
	c := New(server.URL)
	defer c.Close()
	c.SetSession(Session{UserID: "@ada:t", AccessToken: "T"})
	if err := c.ChangePassword(t.Context(), "old", "new", true); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != 2 || !strings.Contains(bodies[1], `"session":"S1"`) || !strings.Contains(bodies[1], `"password":"old"`) {
		t.Errorf("sent %q", bodies)
	}
}

func TestSyncKeepsWhatItDoesNotKnow(t *testing.T) {
	response, err := ParseSync(Raw(`{"next_batch":"s9","org.example.changed":{"tasks":["t1"]},
		"rooms":{"join":{"!a:t":{"state_after":{"events":[]},"timeline":{"events":[
			{"type":"m.room.message","event_id":"$1","sender":"@b:t","origin_server_ts":5,"content":{"body":"hi"}}]}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	room := response.Rooms.Join["!a:t"]
	if room.StateAfter == nil || len(room.Timeline.Events) != 1 || room.Timeline.Events[0].Body() != "hi" {
		t.Errorf("room %+v", room)
	}
	if string(response.Extra["org.example.changed"]) != `{"tasks":["t1"]}` {
		t.Errorf("extra %s", response.Extra)
	}
}

func TestMXC(t *testing.T) {
	for uri, valid := range map[string]bool{
		"mxc://t/abc": true, "mxc://t": false, "mxc:///abc": false, "mxc://t/": false,
		"https://t/abc": false, "mxc://t/a/b": false,
	} {
		if _, _, err := splitMXC(uri); (err == nil) != valid {
			t.Errorf("splitMXC(%q): %v, want valid=%v", uri, err, valid)
		}
	}
}

func FuzzParseSync(f *testing.F) {
	f.Add([]byte(`{"next_batch":"s1","rooms":{"join":{"!a:t":{"timeline":{"events":[{"type":"m.room.member","state_key":"@a:t","event_id":"$1","content":{"membership":"join"}}]},"ephemeral":{"events":[{"type":"m.receipt","content":{"$1":{"m.read":{"@a:t":{"ts":1,"thread_id":"main"}}}}}]}}}}}`))
	f.Add([]byte(`{"rooms":{"leave":{"!a:t":{"timeline":{"events":[{"type":"m.room.redaction","event_id":"$2","content":{"redacts":"$1"}}]}}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		response, err := ParseSync(data)
		if err != nil {
			return
		}
		held := New("http://127.0.0.1:1").Follow("")
		held.Apply(response)
		fresh := New("http://127.0.0.1:1").Follow("")
		fresh.Apply(response)
		difference := held.Diff(fresh)
		if len(held.Faults()) == 0 && difference != "" {
			t.Errorf("two clients of one answer differ: %s", difference)
		}
	})
}
