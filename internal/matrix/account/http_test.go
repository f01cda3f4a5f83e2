package account

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
)

func TestLoginOverHTTP(t *testing.T) {
	each(t, func(c *Config) { c.PublicURL = "https://chat.example" }, func(t *testing.T, r *rig) {
		r.add("alice")
		if got := r.want(200, "", "GET", v3+"/login", "", nil).Get("flows").Raw; got != `[{"type":"m.login.password"}]` {
			t.Errorf("flows: %s", got)
		}
		user := object{"type": "m.id.user", "user": "alice"}
		for _, c := range []struct {
			name   string
			body   any
			status int
			code   string
		}{
			{"identifier", object{"type": "m.login.password", "identifier": user, "password": password}, 200, ""},
			{"old form", object{"type": "m.login.password", "user": alice, "password": password}, 200, ""},
			{"wrong password", object{"type": "m.login.password", "identifier": user, "password": "x"}, 403, "M_FORBIDDEN"},
			{"no type", object{"identifier": user, "password": password}, 400, "M_MISSING_PARAM"},
			{"no password", object{"type": "m.login.password", "identifier": user}, 400, "M_MISSING_PARAM"},
			{"no user", object{"type": "m.login.password", "password": password}, 400, "M_MISSING_PARAM"},
			{"token", object{"type": "m.login.token", "token": "x"}, 400, "M_UNKNOWN"},
			{"third party", object{"type": "m.login.password", "identifier": object{"type": "m.id.thirdparty"}, "password": "x"}, 400, "M_UNKNOWN"},
			{"wrong kind", object{"type": 7}, 400, "M_BAD_JSON"},
			{"password of another kind", object{"type": "m.login.password", "identifier": user, "password": []int{1}}, 400, "M_BAD_JSON"},
			{"no JSON", "{", 400, "M_NOT_JSON"},
			{"name twice", `{"type":"m.login.password","type":"m.login.password"}`, 400, "M_NOT_JSON"},
		} {
			status, answer := r.call("POST", v3+"/login", "", c.body)
			if status != c.status || answer.Get("errcode").String() != c.code || answer.Get("expires_in_ms").Exists() {
				t.Errorf("%s: %d %s", c.name, status, answer)
			}
		}
		answer := r.want(200, "", "POST", v3+"/login", "", object{
			"type": "m.login.password", "identifier": user, "password": password, "refresh_token": true,
			"device_id": "PHONE", "initial_device_display_name": "Ward phone",
		})
		if answer.Get("user_id").String() != alice || answer.Get("device_id").String() != "PHONE" ||
			answer.Get("expires_in_ms").Int() != 3_600_000 ||
			answer.Get(`well_known.m\.homeserver.base_url`).String() != "https://chat.example" {
			t.Errorf("answer: %s", answer)
		}
		refreshed := r.want(200, "", "POST", v3+"/refresh", "", object{"refresh_token": answer.Get("refresh_token").String()})
		whoami := r.want(200, "", "GET", v3+"/account/whoami", refreshed.Get("access_token").String(), nil)
		if whoami.Get("user_id").String() != alice || whoami.Get("device_id").String() != "PHONE" || whoami.Get("is_guest").Bool() {
			t.Errorf("whoami: %s", whoami)
		}
		r.want(401, "M_UNKNOWN_TOKEN", "POST", v3+"/refresh", "", object{"refresh_token": "x"})
		r.want(400, "M_MISSING_PARAM", "POST", v3+"/refresh", "", "{}")
		r.want(401, "M_MISSING_TOKEN", "GET", v3+"/account/whoami", "", nil)
		r.want(401, "M_UNKNOWN_TOKEN", "GET", v3+"/account/whoami", "x", nil)
		r.want(401, "M_MISSING_TOKEN", "POST", v3+"/logout", "", "{}")
		r.want(200, "", "POST", v3+"/logout?access_token="+refreshed.Get("access_token").String(), "", "{}")
		r.want(401, "M_UNKNOWN_TOKEN", "POST", v3+"/logout/all", refreshed.Get("access_token").String(), "{}")
	})
}

