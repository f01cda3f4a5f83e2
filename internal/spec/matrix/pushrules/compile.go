package pushrules

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/spec/matrix/glob"
	"github.com/wardline/wardline/internal/spec/matrix/proppath"
)

// Ruleset is one person's rules, ready to be asked. It is read-only and safe for concurrent use. The rules of a person
// who changed nothing are shared by all such people, and cost a few words each.
type Ruleset struct {
	user      string
	lower     string // user, for comparison without regard to case
	override  []rule
	content   []rule
	rooms     map[string]*rule
	senders   map[string]*rule
	underride []rule
}

// rule is an enabled rule: disabled ones are left out.
type rule struct {
	conditions []condition
	verdict    Verdict
}

// condition is a check with its operands unpacked.
type condition struct {
	op     op
	slot   int      // in Folded.known, or -1
	names  []string // of the property, if it has no slot
	text   string   // lowered text to equal, or the key of a notification level
	glob   glob.Glob
	scalar scalar
	low    int // bounds of a member count, both included
	high   int
}

type op uint8

const (
	never op = iota
	equals
	matches
	bodyMatches
	equalsSelf
	propertyEquals
	arrayHolds
	arrayHoldsSelf
	namesMe
	counts
	mayNotify
)

var compiledDefaults = sync.OnceValue(func() *Ruleset {
	return &Ruleset{override: compileRules(KindOverride, defaults.Override), underride: compileRules(KindUnderride, defaults.Underride)}
})

// Compile prepares the rules of a user; nil changes are those of someone who changed nothing. It keeps no reference to c.
func Compile(c *Changes, userID string) *Ruleset {
	shared := compiledDefaults()
	out := &Ruleset{user: userID, lower: strings.ToLower(userID), override: shared.override, underride: shared.underride}
	if c == nil {
		return out
	}
	if len(c.Own.Override) > 0 || len(c.Defaults) > 0 {
		master, server := c.changed(defaults.Override[0]), defaults.Override[1:]
		out.override = compileRules(KindOverride, slices.Concat([]Rule{master}, c.Own.Override, c.changedAll(server)))
	}
	if len(c.Own.Underride) > 0 || len(c.Defaults) > 0 {
		out.underride = compileRules(KindUnderride, slices.Concat(c.Own.Underride, c.changedAll(defaults.Underride)))
	}
	out.content = compileRules(KindContent, c.Own.Content)
	out.rooms = byID(compileRules(KindRoom, c.Own.Room))
	out.senders = byID(compileRules(KindSender, c.Own.Sender))
	return out
}

func (c *Changes) changedAll(rules []Rule) []Rule {
	out := make([]Rule, len(rules))
	for i, r := range rules {
		out[i] = c.changed(r)
	}
	return out
}

func byID(rules []rule) map[string]*rule {
	if len(rules) == 0 {
		return nil
	}
	m := make(map[string]*rule, len(rules))
	for i := range rules {
		m[rules[i].verdict.RuleID] = &rules[i]
	}
	return m
}

func compileRules(kind Kind, rules []Rule) []rule {
	var out []rule
	for _, r := range rules {
		if !r.Enabled {
			continue
		}
		conditions := make([]condition, 0, len(r.Conditions)+1)
		for _, c := range r.Conditions {
			conditions = append(conditions, compileCondition(c))
		}
		if kind == KindContent {
			pattern := r.Pattern
			conditions = append(conditions, compileCondition(Condition{Kind: eventMatch, Key: bodyKey, Pattern: &pattern}))
		}
		out = append(out, rule{conditions: conditions, verdict: verdictOf(kind, r)})
	}
	return out
}

func compileCondition(c Condition) condition {
	switch c.Kind {
	case eventMatch:
		return compileMatch(c)
	case propertyIs, propertyContains:
		return compileProperty(c)
	case displayName:
		return condition{op: namesMe, slot: bodySlot}
	case memberCount:
		low, high, ok := countRange(c.Is)
		if !ok {
			return condition{op: never}
		}
		return condition{op: counts, low: low, high: high}
	case senderPermission:
		return condition{op: mayNotify, text: c.Key}
	}
	return condition{op: never} // "Unrecognised conditions MUST NOT match any events"
}

func compileMatch(c Condition) condition {
	if c.Pattern == nil || c.Key == "" {
		return condition{op: never}
	}
	out := property(c.Key)
	if *c.Pattern == selfMark {
		out.op = equalsSelf
		return out
	}
	out.glob = glob.Compile(strings.ToLower(*c.Pattern))
	text, literal := out.glob.IsLiteral()
	switch {
	case out.slot == bodySlot:
		out.op = bodyMatches
	case literal:
		out.op, out.text = equals, text
	default:
		out.op = matches
	}
	return out
}

func compileProperty(c Condition) condition {
	s, ok := scalarOf(c.Value)
	if !ok || c.Key == "" {
		return condition{op: never}
	}
	out := property(c.Key)
	out.scalar = s
	switch {
	case c.Kind == propertyIs:
		out.op = propertyEquals
	case s.text == selfMark:
		out.op = arrayHoldsSelf
	default:
		out.op = arrayHolds
	}
	return out
}

// property is a condition that knows where its property is found. Keys are compared by what they name, so that two
// spellings of content.body get the same treatment.
func property(key string) condition {
	names := proppath.Split(key)
	slot := slices.IndexFunc(knownNames[:], func(known []string) bool { return slices.Equal(known, names) })
	return condition{slot: slot, names: names}
}

// countRange reads the `is` of room_member_count into the counts it allows, both ends included.
func countRange(is string) (low, high int, ok bool) {
	digits := strings.TrimLeft(is, "=<>")
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0, 0, false
	}
	count := int(n)
	switch is[:len(is)-len(digits)] {
	case "", "==":
		return count, count, true
	case "<":
		return 0, count - 1, true
	case "<=":
		return 0, count, true
	case ">":
		return count + 1, math.MaxInt, true
	case ">=":
		return count, math.MaxInt, true
	}
	return 0, 0, false
}

// verdictOf reads the actions of a rule. Where a tweak is set twice the later one holds.
func verdictOf(kind Kind, r Rule) Verdict {
	v := Verdict{Kind: kind, RuleID: r.ID}
	var tweaks []Action
	for _, a := range r.Actions {
		switch {
		case a.Name == "notify":
			v.Notify = true
		case a.Tweak != "":
			tweaks = slices.DeleteFunc(tweaks, func(b Action) bool { return a.Tweak == b.Tweak })
			tweaks = append(tweaks, a)
		}
	}
	if !v.Notify {
		return v
	}
	for _, a := range tweaks {
		switch {
		case a.Tweak == "highlight":
			v.Highlight = a.Value == nil || a.Value.Kind() == 't'
		case a.Tweak == "sound":
			_ = json.Unmarshal(a.Value, &v.Sound) // checked when the rule was made; if it is no string there is no sound
		}
	}
	v.Tweaks = tweakObject(tweaks)
	return v
}

// tweakObject is the member "tweaks" of a push notification (push gateway API). A tweak without a value is true, as
// "highlight" is.
func tweakObject(tweaks []Action) jsontext.Value {
	if len(tweaks) == 0 {
		return nil
	}
	out := jsontext.Value{'{'}
	for i, a := range tweaks {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, quoted(a.Tweak)...), ':')
		if a.Value == nil {
			out = append(out, "true"...)
		} else {
			out = append(out, a.Value...)
		}
	}
	return append(out, '}')
}
