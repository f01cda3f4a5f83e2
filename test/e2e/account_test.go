package e2e

import (
	"net/http"
	"slices"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/client"
)

func TestDiscovery(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		c := client.New(s.URL)
		versions, unstable, err := c.Versions(t.Context())
		ok(t, err)
		if !slices.Contains(versions, "v1.11") || !unstable["org.matrix.simplified_msc3575"] {
			t.Errorf("versions %v, unstable %v", versions, unstable)
		}
		known := read(t, c, "/.well-known/matrix/client", nil)
		if known.Get(`m\.homeserver.base_url`).String() == "" || !known.Get(`io\.element\.e2ee.force_disable`).Bool() {
			t.Errorf("well-known: %s", known.Raw)
		}
		flows := got[[]string](t)(c.LoginFlows(t.Context()))
		if !slices.Contains(flows, "m.login.password") {
			t.Errorf("flows: %v", flows)
		}
		amira := s.Staff(t, "amira")[0]
		able := got[client.Raw](t)(amira.Capabilities(t.Context()))
		answer := read(t, amira, v3("capabilities"), nil)
		if answer.Get(`capabilities.m\.room_versions.default`).String() != "12" || answer.Get(`capabilities.m\.room_versions.available.11`).String() != "stable" {
			t.Errorf("capabilities: %s", able)
		}
	})
}

func TestSessions(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		amira := s.Staff(t, "amira")[0]
		who := got[client.Identity](t)(amira.WhoAmI(ctx))
		if who.UserID != "@amira:"+ServerName || who.DeviceID != amira.DeviceID() || who.IsGuest {
			t.Errorf("who am I: %+v", who)
		}

		stranger := client.New(s.URL)
		_, err := stranger.WhoAmI(ctx)
		refused(t, "no token", err, 401, "M_MISSING_TOKEN")
		_, err = stranger.As(client.Session{AccessToken: "nonsense"}).WhoAmI(ctx)
		refused(t, "a token of nobody", err, 401, "M_UNKNOWN_TOKEN")
		refused(t, "a wrong password", stranger.Login(ctx, "amira", "a wrong password", client.LoginOptions{}), 403, "M_FORBIDDEN")
		refused(t, "nobody's password", stranger.Login(ctx, "nobody", Password, client.LoginOptions{}), 403, "M_FORBIDDEN")
		refused(t, "a taken name", stranger.Register(ctx, "amira", Password), 400, "M_USER_IN_USE")
		refused(t, "a name with a blank", stranger.Register(ctx, "a b", Password), 400, "M_INVALID_USERNAME")
		if free := got[bool](t)(stranger.UsernameAvailable(ctx, "benjamin")); !free {
			t.Error("a free name is not available")
		}
		_, err = stranger.UsernameAvailable(ctx, "amira")
		refused(t, "whether a taken name is free", err, 400, "M_USER_IN_USE")

		phone, tablet := s.SignIn(t, "amira"), s.SignIn(t, "@amira:"+ServerName)
		ok(t, phone.As(phone.Session()).Logout(ctx))
		_, err = phone.WhoAmI(ctx)
		refused(t, "a session signed out", err, 401, "M_UNKNOWN_TOKEN")
		ok(t, tablet.As(tablet.Session()).LogoutAll(ctx))
		for name, c := range map[string]*client.Client{"tablet": tablet, "first": amira} {
			_, err = c.WhoAmI(ctx)
			refused(t, name+" after signing out everywhere", err, 401, "M_UNKNOWN_TOKEN")
		}
	})
}

func TestRefresh(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		s.Staff(t, "amira")
		c := client.New(s.URL)
		ok(t, c.Login(ctx, "amira", Password, client.LoginOptions{Refresh: true}))
		before := c.Session()
		if before.RefreshToken == "" || before.ExpiresInMs <= 0 {
			t.Fatalf("asked for a token that is renewed, got %+v", before)
		}
		ok(t, c.Refresh(ctx))
		after := c.Session()
		if after.AccessToken == before.AccessToken || after.DeviceID != before.DeviceID {
			t.Errorf("renewed %+v, got %+v", before, after)
		}
		_, err := c.WhoAmI(ctx)
		ok(t, err)
		refused(t, "the old refresh token once the new access token is in use", c.As(before).Refresh(ctx), 401, "M_UNKNOWN_TOKEN")
		refused(t, "a refresh token of nobody", c.As(client.Session{RefreshToken: "x"}).Refresh(ctx), 401, "M_UNKNOWN_TOKEN")
	})
}

