package history_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
)

// reader is who looks at the rooms of this test.
const reader = "rana"

// A script is what happens in a room, a word a step: what Rana is (join, invite, leave, kick, ban, unban, knock), or what
// becomes of the history's visibility (=joined and so on). After each step Amira says something.
var scripts = []string{
	"", "invite", "invite join", "invite leave", "join", "join leave", "join leave join", "join kick", "join ban", "ban",
	"join ban unban", "knock", "knock invite join leave", "invite leave invite join", "join leave invite",
	"=joined join", "join =joined leave", "=invited invite =joined join =shared leave", "join =shared leave =world_readable",
	"=world_readable =joined", "join =world_readable leave =joined join", "invite =invited leave =shared", "=nonsense join leave",
}

var visibilities = []string{"", "world_readable", "shared", "invited", "joined", "nonsense"}

// TestNobodyReadsWhatTheyMayNot holds every endpoint against the rules of "Room History Visibility", worked out here
// event by event, for each visibility and each history of membership.
func TestNobodyReadsWhatTheyMayNot(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for _, visibility := range visibilities {
			for _, script := range scripts {
				t.Run(visibility+"/"+script, func(t *testing.T) {
					r := *r
					r.t = t
					l := r.perform(visibility, script)
					log := r.stored(l)
					r.check(t, l, log, r.allowed(log))
				})
			}
		}
	})
}

// TestNobodyReadsWhatTheyMayNotOfLongAgo is the same for rooms whose beginning is no longer in memory.
func TestNobodyReadsWhatTheyMayNotOfLongAgo(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for i, script := range scripts {
			t.Run(script, func(t *testing.T) {
				r := *r
				r.t = t
				l := r.perform([]string{"joined", "shared"}[i%2], script)
				r.talk(l, 110)
				again := r.restarted()
				l, err := again.Find(ctx, l.ID)
				if err != nil {
					t.Fatal(err)
				}
				if err := again.Load(ctx, l); err != nil {
					t.Fatal(err)
				}
				log := again.stored(l)
				again.check(t, l, log, again.allowed(log))
			})
		}
	})
}

// perform plays a script in a new room. Each thing said also answers the first, in its thread.
func (r *rig) perform(visibility, script string) *room.Live {
	r.t.Helper()
	c := creation.Creation{Preset: "public_chat", State: []creation.Initial{{Type: "m.room.join_rules", Content: []byte(`{"join_rule":"knock"}`)}}}
	if visibility != "" {
		c.State = append(c.State, creation.Initial{Type: "m.room.history_visibility", Content: fmt.Appendf(nil, `{"history_visibility":%q}`, visibility)})
	}
	l := r.RoomOf(c, "amira")
	root := r.Say("amira", l, "first")
	for _, step := range strings.Fields(script) {
		r.step(l, step)
		r.Send("amira", l, "m.room.message", fmt.Sprintf(
			`{"body":"after %s","m.relates_to":{"rel_type":"m.thread","event_id":%q}}`, step, root))
	}
	return l
}

func (r *rig) step(l *room.Live, step string) {
	r.t.Helper()
	amira, rana := roomtest.Who("amira"), roomtest.Who(reader)
	var err error
	switch step {
	case "join":
		if l.Membership(rana.User) != "invite" {
			err = r.Invite(ctx, amira, l.ID, rana.User, "")
		}
		if err == nil {
			_, err = r.Join(ctx, rana, l.ID, "")
		}
	case "invite":
		err = r.Invite(ctx, amira, l.ID, rana.User, "")
	case "leave":
		err = r.Leave(ctx, rana, l.ID, "")
	case "kick":
		err = r.Kick(ctx, amira, l.ID, rana.User, "")
	case "ban":
		err = r.Ban(ctx, amira, l.ID, rana.User, "")
	case "unban":
		err = r.Unban(ctx, amira, l.ID, rana.User, "")
	case "knock":
		_, err = r.Knock(ctx, rana, l.ID, "")
	default:
		r.Set("amira", l, "m.room.history_visibility", "", fmt.Sprintf(`{"history_visibility":%q}`, strings.TrimPrefix(step, "=")))
	}
	if err != nil {
		r.t.Fatalf("%s: %v", step, err)
	}
}

