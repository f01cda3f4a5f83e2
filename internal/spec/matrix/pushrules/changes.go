package pushrules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// What the push rule API refuses, and why. Callers turn these into answers; the text around them is fit for a user.
var (
	ErrNotFound = errors.New("the push rule was not found") // 404 M_NOT_FOUND
	ErrInvalid  = errors.New("not a valid push rule")       // 400 M_BAD_JSON, M_INVALID_PARAM
	ErrReserved = errors.New("server-default push rules can be changed but neither made nor deleted")
	ErrRelative = errors.New("before/after rule not found") // 400 M_UNKNOWN
	ErrTooMany  = errors.New("too many push rules")         // 400 M_UNKNOWN
)

// Bounds on what one person may keep: they bound the work that each message costs the server on their behalf.
const (
	MaxRules        = 1000 // rules of one kind
	MaxBodyPatterns = 200  // patterns that search the text of a message, over all kinds
	MaxRuleBytes    = 8192 // the JSON of one rule, and of a list of actions
	maxConditions   = 20
	maxActions      = 20
	maxText         = 512 // bytes of a rule ID, a pattern or a key
)

// Changes is what one person made of the push rules: their own rules, and their differences to the server's. This is
// what is stored; the rules in force are those of the newest defaults with the changes applied. The zero Changes is the
// standard's rules untouched. Methods that change it leave it as it was when they return an error. Not safe for
// concurrent use.
type Changes struct {
	Own      Set              `json:"own"` // the user's rules, most important first
	Defaults map[string]Delta `json:"defaults,omitempty"`
}

// Delta is how a person changed one of the server's rules; what is nil follows the default.
type Delta struct {
	Enabled *bool     `json:"enabled,omitzero"`
	Actions *[]Action `json:"actions,omitzero"`
}

// ParseChanges reads what [Changes.JSON] wrote.
func ParseChanges(data []byte) (*Changes, error) {
	c := new(Changes)
	if len(data) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("pushrules: stored changes: %w", err)
	}
	for _, kind := range Kinds() {
		for i, r := range c.Own.Of(kind) {
			c.Own.Of(kind)[i] = normal(kind, r)
		}
	}
	return c, nil
}

// JSON is the form in which changes are stored.
func (c *Changes) JSON() ([]byte, error) { return json.Marshal(c, json.Deterministic(true)) }

// normal restores what JSON leaves open: which lists are present.
func normal(kind Kind, r Rule) Rule {
	if r.Actions == nil {
		r.Actions = []Action{}
	}
	if kind.conditional() && r.Conditions == nil {
		r.Conditions = []Condition{}
	}
	return r
}

// Set returns all rules in force for the user: for each kind the user's own before the server's, except the master rule,
// which precedes everything.
func (c *Changes) Set(userID string) Set {
	var all Set
	for _, kind := range Kinds() {
		rules := make([]Rule, 0, len(c.Own.Of(kind))+len(defaults.Of(kind)))
		server := defaults.Of(kind)
		if kind == KindOverride {
			rules = append(rules, c.changed(personal(server[0], userID)))
			server = server[1:]
		}
		rules = append(rules, c.Own.Of(kind)...)
		for _, r := range server {
			rules = append(rules, c.changed(personal(r, userID)))
		}
		*all.list(kind) = rules
	}
	return all
}

// changed applies the user's difference to a default rule.
func (c *Changes) changed(r Rule) Rule {
	d := c.Defaults[r.ID]
	if d.Enabled != nil {
		r.Enabled = *d.Enabled
	}
	if d.Actions != nil {
		r.Actions = *d.Actions
	}
	return r
}

// Rule returns one rule in force for the user, or [ErrNotFound].
func (c *Changes) Rule(userID string, kind Kind, id string) (Rule, error) {
	if r, ok := defaultRule(kind, id); ok {
		return c.changed(personal(r, userID)), nil
	}
	if i := c.find(kind, id); i >= 0 {
		return c.Own.Of(kind)[i], nil
	}
	return Rule{}, fmt.Errorf("%w: %s", ErrNotFound, clip(id))
}

func (c *Changes) find(kind Kind, id string) int {
	return slices.IndexFunc(c.Own.Of(kind), func(r Rule) bool { return r.ID == id })
}

