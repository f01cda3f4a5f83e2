package pushrules

import (
	"github.com/go-json-experiment/json/jsontext"
)

// selfMark stands in the default rules where the standard says "[the user's Matrix ID]". It holds a character that no
// user ID can, so no rule of a client can mean it by accident.
const selfMark = "\x00self"

// masterRule is the one default rule that goes before the rules of the user.
const masterRule = ".m.rule.master"

// defaults are the rules that every person starts with (client-server API v1.19, "Predefined Rules"), the most important
// first. Changes to them are kept as differences, so a rule added here reaches everyone.
var defaults = Set{
	Override: []Rule{
		{ID: masterRule, Default: true, Conditions: []Condition{}, Actions: []Action{}},
		def(".m.rule.suppress_notices", when(match("content.msgtype", "m.notice"))),
		def(".m.rule.invite_for_me", when(match("type", "m.room.member"), match("content.membership", "invite"),
			match("state_key", selfMark)), Notify(), Sound("default")),
		def(".m.rule.member_event", when(match("type", "m.room.member"))),
		def(".m.rule.is_user_mention", when(contains(`content.m\.mentions.user_ids`, quoted(selfMark))),
			Notify(), Sound("default"), Highlight()),
		def(".m.rule.is_room_mention", when(is(`content.m\.mentions.room`, "true"),
			Condition{Kind: senderPermission, Key: "room"}), Notify(), Highlight()),
		def(".m.rule.tombstone", when(match("type", "m.room.tombstone"), match("state_key", "")), Notify(), Highlight()),
		def(".m.rule.reaction", when(match("type", "m.reaction"))),
		def(".m.rule.room.server_acl", when(match("type", "m.room.server_acl"), match("state_key", ""))),
		def(".m.rule.suppress_edits", when(is(`content.m\.relates_to.rel_type`, `"m.replace"`))),
	},
	Content: []Rule{},
	Room:    []Rule{},
	Sender:  []Rule{},
	Underride: []Rule{
		def(".m.rule.call", when(match("type", "m.call.invite")), Notify(), Sound("ring")),
		def(".m.rule.encrypted_room_one_to_one", when(members("2"), match("type", "m.room.encrypted")), Notify(), Sound("default")),
		def(".m.rule.room_one_to_one", when(members("2"), match("type", "m.room.message")), Notify(), Sound("default")),
		def(".m.rule.message", when(match("type", "m.room.message")), Notify()),
		def(".m.rule.encrypted", when(match("type", "m.room.encrypted")), Notify()),
	},
}

func def(id string, conditions []Condition, actions ...Action) Rule {
	if actions == nil {
		actions = []Action{}
	}
	return Rule{ID: id, Default: true, Enabled: true, Conditions: conditions, Actions: actions}
}

func when(conditions ...Condition) []Condition { return conditions }

func match(key, pattern string) Condition {
	return Condition{Kind: eventMatch, Key: key, Pattern: &pattern}
}

func is(key, value string) Condition {
	return Condition{Kind: propertyIs, Key: key, Value: jsontext.Value(value)}
}

func contains(key string, value jsontext.Value) Condition {
	return Condition{Kind: propertyContains, Key: key, Value: value}
}

func members(is string) Condition { return Condition{Kind: memberCount, Is: is} }

func quoted(s string) jsontext.Value {
	value, _ := jsontext.AppendQuote(nil, s) // a string always quotes; invalid UTF-8 is replaced
	return value
}

// personal is a default rule with the user's ID in the places left for it.
func personal(r Rule, userID string) Rule {
	conditions := make([]Condition, len(r.Conditions))
	for i, c := range r.Conditions {
		switch {
		case c.Pattern != nil && *c.Pattern == selfMark:
			c.Pattern = &userID
		case c.Value != nil && isSelf(c.Value):
			c.Value = quoted(userID)
		}
		conditions[i] = c
	}
	r.Conditions = conditions
	return r
}

func isSelf(value jsontext.Value) bool { return string(value) == string(quoted(selfMark)) }

// defaultRule finds one of the server's own rules, before anyone's changes.
func defaultRule(kind Kind, id string) (Rule, bool) {
	for _, r := range defaults.Of(kind) {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}