// allowed gives what Rana may read of a room's log, by the rules of the specification alone.
func (r *rig) allowed(log []*room.Event) []*room.Event {
	user := roomtest.Who(reader).User
	own := func(ev *room.Event) bool { return ev.Type == "m.room.member" && *ev.StateKey == user }
	may := func(visibility, membership string, i int) bool {
		switch {
		case visibility == "world_readable" || membership == "join":
			return true
		case visibility == "invited":
			return membership == "invite"
		case visibility == "joined":
			return false
		}
		return slices.ContainsFunc(log[i:], func(later *room.Event) bool { return own(later) && later.Membership() == "join" })
	}
	var out []*room.Event
	visibility, membership := "shared", "leave"
	for i, ev := range log {
		before := may(visibility, membership, i)
		changes := true
		switch {
		case own(ev):
			membership = ev.Membership()
		case ev.Type == "m.room.history_visibility":
			visibility = gjson.GetBytes(ev.Content, "history_visibility").Str
		default:
			changes = false
		}
		if may(visibility, membership, i) || changes && before {
			out = append(out, ev)
		}
	}
	return out
}

// check asks every endpoint as Rana.
func (r *rig) check(t *testing.T, l *room.Live, log, allowed []*room.Event) {
	var want []string
	for _, ev := range allowed {
		want = append(want, ev.ID)
	}
	sees := func(id string) bool { return slices.Contains(want, id) }
	r.checkLists(t, l, log, want)
	var root string
	for _, ev := range log[:min(len(log), 25)] {
		if ev.Type == "m.room.message" && root == "" {
			root = ev.ID
		}
		r.checkEvent(t, l, ev, allowed)
	}
	status, page := r.Do(reader, "GET", v1(l, "threads"), "")
	switch {
	case (status == 200) != (len(want) > 0):
		t.Errorf("threads: %d with %d events to see", status, len(want))
	case status == 200 && !sees(root) && len(page.Get("chunk").Array()) > 0:
		t.Errorf("threads shows what may not be seen: %s", page.Raw)
	}
	for _, ev := range page.Get("chunk").Array() {
		r.onlySeen(t, "the thread's summary", ev.Get(`unsigned.m\.relations.m\.thread.latest_event`), sees)
	}
	// The room lets people knock: everybody but the banned may know that it exists.
	banned := l.Membership(roomtest.Who(reader).User) == "ban" && gjson.GetBytes(l.State("m.room.history_visibility", "").Content, "history_visibility").Str != "world_readable"
	if status, _ := r.Do(reader, "GET", v1(l, "hierarchy"), ""); (status == 200) == banned {
		t.Errorf("hierarchy: %d, banned %t", status, banned)
	}
}

// checkLists asks for whole lists: what was said, and state.
func (r *rig) checkLists(t *testing.T, l *room.Live, log []*room.Event, want []string) {
	for _, dir := range []string{"f", "b"} {
		status, page := r.Do(reader, "GET", v3(l, "messages?limit=500&dir="+dir), "")
		if len(want) == 0 {
			if status != 403 {
				t.Errorf("messages: %d %s", status, page.Raw)
			}
			continue
		}
		got := ids(page.Get("chunk"))
		if dir == "b" {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("messages in direction %s: %d events, want %d", dir, len(got), len(want))
		}
		if page.Get("end").Exists() {
			t.Errorf("messages in direction %s: there is more after all", dir)
		}
	}
	last := int64(-1)
	for _, ev := range log {
		if len(want) > 0 && ev.ID == want[len(want)-1] {
			last = ev.Pos
		}
	}
	for _, path := range []string{"state", "members", "members?at=s999999999"} {
		status, state := r.Do(reader, "GET", v3(l, path), "")
		if (status == 200) != (len(want) > 0) {
			t.Errorf("%s: %d with %d events to see", path, status, len(want))
			continue
		}
		if status != 200 {
			continue
		}
		if path != "state" {
			state = state.Get("chunk")
		}
		for _, id := range ids(state) {
			i := slices.IndexFunc(log, func(ev *room.Event) bool { return ev.ID == id })
			if log[i].Pos > last {
				t.Errorf("%s shows %s, which came after all that may be seen", path, log[i].Type)
			}
		}
	}
}

