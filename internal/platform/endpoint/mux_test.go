package endpoint

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/metric"
)

type stateIn struct {
	Room string `path:"room"`
	Type string `path:"type"`
	Key  string `path:"key"`
}

// paths is a server whose handlers say which route and which values they were given.
func paths() http.Handler {
	say := func(route string) Handler {
		return Do(func(_ context.Context, _ *audit.Caller, in stateIn) (map[string]string, error) {
			return map[string]string{"is": fmt.Sprintf("%s|%s|%s|%s", route, in.Room, in.Type, in.Key)}, nil
		})
	}
	return Mux([]Route{
		{"GET /_matrix/client/v3/rooms/{room}/state", Open, Read, say("all")},
		{"GET /_matrix/client/v3/rooms/{room}/state/{type}/{key...}", Open, Read, say("get")},
		{"PUT /_matrix/client/v3/rooms/{room}/state/{type}/{key...}", Open, Write, say("put")},
		{"GET /_matrix/client/v3/listed/{type}", Open, Read, say("short")},
		{"GET /_matrix/client/v3/listed/{type}/{key...}", Open, Read, say("long")},
		{"GET /_matrix/client/v3/directory/room/{room}", Open, Read, say("alias")},
		{"POST /_matrix/client/v3/rooms/{room}/join", Open, Write, say("join")},
	}, Options{})
}

func TestPathsArriveWhole(t *testing.T) {
	const base = "/_matrix/client/v3/"
	for target, want := range map[string]string{
		base + "rooms/!r:x/state":                  "all|!r:x||",
		base + "rooms/!r:x/state/m.name":           "get|!r:x|m.name|",
		base + "rooms/!r:x/state/m.name/":          "get|!r:x|m.name|",
		base + "rooms/!r:x/state/m.name/k":         "get|!r:x|m.name|k",
		base + "rooms/!r:x/state/m.name/a%2Fb":     "get|!r:x|m.name|a/b",
		base + "rooms/!r:x/state/m.name/a/b":       "get|!r:x|m.name|a/b",
		base + "rooms/!r:x/state/m.name/a//b":      "get|!r:x|m.name|a//b",
		base + "rooms/!r:x/state/m.name/..":        "get|!r:x|m.name|..",
		base + "rooms/!r:x/state/m.name/%2E":       "get|!r:x|m.name|.",
		base + "listed/t":                          "short||t|",
		base + "listed/t/":                         "long||t|",
		base + "rooms/!r:x/state//k":               "get|!r:x||k",
		base + "rooms//state/m.name/k":             "get||m.name|k",
		base + "rooms/!r:x/state/a%20b/@u:x":       "get|!r:x|a b|@u:x",
		base + "rooms/!r:x/state/a+b/%25":          "get|!r:x|a+b|%",
		base + "directory/room/%23a%2F%2Fb:x":      "alias|#a//b:x||",
		"/_matrix/client/r0/rooms/!r:x/state":      "all|!r:x||",
		"/_matrix/client/r0/rooms/!r%2F:x/state/t": "get|!r/:x|t|",
	} {
		got := serve(paths(), "GET", target, "")
		if want := `{"is":"` + want + `"}`; got.Code != 200 || got.Body.String() != want {
			t.Errorf("%s: %d %s, want %s", target, got.Code, got.Body, want)
		}
	}
}

func TestStrayRequests(t *testing.T) {
	const base = "/_matrix/client/v3/"
	for _, c := range []struct {
		method, target string
		status         int
		code, allow    string
	}{
		{"GET", "/_matrix/client/v3/nothing", 404, "M_UNRECOGNIZED", ""},
		{"GET", "/_matrix//client/v3/rooms/r/state", 404, "M_UNRECOGNIZED", ""},
		{"GET", "/_matrix/client/v3/rooms/r/state%00", 400, "M_INVALID_PARAM", ""},
		{"GET", "/", 404, "M_UNRECOGNIZED", ""},
		{"DELETE", base + "rooms/r/state/t/k", 405, "M_UNRECOGNIZED", "GET, HEAD, PUT"},
		{"GET", base + "rooms/r/join", 405, "M_UNRECOGNIZED", "POST"},
		{"BREW", base + "rooms/r/join", 405, "M_UNRECOGNIZED", "POST"},
	} {
		got := serve(paths(), c.method, c.target, "")
		wantFault(t, got, c.status, c.code)
		if allow := got.Header().Get("Allow"); allow != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.target, allow, c.allow)
		}
	}
}

