package client

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// maxDifferences bounds how many differences are told: the first few say what is wrong.
const maxDifferences = 20

// differences collects what a held view and a fresh one disagree on.
type differences struct {
	found []string
	more  int
}

func (d *differences) add(format string, args ...any) {
	if len(d.found) >= maxDifferences {
		d.more++
		return
	}
	d.found = append(d.found, fmt.Sprintf(format, args...))
}

func (d *differences) String() string {
	if d.more > 0 {
		return strings.Join(d.found, "\n") + fmt.Sprintf("\nand %d more", d.more)
	}
	return strings.Join(d.found, "\n")
}

// Converged brings the follower up to date and compares it with a fresh sync; empty when they agree. While others
// are writing the two can never be of the same moment, so a disagreement is looked at again, and only one that stays
// through every attempt is told.
func (f *Follower) Converged(ctx context.Context) (difference string, err error) {
	const attempts = 4
	for range attempts {
		fresh, err := f.Fresh(ctx)
		if err != nil {
			return "", err
		}
		if err := f.CatchUp(ctx); err != nil {
			return "", err
		}
		if difference = f.Diff(fresh); difference == "" {
			return "", nil
		}
	}
	return difference, nil
}

// Diff tells, a line each, where what this follower holds differs from a follower that has applied a fresh sync at
// the same moment; empty when the two agree. Faults count as differences.
//
// Compared are: the rooms by membership, the whole state of each joined room, the end of its timeline, receipts,
// typing, account data, unread counts, the summary, and the counts of keys. Not compared are rooms left (a fresh sync
// leaves them out), messages to devices (delivered once), which devices changed (a fresh sync does not say), and
// unsigned data (it is about the moment of sending).
func (f *Follower) Diff(fresh *Follower) string {
	d := &differences{}
	for _, fault := range append(slices.Clone(f.faults), fresh.faults...) {
		d.add("fault: %s", fault)
	}
	diffKeys(d, "joined rooms", f.Joined, fresh.Joined)
	diffKeys(d, "invited rooms", f.Invited, fresh.Invited)
	diffKeys(d, "knocked rooms", f.Knocked, fresh.Knocked)
	for id, room := range fresh.Joined {
		if held := f.Joined[id]; held != nil {
			f.diffRoom(d, id, held, room)
		}
	}
	me := f.client.UserID()
	for id, stripped := range fresh.Invited {
		diffOwnMembership(d, id, me, f.Invited[id], stripped)
	}
	for id, stripped := range fresh.Knocked {
		diffOwnMembership(d, id, me, f.Knocked[id], stripped)
	}
	diffContents(d, "account data", f.AccountData, fresh.AccountData)
	if fresh.OneTimeKeyCounts != nil {
		diffCounts(d, "one-time keys", f.OneTimeKeyCounts, fresh.OneTimeKeyCounts)
	}
	if fresh.UnusedFallbackKeys != nil && !sameSet(f.UnusedFallbackKeys, fresh.UnusedFallbackKeys) {
		d.add("unused fallback keys: held %v, fresh %v", f.UnusedFallbackKeys, fresh.UnusedFallbackKeys)
	}
	return d.String()
}

func (f *Follower) diffRoom(d *differences, id string, held, fresh *HeldRoom) {
	f.diffState(d, id, held, fresh)
	diffTimeline(d, id, held, fresh)
	diffReceipts(d, id, held, fresh)
	diffContents(d, "room "+id+" account data", held.AccountData, fresh.AccountData)
	if !sameSet(held.Typing, fresh.Typing) {
		d.add("room %s typing: held %v, fresh %v", id, held.Typing, fresh.Typing)
	}
	if held.Unread != fresh.Unread {
		d.add("room %s unread: held %+v, fresh %+v", id, held.Unread, fresh.Unread)
	}
	diffThreads(d, id, held.Threads, fresh.Threads)
	if held.JoinedCount != fresh.JoinedCount || held.Invites != fresh.Invites {
		d.add("room %s summary: held %d joined and %d invited, fresh %d and %d",
			id, held.JoinedCount, held.Invites, fresh.JoinedCount, fresh.Invites)
	}
	if len(fresh.Heroes) > 0 && !sameSet(held.Heroes, fresh.Heroes) {
		d.add("room %s heroes: held %v, fresh %v", id, held.Heroes, fresh.Heroes)
	}
}

// diffState wants every piece of state to be the same event with the same content. Members that a lazy filter left
// out of the fresh sync may be held.
func (f *Follower) diffState(d *differences, id string, held, fresh *HeldRoom) {
	for key, want := range fresh.State {
		have, ok := held.State[key]
		switch {
		case !ok:
			d.add("room %s state %s %q: not held, fresh has %s", id, key.Type, key.Key, want.EventID)
		case have.EventID != want.EventID:
			d.add("room %s state %s %q: held %s, fresh %s", id, key.Type, key.Key, have.EventID, want.EventID)
		case !sameContent(have, want) && !redactedInGap(held, have, want):
			d.add("room %s state %s %q: held content %s, fresh %s", id, key.Type, key.Key, have.Content, want.Content)
		}
	}
	for key, have := range held.State {
		if _, ok := fresh.State[key]; !ok && (!f.Lazy || key.Type != "m.room.member") {
			d.add("room %s state %s %q: held %s, fresh has none", id, key.Type, key.Key, have.EventID)
		}
	}
}

