package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/client"
)

// content reads one state event.
func content(t *testing.T, c *client.Client, roomID, kind, key string) gjson.Result {
	t.Helper()
	return gjson.ParseBytes(got[client.Raw](t)(c.StateContent(t.Context(), roomID, kind, key)))
}

// membership is what the room says of somebody; empty: nothing.
func membership(t *testing.T, c *client.Client, roomID string, of *client.Client) string {
	t.Helper()
	raw, err := c.StateContent(t.Context(), roomID, "m.room.member", of.UserID())
	if client.StatusOf(err) == 404 {
		return ""
	}
	ok(t, err)
	return gjson.GetBytes(raw, "membership").String()
}

func TestCreateRoom(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		for _, version := range []string{"11", "12"} {
			id, err := amira.CreateRoom(ctx, client.NewRoom{
				Name: "Ward 4", Topic: "The day", Preset: "trusted_private_chat", Visibility: "public", Alias: "ward4v" + version,
				Version: version, Direct: true, Invite: []string{ben.UserID()},
				CreationContent:    client.Object{"type": "m.space", "m.federate": false},
				InitialState:       []client.InitialState{{Type: "m.room.avatar", Content: client.Object{"url": "mxc://" + ServerName + "/x"}}},
				PowerLevelOverride: client.Object{"users_default": 7, "events": client.Object{"m.room.name": 33}},
			})
			ok(t, err)
			create := content(t, amira, id, "m.room.create", "")
			levels := content(t, amira, id, "m.room.power_levels", "")
			for what, pair := range map[string][2]string{
				"version":          {create.Get("room_version").String(), version},
				"type":             {create.Get("type").String(), "m.space"},
				"federate":         {create.Get(`m\.federate`).String(), "false"},
				"name":             {content(t, amira, id, "m.room.name", "").Get("name").String(), "Ward 4"},
				"topic":            {content(t, amira, id, "m.room.topic", "").Get("topic").String(), "The day"},
				"join rule":        {content(t, amira, id, "m.room.join_rules", "").Get("join_rule").String(), "invite"},
				"visibility":       {content(t, amira, id, "m.room.history_visibility", "").Get("history_visibility").String(), "shared"},
				"alias":            {content(t, amira, id, "m.room.canonical_alias", "").Get("alias").String(), "#ward4v" + version + ":" + ServerName},
				"initial state":    {content(t, amira, id, "m.room.avatar", "").Get("url").String(), "mxc://" + ServerName + "/x"},
				"default level":    {levels.Get("users_default").String(), "7"},
				"level of an name": {levels.Get(`events.m\.room\.name`).String(), "33"},
				"invitation":       {content(t, amira, id, "m.room.member", ben.UserID()).Get("is_direct").String(), "true"},
			} {
				if pair[0] != pair[1] {
					t.Errorf("version %s, %s: %q, want %q", version, what, pair[0], pair[1])
				}
			}
			// A trusted conversation gives the invited the creator's power: in version 12 as one of the creators.
			if version == "11" && levels.Get("users."+gjson.Escape(ben.UserID())).Int() != 100 {
				t.Errorf("levels: %s", levels)
			}
			if version == "12" && create.Get("additional_creators.0").String() != ben.UserID() {
				t.Errorf("create: %s", create)
			}
			if listed := got[string](t)(amira.DirectoryVisibility(ctx, id)); listed != "public" {
				t.Errorf("visibility: %s", listed)
			}
		}
		for _, c := range []struct {
			what   string
			spec   client.NewRoom
			status int
			code   string
		}{
			{"a version there is not", client.NewRoom{Version: "99"}, 400, "M_UNSUPPORTED_ROOM_VERSION"},
			{"an alias that is taken", client.NewRoom{Alias: "ward4v11"}, 400, "M_ROOM_IN_USE"},
			{"a preset there is not", client.NewRoom{Preset: "party"}, 400, "M_INVALID_PARAM"},
			{"a level that is no number", client.NewRoom{PowerLevelOverride: client.Object{"ban": "high"}}, 400, "M_INVALID_ROOM_STATE"},
		} {
			_, err := amira.CreateRoom(ctx, c.spec)
			refused(t, c.what, err, c.status, c.code)
		}
	})
}

