// Package typing tells who is writing just now (client-server API, "Typing Notifications"). It lives in memory only:
// what is lost with a node is a few seconds of dots.
package typing

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// longest is how long one notice holds at most.
const longest = 2 * time.Minute

// Typing is who types where.
type Typing struct {
	rooms  *room.Rooms
	listen []func(roomID string)

	mu     sync.Mutex
	serial int64
	typing map[string]*scene
	timer  *time.Timer // for the next notice to run out
}

// scene is one room in which somebody has typed since the node started.
type scene struct {
	until  map[string]time.Time
	serial int64
}

// New gives an empty scene.
func New(rooms *room.Rooms) *Typing {
	return &Typing{rooms: rooms, typing: map[string]*scene{}}
}

// Listen registers what is called when who types in a room has changed. Register before the first request.
func (t *Typing) Listen(fn func(roomID string)) { t.listen = append(t.listen, fn) }

// Set says that the caller types for a while, or (0) has stopped.
func (t *Typing) Set(ctx context.Context, who *audit.Caller, roomID, user string, d time.Duration) error {
	if user != who.User {
		return errs.Forbid("You can only say of yourself that you are typing.")
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
	s := t.typing[roomID]
	if s == nil {
		if d <= 0 {
			return false
		}
		s = &scene{until: map[string]time.Time{}}
		t.typing[roomID] = s
	}
	_, was := s.until[user]
	if d <= 0 {
		delete(s.until, user)
		if was {
			t.mark(s)
		}
		return was
	}
	s.until[user] = time.Now().Add(d)
	if !was {
		t.mark(s)
	}
	t.schedule()
	return !was
}

// mark gives a scene the next serial: a time in ms, so that a token from before a restart, or from another node, is
// older than what is typed after it. The caller holds mu.
func (t *Typing) mark(s *scene) {
	t.serial = max(t.serial+1, time.Now().UnixMilli())
	s.serial = t.serial
}

// schedule sets the timer for the next notice to run out. The caller holds mu.
func (t *Typing) schedule() {
	var next time.Time
	for _, s := range t.typing {
		for _, until := range s.until {
			if next.IsZero() || until.Before(next) {
				next = until
			}
		}
	}
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	if !next.IsZero() {
		t.timer = time.AfterFunc(time.Until(next), t.expire)
	}
}

// expire ends the notices that have run out, and drops scenes that have long been still.
func (t *Typing) expire() {
	now := time.Now()
	var changed []string
	t.mu.Lock()
	for id, s := range t.typing {
		before := len(s.until)
		for user, until := range s.until {
			if !until.After(now) {
				delete(s.until, user)
			}
		}
		if len(s.until) != before {
			t.mark(s)
			changed = append(changed, id)
		} else if before == 0 && now.UnixMilli()-s.serial > time.Hour.Milliseconds() {
			delete(t.typing, id)
		}
	}
	t.schedule()
	t.mu.Unlock()
	for _, id := range changed {
		t.tell(id)
	}
}

func (t *Typing) tell(roomID string) {
	for _, fn := range t.listen {
		fn(roomID)
	}
}

// In gives who types in a room, and the serial of the last change there; 0 when nobody has since this node started.
func (t *Typing) In(roomID string) (users []string, serial int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.typing[roomID]
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
