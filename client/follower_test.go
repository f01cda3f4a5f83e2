package client

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// log is a room's history from which this test makes the syncs that a right server would give.
type log struct {
	events []Event
}

func key(s string) *string { return &s }

func (l *log) append(event Event) {
	event.EventID = fmt.Sprintf("$%d", len(l.events))
	event.Sender = "@ada:t"
	if target := redactedBy(event); target != "" {
		for i, earlier := range l.events {
			if earlier.EventID == target {
				l.events[i] = redact(earlier)
				l.events[i].Unsigned = Raw(`{"redacted_because":{}}`)
			}
		}
	}
	l.events = append(l.events, event)
}

// random appends a message, a change of state, or a redaction of something recent.
func (l *log) random(r *rand.Rand) {
	switch n := r.IntN(10); {
	case n < 5:
		l.append(Event{Type: "m.room.message", Content: Raw(fmt.Sprintf(`{"body":"m%d"}`, len(l.events)))})
	case n < 9 || len(l.events) == 0:
		content := Raw(fmt.Sprintf(`{"membership":"join","displayname":"v%d"}`, len(l.events)))
		l.append(Event{Type: "m.room.member", StateKey: key(fmt.Sprintf("@u%d:t", r.IntN(4))), Content: content})
	default:
		target := l.events[len(l.events)-1-r.IntN(min(3, len(l.events)))]
		l.append(Event{Type: "m.room.redaction", Content: Raw(`{"redacts":"` + target.EventID + `"}`)})
	}
}

// stateBefore is the last event of each piece of state among events[from:to].
func (l *log) stateBefore(from, to int) []Event {
	latest := map[StateKey]Event{}
	for _, event := range l.events[from:to] {
		if event.StateKey != nil {
			latest[StateKey{event.Type, *event.StateKey}] = event
		}
	}
	var state []Event
	for _, event := range latest {
		state = append(state, event)
	}
	return state
}

// sync answers what a client that has seen the first since events gets, with at most limit events of timeline.
func (l *log) sync(since, limit int, stateAfter bool) SyncResponse {
	start, limited := since, false
	if len(l.events)-since > limit {
		start, limited = len(l.events)-limit, true
	}
	room := JoinedRoom{Timeline: Timeline{
		Events: slices.Clone(l.events[start:]), Limited: limited, PrevBatch: fmt.Sprint(start),
	}}
	if stateAfter {
		room.StateAfter = &Events{l.stateBefore(since, len(l.events))}
	} else {
		room.State = Events{l.stateBefore(since, start)}
	}
	response := SyncResponse{NextBatch: fmt.Sprint(len(l.events))}
	if since < len(l.events) {
		response.Rooms.Join = map[string]JoinedRoom{"!a:t": room}
	}
	return response
}

func TestFollowerConverges(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		stateAfter := r.IntN(2) == 0
		held := New("http://127.0.0.1:1").Follow("")
		var history log
		for since := 0; len(history.events) < 60; {
			for range 1 + r.IntN(8) {
				history.random(r)
			}
			held.Apply(history.sync(since, 5, stateAfter))
			since = len(history.events)

			fresh := New("http://127.0.0.1:1").Follow("")
			fresh.Apply(history.sync(0, 5, stateAfter))
			if difference := held.Diff(fresh); difference != "" {
				t.Fatalf("seed %d after %d events:\n%s", seed, since, difference)
			}
		}
	}
}

func TestFollowerNoticesALostEvent(t *testing.T) {
	for _, lost := range []string{"m.room.message", "m.room.member"} {
		held, fresh := New("http://127.0.0.1:1").Follow(""), New("http://127.0.0.1:1").Follow("")
		var history log
		history.append(Event{Type: "m.room.member", StateKey: key("@ada:t"), Content: Raw(`{"membership":"join"}`)})
		held.Apply(history.sync(0, 10, false))
		since := len(history.events)
		history.append(Event{Type: "m.room.message", Content: Raw(`{"body":"one"}`)})
		history.append(Event{Type: "m.room.member", StateKey: key("@bob:t"), Content: Raw(`{"membership":"join"}`)})
		history.append(Event{Type: "m.room.message", Content: Raw(`{"body":"two"}`)})

		response := history.sync(since, 10, false)
		room := response.Rooms.Join["!a:t"]
		at := slices.IndexFunc(room.Timeline.Events, func(e Event) bool { return e.Type == lost })
		room.Timeline.Events = slices.Delete(room.Timeline.Events, at, at+1)
		response.Rooms.Join["!a:t"] = room
		held.Apply(response)
		fresh.Apply(history.sync(0, 10, false))
		if held.Diff(fresh) == "" {
			t.Errorf("a lost %s went unnoticed", lost)
		}
	}
}

