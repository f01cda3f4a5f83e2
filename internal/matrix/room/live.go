package room

import (
	"sort"
	"sync"
	"sync/atomic"

	"github.com/wardline/wardline/internal/spec/matrix"
	"github.com/wardline/wardline/internal/spec/matrix/authrules"
)

// StateKey names one piece of a room's state.
type StateKey = authrules.StateKey

// How much of a room's latest timeline is kept in memory: it grows to the upper figure, then is cut to the lower.
const (
	timelineKeep = 100
	timelineMost = 200
)

// Live is a room as this node holds it in memory. What never changes is always there; state and timeline are loaded
// when asked for and let go when memory is short. Methods may be called by many goroutines.
type Live struct {
	NR      int64 // number of the room: the position of its create event
	ID      string
	Version matrix.RoomVersion

	rooms *Rooms
	last  atomic.Int64 // position of the room's last event
	bump  atomic.Int64 // position of the last event worth a look
	used  atomic.Int64 // clock of the last use, for the cache

	// chain serialises the building of events: each names the one before as its parent. Held while a change of state
	// is on its way, so that whatever follows is authorised against it.
	chain sync.Mutex
	tip   *matrix.Event // the last event built, perhaps not yet committed; nil: the head

	mu       sync.RWMutex
	full     *snapshot // nil when not loaded
	loading  chan struct{}
	backlog  []*Event         // committed while loading
	visible  map[string]Spans // what people may read; forgotten when visibility or their membership changes
	dropped  int              // counts what was taken out of visible for another reason than an event
	size     int64
	headLink headLink // the last committed event, what the next one is chained to
}

// headLink is what is needed of an event to append after it.
type headLink struct {
	pos   int64
	id    string
	depth int64
}

// snapshot is the loaded part of a room.
type snapshot struct {
	state    map[StateKey]*Event
	timeline []*Event // ascending; complete after position `after`
	after    int64
	joined   int
	invited  int
	levels   *authrules.Levels
}

// Last is the position of the room's last event.
func (l *Live) Last() int64 { return l.last.Load() }

// Bump is the position of the last event that moves the room to the top of a list (MSC4186, bump_stamp): a message, not a
// change of somebody's name. Before such an event has been seen by this node it is the position of the last event.
func (l *Live) Bump() int64 { return l.bump.Load() }

// bumps are the types of such events.
var bumps = map[string]bool{
	"m.room.create": true, "m.room.message": true, "m.room.encrypted": true, "m.sticker": true, "m.call.invite": true,
	"m.poll.start": true, "m.beacon_info": true,
}

// State gives the current event of a type and state key, or nil. The room must be loaded (see Rooms.Load).
func (l *Live) State(typ, key string) *Event {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.full == nil {
		return nil
	}
	return l.full.state[StateKey{Type: typ, Key: key}]
}

// Membership is somebody's current membership; "leave" for a stranger.
func (l *Live) Membership(user string) string {
	if ev := l.State("m.room.member", user); ev != nil {
		return ev.Membership()
	}
	return "leave"
}

// States gives all current state events, in order of position.
func (l *Live) States() []*Event {
	l.mu.RLock()
	out := make([]*Event, 0, 16)
	if l.full != nil {
		for _, ev := range l.full.state {
			out = append(out, ev)
		}
	}
	l.mu.RUnlock()
	sort.Slice(out, func(i, j int) bool { return out[i].Pos < out[j].Pos })
	return out
}

// Members gives the ids of all people with one of the memberships, in order of id.
func (l *Live) Members(memberships ...string) []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var out []string
	if l.full == nil {
		return out
	}
	for k, ev := range l.full.state {
		if k.Type != "m.room.member" {
			continue
		}
		is := ev.Membership()
		for _, m := range memberships {
			if m == is {
				out = append(out, k.Key)
			}
		}
	}
	sort.Strings(out)
	return out
}

// Counts gives how many people are joined and invited.
func (l *Live) Counts() (joined, invited int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.full == nil {
		return 0, 0
	}
	return l.full.joined, l.full.invited
}

// Levels gives the power levels now in force.
func (l *Live) Levels() *authrules.Levels {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.full == nil {
		return &authrules.Levels{}
	}
	return l.full.levels
}

// Recent gives the events after a position up to another, ascending, if memory holds all of them (ok); the slice is
// shared and must not be changed.
func (l *Live) Recent(after, to int64) (events []*Event, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.full == nil || after < l.full.after {
		return nil, false
	}
	t := l.full.timeline
	i := sort.Search(len(t), func(i int) bool { return t[i].Pos > after })
	j := sort.Search(len(t), func(i int) bool { return t[i].Pos > to })
	return t[i:j:j], true
}

