package authrules

import (
	"strings"
	"testing"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/matrix-org/gomatrixserverlib/spec"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// outcome is one event that the oracle judges otherwise.
type outcome struct {
	r      *room
	ev     *matrix.Event
	ours   error
	theirs error
}

func (o outcome) allowedHereOnly() bool { return o.ours == nil }

func (o outcome) is(rules ...string) bool {
	denied, ok := o.ours.(*Denied)
	if !ok {
		return false
	}
	for _, rule := range rules {
		if denied.Rule == rule {
			return true
		}
	}
	return false
}

// divergences are where gomatrixserverlib departs from the text of the rules (numbers of version 11, 12), each seen in the
// generated cases. A difference that none of them explains fails the test.
var divergences = []struct {
	name  string
	holds func(o outcome) bool
}{
	{"4.2.1, 5.2.1: the signature of the authorising server is left to the caller", func(o outcome) bool { return o.is("4.2.1", "5.2.1") }},
	{"4.3.1, 5.3.1: the creator's first join must come from the creator", func(o outcome) bool {
		return o.allowedHereOnly() && o.ev.Membership() == "join" && o.ev.PrevEvents[0] == o.r.create.ID
	}},
	{"4.3.4 to 4.3.7, 5.3.4 to 5.3.7: who is invited or joined may join under any join rule", func(o outcome) bool { return o.is("4.3.7", "5.3.7") }},
	{"4.3.6, 5.3.6: one who knocks may not join when the room is public", func(o outcome) bool {
		return o.allowedHereOnly() && o.ev.Membership() == "join" && strings.Contains(o.theirs.Error(), `"public"`)
	}},
	{"4.5.1, 5.5.1: leaving twice is allowed, against the text, for Synapse's sake", func(o outcome) bool { return o.is("4.5.1", "5.5.1") }},
	{"4.5.4, 5.5.4: lifting a ban asks for the ban level only", func(o outcome) bool {
		return o.is("4.5.5", "5.5.5") && memberOf(o, *o.ev.StateKey) == "ban"
	}},
	{"8, 9: it exempts no third-party invite from the rule on state keys beginning with @ (v11 6.1, v12 7.1 come first)", func(o outcome) bool {
		return o.allowedHereOnly() && o.ev.Type == typeThirdPartyInvite && strings.HasPrefix(*o.ev.StateKey, "@")
	}},
	{"9.1, 10.1 and on: null passes for an integer or an object, and an object without levels for one with", func(o outcome) bool {
		return o.is("9.1", "9.2", "9.3", "10.1", "10.2", "10.3")
	}},
	{"9.5, 10.6: users_default is not looked at, and an absent level counts as its default", func(o outcome) bool {
		return o.is("9.5.1", "9.5.2", "10.6.1", "10.6.2") || o.allowedHereOnly() && o.ev.Type == typePowerLevels
	}},
	{"9.6 to 9.9, 10.7 to 10.10: an absent level counts as its default", func(o outcome) bool {
		return o.is("9.6.1", "9.7.1", "9.8.1", "9.9.1", "10.7.1", "10.8.1", "10.9.1", "10.10.1")
	}},
}

func memberOf(o outcome, user string) string {
	e := o.r.Event(typeMember, user)
	if e == nil {
		return ""
	}
	return e.Membership()
}

// gmsl is gomatrixserverlib's judge for one room.
func gmsl(t *testing.T, r *room) func(ev *matrix.Event) error {
	t.Helper()
	impl := gomatrixserverlib.MustGetRoomVersion(gomatrixserverlib.RoomVersion(r.version))
	convert := func(e *matrix.Event) gomatrixserverlib.PDU {
		pdu, err := impl.NewEventFromTrustedJSON(e.JSON, false)
		if err != nil {
			t.Fatal(err)
		}
		return pdu
	}
	state := make([]gomatrixserverlib.PDU, 0, len(r.Map))
	for _, e := range r.Map {
		state = append(state, convert(e))
	}
	provider, err := gomatrixserverlib.NewAuthEvents(state)
	if err != nil {
		t.Fatal(err)
	}
	user := func(_ spec.RoomID, sender spec.SenderID) (*spec.UserID, error) {
		return spec.NewUserID(string(sender), true)
	}
	return func(ev *matrix.Event) error { return gomatrixserverlib.Allowed(convert(ev), provider, user) }
}

func TestVerdictsAgainstGomatrixserverlib(t *testing.T) {
	const rooms, eventsPerRoom = 300, 10
	seen := make(map[string]int)
	for _, version := range both {
		agreed := map[bool]int{}
		for seed := range uint64(rooms) {
			g := newGenerator(t, seed)
			r := g.room(version)
			judge := gmsl(t, r)
			for range eventsPerRoom {
				ev := g.event(r)
				o := outcome{r: r, ev: ev, ours: Check(version, ev, r), theirs: judge(ev)}
				if (o.ours == nil) == (o.theirs == nil) {
					agreed[o.ours == nil]++
				} else {
					seen[explain(t, o)]++
				}
			}
		}
		t.Logf("version %s: agreed on %d allowed and %d refused", version, agreed[true], agreed[false])
		if agreed[true] < 2*rooms || agreed[false] < 2*rooms {
			t.Error("the generator has become one-sided")
		}
	}
	for _, d := range divergences {
		if t.Logf("%4d times: %s", seen[d.name], d.name); seen[d.name] == 0 {
			t.Errorf("no longer seen: %s", d.name)
		}
	}
}

func explain(t *testing.T, o outcome) string {
	t.Helper()
	for _, d := range divergences {
		if d.holds(o) {
			return d.name
		}
	}
	t.Errorf("ours: %v\ntheirs: %v\n%s", o.ours, o.theirs, describe(o.r, o.ev))
	return "unexplained"
}
