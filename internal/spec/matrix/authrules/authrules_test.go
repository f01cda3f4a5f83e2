package authrules

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/spec/matrix"
)

const membership = `{"membership":"%s"}`

// scene is one event before one state, and the rule that refuses it in each version: "" allows, "-" does not apply.
type scene struct {
	name             string
	rule11, rule12   string
	setup            func(r *room)
	sender, typ, key string // key "-" is a message
	content          string
}

func (s scene) run(t *testing.T, version matrix.RoomVersion, want string) {
	r := ward(t, version)
	if s.setup != nil {
		s.setup(r)
	}
	var ev *matrix.Event
	if s.typ == typePowerLevels {
		s.content = r.ownLevel(s.content)
	}
	if s.key == "-" {
		ev = r.message(s.sender, s.typ, s.content)
	} else {
		ev = r.event(s.sender, s.typ, s.key, s.content)
	}
	expect(t, Check(version, ev, r), want)
	expect(t, CheckWith(version, ev, r, LevelsOf(version, r)), want)
}

func expect(t *testing.T, err error, rule string) {
	t.Helper()
	var denied *Denied
	if rule == "" && err == nil || rule != "" && errors.As(err, &denied) && denied.Rule == rule {
		return
	}
	t.Errorf("got %v; want rule %q", err, rule)
}

func play(t *testing.T, scenes []scene) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			if s.rule11 != "-" {
				s.run(t, matrix.V11, s.rule11)
			}
			if s.rule12 != "-" {
				s.run(t, matrix.V12, s.rule12)
			}
		})
	}
}

func member(target, sender, m string) (string, string, string, string) {
	return sender, typeMember, target, fmt.Sprintf(membership, m)
}

// is makes a scene of one membership event.
func is(name, rule11, rule12 string, setup func(*room), sender, target, m string) scene {
	s, typ, key, content := member(target, sender, m)
	return scene{name, rule11, rule12, setup, s, typ, key, content}
}

func had(user, m string) func(*room) { return func(r *room) { r.member(user, m) } }

func rules(rule string) func(*room) { return func(r *room) { r.join(rule) } }

func all(steps ...func(*room)) func(*room) {
	return func(r *room) {
		for _, step := range steps {
			step(r)
		}
	}
}

