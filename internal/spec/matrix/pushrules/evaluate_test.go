package pushrules

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

const (
	nurse  = "@nia.okafor:trust.example"
	doctor = "@tom.reyes:trust.example"
	ward   = "!ward7:trust.example"
)

func message(content string) string {
	return `{"type":"m.room.message","room_id":"` + ward + `","sender":"` + doctor + `","event_id":"$1","content":` + content + `}`
}

func state(typ, key, content string) string {
	return fmt.Sprintf(`{"type":%q,"state_key":%q,"room_id":%q,"sender":%q,"content":%s}`, typ, key, ward, doctor, content)
}

// TestDefaults puts events to the rules of someone who changed nothing ("Predefined Rules").
func TestDefaults(t *testing.T) {
	team := Room{Members: 12, DisplayName: "Nia Okafor", SenderPower: 0, NotifyRoomLevel: 50}
	pair, senior, creator := team, team, team
	pair.Members, senior.SenderPower, creator.SenderPower = 2, 50, math.MaxInt64
	for _, c := range []struct {
		name  string
		event string
		room  Room
		rule  string
		says  string // n notify, h highlight, then the sound
	}{
		{"message in a team", message(`{"msgtype":"m.text","body":"bloods back"}`), team, ".m.rule.message", "n"},
		{"message to one person", message(`{"msgtype":"m.text","body":"bloods back"}`), pair, ".m.rule.room_one_to_one", "n default"},
		{"own name in the body is no mention", message(`{"msgtype":"m.text","body":"ask Nia Okafor"}`), team, ".m.rule.message", "n"},
		{"notice", message(`{"msgtype":"m.notice","body":"x"}`), pair, ".m.rule.suppress_notices", ""},
		{"mention", message(`{"body":"x","m.mentions":{"user_ids":["@a:b","` + nurse + `"]}}`), team, ".m.rule.is_user_mention", "nh default"},
		{"mention of another", message(`{"body":"x","m.mentions":{"user_ids":["@a:b"]}}`), team, ".m.rule.message", "n"},
		{"mention is exact about case", message(`{"body":"x","m.mentions":{"user_ids":["` + strings.ToUpper(nurse) + `"]}}`), team, ".m.rule.message", "n"},
		{"mention that is no list", message(`{"body":"x","m.mentions":{"user_ids":"` + nurse + `"}}`), team, ".m.rule.message", "n"},
		{"@room without power", message(`{"body":"x","m.mentions":{"room":true}}`), team, ".m.rule.message", "n"},
		{"@room with power", message(`{"body":"x","m.mentions":{"room":true}}`), senior, ".m.rule.is_room_mention", "nh"},
		{"@room by the creator", message(`{"body":"x","m.mentions":{"room":true}}`), creator, ".m.rule.is_room_mention", "nh"},
		{"@room as text", message(`{"body":"x","m.mentions":{"room":"true"}}`), senior, ".m.rule.message", "n"},
		{"edit", message(`{"body":"x","m.relates_to":{"rel_type":"m.replace"}}`), pair, ".m.rule.suppress_edits", ""},
		{"edit that mentions", message(`{"body":"x","m.mentions":{"user_ids":["` + nurse + `"]},"m.relates_to":{"rel_type":"m.replace"}}`), pair, ".m.rule.is_user_mention", "nh default"},
		{"thread", message(`{"body":"x","m.relates_to":{"rel_type":"m.thread"}}`), team, ".m.rule.message", "n"},
		{"invitation", state("m.room.member", nurse, `{"membership":"invite"}`), team, ".m.rule.invite_for_me", "n default"},
		{"invitation of another", state("m.room.member", "@a:b", `{"membership":"invite"}`), team, ".m.rule.member_event", ""},
		{"join", state("m.room.member", "@a:b", `{"membership":"join"}`), team, ".m.rule.member_event", ""},
		{"tombstone", state("m.room.tombstone", "", `{}`), team, ".m.rule.tombstone", "nh"},
		{"tombstone that is no state", `{"type":"m.room.tombstone","sender":"@a:b","content":{}}`, team, "", ""},
		{"server acl", state("m.room.server_acl", "", `{}`), team, ".m.rule.room.server_acl", ""},
		{"reaction", `{"type":"m.reaction","sender":"@a:b","content":{"m.relates_to":{"rel_type":"m.annotation"}}}`, pair, ".m.rule.reaction", ""},
		{"call", `{"type":"m.call.invite","sender":"@a:b","content":{}}`, team, ".m.rule.call", "n ring"},
		{"encrypted to one", `{"type":"m.room.encrypted","sender":"@a:b","content":{}}`, pair, ".m.rule.encrypted_room_one_to_one", "n default"},
		{"encrypted", `{"type":"m.room.encrypted","sender":"@a:b","content":{}}`, team, ".m.rule.encrypted", "n"},
		{"topic", state("m.room.topic", "", `{"topic":"x"}`), team, "", ""},
		{"own message", strings.Replace(message(`{"body":"x"}`), doctor, nurse, 1), team, "", ""},
		{"not JSON", `{"type":`, team, "", ""},
		{"not an object", `"m.room.message"`, team, "", ""},
	} {
		v := Compile(nil, nurse).Evaluate(Fold([]byte(c.event)), c.room)
		if says := spell(v); v.RuleID != c.rule || says != c.says {
			t.Errorf("%s: rule %q says %q, want %q %q", c.name, v.RuleID, says, c.rule, c.says)
		}
	}
}

