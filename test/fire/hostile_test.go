package fire

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/test/e2e"
)

const secret = "a secret of the tests"

// target is a server that hostile requests are made to, and what it has that they can name.
type target struct {
	*e2e.Trust
	t             testing.TB
	victim, admin *client.Client
	people        int
	room, event   string
	alias, mxc    string
	patience      time.Duration
}

// newTarget starts one. Slow work is made quick, so that what takes long is a fault.
func newTarget(t testing.TB, engine string) *target {
	t.Helper()
	s := e2e.Start(t, engine, func(c *config.Config) { c.Accounts.RegistrationSecret = secret })
	g := &target{Trust: s, t: t, admin: client.New(s.URL), patience: 30 * time.Second}
	if err := g.admin.RegisterWithSecret(t.Context(), secret, "admin", e2e.Password, true); err != nil {
		t.Fatal(err)
	}
	g.restore()
	return g
}

// restore makes sure that the victim can still do everything: some of what is asked is granted.
func (g *target) restore() {
	g.t.Helper()
	ctx := context.Background()
	if g.victim != nil {
		if _, err := g.victim.WhoAmI(ctx); err == nil {
			if _, err := g.victim.Say(ctx, g.room, "still here"); err == nil {
				return
			}
		}
	}
	g.people++
	g.victim = client.New(g.URL)
	if err := g.victim.Register(ctx, fmt.Sprint("victim", g.people), e2e.Password); err != nil {
		g.t.Fatal(err)
	}
	g.alias = fmt.Sprintf("#ward%d:%s", g.people, serverName)
	var err error
	if g.room, err = g.victim.CreateRoom(ctx, client.NewRoom{Alias: fmt.Sprint("ward", g.people)}); err != nil {
		g.t.Fatal(err)
	}
	if g.event, err = g.victim.Say(ctx, g.room, "bloods are back"); err != nil {
		g.t.Fatal(err)
	}
	if g.mxc, err = g.victim.Upload(ctx, "scan.txt", "text/plain", []byte("a scan")); err != nil {
		g.t.Fatal(err)
	}
}

// ask makes a request of raw bytes and gives status and answer. What no request may get is reported: a fault of the server, an
// answer that comes late or not, an error that is none of the standard's.
func (g *target) ask(token, method, path, body string) (int, gjson.Result) {
	g.t.Helper()
	raw, err := url.ParseRequestURI(path)
	if err != nil {
		return 0, gjson.Result{} // no HTTP request: net/http refuses it before us
	}
	ctx, cancel := context.WithTimeout(context.Background(), g.patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "/", strings.NewReader(body))
	if err != nil {
		return 0, gjson.Result{} // likewise
	}
	r.URL, r.RequestURI, r.RemoteAddr = raw, path, "127.0.0.1:1"
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	g.Handler().ServeHTTP(w, r)
	answer := gjson.ParseBytes(w.Body.Bytes())
	says := func(format string, args ...any) {
		g.t.Helper()
		g.t.Errorf("%s %.300q with %.300q: %s: %d %.500s", method, path, body, fmt.Sprintf(format, args...), w.Code, w.Body)
	}
	switch api := strings.HasPrefix(path, "/_"); {
	case ctx.Err() != nil:
		says("it hangs")
	case w.Code >= 500 && w.Code != http.StatusGatewayTimeout:
		says("a fault of the server")
	case !api || w.Code < 400:
	case !gjson.ValidBytes(w.Body.Bytes()) || !code.MatchString(answer.Get("errcode").Str) && !answer.Get("flows").Exists():
		says("no error of the standard's")
	}
	return w.Code, answer
}

var code = regexp.MustCompile(`^(M|ORG)_[A-Z0-9_]+$`)

// want is ask for a status and a code.
func (g *target) want(status int, code, token, method, path, body string) gjson.Result {
	g.t.Helper()
	got, answer := g.ask(token, method, path, body)
	if got != status || answer.Get("errcode").Str != code {
		g.t.Errorf("%s %.300q with %.300q: %d %.300s, want %d %s", method, path, body, got, answer.Raw, status, code)
	}
	return answer
}