func TestMembershipRules(t *testing.T) {
	play(t, []scene{
		{"membership missing", "4.1", "5.1", nil, lind, typeMember, lind, `{}`},
		{"membership no string", "4.1", "5.1", nil, lind, typeMember, lind, `{"membership":1}`},
		{"no state key", "4.1", "5.1", nil, lind, typeMember, "-", `{"membership":"join"}`},
		is("unknown membership", "4.8", "5.8", nil, lind, lind, "visit"),

		is("join for another", "4.3.2", "5.3.2", rules("public"), lind, guest, "join"),
		is("join while banned", "4.3.3", "5.3.3", all(rules("public"), had(guest, "ban")), guest, guest, "join"),
		is("join public", "", "", rules("public"), guest, guest, "join"),
		is("join public again", "", "", all(rules("public"), had(guest, "leave")), guest, guest, "join"),
		is("join by invitation", "", "", had(guest, "invite"), guest, guest, "join"),
		is("join uninvited", "4.3.7", "5.3.7", nil, guest, guest, "join"),
		is("join after leaving", "4.3.7", "5.3.7", had(guest, "leave"), guest, guest, "join"),
		is("join while knocking", "4.3.7", "5.3.7", all(rules("knock"), had(guest, "knock")), guest, guest, "join"),
		is("join after a knock was answered", "", "", all(rules("knock"), had(guest, "invite")), guest, guest, "join"),
		is("change of name", "", "", nil, lind, lind, "join"),
		is("no join rules is invite", "4.3.7", "5.3.7", func(r *room) { delete(r.Map, StateKey{typeJoinRules, ""}) }, guest, guest, "join"),
		is("no join rules, invited", "", "", all(had(guest, "invite"), func(r *room) { delete(r.Map, StateKey{typeJoinRules, ""}) }),
			guest, guest, "join"),
		is("unknown join rule", "4.3.7", "5.3.7", all(rules("private"), had(guest, "invite")), guest, guest, "join"),
		is("creator joins again uninvited", "4.3.7", "5.3.7", had(jones, "leave"), jones, jones, "join"),

		is("invite", "", "", nil, lind, guest, "invite"),
		is("invite from outside", "4.4.2", "5.4.2", nil, guest, remote, "invite"),
		is("invite by one invited", "4.4.2", "5.4.2", had(guest, "invite"), guest, remote, "invite"),
		is("invite a member", "4.4.3", "5.4.3", nil, patel, lind, "invite"),
		is("invite one banned", "4.4.3", "5.4.3", had(guest, "ban"), patel, guest, "invite"),
		is("invite again", "", "", had(guest, "invite"), lind, guest, "invite"),
		is("invite one who knocks", "", "", had(guest, "knock"), lind, guest, "invite"),
		is("invite below the level", "4.4.5", "5.4.5", func(r *room) { r.levels(`{"invite":1}`) }, lind, guest, "invite"),
		is("invite at the level", "", "", func(r *room) { r.levels(`{"invite":50,"users":{"` + okafor + `":50}}`) }, okafor, guest, "invite"),

		is("leave", "", "", nil, lind, lind, "leave"),
		is("refuse an invitation", "", "", had(guest, "invite"), guest, guest, "leave"),
		is("take back a knock", "", "", had(guest, "knock"), guest, guest, "leave"),
		is("leave from outside", "4.5.1", "5.5.1", nil, guest, guest, "leave"),
		is("leave twice", "4.5.1", "5.5.1", had(lind, "leave"), lind, lind, "leave"),
		is("lift one's own ban", "4.5.1", "5.5.1", had(lind, "ban"), lind, lind, "leave"),
		is("kick from outside", "4.5.2", "5.5.2", had(patel, "leave"), patel, lind, "leave"),
		is("kick", "", "", nil, okafor, lind, "leave"),
		is("kick below the level", "4.5.5", "5.5.5", nil, lind, guest, "leave"),
		is("kick an equal", "4.5.5", "5.5.5", func(r *room) { r.levels(`{"users":{"` + okafor + `":50,"` + lind + `":50}}`) }, okafor, lind, "leave"),
		is("kick a superior", "4.5.5", "5.5.5", nil, okafor, patel, "leave"),
		is("withdraw an invitation", "", "", had(guest, "invite"), okafor, guest, "leave"),
		is("unban", "", "", had(guest, "ban"), okafor, guest, "leave"),
		is("unban below the ban level", "4.5.3", "5.5.3", all(had(guest, "ban"), func(r *room) {
			r.levels(`{"ban":60,"kick":0,"users":{"` + okafor + `":50}}`)
		}), okafor, guest, "leave"),
		is("unban below the kick level", "4.5.5", "5.5.5", all(had(guest, "ban"), func(r *room) {
			r.levels(`{"ban":0,"kick":60,"users":{"` + okafor + `":50}}`)
		}), okafor, guest, "leave"),
		is("unban an equal", "4.5.5", "5.5.5", all(had(guest, "ban"), func(r *room) {
			r.levels(`{"users":{"` + patel + `":100,"` + guest + `":100}}`)
		}), patel, guest, "leave"),

		is("ban", "", "", nil, okafor, lind, "ban"),
		is("ban a stranger", "", "", nil, okafor, guest, "ban"),
		is("ban from outside", "4.6.1", "5.6.1", had(patel, "leave"), patel, lind, "ban"),
		is("ban below the level", "4.6.3", "5.6.3", nil, lind, guest, "ban"),
		is("ban a superior", "4.6.3", "5.6.3", nil, okafor, patel, "ban"),
		is("ban oneself", "4.6.3", "5.6.3", nil, patel, patel, "ban"),

		is("knock", "", "", rules("knock"), guest, guest, "knock"),
		is("knock where restricted too", "", "", rules("knock_restricted"), guest, guest, "knock"),
		is("knock again", "", "", all(rules("knock"), had(guest, "knock")), guest, guest, "knock"),
		is("knock where only invitations count", "4.7.1", "5.7.1", nil, guest, guest, "knock"),
		is("knock at an open door", "4.7.1", "5.7.1", rules("public"), guest, guest, "knock"),
		is("knock where restricted", "4.7.1", "5.7.1", rules("restricted"), guest, guest, "knock"),
		is("knock for another", "4.7.2", "5.7.2", rules("knock"), lind, guest, "knock"),
		is("knock while banned", "4.7.4", "5.7.4", all(rules("knock"), had(guest, "ban")), guest, guest, "knock"),
		is("knock while invited", "4.7.4", "5.7.4", all(rules("knock"), had(guest, "invite")), guest, guest, "knock"),
		is("knock from inside", "4.7.4", "5.7.4", rules("knock"), lind, lind, "knock"),

		is("creators: none above in 12", "4.5.5", "5.5.5", nil, patel, jones, "leave"),
		is("creators: ban an equal in 11, an inferior in 12", "4.6.3", "", nil, jones, patel, "ban"),
	})
}

