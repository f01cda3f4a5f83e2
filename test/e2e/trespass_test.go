package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wardline/wardline/client"
)

// closedHistory makes a room of the first, where everybody reads only what is said while they are in it.
func closedHistory(t *testing.T, of ...*client.Client) string {
	t.Helper()
	spec := client.NewRoom{InitialState: []client.InitialState{
		{Type: "m.room.history_visibility", Content: client.Object{"history_visibility": "joined"}},
	}}
	for _, c := range of[1:] {
		spec.Invite = append(spec.Invite, c.UserID())
	}
	id := got[string](t)(of[0].CreateRoom(t.Context(), spec))
	for _, c := range of[1:] {
		got[string](t)(c.Join(t.Context(), id))
	}
	return id
}

// TestRestrictedJoinByState: whoever sets their own membership directly cannot name a member in whose name they come in.
func TestRestrictedJoinByState(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		for _, rule := range []string{"restricted", "knock_restricted"} {
			space := Room(t, amira, ben)
			id := got[string](t)(amira.CreateRoom(ctx, client.NewRoom{InitialState: []client.InitialState{{Type: "m.room.join_rules", Content: client.Object{
				"join_rule": rule, "allow": []client.Object{{"type": "m.room_membership", "room_id": space}}}}}}))
			join := client.Object{"membership": "join", "join_authorised_via_users_server": amira.UserID()}
			_, err := cara.SetState(ctx, id, "m.room.member", cara.UserID(), join)
			refused(t, rule+": a stranger who names the creator", err, 403, "M_FORBIDDEN")
			_, err = ben.SetState(ctx, id, "m.room.member", ben.UserID(), client.Object{"membership": "join"})
			ok(t, err)
			if by := content(t, amira, id, "m.room.member", ben.UserID()).Get("join_authorised_via_users_server").String(); by != amira.UserID() {
				t.Errorf("%s: authorised by %q", rule, by)
			}
			_, err = ben.SetState(ctx, id, "m.room.member", ben.UserID(), client.Object{"membership": "join", "displayname": "Ben, bleep 123"})
			ok(t, err)
		}
	})
}

// TestSlidingAfterAnAbsence: whoever was out of a room between two requests is not told what was said meanwhile.
func TestSlidingAfterAnAbsence(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id := closedHistory(t, amira, ben)
		ask := client.SlidingRequest{Subscriptions: map[string]client.SlidingRoomWants{id: {TimelineLimit: 50}}}
		ask.Pos = got[client.SlidingResponse](t)(ben.SlidingSync(ctx, ask)).Pos
		Say(t, amira, id, "before")
		ok(t, ben.Leave(ctx, id))
		Say(t, amira, id, "while he was out")
		ok(t, amira.Invite(ctx, id, ben.UserID(), ""))
		got[string](t)(ben.Join(ctx, id))
		Say(t, amira, id, "after")
		told := got[client.SlidingResponse](t)(ben.SlidingSync(ctx, ask)).Rooms[id]
		said := bodies(told.Timeline)
		if slices.Contains(said, "while he was out") || !slices.Contains(said, "after") || !told.Initial {
			t.Errorf("initial %v: %v", told.Initial, said)
		}
	})
}

// TestStateOfARoomLeft: a change of somebody's membership made later shows them nothing of what the room has become.
func TestStateOfARoomLeft(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id := Room(t, amira, ben)
		got[string](t)(amira.SetState(ctx, id, "m.room.topic", "", client.Object{"topic": "while he was in"}))
		ok(t, ben.Leave(ctx, id))
		since := got[client.SyncResponse](t)(ben.Sync(ctx, client.SyncOptions{})).NextBatch
		got[string](t)(amira.SetState(ctx, id, "m.room.topic", "", client.Object{"topic": "since he left"}))
		ok(t, amira.Ban(ctx, id, ben.UserID(), ""))
		withLeft := `{"room":{"include_leave":true,"timeline":{"limit":1}}}`
		for what, options := range map[string]client.SyncOptions{
			"fresh": {Filter: withLeft}, "later": {Since: since, Filter: withLeft}, "all state": {Since: since, Filter: withLeft, FullState: true},
		} {
			raw := string(got[client.Raw](t)(ben.SyncRaw(ctx, options)))
			if strings.Contains(raw, "since he left") || !strings.Contains(raw, `"membership":"ban"`) {
				t.Errorf("%s: %s", what, raw)
			}
		}
	})
}

// TestRedactedStateIsGoneEverywhere: the event that replaced a redacted one no longer quotes it.
func TestRedactedStateIsGoneEverywhere(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id := Room(t, amira, ben)
		wrong := got[string](t)(amira.SetState(ctx, id, "m.room.topic", "", client.Object{"topic": "a patient's name"}))
		got[string](t)(amira.SetState(ctx, id, "m.room.topic", "", client.Object{"topic": "ward round"}))
		got[string](t)(amira.Redact(ctx, id, wrong, ""))
		for _, path := range []string{"/messages?dir=b&limit=100", "/state"} {
			u := got[*url.URL](t)(url.Parse(path))
			if raw := read(t, ben, v3("rooms", id)+u.Path, u.Query()).Raw; strings.Contains(raw, "a patient's name") {
				t.Errorf("%s: %s", path, raw)
			}
		}
		if raw := string(got[client.Raw](t)(ben.SyncRaw(ctx, client.SyncOptions{}))); strings.Contains(raw, "a patient's name") {
			t.Errorf("sync: %s", raw)
		}
	})
}