var segment = regexp.MustCompile(`\{([A-Za-z]+)(\.\.\.)?\}`)

// fill gives a route's method and path with a value for each segment.
func (g *target) fill(pattern string, value func(name string) string) (method, path string) {
	method, path, _ = strings.Cut(strings.TrimSuffix(pattern, "{$}"), " ")
	return method, segment.ReplaceAllStringFunc(path, func(s string) string {
		return value(segment.FindStringSubmatch(s)[1])
	})
}

// proper is what a well-meant request has in a segment.
func (g *target) proper(name string) string {
	known := map[string]string{
		"roomId": g.room, "roomIdOrAlias": g.room, "eventId": g.event, "userId": g.victim.UserID(), "roomAlias": g.alias,
		"deviceId": g.victim.DeviceID(), "eventType": "m.room.message", "stateKey": "", "serverName": serverName,
		"mediaId": g.mxc[strings.LastIndexByte(g.mxc, '/')+1:], "receiptType": "m.read", "relType": "m.thread",
		"kind": "override", "version": "1", "tag": "m.favourite", "keyName": "displayname", "filterId": "0", "ruleId": ".m.rule.master",
	}
	v, ok := known[name]
	if !ok {
		v = "t" + g.victim.NewTxn()
	}
	return url.PathEscape(v)
}

// eachRoute goes through all routes on each engine.
func eachRoute(t *testing.T, test func(g *target, r endpoint.Route, token string)) {
	engines(t, func(t *testing.T, g *target) {
		for _, r := range g.Routes() {
			g.restore()
			token := g.victim.Session().AccessToken
			if r.Guard == endpoint.Admin {
				token = g.admin.Session().AccessToken
			}
			test(g, r, token)
		}
	})
}

// engines runs a test on a target on each engine.
func engines(t *testing.T, test func(t *testing.T, g *target)) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, newTarget(t, engine)) })
	}
}

// TestNobodyGetsInWithoutCredentials: every route asks for what its line says.
func TestNobodyGetsInWithoutCredentials(t *testing.T) {
	eachRoute(t, func(g *target, r endpoint.Route, _ string) {
		method, path := g.fill(r.Pattern, g.proper)
		if r.Guard != endpoint.User && r.Guard != endpoint.Admin {
			return
		}
		g.want(401, "M_MISSING_TOKEN", "", method, path, "{}")
		g.want(401, "M_UNKNOWN_TOKEN", "syt_not_a_token", method, path, "{}")
		g.want(401, "M_UNKNOWN_TOKEN", "\xff\x00'; --", method, path, "{}")
		if r.Guard == endpoint.Admin {
			g.want(403, "M_FORBIDDEN", g.victim.Session().AccessToken, method, path, "{}")
		}
	})
}

// TestHostilePaths: every route, with each segment of its path replaced by what does not belong there.
func TestHostilePaths(t *testing.T) {
	tricks := []string{
		"", "%2F", "..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", ".", "%00", "a%00b", "%ff%fe", "%ED%A0%80", "%E2%80%AE", "%20", "%25",
		strings.Repeat("a", 256), strings.Repeat("%F0%9F%8F%A5", 300), strings.Repeat("x", 12000), "%27%3B%20DROP%20TABLE%20event%3B--",
		"!nowhere:" + serverName, "!nowhere", "@nobody:" + serverName, "@x:elsewhere.example", "%23nothing:" + serverName, "$nothing", "$",
		"9223372036854775808", "-1", "0", "1e9", "NaN", "null", "%7B%7D", "*", "m.room.member", "m.room.create",
	}
	queries := []string{
		"?limit=-1&timeout=-1&from=x&dir=x", "?limit=99999999999999999999", "?limit=1.5", "?since=%00", "?since=s99999999999_0&timeout=0",
		"?filter=%7B%22room%22%3A1%7D", "?filter=%7B", "?filter=%FF", "?ts=-1&dir=b", "?ts=9223372036854775807&dir=f", "?at=x", "?from=t9&to=t0&dir=b",
		"?%FF=%FF", "?a=%ZZ", "?user_id=@x:y&device_id=%00", "?" + strings.Repeat("a=b&", 3000), "?access_token=%00", "?limit=10&limit=x",
		"?version=%00", "?width=-1&height=99999999&method=x", "?dir=b&from=s0_0", "?timeout_ms=-5", "?username=%00%FF",
	}
	eachRoute(t, func(g *target, r endpoint.Route, token string) {
		names := segment.FindAllStringSubmatch(r.Pattern, -1)
		for _, trick := range tricks {
			for _, name := range names {
				method, path := g.fill(r.Pattern, func(n string) string {
					if n == name[1] {
						return trick
					}
					return g.proper(n)
				})
				g.ask(token, method, path, "{}")
			}
		}
		g.restore()
		for _, query := range queries {
			method, path := g.fill(r.Pattern, g.proper)
			g.ask(token, method, path+query, "{}")
		}
		_, path := g.fill(r.Pattern, g.proper)
		for _, method := range []string{"PATCH", "TRACE", "GETX", "HEAD", "CONNECT"} {
			g.ask(token, method, path, "{}")
		}
	})
}