func TestRestrictedJoins(t *testing.T) {
	via := func(user string) string {
		return `{"membership":"join","join_authorised_via_users_server":"` + user + `"}`
	}
	for _, rule := range []string{"restricted", "knock_restricted"} {
		play(t, []scene{
			{"authorised", "", "", rules(rule), guest, typeMember, guest, via(lind)},
			{"invited", "", "", all(rules(rule), had(guest, "invite")), guest, typeMember, guest, `{"membership":"join"}`},
			{"a member already", "", "", rules(rule), lind, typeMember, lind, `{"membership":"join"}`},
			{"authorised by no one", "4.3.5.2", "5.3.5.2", rules(rule), guest, typeMember, guest, `{"membership":"join"}`},
			{"by one outside", "4.3.5.2", "5.3.5.2", all(rules(rule), had(lind, "leave")), guest, typeMember, guest, via(lind)},
			{"by oneself", "4.3.5.2", "5.3.5.2", rules(rule), guest, typeMember, guest, via(guest)},
			{"by one who may not invite", "4.3.5.2", "5.3.5.2", all(rules(rule), func(r *room) { r.levels(`{"invite":1}`) }),
				guest, typeMember, guest, via(lind)},
			{"banned", "4.3.3", "5.3.3", all(rules(rule), had(guest, "ban")), guest, typeMember, guest, via(lind)},
			{"by no user", "4.2.1", "5.2.1", rules(rule), guest, typeMember, guest, via("lind")},
			{"by a server that has not signed", "4.2.1", "5.2.1", all(rules(rule), had(remote, "join")), guest, typeMember, guest, via(remote)},
			{"by what is no string", "4.2.1", "5.2.1", rules(rule), guest, typeMember, guest,
				`{"membership":"join","join_authorised_via_users_server":1}`},
			{"the key counts in every membership", "4.2.1", "5.2.1", nil, lind, typeMember, lind,
				`{"membership":"leave","join_authorised_via_users_server":"` + remote + `"}`},
		})
	}
}

