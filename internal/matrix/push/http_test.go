package push

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/outward"
	"github.com/wardline/wardline/internal/platform/store"
)

// desk is the API behind a real router; the access token is the caller's local part.
type desk struct {
	*ward
	pushers *Pushers
	mux     http.Handler
}

func newDesk(w *ward, conf Config) *desk {
	d := &desk{ward: w, pushers: NewPushers(w.DB, conf)}
	api := API{Rules: w.rules, Pushers: d.pushers, Counter: w.counter}
	route := func(pattern string, h endpoint.Handler) endpoint.Route {
		return endpoint.Route{Pattern: pattern, Guard: endpoint.User, Class: endpoint.Read, Handler: h}
	}
	const rule = "/pushrules/global/{kind}/{ruleId}"
	d.mux = endpoint.Mux([]endpoint.Route{
		route("GET /pushers", endpoint.Do(api.List)),
		route("POST /pushers/set", endpoint.Do(api.SetPusher)),
		route("GET /notifications", endpoint.Do(api.Notifications)),
		route("GET /pushrules/{$}", endpoint.Do(api.All)),
		route("GET /pushrules/global/{$}", endpoint.Do(api.Global)),
		route("GET "+rule, endpoint.Do(api.Rule)),
		route("PUT "+rule, endpoint.Do(api.PutRule)),
		route("DELETE "+rule, endpoint.Do(api.DeleteRule)),
		route("GET "+rule+"/enabled", endpoint.Do(api.Enabled)),
		route("PUT "+rule+"/enabled", endpoint.Do(api.Enable)),
		route("GET "+rule+"/actions", endpoint.Do(api.Actions)),
		route("PUT "+rule+"/actions", endpoint.Do(api.SetActions)),
	}, endpoint.Options{Authenticate: func(_ context.Context, token string, _ netip.Addr) (*audit.Caller, error) {
		return roomtest.Who(token), nil
	}})
	return d
}

// ask makes a request as somebody and gives the status and the body.
func (d *desk) ask(who, method, path, body string) (int, gjson.Result) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+who)
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	return w.Code, gjson.Parse(w.Body.String())
}

func (d *desk) want(t *testing.T, who, method, path, body string, status int, code string) gjson.Result {
	t.Helper()
	got, answer := d.ask(who, method, path, body)
	if got != status || answer.Get("errcode").Str != code {
		t.Errorf("%s %s %s: %d %s, want %d %s", method, path, body, got, answer.Raw, status, code)
	}
	return answer
}

func TestRulesOverHTTP(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		d := newDesk(w, Config{})
		const tea, time, rules = "/pushrules/global/content/tea", "/pushrules/global/content/time", "/pushrules/"
		fine := func(method, path, body string) gjson.Result {
			t.Helper()
			return d.want(t, "bob", method, path, body, 200, "")
		}
		first := fine("GET", rules, "")
		if first.Get("global.override.0.rule_id").Str != ".m.rule.master" || len(first.Get("global.underride").Array()) == 0 {
			t.Errorf("defaults: %s", first.Raw)
		}
		if content, err := w.rules.Content(ctx, user("bob")); err != nil || string(content) != first.Raw {
			t.Errorf("content: %s, %v", content, err)
		}
		fine("PUT", tea, `{"pattern":"tea","actions":["notify"]}`)
		fine("PUT", time+"?before=tea", `{"pattern":"time","actions":["notify",{"set_tweak":"sound","value":"default"}]}`)
		set := fine("GET", "/pushrules/global/", "")
		if set.Get("content.#.rule_id").Raw != `["time","tea"]` {
			t.Errorf("order: %s", set.Get("content").Raw)
		}
		fine("PUT", time+"?after=tea", `{"pattern":"time","actions":["notify"]}`)
		if got := fine("GET", rules, "").Get("global.content.#.rule_id").Raw; got != `["tea","time"]` {
			t.Errorf("order: %s", got)
		}
		fine("PUT", tea+"/enabled", `{"enabled":false}`)
		fine("PUT", tea+"/actions", `{"actions":[{"set_tweak":"highlight"}]}`)
		if got := fine("GET", tea, ""); got.Raw != `{"rule_id":"tea","default":false,"enabled":false,"pattern":"tea","actions":[{"set_tweak":"highlight"}]}` {
			t.Errorf("rule: %s", got.Raw)
		}
		if fine("GET", tea+"/enabled", "").Raw != `{"enabled":false}` || fine("GET", tea+"/actions", "").Raw != `{"actions":[{"set_tweak":"highlight"}]}` {
			t.Error("parts of a rule")
		}
		fine("PUT", "/pushrules/global/underride/.m.rule.message/actions", `{"actions":["dont_notify"]}`)
		fine("PUT", "/pushrules/global/override/.m.rule.master/enabled", `{"enabled":true}`)
		shown, err := w.keep.Entry(ctx, roomtest.Who("bob"), user("bob"), "", accountdata.PushRules)
		if all := fine("GET", rules, ""); err != nil || string(shown) != all.Raw || all.Raw == first.Raw {
			t.Errorf("what clients are shown: %s, %v; want %s", shown, err, all.Raw)
		}
		before := w.DB.Position()
		fine("PUT", "/pushrules/global/override/.m.rule.master/enabled", `{"enabled":true}`)
		if w.DB.Position() != before {
			t.Error("a change that changes nothing was announced")
		}
		fine("DELETE", tea, "")
		d.want(t, "bob", "GET", tea, "", 404, "M_NOT_FOUND")
		if other := d.want(t, "carol", "GET", rules, "", 200, ""); strings.ReplaceAll(other.Raw, "carol", "bob") != first.Raw {
			t.Errorf("somebody else's rules have changed: %s", other.Raw)
		}
	})
}

func TestRulesThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		d := newDesk(w, Config{})
		before := w.DB.Position()
		const fine = `{"pattern":"x","actions":["notify"]}`
		for _, c := range []struct {
			method, path, body string
			status             int
			code               string
		}{
			{"GET", "content/none", "", 404, "M_NOT_FOUND"},
			{"DELETE", "content/none", "", 404, "M_NOT_FOUND"},
			{"PUT", "content/none/enabled", `{"enabled":true}`, 404, "M_NOT_FOUND"},
			{"PUT", "content/none/actions", `{"actions":[]}`, 404, "M_NOT_FOUND"},
			{"GET", "loud/x", "", 400, "M_INVALID_PARAM"},
			{"PUT", "loud/x", fine, 400, "M_INVALID_PARAM"},
			{"DELETE", "loud/x", "", 400, "M_INVALID_PARAM"},
			{"PUT", "content/.m.rule.mine", fine, 400, "M_INVALID_PARAM"},
			{"DELETE", "override/.m.rule.master", "", 400, "M_INVALID_PARAM"},
			{"PUT", "content/a%2Fb", fine, 400, "M_INVALID_PARAM"},
			{"PUT", "content/x", `{"actions":["notify"]}`, 400, "M_INVALID_PARAM"},
			{"PUT", "content/x", `{"pattern":"x"}`, 400, "M_INVALID_PARAM"},
			{"PUT", "content/x", `{"pattern":`, 400, "M_NOT_JSON"},
			{"PUT", "content/x?before=none", fine, 400, "M_UNKNOWN"},
			{"PUT", "content/x?after=.m.rule.master", fine, 400, "M_UNKNOWN"},
			{"PUT", "room/x", `{"actions":[]}`, 400, "M_INVALID_PARAM"},
			{"PUT", "override/.m.rule.master/enabled", `{}`, 400, "M_MISSING_PARAM"},
			{"PUT", "override/.m.rule.master/enabled", `{"enabled":"yes"}`, 400, "M_BAD_JSON"},
			{"PUT", "override/.m.rule.master/actions", `{"actions":[7]}`, 400, "M_INVALID_PARAM"},
		} {
			d.want(t, "bob", c.method, "/pushrules/global/"+c.path, c.body, c.status, c.code)
		}
		if w.DB.Position() != before {
			t.Error("something was changed")
		}
		// All together are bounded.
		long := strings.Repeat("x", 500)
		last := 0
		for i := 0; last != 400 && i < 1000; i++ {
			last, _ = d.ask("bob", "PUT", fmt.Sprint("/pushrules/global/override/", i), fmt.Sprintf(
				`{"conditions":[%s{"kind":"event_match","key":"type","pattern":"x"}],"actions":[]}`,
				strings.Repeat(`{"kind":"event_match","key":"type","pattern":"`+long+`"},`, 14)))
		}
		if last != 400 {
			t.Error("rules without end")
		}
	})
}

