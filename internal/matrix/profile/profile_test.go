package profile

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

const (
	alice = "@alice:" + storetest.ServerName
	bob   = "@bob:" + storetest.ServerName
)

var (
	asAlice = &audit.Caller{User: alice}
	admin   = &audit.Caller{User: bob, Admin: true}
)

func TestSet(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		p := New(open())
		ctx := t.Context()
		for _, c := range []struct {
			name, field, value, code string
		}{
			{"name", "displayname", `"Dr Alice Example"`, ""},
			{"avatar", "avatar_url", `"mxc://` + storetest.ServerName + `/abc"`, ""},
			{"time zone", "m.tz", `"Europe/London"`, ""},
			{"object", "org.example.job", `{"grade":["F2",1.5,null]}`, ""},
			{"null", "org.example.null", `null`, ""},
			{"name of 256 bytes", "displayname", `"` + strings.Repeat("x", 256) + `"`, ""},
			{"name of 257 bytes", "displayname", `"` + strings.Repeat("x", 257) + `"`, "M_INVALID_PARAM"},
			{"name that is a number", "displayname", `7`, "M_BAD_JSON"},
			{"name that is null", "displayname", `null`, "M_BAD_JSON"},
			{"avatar elsewhere", "avatar_url", `"https://example.org/a.png"`, "M_INVALID_PARAM"},
			{"avatar that is an object", "avatar_url", `{}`, "M_BAD_JSON"},
			{"time zone that is a list", "m.tz", `[]`, "M_BAD_JSON"},
			{"field without dot", "nickname", `1`, "M_INVALID_PARAM"},
			{"field with capitals", "org.Example", `1`, "M_INVALID_PARAM"},
			{"field that begins with a digit", "1.a", `1`, "M_INVALID_PARAM"},
			{"field with a space", "a. b", `1`, "M_INVALID_PARAM"},
			{"field of 255 bytes", "a." + strings.Repeat("b", 253), `1`, ""},
			{"field of 256 bytes", "a." + strings.Repeat("b", 254), `1`, "M_KEY_TOO_LARGE"},
			{"no field", "", `1`, "M_INVALID_PARAM"},
			{"64 KiB", "a.large", `"` + strings.Repeat("x", 64<<10) + `"`, "M_PROFILE_TOO_LARGE"},
		} {
			err := p.Set(ctx, asAlice, alice, c.field, jsontext.Value(c.value))
			if got := code(err); got != c.code {
				t.Errorf("%s: %v, want %q", c.name, err, c.code)
			}
			got, err := p.Field(ctx, alice, c.field)
			if c.code == "" && (err != nil || string(got) != c.value) {
				t.Errorf("%s: reads as %s (%v)", c.name, got, err)
			}
		}
	})
}

func code(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestTotalSize(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		p := New(open())
		ctx := t.Context()
		half := jsontext.Value(`"` + strings.Repeat("x", 32<<10-40) + `"`)
		for _, field := range []string{"a.one", "a.two"} {
			if err := p.Set(ctx, asAlice, alice, field, half); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Set(ctx, asAlice, alice, "a.three", half); code(err) != "M_PROFILE_TOO_LARGE" {
			t.Errorf("96 KiB: %v", err)
		}
		if err := p.Set(ctx, asAlice, alice, "a.two", jsontext.Value(`1`)); err != nil {
			t.Error(err)
		}
		if err := p.Set(ctx, asAlice, alice, "a.three", half); err != nil {
			t.Errorf("after room was made: %v", err)
		}
	})
}

func TestWhoMayChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		p := New(open())
		ctx := t.Context()
		name := Text("Name")
		suspended := &audit.Caller{User: alice, Suspended: true}
		for who, want := range map[*audit.Caller]string{
			asAlice: "", admin: "", {User: bob}: "M_FORBIDDEN", {}: "M_FORBIDDEN", suspended: "M_USER_SUSPENDED",
		} {
			if err := p.Set(ctx, who, alice, DisplayName, name); code(err) != want {
				t.Errorf("%+v sets: %v", who, err)
			}
			if err := p.Delete(ctx, who, alice, DisplayName); code(err) != want {
				t.Errorf("%+v deletes: %v", who, err)
			}
		}
		for who, want := range map[*audit.Caller]string{asAlice: "M_FORBIDDEN", {User: bob}: "M_FORBIDDEN", admin: ""} {
			for _, field := range []string{Job, Ward} {
				if err := p.Set(ctx, who, alice, field, Text("Consultant")); code(err) != want {
					t.Errorf("%+v sets %s: %v", who, field, err)
				}
				if err := p.Delete(ctx, who, alice, field); code(err) != want {
					t.Errorf("%+v deletes %s: %v", who, field, err)
				}
			}
		}
	})
}