func TestDiffTellsWhatDiffers(t *testing.T) {
	base := func() *Follower {
		f := New("http://127.0.0.1:1").Follow("")
		response, err := ParseSync(Raw(`{"next_batch":"s1","account_data":{"events":[{"type":"m.direct","content":{"a":[1],"b":2}}]},
			"device_one_time_keys_count":{"signed_curve25519":50},
			"rooms":{"join":{"!a:t":{"summary":{"m.joined_member_count":2},
				"state":{"events":[{"type":"m.room.name","state_key":"","event_id":"$n","content":{"name":"x"}}]},
				"timeline":{"events":[{"type":"m.room.message","event_id":"$1","content":{"body":"hi"}}]},
				"ephemeral":{"events":[{"type":"m.receipt","content":{"$1":{"m.read":{"@b:t":{"ts":1}}}}},
					{"type":"m.typing","content":{"user_ids":["@b:t"]}}]},
				"unread_notifications":{"highlight_count":0,"notification_count":1},
				"unread_thread_notifications":{"$1":{"highlight_count":0,"notification_count":1}}}},
			"invite":{"!i:t":{"invite_state":{"events":[]}}}}}`))
		if err != nil {
			t.Fatal(err)
		}
		f.Apply(response)
		return f
	}
	room := func(f *Follower) *HeldRoom { return f.Joined["!a:t"] }
	cases := []struct {
		name, want string
		change     func(f *Follower)
	}{
		{"same", "", func(*Follower) {}},
		{"order of members", "", func(f *Follower) { f.AccountData["m.direct"] = Raw(`{"b":2, "a":[1]}`) }},
		{"empty account data", "", func(f *Follower) { f.AccountData["m.gone"] = Raw(`{}`) }},
		{"account data", "m.direct", func(f *Follower) { f.AccountData["m.direct"] = Raw(`{"a":[2]}`) }},
		{"joined", "joined rooms: !b:t", func(f *Follower) { f.Joined["!b:t"] = newHeldRoom() }},
		{"invited", "invited rooms: !i:t", func(f *Follower) { delete(f.Invited, "!i:t") }},
		{"state", "m.room.name", func(f *Follower) { delete(room(f).State, StateKey{"m.room.name", ""}) }},
		{"typing", "typing", func(f *Follower) { room(f).Typing = nil }},
		{"receipt", "receipt", func(f *Follower) { room(f).Receipts[ReceiptKey{"@b:t", "m.read", ""}] = "$0" }},
		{"unread", "unread", func(f *Follower) { room(f).Unread.Notification = 2 }},
		{"thread", "thread $1", func(f *Follower) { room(f).Threads = nil }},
		{"summary", "summary", func(f *Follower) { room(f).JoinedCount = 3 }},
		{"keys", "one-time keys", func(f *Follower) { f.OneTimeKeyCounts = map[string]int{"signed_curve25519": 49} }},
		{"timeline", "timeline", func(f *Follower) { room(f).Timeline[0].EventID = "$2" }},
		{"content", "content", func(f *Follower) { room(f).Timeline[0].Content = Raw(`{"body":"ho"}`) }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			held := base()
			tc.change(held)
			difference := held.Diff(base())
			if (tc.want == "") != (difference == "") || !strings.Contains(difference, tc.want) {
				t.Errorf("difference %q, want it to name %q", difference, tc.want)
			}
		})
	}
}

func TestFollowerFaults(t *testing.T) {
	f := New("http://127.0.0.1:1").Follow("")
	message := Event{Type: "m.room.message", EventID: "$1", Content: Raw(`{}`)}
	room := JoinedRoom{State: Events{[]Event{message}}, Timeline: Timeline{Events: []Event{message, message}}}
	f.Apply(SyncResponse{Rooms: SyncRooms{Join: map[string]JoinedRoom{"!a:t": room}}})
	if got := len(f.Faults()); got != 3 {
		t.Errorf("%d faults, want 3 (no token, state without key, event twice): %q", got, f.Faults())
	}
}

func TestFollowerMovesRoomsBetweenMemberships(t *testing.T) {
	f := New("http://127.0.0.1:1").Follow("")
	apply := func(json string) {
		response, err := ParseSync(Raw(json))
		if err != nil {
			t.Fatal(err)
		}
		f.Apply(response)
	}
	where := func() string {
		return fmt.Sprint(len(f.Invited), len(f.Joined), len(f.Left), len(f.Knocked))
	}
	steps := []struct{ answer, want string }{
		{`{"next_batch":"1","rooms":{"knock":{"!a:t":{}}}}`, "0 0 0 1"},
		{`{"next_batch":"2","rooms":{"invite":{"!a:t":{}}}}`, "1 0 0 0"},
		{`{"next_batch":"3","rooms":{"join":{"!a:t":{}}}}`, "0 1 0 0"},
		{`{"next_batch":"4","rooms":{"leave":{"!a:t":{}}}}`, "0 0 1 0"},
		{`{"next_batch":"5","rooms":{"join":{"!a:t":{}}}}`, "0 1 0 0"},
	}
	for _, step := range steps {
		apply(step.answer)
		if where() != step.want {
			t.Errorf("after %s: invited, joined, left, knocked = %s, want %s", step.answer, where(), step.want)
		}
	}
}