func TestDevicesOverHTTP(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		r.add("bob")
		s := r.login("alice", SignIn{Device: "PHONE", Name: "Phone"})
		r.login("bob", SignIn{Device: "BOBS"})
		list := r.want(200, "", "GET", v3+"/devices", s.Access, nil)
		if list.Get("devices.#").Int() != 1 || list.Get("devices.0.last_seen_ip").String() != ward7.String() ||
			list.Get("devices.0.last_seen_ts").Int() != r.now().UnixMilli() {
			t.Errorf("devices: %s", list)
		}
		before := r.announced(KindDevice, alice)
		r.want(200, "", "PUT", v3+"/devices/PHONE", s.Access, object{"display_name": "My phone"})
		r.want(200, "", "PUT", v3+"/devices/PHONE", s.Access, object{})
		if d := r.want(200, "", "GET", v3+"/devices/PHONE", s.Access, nil); d.Get("display_name").String() != "My phone" {
			t.Errorf("device: %s", d)
		}
		if n := r.announced(KindDevice, alice) - before; n != 1 {
			t.Errorf("renaming was announced %d times", n)
		}
		r.want(404, "M_NOT_FOUND", "GET", v3+"/devices/BOBS", s.Access, nil)
		r.want(404, "M_NOT_FOUND", "PUT", v3+"/devices/BOBS", s.Access, object{"display_name": "Mine"})
		r.want(404, "M_NOT_FOUND", "PUT", v3+"/devices/BOBS", s.Access, object{})
		r.want(400, "M_INVALID_PARAM", "PUT", v3+"/devices/PHONE", s.Access, object{"display_name": strings.Repeat("x", 256)})
	})
}

// The steps of user-interactive authentication, for each act that asks for it.
func TestConfirm(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		r.add("bob")
		s := r.login("alice", SignIn{Device: "PHONE"})
		r.login("alice", SignIn{Device: "OLD"})
		device := v3 + "/devices/OLD"

		ask := r.want(401, "", "DELETE", device, s.Access, "{}")
		if ask.Get("flows").Raw != `[{"stages":["m.login.password"]}]` || !ask.Get("params").IsObject() || ask.Get("error").Exists() {
			t.Fatalf("asked for: %s", ask)
		}
		session := ask.Get("session").String()
		otherAct := r.want(401, "", "POST", v3+"/account/deactivate", s.Access, "{}").Get("session").String()
		otherDevice := r.want(401, "", "DELETE", v3+"/devices/PHONE", s.Access, "{}").Get("session").String()
		bobs := r.want(401, "", "DELETE", device, r.login("bob", SignIn{}).Access, "{}").Get("session").String()

		for _, c := range []struct {
			name string
			auth object
			code string
		}{
			{"wrong password", passwordAuth("alice", "wrong", session), "M_FORBIDDEN"},
			{"another person", passwordAuth("bob", password, session), "M_FORBIDDEN"},
			{"session of another act", passwordAuth("alice", password, otherAct), "M_FORBIDDEN"},
			{"session of another device", passwordAuth("alice", password, otherDevice), "M_FORBIDDEN"},
			{"session of another person", passwordAuth("alice", password, bobs), "M_FORBIDDEN"},
			{"made-up session", passwordAuth("alice", password, "x"), "M_FORBIDDEN"},
			{"tampered session", passwordAuth("alice", password, session[:30]+"A"+session[30:]), "M_FORBIDDEN"},
			{"by e-mail", object{"type": "m.login.password", "password": password, "identifier": object{"type": "m.id.thirdparty"}}, "M_FORBIDDEN"},
			{"dummy", object{"type": "m.login.dummy", "session": session}, "M_UNRECOGNIZED"},
			{"session alone", object{"session": session}, ""},
			{"nothing", object{}, ""},
		} {
			answer := r.want(401, c.code, "DELETE", device, s.Access, object{"auth": c.auth})
			if answer.Get("session").String() == "" || answer.Get("flows.0.stages.0").String() != "m.login.password" {
				t.Errorf("%s: %s", c.name, answer)
			}
		}
		r.want(200, "", "GET", device, s.Access, nil)
		r.want(400, "M_BAD_JSON", "DELETE", device, s.Access, object{"auth": "x"})

		r.pass(confirmTime)
		r.want(401, "M_FORBIDDEN", "DELETE", device, s.Access, object{"auth": passwordAuth("alice", password, session)})
		session = r.want(401, "", "DELETE", device, s.Access, "{}").Get("session").String()
		r.want(200, "", "DELETE", device, s.Access, object{"auth": passwordAuth(alice, password, session)})
		r.want(404, "M_NOT_FOUND", "GET", device, s.Access, nil)
		r.want(200, "", "DELETE", device, s.Access, object{"auth": passwordAuth("alice", password, "")}) // gone already
		if n := r.recorded("account.device_delete"); n != 1 {
			t.Errorf("%d deletions recorded", n)
		}
	})
}

