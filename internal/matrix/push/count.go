package push

import (
	"context"
	"slices"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix/pushrules"
)

// Bounds of counting: how far back a count is worked out anew, how many unread are told apart, how many people's counts
// and folded events are remembered.
const (
	recountMost = 2000
	unreadMost  = 9999
	talliesMost = 200_000
	foldedMost  = 20_000
)

// Count is how much is unread.
type Count struct{ Notify, Highlight int }

// Counts is what somebody has not read in a room: client-server API, "Receiving notifications".
type Counts struct {
	Notify, Highlight         int // in all
	MainNotify, MainHighlight int // of it in no thread
	Threads                   map[string]Count
	Pos                       int64 // position of the last change of these counts
}

// Counter counts what is unread, from receipts and the events since. Nothing of it is stored.
type Counter struct {
	rooms    *room.Rooms
	receipts *receipt.Receipts
	rules    *Rules

	mu      sync.Mutex
	tallies map[tallyKey]*tally

	foldMu sync.RWMutex
	folded map[*room.Event]*pushrules.Folded
}

type tallyKey struct {
	room int64
	user string
}

// tally is what one person has not read in one room, as far as it has been counted.
type tally struct {
	mu      sync.Mutex
	counted int64 // every event up to here has been looked at
	joined  int64 // when they joined; events before do not count
	unread  []unread
	changed int64
	read    int64 // position of the last receipt taken into account
}

// unread is one event that notifies and has not been read.
type unread struct {
	pos       int64
	id        string
	thread    string // receipt.Main or the root
	highlight bool
}

// NewCounter makes a counter.
func NewCounter(rooms *room.Rooms, receipts *receipt.Receipts, rules *Rules) *Counter {
	return &Counter{
		rooms: rooms, receipts: receipts, rules: rules,
		tallies: map[tallyKey]*tally{}, folded: map[*room.Event]*pushrules.Folded{},
	}
}

// Counts gives what somebody has not read in a loaded room. In the steady state it looks at the events since last time,
// and asks no database.
func (c *Counter) Counts(ctx context.Context, user string, l *room.Live) (Counts, error) {
	if l.Membership(user) != "join" {
		c.drop(tallyKey{l.NR, user})
		return Counts{}, nil
	}
	t := c.tally(tallyKey{l.NR, user})
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.joined == 0 {
		joined, err := c.rooms.JoinedSince(ctx, l, user)
		if errs.Is(err, errs.NotFound) {
			return Counts{}, nil
		}
		if err != nil {
			return Counts{}, err
		}
		t.joined, t.counted = joined, joined
	}
	own, err := c.receipts.Of(ctx, l, user)
	if err != nil {
		return Counts{}, err
	}
	if t.counted == t.joined {
		for _, r := range own {
			if r.Thread == "" {
				t.counted = max(t.counted, r.EventPos)
			}
		}
	}
	if last := l.Last(); t.counted < last {
		if err := c.count(ctx, t, user, l, last); err != nil {
			return Counts{}, err
		}
	}
	t.readUpTo(own)
	return t.sum(), nil
}

func (c *Counter) tally(k tallyKey) *tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tallies[k]
	if t == nil {
		if len(c.tallies) >= talliesMost {
			clear(c.tallies)
		}
		t = &tally{}
		c.tallies[k] = t
	}
	return t
}

func (c *Counter) drop(k tallyKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tallies, k)
}

// count looks at the events that have come since last time.
func (c *Counter) count(ctx context.Context, t *tally, user string, l *room.Live, last int64) error {
	events, ok := l.Recent(t.counted, last)
	if !ok {
		back, err := c.rooms.Before(ctx, l, room.Spans{{From: t.counted + 1, To: last}}, last, recountMost)
		if err != nil {
			return err
		}
		slices.Reverse(back)
		events = back
	}
	rules, err := c.rules.Of(ctx, user)
	if err != nil {
		return err
	}
	in := surroundings(l, user)
	for _, ev := range events {
		if ev.RedactedBecause != nil {
			continue
		}
		if ev.Type == "m.room.redaction" {
			t.dismiss(ev.Pos, ev.Pos, func(u unread) bool { return u.id == ev.Redacts })
		}
		thread := threadOf(ev)
		if ev.Sender == user {
			t.dismiss(ev.Pos, ev.Pos, func(u unread) bool { return u.thread == thread })
			continue
		}
		in.SenderPower = l.Levels().User(ev.Sender)
		if v := rules.Evaluate(c.fold(ev), in); v.Notify && len(t.unread) < unreadMost {
			t.unread = append(t.unread, unread{ev.Pos, ev.ID, thread, v.Highlight})
			t.changed = ev.Pos
		}
	}
	t.counted = last
	return nil
}

// surroundings is what the rules ask about a room.
func surroundings(l *room.Live, user string) pushrules.Room {
	joined, _ := l.Counts()
	in := pushrules.Room{Members: joined, NotifyRoomLevel: l.Levels().Notification("room")}
	if me := l.State("m.room.member", user); me != nil {
		in.DisplayName = gjson.GetBytes(me.Content, "displayname").Str
	}
	return in
}

// threadOf is the thread an event counts in. What relates to an event of a thread otherwise counts in the main timeline.
func threadOf(ev *room.Event) string {
	if ev.RelType == "m.thread" {
		return ev.Relates
	}
	return receipt.Main
}

// fold prepares an event for the rules, once for all who receive it.
func (c *Counter) fold(ev *room.Event) *pushrules.Folded {
	c.foldMu.RLock()
	f := c.folded[ev]
	c.foldMu.RUnlock()
	if f != nil {
		return f
	}
	f = pushrules.FoldIn(ev.RoomID, ev.Append(nil, room.Reader{}))
	c.foldMu.Lock()
	defer c.foldMu.Unlock()
	if len(c.folded) >= foldedMost {
		clear(c.folded)
	}
	c.folded[ev] = f
	return f
}

// readUpTo takes away what receipts say has been read: an unthreaded one reads everything up to it, a threaded one what
// is in its thread.
func (t *tally) readUpTo(own []*receipt.Receipt) {
	newest := t.read
	for _, r := range own {
		if r.Pos <= t.read && len(t.unread) == 0 {
			continue
		}
		newest = max(newest, r.Pos)
		t.dismiss(r.EventPos, r.Pos, func(u unread) bool { return r.Thread == "" || u.thread == r.Thread })
	}
	t.read = newest
}

// dismiss takes away the unread at or before a position that which chooses; at is the position of what has done it.
func (t *tally) dismiss(upTo, at int64, which func(unread) bool) {
	kept := t.unread[:0]
	for _, u := range t.unread {
		if u.pos > upTo || !which(u) {
			kept = append(kept, u)
		}
	}
	if len(kept) != len(t.unread) {
		t.changed = max(t.changed, at)
	}
	t.unread = kept
}

func (t *tally) sum() Counts {
	out := Counts{Pos: t.changed}
	for _, u := range t.unread {
		out.Notify++
		n := Count{Notify: 1}
		if u.highlight {
			out.Highlight++
			n.Highlight = 1
		}
		if u.thread == receipt.Main {
			out.MainNotify += n.Notify
			out.MainHighlight += n.Highlight
			continue
		}
		if out.Threads == nil {
			out.Threads = map[string]Count{}
		}
		was := out.Threads[u.thread]
		out.Threads[u.thread] = Count{was.Notify + n.Notify, was.Highlight + n.Highlight}
	}
	return out
}
