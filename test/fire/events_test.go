package fire

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/test/e2e"
)

// members are names that bodies of the standard have.
var members = strings.Fields(`user_id room_id event_id type content state_key membership reason invite name topic preset visibility
	initial_state creation_content power_level_content_override room_version room_alias_name is_direct body msgtype url info
	username password auth identifier device_id initial_device_display_name refresh_token token inhibit_login new_password
	logout_devices devices display_name displayname avatar_url timeout typing m.fully_read m.read thread_id tags order
	messages one_time_keys device_keys fallback_keys master_key self_signing_key user_signing_key algorithm auth_data
	rooms sessions version lists room_subscriptions extensions ranges timeline_limit required_state filter limit since from
	search_categories search_term users locked suspended score new_version conditions actions pattern enabled pushkey kind
	app_id data lang append nonce mac admin erase presence room event_fields account_data aliases alias servers third_party_signed`)

// values are what a member should not be.
var values = []string{`null`, `true`, `0`, `-1`, `1.5`, `1e400`, `9007199254740993`, `""`, `"\u0000"`, `"x"`, `"%s"`, `[]`, `[[]]`, `[null]`, `["\u0000"]`,
	`{}`, `{"":{}}`, `{"a":null}`, `{"@x:y":{"*":1}}`, `[{"type":1}]`, `{"room":{"timeline":{"limit":-1}}}`}

// TestWrongTypes: bodies whose members are of every type but their own, at every route that reads one.
func TestWrongTypes(t *testing.T) {
	eachRoute(t, func(g *target, r endpoint.Route, token string) {
		if !readsJSON(r.Pattern) {
			return
		}
		method, path := g.fill(r.Pattern, g.proper)
		for _, name := range members {
			v := strings.ReplaceAll(values[rand.IntN(len(values))], "%s", strings.Repeat("long", 300))
			g.ask(token, method, path, fmt.Sprintf(`{%q:%s}`, name, v))
		}
		for range times(100, 20) {
			body := map[string]string{}
			for range 2 + rand.IntN(6) {
				body[members[rand.IntN(len(members))]] = strings.ReplaceAll(values[rand.IntN(len(values))], "%s", "x")
			}
			var parts []string
			for name, v := range body {
				parts = append(parts, fmt.Sprintf("%q:%s", name, v))
			}
			g.ask(token, method, path, "{"+strings.Join(parts, ",")+"}")
		}
	})
}

