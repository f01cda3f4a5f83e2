package pushrules

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// ParseRule reads the body of PUT /pushrules/global/{kind}/{ruleId}. Members that do not belong to the kind are left out
// ("Only applicable to …"). The rule is as [Changes.Put] accepts it, or the error is [ErrInvalid] or [ErrReserved].
func ParseRule(kind Kind, id string, body []byte) (Rule, error) {
	if len(body) > MaxRuleBytes {
		return Rule{}, invalid("a rule may have at most %d bytes", MaxRuleBytes)
	}
	var in struct {
		Actions    *[]Action   `json:"actions"`
		Conditions []Condition `json:"conditions"`
		Pattern    *string     `json:"pattern"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return Rule{}, invalid("%v", err)
	}
	if in.Actions == nil {
		return Rule{}, invalid("actions are missing")
	}
	r := Rule{ID: id, Enabled: true}
	switch {
	case kind == KindContent && in.Pattern == nil:
		return Rule{}, invalid("a content rule needs a pattern")
	case kind == KindContent:
		r.Pattern = *in.Pattern
	case kind.conditional():
		r.Conditions = in.Conditions
	}
	var err error
	if r.Actions, err = acceptableActions(*in.Actions); err != nil {
		return Rule{}, err
	}
	r = normal(kind, r)
	return r, new(Changes).acceptable(kind, r)
}

// ParseActions reads the body of PUT …/actions.
func ParseActions(body []byte) ([]Action, error) {
	if len(body) > MaxRuleBytes {
		return nil, invalid("actions may have at most %d bytes", MaxRuleBytes)
	}
	var in struct {
		Actions *[]Action `json:"actions"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, invalid("%v", err)
	}
	if in.Actions == nil {
		return nil, invalid("actions are missing")
	}
	return acceptableActions(*in.Actions)
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// acceptable checks everything about a rule that does not depend on the others.
func (c *Changes) acceptable(kind Kind, r Rule) error {
	if !kind.Known() {
		return invalid("unknown kind %q", clip(string(kind)))
	}
	if err := acceptableID(kind, r.ID); err != nil {
		return err
	}
	if kind == KindContent && (r.Pattern == "" || len(r.Pattern) > maxText) {
		return invalid("a pattern has between 1 and %d bytes", maxText)
	}
	if kind != KindContent && r.Pattern != "" {
		return invalid("only content rules have a pattern")
	}
	if !kind.conditional() && len(r.Conditions) > 0 {
		return invalid("only override and underride rules have conditions")
	}
	if len(r.Conditions) > maxConditions {
		return invalid("at most %d conditions", maxConditions)
	}
	for i, condition := range r.Conditions {
		if err := acceptableCondition(condition); err != nil {
			return fmt.Errorf("%w (condition %d)", err, i+1)
		}
	}
	_, err := acceptableActions(r.Actions)
	return err
}

// acceptableID follows the parameter ruleId of PUT /pushrules/global/{kind}/{ruleId}, and "Push Rules" for the kinds
// whose ID says what they apply to.
func acceptableID(kind Kind, id string) error {
	switch {
	case strings.HasPrefix(id, "."):
		return fmt.Errorf("%w: %s", ErrReserved, clip(id))
	case id == "" || len(id) > maxText:
		return invalid("a rule ID has between 1 and %d bytes", maxText)
	case !utf8.ValidString(id): // it comes from a path, not from JSON
		return invalid("a rule ID is UTF-8 text")
	case strings.ContainsAny(id, `/\`):
		return invalid("a rule ID holds no slash and no backslash")
	case kind == KindRoom && id[0] != '!':
		return invalid("the ID of a room rule is the ID of a room")
	case kind == KindSender && id[0] != '@':
		return invalid("the ID of a sender rule is the ID of a user")
	}
	return nil
}

func acceptableCondition(c Condition) error {
	if c.Kind == "" {
		return invalid("a condition needs a kind")
	}
	if len(c.Kind) > maxText || len(c.Key) > maxText || c.Pattern != nil && len(*c.Pattern) > maxText || len(c.Is) > maxText {
		return invalid("a text in a condition has at most %d bytes", maxText)
	}
	switch c.Kind {
	case eventMatch:
		if c.Key == "" || c.Pattern == nil {
			return invalid("%s needs a key and a pattern", c.Kind)
		}
	case propertyIs, propertyContains:
		if _, ok := scalarOf(c.Value); c.Key == "" || !ok {
			return invalid("%s needs a key and a value that is a string, an integer, a boolean or null", c.Kind)
		}
	case memberCount:
		if _, _, ok := countRange(c.Is); !ok {
			return invalid(`%s needs "is": a number after nothing or one of ==, <, >, <=, >=`, c.Kind)
		}
	case senderPermission:
		if c.Key == "" {
			return invalid("%s needs a key", c.Kind)
		}
	}
	return nil
}

// acceptableActions checks a list of actions and leaves out the historical ones that say nothing.
func acceptableActions(actions []Action) ([]Action, error) {
	if len(actions) > maxActions {
		return nil, invalid("at most %d actions", maxActions)
	}
	for _, a := range actions {
		if err := acceptableAction(a); err != nil {
			return nil, err
		}
	}
	kept := slices.DeleteFunc(slices.Clone(actions), func(a Action) bool {
		return a.Name == "dont_notify" || a.Name == "coalesce" // "Historical Actions"
	})
	if kept == nil {
		kept = []Action{}
	}
	return kept, nil
}

func acceptableAction(a Action) error {
	kind := a.Value.Kind()
	switch {
	case a.Name == "" && a.Tweak == "":
		return invalid(`an action is a name or an object with "set_tweak"`)
	case len(a.Name) > maxText || len(a.Tweak) > maxText:
		return invalid("a text in an action has at most %d bytes", maxText)
	case a.Tweak == "sound" && kind != '"':
		return invalid("the value of the tweak sound is a string")
	case a.Tweak == "highlight" && a.Value != nil && kind != 't' && kind != 'f':
		return invalid("the value of the tweak highlight is true or false")
	}
	return nil
}