func spell(v Verdict) string {
	says := ""
	if v.Notify {
		says = "n"
	}
	if v.Highlight {
		says += "h"
	}
	if v.Sound != "" {
		says += " " + v.Sound
	}
	return says
}

func TestConditions(t *testing.T) {
	event := `{"type":"org.wardline.test","room_id":"!r","sender":"@s:x","content":{
		"body":"Theatre 4: Cardiac ARREST (bed 9)","topic":"Lunch plans","n":7,"neg":-7,"big":9007199254740991,"toobig":9007199254740992,
		"float":1.5,"yes":true,"no":false,"nil":null,"m.dotted":{"back\\slash":"x"},"list":["a",1,true,null,{"a":1},["b"]],
		"long":["0","1","2","3","4","5","6","7","8","9",10],"deep":` + strings.Repeat(`{"d":`, 20) + `"x"` + strings.Repeat("}", 20) + `,"Ünï":"ÜNÏ"}}`
	room := Room{Members: 10, DisplayName: "Cardiac Arrest", SenderPower: 40, NotifyRoomLevel: 40, NotifyLevels: map[string]int64{"crash": 40, "all": 41}}
	for _, c := range []struct {
		condition string
		want      bool
	}{
		{`{"kind":"event_match","key":"content.topic","pattern":"lunc?*"}`, true},
		{`{"kind":"event_match","key":"content.topic","pattern":"LUNCH*"}`, true},
		{`{"kind":"event_match","key":"content.topic","pattern":"lunch"}`, false},
		{`{"kind":"event_match","key":"content.Ünï","pattern":"ünï"}`, true},
		{`{"kind":"event_match","key":"content.body","pattern":"arrest"}`, true},
		{`{"kind":"event_match","key":"content.body","pattern":"rrest"}`, false},
		{`{"kind":"event_match","key":"content.body","pattern":"theat*bed"}`, true},
		{`{"kind":"event_match","key":"content.n","pattern":"*"}`, false},
		{`{"kind":"event_match","key":"content.nil","pattern":"*"}`, false},
		{`{"kind":"event_match","key":"content.absent","pattern":"*"}`, false},
		{`{"kind":"event_match","key":"content","pattern":"*"}`, false},
		{`{"kind":"event_match","key":"content.topic.x","pattern":"*"}`, false},
		{`{"kind":"event_match","key":"content.m\\.dotted.back\\\\slash","pattern":"x"}`, true},
		{`{"kind":"event_match","key":"content.m.dotted.back\\\\slash","pattern":"x"}`, false},
		{`{"kind":"event_match","key":"content.deep` + strings.Repeat(".d", 20) + `","pattern":"x"}`, false},
		{`{"kind":"event_match","key":"room_id","pattern":"!R"}`, true},
		{`{"kind":"event_match","pattern":"x"}`, false},
		{`{"kind":"event_match","key":"type"}`, false},
		{`{"kind":"event_property_is","key":"content.n","value":7}`, true},
		{`{"kind":"event_property_is","key":"content.n","value":"7"}`, false},
		{`{"kind":"event_property_is","key":"content.neg","value":-7}`, true},
		{`{"kind":"event_property_is","key":"content.big","value":9007199254740991}`, true},
		{`{"kind":"event_property_is","key":"content.toobig","value":9007199254740992}`, false},
		{`{"kind":"event_property_is","key":"content.float","value":1.5}`, false},
		{`{"kind":"event_property_is","key":"content.yes","value":true}`, true},
		{`{"kind":"event_property_is","key":"content.no","value":false}`, true},
		{`{"kind":"event_property_is","key":"content.no","value":true}`, false},
		{`{"kind":"event_property_is","key":"content.no","value":0}`, false},
		{`{"kind":"event_property_is","key":"content.nil","value":null}`, true},
		{`{"kind":"event_property_is","key":"content.absent","value":null}`, false},
		{`{"kind":"event_property_is","key":"content.topic","value":"lunch plans"}`, false},
		{`{"kind":"event_property_is","key":"content.topic","value":"Lunch plans"}`, true},
		{`{"kind":"event_property_is","key":"content.list","value":"a"}`, false},
		{`{"kind":"event_property_is","key":"content.list"}`, false},
		{`{"kind":"event_property_contains","key":"content.list","value":"a"}`, true},
		{`{"kind":"event_property_contains","key":"content.list","value":"b"}`, false},
		{`{"kind":"event_property_contains","key":"content.list","value":1}`, true},
		{`{"kind":"event_property_contains","key":"content.list","value":null}`, true},
		{`{"kind":"event_property_contains","key":"content.long","value":"9"}`, true},
		{`{"kind":"event_property_contains","key":"content.long","value":10}`, true},
		{`{"kind":"event_property_contains","key":"content.long","value":"10"}`, false},
		{`{"kind":"event_property_contains","key":"content.topic","value":"Lunch plans"}`, false},
		{`{"kind":"event_property_contains","key":"content.list","value":[1]}`, false},
		{`{"kind":"contains_display_name"}`, true},
		{`{"kind":"room_member_count","is":"10"}`, true}, {`{"kind":"room_member_count","is":"==10"}`, true}, {`{"kind":"room_member_count","is":"9"}`, false},
		{`{"kind":"room_member_count","is":"<10"}`, false}, {`{"kind":"room_member_count","is":"<=10"}`, true}, {`{"kind":"room_member_count","is":"<11"}`, true},
		{`{"kind":"room_member_count","is":">10"}`, false}, {`{"kind":"room_member_count","is":">=10"}`, true}, {`{"kind":"room_member_count","is":">9"}`, true},
		{`{"kind":"room_member_count","is":"=10"}`, false}, {`{"kind":"room_member_count","is":"<>10"}`, false}, {`{"kind":"room_member_count","is":""}`, false},
		{`{"kind":"room_member_count","is":"<0"}`, false}, {`{"kind":"room_member_count","is":"99999999999999999999"}`, false},
		{`{"kind":"sender_notification_permission","key":"room"}`, true}, {`{"kind":"sender_notification_permission","key":"crash"}`, true},
		{`{"kind":"sender_notification_permission","key":"all"}`, false}, {`{"kind":"sender_notification_permission","key":"unlisted"}`, false},
		{`{"kind":"org.example.unknown","key":"type","pattern":"*"}`, false},
	} {
		body := `{"own":{"override":[{"rule_id":"x","enabled":true,"conditions":[` + c.condition + `],"actions":["notify"]}]}}`
		changes, err := ParseChanges([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", c.condition, err)
		}
		if v := Compile(changes, nurse).Evaluate(Fold([]byte(event)), room); v.Notify != c.want {
			t.Errorf("%s: %v, want %v", c.condition, v.Notify, c.want)
		}
	}
}

// TestOrder checks which kind of rule goes first, and that the master rule silences everything.
func TestOrder(t *testing.T) {
	c := new(Changes)
	put := func(kind Kind, id, body string) {
		t.Helper()
		r, err := ParseRule(kind, id, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Put(kind, r, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	event := FoldIn(ward, []byte(`{"type":"m.room.message","sender":"`+doctor+`","content":{"msgtype":"m.text","body":"Tea?"}}`))
	expect := func(kind Kind, id string) {
		t.Helper()
		if v := Compile(c, nurse).Evaluate(event, Room{Members: 5}); v.RuleID != id || v.Kind != kind {
			t.Errorf("rule %s %q, want %s %q", v.Kind, v.RuleID, kind, id)
		}
	}
	expect(KindUnderride, ".m.rule.message")
	put(KindUnderride, "mine", `{"conditions":[],"actions":["notify"]}`)
	expect(KindUnderride, "mine")
	put(KindSender, doctor, `{"actions":[]}`)
	expect(KindSender, doctor)
	put(KindRoom, ward, `{"actions":[]}`)
	expect(KindRoom, ward)
	put(KindContent, "tea", `{"pattern":"tea","actions":["notify"]}`)
	expect(KindContent, "tea")
	put(KindOverride, "all", `{"conditions":[],"actions":[]}`)
	expect(KindOverride, "all")
	if err := c.Enable(KindOverride, masterRule, true); err != nil {
		t.Fatal(err)
	}
	expect(KindOverride, masterRule)
	for _, off := range []struct {
		kind Kind
		id   string
	}{{KindOverride, masterRule}, {KindOverride, "all"}, {KindContent, "tea"}, {KindRoom, ward}, {KindSender, doctor}, {KindUnderride, "mine"}} {
		if err := c.Enable(off.kind, off.id, false); err != nil {
			t.Fatal(err)
		}
	}
	expect(KindUnderride, ".m.rule.message")
}

func TestTweaks(t *testing.T) {
	for actions, want := range map[string]string{
		`["notify"]`:                                         "n ",
		`["notify",{"set_tweak":"highlight"}]`:               `nh {"highlight":true}`,
		`["notify",{"set_tweak":"highlight","value":false}]`: `n {"highlight":false}`,
		`["notify",{"set_tweak":"sound","value":"a"},{"set_tweak":"sound","value":"b"}]`: `n b {"sound":"b"}`,
		`["notify",{"set_tweak":"flash \"it\"","value":{"n":2}},"unknown"]`:              `n {"flash \"it\"":{"n":2}}`,
		`["dont_notify"]`:                        " ",
		`["coalesce",{"set_tweak":"highlight"}]`: " ",
		`["notify","dont_notify",{"set_tweak":"sound","value":"default"},{"set_tweak":"x","value":null}]`: `n default {"sound":"default","x":null}`,
	} {
		parsed, err := ParseActions([]byte(`{"actions":` + actions + `}`))
		if err != nil {
			t.Fatalf("%s: %v", actions, err)
		}
		c := new(Changes)
		if err := c.SetActions(KindUnderride, ".m.rule.message", parsed); err != nil {
			t.Fatal(err)
		}
		v := Compile(c, nurse).Evaluate(Fold([]byte(message(`{"body":"x"}`))), Room{Members: 3})
		if got := spell(v) + " " + string(v.Tweaks); got != want {
			t.Errorf("%s: %q, want %q", actions, got, want)
		}
	}
}

// TestNoAllocation keeps evaluation free of garbage: it runs once for every recipient of every message.
func TestNoAllocation(t *testing.T) {
	rules, room := Compile(nil, nurse), Room{Members: 2000, NotifyRoomLevel: 50}
	event := Fold([]byte(message(`{"msgtype":"m.text","body":"Bloods back for bed 4","m.mentions":{"user_ids":["@a:b"]}}`)))
	if n := testing.AllocsPerRun(100, func() { rules.Evaluate(event, room) }); n != 0 {
		t.Errorf("Evaluate allocates %v times", n)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	rules, room := Compile(nil, nurse), Room{Members: 2000, NotifyRoomLevel: 50}
	event := Fold([]byte(message(`{"msgtype":"m.text","body":"Bloods back for bed 4","m.mentions":{"user_ids":["@a:b"]}}`)))
	b.ReportAllocs()
	for b.Loop() {
		rules.Evaluate(event, room)
	}
}

func BenchmarkEvaluateChanged(b *testing.B) {
	c := new(Changes)
	for i := range 40 {
		pattern := fmt.Sprintf("keyword%d", i)
		if err := c.Put(KindContent, Rule{ID: pattern, Pattern: pattern, Actions: []Action{Notify()}}, "", ""); err != nil {
			b.Fatal(err)
		}
		if err := c.Put(KindRoom, Rule{ID: fmt.Sprintf("!room%d", i)}, "", ""); err != nil {
			b.Fatal(err)
		}
	}
	rules, room := Compile(c, nurse), Room{Members: 2000, NotifyRoomLevel: 50}
	event := Fold([]byte(message(`{"msgtype":"m.text","body":"Bloods back for bed 4, potassium 5.9, please repeat and call me","m.mentions":{"user_ids":["@a:b"]}}`)))
	b.ReportAllocs()
	for b.Loop() {
		rules.Evaluate(event, room)
	}
}

func BenchmarkFold(b *testing.B) {
	event := []byte(message(`{"msgtype":"m.text","body":"Bloods back for bed 4","m.mentions":{"user_ids":["@a:b"]}}`))
	b.ReportAllocs()
	for b.Loop() {
		Fold(event)
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Compile(nil, nurse)
	}
}

// TestPatternsAreBounded: thousands of patterns are asked about an ordinary message, but whoever has slow ones is not served them
// without end; the rules that everybody has hold all the same.
func TestPatternsAreBounded(t *testing.T) {
	slow := func(n int) *Changes {
		c := &Changes{}
		for i := range n {
			pattern := strings.Repeat("?a", 200) + "b" + strconv.Itoa(i)
			c.Own.Override = append(c.Own.Override, Rule{
				ID: strconv.Itoa(i), Enabled: true, Conditions: []Condition{{Kind: eventMatch, Key: "content.formatted_body", Pattern: &pattern}},
			})
		}
		last := "*bleep*"
		c.Own.Override = append(c.Own.Override, Rule{
			ID: "last", Enabled: true, Conditions: []Condition{{Kind: eventMatch, Key: "content.formatted_body", Pattern: &last}},
		})
		return c
	}
	text := func(n int) string {
		return message(`{"body":"x","formatted_body":"` + strings.Repeat("a", n) + ` bleep","m.mentions":{"user_ids":["` + nurse + `"]}}`)
	}
	for _, c := range []struct {
		patterns, bytes int
		rule            string
	}{{0, 60_000, "last"}, {2, 500, "last"}, {300, 60_000, ".m.rule.is_user_mention"}, {1, 60_000, ".m.rule.is_user_mention"}} {
		if v := Compile(slow(c.patterns), nurse).Evaluate(Fold([]byte(text(c.bytes))), Room{Members: 3}); v.RuleID != c.rule {
			t.Errorf("%d slow patterns, %d bytes: %q, want %q", c.patterns, c.bytes, v.RuleID, c.rule)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add([]byte(message(`{"body":"x","m.mentions":{"user_ids":["`+nurse+`"],"room":true}}`)), "content.body", "b*d?", `"x"`)
	f.Add([]byte(`{"a":[1,2,{"b":[null]}],"type":7}`), `a\.b.c\\`, "", "1")
	f.Add([]byte(`{"a":`), "a", "*", "null")
	f.Fuzz(func(t *testing.T, event []byte, key, pattern, value string) {
		conditions := []Condition{{Kind: eventMatch, Key: key, Pattern: &pattern}, {Kind: propertyIs, Key: key, Value: []byte(value)},
			{Kind: propertyContains, Key: key, Value: []byte(value)}, {Kind: memberCount, Is: pattern}, {Kind: displayName}, {Kind: senderPermission, Key: key}}
		c := new(Changes)
		for i, condition := range conditions {
			c.Own.Override = append(c.Own.Override, Rule{ID: fmt.Sprint(i), Enabled: true, Conditions: []Condition{condition}, Actions: []Action{Notify()}})
		}
		folded := FoldIn(ward, event)
		v := Compile(c, nurse).Evaluate(folded, Room{Members: 3, DisplayName: pattern})
		if again := Compile(c, nurse).Evaluate(FoldIn(ward, event), Room{Members: 3, DisplayName: pattern}); v.RuleID != again.RuleID {
			t.Errorf("the same question got two answers: %q and %q", v.RuleID, again.RuleID)
		}
		if folded.sender == nurse && v.RuleID != "" {
			t.Error("a person was notified of their own event")
		}
	})
}
