package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/client"
)

func TestProfile(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id := Room(t, amira, ben)
		device := ben.Follow("")
		ok(t, device.CatchUp(ctx))
		ok(t, amira.SetDisplayName(ctx, "Sister Amira Khan"))
		ok(t, amira.SetProfileField(ctx, "avatar_url", "mxc://"+ServerName+"/face"))
		ok(t, amira.SetProfileField(ctx, "m.tz", "Europe/London"))
		ok(t, amira.SetProfileField(ctx, "org.wardline.post", client.Object{"title": "Ward sister"}))
		profile := got[client.Profile](t)(ben.Profile(ctx, amira.UserID()))
		if profile.DisplayName != "Sister Amira Khan" || profile.AvatarURL == "" || string(profile.Extra["m.tz"]) != `"Europe/London"` {
			t.Errorf("profile: %+v", profile)
		}
		post := got[client.Raw](t)(ben.ProfileField(ctx, amira.UserID(), "org.wardline.post"))
		if gjson.GetBytes(post, "title").String() != "Ward sister" {
			t.Errorf("a field of our own: %s", post)
		}
		until(t, device, "the new name and picture in the room", func(*client.Follower) bool {
			m := content(t, ben, id, "m.room.member", amira.UserID())
			return m.Get("displayname").String() == "Sister Amira Khan" && m.Get("avatar_url").String() != ""
		})
		ok(t, amira.RemoveProfileField(ctx, "m.tz"))
		_, err := ben.ProfileField(ctx, amira.UserID(), "m.tz")
		refused(t, "a field taken away", err, 404, "M_NOT_FOUND")
		_, err = ben.Profile(ctx, "@nobody:"+ServerName)
		refused(t, "nobody's profile", err, 404, "M_NOT_FOUND")
		err = ben.Call(ctx, http.MethodPut, v3("profile", amira.UserID(), "displayname"), nil, client.Object{"displayname": "x"}, nil)
		refused(t, "somebody else's name", err, 403, "M_FORBIDDEN")
		err = amira.SetProfileField(ctx, "org.wardline.long", string(bytes.Repeat([]byte("x"), 70_000)))
		if client.StatusOf(err) != 400 && client.StatusOf(err) != 413 {
			t.Errorf("a profile too large: %v", err)
		}
	})
}

func TestAccountData(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id := Room(t, amira, ben)
		phone := s.SignIn(t, "amira").Follow("")
		ok(t, phone.CatchUp(ctx))
		ok(t, amira.SetAccountData(ctx, "", "m.direct", client.Object{ben.UserID(): []string{id}}))
		ok(t, amira.SetAccountData(ctx, id, "test.mark", client.Object{"n": 1}))
		half := 0.5
		ok(t, amira.SetTag(ctx, id, "m.favourite", client.Tag{Order: &half}))
		until(t, phone, "account data and a tag on the other device", func(f *client.Follower) bool {
			room := f.Joined[id]
			return f.AccountData["m.direct"] != nil && room.AccountData["test.mark"] != nil && room.AccountData["m.tag"] != nil
		})
		if data := got[client.Raw](t)(amira.AccountData(ctx, "", "m.direct")); gjson.GetBytes(data, gjson.Escape(ben.UserID())+".0").String() != id {
			t.Errorf("m.direct: %s", data)
		}
		tags := got[map[string]client.Tag](t)(amira.Tags(ctx, id))
		if tag, there := tags["m.favourite"]; !there || tag.Order == nil || *tag.Order != half {
			t.Errorf("tags: %+v", tags)
		}
		ok(t, amira.RemoveTag(ctx, id, "m.favourite"))
		if tags := got[map[string]client.Tag](t)(amira.Tags(ctx, id)); len(tags) != 0 {
			t.Errorf("tags: %+v", tags)
		}
		_, err := amira.AccountData(ctx, "", "no.such")
		refused(t, "account data there is not", err, 404, "M_NOT_FOUND")
		refused(t, "a type the server keeps", amira.SetAccountData(ctx, id, "m.fully_read", client.Object{"event_id": "$x"}), 405, "M_BAD_JSON")
		err = ben.Call(ctx, http.MethodPut, v3("user", amira.UserID(), "account_data", "m.direct"), nil, client.Object{}, nil)
		refused(t, "somebody else's account data", err, 403, "M_FORBIDDEN")
	})
}