func TestFallbackServesOnlyWhatIsNoAPI(t *testing.T) {
	web := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	h := Mux(nil, Options{Fallback: web})
	if got := serve(h, "GET", "/room/x", ""); got.Body.String() != "page" || got.Header().Get("Content-Security-Policy") != "" {
		t.Errorf("web: %s %v", got.Body, got.Header())
	}
	wantFault(t, serve(h, "GET", "/_matrix/x", ""), 404, "M_UNRECOGNIZED")
	wantFault(t, serve(h, "GET", "/.well-known/x", ""), 404, "M_UNRECOGNIZED")
}

func TestBrowsersMayCall(t *testing.T) {
	got := serve(paths(), "OPTIONS", "/_matrix/client/v3/rooms/r/join", "", "Origin", "https://elsewhere.example")
	if got.Code != 204 {
		t.Errorf("preflight: %d", got.Code)
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":  "*",
		"Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
		"Access-Control-Allow-Headers": "X-Requested-With, Content-Type, Authorization",
	} {
		if have := got.Header().Get(name); have != want {
			t.Errorf("%s: %q", name, have)
		}
	}
	for _, target := range []string{"/_matrix/none", "/.well-known/matrix/client", "/_wardline/v1/x"} {
		if got := serve(paths(), "GET", target, ""); got.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: a web client cannot read the refusal", target)
		}
	}
}

func TestHeadIsAnsweredLikeGet(t *testing.T) {
	server := httptest.NewServer(paths())
	defer server.Close()
	got, err := http.Head(server.URL + "/_matrix/client/v3/rooms/r/state")
	if err != nil {
		t.Fatal(err)
	}
	got.Body.Close()
	if got.StatusCode != 200 || got.ContentLength <= 0 {
		t.Errorf("%d, %d bytes", got.StatusCode, got.ContentLength)
	}
}

var tokens = map[string]*audit.Caller{
	"t-nurse": {User: "@nurse:x"},
	"t-admin": {User: "@admin:x", Admin: true},
}

func authenticate(_ context.Context, token string, addr netip.Addr) (*audit.Caller, error) {
	if who := tokens[token]; who != nil {
		c := *who
		c.Addr = addr
		return &c, nil
	}
	return nil, &errs.Error{Kind: errs.Unauthenticated, Code: "M_UNKNOWN_TOKEN", Message: "unknown token",
		Fields: map[string]any{"soft_logout": true}}
}

