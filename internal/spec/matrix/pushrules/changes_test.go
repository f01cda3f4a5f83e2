package pushrules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func ids(rules []Rule) string {
	var out []string
	for _, r := range rules {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

// TestSetShape compares the rules as clients see them with the standard ("Predefined Rules").
func TestSetShape(t *testing.T) {
	set := new(Changes).Set(nurse)
	if got, want := ids(set.Override), ".m.rule.master .m.rule.suppress_notices .m.rule.invite_for_me .m.rule.member_event .m.rule.is_user_mention "+
		".m.rule.is_room_mention .m.rule.tombstone .m.rule.reaction .m.rule.room.server_acl .m.rule.suppress_edits"; got != want {
		t.Errorf("override rules\n%s, want\n%s", got, want)
	}
	if got, want := ids(set.Underride), ".m.rule.call .m.rule.encrypted_room_one_to_one .m.rule.room_one_to_one .m.rule.message .m.rule.encrypted"; got != want {
		t.Errorf("underride rules\n%s, want\n%s", got, want)
	}
	all, err := json.Marshal(Global{set})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"global":{"override":[{"rule_id":".m.rule.master","default":true,"enabled":false,"conditions":[],"actions":[]},`,
		`{"kind":"event_match","key":"state_key","pattern":"` + nurse + `"}`,
		`{"kind":"event_property_contains","key":"content.m\\.mentions.user_ids","value":"` + nurse + `"}`,
		`{"kind":"event_property_is","key":"content.m\\.mentions.room","value":true},{"kind":"sender_notification_permission","key":"room"}],"actions":["notify",{"set_tweak":"highlight"}]`,
		`{"kind":"event_match","key":"state_key","pattern":""}`,
		`"content":[],"room":[],"sender":[],`,
		`"conditions":[{"kind":"room_member_count","is":"2"},{"kind":"event_match","key":"type","pattern":"m.room.message"}],"actions":["notify",{"set_tweak":"sound","value":"default"}]`,
	} {
		if !strings.Contains(string(all), want) {
			t.Errorf("the set has no %s\n%s", want, all)
		}
	}
	if strings.Contains(string(all), "self") {
		t.Error("the mark for the user's ID reached the outside")
	}
}

func TestPutPlaces(t *testing.T) {
	c := new(Changes)
	put := func(id, before, after string) error {
		return c.Put(KindOverride, Rule{ID: id, Actions: []Action{Notify()}}, before, after)
	}
	for _, step := range []struct{ id, before, after, want string }{
		{"a", "", "", "a"},
		{"b", "", "", "b a"}, // the most important of the user's rules
		{"c", "", "a", "b a c"},
		{"d", "a", "", "b d a c"},
		{"e", "b", "c", "e b d a c"}, // before wins
		{"c", "", "", "e b d a c"},   // a rule replaced stays where it is
		{"c", "e", "", "c e b d a"},
		{"c", "", "c", "c e b d a"}, // relative to itself
		{"c", "", "a", "e b d a c"},
	} {
		if err := put(step.id, step.before, step.after); err != nil {
			t.Fatal(err)
		}
		if got := ids(c.Own.Override); got != step.want {
			t.Errorf("after putting %s before %q after %q: %s, want %s", step.id, step.before, step.after, got, step.want)
		}
	}
	for _, other := range []string{"none", ".m.rule.reaction"} {
		if err := put("a", other, ""); !errors.Is(err, ErrRelative) {
			t.Errorf("before %s: %v", other, err)
		}
		if err := put("z", "", other); !errors.Is(err, ErrRelative) {
			t.Errorf("after %s: %v", other, err)
		}
	}
	if got := ids(c.Own.Override); got != "e b d a c" {
		t.Errorf("a refused rule changed the list to %s", got)
	}
	if set := c.Set(nurse); !strings.HasPrefix(ids(set.Override), ".m.rule.master e b d a c .m.rule.suppress_notices") {
		t.Errorf("own rules stand wrong in %s", ids(set.Override))
	}
}

func TestPutKeepsEnabled(t *testing.T) {
	c := new(Changes)
	r := Rule{ID: "a", Actions: []Action{Notify()}}
	if err := c.Put(KindUnderride, r, "", ""); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Rule(nurse, KindUnderride, "a"); err != nil || !got.Enabled || got.Default {
		t.Errorf("a new rule must be enabled and the user's own: %+v, %v", got, err)
	}
	if err := c.Enable(KindUnderride, "a", false); err != nil {
		t.Fatal(err)
	}
	if err := c.Put(KindUnderride, r, "", ""); err != nil {
		t.Fatal(err)
	}
	if got, _ := c.Rule(nurse, KindUnderride, "a"); got.Enabled {
		t.Error("replacing a rule switched it on")
	}
}

func TestParseRuleRefuses(t *testing.T) {
	many := func(n int, s string) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }
	for _, c := range []struct {
		kind Kind
		id   string
		body string
		want error
	}{
		{KindContent, "a", `{"pattern":"x","actions":["notify"]}`, nil},
		{KindContent, "a", `{"pattern":"x","conditions":[{"kind":"ignored"}],"actions":["notify"]}`, nil},
		{KindOverride, "a", `{"pattern":"ignored","actions":["notify"]}`, nil},
		{KindOverride, "a", `{"conditions":[{"kind":"org.example.mine","spoon":[1,2]}],"actions":[{"set_tweak":"sound","value":"x"}]}`, nil},
		{KindContent, "a", `{"actions":["notify"]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"","actions":["notify"]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":7,"actions":["notify"]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x"}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","actions":null}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","actions":"notify"}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","actions":[7]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","actions":[{}]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","actions":[""]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","actions":[{"set_tweak":"sound"}]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","actions":[{"set_tweak":"highlight","value":"yes"}]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","actions":[` + many(21, `"notify"`) + `]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","pattern":"y","actions":[]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"` + strings.Repeat("x", 513) + `","actions":[]}`, ErrInvalid},
		{KindContent, "a", `{"pattern":"x","actions":[],"junk":"` + strings.Repeat("x", MaxRuleBytes) + `"}`, ErrInvalid},
		{KindContent, "a", `[]`, ErrInvalid}, {KindContent, "a", ``, ErrInvalid},
		{KindContent, ".a", `{"pattern":"x","actions":[]}`, ErrReserved},
		{KindOverride, ".m.rule.master", `{"actions":[]}`, ErrReserved},
		{KindContent, "", `{"pattern":"x","actions":[]}`, ErrInvalid},
		{KindContent, "a/b", `{"pattern":"x","actions":[]}`, ErrInvalid}, {KindContent, `a\b`, `{"pattern":"x","actions":[]}`, ErrInvalid},
		{KindContent, strings.Repeat("a", 513), `{"pattern":"x","actions":[]}`, ErrInvalid},
		{KindRoom, "a", `{"actions":[]}`, ErrInvalid}, {KindRoom, ward, `{"actions":[]}`, nil},
		{KindSender, ward, `{"actions":[]}`, ErrInvalid}, {KindSender, doctor, `{"actions":[]}`, nil},
		{"device", "a", `{"actions":[]}`, ErrInvalid},
		{KindOverride, "a", `{"actions":[],"conditions":[{}]}`, ErrInvalid},
		{KindOverride, "a", `{"actions":[],"conditions":[{"kind":"event_match","key":"type"}]}`, ErrInvalid},
		{KindOverride, "a", `{"actions":[],"conditions":[{"kind":"event_match","pattern":"type"}]}`, ErrInvalid},
		{KindOverride, "a", `{"actions":[],"conditions":[{"kind":"event_property_is","key":"type"}]}`, ErrInvalid},
		{KindOverride, "a", `{"actions":[],"conditions":[{"kind":"event_property_is","key":"type","value":{}}]}`, ErrInvalid},
		{KindOverride, "a", `{"actions":[],"conditions":[{"kind":"event_property_contains","key":"type","value":1.5}]}`, ErrInvalid},
		{KindOverride, "a", `{"actions":[],"conditions":[{"kind":"room_member_count","is":"=2"}]}`, ErrInvalid},
		{KindOverride, "a", `{"actions":[],"conditions":[{"kind":"sender_notification_permission"}]}`, ErrInvalid},
		{KindOverride, "a", `{"actions":[],"conditions":[{"kind":"contains_display_name"}]}`, nil},
		{KindOverride, "a", `{"actions":[],"conditions":[` + many(21, `{"kind":"contains_display_name"}`) + `]}`, ErrInvalid},
	} {
		r, err := ParseRule(c.kind, c.id, []byte(c.body))
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s %q %.90s: %v, want %v", c.kind, c.id, c.body, err, c.want)
		}
		if err != nil {
			continue
		}
		if err := new(Changes).Put(c.kind, r, "", ""); err != nil {
			t.Errorf("%s %q parsed but cannot be put: %v", c.kind, c.id, err)
		}
	}
}

