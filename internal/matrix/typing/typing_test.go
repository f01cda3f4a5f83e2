package typing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

type scenario struct {
	*roomtest.Ward
	typing *Typing
	l      *room.Live

	mu   sync.Mutex
	list []string
}

// told gives what the listener was told so far.
func (s *scenario) told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}

// during runs a test in time that passes by itself.
func during(t *testing.T, test func(t *testing.T, s *scenario)) {
	synctest.Test(t, func(t *testing.T) {
		w := roomtest.Open(t, storetest.Open(t))
		s := &scenario{Ward: w, typing: New(w.Rooms)}
		s.typing.Listen(func(id string) {
			users, _ := s.typing.In(id)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.list = append(s.list, id+" "+strings.Join(users, ","))
		})
		s.l = w.Room("alice", "bob")
		test(t, s)
	})
}

func (s *scenario) set(t *testing.T, who string, d time.Duration) {
	t.Helper()
	if err := s.typing.Set(ctx, roomtest.Who(who), s.l.ID, roomtest.Who(who).User, d); err != nil {
		t.Fatal(err)
	}
}

func (s *scenario) now(t *testing.T, want ...string) int64 {
	t.Helper()
	users, serial := s.typing.In(s.l.ID)
	for i, w := range want {
		want[i] = roomtest.Who(w).User
	}
	if !slices.Equal(users, want) {
		t.Errorf("typing: %v, want %v", users, want)
	}
	return serial
}

func TestNoticesRunOut(t *testing.T) {
	during(t, func(t *testing.T, s *scenario) {
		if serial := s.now(t); serial != 0 || s.typing.Serial() != 0 {
			t.Errorf("serial %d before anybody has typed", serial)
		}
		s.set(t, "alice", 10*time.Second)
		s.set(t, "bob", 30*time.Second)
		first := s.now(t, "alice", "bob")
		if first < time.Now().UnixMilli() {
			t.Errorf("serial %d lies before the clock", first)
		}
		time.Sleep(9 * time.Second)
		s.set(t, "alice", 10*time.Second) // goes on: no news for anyone
		if serial := s.now(t, "alice", "bob"); serial != first || len(s.told()) != 2 {
			t.Errorf("serial %d, told %d times", serial, len(s.told()))
		}
		time.Sleep(11 * time.Second)
		second := s.now(t, "bob")
		s.set(t, "bob", 0)
		third := s.now(t)
		s.set(t, "bob", 0)
		if first >= second || second >= third || s.typing.Serial() != third || len(s.told()) != 4 {
			t.Errorf("serials %d, %d, %d; told %v", first, second, third, s.told())
		}
		time.Sleep(time.Hour)
		if len(s.told()) != 4 {
			t.Errorf("told %d times", len(s.told()))
		}
	})
}

func TestTimeoutIsBounded(t *testing.T) {
	during(t, func(t *testing.T, s *scenario) {
		api := API{Typing: s.typing}
		put := func(in typingRequest) {
			t.Helper()
			in.Room, in.User = s.l.ID, roomtest.Who("alice").User
			if _, err := api.Set(ctx, roomtest.Who("alice"), in); err != nil {
				t.Fatal(err)
			}
		}
		put(typingRequest{Typing: true, Timeout: 1 << 62})
		time.Sleep(longest - time.Second)
		s.now(t, "alice")
		time.Sleep(2 * time.Second)
		s.now(t)
		put(typingRequest{Typing: true, Timeout: -5})
		time.Sleep(29 * time.Second)
		s.now(t, "alice")
		time.Sleep(2 * time.Second)
		s.now(t)
		put(typingRequest{Typing: true, Timeout: 20_000})
		put(typingRequest{Typing: false, Timeout: 20_000})
		s.now(t)
	})
}

func TestWhoMayNot(t *testing.T) {
	during(t, func(t *testing.T, s *scenario) {
		for _, c := range []struct{ who, user, room string }{
			{"alice", "bob", s.l.ID},
			{"carol", "carol", s.l.ID},
			{"alice", "alice", "!nowhere"},
		} {
			if err := s.typing.Set(ctx, roomtest.Who(c.who), c.room, roomtest.Who(c.user).User, time.Second); !errs.Is(err, errs.Forbidden) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		s.now(t)
	})
}

// TestWhoLeavesStops: nobody types in a room they have left.
func TestWhoLeavesStops(t *testing.T) {
	during(t, func(t *testing.T, s *scenario) {
		s.set(t, "bob", time.Minute)
		if err := s.Leave(ctx, roomtest.Who("bob"), s.l.ID, ""); err != nil {
			t.Fatal(err)
		}
		s.now(t)
		if len(s.told()) != 2 {
			t.Errorf("told %v", s.told())
		}
	})
}

// TestManyRooms: one timer serves all, and still rooms are let go of in the end.
func TestManyRooms(t *testing.T) {
	during(t, func(t *testing.T, s *scenario) {
		for i := range 300 {
			s.typing.set(fmt.Sprint("!", i), "@a:x", time.Duration(1+i%7)*time.Second)
		}
		time.Sleep(8 * time.Second)
		for i := range 300 {
			if users, serial := s.typing.In(fmt.Sprint("!", i)); len(users) != 0 || serial == 0 {
				t.Fatalf("room %d: %v, serial %d", i, users, serial)
			}
		}
		if len(s.told()) != 300 { // set was called below the verb: only the ends are told
			t.Errorf("told %d times", len(s.told()))
		}
		s.set(t, "alice", time.Minute)
		s.typing.mu.Lock()
		defer s.typing.mu.Unlock()
		if _, next := s.typing.sweep(time.Now().Add(still - time.Hour)); !next.IsZero() || len(s.typing.scenes) != 301 {
			t.Errorf("%d rooms are remembered; next notice at %v", len(s.typing.scenes), next)
		}
		if s.typing.sweep(time.Now().Add(still)); len(s.typing.scenes) != 1 {
			t.Errorf("%d rooms are remembered after a day", len(s.typing.scenes)) // alice's notice has just run out
		}
	})
}
