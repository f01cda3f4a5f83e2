package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/job"
	"github.com/wardline/wardline/internal/platform/store"
)

const mediaV1 = "/_matrix/client/v1/media"

// upload stores a text file and gives its mxc:// URI.
func (c client) upload(content string) string {
	c.t.Helper()
	return c.want(200, "", "POST", "/_matrix/media/v3/upload?filename=note.txt", content).Get("content_uri").Str
}

// file asks for a file and gives the status.
func (c client) file(uri string) *httptest.ResponseRecorder {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), "GET", mediaV1+"/download/"+strings.TrimPrefix(uri, "mxc://"), nil)
	r.Header.Set("Authorization", "Bearer "+c.token)
	w := httptest.NewRecorder()
	c.s.Handler().ServeHTTP(w, r)
	return w
}

func (c client) reads(what, uri string, want int) {
	c.t.Helper()
	if got := c.file(uri); got.Code != want {
		c.t.Errorf("%s: %s gets %d %s, want %d", what, c.user, got.Code, got.Body, want)
	}
}

// attach sends a file and gives the event's id.
func (c client) attach(room, uri, txn string) string {
	c.t.Helper()
	return c.want(200, "", "PUT", v3+"/rooms/"+room+"/send/m.room.message/"+txn,
		`{"msgtype":"m.file","body":"note.txt","url":"`+uri+`"}`).Get("event_id").Str
}

func TestFilesFollowTheirEvents(t *testing.T) {
	s := openRig(t)
	asha, ben, mallory := register(t, s, "asha"), register(t, s, "ben"), register(t, s, "mallory")
	room := asha.want(200, "", "POST", v3+"/createRoom",
		`{"invite":["`+ben.user+`"],"initial_state":[{"type":"m.room.history_visibility","state_key":"","content":{"history_visibility":"joined"}}]}`).Get("room_id").Str
	early, uri := asha.upload("before ben came"), asha.upload("potassium 6.1")
	asha.attach(room, early, "1")
	ben.reads("invited only", early, http.StatusNotFound)
	ben.want(200, "", "POST", v3+"/join/"+room, "{}")
	event := asha.attach(room, uri, "2")
	ben.reads("sent while he is there", uri, http.StatusOK)
	ben.reads("sent before he came", early, http.StatusNotFound)
	mallory.reads("not in the room", uri, http.StatusNotFound)

	own := mallory.want(200, "", "POST", v3+"/createRoom", "{}").Get("room_id").Str
	mallory.attach(own, uri, "1")
	mallory.reads("named in a room of her own", uri, http.StatusNotFound)
	mallory.want(200, "", "PUT", v3+"/profile/"+mallory.user+"/avatar_url", `{"avatar_url":"`+uri+`"}`)
	mallory.reads("named as her picture", uri, http.StatusNotFound)
	mallory.want(404, "M_NOT_FOUND", "PUT", v3+"/rooms/"+own+"/redact/"+event+"/2", `{}`)
	ben.reads("redacted by a stranger, in another room", uri, http.StatusOK)

	asha.want(200, "", "PUT", v3+"/rooms/"+room+"/redact/"+event+"/3", `{}`)
	ben.reads("redacted", uri, http.StatusNotFound)
	asha.reads("redacted", uri, http.StatusNotFound)
}

func TestPicturesOfPeopleAndRooms(t *testing.T) {
	s := openRig(t)
	asha, ben := register(t, s, "asha"), register(t, s, "ben")
	portrait, ward := asha.upload("portrait"), asha.upload("ward 7")
	asha.want(200, "", "PUT", v3+"/profile/"+asha.user+"/avatar_url", `{"avatar_url":"`+portrait+`"}`)
	ben.reads("a colleague's picture", portrait, http.StatusOK)
	room := asha.want(200, "", "POST", v3+"/createRoom", `{"initial_state":[
		{"type":"m.room.avatar","state_key":"","content":{"url":"`+ward+`"}}]}`).Get("room_id").Str
	ben.reads("the picture of a room he knows nothing of", ward, http.StatusNotFound)
	asha.want(200, "", "POST", v3+"/rooms/"+room+"/invite", `{"user_id":"`+ben.user+`"}`)
	ben.reads("the picture of a room he is invited to", ward, http.StatusOK)
	asha.want(200, "", "DELETE", v3+"/profile/"+asha.user+"/avatar_url", "")
	asha.member(room, asha.user, "avatar_url", "")
	ben.reads("a picture she has taken away", portrait, http.StatusNotFound)
}

