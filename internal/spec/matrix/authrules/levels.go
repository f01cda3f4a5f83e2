package authrules

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// Infinite is the power level of a creator in room version 12: above every level that can be written. Rooms, v12,
// "Authorisation rules".
const Infinite = math.MaxInt64

// Levels is who may do what in a room, parsed once and then only read, from any number of goroutines. Levels that a
// room's power levels do not mention have their defaults. Client-server API, "m.room.power_levels".
type Levels struct {
	Invite, Kick, Ban, Redact int64 // what each of these acts asks for

	usersDefault, eventsDefault, stateDefault int64
	users, events, notifications              map[string]int64
	creators                                  []string // of infinite power; none before version 12
}

// LevelsOf reads the power levels of a state.
func LevelsOf(version matrix.RoomVersion, state State) *Levels {
	return newLevels(version, state.Event(typeCreate, ""), state.Event(typePowerLevels, ""))
}

// newLevels reads levels from the two events that make them, either of which may be nil. An unreadable power levels event
// cannot have passed rule 9 (v12: 10); should one turn up all the same, it locks the room to all but its creators.
func newLevels(version matrix.RoomVersion, create, power *matrix.Event) *Levels {
	l := &Levels{Ban: 50, Kick: 50, Redact: 50, stateDefault: 50}
	if create != nil && version.PrivilegedCreators() {
		l.creators = Creators(version, create)
	} else if create != nil && power == nil {
		l.users = map[string]int64{create.Sender: 100}
	}
	if power != nil && l.parse(power.Content) != nil {
		return &Levels{
			Invite: Infinite, Kick: Infinite, Ban: Infinite, Redact: Infinite,
			eventsDefault: Infinite, stateDefault: Infinite, creators: l.creators,
		}
	}
	return l
}

// Creators lists who created a room: the sender of its create event, and from version 12 on those it names as equals.
func Creators(version matrix.RoomVersion, create *matrix.Event) []string {
	creators := []string{create.Sender}
	if !version.PrivilegedCreators() {
		return creators
	}
	for id := range matrix.Elements(matrix.Field(create.Content, "additional_creators")) {
		if s, ok := matrix.Text(id); ok && !slices.Contains(creators, s) {
			creators = append(creators, s)
		}
	}
	return creators
}

// User is a user's power level; Infinite for a creator in version 12.
func (l *Levels) User(id string) int64 {
	if slices.Contains(l.creators, id) {
		return Infinite
	}
	if level, ok := l.users[id]; ok {
		return level
	}
	return l.usersDefault
}

// Event is the level required to send an event of a type. Server-server API, "Required Power Level". Memberships and
// third-party invites have rules of their own.
func (l *Levels) Event(typ string, isState bool) int64 {
	if level, ok := l.events[typ]; ok {
		return level
	}
	if isState {
		return l.stateDefault
	}
	return l.eventsDefault
}

// Notification is the level required to notify in a special way: "room" for an @room. It defaults to 50.
func (l *Levels) Notification(kind string) int64 {
	if level, ok := l.notifications[kind]; ok {
		return level
	}
	return 50
}

// UsersDefault is the level of a user whom the power levels do not name.
func (l *Levels) UsersDefault() int64 { return l.usersDefault }

// Users lists the users with a level of their own, the creators of version 12 at Infinite.
func (l *Levels) Users() map[string]int64 {
	users := make(map[string]int64, len(l.users)+len(l.creators))
	maps.Copy(users, l.users)
	for _, id := range l.creators {
		users[id] = Infinite
	}
	return users
}

// malformed says which part of rule 9 (v12: 10) a power levels content breaks.
type malformed struct{ rule, reason string }

// The properties that are a level each.
var single = [...]string{"ban", "events_default", "invite", "kick", "redact", "state_default", "users_default"}

func (l *Levels) property(name string) *int64 {
	return [...]*int64{
		&l.Ban, &l.eventsDefault, &l.Invite, &l.Kick, &l.Redact, &l.stateDefault, &l.usersDefault,
	}[slices.Index(single[:], name)]
}

