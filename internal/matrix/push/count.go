package push

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix/pushrules"
)

// Bounds of counting: how far back a count is worked out anew, how many unread are told apart in a room, how many
// counts, unread and folded events are remembered.
const (
	recountMost = 1000
	unreadMost  = 1000
	talliesMost = 200_000
	heldMost    = 2_000_000
	foldedMost  = 4096
)

// Counter counts what is unread, from receipts and the events since. Nothing of it is stored.
type Counter struct {
	rooms    *room.Rooms
	receipts *receipt.Receipts
	rules    *Rules
	tallies  *generations[tallyKey, *tally]
	held     atomic.Int64 // unread events told apart since the last generation of tallies began
	folded   *generations[int64, *pushrules.Folded]
}

type tallyKey struct {
	room int64
	user string
}

// NewCounter makes a counter.
func NewCounter(rooms *room.Rooms, receipts *receipt.Receipts, rules *Rules) *Counter {
	return &Counter{
		rooms: rooms, receipts: receipts, rules: rules,
		tallies: newGenerations[tallyKey, *tally](talliesMost), folded: newGenerations[int64, *pushrules.Folded](foldedMost),
	}
}

// Counts gives what somebody has not read in a room. In the steady state it looks at the events since last time, and
// asks no database. Who is not joined has nothing unread.
func (c *Counter) Counts(ctx context.Context, user string, l *room.Live) (Counts, error) {
	t, err := c.current(ctx, user, l)
	if err != nil || t == nil {
		return Counts{}, err
	}
	defer t.mu.Unlock()
	return t.counts(), nil
}

// Unread reports whether an event notified somebody who is joined, and has not been read since.
func (c *Counter) Unread(ctx context.Context, user string, l *room.Live, pos int64) (bool, error) {
	t, err := c.current(ctx, user, l)
	if err != nil || t == nil {
		return false, err
	}
	defer t.mu.Unlock()
	return t.has(pos), nil
}

// current gives a tally counted up to now, and locked; nil for who is not joined.
func (c *Counter) current(ctx context.Context, user string, l *room.Live) (*tally, error) {
	if err := c.rooms.Load(ctx, l); err != nil {
		return nil, err
	}
	k := tallyKey{l.NR, user}
	if l.Membership(user) != "join" {
		c.tallies.drop(k)
		return nil, nil
	}
	t, known := c.tallies.find(k)
	if !known {
		t = c.tallies.keep(k, &tally{})
	}
	t.mu.Lock()
	before := len(t.unread)
	err := c.bring(ctx, t, user, l)
	if c.held.Add(int64(len(t.unread)-before)) > heldMost {
		c.held.Store(0)
		c.tallies.age()
	}
	if err != nil || t.out {
		t.mu.Unlock()
		return nil, err
	}
	return t, nil
}

// bring brings a tally up to now.
func (c *Counter) bring(ctx context.Context, t *tally, user string, l *room.Live) error {
	// Before Last: no receipt looked at here is for an event that is not counted here too.
	own, err := c.receipts.Of(ctx, l, user)
	if err != nil {
		return err
	}
	if !t.begun {
		if err := c.begin(ctx, t, user, l, own); err != nil {
			return err
		}
	}
	if last := l.Last(); t.counted < last {
		if err := c.count(ctx, t, user, l, last); err != nil {
			return err
		}
	}
	t.readUpTo(own)
	return nil
}

// begin finds where counting begins: at the person's joining, or where they have read up to since.
func (c *Counter) begin(ctx context.Context, t *tally, user string, l *room.Live, own []*receipt.Receipt) error {
	read := int64(0)
	for _, r := range own {
		t.changed = max(t.changed, r.Pos) // counts may have changed then, before we began to look
		if r.Thread == "" {
			read = max(read, r.EventPos)
		}
	}
	if me := l.State("m.room.member", user); me != nil && me.Pos <= read {
		t.begun, t.counted = true, read
		return nil
	}
	joined, err := c.rooms.JoinedSince(ctx, l, user)
	if errs.Is(err, errs.NotFound) { // has left this moment: count will see it
		joined, err = l.Last(), nil
		t.out = true
	}
	if err != nil {
		return err
	}
	t.begun, t.counted = true, max(joined, read)
	return nil
}

// count looks at the events that have come since last time.
func (c *Counter) count(ctx context.Context, t *tally, user string, l *room.Live, last int64) error {
	events, inMemory := l.Recent(t.counted, last)
	if !inMemory {
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
		if err := c.look(ctx, t, user, ev, rules, &in); err != nil {
			return err
		}
		t.counted = ev.Pos // an error later does not have this one counted twice
	}
	t.counted = last
	return nil
}

// look takes one event into a tally.
func (c *Counter) look(ctx context.Context, t *tally, user string, ev *room.Event, rules *pushrules.Ruleset, in *pushrules.Room) error {
	switch {
	case ev.Is("m.room.member", user):
		t.moved(ev)
		return nil
	case t.out || ev.RedactedBecause != nil:
		return nil
	case ev.Type == "m.room.redaction" && ev.StateKey == nil:
		t.dismiss(ev.Pos, func(u unread) bool { return u.id == ev.Redacts })
	}
	if ev.Sender == user {
		// Who writes has read what came before, there. Changes of state do not count: some the server makes in their name.
		if ev.StateKey != nil || len(t.unread) == 0 {
			return nil
		}
		thread, err := c.receipts.ThreadOf(ctx, ev.Room, ev)
		if err == nil {
			t.dismiss(ev.Pos, func(u unread) bool { return u.thread == thread })
		}
		return err
	}
	v := c.verdict(ctx, user, ev, rules, in)
	if !v.Notify {
		return nil
	}
	thread, err := c.receipts.ThreadOf(ctx, ev.Room, ev)
	if err == nil {
		t.add(unread{ev.Pos, ev.ID, thread, v.Highlight})
	}
	return err
}

// moved takes in a change of the person's own membership: what they missed while they were out is not unread.
func (t *tally) moved(ev *room.Event) {
	if t.out = ev.Membership() != "join"; t.out {
		t.dismiss(ev.Pos, func(unread) bool { return true })
	}
}

// verdict puts an event to somebody's rules. What the ignored send never notifies ("Ignoring Users").
func (c *Counter) verdict(ctx context.Context, user string, ev *room.Event, rules *pushrules.Ruleset, in *pushrules.Room) pushrules.Verdict {
	in.SenderPower = ev.Room.Levels().User(ev.Sender)
	v := rules.Evaluate(c.fold(ev), *in)
	if v.Notify && c.rules.keep.Ignores(ctx, user, ev.Sender) {
		return pushrules.Verdict{}
	}
	return v
}

// surroundings is what the rules ask about a room and the person in it.
func surroundings(l *room.Live, user string) pushrules.Room {
	joined, _ := l.Counts()
	in := pushrules.Room{Members: joined, NotifyRoomLevel: l.Levels().Notification("room")}
	if me := l.State("m.room.member", user); me != nil {
		in.DisplayName = gjson.GetBytes(me.Content, "displayname").Str
	}
	return in
}

// fold prepares an event for the rules, once for all who receive it.
func (c *Counter) fold(ev *room.Event) *pushrules.Folded {
	if f, ok := c.folded.find(ev.Pos); ok {
		return f
	}
	return c.folded.keep(ev.Pos, pushrules.FoldIn(ev.RoomID, ev.Append(nil, room.Reader{})))
}