func TestDevices(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		amira := s.Staff(t, "amira")[0]
		phone, tablet := client.New(s.URL), client.New(s.URL)
		ok(t, phone.Login(ctx, "amira", Password, client.LoginOptions{DeviceID: "PHONE", DeviceName: "Ward phone"}))
		ok(t, tablet.Login(ctx, "amira", Password, client.LoginOptions{DeviceID: "TABLET"}))
		if list := got[[]client.Device](t)(amira.Devices(ctx)); len(list) != 3 {
			t.Errorf("devices: %+v", list)
		}
		if d := got[client.Device](t)(amira.Device(ctx, "PHONE")); d.DisplayName != "Ward phone" {
			t.Errorf("device: %+v", d)
		}
		ok(t, amira.RenameDevice(ctx, "PHONE", "Ward 4 phone"))
		if d := got[client.Device](t)(amira.Device(ctx, "PHONE")); d.DisplayName != "Ward 4 phone" {
			t.Errorf("renamed: %+v", d)
		}
		_, err := amira.Device(ctx, "NONE")
		refused(t, "a device there is not", err, 404, "M_NOT_FOUND")

		_, err = call(t, amira, http.MethodDelete, v3("devices", "PHONE"), nil, client.Object{})
		if client.StatusOf(err) != 401 || client.CodeOf(err) != "" {
			t.Errorf("deleting without proof: %v", err)
		}
		refused(t, "a wrong proof", amira.DeleteDevices(ctx, "another password", "PHONE"), 401, "M_FORBIDDEN")
		ok(t, amira.DeleteDevices(ctx, Password, "PHONE"))
		_, err = phone.WhoAmI(ctx)
		refused(t, "a deleted device", err, 401, "M_UNKNOWN_TOKEN")
		// Signing in again under the same id is the same device, with a new token.
		again := client.New(s.URL)
		ok(t, again.Login(ctx, "amira", Password, client.LoginOptions{DeviceID: "TABLET"}))
		_, err = tablet.WhoAmI(ctx)
		refused(t, "the former token of a device", err, 401, "M_UNKNOWN_TOKEN")
		ok(t, amira.DeleteDevices(ctx, Password, "TABLET", amira.DeviceID()))
		_, err = amira.WhoAmI(ctx)
		refused(t, "the device that deleted itself", err, 401, "M_UNKNOWN_TOKEN")
	})
}

func TestPasswordAndClosing(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		other := s.SignIn(t, "amira")
		refused(t, "a wrong old password", amira.ChangePassword(ctx, "not the password", "another horse battery", true), 401, "M_FORBIDDEN")
		refused(t, "a weak new password", amira.ChangePassword(ctx, Password, "abc", true), 400, "M_WEAK_PASSWORD")
		ok(t, amira.ChangePassword(ctx, Password, "another horse battery", true))
		_, err := other.WhoAmI(ctx)
		refused(t, "another device after the change", err, 401, "M_UNKNOWN_TOKEN")
		_, err = amira.WhoAmI(ctx)
		ok(t, err)
		c := client.New(s.URL)
		refused(t, "the former password", c.Login(ctx, "amira", Password, client.LoginOptions{}), 403, "M_FORBIDDEN")
		ok(t, c.Login(ctx, "amira", "another horse battery", client.LoginOptions{}))

		roomID := Room(t, ben, amira)
		ok(t, amira.Deactivate(ctx, "another horse battery", false))
		_, err = c.WhoAmI(ctx)
		refused(t, "a device of a closed account", err, 401, "M_UNKNOWN_TOKEN")
		// The password is gone with the account, so that it cannot be told who asks.
		refused(t, "signing in to a closed account", client.New(s.URL).Login(ctx, "amira", "another horse battery", client.LoginOptions{}), 403, "M_FORBIDDEN")
		refused(t, "the name of a closed account", client.New(s.URL).Register(ctx, "amira", Password), 400, "M_USER_IN_USE")
		device := ben.Follow("")
		until(t, device, "the leaving of a closed account", func(f *client.Follower) bool {
			members, err := ben.JoinedMembers(ctx, roomID)
			return err == nil && len(members) == 1
		})
	})
}

func TestWhatThereIsNothingOf(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		amira := s.Staff(t, "amira")[0]
		token := got[client.Raw](t)(amira.OpenIDToken(t.Context()))
		if !gjson.GetBytes(token, "access_token").Exists() {
			t.Errorf("OpenID: %s", token)
		}
		// What clients ask of every server.
		for _, c := range []struct{ path, list string }{
			{v3("voip", "turnServer"), ""},
			{v3("thirdparty", "protocols"), ""},
			{v3("account", "3pid"), "threepids"},
			{v3("pushers"), "pushers"},
			{v3("joined_rooms"), "joined_rooms"},
		} {
			answer := read(t, amira, c.path, nil)
			if c.list != "" && (!answer.Get(c.list).IsArray() || len(answer.Get(c.list).Array()) != 0) {
				t.Errorf("%s: %s", c.path, answer.Raw)
			}
		}
		_, err := call(t, amira, http.MethodGet, v3("room_keys", "version"), nil, nil)
		refused(t, "no backup", err, 404, "M_NOT_FOUND")
		_, err = call(t, amira, http.MethodGet, v3("nonsense"), nil, nil)
		refused(t, "a path there is not", err, 404, "M_UNRECOGNIZED")
		_, err = call(t, amira, http.MethodDelete, v3("sync"), nil, nil)
		refused(t, "a method there is not", err, 405, "M_UNRECOGNIZED")
	})
}