func TestRedactKeepsWhatTheSpecificationKeeps(t *testing.T) {
	cases := []struct{ kind, content, want string }{
		{"m.room.message", `{"body":"x","msgtype":"m.text"}`, `{}`},
		{"m.room.member", `{"membership":"join","displayname":"x"}`, `{"membership":"join"}`},
		{"m.room.member", `{"membership":"invite","third_party_invite":{"display_name":"x","signed":{"token":"t"}}}`,
			`{"membership":"invite","third_party_invite":{"signed":{"token":"t"}}}`},
		{"m.room.create", `{"creator":"x","anything":1}`, `{"creator":"x","anything":1}`},
		{"m.room.join_rules", `{"join_rule":"invite","allow":[],"x":1}`, `{"allow":[],"join_rule":"invite"}`},
		{"m.room.redaction", `{"redacts":"$1","reason":"x"}`, `{"redacts":"$1"}`},
	}
	for _, tc := range cases {
		got := redact(Event{Type: tc.kind, Content: Raw(tc.content)})
		if !sameJSON(got.Content, Raw(tc.want)) {
			t.Errorf("redact(%s %s) = %s, want %s", tc.kind, tc.content, got.Content, tc.want)
		}
	}
}

func TestSlidingFollowerHoldsWhatAV3FollowerHolds(t *testing.T) {
	r := newRecorder(t)
	c := r.client(t)
	step := func(f *Follower, answer string) {
		t.Helper()
		r.answer = answer
		if _, err := f.Step(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	const (
		name = `{"type":"m.room.name","state_key":"","event_id":"$n","content":{"name":"x"}}`
		me   = `{"type":"m.room.member","state_key":"@ada:t","event_id":"$m","content":{"membership":"join"}}`
		one  = `{"type":"m.room.message","event_id":"$1","content":{"body":"one"}}`
		two  = `{"type":"m.room.message","event_id":"$2","content":{"body":"two"}}`
		read = `{"type":"m.receipt","content":{"$1":{"m.read":{"@bob:t":{"ts":1}}}}}`
		data = `{"type":"m.direct","content":{"@bob:t":["!a:t"]}}`
	)
	v3, sliding := c.Follow("0"), c.FollowSliding(10)
	step(v3, `{"next_batch":"1","account_data":{"events":[`+data+`]},"rooms":{"join":{"!a:t":{
		"summary":{"m.joined_member_count":2,"m.invited_member_count":0},"state":{"events":[`+name+`,`+me+`]},
		"timeline":{"events":[`+one+`]},"unread_notifications":{"highlight_count":0,"notification_count":1}}},
		"invite":{"!i:t":{"invite_state":{"events":[]}}}}}`)
	step(v3, `{"next_batch":"2","rooms":{"join":{"!a:t":{"timeline":{"events":[`+two+`]},"ephemeral":{"events":[`+read+`]},
		"unread_notifications":{"highlight_count":1,"notification_count":2}}}}}`)
	step(sliding, `{"pos":"1","rooms":{"!a:t":{"initial":true,"required_state":[`+name+`,`+me+`],"timeline":[`+one+`],
		"joined_count":2,"invited_count":0,"notification_count":1,"highlight_count":0,"membership":"join"},
		"!i:t":{"initial":true,"invite_state":[],"membership":"invite"}},
		"extensions":{"account_data":{"global":[`+data+`]}}}`)
	step(sliding, `{"pos":"2","rooms":{"!a:t":{"timeline":[`+two+`],"notification_count":2,"highlight_count":1}},
		"extensions":{"receipts":{"rooms":{"!a:t":`+read+`}},"to_device":{"next_batch":"d5","events":[]}}}`)
	if difference := sliding.Diff(v3); difference != "" {
		t.Error(difference)
	}
	if difference := v3.Diff(sliding); difference != "" {
		t.Error(difference)
	}
	if sliding.toDeviceSince != "d5" {
		t.Errorf("the token of messages to the device is %q", sliding.toDeviceSince)
	}
	step(sliding, `{"pos":"3","rooms":{"!a:t":{"membership":"leave","timeline":[],"required_state":[]}}}`)
	if sliding.Joined["!a:t"] != nil || sliding.Left["!a:t"] == nil {
		t.Error("a room that was left is still held as joined")
	}
}

func TestCatchUpGivesUpOnAServerWithoutEnd(t *testing.T) {
	r := newRecorder(t)
	r.answer = `{"next_batch":"1","account_data":{"events":[{"type":"x","content":{}}]}}`
	if err := r.client(t).Follow("0").CatchUp(t.Context()); err == nil || len(r.calls) != maxCatchUp {
		t.Errorf("%v after %d syncs", err, len(r.calls))
	}
}