func TestAnnouncements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		p := New(db)
		var logged, told []string
		db.Follow(func(b store.Batch) {
			for _, c := range b.Changes {
				logged = append(logged, c.Kind+" "+c.Scope+" "+c.Key)
			}
		})
		p.Changed = func(_ *store.Tx, who *audit.Caller, user string) error {
			told = append(told, who.User+" "+user)
			return nil
		}
		ctx := t.Context()
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		do(p.Set(ctx, asAlice, alice, DisplayName, Text("A")))
		do(p.Set(ctx, asAlice, alice, DisplayName, Text("A"))) // the same: nobody hears of it
		do(p.Set(ctx, asAlice, alice, TimeZone, Text("Europe/London")))
		do(p.Set(ctx, asAlice, alice, AvatarURL, Text("mxc://a/b")))
		do(p.Set(ctx, asAlice, alice, AvatarURL, Text("")))
		do(p.Delete(ctx, asAlice, alice, TimeZone))
		if got := strings.Join(logged, ","); got != strings.ReplaceAll("profile U displayname,profile U m.tz,profile U avatar_url,profile U avatar_url,profile U m.tz", "U", alice) {
			t.Errorf("announced: %s", got)
		}
		if len(told) != 3 {
			t.Errorf("the rooms were told %d times", len(told))
		}
		profile, err := p.Of(ctx, alice)
		if err != nil || profile.Name != "A" || profile.Avatar != "" || len(profile.Fields) != 1 {
			t.Errorf("profile %+v (%v)", profile, err)
		}
		do(db.Write(ctx, func(tx *store.Tx) error { return p.Erase(tx, asAlice, alice) }))
		if _, err := p.Of(ctx, alice); !errs.Is(err, errs.NotFound) {
			t.Errorf("an erased profile: %v", err)
		}
		if len(told) != 4 {
			t.Error("the rooms were not told of the erasure")
		}
	})
}

// A hook that fails takes the change with it.
func TestHookFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		p := New(open())
		p.Changed = func(*store.Tx, *audit.Caller, string) error { return errs.Forbid("no") }
		if err := p.Set(t.Context(), asAlice, alice, DisplayName, Text("A")); !errs.Is(err, errs.Forbidden) {
			t.Errorf("%v", err)
		}
		if _, err := p.Of(t.Context(), alice); !errs.Is(err, errs.NotFound) {
			t.Errorf("%v", err)
		}
	})
}

func TestHTTP(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		api := API{New(open())}
		line := func(pattern string, h endpoint.Handler) endpoint.Route {
			return endpoint.Route{Pattern: pattern, Guard: endpoint.User, Class: endpoint.Write, Handler: h}
		}
		const path = "/_matrix/client/v3/profile/"
		handler := endpoint.Mux([]endpoint.Route{
			line("GET "+path+"{userId}", endpoint.Do(api.Of)), line("GET "+path+"{userId}/{keyName}", endpoint.Do(api.Field)),
			line("PUT "+path+"{userId}/{keyName}", endpoint.Do(api.Set)), line("DELETE "+path+"{userId}/{keyName}", endpoint.Do(api.Delete)),
		}, endpoint.Options{Authenticate: func(context.Context, string, netip.Addr) (*audit.Caller, error) { return asAlice, nil }})
		for _, c := range []struct {
			method, path, body string
			status             int
			answer             string
		}{
			{"GET", alice, "", 404, "M_NOT_FOUND"},
			{"PUT", alice + "/displayname", `{"displayname":"Alice"}`, 200, `{}`},
			{"PUT", alice + "/displayname", `{"name":"Alice"}`, 400, "M_MISSING_PARAM"},
			{"PUT", alice + "/displayname", `[]`, 400, "M_BAD_JSON"},
			{"PUT", alice + "/displayname", `{`, 400, "M_NOT_JSON"},
			{"PUT", alice + "/m.tz", `{"m.tz":"Europe/London"}`, 200, `{}`},
			{"PUT", bob + "/displayname", `{"displayname":"Bob"}`, 403, "M_FORBIDDEN"},
			{"GET", alice + "/displayname", "", 200, `{"displayname":"Alice"}`},
			{"GET", alice, "", 200, `{"displayname":"Alice","m.tz":"Europe/London"}`},
			{"GET", alice + "/avatar_url", "", 404, "M_NOT_FOUND"},
			{"GET", bob + "/displayname", "", 404, "M_NOT_FOUND"},
			{"DELETE", alice + "/m.tz", "", 200, `{}`},
			{"DELETE", alice + "/m.tz", "", 200, `{}`},
			{"DELETE", alice + "/Nonsense", "", 400, "M_INVALID_PARAM"},
			{"GET", alice, "", 200, `{"displayname":"Alice"}`},
		} {
			r := httptest.NewRequestWithContext(t.Context(), c.method, path+c.path, strings.NewReader(c.body))
			r.Header.Set("Authorization", "Bearer x")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.answer) {
				t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, w.Code, w.Body, c.status, c.answer)
			}
		}
	})
}

func FuzzField(f *testing.F) {
	f.Add("displayname", `"x"`)
	f.Add("m.tz", `{}`)
	f.Fuzz(func(t *testing.T, field, value string) {
		v := jsontext.Value(value)
		if !v.IsValid() {
			return
		}
		if check(field, v) == nil && (len(field) > maxField || strings.ContainsAny(field, " /\x00ABC")) {
			t.Fatalf("field %q is accepted", field)
		}
	})
}