func TestServerRules(t *testing.T) {
	c := new(Changes)
	if err := c.Delete(KindUnderride, ".m.rule.message"); !errors.Is(err, ErrReserved) {
		t.Errorf("deleting a default rule: %v", err)
	}
	for _, err := range []error{
		c.Delete(KindOverride, ".m.rule.message"), c.Enable(KindOverride, "none", true), c.SetActions("junk", ".m.rule.message", nil),
		c.Delete(KindRoom, ward), c.SetActions(KindRoom, ward, nil),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("want %v, got %v", ErrNotFound, err)
		}
	}
	if err := c.Enable(KindUnderride, ".m.rule.message", false); err != nil {
		t.Fatal(err)
	}
	if err := c.SetActions(KindUnderride, ".m.rule.call", []Action{Notify(), Highlight()}); err != nil {
		t.Fatal(err)
	}
	stored, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(stored), "m.room.message") {
		t.Errorf("the defaults themselves were stored: %s", stored)
	}
	read, err := ParseChanges(stored)
	if err != nil {
		t.Fatal(err)
	}
	off, err := read.Rule(nurse, KindUnderride, ".m.rule.message")
	if err != nil || off.Enabled || len(off.Conditions) != 1 {
		t.Errorf("the changed rule came back as %+v, %v", off, err)
	}
	call, _ := read.Rule(nurse, KindUnderride, ".m.rule.call")
	if !call.Enabled || !slices.EqualFunc(call.Actions, []Action{Notify(), Highlight()}, sameAction) {
		t.Errorf("the call rule came back as %+v", call)
	}
	// Back to the standard: nothing is left to store.
	if err := read.Enable(KindUnderride, ".m.rule.message", true); err != nil {
		t.Fatal(err)
	}
	if err := read.SetActions(KindUnderride, ".m.rule.call", []Action{Notify(), Sound("ring")}); err != nil {
		t.Fatal(err)
	}
	if len(read.Defaults) != 0 {
		t.Errorf("differences remain: %+v", read.Defaults)
	}
}