// Latest gives up to n of the last events at or before a position, ascending, if memory holds them (ok): either n of
// them, or all back to the room's creation.
func (l *Live) Latest(n int, to int64) (events []*Event, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.full == nil {
		return nil, false
	}
	t := l.full.timeline
	j := sort.Search(len(t), func(i int) bool { return t[i].Pos > to })
	if j < n && l.full.after >= l.NR {
		return nil, false
	}
	return t[max(0, j-n):j:j], true
}

// apply takes a committed event into the loaded part. Called by the follower, in order of position.
func (l *Live) apply(ev *Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ev.Pos <= l.last.Load() && l.full == nil && l.loading == nil {
		return
	}
	l.last.Store(max(l.last.Load(), ev.Pos))
	if bumps[ev.Type] {
		l.bump.Store(max(l.bump.Load(), ev.Pos))
	}
	if ev.Pos > l.headLink.pos { // a load may have read further than the followers have come
		l.headLink = headLink{ev.Pos, ev.ID, ev.Depth}
	}
	ev.settle()
	l.forgetVisible(ev)
	if l.loading != nil {
		l.backlog = append(l.backlog, ev)
		return
	}
	if l.full != nil {
		before := l.size
		l.size += l.full.add(l, ev)
		l.rooms.cached.Add(l.size - before)
	}
}

// forgetVisible drops what was worked out about who may read, where an event may have changed it.
func (l *Live) forgetVisible(ev *Event) {
	switch {
	case ev.StateKey == nil:
	case ev.Type == "m.room.history_visibility":
		l.visible = nil
	case ev.Type == "m.room.member":
		delete(l.visible, *ev.StateKey)
	}
}

// add applies an event to the snapshot and gives the change of its size in bytes.
func (s *snapshot) add(l *Live, ev *Event) (grown int64) {
	if n := len(s.timeline); n > 0 && ev.Pos <= s.timeline[n-1].Pos {
		return 0
	}
	s.timeline = append(s.timeline, ev)
	grown += ev.Size()
	if len(s.timeline) > timelineMost {
		cut := len(s.timeline) - timelineKeep
		s.after = s.timeline[cut-1].Pos
		for _, old := range s.timeline[:cut] {
			grown -= old.Size()
		}
		// A new slice: readers may still hold the old one.
		s.timeline = append(make([]*Event, 0, timelineMost+1), s.timeline[cut:]...)
	}
	if ev.Type == "m.room.redaction" && ev.StateKey == nil {
		s.redact(l, ev)
	}
	if ev.StateKey == nil {
		return grown
	}
	key := StateKey{Type: ev.Type, Key: *ev.StateKey}
	s.count(s.state[key], -1)
	s.count(ev, 1)
	if old := s.state[key]; old != nil {
		grown -= old.Size()
	}
	s.state[key] = ev
	grown += ev.Size()
	if ev.Type == "m.room.power_levels" || ev.Type == "m.room.create" {
		s.parseLevels(l)
	}
	return grown
}

func (s *snapshot) count(ev *Event, by int) {
	switch ev.Membership() {
	case "join":
		s.joined += by
	case "invite":
		s.invited += by
	}
}

// redact replaces the redacted event wherever the snapshot holds it. The event itself is never changed: whoever is
// writing it out just now keeps the old one.
func (s *snapshot) redact(l *Live, by *Event) {
	for i, ev := range s.timeline {
		if left := ev.after(l.Version, by); left != ev {
			s.timeline = append([]*Event(nil), s.timeline...)
			s.timeline[i] = left
		}
	}
	for k, ev := range s.state {
		if left := ev.after(l.Version, by); left != ev {
			s.state[k] = left
			if k.Type == "m.room.power_levels" {
				s.parseLevels(l)
			}
		}
	}
}

// authState is a room's state as the authorisation rules read it.
type authState map[StateKey]*Event

// Event gives a state event, or nil.
func (s authState) Event(typ, key string) *matrix.Event {
	if ev := s[StateKey{Type: typ, Key: key}]; ev != nil {
		return &ev.Event
	}
	return nil
}

// size is roughly what the snapshot holds in memory, in bytes.
func (s *snapshot) size() (n int64) {
	for _, ev := range s.timeline {
		n += ev.Size()
	}
	for _, ev := range s.state {
		n += ev.Size() + 100
	}
	return n
}

func (s *snapshot) parseLevels(l *Live) {
	s.levels = authrules.LevelsOf(l.Version, authState(s.state))
}
