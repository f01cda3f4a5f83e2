package push

import (
	"slices"
	"sync"

	"github.com/wardline/wardline/internal/matrix/receipt"
)

// Count is how much is unread.
type Count struct{ Notify, Highlight int }

// Counts is what somebody has not read in a room: client-server API, "Receiving notifications". Do not change Threads.
type Counts struct {
	Notify, Highlight         int // in all
	MainNotify, MainHighlight int // of it in no thread
	Threads                   map[string]Count
	Pos                       int64 // position of the last change of these counts
}

// tally is what one person has not read in one room, as far as it has been counted.
type tally struct {
	mu      sync.Mutex
	begun   bool
	out     bool  // not a member at position `counted`
	counted int64 // every event up to here has been looked at
	read    int64 // position of the last receipt taken into account
	unread  []unread
	changed int64
	sum     *Counts // of unread; nil: to be added up
}

// unread is one event that notifies and has not been read.
type unread struct {
	pos       int64
	id        string
	thread    string // receipt.Main or the root
	highlight bool
}

// add takes in an event that notifies. Of very many the oldest are forgotten: the count stays at the bound.
func (t *tally) add(u unread) {
	if len(t.unread) >= unreadMost {
		t.unread = append(t.unread[:0], t.unread[1:]...)
	}
	t.unread = append(t.unread, u)
	t.changed, t.sum = u.pos, nil
}

// readUpTo takes away what new receipts say has been read. An event counted later lies beyond every receipt seen so
// far, so each receipt is looked at once.
func (t *tally) readUpTo(own []*receipt.Receipt) {
	newest := t.read
	for _, r := range own {
		if r.Pos <= t.read {
			continue
		}
		newest = max(newest, r.Pos)
		t.dismiss(r.Pos, func(u unread) bool { return r.Covers(u.pos, u.thread) })
	}
	t.read = newest
}

// dismiss takes away the unread that which chooses; at is the position of what has done it.
func (t *tally) dismiss(at int64, which func(unread) bool) {
	before := len(t.unread)
	t.unread = slices.DeleteFunc(t.unread, which)
	if len(t.unread) != before {
		t.changed, t.sum = max(t.changed, at), nil
	}
}

// has reports whether the event at a position is unread.
func (t *tally) has(pos int64) bool {
	_, found := slices.BinarySearchFunc(t.unread, pos, func(u unread, pos int64) int { return int(u.pos - pos) })
	return found
}

func (t *tally) counts() Counts {
	if t.sum == nil {
		t.sum = addUp(t.unread)
	}
	out := *t.sum
	out.Pos = t.changed
	return out
}

func addUp(list []unread) *Counts {
	out := &Counts{}
	for _, u := range list {
		one := Count{Notify: 1}
		if u.highlight {
			one.Highlight = 1
		}
		out.Notify += one.Notify
		out.Highlight += one.Highlight
		if u.thread == receipt.Main {
			out.MainNotify += one.Notify
			out.MainHighlight += one.Highlight
			continue
		}
		if out.Threads == nil {
			out.Threads = map[string]Count{}
		}
		was := out.Threads[u.thread]
		out.Threads[u.thread] = Count{was.Notify + one.Notify, was.Highlight + one.Highlight}
	}
	return out
}