// diffTimeline compares the ends of both timelines, as far back as both reach.
func diffTimeline(d *differences, id string, held, fresh *HeldRoom) {
	have, want := held.Timeline, fresh.Timeline
	if len(want) > 0 && len(have) == 0 {
		d.add("room %s timeline: held nothing, fresh ends with %s", id, want[len(want)-1].EventID)
		return
	}
	n := min(len(have), len(want))
	have, want = have[len(have)-n:], want[len(want)-n:]
	for i := range want {
		if have[i].EventID != want[i].EventID {
			d.add("room %s timeline: %d before the end held %s, fresh %s", id, n-1-i, have[i].EventID, want[i].EventID)
			return
		}
		if !sameContent(have[i], want[i]) {
			d.add("room %s event %s: held content %s, fresh %s", id, want[i].EventID, have[i].Content, want[i].Content)
		}
	}
}

// diffReceipts wants the same receipts, except that a fresh sync may leave out those of people no longer in the room.
func diffReceipts(d *differences, id string, held, fresh *HeldRoom) {
	for key, want := range fresh.Receipts {
		if have := held.Receipts[key]; have != want {
			d.add("room %s receipt %v: held %q, fresh %q", id, key, have, want)
		}
	}
	for key, have := range held.Receipts {
		member, known := held.State[StateKey{"m.room.member", key.User}]
		gone := known && member.Membership() != "join"
		if _, ok := fresh.Receipts[key]; !ok && !gone {
			d.add("room %s receipt %v: held %q, fresh has none", id, key, have)
		}
	}
}

func diffThreads(d *differences, id string, held, fresh map[string]Unread) {
	for root, want := range fresh {
		if held[root] != want {
			d.add("room %s thread %s unread: held %+v, fresh %+v", id, root, held[root], want)
		}
	}
	for root, have := range held {
		if _, ok := fresh[root]; !ok && have != (Unread{}) {
			d.add("room %s thread %s unread: held %+v, fresh has none", id, root, have)
		}
	}
}

// diffOwnMembership compares how the user came to be invited, or to have knocked. The rest of stripped state is a
// copy from that moment or from now, as the server likes.
func diffOwnMembership(d *differences, id, me string, held, fresh []Event) {
	find := func(events []Event) string {
		for _, event := range events {
			if event.IsState("m.room.member", me) {
				return event.Sender + " " + event.Membership()
			}
		}
		return "no membership of one's own"
	}
	if held != nil && find(held) != find(fresh) {
		d.add("room %s stripped state: held %s, fresh %s", id, find(held), find(fresh))
	}
}

// diffContents compares account data; empty content is the same as none.
func diffContents(d *differences, what string, held, fresh map[string]Raw) {
	for kind, want := range fresh {
		if !sameJSON(held[kind], want) {
			d.add("%s %s: held %s, fresh %s", what, kind, held[kind], want)
		}
	}
	for kind, have := range held {
		if _, ok := fresh[kind]; !ok && !sameJSON(have, Raw(`{}`)) {
			d.add("%s %s: held %s, fresh has none", what, kind, have)
		}
	}
}

func diffCounts(d *differences, what string, held, fresh map[string]int) {
	for name, want := range fresh {
		if held[name] != want {
			d.add("%s %s: held %d, fresh %d", what, name, held[name], want)
		}
	}
	for name, have := range held {
		if _, ok := fresh[name]; !ok && have != 0 {
			d.add("%s %s: held %d, fresh has none", what, name, have)
		}
	}
}

func diffKeys[V any](d *differences, what string, held, fresh map[string]V) {
	for key := range fresh {
		if _, ok := held[key]; !ok {
			d.add("%s: %s is not held", what, key)
		}
	}
	for key := range held {
		if _, ok := fresh[key]; !ok {
			d.add("%s: %s is held, fresh has it not", what, key)
		}
	}
}

// redactedInGap excuses the one change of state that no client can learn of: a redaction among events that the server
// left out.
func redactedInGap(held *HeldRoom, have, want Event) bool {
	return held.Gaps > 0 && gjson.GetBytes(want.Unsigned, "redacted_because").Exists() &&
		sameJSON(redact(have).Content, want.Content)
}

func sameContent(a, b Event) bool { return sameJSON(a.Content, b.Content) }

// sameJSON reports whether two values are equal whatever the order of members; an absent value equals {}.
func sameJSON(a, b Raw) bool {
	return bytes.Equal(canonical(a), canonical(b))
}

func canonical(value Raw) []byte {
	if len(value) == 0 {
		return []byte(`{}`)
	}
	ordered := bytes.Clone(value)
	if err := (*Raw)(&ordered).Canonicalize(); err != nil {
		return value
	}
	return ordered
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
