package authrules

import (
	"errors"
	"fmt"
	"testing"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// FuzzCheck throws any contents at the rules: of the event, and of the power levels and the create event it meets. Whatever
// they are, a verdict comes out, the same with levels parsed beforehand, and power does not grow out of nothing.
func FuzzCheck(f *testing.F) {
	f.Add(true, uint8(0), uint8(0), "", `{"membership":"join"}`, `{"users":{"@patel:ward.example":100}}`, `{}`)
	f.Add(false, uint8(1), uint8(1), "@lind:ward.example", `{"membership":"ban"}`, `{"ban":0}`, `{"m.federate":false}`)
	f.Add(true, uint8(2), uint8(2), "", `{"users":{"@lind:ward.example":50}}`, `{"users_default":50}`, `{"additional_creators":["@a:b"]}`)
	f.Add(true, uint8(0), uint8(0), "x", `{"membership":"invite","third_party_invite":{"signed":{"mxid":"x","token":"t"}}}`, `{}`, `{}`)
	f.Add(true, uint8(3), uint8(1), "", `{"room_version":"12"}`, `null`, `[]`)
	f.Fuzz(func(t *testing.T, twelve bool, kind, who uint8, key, content, power, create string) {
		version := map[bool]matrix.RoomVersion{false: matrix.V11, true: matrix.V12}[twelve]
		canonical := func(s string) []byte {
			out, err := matrix.Canonical([]byte(s))
			if err != nil || !matrix.IsObject(out) {
				return []byte(`{}`)
			}
			return out
		}
		event := func(id, typ, sender, key, content string) *matrix.Event {
			return &matrix.Event{ID: "$" + id, RoomID: "!room", Type: typ, Sender: sender, StateKey: &key,
				Content: canonical(content), JSON: []byte(`{}`), PrevEvents: []string{"$previous"}}
		}
		state := Map{}
		put := func(e *matrix.Event) { state[StateKey{e.Type, *e.StateKey}] = e }
		put(event("create", typeCreate, jones, "", create))
		put(event("power", typePowerLevels, jones, "", power))
		put(event("rules", typeJoinRules, jones, "", `{"join_rule":"knock_restricted"}`))
		for i, m := range []string{"join", "join", "join", "ban", "invite", "knock"} {
			put(event(fmt.Sprint("member", i), typeMember, everyone[i], everyone[i], `{"membership":"`+m+`"}`))
		}
		typ := []string{typeMember, "m.room.message", typePowerLevels, typeCreate, typeThirdPartyInvite}[kind%5]
		ev := event("event", typ, everyone[int(who)%len(everyone)], key, content)

		err := Check(version, ev, state)
		levels := LevelsOf(version, state)
		if again := CheckWith(version, ev, state, levels); fmt.Sprint(again) != fmt.Sprint(err) {
			t.Fatalf("%v, but with levels %v", err, again)
		}
		var denied *Denied
		if err != nil && (!errors.As(err, &denied) || denied.Rule == "" || denied.Reason == "") {
			t.Fatalf("no verdict: %v", err)
		}
		if err == nil {
			holdInvariants(t, version, ev, state, levels)
		}
		for _, k := range AuthTypes(version, ev) {
			if k.Type == typeCreate && version == matrix.V12 {
				t.Fatal("version 12 selects no create event")
			}
		}
	})
}

// holdInvariants is what must be true of every event that was allowed.
func holdInvariants(t *testing.T, version matrix.RoomVersion, ev *matrix.Event, state Map, levels *Levels) {
	t.Helper()
	sender := state.Event(typeMember, ev.Sender).Membership()
	switch ev.Type {
	case typeMember, typeCreate:
		if ev.Membership() == "ban" && (sender != "join" || levels.User(ev.Sender) < levels.Ban) {
			t.Fatal("banned without the power to")
		}
		return
	case typePowerLevels:
		next := *LevelsOf(version, Map{{typeCreate, ""}: state.Event(typeCreate, ""), {typePowerLevels, ""}: ev})
		for user, level := range next.users {
			if before, had := levels.users[user]; level > levels.User(ev.Sender) && (!had || before != level) {
				t.Fatalf("a level of %d was given by one of %d", level, levels.User(ev.Sender))
			}
		}
	}
	if sender != "join" {
		t.Fatalf("sent by one whose membership is %q", sender)
	}
}

func BenchmarkCheckMessage(b *testing.B) {
	r := ward(b, matrix.V12)
	levels, ev := LevelsOf(matrix.V12, r), r.message(lind, "m.room.message", `{"body":"x"}`)
	b.Run("levels kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := CheckWith(matrix.V12, ev, r, levels); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("levels parsed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := Check(matrix.V12, ev, r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