// TestRedactionIsNoState: a redaction that is state would be shown as one by clients, and take nothing away.
func TestRedactionIsNoState(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		amira := s.Staff(t, "amira")[0]
		id := Room(t, amira)
		said := Say(t, amira, id, "bloods are back")
		_, err := amira.SetState(ctx, id, "m.room.redaction", "", client.Object{"redacts": said})
		refused(t, "a redaction as state", err, 400, "M_INVALID_PARAM")
		_, err = amira.CreateRoom(ctx, client.NewRoom{InitialState: []client.InitialState{{Type: "m.room.redaction", Content: client.Object{"redacts": said}}}})
		refused(t, "a redaction in a new room's state", err, 400, "M_INVALID_PARAM")
	})
}

// TestAliasOfANewRoom: a room is created with an alias of this server, or not at all.
func TestAliasOfANewRoom(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		amira := s.Staff(t, "amira")[0]
		for _, name := range []string{"#ward:elsewhere.example", "#ward", "#ward:" + ServerName, "a:b", "nul\x00", strings.Repeat("a", 300)} {
			_, err := call(t, amira, http.MethodPost, v3("createRoom"), nil, client.Object{"room_alias_name": name})
			refused(t, "the alias "+name, err, 400, "M_INVALID_PARAM")
		}
	})
}

// TestMembersBefore: who was in a room before the reader came is shown only where they may read that far back.
func TestMembersBefore(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id := closedHistory(t, amira, cara)
		then := got[client.SyncResponse](t)(amira.Sync(ctx, client.SyncOptions{})).NextBatch
		ok(t, amira.Kick(ctx, id, cara.UserID(), "a reason of theirs alone"))
		ok(t, amira.Invite(ctx, id, ben.UserID(), ""))
		got[string](t)(ben.Join(ctx, id))
		for _, of := range got[[]client.Event](t)(ben.Members(ctx, id, client.MembersOptions{At: then})) {
			if of.StateKey != nil && *of.StateKey == cara.UserID() && strings.Contains(string(of.Content), `"join"`) {
				t.Errorf("ben is shown that cara was in: %s", of.Content)
			}
		}
		if had := got[[]client.Event](t)(amira.Members(ctx, id, client.MembersOptions{At: then, Membership: "join"})); len(had) != 2 {
			t.Errorf("amira is shown %d members of then", len(had))
		}
	})
}

// TestForgottenButOpenToAll: who has forgotten a room reads of it what any stranger does.
func TestForgottenButOpenToAll(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id := Room(t, amira, ben)
		Say(t, amira, id, "among ourselves")
		got[string](t)(amira.SetState(ctx, id, "m.room.history_visibility", "", client.Object{"history_visibility": "world_readable"}))
		Say(t, amira, id, "for all to read")
		ok(t, ben.Leave(ctx, id))
		ok(t, ben.Forget(ctx, id))
		page := client.MessagesOptions{Dir: client.Forward, Limit: 100}
		his, hers := got[client.Page](t)(ben.Messages(ctx, id, page)), got[client.Page](t)(cara.Messages(ctx, id, page))
		if said := bodies(his.Chunk); !slices.Contains(said, "for all to read") || slices.Contains(said, "among ourselves") || !slices.Equal(ids(his.Chunk), ids(hers.Chunk)) {
			t.Errorf("ben reads %v, a stranger %v", said, bodies(hers.Chunk))
		}
	})
}

// TestSlidingAsksAreBounded: what all lists ask for of one room together has a bound.
func TestSlidingAsksAreBounded(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		amira := s.Staff(t, "amira")[0]
		var wants client.SlidingRoomWants
		for i := range 100 {
			wants.RequiredState = append(wants.RequiredState, [2]string{"org.example.state", strconv.Itoa(i)})
		}
		ask := client.SlidingRequest{Lists: map[string]client.SlidingList{}}
		for i := range 5 {
			ask.Lists[strconv.Itoa(i)] = client.SlidingList{Ranges: [][2]int{{0, 9}, {0, 9}}, SlidingRoomWants: wants}
		}
		got[client.SlidingResponse](t)(amira.SlidingSync(t.Context(), ask))
		ask.Lists["one more"] = ask.Lists["0"]
		_, err := amira.SlidingSync(t.Context(), ask)
		refused(t, "a sixth list of a hundred", err, 400, "M_INVALID_PARAM")
	})
}

// TestInvitationsBlocked: who takes no invitations gets none, however they are asked; what they were asked before stays.
func TestInvitationsBlocked(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id, before := Room(t, amira), Room(t, amira)
		ok(t, amira.Invite(ctx, before, ben.UserID(), ""))
		ok(t, ben.SetAccountData(ctx, "", "m.invite_permission_config", client.Object{"default_action": "block"}))
		refused(t, "an invitation", amira.Invite(ctx, id, ben.UserID(), ""), 403, "M_INVITE_BLOCKED")
		_, err := amira.SetState(ctx, id, "m.room.member", ben.UserID(), client.Object{"membership": "invite"})
		refused(t, "an invitation as state", err, 403, "M_INVITE_BLOCKED")
		_, err = amira.CreateRoom(ctx, client.NewRoom{Invite: []string{cara.UserID(), ben.UserID()}})
		refused(t, "a room with an invitation", err, 403, "M_INVITE_BLOCKED")
		ok(t, amira.Invite(ctx, id, cara.UserID(), ""))
		got[string](t)(ben.Join(ctx, before))
		ok(t, ben.SetAccountData(ctx, "", "m.invite_permission_config", client.Object{"default_action": "something newer"}))
		ok(t, amira.Invite(ctx, id, ben.UserID(), ""))
	})
}