func TestEventRules(t *testing.T) {
	high := func(r *room) {
		r.levels(`{"events":{"org.wardline.note":75,"m.room.topic":0},"users":{"` + okafor + `":50}}`)
	}
	play(t, []scene{
		{"message", "", "", nil, lind, "m.room.message", "-", `{}`},
		{"message from outside", "5", "6", nil, guest, "m.room.message", "-", `{}`},
		{"message by one invited", "5", "6", had(guest, "invite"), guest, "m.room.message", "-", `{}`},
		{"message by one banned", "5", "6", had(lind, "ban"), lind, "m.room.message", "-", `{}`},
		{"message above events_default", "7", "8", func(r *room) { r.levels(`{"events_default":1}`) }, lind, "m.room.message", "-", `{}`},
		{"state below state_default", "7", "8", nil, lind, "m.room.topic", "", `{}`},
		{"state at state_default", "", "", nil, okafor, "m.room.topic", "", `{}`},
		{"state of a lowered type", "", "", high, lind, "m.room.topic", "", `{}`},
		{"a raised type", "7", "8", high, okafor, "org.wardline.note", "-", `{}`},
		{"a raised type, by a creator", "", "", high, jones, "org.wardline.note", "-", `{}`},
		{"beyond everyone but a creator of 12", "7", "", func(r *room) { r.levels(`{"state_default":9007199254740991}`) },
			jones, "m.room.topic", "", `{}`},
		{"another's state", "8", "9", nil, patel, "org.wardline.status", lind, `{}`},
		{"one's own state", "", "", nil, patel, "org.wardline.status", patel, `{}`},
		{"state under what only looks like a user", "8", "9", nil, patel, "org.wardline.status", "@", `{}`},
		{"a redaction needs no redact level", "", "", nil, lind, "m.room.redaction", "-", `{"redacts":"$x"}`},
		{"a redaction is an event like any other", "7", "8", func(r *room) { r.levels(`{"events":{"m.room.redaction":1}}`) },
			lind, "m.room.redaction", "-", `{}`},
		{"third-party invite", "", "", nil, lind, typeThirdPartyInvite, "token", `{}`},
		{"third-party invite below the level", "6.1", "7.1", func(r *room) { r.levels(`{"invite":50}`) },
			lind, typeThirdPartyInvite, "token", `{}`},
		{"third-party invite asks for nothing else", "", "", func(r *room) { r.levels(`{"events":{"m.room.third_party_invite":100}}`) },
			lind, typeThirdPartyInvite, "@token", `{}`},
		{"no power levels: creator", "", "", func(r *room) { delete(r.Map, StateKey{typePowerLevels, ""}) }, jones, "m.room.topic", "", `{}`},
		{"no power levels: others' state", "7", "8", func(r *room) { delete(r.Map, StateKey{typePowerLevels, ""}) },
			patel, "m.room.topic", "", `{}`},
		{"no power levels: others' messages", "", "", func(r *room) { delete(r.Map, StateKey{typePowerLevels, ""}) },
			patel, "m.room.message", "-", `{}`},
	})
}