// form is a pusher that is fine, with one member changed.
func form(member, value string) string {
	members := map[string]string{
		"kind": `"http"`, "app_id": `"org.example.app"`, "pushkey": `"key"`, "app_display_name": `"App"`, "device_display_name": `"Phone"`,
		"lang": `"en"`, "data": `{"url":"https://push.example.org/_matrix/push/v1/notify","format":"event_id_only"}`,
	}
	members[member] = value
	var list []string
	for k, v := range members {
		if v != "" {
			list = append(list, fmt.Sprintf("%q:%s", k, v))
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

func TestPushersOverHTTP(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		d := newDesk(w, Config{})
		count := func(who string, n int) gjson.Result {
			t.Helper()
			list := d.want(t, who, "GET", "/pushers", "", 200, "").Get("pushers")
			if !list.IsArray() || len(list.Array()) != n {
				t.Errorf("%s has %s, want %d", who, list.Raw, n)
			}
			return list
		}
		set := func(who, body string) {
			t.Helper()
			d.want(t, who, "POST", "/pushers/set", body, 200, "")
		}
		count("bob", 0)
		set("bob", form("profile_tag", `"tag"`))
		set("bob", form("lang", `"cy"`))
		p := count("bob", 1).Get("0")
		if p.Get("kind").Str != "http" || p.Get("lang").Str != "cy" || p.Get("data.format").Str != "event_id_only" ||
			p.Get("data.url").Str == "" || p.Get("app_id").Str != "org.example.app" || p.Get("pushkey").Str != "key" {
			t.Errorf("pusher: %s", p.Raw)
		}
		set("carol", form("append", "true")) // two people share a phone
		count("bob", 1)
		count("carol", 1)
		set("dave", form("append", "false")) // and now it is a third one's
		count("bob", 0)
		count("carol", 0)
		set("dave", form("pushkey", `"other"`))
		count("dave", 2)
		set("dave", `{"kind":null,"app_id":"org.example.app","pushkey":"key"}`)
		set("dave", `{"kind":null,"app_id":"org.example.app","pushkey":"key"}`)
		set("bob", `{"kind":null,"app_id":"org.example.app","pushkey":"other"}`)
		if list := count("dave", 1); list.Get("0.pushkey").Str != "other" {
			t.Errorf("left: %s", list.Raw)
		}
		for i := range maxPushers - 1 {
			set("dave", form("pushkey", fmt.Sprintf(`"key %d"`, i)))
		}
		d.want(t, "dave", "POST", "/pushers/set", form("pushkey", `"one too many"`), 400, "M_UNKNOWN")
		set("dave", form("pushkey", `"key 7"`))
		err := w.DB.Write(ctx, func(tx *store.Tx) error { return DeviceGone(tx, user("dave"), roomtest.Who("dave").Device) })
		if err != nil {
			t.Fatal(err)
		}
		count("dave", 0)
	})
}

func TestPushersThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		d := newDesk(w, Config{})
		before := w.DB.Position()
		at := func(url string) string { return fmt.Sprintf(`{"url":%q}`, url) }
		for _, c := range []struct{ member, value, code string }{
			{"kind", "", "M_MISSING_PARAM"},
			{"kind", `"email"`, "M_INVALID_PARAM"},
			{"kind", `7`, "M_INVALID_PARAM"},
			{"app_id", "", "M_MISSING_PARAM"},
			{"app_id", `"` + strings.Repeat("a", maxAppID+1) + `"`, "M_INVALID_PARAM"},
			{"pushkey", "", "M_MISSING_PARAM"},
			{"pushkey", `"` + strings.Repeat("k", maxPushkey+1) + `"`, "M_INVALID_PARAM"},
			{"pushkey", `7`, "M_BAD_JSON"},
			{"app_display_name", "", "M_MISSING_PARAM"},
			{"device_display_name", `""`, "M_MISSING_PARAM"},
			{"device_display_name", `"` + strings.Repeat("n", maxLabel+1) + `"`, "M_INVALID_PARAM"},
			{"lang", "", "M_MISSING_PARAM"},
			{"data", "", "M_MISSING_PARAM"},
			{"data", `{}`, "M_MISSING_PARAM"},
			{"data", `"x"`, "M_INVALID_PARAM"},
			{"data", `{"url":7}`, "M_INVALID_PARAM"},
			{"data", `{"url":"https://push.example.org/_matrix/push/v1/notify","x":"` + strings.Repeat("x", maxData) + `"}`, "M_INVALID_PARAM"},
			{"data", at("http://push.example.org/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("file:///_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https:///_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://push.example.org/other"), "M_INVALID_PARAM"},
			{"data", at("https://push.example.org/x/../_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://user:pass@push.example.org/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://localhost/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://LOCALHOST./_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://127.0.0.1/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://10.1.2.3:8443/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://169.254.169.254/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://[::1]/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://[::ffff:10.0.0.1]/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://[fd00::1]/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
			{"data", at("https://%zz/_matrix/push/v1/notify"), "M_INVALID_PARAM"},
		} {
			d.want(t, "bob", "POST", "/pushers/set", form(c.member, c.value), 400, c.code)
		}
		d.want(t, "bob", "POST", "/pushers/set", `{"kind":null}`, 400, "M_MISSING_PARAM")
		if w.DB.Position() != before {
			t.Error("something was changed")
		}
	})
}

// TestPrivateAddressesAreNotDialled: what a name resolves to is checked when it is called, whatever its text was.
func TestPrivateAddressesAreNotDialled(t *testing.T) {
	h := newHandset(t)
	name := strings.Replace(h.URL, "127.0.0.1", "localhost", 1) + gatewayPath
	n := &notification{Devices: []target{{AppID: "a", Key: "k"}}}
	if _, err := newGateway(false).notify(ctx, name, n); err == nil || !strings.Contains(err.Error(), "private network") {
		t.Errorf("a private address was dialled: %v", err)
	}
	if h.attempts() != 0 {
		t.Error("it was even asked")
	}
	if _, err := newGateway(true).notify(ctx, name, n); err != nil || h.attempts() != 1 {
		t.Errorf("with leave: %v", err)
	}
}

// TestRedirectsAreNotFollowed: a gateway cannot send us elsewhere.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := newHandset(t)
	from := httptest.NewServer(http.RedirectHandler(elsewhere.URL+gatewayPath, http.StatusTemporaryRedirect))
	defer from.Close()
	_, err := newGateway(true).notify(ctx, from.URL+gatewayPath, &notification{})
	if err == nil || elsewhere.attempts() != 0 {
		t.Errorf("followed: %v", err)
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{
		"https://push.example.org/_matrix/push/v1/notify", "https://127.0.0.1/_matrix/push/v1/notify", "https://[::1%25eth0]:1/_matrix/push/v1/notify",
		"HTTPS://a/_matrix/push/v1/notify?x=1", "//a/_matrix/push/v1/notify", "https://a\\@b/_matrix/push/v1/notify", "https://0x7f.1/_matrix/push/v1/notify",
	} {
		f.Add(s)
	}
	p := NewPushers(nil, Config{})
	f.Fuzz(func(t *testing.T, s string) {
		if p.checkURL(s) != nil {
			return
		}
		r, err := http.NewRequest(http.MethodPost, s, nil)
		if err != nil {
			t.Fatalf("%q is accepted and cannot be asked: %v", s, err)
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" || r.URL.EscapedPath() != gatewayPath || u.User != nil {
			t.Errorf("%q is accepted", s)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && !outward.Public(a) {
			t.Errorf("%q is accepted", s)
		}
	})
}

func TestNotifications(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		d := newDesk(w, Config{})
		l, other, third := w.Room("alice", "bob", "carol"), w.Room("alice", "bob", "carol"), w.Room("alice", "carol", "dave")
		invited := d.want(t, "bob", "GET", "/notifications", "", 200, "").Get("notifications.#.event.event_id").Array()
		if len(invited) != 2 {
			t.Errorf("invitations: %v", invited)
		}
		var want []string
		for i := range 12 {
			in := []*room.Live{l, other}[i%2]
			if i%3 == 0 {
				want = append(want, w.mention("alice", in, "bob"))
			} else {
				want = append(want, w.Say("alice", in, "x"))
			}
			w.Say("alice", third, "not bob's")
			w.Send("alice", in, "m.room.message", `{"msgtype":"m.notice","body":"x"}`)
		}
		w.read(t, "bob", l, want[6], "", false)
		w.Say("bob", other, "mine")
		page := func(query string) (ids []string, answer gjson.Result) {
			t.Helper()
			answer = d.want(t, "bob", "GET", "/notifications?"+query, "", 200, "")
			for _, n := range answer.Get("notifications").Array() {
				ids = append(ids, n.Get("event.event_id").Str)
				if n.Get("room_id").Str == "" || n.Get("event.room_id").Exists() || n.Get("ts").Int() == 0 || n.Get("actions.0").Str != "notify" {
					t.Errorf("notification: %s", n.Raw)
				}
			}
			return ids, answer
		}
		var all []string
		query := "limit=5"
		for pages := 0; ; pages++ {
			ids, answer := page(query)
			all = append(all, ids...)
			next := answer.Get("next_token").Str
			if next == "" {
				break
			}
			if query = "limit=5&from=" + next; pages > 10 {
				t.Fatal("pages without end")
			}
		}
		if len(all) != len(want)+2 || all[12] != invited[0].Str || all[13] != invited[1].Str {
			t.Fatalf("%d notifications, want %d", len(all), len(want)+2)
		}
		for i := range want {
			if all[i] != want[len(want)-1-i] {
				t.Errorf("notification %d is %s", i, all[i])
			}
		}
		_, answer := page("")
		for _, n := range answer.Get("notifications").Array()[:12] {
			i := 0
			for want[i] != n.Get("event.event_id").Str {
				i++
			}
			if n.Get("read").Bool() != (i%2 == 0 && i <= 6) {
				t.Errorf("notification %d: read is %s", i, n.Get("read").Raw)
			}
		}
		if ids, _ := page("only=highlight"); len(ids) != 4 || ids[0] != want[9] {
			t.Errorf("highlights: %v", ids)
		}
		d.want(t, "bob", "GET", "/notifications?from=x", "", 400, "M_INVALID_PARAM")
		if ids, _ := page("limit=-3"); len(ids) != 14 {
			t.Errorf("%d", len(ids))
		}
	})
}