func TestDeleteDevices(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		r.add("bob")
		s := r.login("alice", SignIn{Device: "A"})
		b, bobs := r.login("alice", SignIn{Device: "B"}), r.login("bob", SignIn{Device: "BOBS"})
		var gone []string
		r.DeviceGone = func(_ *store.Tx, user, device string) error {
			gone = append(gone, user+" "+device)
			return nil
		}
		body := object{"devices": []string{"B", "BOBS", "nowhere", "B"}, "auth": passwordAuth("alice", password, "")}
		r.want(200, "", "POST", v3+"/delete_devices", s.Access, body)
		r.refused(b.Access, "M_UNKNOWN_TOKEN", false)
		r.who(bobs.Access)
		if strings.Join(gone, ",") != alice+" B" {
			t.Errorf("gone: %v", gone)
		}
		r.want(400, "M_MISSING_PARAM", "POST", v3+"/delete_devices", s.Access, "{}")
		many := make([]string, maxDevices+1)
		r.want(400, "M_INVALID_PARAM", "POST", v3+"/delete_devices", s.Access, object{"devices": many})
	})
}

func TestChangePassword(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		s, other := r.login("alice", SignIn{}), r.login("alice", SignIn{})
		const next = "correct horse battery"
		path := v3 + "/account/password"
		for name, weak := range map[string]string{
			"short": "tooshort1", "common": "Password1234", "own name": "alice12345", "digits": "4815162342", "run": "qwertyuiop", "one sign": "aaaaaaaaaaaaaa",
		} {
			if status, answer := r.call("POST", path, s.Access, object{"new_password": weak}); status != 400 || answer.Get("errcode").String() != "M_WEAK_PASSWORD" {
				t.Errorf("%s: %d %s", name, status, answer)
			}
		}
		r.want(400, "M_MISSING_PARAM", "POST", path, s.Access, "{}")
		r.want(400, "M_INVALID_PARAM", "POST", path, s.Access, object{"new_password": strings.Repeat("x1y2", 200)})
		r.want(401, "", "POST", path, s.Access, object{"new_password": next})
		r.want(401, "M_FORBIDDEN", "POST", path, s.Access, object{"new_password": next, "auth": passwordAuth("alice", next, "")})
		r.want(200, "", "POST", path, s.Access,
			object{"new_password": next, "logout_devices": false, "auth": passwordAuth("alice", password, "")})
		r.who(other.Access)
		r.want(200, "", "POST", path, s.Access, object{"new_password": password, "auth": passwordAuth("alice", next, "")})
		r.who(s.Access)
		r.refused(other.Access, "M_UNKNOWN_TOKEN", false)
		r.login("alice", SignIn{})
		if n := r.recorded("account.password_change"); n != 2 {
			t.Errorf("%d changes recorded", n)
		}
	})
}