// Put adds a rule, or replaces one of the same ID, which keeps its place and whether it is enabled. before and after are
// IDs of the user's own rules of the same kind, empty where not given: the rule goes directly before or after that one,
// and before wins. Without either a new rule becomes the most important of the user's (PUT /pushrules/global/{kind}/{ruleId}).
func (c *Changes) Put(kind Kind, r Rule, before, after string) error {
	if err := c.acceptable(kind, r); err != nil {
		return err
	}
	r.Default, r.Enabled = false, true
	r = normal(kind, r)
	rules := slices.Clone(c.Own.Of(kind))
	old := c.find(kind, r.ID)
	if old >= 0 {
		r.Enabled = rules[old].Enabled
		rules = slices.Delete(rules, old, old+1)
	}
	at, err := place(rules, r.ID, before, after, max(old, 0))
	if err != nil {
		return err
	}
	rules = slices.Insert(rules, at, r)
	if len(rules) > MaxRules {
		return fmt.Errorf("%w: at most %d of a kind", ErrTooMany, MaxRules)
	}
	next := c.Own
	*next.list(kind) = rules
	if searches(next) > MaxBodyPatterns {
		return fmt.Errorf("%w: at most %d that search the text of messages", ErrTooMany, MaxBodyPatterns)
	}
	c.Own = next
	return nil
}

// place says at which index of rules the rule goes; rules no longer hold it.
func place(rules []Rule, id, before, after string, otherwise int) (int, error) {
	other, offset := before, 0
	if before == "" {
		other, offset = after, 1
	}
	if other == "" || other == id {
		return otherwise, nil
	}
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == other })
	if i < 0 {
		return 0, fmt.Errorf("%w: %s", ErrRelative, clip(other))
	}
	return i + offset, nil
}

// searches counts the patterns that are looked for in the text of a message.
func searches(s Set) int {
	n := len(s.Content)
	for _, rules := range [][]Rule{s.Override, s.Underride} {
		for _, r := range rules {
			for _, c := range r.Conditions {
				if c.Kind == eventMatch && c.Key == bodyKey {
					n++
				}
			}
		}
	}
	return n
}

// Delete removes one of the user's rules (DELETE /pushrules/global/{kind}/{ruleId}). The server's own cannot be deleted.
func (c *Changes) Delete(kind Kind, id string) error {
	if _, ok := defaultRule(kind, id); ok {
		return fmt.Errorf("%w: %s", ErrReserved, id)
	}
	i := c.find(kind, id)
	if i < 0 {
		return fmt.Errorf("%w: %s", ErrNotFound, clip(id))
	}
	*c.Own.list(kind) = slices.Delete(slices.Clone(c.Own.Of(kind)), i, i+1)
	return nil
}

// Enable switches a rule on or off, one of the server's too (PUT …/enabled).
func (c *Changes) Enable(kind Kind, id string, enabled bool) error {
	if r, ok := defaultRule(kind, id); ok {
		c.setDelta(id, func(d *Delta) {
			if d.Enabled = &enabled; enabled == r.Enabled {
				d.Enabled = nil
			}
		})
		return nil
	}
	return c.edit(kind, id, func(r *Rule) { r.Enabled = enabled })
}

// SetActions replaces what a rule does, one of the server's too (PUT …/actions).
func (c *Changes) SetActions(kind Kind, id string, actions []Action) error {
	actions, err := acceptableActions(actions)
	if err != nil {
		return err
	}
	if r, ok := defaultRule(kind, id); ok {
		c.setDelta(id, func(d *Delta) {
			if d.Actions = &actions; slices.EqualFunc(actions, r.Actions, sameAction) {
				d.Actions = nil
			}
		})
		return nil
	}
	return c.edit(kind, id, func(r *Rule) { r.Actions = actions })
}

func (c *Changes) edit(kind Kind, id string, change func(*Rule)) error {
	i := c.find(kind, id)
	if i < 0 {
		return fmt.Errorf("%w: %s", ErrNotFound, clip(id))
	}
	rules := slices.Clone(c.Own.Of(kind))
	change(&rules[i])
	*c.Own.list(kind) = rules
	return nil
}

// setDelta changes the difference to one default rule, and forgets it when it is none. The map is copied first, because
// a compiled copy of these changes may be read elsewhere.
func (c *Changes) setDelta(id string, change func(*Delta)) {
	next := make(map[string]Delta, len(c.Defaults)+1)
	for k, d := range c.Defaults {
		next[k] = d
	}
	d := next[id]
	change(&d)
	if next[id] = d; d == (Delta{}) {
		delete(next, id)
	}
	c.Defaults = next
}

func sameAction(a, b Action) bool {
	return a.Name == b.Name && a.Tweak == b.Tweak && string(a.Value) == string(b.Value)
}

// clip keeps an error readable when the ID in it is not.
func clip(id string) string {
	if len(id) > 100 {
		id = id[:100] + "…"
	}
	return strings.ToValidUTF8(id, "\uFFFD")
}
