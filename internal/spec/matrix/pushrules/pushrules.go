// Package pushrules decides whether an event notifies a person, and how (client-server API, "Push Rules"): the rules of
// the standard, what a person changed of them, and their evaluation, fast enough for an event with thousands of
// recipients. A person's rules are compiled once, an event is folded once, and putting the two together allocates
// nothing. It is not the delivery of pushes, keeps no counts and stores nothing.
package pushrules

import (
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Kind is one of the five lists of rules, in the order in which they are asked.
type Kind string

// The kinds, the most important first.
const (
	KindOverride  Kind = "override"
	KindContent   Kind = "content"
	KindRoom      Kind = "room"
	KindSender    Kind = "sender"
	KindUnderride Kind = "underride"
)

// Kinds lists every kind in the order in which rules are asked.
func Kinds() []Kind { return []Kind{KindOverride, KindContent, KindRoom, KindSender, KindUnderride} }

// Known reports whether k is one of the five kinds.
func (k Kind) Known() bool { return slices.Contains(Kinds(), k) }

// conditional reports whether rules of this kind carry conditions.
func (k Kind) conditional() bool { return k == KindOverride || k == KindUnderride }

// Rule is one push rule in the shape of the standard (PushRule). Conditions are non-nil exactly for the kinds that have
// them (override and underride), so that an empty list is written as one.
type Rule struct {
	ID         string      `json:"rule_id"`
	Default    bool        `json:"default"` // one of the server's own, whose ID begins with a dot
	Enabled    bool        `json:"enabled"`
	Conditions []Condition `json:"conditions,omitzero"`
	Pattern    string      `json:"pattern,omitzero"` // only of content rules
	Actions    []Action    `json:"actions"`
}

// Condition is one condition of an override or underride rule (PushCondition). A kind that Wardline does not know is kept
// as the client wrote it, and never matches.
type Condition struct {
	Kind    string         `json:"kind"`
	Key     string         `json:"key,omitzero"`     // dotted property path, or the name of a notification level
	Pattern *string        `json:"pattern,omitzero"` // of event_match; may be the empty string
	Is      string         `json:"is,omitzero"`      // of room_member_count, such as "2" or "<=10"
	Value   jsontext.Value `json:"value,omitzero"`   // of event_property_is and event_property_contains: a scalar
	Other   jsontext.Value `json:",embed"`           // members of kinds unknown to us
}

// The condition kinds of the standard ("Conditions").
const (
	eventMatch       = "event_match"
	propertyIs       = "event_property_is"
	propertyContains = "event_property_contains"
	displayName      = "contains_display_name"
	memberCount      = "room_member_count"
	senderPermission = "sender_notification_permission"
)

// Action is what a matching rule does: a bare name such as "notify", or a tweak with its value.
type Action struct {
	Name  string         // of an action without parameters; empty for a tweak
	Tweak string         // name of the tweak to set: "sound", "highlight" or one that client and gateway agreed on
	Value jsontext.Value // of the tweak; nil where none was given
}

// Notify is the action that makes a notification of an event.
func Notify() Action { return Action{Name: "notify"} }

// Sound is the action that plays a sound with the notification; "default" and "ring" are the standard's names.
func Sound(name string) Action {
	value, _ := jsontext.AppendQuote(nil, name) // a string always quotes; invalid UTF-8 is replaced
	return Action{Tweak: "sound", Value: value}
}

// Highlight is the action that shows the message highlighted.
func Highlight() Action { return Action{Tweak: "highlight"} }

// tweak is the object form of an action.
type tweak struct {
	Name  string         `json:"set_tweak"`
	Value jsontext.Value `json:"value,omitzero"`
}

// MarshalJSONTo writes the action as the standard does: a string, or an object with set_tweak.
func (a Action) MarshalJSONTo(enc *jsontext.Encoder) error {
	if a.Tweak == "" {
		return enc.WriteToken(jsontext.String(a.Name))
	}
	return json.MarshalEncode(enc, tweak{a.Tweak, a.Value})
}

// UnmarshalJSONFrom reads either form of an action.
func (a *Action) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		*a = Action{Name: token.String()}
		return nil
	}
	var t tweak
	if err := json.UnmarshalDecode(dec, &t); err != nil {
		return err
	}
	*a = Action{Tweak: t.Name, Value: t.Value}
	return nil
}

// Set is all the rules of a person in the shape of the standard (Ruleset): the most important rule of each kind first,
// the server's own rules included. Clients read it from GET /pushrules/ and from the account data m.push_rules, both
// times as the member "global" (see [Global]).
type Set struct {
	Override  []Rule `json:"override"`
	Content   []Rule `json:"content"`
	Room      []Rule `json:"room"`
	Sender    []Rule `json:"sender"`
	Underride []Rule `json:"underride"`
}

// Global is the answer of GET /pushrules/ and the content of m.push_rules.
type Global struct {
	Global Set `json:"global"`
}

// Of returns the rules of one kind; nil for an unknown kind.
func (s *Set) Of(kind Kind) []Rule {
	if list := s.list(kind); list != nil {
		return *list
	}
	return nil
}

func (s *Set) list(kind Kind) *[]Rule {
	switch kind {
	case KindOverride:
		return &s.Override
	case KindContent:
		return &s.Content
	case KindRoom:
		return &s.Room
	case KindSender:
		return &s.Sender
	case KindUnderride:
		return &s.Underride
	}
	return nil
}
