// Package authrules decides whether an event may enter a room, given the room's state: the authorisation rules of room
// versions 11 and 12, and the power levels they rest on. It is the protocol's law, the same on every server; what a trust
// forbids beyond it (room.Gate) is decided elsewhere, and so is who may see what.
package authrules

import (
	"fmt"
	"strings"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// The event types that the rules read. Rooms, v12, "Authorisation rules".
const (
	typeCreate           = "m.room.create"
	typeMember           = "m.room.member"
	typeJoinRules        = "m.room.join_rules"
	typePowerLevels      = "m.room.power_levels"
	typeThirdPartyInvite = "m.room.third_party_invite"
)

// StateKey is the place of a state event in a room's state.
type StateKey struct{ Type, Key string }

// State is a room's state at some moment. Event is nil when nothing is there; what it returns must not change.
type State interface {
	Event(typ, key string) *matrix.Event
}

// Map is a State in memory.
type Map map[StateKey]*matrix.Event

// Event implements State.
func (m Map) Event(typ, key string) *matrix.Event { return m[StateKey{typ, key}] }

// Denied says which rule refuses an event, and why in words for a person. M_FORBIDDEN.
type Denied struct {
	Version matrix.RoomVersion
	Rule    string // as numbered in the specification of the version: "5.3.2"
	Reason  string // names no one and quotes nothing
}

// Error is the reason and the rule.
func (d *Denied) Error() string {
	return fmt.Sprintf("%s (authorisation rule %s of room version %s)", d.Reason, d.Rule, d.Version)
}

// Check applies every rule but the one on auth_events (2 in version 11, 3 in 12), which is CheckAuthEvents: an event that
// comes from elsewhere is checked several times against different states, and once against its own auth events. That the
// sender's server signed is matrix.Verify's business. The error is a *Denied, or wraps matrix.ErrVersion.
// Rooms, v11 and v12, "Authorisation rules".
func Check(version matrix.RoomVersion, ev *matrix.Event, state State) error {
	return CheckWith(version, ev, state, nil)
}

// CheckWith is Check for a caller that keeps the power levels of the state parsed: parsing them is most of the cost of a
// check. levels must be LevelsOf the same state; nil parses them when they are needed.
func CheckWith(version matrix.RoomVersion, ev *matrix.Event, state State, levels *Levels) error {
	if !version.Known() {
		return fmt.Errorf("%w: %q", matrix.ErrVersion, string(version))
	}
	c := check{version: version, ev: ev, state: state, parsed: levels, create: state.Event(typeCreate, "")}
	if ev.Type == typeCreate {
		return c.createEvent()
	}
	if err := c.room(); err != nil {
		return err
	}
	if ev.Type == typeMember {
		return c.member()
	}
	return c.other()
}

// check is one event before one state. Rules carry two numbers, of version 11 and of version 12, which inserted two.
type check struct {
	version matrix.RoomVersion
	ev      *matrix.Event
	state   State
	create  *matrix.Event
	parsed  *Levels
}

func (c *check) deny(rule11, rule12, reason string) error {
	d := &Denied{Version: c.version, Rule: rule11, Reason: reason}
	if c.version == matrix.V12 {
		d.Rule = rule12
	}
	return d
}

func (c *check) levels() *Levels {
	if c.parsed == nil {
		c.parsed = newLevels(c.version, c.create, c.state.Event(typePowerLevels, ""))
	}
	return c.parsed
}

// membership is a user's current membership, "leave" for one who never was here.
func (c *check) membership(user string) string {
	e := c.state.Event(typeMember, user)
	if e == nil {
		return "leave"
	}
	return e.Membership()
}

// createEvent is rule 1. That a room has one create event, at the empty state key, goes without saying in the
// specification, whose rules see a create event only at the head of a room.
func (c *check) createEvent() error {
	if len(c.ev.PrevEvents) > 0 { // 1.1
		return c.deny("1.1", "1.1", "a create event comes first in its room")
	}
	if c.create != nil && c.create.ID != c.ev.ID || !c.ev.Is(typeCreate, "") {
		return c.deny("1", "1", "a room has one create event")
	}
	if err := c.createRoomID(); err != nil {
		return err
	}
	if v := matrix.Field(c.ev.Content, "room_version"); v != nil { // 1.3
		if name, ok := matrix.Text(v); !ok || !matrix.RoomVersion(name).Known() {
			return c.deny("1.3", "1.3", "the room version is not recognised")
		}
	}
	if c.version.PrivilegedCreators() && !validCreators(matrix.Field(c.ev.Content, "additional_creators")) { // v12 1.4
		return c.deny("", "1.4", "additional_creators is not a list of user ids")
	}
	return nil // v11 1.4, v12 1.5
}

// createRoomID is rule 1.2, which version 12 turned round.
func (c *check) createRoomID() error {
	if c.version.CreateIsRoom() {
		if matrix.Field(c.ev.JSON, "room_id") != nil {
			return c.deny("", "1.2", "a create event carries no room_id")
		}
		return nil
	}
	if matrix.ServerOf(c.ev.RoomID) != matrix.ServerOf(c.ev.Sender) {
		return c.deny("1.2", "", "the room id belongs to another server than its creator")
	}
	return nil
}

// validCreators accepts an absent list, or one of user ids under the grammar that sender is held to.
func validCreators(list []byte) bool {
	if list == nil {
		return true
	}
	for id := range matrix.Elements(list) {
		if s, ok := matrix.Text(id); !ok || !matrix.ValidUserID(s) {
			return false
		}
	}
	return list[0] == '['
}

// room is what binds an event to its room: v11 2.4 and 2.5, v12 2; then v11 3, v12 4.
func (c *check) room() error {
	if c.create == nil {
		return c.deny("2.4", "2", "the room has no create event")
	}
	if c.ev.RoomID != c.create.RoomID { // which version 12 derives from the create event's id
		return c.deny("2.5", "2", "the event belongs to another room")
	}
	if string(matrix.Field(c.create.Content, "m.federate")) == "false" &&
		matrix.ServerOf(c.ev.Sender) != matrix.ServerOf(c.create.Sender) {
		return c.deny("3", "4", "the room is closed to other servers")
	}
	return nil
}

// other is v11 5 to 10, v12 6 to 11: everything that is neither a create event nor a membership.
func (c *check) other() error {
	if c.membership(c.ev.Sender) != "join" { // v11 5, v12 6
		return c.deny("5", "6", "the sender is not in the room")
	}
	sender := c.levels().User(c.ev.Sender)
	if c.ev.Type == typeThirdPartyInvite { // v11 6.1, v12 7.1: allow if and only if
		if sender < c.levels().Invite {
			return c.deny("6.1", "7.1", "the sender may not invite")
		}
		return nil
	}
	if sender < c.levels().Event(c.ev.Type, c.ev.IsState()) { // v11 7, v12 8
		return c.deny("7", "8", "the sender's power level is too low for this type of event")
	}
	if key := c.ev.StateKey; key != nil && strings.HasPrefix(*key, "@") && *key != c.ev.Sender { // v11 8, v12 9
		return c.deny("8", "9", "this state belongs to another user")
	}
	if c.ev.Type == typePowerLevels {
		return c.powerLevels(sender) // v11 9, v12 10
	}
	return nil // v11 10, v12 11
}
