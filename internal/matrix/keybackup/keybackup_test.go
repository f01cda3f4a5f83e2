package keybackup_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/matrix/keybackup"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var (
	ctx  = context.Background()
	asha = &audit.Caller{User: "@asha:" + storetest.ServerName, Device: "A1"}
	ben  = &audit.Caller{User: "@ben:" + storetest.ServerName, Device: "B1"}
	auth = jsontext.Value(`{"public_key":"x"}`)
)

const algorithm = "m.megolm_backup.v1.curve25519-aes-sha2"

type safe struct {
	t *testing.T
	*keybackup.Backups
}

func each(t *testing.T, test func(s safe)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { test(safe{t, keybackup.New(open())}) })
}

func (s safe) create(who *audit.Caller) string {
	s.t.Helper()
	nr, err := s.Create(ctx, who, algorithm, auth)
	if err != nil {
		s.t.Fatal(err)
	}
	return nr
}

func key(verified bool, index, forwarded int64) keybackup.Key {
	data := fmt.Sprintf(`{"of":"%v %d %d"}`, verified, index, forwarded)
	return keybackup.Key{Verified: verified, FirstIndex: index, Forwarded: forwarded, Session: jsontext.Value(data)}
}

func one(room, session string, k keybackup.Key) map[string]keybackup.Sessions {
	return map[string]keybackup.Sessions{room: {Sessions: map[string]keybackup.Key{session: k}}}
}

func (s safe) put(nr string, keys map[string]keybackup.Sessions) keybackup.Stand {
	s.t.Helper()
	stand, err := s.Put(ctx, asha, nr, keys)
	if err != nil {
		s.t.Fatal(err)
	}
	return stand
}

func wantCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

func TestVersions(t *testing.T) {
	each(t, func(s safe) {
		_, err := s.Current(ctx, asha)
		wantCode(s.t, "no backup yet", err, "M_NOT_FOUND")
		first, second := s.create(asha), s.create(asha)
		if first == second {
			s.t.Fatalf("two backups are both %s", first)
		}
		v, err := s.Current(ctx, asha)
		if err != nil || v.Version != second || v.Algorithm != algorithm || string(v.Auth) != string(auth) {
			s.t.Errorf("current: %+v, %v", v, err)
		}
		for what, c := range map[string]struct {
			nr, body, algorithm string
			auth                jsontext.Value
			code                string
		}{
			"another algorithm": {first, "", "m.other", auth, "M_INVALID_PARAM"},
			"another version":   {first, second, algorithm, auth, "M_INVALID_PARAM"},
			"unknown version":   {"77", "", algorithm, auth, "M_NOT_FOUND"},
			"no number":         {"x' OR 1=1", "", algorithm, auth, "M_NOT_FOUND"},
			"no auth_data":      {first, "", algorithm, nil, "M_MISSING_PARAM"},
		} {
			wantCode(s.t, what, s.Update(ctx, asha, c.nr, c.body, c.algorithm, c.auth), c.code)
		}
		if err := s.Update(ctx, asha, first, first, algorithm, jsontext.Value(`{"public_key":"y"}`)); err != nil {
			s.t.Error(err)
		}
		if v, err := s.Version(ctx, asha, first); err != nil || string(v.Auth) != `{"public_key":"y"}` {
			s.t.Errorf("updated: %+v, %v", v, err)
		}
		for range 2 { // deleting again succeeds
			if err := s.Delete(ctx, asha, second); err != nil {
				s.t.Error(err)
			}
		}
		wantCode(s.t, "deleting what never was", s.Delete(ctx, asha, "77"), "M_NOT_FOUND")
		if v, err := s.Current(ctx, asha); err != nil || v.Version != first {
			s.t.Errorf("after deletion the current backup is %s, %v", v.Version, err)
		}
		if again := s.create(asha); again == second {
			s.t.Error("a deleted backup's number was used again")
		}
	})
}