func TestGuards(t *testing.T) {
	whoami := Do(func(ctx context.Context, who *audit.Caller, _ struct{}) (map[string]string, error) {
		if who == nil {
			return map[string]string{"user": "", "addr": Addr(ctx).String()}, nil
		}
		return map[string]string{"user": who.User, "addr": who.Addr.String()}, nil
	})
	o := Options{Authenticate: authenticate, Secret: "s3cret"}
	h := Mux([]Route{
		{"GET /_matrix/open", Open, Read, whoami}, {"GET /_matrix/optional", Optional, Read, whoami},
		{"GET /_matrix/user", User, Read, whoami}, {"GET /_matrix/admin", Admin, Read, whoami},
		{"GET /_matrix/secret", Secret, Read, whoami},
	}, o)
	for _, c := range []struct {
		route, authorization string
		status               int
		says                 string
	}{
		{"open", "", 200, `"user":""`},
		{"open", "Bearer wrong", 200, `"user":""`},
		{"optional", "", 200, `"user":""`},
		{"optional", "Bearer t-nurse", 200, "@nurse:x"},
		{"optional", "Bearer wrong", 401, "M_UNKNOWN_TOKEN"},
		{"user", "", 401, "M_MISSING_TOKEN"},
		{"user", "Basic t-nurse", 401, "M_MISSING_TOKEN"},
		{"user", "bearer t-nurse", 200, "@nurse:x"},
		{"user", "Bearer wrong", 401, `"soft_logout":true`},
		{"user?access_token=t-nurse", "", 200, "@nurse:x"},
		{"user?access_token=t-nurse", "Bearer wrong", 401, "M_UNKNOWN_TOKEN"},
		{"admin", "Bearer t-nurse", 403, "M_FORBIDDEN"},
		{"admin", "Bearer t-admin", 200, "@admin:x"},
		{"secret", "", 401, "M_MISSING_TOKEN"},
		{"secret", "Bearer t-admin", 401, "M_UNKNOWN_TOKEN"},
		{"secret", "Bearer s3cret", 200, `"user":""`},
	} {
		var headers []string
		if c.authorization != "" {
			headers = []string{"Authorization", c.authorization}
		}
		got := serve(h, "GET", "/_matrix/"+c.route, "", headers...)
		if got.Code != c.status || !strings.Contains(got.Body.String(), c.says) {
			t.Errorf("%s with %q: %d %s", c.route, c.authorization, got.Code, got.Body)
		}
		if got.Code == 200 && !strings.Contains(got.Body.String(), `"addr":"192.0.2.1"`) {
			t.Errorf("%s: address lost: %s", c.route, got.Body)
		}
	}
	o.Secret = ""
	unset := Mux([]Route{{"GET /_matrix/secret", Secret, Read, whoami}}, o)
	wantFault(t, serve(unset, "GET", "/_matrix/secret", "", "Authorization", "Bearer "), 404, "M_UNRECOGNIZED")
}

// failing serves one route that fails with err.
func failing(err error, log io.Writer) http.Handler {
	return Mux([]Route{{"GET /_matrix/fail/{room}", Open, Read, func(http.ResponseWriter, *http.Request, *audit.Caller) error {
		return err
	}}}, Options{Log: slog.New(slog.NewTextHandler(log, nil))})
}

func TestErrorsBecomeAnswers(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		body   string
		retry  string
	}{
		{errs.BadJSON("x"), 400, `{"errcode":"M_BAD_JSON","error":"x"}`, ""},
		{errs.New(errs.Invalid, "", "x"), 400, `{"errcode":"M_INVALID_PARAM","error":"x"}`, ""},
		{errs.Forbid("x"), 403, `{"errcode":"M_FORBIDDEN","error":"x"}`, ""},
		{fmt.Errorf("room: %w", errs.Absent("x")), 404, `{"errcode":"M_NOT_FOUND","error":"x"}`, ""},
		{errs.New(errs.Unrecognized, "", "x"), 404, `{"errcode":"M_UNRECOGNIZED","error":"x"}`, ""},
		{errs.New(errs.Conflict, "M_CANNOT_OVERWRITE_MEDIA", "x"), 409, `{"errcode":"M_CANNOT_OVERWRITE_MEDIA","error":"x"}`, ""},
		{errs.New(errs.TooLarge, "", "x"), 413, `{"errcode":"M_TOO_LARGE","error":"x"}`, ""},
		{errs.New(errs.NotFound, "M_NOT_YET_UPLOADED", "x"), 504, `{"errcode":"M_NOT_YET_UPLOADED","error":"x"}`, ""},
		{&errs.Error{Kind: errs.Limited, Message: "x", Retry: 1500 * time.Millisecond}, 429,
			`{"errcode":"M_LIMIT_EXCEEDED","error":"x","retry_after_ms":1500}`, "2"},
		{errs.Busy(0, errors.New("disk full"), "x"), 503, `{"errcode":"M_UNKNOWN","error":"x","retry_after_ms":1000}`, "1"},
		{&errs.Error{Kind: errs.Unauthenticated, Fields: map[string]any{"session": "s"}}, 401, `{"session":"s"}`, ""},
		{&errs.Error{Kind: errs.Unauthenticated, Code: "M_FORBIDDEN", Message: "x", Fields: map[string]any{"session": "s"}}, 401,
			`{"errcode":"M_FORBIDDEN","error":"x","session":"s"}`, ""},
		{errors.New("secret detail"), 500, `{"errcode":"M_UNKNOWN","error":"internal error"}`, ""},
		{&errs.Error{Kind: errs.Internal, Message: "secret detail"}, 500, `{"errcode":"M_UNKNOWN","error":"internal error"}`, ""},
	} {
		got := serve(failing(c.err, io.Discard), "GET", "/_matrix/fail/r", "")
		if got.Code != c.status || got.Body.String() != c.body || got.Header().Get("Retry-After") != c.retry {
			t.Errorf("%v: %d %s, Retry-After %q", c.err, got.Code, got.Body, got.Header().Get("Retry-After"))
		}
	}
}