func TestPowerLevelRules(t *testing.T) {
	base := `{"ban":50,"events":{"a":50,"b":75},"notifications":{"room":75},"users":{"` + patel + `":75,"` + okafor + `":50,"` + lind + `":10}}`
	change := func(name, rule11, rule12, sender, from, to string) scene {
		if !strings.Contains(base, from) {
			t.Fatalf("%s: %s is not in the base", name, from)
		}
		changed := strings.Replace(base, from, to, 1)
		return scene{name, rule11, rule12, func(r *room) { r.levels(base) }, sender, typePowerLevels, "", changed}
	}
	play(t, []scene{
		change("nothing changes", "", "", okafor, "", ""),
		change("lower a level", "", "", okafor, `"ban":50`, `"ban":0`),
		change("raise a level too far", "9.5.2", "10.6.2", okafor, `"ban":50`, `"ban":51`),
		change("raise a level to one's own", "", "", patel, `"ban":50`, `"ban":75`),
		change("remove a level", "", "", okafor, `"ban":50,`, ``),
		change("add a level", "", "", okafor, `"ban":50`, `"ban":50,"invite":50`),
		change("add a level too high", "9.5.2", "10.6.2", okafor, `"ban":50`, `"ban":50,"redact":51`),
		change("users_default counts", "9.5.2", "10.6.2", okafor, `"ban":50`, `"ban":50,"users_default":51`),
		change("change an event's level above", "9.6.1", "10.7.1", okafor, `"b":75`, `"b":0`),
		change("remove an event's level above", "9.6.1", "10.7.1", okafor, `,"b":75`, ``),
		change("change an event's level", "", "", okafor, `"a":50`, `"a":0`),
		change("raise an event's level too far", "9.7.1", "10.8.1", okafor, `"a":50`, `"a":51`),
		change("add an event's level too high", "9.7.1", "10.8.1", okafor, `"a":50`, `"a":50,"c":51`),
		change("add an event's level", "", "", okafor, `"a":50`, `"a":50,"c":50`),
		change("change a notification above", "9.6.1", "10.7.1", okafor, `"room":75`, `"room":0`),
		change("change a notification", "", "", patel, `"room":75`, `"room":0`),
		change("add a notification too high", "9.7.1", "10.8.1", okafor, `"room":75`, `"room":75,"x":51`),
		change("promote to one's own level", "", "", okafor, lind+`":10`, lind+`":50`),
		change("promote too far", "9.9.1", "10.10.1", okafor, lind+`":10`, lind+`":51`),
		change("promote oneself", "9.9.1", "10.10.1", okafor, okafor+`":50`, okafor+`":51`),
		change("demote oneself", "", "", okafor, okafor+`":50`, okafor+`":0`),
		change("remove oneself", "", "", okafor, `,"`+okafor+`":50`, ``),
		change("demote an inferior", "", "", okafor, lind+`":10`, lind+`":0`),
		change("demote a superior", "9.8.1", "10.9.1", okafor, patel+`":75`, patel+`":0`),
		change("remove a superior", "9.8.1", "10.9.1", okafor, `"`+patel+`":75,`, ``),
		{"demote an equal", "9.8.1", "10.9.1", func(r *room) { r.levels(`{"users":{"` + okafor + `":50,"` + lind + `":50}}`) },
			okafor, typePowerLevels, "", `{"users":{"` + okafor + `":50,"` + lind + `":49}}`},
		change("add a user", "", "", okafor, `"users":{`, `"users":{"`+guest+`":50,`),
		change("level a string", "9.1", "10.1", patel, `"ban":50`, `"ban":"50"`),
		change("level null", "9.1", "10.1", patel, `"ban":50`, `"ban":null`),
		change("events a list", "9.2", "10.2", patel, `{"a":50,"b":75}`, `[]`),
		change("an event's level a string", "9.2", "10.2", patel, `"a":50`, `"a":"50"`),
		change("notifications null", "9.2", "10.2", patel, `{"room":75}`, `null`),
		change("a notification's level a string", "9.2", "10.2", patel, `"room":75`, `"room":"75"`),
		change("a user's level a string", "9.3", "10.3", patel, lind+`":10`, lind+`":"10"`),
		change("a user who is none", "9.3", "10.3", patel, `"users":{`, `"users":{"lind":0,`),
		change("sent by one without the level", "7", "8", lind, "", ""),
		{"a creator listed", "-", "10.4", nil, patel, typePowerLevels, "", `{"users":{"` + jones + `":100}}`},
		{"users absent", "", "", func(r *room) { delete(r.Map, StateKey{typePowerLevels, ""}) },
			jones, typePowerLevels, "", `{}`},
		{"users a list", "9.3", "10.3", nil, jones, typePowerLevels, "", `{"users":[]}`},
		{"a creator's level has no bound in 12", "-", "", nil, jones, typePowerLevels, "", `{"ban":9007199254740991}`},
		{"a creator's level has a bound in 11", "9.5.2", "-", nil, jones, typePowerLevels, "", `{"ban":101}`},
		{"the first power levels", "", "-", func(r *room) { delete(r.Map, StateKey{typePowerLevels, ""}) },
			jones, typePowerLevels, "", `{"users":{"` + jones + `":9007199254740991}}`},
	})
}

func TestAdditionalCreators(t *testing.T) {
	r := newRoom(t, matrix.V12, `{"additional_creators":["`+patel+`"]}`)
	for _, user := range []string{jones, patel, okafor} {
		r.member(user, "join")
	}
	r.levels(`{"state_default":9007199254740991,"users":{"` + okafor + `":100}}`)
	expect(t, Check(r.version, r.event(patel, "m.room.topic", "", `{}`), r), "")
	expect(t, Check(r.version, r.event(okafor, "m.room.topic", "", `{}`), r), "8")
	expect(t, Check(r.version, r.event(jones, typeMember, patel, `{"membership":"leave"}`), r), "5.5.5")
	expect(t, Check(r.version, r.event(patel, typePowerLevels, "", `{"users":{"`+patel+`":1}}`), r), "10.4")
}