func TestEncryptionIsRefused(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		amira := s.Staff(t, "amira")[0]
		algorithm := client.Object{"algorithm": "m.megolm.v1.aes-sha2"}
		id, err := amira.CreateRoom(ctx, client.NewRoom{InitialState: []client.InitialState{{Type: "m.room.encryption", Content: algorithm}}})
		ok(t, err)
		_, err = amira.StateContent(ctx, id, "m.room.encryption", "")
		refused(t, "the encryption of a room made with it", err, 404, "M_NOT_FOUND")
		_, err = amira.SetState(ctx, id, "m.room.encryption", "", algorithm)
		refused(t, "encryption later", err, 403, "M_FORBIDDEN")
	})
}

func TestMembership(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id := Room(t, amira)
		join := func(c *client.Client) error { return c.JoinWithReason(ctx, id, "on the ward") }
		for i, c := range []struct {
			what   string
			act    func() error
			status int
			code   string
			ben    string
		}{
			{"join without invitation", func() error { return join(ben) }, 403, "M_FORBIDDEN", ""},
			{"invite by a stranger", func() error { return ben.Invite(ctx, id, cara.UserID(), "") }, 403, "M_FORBIDDEN", ""},
			{"invite", func() error { return amira.Invite(ctx, id, ben.UserID(), "please") }, 0, "", "invite"},
			{"decline", func() error { return ben.Leave(ctx, id) }, 0, "", "leave"},
			{"invite again", func() error { return amira.Invite(ctx, id, ben.UserID(), "") }, 0, "", "invite"},
			{"join", func() error { return join(ben) }, 0, "", "join"},
			{"join again", func() error { return join(ben) }, 0, "", "join"},
			{"invite who is in", func() error { return amira.Invite(ctx, id, ben.UserID(), "") }, 403, "M_FORBIDDEN", "join"},
			{"forget a room one is in", func() error { return ben.Forget(ctx, id) }, 400, "M_UNKNOWN", "join"},
			{"kick from below", func() error { return ben.Kick(ctx, id, amira.UserID(), "") }, 403, "M_FORBIDDEN", "join"},
			{"kick", func() error { return amira.Kick(ctx, id, ben.UserID(), "no longer on the ward") }, 0, "", "leave"},
			{"kick who is out", func() error { return amira.Kick(ctx, id, ben.UserID(), "") }, 403, "M_FORBIDDEN", "leave"},
			{"ban", func() error { return amira.Ban(ctx, id, ben.UserID(), "left the trust") }, 0, "", "ban"},
			{"invite who is banned", func() error { return amira.Invite(ctx, id, ben.UserID(), "") }, 403, "M_FORBIDDEN", "ban"},
			{"join while banned", func() error { return join(ben) }, 403, "M_FORBIDDEN", "ban"},
			{"unban from below", func() error { return ben.Unban(ctx, id, ben.UserID(), "") }, 403, "M_FORBIDDEN", "ban"},
			{"unban", func() error { return amira.Unban(ctx, id, ben.UserID(), "") }, 0, "", "leave"},
			{"unban who is not banned", func() error { return amira.Unban(ctx, id, ben.UserID(), "") }, 403, "M_FORBIDDEN", "leave"},
			{"forget", func() error { return ben.Forget(ctx, id) }, 0, "", "leave"},
		} {
			err := c.act()
			if client.StatusOf(err) != c.status || client.CodeOf(err) != c.code || c.status == 0 && err != nil {
				t.Errorf("%d, %s: %v; want %d %s", i, c.what, err, c.status, c.code)
			}
			if is := membership(t, amira, id, ben); is != c.ben {
				t.Errorf("%d, after %s: %q, want %q", i, c.what, is, c.ben)
			}
		}
		if joined := got[[]string](t)(ben.JoinedRooms(ctx)); len(joined) != 0 {
			t.Errorf("joined: %v", joined)
		}
		_, err := ben.Join(ctx, "!nowhere:"+ServerName)
		if client.StatusOf(err) != 404 && client.StatusOf(err) != 403 {
			t.Errorf("a room there is not: %v", err)
		}
		refused(t, "inviting nobody", amira.Invite(ctx, id, "not an id", ""), 400, "M_INVALID_PARAM")
	})
}

