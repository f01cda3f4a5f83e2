package matrix

import (
	"errors"
	"testing"
)

func TestRedactContent(t *testing.T) {
	for _, tt := range []struct{ typ, content, want string }{
		{"m.room.message", `{"body":"bed 4","msgtype":"m.text"}`, `{}`},
		{"m.room.name", `{"name":"Ward 7"}`, `{}`},
		{"m.room.aliases", `{"aliases":["#a:b"]}`, `{}`},
		{"m.room.create", `{"any":{"thing":1},"room_version":"12"}`, `{"any":{"thing":1},"room_version":"12"}`},
		{"m.room.member", `{"avatar_url":"x","displayname":"y","membership":"join","reason":"z"}`, `{"membership":"join"}`},
		{"m.room.member", `{"join_authorised_via_users_server":"@a:b","membership":"join"}`,
			`{"join_authorised_via_users_server":"@a:b","membership":"join"}`},
		{"m.room.member", `{"membership":"invite","third_party_invite":{"display_name":"x","signed":{"a":1}}}`,
			`{"membership":"invite","third_party_invite":{"signed":{"a":1}}}`},
		{"m.room.member", `{"third_party_invite":{"display_name":"x"}}`, `{"third_party_invite":{}}`},
		{"m.room.member", `{"third_party_invite":"signed"}`, `{}`},
		{"m.room.join_rules", `{"allow":[],"join_rule":"restricted","x":1}`, `{"allow":[],"join_rule":"restricted"}`},
		{"m.room.power_levels",
			`{"ban":1,"events":{"a":1},"events_default":1,"invite":1,"kick":1,"notifications":{"room":1},"redact":1,"state_default":1,"users":{"@a:b":1},"users_default":1,"x":1}`,
			`{"ban":1,"events":{"a":1},"events_default":1,"invite":1,"kick":1,"redact":1,"state_default":1,"users":{"@a:b":1},"users_default":1}`},
		{"m.room.history_visibility", `{"history_visibility":"joined","x":1}`, `{"history_visibility":"joined"}`},
		{"m.room.redaction", `{"reason":"x","redacts":"$a"}`, `{"redacts":"$a"}`},
		{"m.room.third_party_invite", `{"public_key":"x"}`, `{}`},
		{"M.room.member", `{"membership":"join"}`, `{}`},
	} {
		if got := string(redactContent(nil, tt.typ, []byte(tt.content))); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.typ, tt.content, got, tt.want)
		}
	}
}

func TestRedactFields(t *testing.T) {
	in := `{"unsigned":{"age":1},"origin":"x","membership":"join","prev_state":[],"redacts":"$x","age_ts":1,"replaces_state":"$x",
		"event_id":"$x","type":"m.x","room_id":"!x","sender":"@a:b","state_key":"","content":{"a":1},"hashes":{"sha256":"x"},
		"signatures":{"b":{}},"depth":1,"prev_events":[],"auth_events":[],"origin_server_ts":1}`
	want := `{"auth_events":[],"content":{},"depth":1,"event_id":"$x","hashes":{"sha256":"x"},"origin_server_ts":1,"prev_events":[],` +
		`"room_id":"!x","sender":"@a:b","signatures":{"b":{}},"state_key":"","type":"m.x"}`
	for _, version := range []RoomVersion{V11, V12} {
		got, err := Redact(version, []byte(in))
		if err != nil || string(got) != want {
			t.Errorf("version %s: %s, %v", version, got, err)
		}
	}
}

func TestRedactRefuses(t *testing.T) {
	for in, want := range map[string]error{
		`[]`: ErrFormat, `{}`: ErrFormat, `{"type":1}`: ErrFormat, `{"type":"a","content":[]}`: ErrFormat, `{`: ErrNotJSON,
		`{"type":"a","depth":1.5}`: ErrBadJSON,
	} {
		if got, err := Redact(V12, []byte(in)); !errors.Is(err, want) {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	if _, err := Redact("9", []byte(`{"type":"a"}`)); !errors.Is(err, ErrVersion) {
		t.Errorf("version 9: %v", err)
	}
}