// checkEvent asks for one event in every way.
func (r *rig) checkEvent(t *testing.T, l *room.Live, ev *room.Event, all []*room.Event) {
	var want, related []string
	for _, other := range all {
		want = append(want, other.ID)
		if other.Relates == ev.ID {
			related = append(related, other.ID)
		}
	}
	sees := func(id string) bool { return slices.Contains(want, id) }
	allowed := sees(ev.ID)
	status, one := r.Do(reader, "GET", v3(l, "event/"+ev.ID), "")
	if (status == 200) != allowed || !allowed && status != 404 {
		t.Errorf("event: %d, allowed %t: %s %s", status, allowed, ev.Type, one.Raw)
	}
	if allowed {
		r.onlySeen(t, "the event's aggregations", one.Get(`unsigned.m\.relations.m\.thread.latest_event`), sees)
	}
	r.checkContext(t, l, ev.ID, want)
	status, page := r.Do(reader, "GET", v1(l, "relations/"+ev.ID+"?dir=f&recurse=true"), "")
	if (status == 200) != allowed || !allowed && status != 404 {
		t.Errorf("relations: %d, allowed %t", status, allowed)
	}
	if got := ids(page.Get("chunk")); allowed && !slices.Equal(got, related) {
		t.Errorf("relations: %d events, want %d", len(got), len(related))
	}
	r.checkTime(t, l, ev, sees, []string{"f", "b"}[ev.Pos%2])
}

// checkContext asks for what surrounds an event: all there is around the first and the last that may be seen, and a window
// around the others.
func (r *rig) checkContext(t *testing.T, l *room.Live, id string, want []string) {
	at := slices.Index(want, id)
	reach := 3
	if at == 0 || at == len(want)-1 {
		reach = len(want)
	}
	status, around := r.Do(reader, "GET", v3(l, fmt.Sprintf("context/%s?limit=%d", id, 2*reach)), "")
	if (status == 200) != (at >= 0) {
		t.Errorf("context: %d, allowed %t", status, at >= 0)
	}
	if at < 0 {
		return
	}
	before := ids(around.Get("events_before"))
	slices.Reverse(before)
	got := append(append(before, around.Get("event.event_id").Str), ids(around.Get("events_after"))...)
	if near := want[max(0, at-reach):min(len(want), at+reach+1)]; !slices.Equal(got, near) {
		t.Errorf("context shows %d events, want %d", len(got), len(near))
	}
}

func (r *rig) checkTime(t *testing.T, l *room.Live, ev *room.Event, sees func(string) bool, dir string) {
	status, nearest := r.Do(reader, "GET", v1(l, fmt.Sprintf("timestamp_to_event?dir=%s&ts=%d", dir, ev.TS)), "")
	if status == 200 {
		r.onlySeen(t, "timestamp_to_event", nearest, sees)
	}
	if sees(ev.ID) && status != 200 {
		t.Errorf("timestamp_to_event does not find %s: %d", ev.Type, status)
	}
}

func (r *rig) onlySeen(t *testing.T, where string, ev gjson.Result, sees func(string) bool) {
	t.Helper()
	if id := ev.Get("event_id").Str; id != "" && !sees(id) {
		t.Errorf("%s shows what may not be seen: %s", where, ev.Raw)
	}
}