func TestStoredRoundTrip(t *testing.T) {
	c := new(Changes)
	body := `{"conditions":[{"kind":"org.example.mine","spoon":[1,{"a":"b"}],"key":"k"},{"kind":"event_match","key":"content.body","pattern":""}],"actions":["notify",{"set_tweak":"flash","value":{"n":1}}]}`
	r, err := ParseRule(KindOverride, "a", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Put(KindOverride, r, "", ""); err != nil {
		t.Fatal(err)
	}
	stored, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseChanges(stored)
	if err != nil {
		t.Fatal(err)
	}
	again, err := read.JSON()
	if err != nil || string(again) != string(stored) {
		t.Errorf("stored, read and stored again:\n%s\n%s\n%v", stored, again, err)
	}
	if !strings.Contains(string(stored), `"spoon":[1,{"a":"b"}]`) || !strings.Contains(string(stored), `"pattern":""`) {
		t.Errorf("the rule lost members: %s", stored)
	}
	if _, err := ParseChanges([]byte(`{"own":[]}`)); err == nil {
		t.Error("broken changes were read")
	}
	if c, err := ParseChanges(nil); err != nil || len(c.Set(nurse).Override) == 0 {
		t.Errorf("someone without changes: %v", err)
	}
}

func TestBounds(t *testing.T) {
	c := new(Changes)
	for i := range MaxRules {
		if err := c.Put(KindRoom, Rule{ID: fmt.Sprintf("!%d", i)}, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Put(KindRoom, Rule{ID: "!more"}, "", ""); !errors.Is(err, ErrTooMany) {
		t.Errorf("one rule too many: %v", err)
	}
	if err := c.Put(KindRoom, Rule{ID: "!7"}, "", ""); err != nil {
		t.Errorf("replacing one of many: %v", err)
	}
	for i := range MaxBodyPatterns - 1 {
		if err := c.Put(KindContent, Rule{ID: fmt.Sprint(i), Pattern: "x"}, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	search := Rule{ID: "s", Conditions: []Condition{match(bodyKey, "x")}}
	if err := c.Put(KindUnderride, search, "", ""); err != nil {
		t.Fatal(err)
	}
	if err := c.Put(KindOverride, search, "", ""); !errors.Is(err, ErrTooMany) {
		t.Errorf("one search too many: %v", err)
	}
	if len(c.Own.Override) != 0 {
		t.Error("a refused rule was kept")
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add("override", "a", []byte(`{"conditions":[{"kind":"event_match","key":"content.body","pattern":"a*"},{"kind":"x","y":{}}],"actions":["notify",{"set_tweak":"sound","value":"x"}]}`))
	f.Add("content", "b", []byte(`{"pattern":"x?","actions":["dont_notify",{"set_tweak":"highlight"}]}`))
	f.Fuzz(func(t *testing.T, kind, id string, body []byte) {
		r, err := ParseRule(Kind(kind), id, body)
		if err != nil {
			return
		}
		c := new(Changes)
		if err := c.Put(Kind(kind), r, "", ""); err != nil {
			t.Fatalf("a parsed rule was refused: %v", err)
		}
		stored, err := c.JSON()
		if err != nil {
			t.Fatalf("a parsed rule cannot be stored: %v", err)
		}
		read, err := ParseChanges(stored)
		if err != nil {
			t.Fatalf("%s: %v", stored, err)
		}
		if again, err := read.JSON(); err != nil || string(again) != string(stored) {
			t.Fatalf("not the same after reading: %s, %s, %v", stored, again, err)
		}
		Compile(read, nurse).Evaluate(Fold([]byte(message(`{"body":"a b c"}`))), Room{})
	})
}