func TestMediaNeedsSigningIn(t *testing.T) {
	s := openRig(t)
	asha := register(t, s, "asha")
	uri := asha.upload("x")
	nobody := client{t: t, s: s}
	if got := nobody.file(uri); got.Code != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got.Code)
	}
	where := strings.TrimPrefix(uri, "mxc://")
	asha.want(404, "M_NOT_FOUND", "GET", "/_matrix/media/v3/download/"+where, "")
	asha.want(404, "M_NOT_FOUND", "GET", "/_matrix/media/r0/thumbnail/"+where+"?width=32&height=32", "")
	asha.want(400, "M_UNKNOWN", "GET", mediaV1+"/thumbnail/"+where+"?width=32&height=32", "")
	if got := asha.want(200, "", "GET", mediaV1+"/config", "").Get("m\\.upload\\.size").Int(); got != int64(s.conf.Media.MaxUpload) {
		t.Errorf("upload size %d", got)
	}
	if h := asha.file(uri).Header(); h.Get("Content-Disposition") != `attachment; filename="note.txt"` ||
		!strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox") || h.Get("Cache-Control") != "private, no-store" {
		t.Errorf("headers %v", h)
	}
	reserved := asha.want(200, "", "POST", "/_matrix/media/v1/create", "{}").Get("content_uri").Str
	asha.want(504, "M_NOT_YET_UPLOADED", "GET", mediaV1+"/download/"+strings.TrimPrefix(reserved, "mxc://")+"?timeout_ms=0", "")
	asha.want(409, "M_CANNOT_OVERWRITE_MEDIA", "PUT", "/_matrix/media/v3/upload/"+where, "again")
}

// device gives the id of the device that a client is signed in on.
func (c client) device() string {
	c.t.Helper()
	return c.want(200, "", "GET", v3+"/account/whoami", "").Get("device_id").Str
}

// syncOnce syncs and gives the answer.
func (c client) syncOnce(since string) gjson.Result {
	c.t.Helper()
	return c.want(200, "", "GET", v3+"/sync?timeout=0&since="+since, "")
}

func TestMessagesToDevicesArriveOnce(t *testing.T) {
	s := openRig(t)
	asha, ben := register(t, s, "asha"), register(t, s, "ben")
	before := ben.syncOnce("").Get("next_batch").Str
	for range 2 {
		asha.want(200, "", "PUT", v3+"/sendToDevice/m.test/1", `{"messages":{"`+ben.user+`":{"*":{"n":1}}}}`)
	}
	got := ben.syncOnce(before)
	if n := len(got.Get("to_device.events").Array()); n != 1 || got.Get("to_device.events.0.content.n").Int() != 1 {
		t.Errorf("to_device: %s", got.Get("to_device"))
	}
	if again := ben.syncOnce(before); len(again.Get("to_device.events").Array()) != 1 {
		t.Errorf("an answer that was lost is not given again: %s", again.Get("to_device"))
	}
	if next := ben.syncOnce(got.Get("next_batch").Str); next.Get("to_device.events.0").Exists() {
		t.Errorf("arrived twice: %s", next.Get("to_device"))
	}
}

func TestDevicesGoWithTheirKeys(t *testing.T) {
	s := openRig(t)
	asha, ben := register(t, s, "asha"), register(t, s, "ben")
	room := asha.want(200, "", "POST", v3+"/createRoom", `{"preset":"public_chat"}`).Get("room_id").Str
	ben.want(200, "", "POST", v3+"/join/"+room, "{}")
	from := ben.syncOnce("").Get("next_batch").Str
	asha.want(200, "", "POST", v3+"/keys/upload", `{"one_time_keys":{"curve25519:A":"06UzBknVHFMwgi7AVloY7ylC+xhOhEX4PkNge14Grl8"}}`)
	if n := asha.syncOnce("").Get("device_one_time_keys_count.curve25519").Int(); n != 1 {
		t.Errorf("%d one-time keys in sync", n)
	}
	claim := `{"one_time_keys":{"` + asha.user + `":{"` + asha.device() + `":"curve25519"}}}`
	path := "one_time_keys." + strings.ReplaceAll(asha.user, ".", `\.`)
	if got := ben.want(200, "", "POST", v3+"/keys/claim", claim); !got.Get(path).Exists() {
		t.Errorf("claim: %s", got)
	}
	if got := ben.want(200, "", "POST", v3+"/keys/claim", claim); got.Get(path).Exists() {
		t.Errorf("claimed twice: %s", got)
	}
	asha.want(200, "", "POST", v3+"/logout", "")
	now := ben.syncOnce(from)
	if got := now.Get("device_lists.changed.0").Str; got != asha.user {
		t.Errorf("device_lists: %s", now.Get("device_lists"))
	}
	changes := ben.want(200, "", "GET", v3+"/keys/changes?from="+from+"&to="+now.Get("next_batch").Str, "")
	if got := changes.Get("changed.0").Str; got != asha.user {
		t.Errorf("keys/changes: %s", changes)
	}
	ben.want(400, "M_MISSING_PARAM", "GET", v3+"/keys/changes?from="+from, "")
}

