// Package filter reads the filters of the client-server API ("Filtering"): the one that sync takes, and its part for room
// events that messages, context and search take. A filter is compiled as it is read, so that asking it about an event
// costs a few comparisons. It knows nothing of storage, and does not decide what a person may see: a filter only ever
// leaves out.
package filter

import (
	"slices"

	"github.com/wardline/wardline/internal/spec/matrix/glob"
)

// Bounds on what a client may ask for.
const (
	MaxBytes   = 65536 // the JSON of a filter
	MaxEntries = 1000  // one list of types, senders or rooms
	maxFields  = 100   // event_fields
	maxText    = 255   // bytes of an identifier or a type
	maxPath    = 512   // bytes of a property path
)

// Filter is a filter as sync takes it. The zero Filter leaves nothing out.
type Filter struct {
	Federation  bool // event_format is "federation": events as servers exchange them; by default the client format
	Fields      *Fields
	Presence    Events
	AccountData Events // of the user, not of a room
	Room        Rooms
}

// Rooms is what a filter says of room data (RoomFilter). Its own choice of rooms goes before those of its parts.
type Rooms struct {
	IncludeLeave bool // also rooms that the user has left
	Ephemeral    Events
	State        Events
	Timeline     Events
	AccountData  Events
	rooms        choice
}

// Match reports whether the room may appear at all.
func (r *Rooms) Match(roomID string) bool { return r.rooms.match(roomID) }

// Named returns the rooms that the filter is limited to, those excluded left out; ok is false if it is not limited. The
// slice is read-only.
func (r *Rooms) Named() (rooms []string, ok bool) { return r.rooms.only() }

// Events is a filter of events (EventFilter and RoomEventFilter). The zero Events, and a nil one, leaves nothing out.
type Events struct {
	LazyLoadMembers           bool // send only the memberships that the events sent make necessary
	IncludeRedundantMembers   bool // send those again that this client already has; only with LazyLoadMembers
	UnreadThreadNotifications bool // count notifications of each thread apart
	RelatedBySenders          []string
	RelatedByRelTypes         []string

	limit   int // 0: none given
	types   typeChoice
	senders choice
	rooms   choice
	url     *bool
}

// Match reports whether the filter lets an event through. hasURL says whether its content has the member "url". What is
// excluded stays excluded even if it is also listed.
func (e *Events) Match(typ, sender, roomID string, hasURL bool) bool {
	return e == nil || e.rooms.match(roomID) && e.match(typ, sender, hasURL)
}

// MatchInRoom is Match for a room that [Events.MatchRoom] has let through already.
func (e *Events) MatchInRoom(typ, sender string, hasURL bool) bool {
	return e == nil || e.match(typ, sender, hasURL)
}

func (e *Events) match(typ, sender string, hasURL bool) bool {
	return (e.url == nil || *e.url == hasURL) && e.senders.match(sender) && e.types.match(typ)
}

// MatchRoom reports whether the filter lets events of this room through at all.
func (e *Events) MatchRoom(roomID string) bool { return e == nil || e.rooms.match(roomID) }

// MatchType reports whether events of this type can pass: a caller need not look for types that cannot.
func (e *Events) MatchType(typ string) bool { return e == nil || e.types.match(typ) }

// Everything reports whether, in a room that passes, all events pass: ready bytes can then be sent without a look at
// each event.
func (e *Events) Everything() bool {
	return e == nil || e.url == nil && e.senders.all() && e.types.all() && !e.AsksRelations()
}

// Limit returns how many events the client asks for: otherwise where it says nothing, and never more than most.
func (e *Events) Limit(otherwise, most int) int {
	if e == nil || e.limit == 0 {
		return min(otherwise, most)
	}
	return min(e.limit, most)
}

// AsksRelations reports whether only events pass that another event relates to (MSC3440, related_by_senders and
// related_by_rel_types). [Events.Match] cannot know; the caller looks through the relations with MatchRelation.
func (e *Events) AsksRelations() bool {
	return e != nil && (len(e.RelatedBySenders) > 0 || len(e.RelatedByRelTypes) > 0)
}

// MatchRelation reports whether a relation of this type by this sender is one that the filter asks for; an event passes if
// any relation to it is.
func (e *Events) MatchRelation(relType, sender string) bool {
	if e == nil {
		return true
	}
	return (len(e.RelatedByRelTypes) == 0 || slices.Contains(e.RelatedByRelTypes, relType)) &&
		(len(e.RelatedBySenders) == 0 || slices.Contains(e.RelatedBySenders, sender))
}

// choice is a pair of lists, of what to include and of what to exclude.
type choice struct {
	some    bool // the list to include is present, perhaps empty
	include set
	exclude set
}

func (c *choice) match(s string) bool {
	return !c.exclude.has(s) && (!c.some || c.include.has(s))
}

func (c *choice) all() bool { return !c.some && c.exclude.empty() }

func (c *choice) only() ([]string, bool) {
	if !c.some {
		return nil, false
	}
	var out []string
	for _, s := range c.include.list {
		if !c.exclude.has(s) {
			out = append(out, s)
		}
	}
	return out, true
}

// set holds strings; the few of an ordinary filter are faster to walk than to hash.
type set struct {
	list  []string
	index map[string]struct{} // only when list is long
}

func setOf(list []string) set {
	s := set{list: list}
	if len(list) > 8 {
		s.index = make(map[string]struct{}, len(list))
		for _, text := range list {
			s.index[text] = struct{}{}
		}
	}
	return s
}

func (s *set) empty() bool { return len(s.list) == 0 }

func (s *set) has(text string) bool {
	if s.index != nil {
		_, ok := s.index[text]
		return ok
	}
	return slices.Contains(s.list, text)
}

// typeChoice is a choice of event types, in which `*` stands for any characters.
type typeChoice struct {
	some    bool
	include types
	exclude types
}

func (c *typeChoice) match(typ string) bool {
	return !c.exclude.match(typ) && (!c.some || c.include.match(typ))
}

func (c *typeChoice) all() bool {
	return c.exclude.exact.empty() && len(c.exclude.globs) == 0 && (!c.some || c.include.any)
}

type types struct {
	any   bool // "*" is among them
	exact set
	globs []glob.Glob
}

func typesOf(patterns []string) types {
	var t types
	var exact []string
	for _, pattern := range patterns {
		g := glob.CompileStar(pattern)
		if text, ok := g.IsLiteral(); ok {
			exact = append(exact, text)
			continue
		}
		t.any = t.any || pattern == "*"
		t.globs = append(t.globs, g)
	}
	t.exact = setOf(exact)
	return t
}

func (t *types) match(typ string) bool {
	if t.any || t.exact.has(typ) {
		return true
	}
	for _, g := range t.globs {
		if g.Match(typ) {
			return true
		}
	}
	return false
}