func TestDeactivate(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.add("alice")
		s := r.login("alice", SignIn{Refresh: true})
		if err := r.keep.Put(ctx, r.who(s.Access), alice, "", "m.direct", []byte(`{}`)); err != nil {
			t.Fatal(err)
		}
		told := ""
		r.Deactivated = func(_ *store.Tx, who *audit.Caller, user string, erase bool) error {
			if erase && who.User == user {
				told = user
			}
			return nil
		}
		r.want(401, "", "POST", v3+"/account/deactivate", s.Access, object{"erase": true})
		answer := r.want(200, "", "POST", v3+"/account/deactivate", s.Access,
			object{"erase": true, "auth": passwordAuth("alice", password, "")})
		if answer.Get("id_server_unbind_result").String() != "success" || told != alice {
			t.Errorf("answer %s, told %q", answer, told)
		}
		r.refused(s.Access, "M_UNKNOWN_TOKEN", false)
		r.want(401, "M_UNKNOWN_TOKEN", "POST", v3+"/refresh", "", object{"refresh_token": s.Refresh})
		r.want(403, "M_FORBIDDEN", "POST", v3+"/login", "", passwordAuth("alice", password, ""))
		if _, err := r.profiles.Of(ctx, alice); err == nil {
			t.Error("the profile remains")
		}
		if shelf, err := r.keep.Of(ctx, alice); err != nil || len(shelf.Entries) != 0 {
			t.Errorf("account data remains: %v %v", shelf, err)
		}
		if _, err := r.AddUser(ctx, operator, NewUser{Name: "alice", Password: password}); err == nil {
			t.Error("the name was given to someone else")
		}
		if _, err := r.SignIn(ctx, operator, alice, SignIn{}); err == nil {
			t.Error("a deactivated account was signed in")
		}
		if err := r.ResetPassword(ctx, operator, alice, "another three words"); err == nil {
			t.Error("a deactivated account got a password")
		}
	})
}

func TestRegistrationIsClosed(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		body := object{"username": "eve", "password": password, "auth": object{"type": "m.login.dummy"}}
		r.want(403, "M_FORBIDDEN", "POST", v3+"/register", "", body)
		r.want(403, "M_FORBIDDEN", "GET", v3+"/register/available?username=eve", "", nil)
		r.want(403, "M_GUEST_ACCESS_FORBIDDEN", "POST", v3+"/register?kind=guest", "", "{}")
		r.want(404, "M_UNRECOGNIZED", "GET", "/_synapse/admin/v1/register", "", nil)
		r.want(404, "M_UNRECOGNIZED", "POST", "/_synapse/admin/v1/register", "", "{}")
	})
}