func TestBetterKeyStays(t *testing.T) {
	for _, c := range []struct {
		name       string
		old, fresh keybackup.Key
		replaced   bool
	}{
		{"verified over unverified", key(false, 0, 0), key(true, 9, 9), true},
		{"not unverified over verified", key(true, 9, 9), key(false, 0, 0), false},
		{"lower index", key(true, 5, 0), key(true, 4, 9), true},
		{"not higher index", key(true, 4, 9), key(true, 5, 0), false},
		{"fewer forwardings", key(false, 4, 2), key(false, 4, 1), true},
		{"not more forwardings", key(false, 4, 1), key(false, 4, 2), false},
		{"not the same", key(false, 4, 1), key(false, 4, 1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := safe{t, keybackup.New(storetest.Open(t))}
			nr := s.create(asha)
			before := s.put(nr, one("!r:x", "s", c.old))
			after := s.put(nr, one("!r:x", "s", c.fresh))
			if changed := before.ETag != after.ETag; changed != c.replaced || after.Count != 1 {
				t.Errorf("stand before %v, after %v", before, after)
			}
			want := c.old
			if c.replaced {
				want = c.fresh
			}
			got, err := s.One(ctx, asha, nr, keybackup.Scope{Room: "!r:x", Session: "s"})
			if err != nil || string(got.Session) != string(want.Session) || got.FirstIndex != want.FirstIndex {
				t.Errorf("kept %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestWriteToCurrentOnly(t *testing.T) {
	each(t, func(s safe) {
		_, err := s.Put(ctx, asha, "1", one("!r:x", "s", key(true, 0, 0)))
		wantCode(s.t, "no backup", err, "M_NOT_FOUND")
		old := s.create(asha)
		s.put(old, one("!r:x", "s", key(true, 0, 0)))
		now := s.create(asha)
		_, err = s.Put(ctx, asha, old, one("!r:x", "s2", key(true, 0, 0)))
		wantCode(s.t, "an old backup", err, "M_WRONG_ROOM_KEYS_VERSION")
		var e *errs.Error
		if errors.As(err, &e) && e.Fields["current_version"] != now {
			s.t.Errorf("current_version is %v, want %s", e.Fields["current_version"], now)
		}
		if _, err := s.One(ctx, asha, old, keybackup.Scope{Room: "!r:x", Session: "s"}); err != nil {
			s.t.Errorf("an old backup can still be read: %v", err)
		}
	})
}

func TestOthersBackups(t *testing.T) {
	each(t, func(s safe) {
		nr := s.create(asha)
		s.put(nr, one("!r:x", "s", key(true, 0, 0)))
		at := keybackup.Scope{Room: "!r:x", Session: "s"}
		_, err := s.One(ctx, ben, nr, at)
		wantCode(s.t, "reading a key", err, "M_NOT_FOUND")
		_, err = s.Version(ctx, ben, nr)
		wantCode(s.t, "reading the version", err, "M_NOT_FOUND")
		_, err = s.Put(ctx, ben, nr, one("!r:x", "s", key(true, 0, 0)))
		wantCode(s.t, "writing", err, "M_NOT_FOUND")
		_, err = s.Remove(ctx, ben, nr, keybackup.Scope{})
		wantCode(s.t, "removing keys", err, "M_NOT_FOUND")
		wantCode(s.t, "deleting", s.Delete(ctx, ben, nr), "M_NOT_FOUND")
		if own := s.create(ben); own != "1" {
			s.t.Errorf("another person's backups count in ben’s numbers: %s", own)
		}
		if _, err := s.One(ctx, ben, "1", at); err == nil {
			s.t.Error("ben reads asha’s key through a backup of the same number")
		}
		if _, err := s.One(ctx, asha, nr, at); err != nil {
			s.t.Errorf("asha’s key is gone: %v", err)
		}
	})
}

func TestRemove(t *testing.T) {
	each(t, func(s safe) {
		nr := s.create(asha)
		for _, room := range []string{"!a:x", "!b:x"} {
			for _, session := range []string{"s1", "s2", "s3"} {
				s.put(nr, one(room, session, key(true, 0, 0)))
			}
		}
		for _, c := range []struct {
			at    keybackup.Scope
			count int64
		}{{keybackup.Scope{Room: "!a:x", Session: "s1"}, 5}, {keybackup.Scope{Room: "!a:x"}, 3}, {keybackup.Scope{Room: "!none:x"}, 3}, {keybackup.Scope{}, 0}} {
			before, err := s.Version(ctx, asha, nr)
			if err != nil {
				s.t.Fatal(err)
			}
			stand, err := s.Remove(ctx, asha, nr, c.at)
			if err != nil || stand.Count != c.count || (stand.ETag == before.ETag) != (before.Count == c.count) {
				s.t.Errorf("after removing %v: %v, %v; before: %v %s", c.at, stand, err, before.Count, before.ETag)
			}
		}
	})
}

// get asks one of the streaming handlers.
func (s safe) get(handler func(http.ResponseWriter, *http.Request, *audit.Caller) error, room, nr string) string {
	s.t.Helper()
	r := httptest.NewRequest("GET", "/?version="+nr, nil)
	r.SetPathValue("roomId", room)
	w := httptest.NewRecorder()
	if err := handler(w, r, asha); err != nil {
		s.t.Fatal(err)
	}
	if !jsontext.Value(w.Body.Bytes()).IsValid() {
		s.t.Fatalf("not JSON: %.200s", w.Body)
	}
	return w.Body.String()
}

func TestStreams(t *testing.T) {
	each(t, func(s safe) {
		nr := s.create(asha)
		if got := s.get(s.GetAll, "", nr); got != `{"rooms":{}}` {
			s.t.Errorf("an empty backup: %s", got)
		}
		if got := s.get(s.GetRoom, "!a:x", nr); got != `{"sessions":{}}` {
			s.t.Errorf("an empty room: %s", got)
		}
		rooms := map[string]keybackup.Sessions{}
		for r := range 3 { // more keys than one page holds
			keys := map[string]keybackup.Key{}
			for i := range 900 {
				keys[fmt.Sprintf("s%d\"", i)] = key(true, int64(i), 0)
			}
			rooms[fmt.Sprintf("!%d:x", r)] = keybackup.Sessions{Sessions: keys}
		}
		if stand := s.put(nr, rooms); stand.Count != 2700 {
			s.t.Errorf("count %d, want 2700", stand.Count)
		}
		var all struct{ Rooms map[string]keybackup.Sessions }
		if err := json.Unmarshal([]byte(s.get(s.GetAll, "", nr)), &all, json.MatchCaseInsensitiveNames(true)); err != nil {
			s.t.Fatal(err)
		}
		for room, want := range rooms {
			if got := all.Rooms[room].Sessions; len(got) != len(want.Sessions) || got["s17\""].FirstIndex != 17 {
				s.t.Errorf("room %s: %d keys, want %d", room, len(got), len(want.Sessions))
			}
		}
		if got := strings.Count(s.get(s.GetRoom, "!1:x", nr), `"is_verified":true`); got != 900 {
			s.t.Errorf("a room has %d keys, want 900", got)
		}
	})
}

func TestPutRefuses(t *testing.T) {
	s := safe{t, keybackup.New(storetest.Open(t))}
	nr := s.create(asha)
	huge := key(true, 0, 0)
	huge.Session = jsontext.Value(`{"x":"` + strings.Repeat("x", 20<<10) + `"}`)
	noData := key(true, 0, 0)
	noData.Session = jsontext.Value(`"x"`)
	crowd := map[string]keybackup.Key{}
	for i := range 10_001 {
		crowd[fmt.Sprint(i)] = key(true, 0, 0)
	}
	for what, c := range map[string]struct {
		keys map[string]keybackup.Sessions
		code string
	}{
		"too large":         {one("!r:x", "s", huge), "M_TOO_LARGE"},
		"too many":          {map[string]keybackup.Sessions{"!r:x": {Sessions: crowd}}, "M_TOO_LARGE"},
		"no session_data":   {one("!r:x", "s", noData), "M_BAD_JSON"},
		"a negative index":  {one("!r:x", "s", key(true, -1, 0)), "M_INVALID_PARAM"},
		"a long session id": {one("!r:x", strings.Repeat("s", 256), key(true, 0, 0)), "M_INVALID_PARAM"},
	} {
		_, err := s.Put(ctx, asha, nr, c.keys)
		wantCode(t, what, err, c.code)
	}
	_, err := s.PutKey(ctx, asha, keybackup.KeyRequest{Version: nr, Room: "!r:x", Session: "s", Data: jsontext.Value(`{}`)})
	wantCode(t, "missing members", err, "M_BAD_JSON")
	_, err = s.PutAll(ctx, asha, keybackup.AllRequest{Version: nr})
	wantCode(t, "missing rooms", err, "M_BAD_JSON")
}