func TestLogNamesThePatternOnly(t *testing.T) {
	var log bytes.Buffer
	serve(failing(errors.New("it broke"), &log), "GET", "/_matrix/fail/bay-4-jones?since=9434765919", "")
	if line := log.String(); !strings.Contains(line, "/_matrix/fail/{room}") || !strings.Contains(line, "it broke") ||
		strings.Contains(line, "jones") || strings.Contains(line, "9434765919") {
		t.Errorf("log: %s", line)
	}
	log.Reset()
	serve(failing(errs.Forbid("no"), &log), "GET", "/_matrix/fail/r", "")
	if log.Len() > 0 {
		t.Errorf("a refusal is no fault of ours: %s", &log)
	}
}

func TestPanicIsAnswered(t *testing.T) {
	var log bytes.Buffer
	h := Mux([]Route{{"GET /_matrix/panic", Open, Read, func(_ http.ResponseWriter, r *http.Request, _ *audit.Caller) error {
		panic("content of a message")
	}}}, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	wantFault(t, serve(h, "GET", "/_matrix/panic", ""), 500, "M_UNKNOWN")
	if strings.Contains(log.String(), "content of a message") || !strings.Contains(log.String(), "mux_test.go") {
		t.Errorf("log: %s", &log)
	}
}

func TestHalfAnswerIsCutOff(t *testing.T) {
	h := Mux([]Route{{"GET /_matrix/half", Open, Read, func(w http.ResponseWriter, _ *http.Request, _ *audit.Caller) error {
		_, _ = io.WriteString(w, `{"a":`)
		_ = http.NewResponseController(w).Flush()
		return errors.New("broke halfway")
	}}}, Options{Log: slog.New(slog.DiscardHandler)})
	server := httptest.NewServer(h)
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	got, err := http.Get(server.URL + "/_matrix/half")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if body, err := io.ReadAll(got.Body); err == nil {
		t.Errorf("taken for whole: %q", body)
	}
}

func TestGzip(t *testing.T) {
	long := Raw(`{"a":"` + strings.Repeat("word ", 1000) + `"}`)
	answer := func(body Raw) Handler {
		return Do(func(context.Context, *audit.Caller, struct{}) (Raw, error) { return body, nil })
	}
	reg := metric.New()
	h := Mux([]Route{{"GET /_matrix/long", Open, Sync, answer(long)}, {"GET /_matrix/short", Open, Read, answer(nil)}},
		Options{GzipMin: 2048, Metrics: reg})
	for _, c := range []struct {
		route, accept string
		packed        bool
	}{
		{"long", "gzip", true}, {"long", "br, gzip;q=0.5", true}, {"long", "gzip;q=0", false}, {"long", "", false},
		{"long", "deflate", false}, {"short", "gzip", false},
	} {
		got := serve(h, "GET", "/_matrix/"+c.route, "", "Accept-Encoding", c.accept)
		if packed := got.Header().Get("Content-Encoding") == "gzip"; packed != c.packed {
			t.Errorf("%s, %q: packed %v", c.route, c.accept, packed)
		}
		if c.packed {
			z, err := gzip.NewReader(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := io.ReadAll(z); err != nil || !bytes.Equal(plain, long) {
				t.Errorf("unpacked %d bytes, %v", len(plain), err)
			}
		}
	}
	scrape := serve(reg.Handler(), "GET", "/metrics", "").Body.String()
	for _, want := range []string{
		fmt.Sprintf("wardline_http_gzip_input_bytes_total %d", 2*len(long)),
		`wardline_http_requests_total{route="GET /_matrix/long",status="200"} 5`,
		`wardline_http_requests_in_flight{route="GET /_matrix/long"} 0`,
		`wardline_http_request_seconds_count{route="GET /_matrix/short"} 1`,
	} {
		if !strings.Contains(scrape, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestMuxRefusesUnguardedRoutes(t *testing.T) {
	ok := func(http.ResponseWriter, *http.Request, *audit.Caller) error { return nil }
	for name, r := range map[string]Route{
		"no guard": {Pattern: "GET /x", Handler: ok}, "no method": {Pattern: "/x", Guard: Open, Handler: ok},
		"no handler": {Pattern: "GET /x", Guard: Open},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			Mux([]Route{r}, Options{})
		})
	}
}

func TestAddressBehindProxies(t *testing.T) {
	m := &router{Options: Options{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}}
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.9:1", "198.51.100.7", "192.0.2.9"}, // not from a proxy: not believed
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1", "203.0.113.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:1", "spoofed, 198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1", "198.51.100.7, nonsense", "10.0.0.1"},
		{"[::1]:1", "::ffff:198.51.100.7", "198.51.100.7"},
		{"[2001:db8::1]:1", "x", "2001:db8::1"},
		{"@", "198.51.100.7", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := m.addr(r).String(); got != c.want {
			t.Errorf("%s for %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

// still is a ResponseWriter that costs nothing, to measure the router alone.
type still struct{ h http.Header }

func (s *still) Header() http.Header         { return s.h }
func (s *still) Write(b []byte) (int, error) { return len(b), nil }
func (s *still) WriteHeader(int)             {}

// BenchmarkRoute is what the router adds to a request with a token, a path, a query and a small body, among 120 routes.
func BenchmarkRoute(b *testing.B) {
	type in struct {
		Room  string `path:"roomId" json:"-"`
		Type  string `path:"eventType" json:"-"`
		Txn   string `path:"txnId" json:"-"`
		Limit int    `query:"limit" json:"-"`
		Body  string `json:"body"`
	}
	type out struct {
		Event string `json:"event_id"`
	}
	send := Do(func(_ context.Context, _ *audit.Caller, in in) (out, error) { return out{in.Txn}, nil })
	routes := []Route{{"PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}", User, Write, send}}
	for i := range 120 {
		routes = append(routes, Route{fmt.Sprintf("GET /_matrix/client/v3/rooms/{roomId}/other%d/{x}", i), User, Read, send})
	}
	nurse := &audit.Caller{User: "@nurse:x"}
	h := Mux(routes, Options{
		Authenticate: func(context.Context, string, netip.Addr) (*audit.Caller, error) { return nurse, nil },
		Limit:        NewLimits(Rates{User: map[Class]Rate{Write: {PerSecond: 1e9, Burst: 1e9}}}),
	})
	body := `{"msgtype":"m.text","body":"hello, this is a message of the usual length for a ward"}`
	r := httptest.NewRequest("PUT", "/_matrix/client/v3/rooms/!abc:x/send/m.room.message/t1?limit=3", nil)
	r.Header.Set("Authorization", "Bearer t-nurse")
	w := &still{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(body))
		r.ContentLength = int64(len(body))
		clear(w.h)
		h.ServeHTTP(w, r)
	}
}