func TestOpenRegistration(t *testing.T) {
	each(t, func(c *Config) { c.OpenRegistration = true }, func(t *testing.T, r *rig) {
		dummy := object{"type": "m.login.dummy"}
		path := v3 + "/register"
		answer := r.want(200, "", "POST", path, "", object{"username": "Alice", "password": "short", "auth": dummy})
		if answer.Get("user_id").String() != alice || r.who(answer.Get("access_token").String()).User != alice {
			t.Errorf("registered: %s", answer)
		}
		for name, c := range map[string][2]string{
			"alice": {"M_USER_IN_USE"}, "no spaces": {"M_INVALID_USERNAME"}, "été": {"M_INVALID_USERNAME"},
			"wardline": {"M_EXCLUSIVE"}, strings.Repeat("a", 255): {"M_INVALID_USERNAME"},
		} {
			if got := r.want(400, c[0], "POST", path, "", object{"username": name, "password": password}); got.Get("flows").Exists() {
				t.Errorf("%s: asked for authentication before it was refused", name)
			}
			r.want(400, c[0], "GET", path+"/available?username="+url.QueryEscape(name), "", nil)
		}
		r.want(200, "", "GET", path+"/available?username=bob", "", nil)
		r.want(400, "M_MISSING_PARAM", "GET", path+"/available", "", nil)

		ask := r.want(401, "", "POST", path, "", object{"username": "bob", "password": password})
		if ask.Get("flows").Raw != `[{"stages":["m.login.dummy"]}]` {
			t.Errorf("asked for %s", ask)
		}
		dummy["session"] = ask.Get("session").String()
		answer = r.want(200, "", "POST", path, "", object{"username": "bob", "password": password, "auth": dummy, "inhibit_login": true})
		if answer.Get("access_token").Exists() || answer.Get("device_id").Exists() || answer.Get("user_id").String() != bob {
			t.Errorf("registered without signing in: %s", answer)
		}
		answer = r.want(200, "", "POST", path, "", object{
			"password": password, "auth": object{"type": "m.login.dummy"}, "device_id": "D", "refresh_token": true,
		})
		if answer.Get("user_id").String() == "" || answer.Get("device_id").String() != "D" || answer.Get("refresh_token").String() == "" {
			t.Errorf("registered under a made-up name: %s", answer)
		}
		answer = r.want(200, "", "POST", path, "", object{"username": "carol", "auth": object{"type": "m.login.dummy"}})
		r.want(200, "", "GET", "/_matrix/client/v3/account/whoami", answer.Get("access_token").String(), nil)
		r.want(403, "M_FORBIDDEN", "POST", "/_matrix/client/v3/login", "", object{
			"type": "m.login.password", "identifier": object{"type": "m.id.user", "user": "carol"}, "password": "",
		})
		r.want(401, "M_UNRECOGNIZED", "POST", path, "", object{"username": "dan", "auth": object{"type": "m.login.password"}})
	})
}

// macOf is the MAC of shared-secret registration, computed apart from the code that checks it.
func macOf(nonce, user, password, role string) string {
	m := hmac.New(sha1.New, []byte(secret))
	m.Write([]byte(nonce + "\x00" + user + "\x00" + password + "\x00" + role))
	return hex.EncodeToString(m.Sum(nil))
}

func TestSharedSecret(t *testing.T) {
	each(t, func(c *Config) { c.RegistrationSecret = secret }, func(t *testing.T, r *rig) {
		const path = "/_synapse/admin/v1/register"
		nonce := func() string { return r.want(200, "", "GET", path, "", nil).Get("nonce").String() }
		n := nonce()
		ok := object{"nonce": n, "username": "alice", "displayname": "Alice A", "password": "pass", "admin": true, "mac": macOf(n, "alice", "pass", "admin")}
		answer := r.want(200, "", "POST", path, "", ok)
		if answer.Get("user_id").String() != alice || answer.Get("home_server").String() == "" || !r.who(answer.Get("access_token").String()).Admin {
			t.Errorf("registered: %s", answer)
		}
		if p, err := r.profiles.Of(t.Context(), alice); err != nil || p.Name != "Alice A" {
			t.Errorf("profile %+v, %v", p, err)
		}
		r.want(400, "M_USER_IN_USE", "POST", path, "", ok) // replayed

		n = nonce()
		for _, c := range []struct {
			name   string
			change func(object)
			status int
			code   string
		}{
			{"wrong secret", func(o object) { o["mac"] = strings.Repeat("00", 20) }, 403, "M_FORBIDDEN"},
			{"no MAC", func(o object) { delete(o, "mac") }, 403, "M_FORBIDDEN"},
			{"MAC of no hex", func(o object) { o["mac"] = "zz" }, 403, "M_FORBIDDEN"},
			{"becomes an administrator", func(o object) { o["admin"] = true }, 403, "M_FORBIDDEN"},
			{"another name", func(o object) { o["username"] = "mallory" }, 403, "M_FORBIDDEN"},
			{"type not covered", func(o object) { o["user_type"] = "bot" }, 403, "M_FORBIDDEN"},
			{"made-up nonce", func(o object) { o["nonce"] = "x"; o["mac"] = macOf("x", "bob", "pass", "notadmin") }, 400, "M_INVALID_PARAM"},
			{"no password", func(o object) { o["password"] = ""; o["mac"] = macOf(n, "bob", "", "notadmin") }, 400, "M_MISSING_PARAM"},
			{"the server's name", func(o object) {
				o["username"] = "wardline"
				o["mac"] = macOf(n, "wardline", "pass", "notadmin")
			}, 400, "M_EXCLUSIVE"},
		} {
			body := object{"nonce": n, "username": "bob", "password": "pass", "mac": macOf(n, "bob", "pass", "notadmin")}
			c.change(body)
			if status, answer := r.call("POST", path, "", body); status != c.status || answer.Get("errcode").String() != c.code {
				t.Errorf("%s: %d %s", c.name, status, answer)
			}
		}
		r.pass(nonceTime)
		r.want(400, "M_INVALID_PARAM", "POST", path, "", object{"nonce": n, "username": "bob", "password": "pass", "mac": macOf(n, "bob", "pass", "notadmin")})
	})
}