func TestKnock(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id, err := amira.CreateRoom(ctx, client.NewRoom{Name: "Knock first", Alias: "knock",
			InitialState: []client.InitialState{{Type: "m.room.join_rules", Content: client.Object{"join_rule": "knock"}}}})
		ok(t, err)
		_, err = ben.Join(ctx, id)
		refused(t, "joining without a knock", err, 403, "M_FORBIDDEN")
		device := ben.Follow("")
		if knocked := got[string](t)(ben.Knock(ctx, "#knock:"+ServerName, "the new doctor")); knocked != id {
			t.Errorf("knocked at %s, want %s", knocked, id)
		}
		until(t, device, "the knock", func(f *client.Follower) bool { return len(f.Knocked[id]) > 0 })
		if m := content(t, amira, id, "m.room.member", ben.UserID()); m.Get("membership").String() != "knock" || m.Get("reason").String() != "the new doctor" {
			t.Errorf("knock: %s", m)
		}
		ok(t, ben.Leave(ctx, id))
		until(t, device, "the knock taken back", func(f *client.Follower) bool { return len(f.Knocked[id]) == 0 })
		_, err = ben.Knock(ctx, id, "")
		ok(t, err)
		ok(t, amira.Invite(ctx, id, ben.UserID(), ""))
		_, err = ben.Join(ctx, id)
		ok(t, err)
		closed := Room(t, amira)
		_, err = ben.Knock(ctx, closed, "")
		refused(t, "a knock at a room by invitation", err, 403, "M_FORBIDDEN")
	})
}

func TestRestrictedJoin(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		for _, rule := range []string{"restricted", "knock_restricted"} {
			space := Room(t, amira, ben)
			id, err := amira.CreateRoom(ctx, client.NewRoom{InitialState: []client.InitialState{{Type: "m.room.join_rules", Content: client.Object{
				"join_rule": rule, "allow": []client.Object{{"type": "m.room_membership", "room_id": space}}}}}})
			ok(t, err)
			_, err = cara.Join(ctx, id)
			refused(t, "who is not in the space", err, 403, "M_FORBIDDEN")
			_, err = ben.Join(ctx, id)
			ok(t, err)
			if by := content(t, amira, id, "m.room.member", ben.UserID()).Get("join_authorised_via_users_server").String(); by != amira.UserID() {
				t.Errorf("%s: authorised by %q", rule, by)
			}
		}
	})
}

func TestStateAndMembers(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id := Room(t, amira, ben)
		ok(t, amira.Invite(ctx, id, cara.UserID(), ""))
		for _, key := range []string{"", "a key/with a slash", "@" + "x:y"} {
			if key == "@x:y" {
				_, err := amira.SetState(ctx, id, "test.kind", key, client.Object{})
				refused(t, "somebody else's key", err, 403, "M_FORBIDDEN")
				continue
			}
			event := got[string](t)(amira.SetState(ctx, id, "test.kind", key, client.Object{"n": 1}))
			if content(t, ben, id, "test.kind", key).Get("n").Int() != 1 || event == "" {
				t.Errorf("state with the key %q", key)
			}
		}
		full := read(t, amira, v3("rooms", id, "state", "test.kind", ""), url.Values{"format": {"event"}})
		if full.Get("type").String() != "test.kind" || full.Get("content.n").Int() != 1 || full.Get("event_id").String() == "" {
			t.Errorf("a state event whole: %s", full)
		}
		_, err := ben.SetState(ctx, id, "m.room.name", "", client.Object{"name": "mine"})
		refused(t, "a name from below", err, 403, "M_FORBIDDEN")
		_, err = cara.State(ctx, id)
		refused(t, "the state for the invited", err, 403, "M_FORBIDDEN")
		_, err = amira.StateContent(ctx, id, "no.such", "")
		refused(t, "state there is not", err, 404, "M_NOT_FOUND")
		if joined := got[map[string]client.MemberProfile](t)(ben.JoinedMembers(ctx, id)); len(joined) != 2 {
			t.Errorf("joined members: %v", joined)
		}
		for _, c := range []struct {
			options client.MembersOptions
			want    int
		}{{client.MembersOptions{}, 3}, {client.MembersOptions{Membership: "invite"}, 1}, {client.MembersOptions{NotMembership: "invite"}, 2}} {
			if list := got[[]client.Event](t)(amira.Members(ctx, id, c.options)); len(list) != c.want {
				t.Errorf("members %+v: %d, want %d", c.options, len(list), c.want)
			}
		}
		before := got[client.SyncResponse](t)(amira.Sync(ctx, client.SyncOptions{})).NextBatch
		ok(t, amira.Kick(ctx, id, cara.UserID(), ""))
		if list := got[[]client.Event](t)(amira.Members(ctx, id, client.MembersOptions{At: before, Membership: "invite"})); len(list) != 1 {
			t.Errorf("members then: %d", len(list))
		}
	})
}

