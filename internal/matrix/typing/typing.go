// Package typing tells who is writing just now (client-server API, "Typing Notifications"). It lives in memory only:
// what is lost with a node is a few seconds of dots. It keeps nothing and knows nothing of other nodes.
package typing

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Times: how long one notice holds at most; how finely notices run out, so that many of them cost one look together;
// and how long a still room is remembered, for clients that come back with an old token.
const (
	longest = 2 * time.Minute
	grain   = 250 * time.Millisecond
	still   = 24 * time.Hour
)

// Typing is who types where.
type Typing struct {
	rooms  *room.Rooms
	listen []func(roomID string)

	mu     sync.Mutex
	serial int64
	scenes map[string]*scene
	timer  *time.Timer // for the next notice to run out; nil: none is there
	next   time.Time   // when it fires
}

// scene is one room in which somebody has typed since the node started.
type scene struct {
	until  map[string]time.Time
	serial int64
}

// New gives an empty scene.
func New(rooms *room.Rooms) *Typing {
	t := &Typing{rooms: rooms, scenes: map[string]*scene{}}
	rooms.Follow(t.follow)
	return t
}

// Listen registers what is called when who types in a room has changed. Register before the first request. It must be
// quick, and must not call Set.
func (t *Typing) Listen(fn func(roomID string)) { t.listen = append(t.listen, fn) }

// Set says that the caller types for a while, two minutes at most, or (0) has stopped.
func (t *Typing) Set(ctx context.Context, who *audit.Caller, roomID, user string, d time.Duration) error {
	if user != who.User {
		return errs.Forbid("You can only say of yourself that you are typing.")
	}
	if err := who.MayAct(); err != nil {
		return err
	}
	r, err := t.rooms.Open(ctx, who, roomID, room.Belonging)
	if err != nil {
		return err
	}
	if t.set(r.ID, user, min(d, longest)) {
		t.tell(r.ID)
	}
	return nil
}

func (t *Typing) set(roomID, user string, d time.Duration) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.scenes[roomID]
	if s == nil {
		if d <= 0 {
			return false
		}
		s = &scene{until: map[string]time.Time{}}
		t.scenes[roomID] = s
	}
	_, was := s.until[user]
	if d <= 0 {
		delete(s.until, user)
		if was {
			t.mark(s)
		}
		return was
	}
	until := time.Now().Add(d)
	s.until[user] = until
	if !was {
		t.mark(s)
	}
	t.schedule(until)
	return !was
}

// mark gives a scene the next serial: a time in ms, so that a token from before a restart, or from another node, is
// older than what is typed after it. The caller holds mu.
func (t *Typing) mark(s *scene) {
	t.serial = max(t.serial+1, time.Now().UnixMilli())
	s.serial = t.serial
}

// schedule makes sure that the timer fires when a notice runs out. There is one timer for all; a notice that was
// prolonged costs it one look in vain. The caller holds mu.
func (t *Typing) schedule(until time.Time) {
	if t.timer != nil && !until.Before(t.next) {
		return
	}
	if t.timer != nil {
		t.timer.Stop()
	}
	t.next = until
	t.timer = time.AfterFunc(max(time.Until(until), grain), t.expire)
}

// expire ends the notices that have run out, and drops scenes that have long been still.
func (t *Typing) expire() {
	t.mu.Lock()
	changed, next := t.sweep(time.Now())
	t.timer = nil
	if !next.IsZero() {
		t.schedule(next)
	}
	t.mu.Unlock()
	for _, id := range changed {
		t.tell(id)
	}
}

func (t *Typing) sweep(now time.Time) (changed []string, next time.Time) {
	for id, s := range t.scenes {
		before := len(s.until)
		for user, until := range s.until {
			if !until.After(now) {
				delete(s.until, user)
			} else if next.IsZero() || until.Before(next) {
				next = until
			}
		}
		if len(s.until) != before {
			t.mark(s)
			changed = append(changed, id)
		} else if before == 0 && now.UnixMilli()-s.serial > still.Milliseconds() {
			delete(t.scenes, id)
		}
	}
	return changed, next
}

// follow ends the notices of those who leave a room.
func (t *Typing) follow(b store.Batch) {
	for _, c := range b.Changes {
		ev, ok := c.Body.(*room.Event)
		if !ok || ev.StateKey == nil || ev.Type != "m.room.member" || ev.Membership() == "join" {
			continue
		}
		if t.set(ev.RoomID, *ev.StateKey, 0) {
			t.tell(ev.RoomID)
		}
	}
}

func (t *Typing) tell(roomID string) {
	for _, fn := range t.listen {
		fn(roomID)
	}
}

// In gives who types in a room, in order of id, and the serial of the last change there; 0 when nobody has since this
// node started.
func (t *Typing) In(roomID string) (users []string, serial int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.scenes[roomID]
	if s == nil {
		return nil, 0
	}
	for user := range s.until {
		users = append(users, user)
	}
	slices.Sort(users)
	return users, s.serial
}

// Serial is the serial of the last change anywhere.
func (t *Typing) Serial() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.serial
}