func TestAdministration(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		for _, name := range []string{"alice", "bob", "carol"} {
			r.add(name)
		}
		for _, id := range []string{alice, "@carol:" + r.conf.ServerName} {
			if err := r.SetAdmin(ctx, operator, id, true); err != nil {
				t.Fatal(err)
			}
		}
		admin, person := r.login("alice", SignIn{}).Access, r.login("bob", SignIn{}).Access
		lock, suspend := "/_matrix/client/v1/admin/lock/", "/_matrix/client/v1/admin/suspend/"
		for _, c := range []struct {
			name, token, user string
			status            int
			code              string
		}{
			{"a person", person, alice, 403, "M_FORBIDDEN"},
			{"a person, about nobody", person, "@nobody:" + r.conf.ServerName, 403, "M_FORBIDDEN"},
			{"nobody", admin, "@nobody:" + r.conf.ServerName, 404, "M_NOT_FOUND"},
			{"another server's", admin, "@x:elsewhere.example", 400, "M_INVALID_PARAM"},
			{"no user id", admin, "bob", 400, "M_INVALID_PARAM"},
			{"oneself", admin, alice, 403, "M_FORBIDDEN"},
			{"another administrator", admin, "@carol:" + r.conf.ServerName, 403, "M_FORBIDDEN"},
			{"a person, by an administrator", admin, bob, 200, ""},
		} {
			for _, path := range []string{lock, suspend} {
				if status, answer := r.call("GET", path+c.user, c.token, nil); status != c.status || answer.Get("errcode").String() != c.code {
					t.Errorf("%s: GET %s: %d %s", c.name, path, status, answer)
				}
				status, answer := r.call("PUT", path+c.user, c.token, object{"locked": false, "suspended": false})
				if status != c.status || answer.Get("errcode").String() != c.code {
					t.Errorf("%s: PUT %s: %d %s", c.name, path, status, answer)
				}
			}
		}
		r.want(400, "M_MISSING_PARAM", "PUT", lock+bob, admin, "{}")
		r.want(400, "M_MISSING_PARAM", "PUT", suspend+bob, admin, "{}")
		r.want(200, "", "PUT", suspend+bob, admin, object{"suspended": true})
		if got := r.want(200, "", "GET", suspend+bob, admin, nil); !got.Get("suspended").Bool() {
			t.Errorf("suspended: %s", got)
		}
		r.want(200, "", "PUT", lock+bob, admin, object{"locked": true})
		if got := r.want(200, "", "GET", lock+bob, admin, nil); !got.Get("locked").Bool() {
			t.Errorf("locked: %s", got)
		}
		who := r.want(200, "", "GET", v3+"/admin/whois/"+bob, admin, nil)
		connection := gjson.Get(who.Get("devices").Raw, "@values.0.sessions.0.connections.0.ip")
		if who.Get("user_id").String() != bob || connection.String() != ward7.String() {
			t.Errorf("whois: %s", who)
		}
		if err := r.Lock(ctx, operator, bob, false); err != nil {
			t.Fatal(err)
		}
		r.want(200, "", "GET", v3+"/admin/whois/"+bob, person, nil)
		r.want(403, "M_FORBIDDEN", "GET", v3+"/admin/whois/"+alice, person, nil)
		if err := r.SetAdmin(ctx, r.who(admin), bob, true); err == nil {
			t.Error("an administrator made another")
		}
		if err := r.Deactivate(ctx, r.who(person), alice, false); err == nil {
			t.Error("a person deactivated another")
		}
		if err := r.Deactivate(ctx, r.who(admin), bob, false); err != nil {
			t.Error(err)
		}
		r.want(404, "M_NOT_FOUND", "GET", lock+bob, admin, nil)
	})
}