// hostileBodies are bodies that are no JSON object that a Matrix server takes, with the code for them.
var hostileBodies = []struct{ body, code string }{
	{`{`, "M_NOT_JSON"},
	{`{"a":1}}`, "M_NOT_JSON"},
	{`{"a":1}{"b":2}`, "M_NOT_JSON"},
	{`{'a':1}`, "M_NOT_JSON"},
	{`{"a":01}`, "M_NOT_JSON"},
	{`{"a":NaN}`, "M_NOT_JSON"},
	{`{"a":1,"a":2}`, "M_NOT_JSON"},
	{`{"a":{"b":1,"b":2}}`, "M_NOT_JSON"},
	{"{\"a\":\"\xff\"}", "M_NOT_JSON"},
	{"{\"\xc3\x28\":1}", "M_NOT_JSON"},
	{"{\"a\":\"\x00\"}", "M_NOT_JSON"},
	{`{"a":"\ud800"}`, "M_NOT_JSON"},
	{"\xef\xbb\xbf{}", "M_NOT_JSON"},
	{`hello`, "M_NOT_JSON"},
	{`[]`, "M_BAD_JSON"},
	{`null`, "M_BAD_JSON"},
	{`"x"`, "M_BAD_JSON"},
	{`1`, "M_BAD_JSON"},
	{`{"a":` + strings.Repeat(`[`, 200) + strings.Repeat(`]`, 200) + `}`, "M_BAD_JSON"},
	{`{"a":` + strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20001), "M_BAD_JSON"},
}

// TestHostileBodies: every route that reads a body refuses what is no JSON, each with its code; and what is too long.
func TestHostileBodies(t *testing.T) {
	eachRoute(t, func(g *target, r endpoint.Route, token string) {
		if !readsJSON(r.Pattern) {
			return
		}
		method, path := g.fill(r.Pattern, g.proper)
		for _, h := range hostileBodies {
			g.want(400, h.code, token, method, path, h.body)
		}
		g.want(413, "M_TOO_LARGE", token, method, path, `{"a":"`+strings.Repeat("x", 33<<20)+`"}`)
	})
}

// bodiless are the routes with a method that may have a body and that read none: they begin like this.
var bodiless = []string{
	"POST /_matrix/client/v3/account/3pid/", "POST /_matrix/client/v3/account/password/", "POST /_matrix/client/v3/register/",
	"POST /_matrix/client/v3/rooms/{roomId}/forget", "POST /_matrix/client/v3/user/{userId}/openid/request_token",
	"POST /_wardline/v1/media/{mediaId}/withdraw",
	"POST /_matrix/client/v3/logout", "POST /_matrix/media/v3/upload",
	"PUT /_matrix/media/v3/upload/{serverName}/{mediaId}", "POST /_matrix/media/v1/create",
}

func readsJSON(pattern string) bool {
	for _, b := range bodiless {
		if strings.HasPrefix(pattern, b) {
			return false
		}
	}
	return strings.HasPrefix(pattern, "POST ") || strings.HasPrefix(pattern, "PUT ")
}
