package account

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/account/credential"
	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

const (
	alice    = "@alice:" + storetest.ServerName
	bob      = "@bob:" + storetest.ServerName
	password = "three random words"
	secret   = "the registration secret"

	guessBurst = 10
	guessEvery = 10 * time.Second
	fewDevices = 8
)

var (
	cheap    = credential.Cost{Time: 1, Memory: 64, Lanes: 1}
	operator = &audit.Caller{}
	ward7    = netip.MustParseAddr("192.0.2.7")
)

// rig is the accounts of a fresh database behind HTTP, with a clock that only tests move.
type rig struct {
	*Accounts
	t        testing.TB
	db       *store.DB
	keep     *accountdata.Keep
	profiles *profile.Profiles
	handler  http.Handler

	mu      sync.Mutex
	time    time.Time
	changes []store.Change
}

// each runs a test on every engine.
func each(t *testing.T, change func(*Config), test func(t *testing.T, r *rig)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		test(t, newRig(t, db, change))
	})
}

func newRig(t testing.TB, db *store.DB, change func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, db: db, time: time.UnixMilli(1_750_000_000_000)}
	conf := Config{ServerName: storetest.ServerName, Cost: cheap, Now: r.now, GuessBurst: guessBurst, MaxDevices: fewDevices}
	if change != nil {
		change(&conf)
	}
	r.profiles, r.keep = profile.New(db), accountdata.New(db)
	r.Accounts = New(db, conf, r.profiles)
	db.Follow(r.follow)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(context.Background()); err != nil {
			t.Errorf("stopping the accounts: %v", err)
		}
	})
	r.handler = endpoint.Mux(routes(API{r.Accounts}), endpoint.Options{Authenticate: r.Authenticate})
	return r
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.time
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.time = r.time.Add(d)
}

func (r *rig) follow(b store.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = append(r.changes, b.Changes...)
}

// announced counts the changes of a kind about a user.
func (r *rig) announced(kind, user string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.changes {
		if c.Kind == kind && c.Scope == user {
			n++
		}
	}
	return n
}

// add makes an account with the usual password.
func (r *rig) add(name string) string {
	r.t.Helper()
	id, err := r.AddUser(r.t.Context(), operator, NewUser{Name: name, Password: password})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// login signs a person in with the usual password.
func (r *rig) login(user string, in SignIn) Session {
	r.t.Helper()
	s, err := r.Login(r.t.Context(), &audit.Caller{Addr: ward7}, user, password, in)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// who is the caller that a token stands for; it must be good.
func (r *rig) who(token string) *audit.Caller {
	r.t.Helper()
	who, err := r.Authenticate(r.t.Context(), token, ward7)
	if err != nil {
		r.t.Fatal(err)
	}
	return who
}

// call makes a request and gives the status and the JSON of the answer.
func (r *rig) call(method, path, token string, body any) (int, gjson.Result) {
	r.t.Helper()
	text := ""
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		text = string(raw)
	}
	req := httptest.NewRequestWithContext(r.t.Context(), method, path, strings.NewReader(text))
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	return w.Code, gjson.Parse(w.Body.String())
}

// want makes a request and expects a status and, when not empty, an error code.
func (r *rig) want(status int, code, method, path, token string, body any) gjson.Result {
	r.t.Helper()
	got, answer := r.call(method, path, token, body)
	if got != status || answer.Get("errcode").String() != code {
		r.t.Fatalf("%s %s: %d %s, want %d %s", method, path, got, answer, status, code)
	}
	return answer
}

// recorded counts audit records of an action.
func (r *rig) recorded(action string) (n int) {
	r.t.Helper()
	err := r.db.Read(r.t.Context(), func(tx *store.Tx) error {
		return tx.Row(`SELECT COUNT(*) FROM audit WHERE action = $1`, []any{action}, &n)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// routes are the routes of the standard for this package's face; the server has its own list.
func routes(api API) []endpoint.Route {
	line := func(pattern string, g endpoint.Guard, h endpoint.Handler) endpoint.Route {
		return endpoint.Route{Pattern: pattern, Guard: g, Class: endpoint.Login, Handler: h}
	}
	const v3 = " /_matrix/client/v3"
	return []endpoint.Route{
		line("GET"+v3+"/login", endpoint.Open, endpoint.Do(api.Flows)),
		line("POST"+v3+"/login", endpoint.Open, endpoint.Do(api.Login)),
		line("POST"+v3+"/refresh", endpoint.Open, endpoint.Do(api.Refresh)),
		line("POST"+v3+"/logout", endpoint.Open, endpoint.Do(api.Logout)),
		line("POST"+v3+"/logout/all", endpoint.Open, endpoint.Do(api.LogoutAll)),
		line("POST"+v3+"/register", endpoint.Open, endpoint.Do(api.Register)),
		line("GET"+v3+"/register/available", endpoint.Open, endpoint.Do(api.Available)),
		line("GET /_synapse/admin/v1/register", endpoint.Open, endpoint.Do(api.Nonce)),
		line("POST /_synapse/admin/v1/register", endpoint.Open, endpoint.Do(api.RegisterBySecret)),
		line("GET"+v3+"/account/whoami", endpoint.User, endpoint.Do(api.WhoAmI)),
		line("POST"+v3+"/account/password", endpoint.User, endpoint.Do(api.ChangePassword)),
		line("POST"+v3+"/account/deactivate", endpoint.User, endpoint.Do(api.Deactivate)),
		line("GET"+v3+"/devices", endpoint.User, endpoint.Do(api.Devices)),
		line("GET"+v3+"/devices/{deviceId}", endpoint.User, endpoint.Do(api.Device)),
		line("PUT"+v3+"/devices/{deviceId}", endpoint.User, endpoint.Do(api.Rename)),
		line("DELETE"+v3+"/devices/{deviceId}", endpoint.User, endpoint.Do(api.DeleteDevice)),
		line("POST"+v3+"/delete_devices", endpoint.User, endpoint.Do(api.DeleteDevices)),
		line("GET /_matrix/client/v1/admin/lock/{userId}", endpoint.Admin, endpoint.Do(api.Locked)),
		line("PUT /_matrix/client/v1/admin/lock/{userId}", endpoint.Admin, endpoint.Do(api.Lock)),
		line("GET /_matrix/client/v1/admin/suspend/{userId}", endpoint.Admin, endpoint.Do(api.Suspended)),
		line("PUT /_matrix/client/v1/admin/suspend/{userId}", endpoint.Admin, endpoint.Do(api.Suspend)),
		line("GET"+v3+"/admin/whois/{userId}", endpoint.User, endpoint.Do(api.Whois)),
		line("POST"+v3+"/user/{userId}/openid/request_token", endpoint.User, endpoint.Do(api.OpenIDToken)),
		line("GET /_matrix/federation/v1/openid/userinfo", endpoint.Open, endpoint.Do(api.OpenIDUser)),
	}
}

const v3 = "/_matrix/client/v3"

type object = map[string]any

// passwordAuth is the auth member of a request.
func passwordAuth(user, password, session string) object {
	return object{
		"type": "m.login.password", "password": password, "session": session,
		"identifier": object{"type": "m.id.user", "user": user},
	}
}