func TestIgnoring(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id := Room(t, amira, ben, cara)
		ok(t, amira.SetAccountData(ctx, "", "m.ignored_user_list", client.Object{"ignored_users": client.Object{ben.UserID(): client.Object{}}}))
		hidden := Say(t, ben, id, "you will not see this")
		seen := Say(t, cara, id, "you will see this")
		own := got[string](t)(ben.CreateRoom(ctx, client.NewRoom{Invite: []string{amira.UserID()}}))
		for _, f := range []*client.Follower{amira.Follow(""), amira.FollowSliding(10)} {
			saw(t, f, id, seen)
			if f.Saw(id, hidden) || f.Invited[own] != nil {
				t.Error("a message or an invitation of an ignored person came through sync")
			}
		}
		page := got[client.Page](t)(amira.Messages(ctx, id, client.MessagesOptions{}))
		if list := ids(page.Chunk); slices.Contains(list, hidden) || !slices.Contains(list, seen) {
			t.Errorf("history with an ignored person: %v", bodies(page.Chunk))
		}
	})
}

// picture is a PNG of a size.
func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 80, 255})
		}
	}
	var b bytes.Buffer
	ok(t, png.Encode(&b, img))
	return b.Bytes()
}

func TestMedia(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben := people[0], people[1]
		file := picture(t, 300, 200)
		uri := got[string](t)(amira.Upload(ctx, "wound ü.png", "image/png", file))
		id := Room(t, amira, ben)
		_, err := amira.Send(ctx, id, "m.room.message", client.Object{"msgtype": "m.image", "body": "wound.png", "url": uri})
		ok(t, err)
		down := got[client.File](t)(ben.Download(ctx, uri))
		if len(down.Bytes) == 0 || down.ContentType != "image/png" {
			t.Errorf("downloaded %d bytes of %s", len(down.Bytes), down.ContentType)
		}
		if h := down.Header; h.Get("Content-Security-Policy") == "" || h.Get("Cross-Origin-Resource-Policy") == "" || down.ContentDisposition == "" {
			t.Errorf("headers: %v", h)
		}
		named := got[client.File](t)(ben.DownloadAs(ctx, uri, "renamed.png"))
		if !bytes.Contains([]byte(named.ContentDisposition), []byte("renamed.png")) {
			t.Errorf("disposition: %s", named.ContentDisposition)
		}
		small := got[client.File](t)(ben.Thumbnail(ctx, uri, 32, 32, "crop"))
		conf, _, err := image.DecodeConfig(bytes.NewReader(small.Bytes))
		if err != nil || conf.Width != 32 || conf.Height != 32 {
			t.Errorf("thumbnail: %+v %v", conf, err)
		}
		reserved, _, err := amira.CreateMedia(ctx)
		ok(t, err)
		_, err = call(t, amira, http.MethodGet, v1("media", "download", ServerName, reserved[len("mxc://"+ServerName)+1:]), map[string][]string{"timeout_ms": {"10"}}, nil)
		refused(t, "a file not there yet", err, 504, "M_NOT_YET_UPLOADED")
		refused(t, "somebody else's place", ben.UploadTo(ctx, reserved, "x", "text/plain", []byte("x")), 403, "M_FORBIDDEN")
		ok(t, amira.UploadTo(ctx, reserved, "note.txt", "text/plain", []byte("a note")))
		refused(t, "a place that is taken", amira.UploadTo(ctx, reserved, "x", "text/plain", []byte("x")), 409, "M_CANNOT_OVERWRITE_MEDIA")
		if f := got[client.File](t)(amira.Download(ctx, reserved)); string(f.Bytes) != "a note" {
			t.Errorf("downloaded %q", f.Bytes)
		}
		if limit := got[int64](t)(amira.UploadLimit(ctx)); limit <= 0 {
			t.Errorf("limit: %d", limit)
		}
		_, err = ben.Download(ctx, "mxc://"+ServerName+"/nothing")
		refused(t, "a file there is not", err, 404, "M_NOT_FOUND")
		_, err = client.New(s.URL).Download(ctx, uri)
		refused(t, "a file without a token", err, 401, "M_MISSING_TOKEN")
		_, err = call(t, ben, http.MethodGet, "/_matrix/media/v3/download/"+uri[len("mxc://"):], nil, nil)
		refused(t, "the file by the frozen path", err, 404, "M_NOT_FOUND")
	})
}
