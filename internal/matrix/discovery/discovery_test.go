package discovery

import (
	"context"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
)

const alice = "@alice:test.example"

// ask answers one request by the routes of the standard.
func ask(t *testing.T, conf Config, who *audit.Caller, method, path, body string) (int, gjson.Result) {
	t.Helper()
	api := API{New(conf)}
	line := func(pattern string, g endpoint.Guard, h endpoint.Handler) endpoint.Route {
		return endpoint.Route{Pattern: pattern, Guard: g, Class: endpoint.Read, Handler: h}
	}
	const v3 = " /_matrix/client/v3"
	handler := endpoint.Mux([]endpoint.Route{
		line("GET /_matrix/client/versions", endpoint.Open, endpoint.Do(api.Versions)),
		line("GET /.well-known/matrix/client", endpoint.Open, endpoint.Do(api.Client)),
		line("GET /.well-known/matrix/support", endpoint.Open, endpoint.Do(api.Support)),
		line("GET /_matrix/federation/v1/version", endpoint.Open, endpoint.Do(api.FederationVersion)),
		line("GET"+v3+"/capabilities", endpoint.User, endpoint.Do(api.Capabilities)),
		line("GET"+v3+"/presence/{userId}/status", endpoint.User, endpoint.Do(api.Presence)),
		line("PUT"+v3+"/presence/{userId}/status", endpoint.User, endpoint.Do(api.SetPresence)),
		line("GET"+v3+"/account/3pid", endpoint.User, endpoint.Do(api.ThreePIDs)),
		line("POST"+v3+"/account/3pid/add", endpoint.User, endpoint.Do(api.NoThreePID)),
		line("GET"+v3+"/voip/turnServer", endpoint.User, endpoint.Do(api.Nothing)),
		line("GET /_matrix/client/v1/auth_metadata", endpoint.Open, endpoint.Do(api.Unrecognized)),
	}, endpoint.Options{Authenticate: func(context.Context, string, netip.Addr) (*audit.Caller, error) { return who, nil }})
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code, gjson.Parse(w.Body.String())
}

func TestAnswers(t *testing.T) {
	conf := Config{ServerName: "test.example", PublicURL: "https://chat.test.example", Version: "1.2.3", SupportEmail: "it@test.example"}
	const v3 = "/_matrix/client/v3"
	person := &audit.Caller{User: alice}
	for _, c := range []struct {
		method, path, body string
		status             int
		member, want       string
	}{
		{"GET", "/_matrix/client/versions", "", 200, "versions.0", "v1.1"},
		{"GET", "/_matrix/client/versions", "", 200, `unstable_features.org\.matrix\.simplified_msc3575`, "true"},
		{"GET", "/.well-known/matrix/client", "", 200, `m\.homeserver.base_url`, "https://chat.test.example"},
		{"GET", "/.well-known/matrix/client", "", 200, `io\.element\.e2ee.force_disable`, "true"},
		{"GET", "/.well-known/matrix/support", "", 200, "contacts.0.email_address", "it@test.example"},
		{"GET", "/.well-known/matrix/support", "", 200, "contacts.0.role", "m.role.admin"},
		{"GET", "/_matrix/federation/v1/version", "", 200, "server.name", "Wardline"},
		{"GET", "/_matrix/federation/v1/version", "", 200, "server.version", "1.2.3"},
		{"GET", v3 + "/capabilities", "", 200, `capabilities.m\.room_versions.default`, "12"},
		{"GET", v3 + "/capabilities", "", 200, `capabilities.m\.room_versions.available.11`, "stable"},
		{"GET", v3 + "/capabilities", "", 200, `capabilities.m\.get_login_token.enabled`, "false"},
		{"GET", v3 + "/capabilities", "", 200, `capabilities.m\.account_moderation`, ""},
		{"GET", v3 + "/presence/" + alice + "/status", "", 200, "presence", "offline"},
		{"PUT", v3 + "/presence/" + alice + "/status", `{"presence":"online","status_msg":"x"}`, 200, "@this", "{}"},
		{"PUT", v3 + "/presence/" + alice + "/status", `{"presence":"asleep"}`, 400, "errcode", "M_INVALID_PARAM"},
		{"PUT", v3 + "/presence/@bob:test.example/status", `{"presence":"online"}`, 403, "errcode", "M_FORBIDDEN"},
		{"GET", v3 + "/account/3pid", "", 200, "threepids", "[]"},
		{"POST", v3 + "/account/3pid/add", "{}", 403, "errcode", "M_THREEPID_DENIED"},
		{"GET", v3 + "/voip/turnServer", "", 200, "@this", "{}"},
		{"GET", "/_matrix/client/v1/auth_metadata", "", 404, "errcode", "M_UNRECOGNIZED"},
	} {
		status, answer := ask(t, conf, person, c.method, c.path, c.body)
		if status != c.status || answer.Get(c.member).String() != c.want {
			t.Errorf("%s %s: %d %s, want %d with %s = %s", c.method, c.path, status, answer, c.status, c.member, c.want)
		}
	}
}

func TestConfigured(t *testing.T) {
	person := &audit.Caller{User: alice}
	_, answer := ask(t, Config{ServerName: "a.example"}, person, "GET", "/.well-known/matrix/client", "")
	if answer.Get(`m\.homeserver.base_url`).String() != "https://a.example" {
		t.Errorf("without an address: %s", answer)
	}
	if answer.Get(`org\.wardline\.demonstration`).Exists() {
		t.Errorf("a real server calls itself a demonstration: %s", answer)
	}
	_, answer = ask(t, Config{Demo: true}, person, "GET", "/.well-known/matrix/client", "")
	if !answer.Get(`org\.wardline\.demonstration`).Bool() {
		t.Errorf("a demonstration does not say so: %s", answer)
	}
	if status, answer := ask(t, Config{}, person, "GET", "/.well-known/matrix/support", ""); status != 404 {
		t.Errorf("without a contact: %d %s", status, answer)
	}
	conf := Config{PublicURL: "https://x", Encryption: true, RoomVersion: "11"}
	if _, answer := ask(t, conf, person, "GET", "/.well-known/matrix/client", ""); answer.Get(`io\.element\.e2ee`).Exists() {
		t.Errorf("where rooms may be encrypted: %s", answer)
	}
	_, answer = ask(t, conf, &audit.Caller{User: alice, Admin: true}, "GET", "/_matrix/client/v3/capabilities", "")
	if answer.Get(`capabilities.m\.room_versions.default`).String() != "11" || !answer.Get(`capabilities.m\.account_moderation.lock`).Bool() {
		t.Errorf("an administrator's capabilities: %s", answer)
	}
}