// TestHostileEvents: what no room may take in, each with the standard's code.
func TestHostileEvents(t *testing.T) {
	engines(t, func(t *testing.T, g *target) {
		other := client.New(g.URL)
		if err := other.Register(t.Context(), "other", e2e.Password); err != nil {
			t.Fatal(err)
		}
		theirs := e2e.Room(t, other)
		elsewhere := e2e.Say(t, other, theirs, "not for the victim")
		token, me := g.victim.Session().AccessToken, g.victim.UserID()
		base := "/_matrix/client/v3/rooms/" + url.PathEscape(g.room)
		send := func(room string) string {
			return "/_matrix/client/v3/rooms/" + url.PathEscape(room) + "/send/m.room.message/" + g.victim.NewTxn()
		}
		for _, c := range []struct {
			name, method, path, body string
			status                   int
			code                     string
		}{
			{"too large", "PUT", send(g.room), `{"body":"` + strings.Repeat("x", 65600) + `"}`, 413, "M_TOO_LARGE"},
			{"a float", "PUT", send(g.room), `{"body":"x","n":1.5}`, 400, "M_BAD_JSON"},
			{"an exponent", "PUT", send(g.room), `{"body":"x","n":1e3000}`, 400, "M_BAD_JSON"},
			{"beyond 2^53", "PUT", send(g.room), `{"body":"x","n":9007199254740993}`, 400, "M_BAD_JSON"},
			{"to an unknown room", "PUT", send("!nowhere:" + serverName), `{"body":"x"}`, 403, "M_FORBIDDEN"},
			{"to the room of others", "PUT", send(theirs), `{"body":"x"}`, 403, "M_FORBIDDEN"},
			{"a long type", "PUT", base + "/send/" + strings.Repeat("t", 256) + "/1", `{}`, 413, "M_TOO_LARGE"},
			{"a long state key", "PUT", base + "/state/org.example/" + strings.Repeat("k", 256), `{}`, 413, "M_TOO_LARGE"},
			{"another's membership", "PUT", base + "/state/m.room.member/" + url.PathEscape(other.UserID()), `{"membership":"join"}`, 403, "M_FORBIDDEN"},
			{"a second creation", "PUT", base + "/state/m.room.create/", `{"room_version":"12"}`, 0, ""},
			{"an unknown membership", "PUT", base + "/state/m.room.member/" + url.PathEscape(me), `{"membership":"emperor"}`, 0, ""},
			{"redacting nothing", "PUT", base + "/redact/$nothing/" + g.victim.NewTxn(), `{}`, 404, "M_NOT_FOUND"},
			{"redacting elsewhere", "PUT", base + "/redact/" + url.PathEscape(elsewhere) + "/" + g.victim.NewTxn(), `{}`, 404, "M_NOT_FOUND"},
			{"reading elsewhere", "GET", base + "/event/" + url.PathEscape(elsewhere), "", 404, "M_NOT_FOUND"},
			{"context elsewhere", "GET", base + "/context/" + url.PathEscape(elsewhere), "", 404, "M_NOT_FOUND"},
			{"inviting nobody", "POST", base + "/invite", `{"user_id":"@nobody:` + serverName + `"}`, 0, ""},
			{"inviting nonsense", "POST", base + "/invite", `{"user_id":"nonsense"}`, 400, "M_INVALID_PARAM"},
			{"inviting no one", "POST", base + "/invite", `{}`, 400, "M_MISSING_PARAM"},
			{"a receipt for elsewhere", "POST", base + "/receipt/m.read/" + url.PathEscape(elsewhere), `{}`, 0, ""},
			{"typing for another", "PUT", base + "/typing/" + url.PathEscape(other.UserID()), `{"typing":true}`, 403, "M_FORBIDDEN"},
			{"a second reaction of elsewhere", "PUT", base + "/send/m.reaction/" + g.victim.NewTxn(), `{"m.relates_to":{"rel_type":"m.annotation","event_id":"` + elsewhere + `","key":"x"}}`, 0, ""},
			{"an edit of another's", "PUT", send(g.room), `{"body":"x","m.new_content":{"body":"x"},"m.relates_to":{"rel_type":"m.replace","event_id":"` + elsewhere + `"}}`, 0, ""},
			{"a relation that is none", "PUT", send(g.room), `{"body":"x","m.relates_to":[1]}`, 0, ""},
		} {
			if c.status == 0 { // refused or taken as it is; never a fault
				g.ask(token, c.method, c.path, c.body)
				continue
			}
			t.Log(c.name)
			g.want(c.status, c.code, token, c.method, c.path, c.body)
		}
		if status, _ := g.ask(token, "PUT", base+"/state/m.room.member/"+url.PathEscape(me), `{"membership":"emperor"}`); status < 400 {
			t.Error("somebody has a membership that is none")
		}
		g.replay(token, base)
		if _, err := g.victim.Say(t.Context(), g.room, "the room works as before"); err != nil {
			t.Error(err)
		}
	})
}

// replay replays transactions: the same is the same, and another path or room is another.
func (g *target) replay(token, base string) {
	g.t.Helper()
	first := g.want(200, "", token, "PUT", base+"/send/m.room.message/same", `{"body":"one"}`).Get("event_id").Str
	second := g.want(200, "", token, "PUT", base+"/send/m.room.message/same", `{"body":"another"}`).Get("event_id").Str
	other := g.want(200, "", token, "PUT", base+"/send/org.example.other/same", `{"body":"one"}`).Get("event_id").Str
	if first != second || first == other || first == "" {
		g.t.Errorf("transactions gave %s, %s and %s", first, second, other)
	}
	// An empty state key, with and without the slash, is the same place.
	g.want(200, "", token, "PUT", base+"/state/org.example.slash/", `{"n":1}`)
	g.want(200, "", token, "PUT", base+"/state/org.example.slash", `{"n":2}`)
	for _, path := range []string{"/state/org.example.slash", "/state/org.example.slash/"} {
		if n := g.want(200, "", token, "GET", base+path, "").Get("n").Int(); n != 2 {
			g.t.Errorf("%s holds %d", path, n)
		}
	}
	g.want(200, "", token, "PUT", base+"/state/org.example.slash/%2F..%2F", `{"n":3}`)
	if n := g.want(200, "", token, "GET", base+"/state/org.example.slash/%2F..%2F", "").Get("n").Int(); n != 3 {
		g.t.Errorf("a key of slashes and dots holds %d", n)
	}
}

// FuzzHTTP makes requests of any method, path and body: no fault, no hang, and errors of the standard's only.
func FuzzHTTP(f *testing.F) {
	g := newTarget(f, "sqlite")
	for _, r := range g.Routes() {
		method, path := g.fill(r.Pattern, g.proper)
		f.Add(method, path, `{"user_id":"@x:y","limit":1,"content":{"a":[1,null]}}`)
	}
	n := 0
	f.Fuzz(func(t *testing.T, method, path, body string) {
		if strings.Contains(path, "timeout") || strings.Contains(body, "timeout") {
			return // it is asked to wait
		}
		if n++; n%50 == 0 {
			g.restore()
		}
		g.t = t
		g.ask(g.victim.Session().AccessToken, method, path, body)
	})
}