func TestCrossSigningIsConfirmed(t *testing.T) {
	s := openRig(t)
	asha := register(t, s, "asha")
	set := func(key string) string {
		return `{"master_key":{"user_id":"` + asha.user + `","usage":["master"],"keys":{"ed25519:` + key + `":"` + key + `"}}}`
	}
	first, second := "06UzBknVHFMwgi7AVloY7ylC+xhOhEX4PkNge14Grl8", "JGLn/yafz74HB2AbPLYJWIVGnKAtqECOBf11yyXac2Y"
	upload := v3 + "/keys/device_signing/upload"
	asha.want(200, "", "POST", upload, set(first))
	asha.want(200, "", "POST", upload, set(first))
	challenge := asha.want(401, "", "POST", upload, set(second))
	if challenge.Get("flows.0.stages.0").Str != "m.login.password" {
		t.Fatalf("challenge: %s", challenge)
	}
	auth := `,"auth":{"type":"m.login.password","session":"` + challenge.Get("session").Str +
		`","identifier":{"type":"m.id.user","user":"asha"},"password":"pw of asha"}}`
	asha.want(200, "", "POST", upload, strings.TrimSuffix(set(second), "}")+auth)
}

func TestKeyBackupOverHTTP(t *testing.T) {
	s := openRig(t)
	asha, ben := register(t, s, "asha"), register(t, s, "ben")
	keys, versions := v3+"/room_keys/keys", v3+"/room_keys/version"
	asha.want(404, "M_NOT_FOUND", "GET", versions, "")
	body := `{"algorithm":"m.megolm_backup.v1.curve25519-aes-sha2","auth_data":{"public_key":"x"}}`
	nr := asha.want(200, "", "POST", versions, body).Get("version").Str
	key := `{"first_message_index":1,"forwarded_count":0,"is_verified":true,"session_data":{"ciphertext":"x"}}`
	if got := asha.want(200, "", "PUT", keys+"/!r:x/s%2F1?version="+nr, key).Get("count").Int(); got != 1 {
		t.Errorf("count %d", got)
	}
	asha.want(200, "", "PUT", keys+"/!r:x?version="+nr, `{"sessions":{"s2":`+key+`}}`)
	asha.want(200, "", "PUT", keys+"?version="+nr, `{"rooms":{"!q:x":{"sessions":{"s3":`+key+`}}}}`)
	asha.want(403, "M_WRONG_ROOM_KEYS_VERSION", "PUT", keys+"?version=99", `{"rooms":{}}`)
	all := asha.want(200, "", "GET", keys+"?version="+nr, "")
	if !all.Get(`rooms.!r:x.sessions.s/1`).Exists() || len(all.Get("rooms").Map()) != 2 {
		t.Errorf("all keys: %s", all)
	}
	asha.want(200, "", "GET", keys+"/!r:x/s%2F1?version="+nr, "")
	asha.want(404, "M_NOT_FOUND", "GET", keys+"/!r:x/none?version="+nr, "")
	ben.want(404, "M_NOT_FOUND", "GET", keys+"?version="+nr, "")
	asha.want(400, "M_MISSING_PARAM", "GET", keys, "")
	asha.want(200, "", "DELETE", versions+"/"+nr, "")
	asha.want(404, "M_NOT_FOUND", "GET", versions+"/"+nr, "")
}

func TestChoresArePromisedOnce(t *testing.T) {
	c := settings(t)
	for range 2 {
		s := start(t, c)
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, c)
	due := map[string]time.Duration{}
	for _, chore := range s.chores() {
		due[chore.kind] = chore.every
		if err := chore.do(t.Context()); err != nil {
			t.Errorf("%s: %v", chore.kind, err)
		}
	}
	counts := waiting(t, s)
	for kind := range due {
		if counts[kind] != 1 {
			t.Errorf("%s is promised %d times", kind, counts[kind])
		}
	}
}

// waiting counts the promises of each kind.
func waiting(t *testing.T, s *Server) map[string]int64 {
	t.Helper()
	n := map[string]int64{}
	err := s.db.Read(t.Context(), func(tx *store.Tx) error {
		counts, err := job.Counts(tx)
		for _, c := range counts {
			n[c.Kind] += c.Waiting
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