func TestAliasesAndDirectory(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id, err := amira.CreateRoom(ctx, client.NewRoom{Preset: "public_chat", Name: "Journal club", Topic: "Thursdays"})
		ok(t, err)
		alias := "#journal club/1:" + ServerName
		ok(t, amira.SetAlias(ctx, alias, id))
		refused(t, "an alias that is taken", amira.SetAlias(ctx, alias, id), 409, "M_UNKNOWN")
		refused(t, "an alias of another server", amira.SetAlias(ctx, "#x:elsewhere.test", id), 400, "M_INVALID_PARAM")
		if room, servers, err := ben.ResolveAlias(ctx, alias); err != nil || room != id || !slices.Contains(servers, ServerName) {
			t.Errorf("resolved: %s %v %v", room, servers, err)
		}
		_, _, err = ben.ResolveAlias(ctx, "#none:"+ServerName)
		refused(t, "an alias there is not", err, 404, "M_NOT_FOUND")
		if joined := got[string](t)(ben.Join(ctx, alias)); joined != id {
			t.Errorf("joined %s by its alias, want %s", joined, id)
		}
		if list := got[[]string](t)(ben.Aliases(ctx, id)); !slices.Equal(list, []string{alias}) {
			t.Errorf("aliases: %v", list)
		}

		if page := got[client.RoomPage](t)(ben.PublicRooms(ctx, "", 10, "")); slices.Contains(rooms(page.Chunk), id) {
			t.Error("a room is listed that nobody listed")
		}
		refused(t, "listing from below", ben.SetDirectoryVisibility(ctx, id, "public"), 403, "M_FORBIDDEN")
		ok(t, amira.SetDirectoryVisibility(ctx, id, "public"))
		for term, want := range map[string]bool{"": true, "JOURNAL": true, "thursd": true, "nothing of the kind": false} {
			page := got[client.RoomPage](t)(ben.PublicRooms(ctx, term, 10, ""))
			if slices.Contains(rooms(page.Chunk), id) != want {
				t.Errorf("searching for %q: %v", term, rooms(page.Chunk))
			}
		}
		listed := read(t, ben, v3("publicRooms"), url.Values{"limit": {"5"}})
		if r := listed.Get("chunk.0"); r.Get("name").String() != "Journal club" || r.Get("num_joined_members").Int() != 2 || r.Get("join_rule").String() != "public" {
			t.Errorf("listed: %s", listed)
		}
		ok(t, amira.SetDirectoryVisibility(ctx, id, "private"))
		if page := got[client.RoomPage](t)(ben.PublicRooms(ctx, "", 10, "")); len(page.Chunk) != 0 {
			t.Errorf("after taking it off the list: %v", rooms(page.Chunk))
		}
		ok(t, amira.RemoveAlias(ctx, alias))
		_, _, err = ben.ResolveAlias(ctx, alias)
		refused(t, "an alias that was taken away", err, 404, "M_NOT_FOUND")
	})
}

