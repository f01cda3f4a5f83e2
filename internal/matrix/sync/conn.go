package sync

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	stdsync "sync"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
)

// Bounds of the sliding connections this node remembers, of everybody and of one device; the ones used longest ago go first.
// A client whose connection is forgotten is told so and starts afresh.
const (
	connsMost     = 50_000
	connsOfDevice = 20
)

type connKey struct{ user, device, id string }

// connections is all sliding connections of this node.
type connections struct {
	mu  stdsync.Mutex
	all map[connKey]*conn
	ids map[connKey][]string // of each device (a key without id), the one begun last at the end
}

// conn is one sliding connection: what its client has been told.
type conn struct {
	serial string        // in every pos: a pos of a forgotten connection is recognised
	busy   chan struct{} // holds one: whoever has taken it writes the response
	hurry  chan struct{} // tells a waiting request that another has come
	used   time.Time

	acked *told // what the client has proved to have had
	last  *told // what the last response told; nil when it is acked
}

// told is what a client has been told with one response.
type told struct {
	number int64
	token  token
	base   *told              // an earlier response that rooms not listed here were last told in
	rooms  map[int64]toldRoom // by room number
	counts map[string]int     // of each list, plus one
}

// toldRoom is how much of one room a client has been told.
type toldRoom struct {
	pos      int64  // events up to here
	wants    string // required state it was told with
	timeline int    // and how many events of the timeline
	joined   bool   // as a room the reader is in
}

func newConnections() *connections {
	return &connections{all: map[connKey]*conn{}, ids: map[connKey][]string{}}
}

func errUnknownPos() error {
	return errs.New(errs.Invalid, "M_UNKNOWN_POS", "This connection is not known any more: start a new one.")
}

// open finds or makes a connection; a request without pos starts it afresh.
func (cs *connections) open(k connKey, pos string) (*conn, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.all[k]
	switch {
	case pos == "":
		if c != nil {
			c.press()
		}
		c = &conn{serial: rand.Text()[:10], busy: make(chan struct{}, 1), hurry: make(chan struct{}, 1), acked: newTold()}
		if len(cs.all) >= connsMost {
			cs.dropOldest()
		}
		cs.begin(k, c)
	case c == nil || !strings.HasPrefix(pos, c.serial+"_"):
		return nil, errUnknownPos()
	default:
		c.press()
	}
	c.used = time.Now()
	return c, nil
}

// begin remembers a connection, in place of the one that its device began longest ago when it has too many. The caller holds
// mu.
func (cs *connections) begin(k connKey, c *conn) {
	cs.drop(k)
	of := connKey{user: k.user, device: k.device}
	if ids := cs.ids[of]; len(ids) >= connsOfDevice {
		cs.drop(connKey{k.user, k.device, ids[0]})
	}
	cs.all[k] = c
	cs.ids[of] = append(cs.ids[of], k.id)
}

// drop forgets a connection. The caller holds mu.
func (cs *connections) drop(k connKey) {
	if cs.all[k] == nil {
		return
	}
	delete(cs.all, k)
	of := connKey{user: k.user, device: k.device}
	if cs.ids[of] = slices.DeleteFunc(cs.ids[of], func(id string) bool { return id == k.id }); len(cs.ids[of]) == 0 {
		delete(cs.ids, of)
	}
}

// dropOldest makes room by forgetting a tenth of the connections. The caller holds mu.
func (cs *connections) dropOldest() {
	var oldest time.Time
	for _, c := range cs.all {
		if oldest.IsZero() || c.used.Before(oldest) {
			oldest = c.used
		}
	}
	cut := oldest.Add(time.Since(oldest) / 10)
	for k, c := range cs.all {
		if !c.used.After(cut) {
			cs.drop(k)
		}
	}
}

// sweep forgets connections not used for a day.
func (cs *connections) sweep(now time.Time) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for k, c := range cs.all {
		if now.Sub(c.used) > 24*time.Hour {
			cs.drop(k)
		}
	}
}

// press asks a request that is waiting on the connection to answer at once.
func (c *conn) press() {
	select {
	case c.hurry <- struct{}{}:
	default:
	}
}

func (c *conn) take(ctx context.Context) error {
	select {
	case c.busy <- struct{}{}:
		select {
		case <-c.hurry: // meant for whoever had it before
		default:
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *conn) give() { <-c.busy }

// arrive takes the pos a client comes back with: it has had the response that carried it, or lost it and asks again.
func (c *conn) arrive(pos string) error {
	if pos == "" {
		return nil
	}
	number, err := strconv.ParseInt(strings.TrimPrefix(pos, c.serial+"_"), 10, 64)
	switch {
	case err != nil:
		return errUnknownPos()
	case c.last != nil && number == c.last.number:
		c.acked, c.last = c.last.settle(), nil
	case number == c.acked.number:
		c.last = nil
	default:
		return errUnknownPos()
	}
	return nil
}

// sent notes what a response has told.
func (c *conn) sent(t *told) { c.last = t }

func (c *conn) appendPos(b []byte, number int64) []byte {
	b = append(append(b, c.serial...), '_')
	return strconv.AppendInt(b, number, 10)
}

func newTold() *told { return &told{rooms: map[int64]toldRoom{}, counts: map[string]int{}} }

// follow begins the next response after what was told so far.
func (t *told) follow(now token) *told {
	return &told{number: t.number + 1, token: now, base: t, rooms: map[int64]toldRoom{}, counts: map[string]int{}}
}

// settle merges what a response told into what was told before it, once it has arrived.
func (t *told) settle() *told {
	base := t.base
	for nr, r := range t.rooms {
		base.rooms[nr] = r
	}
	return &told{number: t.number, token: t.token, rooms: base.rooms, counts: t.counts}
}

// room gives how much of a room the client has had.
func (t *told) room(nr int64) (toldRoom, bool) {
	r, ok := t.rooms[nr]
	return r, ok
}
