package authrules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// thirdParty is the content of an invite as an identity server completes it.
func thirdParty(t *testing.T, signed string, key matrix.Key) string {
	t.Helper()
	out, err := matrix.SignJSON([]byte(signed), "id.example", key)
	if err != nil {
		t.Fatal(err)
	}
	return `{"membership":"invite","third_party_invite":{"display_name":"L","signed":` + string(out) + `}}`
}

func testKey(t *testing.T, letter string) matrix.Key {
	t.Helper()
	key, err := matrix.NewKey("ed25519:0", strings.NewReader(strings.Repeat(letter, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestThirdPartyInvites(t *testing.T) {
	key, other := testKey(t, "a"), testKey(t, "b")
	public := matrix.EncodeBase64(key.Public())
	urlSafe := strings.NewReplacer("+", "-", "/", "_").Replace(public)
	offer := func(content string) func(*room) {
		return func(r *room) { r.put(r.event(okafor, typeThirdPartyInvite, "tok", content)) }
	}
	plain := offer(`{"public_key":"` + public + `"}`)
	good := thirdParty(t, `{"mxid":"`+guest+`","token":"tok","sender":"`+okafor+`"}`, key)
	many := strings.Repeat(`{"public_key":"`+matrix.EncodeBase64(other.Public())+`"},`, maxInviteKeys) + `{"public_key":"` + public + `"}`
	invite := func(name, rule11, rule12 string, setup func(*room), sender, content string) scene {
		return scene{name, rule11, rule12, setup, sender, typeMember, guest, content}
	}
	play(t, []scene{
		invite("signed", "", "", plain, okafor, good),
		invite("one key of a list", "", "", offer(`{"public_key":"x","public_keys":[{"public_key":1},{"public_key":"`+public+`"}]}`), okafor, good),
		invite("URL-safe key", "", "", offer(`{"public_key":"`+urlSafe+`"}`), okafor, good),
		invite("the sender need not be there any more", "", "", all(plain, had(okafor, "leave")), okafor, good),
		invite("banned", "4.4.1.1", "5.4.1.1", all(plain, had(guest, "ban")), okafor, good),
		invite("no signed", "4.4.1.2", "5.4.1.2", plain, okafor, `{"membership":"invite","third_party_invite":{}}`),
		invite("no object", "4.4.1.2", "5.4.1.2", plain, okafor, `{"membership":"invite","third_party_invite":null}`),
		invite("no token", "4.4.1.3", "5.4.1.3", plain, okafor, thirdParty(t, `{"mxid":"`+guest+`"}`, key)),
		invite("no user", "4.4.1.3", "5.4.1.3", plain, okafor, thirdParty(t, `{"token":"tok"}`, key)),
		invite("for another", "4.4.1.4", "5.4.1.4", plain, okafor, thirdParty(t, `{"mxid":"`+lind+`","token":"tok"}`, key)),
		invite("no offer", "4.4.1.5", "5.4.1.5", nil, okafor, good),
		invite("another's offer", "4.4.1.6", "5.4.1.6", plain, patel, good),
		invite("signed by another key", "4.4.1.8", "5.4.1.8", plain, okafor, thirdParty(t, `{"mxid":"`+guest+`","token":"tok"}`, other)),
		invite("changed after signing", "4.4.1.8", "5.4.1.8", plain, okafor, strings.Replace(good, `"sender":"`+okafor, `"sender":"`+patel, 1)),
		invite("not signed at all", "4.4.1.8", "5.4.1.8", plain, okafor,
			`{"membership":"invite","third_party_invite":{"signed":{"mxid":"`+guest+`","token":"tok"}}}`),
		invite("an offer without keys", "4.4.1.8", "5.4.1.8", offer(`{}`), okafor, good),
		invite("the key is hidden among too many", "4.4.1.8", "5.4.1.8", offer(`{"public_keys":[`+many+`]}`), okafor, good),
	})
}

func TestAuthTypes(t *testing.T) {
	power, sender, rules := StateKey{typePowerLevels, ""}, StateKey{typeMember, okafor}, StateKey{typeJoinRules, ""}
	target, token := StateKey{typeMember, guest}, StateKey{typeThirdPartyInvite, "tok"}
	for _, tt := range []struct {
		name, typ, key, content string
		want                    []StateKey
	}{
		{"message", "m.room.message", "-", `{}`, []StateKey{power, sender}},
		{"state", "m.room.topic", "", `{}`, []StateKey{power, sender}},
		{"leave", typeMember, okafor, `{"membership":"leave"}`, []StateKey{power, sender}},
		{"join", typeMember, okafor, `{"membership":"join"}`, []StateKey{power, sender, rules}},
		{"knock", typeMember, okafor, `{"membership":"knock"}`, []StateKey{power, sender, rules}},
		{"kick", typeMember, guest, `{"membership":"leave"}`, []StateKey{power, sender, target}},
		{"invite", typeMember, guest, ` {"membership" : "invite"}`, []StateKey{power, sender, target, rules}},
		{"third-party invite", typeMember, guest, `{"membership":"invite","third_party_invite":{"signed":{"token":"tok"}}}`,
			[]StateKey{power, sender, target, rules, token}},
		{"third-party invite without token", typeMember, guest, `{"membership":"invite","third_party_invite":{"signed":{}}}`,
			[]StateKey{power, sender, target, rules}},
		{"authorised join", typeMember, okafor, `{"membership":"join","join_authorised_via_users_server":"` + guest + `"}`,
			[]StateKey{power, sender, rules, target}},
		{"authorised by oneself", typeMember, okafor, `{"membership":"join","join_authorised_via_users_server":"` + okafor + `"}`,
			[]StateKey{power, sender, rules}},
		{"authorisation counts for joins", typeMember, okafor, `{"membership":"leave","join_authorised_via_users_server":"` + guest + `"}`,
			[]StateKey{power, sender}},
		{"membership no state", typeMember, "-", `{"membership":"join"}`, []StateKey{power, sender, rules}},
		{"create", typeCreate, "", `{}`, nil},
	} {
		d := matrix.Draft{Type: tt.typ, Sender: okafor, StateKey: &tt.key, Content: []byte(tt.content)}
		if tt.key == "-" {
			d.StateKey = nil
		}
		for _, version := range both {
			want := tt.want
			if version == matrix.V11 && want != nil {
				want = append([]StateKey{{typeCreate, ""}}, want...)
			}
			got, err := DraftAuthTypes(version, d)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("version %s, %s: got %v, %v; want %v", version, tt.name, got, err, want)
			}
		}
	}
	if _, err := DraftAuthTypes(matrix.V12, matrix.Draft{Type: typeMember, Content: []byte(`{`)}); err == nil {
		t.Error("a broken content was accepted")
	}
}

func TestCheckAuthEvents(t *testing.T) {
	for _, version := range both {
		r := ward(t, version)
		ev := r.message(lind, "m.room.message", `{}`)
		var auth []*matrix.Event
		for _, key := range AuthTypes(version, ev) {
			auth = append(auth, r.Event(key.Type, key.Key))
		}
		rule := func(rule11, rule12 string) string {
			return map[matrix.RoomVersion]string{matrix.V11: rule11, matrix.V12: rule12}[version]
		}
		expect(t, CheckAuthEvents(version, ev, auth), "")
		expect(t, CheckAuthEvents(version, r.create, auth), "")
		expect(t, CheckAuthEvents(version, ev, append(auth[:len(auth):len(auth)], auth[0])), rule("2.1", "3.1"))
		expect(t, CheckAuthEvents(version, ev, append(auth[:len(auth):len(auth)], r.Event(typeJoinRules, ""))), rule("2.2", "3.2"))

		named := *ev
		named.AuthEvents = append(named.AuthEvents[:len(auth):len(auth)], r.Event(typeMember, patel).ID)
		expect(t, CheckAuthEvents(version, &named, append(auth[:len(auth):len(auth)], r.Event(typeMember, patel))), rule("2.2", "3.2"))
		named.AuthEvents = append(named.AuthEvents[:len(auth):len(auth)], r.create.ID)
		expect(t, CheckAuthEvents(version, &named, append(auth[:len(auth):len(auth)], r.create)), rule("2.1", "3.2"))
		moved := *ev
		moved.RoomID = "!elsewhere:ward.example"
		expect(t, CheckAuthEvents(version, &moved, auth), rule("2.5", "3.4"))
		expect(t, CheckAuthEvents(version, ev, nil), rule("2.4", ""))
	}
}

func TestLevels(t *testing.T) {
	type want struct{ invite, kick, ban, redact, jones, lind, message, state, room int64 }
	for _, tt := range []struct {
		name, content string // "" is no power levels event
		v11, v12      want
	}{
		{"defaults without an event", "", want{0, 50, 50, 50, 100, 0, 0, 50, 50}, want{0, 50, 50, 50, Infinite, 0, 0, 50, 50}},
		{"defaults with one", `{}`, want{0, 50, 50, 50, 0, 0, 0, 50, 50}, want{0, 50, 50, 50, Infinite, 0, 0, 50, 50}},
		{"all given", `{"invite":1,"kick":2,"ban":3,"redact":4,"users_default":5,"users":{"` + lind + `":-6},"events_default":7,"state_default":8,"notifications":{"room":9}}`,
			want{1, 2, 3, 4, 5, -6, 7, 8, 9}, want{1, 2, 3, 4, Infinite, -6, 7, 8, 9}},
		{"by type", `{"events":{"m.room.message":20,"m.room.topic":-1}}`,
			want{0, 50, 50, 50, 0, 0, 20, -1, 50}, want{0, 50, 50, 50, Infinite, 0, 20, -1, 50}},
		{"unreadable locks the room", `{"users":{"` + lind + `":100},"kick":"0"}`,
			want{Infinite, Infinite, Infinite, Infinite, 0, 0, Infinite, Infinite, 50},
			want{Infinite, Infinite, Infinite, Infinite, Infinite, 0, Infinite, Infinite, 50}},
	} {
		for _, version := range both {
			r := newRoom(t, version, `{}`)
			if tt.content != "" {
				r.put(r.event(jones, typePowerLevels, "", tt.content))
			}
			l := LevelsOf(version, r)
			got := want{l.Invite, l.Kick, l.Ban, l.Redact, l.User(jones), l.User(lind),
				l.Event("m.room.message", false), l.Event("m.room.topic", true), l.Notification("room")}
			expected := tt.v11
			if version == matrix.V12 {
				expected = tt.v12
			}
			if got != expected {
				t.Errorf("version %s, %s: got %+v, want %+v", version, tt.name, got, expected)
			}
		}
	}
	r := ward(t, matrix.V12)
	users := LevelsOf(matrix.V12, r).Users()
	if len(users) != 3 || users[jones] != Infinite || users[patel] != 100 || users[okafor] != 50 {
		t.Errorf("users: %v", users)
	}
	escaped := newRoom(t, matrix.V11, `{}`)
	escaped.put(escaped.event(jones, typePowerLevels, "", `{"events":{"a\"b\n":7},"users_default":3}`))
	if l := LevelsOf(matrix.V11, escaped); l.Event("a\"b\n", false) != 7 || l.UsersDefault() != 3 {
		t.Errorf("an escaped type: %+v", l)
	}
}
