package server

import (
	"cmp"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
)

// client is a signed-in person, over the server's own handler.
type client struct {
	t     *testing.T
	s     *Server
	user  string
	token string
}

const v3 = "/_matrix/client/v3"

// openRig is a server where anyone may register.
func openRig(t *testing.T) *Server {
	c := settings(t)
	c.Accounts.OpenRegistration, c.Limits.Off = true, true
	return start(t, c)
}

// register makes an account and signs it in.
func register(t *testing.T, s *Server, name string) client {
	t.Helper()
	c := client{t: t, s: s}
	answer := c.want(200, "", "POST", v3+"/register", `{"username":"`+name+`","password":"pw of `+name+`","auth":{"type":"m.login.dummy"}}`)
	c.user, c.token = answer.Get("user_id").Str, answer.Get("access_token").Str
	return c
}

// want makes a request and expects a status and an error code.
func (c client) want(status int, code, method, path, body string) gjson.Result {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+c.token)
	w := httptest.NewRecorder()
	c.s.Handler().ServeHTTP(w, r)
	answer := gjson.Parse(w.Body.String())
	if w.Code != status || answer.Get("errcode").Str != code {
		c.t.Fatalf("%s %s %s: %d %s, want %d %s", method, path, body, w.Code, w.Body, status, code)
	}
	return answer
}

// member reads somebody's membership of a room until it is as wanted: the rooms hear of changes a moment later.
func (c client) member(room, user, field, want string) {
	c.t.Helper()
	path := v3 + "/rooms/" + room + "/state/m.room.member/" + user
	got := ""
	for range 1000 {
		if got = c.want(200, "", "GET", path, "").Get(field).Str; got == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.t.Fatalf("%s of %s is %q, want %q", field, user, got, want)
}

func TestNameReachesTheRooms(t *testing.T) {
	s := openRig(t)
	alice := register(t, s, "alice")
	room := alice.want(200, "", "POST", v3+"/createRoom", "{}").Get("room_id").Str
	alice.want(200, "", "PUT", v3+"/profile/"+alice.user+"/displayname", `{"displayname":"Dr Alice"}`)
	alice.member(room, alice.user, "displayname", "Dr Alice")
}

func TestEmptyProfileIsStillSomebody(t *testing.T) {
	s := openRig(t)
	alice := register(t, s, "alice")
	alice.want(200, "", "DELETE", v3+"/profile/"+alice.user+"/displayname", "")
	room := alice.want(200, "", "POST", v3+"/createRoom", "{}").Get("room_id").Str
	alice.member(room, alice.user, "membership", "join")
	alice.want(404, "M_NOT_FOUND", "POST", v3+"/rooms/"+room+"/invite", `{"user_id":"@nobody:trust.example"}`)
}

func TestDeactivatedLeaveTheirRooms(t *testing.T) {
	s := openRig(t)
	alice, bob := register(t, s, "alice"), register(t, s, "bob")
	room := alice.want(200, "", "POST", v3+"/createRoom", `{"invite":["`+bob.user+`"]}`).Get("room_id").Str
	bob.want(200, "", "POST", v3+"/rooms/"+room+"/join", "{}")
	bob.want(200, "", "POST", v3+"/account/deactivate", `{"erase":true,"auth":{"type":"m.login.password","password":"pw of bob"}}`)
	alice.member(room, bob.user, "membership", "leave")
	alice.want(404, "M_NOT_FOUND", "POST", v3+"/rooms/"+room+"/invite", `{"user_id":"`+bob.user+`"}`)
	bob.want(401, "M_UNKNOWN_TOKEN", "GET", v3+"/account/whoami", "")
}

func TestSuspendedMayLeaveAndRedact(t *testing.T) {
	s := openRig(t)
	alice, bob := register(t, s, "alice"), register(t, s, "bob")
	room := alice.want(200, "", "POST", v3+"/createRoom", `{"preset":"public_chat","invite":["`+bob.user+`"]}`).Get("room_id").Str
	other := alice.want(200, "", "POST", v3+"/createRoom", `{"preset":"public_chat"}`).Get("room_id").Str
	bob.want(200, "", "POST", v3+"/rooms/"+room+"/join", "{}")
	send := func(c client, txn string) string {
		path := v3 + "/rooms/" + room + "/send/m.room.message/" + txn
		return c.want(200, "", "PUT", path, `{"msgtype":"m.text","body":"hello"}`).Get("event_id").Str
	}
	hers, his := send(alice, "1"), send(bob, "1")
	if err := s.accounts.Suspend(t.Context(), &audit.Caller{}, bob.user, true); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct{ method, path, body string }{
		{"PUT", "/rooms/" + room + "/send/m.room.message/2", `{"msgtype":"m.text","body":"hello"}`},
		{"PUT", "/rooms/" + room + "/redact/" + hers + "/3", `{}`},
		{"POST", "/rooms/" + other + "/join", `{}`},
		{"POST", "/rooms/" + room + "/invite", `{"user_id":"` + alice.user + `"}`},
		{"PUT", "/profile/" + bob.user + "/displayname", `{"displayname":"B"}`},
		{"POST", "/createRoom", `{}`},
		{"PUT", "/rooms/" + room + "/typing/" + bob.user, `{"typing":true}`},
		{"PUT", "/directory/room/%23ward:trust.example", `{"room_id":"` + room + `"}`},
		{"DELETE", "/directory/room/%23ward:trust.example", ``},
		{"PUT", "/directory/list/room/" + room, `{"visibility":"public"}`},
		{"PUT", "/sendToDevice/m.test/1", `{"messages":{"` + alice.user + `":{"*":{}}}}`},
		{"POST", "/upload", `text`},
		{"POST", "/create", ``},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			bob := bob
			bob.t = t
			status, code := 403, "M_USER_SUSPENDED"
			if strings.Contains(c.path, "/redact/") {
				code = "M_FORBIDDEN" // he lacks the power in any case
			}
			prefix := map[string]string{"/upload": "/_matrix/media/v3", "/create": "/_matrix/media/v1"}[c.path]
			bob.want(status, code, c.method, cmp.Or(prefix, v3)+c.path, c.body)
		})
	}
	bob.want(200, "", "GET", v3+"/rooms/"+room+"/state", "")
	bob.want(200, "", "POST", v3+"/rooms/"+room+"/receipt/m.read/"+hers, "{}")
	bob.want(200, "", "PUT", v3+"/sendToDevice/m.test/2", `{"messages":{"`+bob.user+`":{"*":{}}}}`)
	bob.want(200, "", "PUT", v3+"/rooms/"+room+"/redact/"+his+"/4", "{}")
	bob.want(200, "", "POST", v3+"/rooms/"+room+"/leave", "{}")
}