func TestSpaces(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		found := func(name, kind, preset string) string {
			spec := client.NewRoom{Name: name, Preset: preset}
			if kind != "" {
				spec.CreationContent = client.Object{"type": kind}
			}
			return got[string](t)(amira.CreateRoom(ctx, spec))
		}
		space := found("Medicine", "m.space", "public_chat")
		inner := found("Ward 4", "m.space", "public_chat")
		open, secret, leaf := found("Rota", "", "public_chat"), found("Consultants", "", "private_chat"), found("Handover", "", "public_chat")
		hang := func(parent, child string, suggested bool) {
			t.Helper()
			_, err := amira.SetState(ctx, parent, "m.space.child", child, client.Object{"via": []string{ServerName}, "suggested": suggested})
			ok(t, err)
		}
		hang(space, inner, true)
		hang(space, open, false)
		hang(space, secret, false)
		hang(inner, leaf, true)
		hang(inner, space, false) // a ring must end
		_, err := ben.Join(ctx, space)
		ok(t, err)

		all := got[client.HierarchyPage](t)(amira.Hierarchy(ctx, space, client.HierarchyOptions{}))
		if list := rooms(all.Rooms); len(list) != 5 || list[0] != space || len(all.Rooms[0].ChildrenState) != 3 || all.Rooms[0].RoomType != "m.space" {
			t.Errorf("the whole tree: %v", list)
		}
		mine := rooms(got[client.HierarchyPage](t)(ben.Hierarchy(ctx, space, client.HierarchyOptions{})).Rooms)
		if len(mine) != 4 || slices.Contains(mine, secret) {
			t.Errorf("what ben may see: %v", mine)
		}
		if list := rooms(got[client.HierarchyPage](t)(ben.Hierarchy(ctx, space, client.HierarchyOptions{SuggestedOnly: true})).Rooms); len(list) != 3 || slices.Contains(list, open) {
			t.Errorf("suggested: %v", list)
		}
		if list := rooms(got[client.HierarchyPage](t)(ben.Hierarchy(ctx, space, client.HierarchyOptions{MaxDepth: 1})).Rooms); len(list) != 3 || slices.Contains(list, leaf) {
			t.Errorf("one deep: %v", list)
		}
		var paged []string
		for from := ""; ; {
			page := got[client.HierarchyPage](t)(ben.Hierarchy(ctx, space, client.HierarchyOptions{Limit: 2, From: from}))
			paged = append(paged, rooms(page.Rooms)...)
			if from = page.NextBatch; from == "" || len(paged) > 10 {
				break
			}
		}
		if !slices.Equal(paged, mine) {
			t.Errorf("in pages: %v, at once: %v", paged, mine)
		}
		summary := got[client.RoomSummary](t)(ben.Summary(ctx, open))
		if summary.Name != "Rota" || summary.JoinRule != "public" || summary.Membership != "leave" && summary.Membership != "" || summary.JoinedMembers != 1 {
			t.Errorf("summary: %+v", summary)
		}
		_, err = ben.Summary(ctx, secret)
		refused(t, "a summary of what ben may not know of", err, 404, "M_NOT_FOUND")
		_, err = ben.Hierarchy(ctx, secret, client.HierarchyOptions{})
		refused(t, "the tree of what ben may not know of", err, 403, "M_FORBIDDEN")
	})
}

func TestUpgrade(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		old, err := amira.CreateRoom(ctx, client.NewRoom{Name: "Ward 4", Topic: "The day", Version: "11", Alias: "ward4", Preset: "public_chat"})
		ok(t, err)
		_, err = ben.Join(ctx, old)
		ok(t, err)
		ok(t, amira.Ban(ctx, old, "@gone:"+ServerName, ""))
		_, err = ben.Upgrade(ctx, old, "12")
		refused(t, "an upgrade from below", err, 403, "M_FORBIDDEN")
		_, err = amira.Upgrade(ctx, old, "99")
		refused(t, "a version there is not", err, 400, "M_UNSUPPORTED_ROOM_VERSION")
		id := got[string](t)(amira.Upgrade(ctx, old, "12"))
		create := content(t, amira, id, "m.room.create", "")
		if create.Get("room_version").String() != "12" || create.Get("predecessor.room_id").String() != old {
			t.Errorf("create: %s", create)
		}
		if tomb := content(t, ben, old, "m.room.tombstone", ""); tomb.Get("replacement_room").String() != id {
			t.Errorf("tombstone: %s", tomb)
		}
		if content(t, amira, id, "m.room.name", "").Get("name").String() != "Ward 4" || content(t, amira, id, "m.room.member", "@gone:"+ServerName).Get("membership").String() != "ban" {
			t.Error("name or bans did not move")
		}
		if room, _, err := ben.ResolveAlias(ctx, "#ward4:"+ServerName); err != nil || room != id {
			t.Errorf("the alias names %s, %v; want %s", room, err, id)
		}
		_, err = ben.Say(ctx, old, "too late")
		refused(t, "a message in the old room", err, 403, "M_FORBIDDEN")
		if joined := got[string](t)(ben.Join(ctx, id)); joined != id {
			t.Errorf("joined %s", joined)
		}
	})
}

func TestReports(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id := Room(t, amira, ben)
		event := Say(t, amira, id, "something unkind")
		ok(t, ben.ReportEvent(ctx, id, event, "unkind"))
		ok(t, ben.ReportRoom(ctx, id, "unkind"))
		_, err := call(t, ben, http.MethodPost, v3("users", amira.UserID(), "report"), nil, client.Object{"reason": "unkind"})
		ok(t, err)
		refused(t, "an event there is not", ben.ReportEvent(ctx, id, "$none", "x"), 404, "M_NOT_FOUND")
		refused(t, "an event of a room cara is not in", cara.ReportEvent(ctx, id, event, "x"), 404, "M_NOT_FOUND")
	})
}