func TestCreateRules(t *testing.T) {
	for _, tt := range []struct{ name, rule11, rule12, content string }{
		{"plain", "", "", `{}`},
		{"known version", "", "", `{"room_version":"11"}`},
		{"unknown version", "1.3", "1.3", `{"room_version":"org.example"}`},
		{"version no string", "1.3", "1.3", `{"room_version":12}`},
		{"creators", "", "", `{"additional_creators":["@a:b","@Ä:c"]}`},
		{"no creators", "", "", `{"additional_creators":[]}`},
		{"creators no list", "", "1.4", `{"additional_creators":"@a:b"}`},
		{"creators of numbers", "", "1.4", `{"additional_creators":[1]}`},
		{"creators who are no users", "", "1.4", `{"additional_creators":["@a:b","a"]}`},
		{"creators null", "", "1.4", `{"additional_creators":null}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, Check(matrix.V11, newRoom(t, matrix.V11, tt.content).create, Map{}), tt.rule11)
			expect(t, Check(matrix.V12, newRoom(t, matrix.V12, tt.content).create, Map{}), tt.rule12)
		})
	}
	for _, version := range both {
		r := newRoom(t, version, `{}`)
		late := *r.create
		late.PrevEvents = []string{r.create.ID}
		expect(t, Check(version, &late, Map{}), "1.1")
		expect(t, Check(version, newRoom(t, version, `{"second":true}`).create, r), "1")
		keyed := *r.create
		keyed.StateKey = new("x")
		expect(t, Check(version, &keyed, Map{}), "1")
	}
	elsewhere := *newRoom(t, matrix.V11, `{}`).create
	elsewhere.RoomID = "!ward7:other.example"
	expect(t, Check(matrix.V11, &elsewhere, Map{}), "1.2")
	named := *newRoom(t, matrix.V12, `{}`).create
	named.JSON = []byte(`{"room_id":"!x","type":"m.room.create"}`)
	expect(t, Check(matrix.V12, &named, Map{}), "1.2")
}

// The creator's first join follows the create event, and nothing else does.
func TestFirstJoin(t *testing.T) {
	for _, version := range both {
		r := newRoom(t, version, `{}`)
		first := func(user, m string, prev ...string) *matrix.Event {
			return r.build(matrix.Draft{Type: typeMember, Sender: user, StateKey: &user, Content: fmt.Appendf(nil, membership, m), PrevEvents: prev})
		}
		expect(t, Check(version, first(jones, "join", r.create.ID), r), "")
		refused := map[matrix.RoomVersion]string{matrix.V11: "4.3.7", matrix.V12: "5.3.7"}[version]
		expect(t, Check(version, first(patel, "join", r.create.ID), r), refused)
		expect(t, Check(version, first(jones, "join", "$"+strings.Repeat("x", 43)), r), refused)
		expect(t, Check(version, first(jones, "join", r.create.ID, "$"+strings.Repeat("x", 43)), r), refused)
	}
}

func TestRoomRules(t *testing.T) {
	rule := map[matrix.RoomVersion][3]string{matrix.V11: {"2.4", "2.5", "3"}, matrix.V12: {"2", "2", "4"}}
	for _, version := range both {
		r := ward(t, version)
		ev := r.message(lind, "m.room.message", `{}`)
		expect(t, Check(version, ev, Map{}), rule[version][0])
		other := *ev
		other.RoomID = newRoom(t, version, `{"other":1}`).create.RoomID
		if version == matrix.V11 {
			other.RoomID = "!ward8:ward.example"
		}
		expect(t, Check(version, &other, r), rule[version][1])

		closed := newRoom(t, version, `{"m.federate":false}`)
		closed.member(remote, "join")
		closed.member(lind, "join")
		expect(t, Check(version, closed.message(remote, "m.room.message", `{}`), closed), rule[version][2])
		expect(t, Check(version, closed.message(lind, "m.room.message", `{}`), closed), "")
		open := newRoom(t, version, `{"m.federate":"false"}`)
		open.member(remote, "join")
		expect(t, Check(version, open.message(remote, "m.room.message", `{}`), open), "")
	}
	if err := Check("10", ward(t, matrix.V11).create, Map{}); !errors.Is(err, matrix.ErrVersion) {
		t.Errorf("version 10: %v", err)
	}
}

func TestDeniedSpeaksToPeople(t *testing.T) {
	r := ward(t, matrix.V12)
	err := Check(matrix.V12, r.message(guest, "m.room.message", `{"body":"x"}`), r)
	if want := "the sender is not in the room (authorisation rule 6 of room version 12)"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
