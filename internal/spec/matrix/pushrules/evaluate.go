package pushrules

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/spec/matrix/glob"
)

// DefaultNotifyLevel is the power needed for a kind of notification that m.room.power_levels does not mention.
const DefaultNotifyLevel = 50

// Room is what rules may ask about the room at the time of the event, and about the recipient in it.
type Room struct {
	Members         int              // joined members
	DisplayName     string           // of the recipient in this room; empty for none
	SenderPower     int64            // power level of the event's sender; math.MaxInt64 for a creator whose power is absolute
	NotifyRoomLevel int64            // power needed for @room: notifications.room of m.room.power_levels, by default 50
	NotifyLevels    map[string]int64 // other keys of notifications; a key not in it needs [DefaultNotifyLevel]

	spent int // on patterns, while an event is being evaluated
}

// effortMost bounds what one person's patterns may cost for one event, in steps of [glob.Glob.Effort]: a few milliseconds at
// worst. Thousands of patterns fit in it for a message of a few hundred bytes. What goes beyond matches nothing: otherwise
// whoever writes slow patterns and long messages would hold up everybody's notifications.
const effortMost = 1 << 20

// affords takes the cost of a pattern, if there is enough left.
func (in *Room) affords(g glob.Glob, text string) bool {
	in.spent += g.Effort(len(text))
	return in.spent <= effortMost
}

// Verdict is what the rules say of an event for one person. The zero Verdict is that of an event which no rule matches,
// and of a person's own events: nothing happens.
type Verdict struct {
	Notify    bool
	Highlight bool
	Sound     string         // empty for none
	Tweaks    jsontext.Value // JSON object for a push gateway, all tweaks included; nil when there are none. Read-only.
	Kind      Kind           // of the rule that matched
	RuleID    string         // the rule that matched; empty when none did
}

// Evaluate asks the rules in order and returns what the first that matches says. Events of the person themself never
// notify ("Homeservers MUST NOT notify the Push Gateway for events that the user has sent themselves").
func (r *Ruleset) Evaluate(f *Folded, in Room) Verdict {
	if f.sender == r.user && r.user != "" {
		return Verdict{}
	}
	if found := r.first(r.override, f, &in); found != nil {
		return found.verdict
	}
	if found := r.first(r.content, f, &in); found != nil {
		return found.verdict
	}
	if found := r.rooms[f.roomID]; found != nil {
		return found.verdict
	}
	if found := r.senders[f.sender]; found != nil {
		return found.verdict
	}
	if found := r.first(r.underride, f, &in); found != nil {
		return found.verdict
	}
	return Verdict{}
}

func (r *Ruleset) first(rules []rule, f *Folded, in *Room) *rule {
next:
	for i := range rules {
		for k := range rules[i].conditions {
			if !r.holds(&rules[i].conditions[k], f, in) {
				continue next
			}
		}
		return &rules[i]
	}
	return nil
}

// holds reports whether one condition is true of the event ("Conditions").
func (r *Ruleset) holds(c *condition, f *Folded, in *Room) bool {
	switch c.op {
	case never:
		return false
	case counts:
		return c.low <= in.Members && in.Members <= c.high
	case mayNotify:
		return in.SenderPower >= in.needed(c.text)
	}
	v := c.find(f)
	if v == nil {
		return false
	}
	switch c.op {
	case propertyEquals:
		return v.scalar == c.scalar
	case arrayHolds:
		return v.holds(c.scalar)
	case arrayHoldsSelf:
		return v.holds(scalar{kind: 's', text: r.user})
	}
	return v.kind == 's' && r.matchesText(c, v.lower, in)
}

// matchesText decides the conditions that compare strings without regard to case.
func (r *Ruleset) matchesText(c *condition, lower string, in *Room) bool {
	switch c.op {
	case equals:
		return lower == c.text
	case matches:
		return in.affords(c.glob, lower) && c.glob.Match(lower)
	case bodyMatches:
		return in.affords(c.glob, lower) && c.glob.MatchWords(lower)
	case equalsSelf:
		return lower == r.lower
	case namesMe:
		return in.DisplayName != "" && glob.Literal(strings.ToLower(in.DisplayName)).MatchWords(lower)
	}
	return false
}

func (c *condition) find(f *Folded) *value {
	if c.slot >= 0 {
		return f.known[c.slot]
	}
	return f.root.at(c.names)
}

// needed is the power that a kind of notification takes (m.room.power_levels, notifications).
func (in *Room) needed(key string) int64 {
	if key == "room" {
		return in.NotifyRoomLevel
	}
	if level, ok := in.NotifyLevels[key]; ok {
		return level
	}
	return DefaultNotifyLevel
}