// parse reads a content strictly: integers only, as from room version 10 on. Rules .1 to .3.
func (l *Levels) parse(content []byte) *malformed {
	for _, name := range single { // .1
		value := matrix.Field(content, name)
		if value == nil {
			continue
		}
		level, ok := matrix.Integer(value)
		if !ok {
			return &malformed{".1", name + " is no integer"}
		}
		*l.property(name) = level
	}
	var ok bool
	if l.events, ok = levelMap(matrix.Field(content, "events")); !ok { // .2
		return &malformed{".2", "events holds what is no integer"}
	}
	if l.notifications, ok = levelMap(matrix.Field(content, "notifications")); !ok { // .2
		return &malformed{".2", "notifications holds what is no integer"}
	}
	if users := matrix.Field(content, "users"); users != nil { // .3
		if l.users, ok = levelMap(users); !ok {
			return &malformed{".3", "users holds what is no integer"}
		}
		for id := range l.users {
			if !matrix.ValidUserID(id) {
				return &malformed{".3", "users holds what is no user id"}
			}
		}
	}
	return nil
}

// levelMap reads an object of integers; absent is empty.
func levelMap(object []byte) (map[string]int64, bool) {
	if object == nil {
		return nil, true
	}
	if !matrix.IsObject(object) {
		return nil, false
	}
	levels := make(map[string]int64)
	for key, value := range matrix.Members(object) {
		level, ok := matrix.Integer(value)
		if !ok {
			return nil, false
		}
		levels[keyText(key)] = level
	}
	return levels, true
}

// keyText is what a key means, given as it is written between its quotes.
func keyText(key []byte) string {
	if !strings.Contains(string(key), `\`) {
		return string(key)
	}
	text, _ := matrix.Text(append(append([]byte{'"'}, key...), '"'))
	return text
}

// powerLevels is v11 9, v12 10.
func (c *check) powerLevels(sender int64) error {
	next := new(Levels)
	if bad := next.parse(c.ev.Content); bad != nil { // .1, .2, .3
		return c.deny("9"+bad.rule, "10"+bad.rule, bad.reason)
	}
	if c.version.PrivilegedCreators() { // v12 .4
		for _, creator := range Creators(c.version, c.create) {
			if _, listed := next.users[creator]; listed {
				return c.deny("", "10.4", "a creator of the room has power without being listed")
			}
		}
	}
	now := c.state.Event(typePowerLevels, "")
	if now == nil { // v11 .4, v12 .5
		return nil
	}
	if err := c.singleLevels(now.Content, sender); err != nil {
		return err
	}
	current := c.levels()
	if err := c.thresholds(current.events, next.events, sender); err != nil {
		return err
	}
	if err := c.thresholds(current.notifications, next.notifications, sender); err != nil {
		return err
	}
	return c.userLevels(current.users, next.users, sender)
}

// singleLevels is v11 9.5, v12 10.6. A level that is absent has no value here: its default counts for nothing.
func (c *check) singleLevels(now []byte, sender int64) error {
	for _, name := range single {
		before, had := matrix.Integer(matrix.Field(now, name))
		after, has := matrix.Integer(matrix.Field(c.ev.Content, name))
		if had == has && before == after {
			continue
		}
		if had && before > sender { // .1
			return c.deny("9.5.1", "10.6.1", name+" is above the sender's own power level")
		}
		if has && after > sender { // .2
			return c.deny("9.5.2", "10.6.2", name+" would be above the sender's own power level")
		}
	}
	return nil
}

// thresholds is v11 9.6 and 9.7, v12 10.7 and 10.8: for events and for notifications.
func (c *check) thresholds(now, next map[string]int64, sender int64) error {
	for name, before := range now {
		if after, kept := next[name]; (!kept || after != before) && before > sender {
			return c.deny("9.6.1", "10.7.1", "a level to be changed is above the sender's own power level")
		}
	}
	for name, after := range next {
		if before, had := now[name]; (!had || after != before) && after > sender {
			return c.deny("9.7.1", "10.8.1", "a level would be above the sender's own power level")
		}
	}
	return nil
}

// userLevels is v11 9.8 and 9.9, v12 10.9 and 10.10.
func (c *check) userLevels(now, next map[string]int64, sender int64) error {
	for user, before := range now {
		if after, kept := next[user]; (!kept || after != before) && user != c.ev.Sender && before >= sender {
			return c.deny("9.8.1", "10.9.1", "a user to be changed has the sender's power level or a higher one")
		}
	}
	for user, after := range next {
		if before, had := now[user]; (!had || after != before) && after > sender {
			return c.deny("9.9.1", "10.10.1", "a user would be above the sender's own power level")
		}
	}
	return nil
}