func TestUsers(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		for _, name := range []string{"carol", "alice", "bob"} {
			r.add(name)
		}
		var all []string
		after := ""
		for {
			page, err := r.Users(ctx, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, u := range page {
				all = append(all, localpart(u.ID))
				after = u.ID
			}
		}
		if strings.Join(all, " ") != "alice bob carol" {
			t.Errorf("users: %v", all)
		}
		hash, err := r.Hash(ctx, password)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.AddUser(ctx, operator, NewUser{Name: "dave", Hash: hash}); err != nil {
			t.Fatal(err)
		}
		r.login("dave", SignIn{})
		for name, n := range map[string]NewUser{
			"weak":        {Name: "eve", Password: "secret"},
			"damaged":     {Name: "eve", Hash: "x"},
			"taken":       {Name: "ALICE", Password: password},
			"impossible":  {Name: "e v e", Password: password},
			"not on here": {Name: "@eve:elsewhere.example", Password: password},
		} {
			if _, err := r.AddUser(ctx, operator, n); err == nil {
				t.Errorf("%s: added", name)
			}
		}
	})
}

func TestOpenID(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		r.add("bob")
		s := r.login("alice", SignIn{})
		path := v3 + "/user/" + alice + "/openid/request_token"
		answer := r.want(200, "", "POST", path, s.Access, "{}")
		if answer.Get("token_type").String() != "Bearer" || answer.Get("expires_in").Int() != 3600 ||
			answer.Get("matrix_server_name").String() != r.conf.ServerName {
			t.Errorf("token: %s", answer)
		}
		r.want(403, "M_FORBIDDEN", "POST", v3+"/user/"+bob+"/openid/request_token", s.Access, "{}")
		info := "/_matrix/federation/v1/openid/userinfo?access_token="
		token := answer.Get("access_token").String()
		if got := r.want(200, "", "GET", info+token, "", nil); got.Get("sub").String() != alice {
			t.Errorf("userinfo: %s", got)
		}
		r.want(401, "M_UNKNOWN_TOKEN", "GET", v3+"/account/whoami", token, nil) // it proves a name, and opens nothing
		r.want(401, "M_UNKNOWN_TOKEN", "GET", info+s.Access, "", nil)
		r.want(401, "M_UNKNOWN_TOKEN", "GET", info, "", nil)
		r.pass(OpenIDTime - time.Millisecond)
		r.want(200, "", "GET", info+token, "", nil)
		if err := r.Lock(t.Context(), operator, alice, true); err != nil {
			t.Fatal(err)
		}
		r.want(401, "M_UNKNOWN_TOKEN", "GET", info+token, "", nil)
		if err := r.Lock(t.Context(), operator, alice, false); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Millisecond)
		r.want(401, "M_UNKNOWN_TOKEN", "GET", info+token, "", nil)
	})
}
