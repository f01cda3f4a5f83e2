package push

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/internal/spec/matrix/pushrules"
)

var ctx = context.Background()

// ward is rooms with all that counting needs.
type ward struct {
	*roomtest.Ward
	keep     *accountdata.Keep
	receipts *receipt.Receipts
	rules    *Rules
	counter  *Counter
	txn      int
}

func newWard(t testing.TB, db *store.DB) *ward {
	w := &ward{keep: accountdata.New(db), Ward: roomtest.Open(t, db)}
	w.receipts = receipt.New(db, w.Rooms)
	w.rules = NewRules(db, w.keep)
	w.counter = NewCounter(w.Rooms, w.receipts, w.rules)
	return w
}

func each(t *testing.T, test func(t *testing.T, w *ward)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { test(t, newWard(t, open())) })
}

// tb is what *testing.T and *rapid.T both do.
type tb interface {
	Helper()
	Fatal(args ...any)
	Errorf(format string, args ...any)
}

func user(local string) string { return roomtest.Who(local).User }

func (w *ward) reply(who string, l *room.Live, root, text string) string {
	return w.Send(who, l, "m.room.message", fmt.Sprintf(
		`{"msgtype":"m.text","body":%q,"m.relates_to":{"rel_type":"m.thread","event_id":%q}}`, text, root))
}

func (w *ward) mention(who string, l *room.Live, whom string) string {
	return w.Send(who, l, "m.room.message", fmt.Sprintf(
		`{"msgtype":"m.text","body":"look","m.mentions":{"user_ids":[%q]}}`, user(whom)))
}

func (w *ward) read(t tb, who string, l *room.Live, event, thread string, private bool) {
	t.Helper()
	m := receipt.Mark{Room: l.ID, Type: receipt.Read, Event: event, Thread: thread}
	if private {
		m.Type = receipt.ReadPrivate
	}
	if err := w.receipts.Set(ctx, roomtest.Who(who), m); err != nil {
		t.Fatal(err)
	}
}

// counts gives somebody's counts, and checks that they are those of a node that has just started.
func (w *ward) counts(t tb, who string, l *room.Live) Counts {
	t.Helper()
	got, err := w.counter.Counts(ctx, user(who), l)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := NewCounter(w.Rooms, w.receipts, w.rules).Counts(ctx, user(who), l)
	if err != nil {
		t.Fatal(err)
	}
	if !same(got, fresh) {
		t.Errorf("%s has %+v; counted afresh %+v", who, got, fresh)
	}
	return got
}

// same compares all but the position of the last change.
func same(a, b Counts) bool {
	a.Pos, b.Pos = 0, 0
	threads := maps.Equal(a.Threads, b.Threads)
	a.Threads, b.Threads = nil, nil
	return threads && fmt.Sprint(a) == fmt.Sprint(b)
}

func (w *ward) want(t tb, who string, l *room.Live, want string) {
	t.Helper()
	c := w.counts(t, who, l)
	got := fmt.Sprintf("%d/%d main %d/%d", c.Notify, c.Highlight, c.MainNotify, c.MainHighlight)
	var threads []string
	for _, n := range c.Threads {
		threads = append(threads, fmt.Sprintf(" thread %d/%d", n.Notify, n.Highlight))
	}
	slices.Sort(threads)
	got += strings.Join(threads, "")
	if got != want {
		t.Errorf("%s: %s, want %s", who, got, want)
	}
}

// TestReadUpTo has the example of "Marking notifications as read": events A to D, receipts public and private.
func TestReadUpTo(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		l := w.Room("alice", "bob", "carol")
		a, b, c, d := w.Say("alice", l, "A"), w.Say("alice", l, "B"), w.Say("alice", l, "C"), w.Say("alice", l, "D")
		w.want(t, "bob", l, "4/0 main 4/0")
		w.read(t, "bob", l, a, "", true)
		w.want(t, "bob", l, "3/0 main 3/0")
		w.read(t, "bob", l, c, "", false)
		w.want(t, "bob", l, "1/0 main 1/0")
		before := w.counts(t, "bob", l).Pos
		w.read(t, "bob", l, b, "", true)
		w.want(t, "bob", l, "1/0 main 1/0")
		if w.counts(t, "bob", l).Pos != before {
			t.Error("the counts did not change, and say they did")
		}
		w.read(t, "bob", l, d, "", true)
		w.want(t, "bob", l, "0/0 main 0/0")
		if w.counts(t, "bob", l).Pos <= before {
			t.Error("the counts changed, and do not say so")
		}
		w.want(t, "alice", l, "0/0 main 0/0") // her own
		w.want(t, "carol", l, "4/0 main 4/0")
		w.want(t, "dave", l, "0/0 main 0/0")
	})
}

// TestThreadedExample has the example of "Threaded read receipts": A and B are roots; C, E, G, H in A's thread, D, F in
// B's, I in the main timeline.
func TestThreadedExample(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		for _, one := range []struct {
			on, thread, want string
		}{
			{"I", receipt.Main, "6/0 main 0/0 thread 2/0 thread 4/0"},
			{"E", "A", "7/0 main 3/0 thread 2/0 thread 2/0"},
			{"D", "", "5/0 main 1/0 thread 1/0 thread 3/0"},
			{"A", receipt.Main, "8/0 main 2/0 thread 2/0 thread 4/0"},
			{"H", "A", "5/0 main 3/0 thread 2/0"},
			{"I", "", "0/0 main 0/0"},
		} {
			l := w.Room("alice", "bob", "carol")
			id := map[string]string{receipt.Main: receipt.Main, "": ""}
			id["A"], id["B"] = w.Say("alice", l, "A"), w.Say("carol", l, "B")
			for _, in := range []string{"CA", "DB", "EA", "FB", "GA", "HA"} {
				id[in[:1]] = w.reply("alice", l, id[in[1:]], in)
			}
			id["I"] = w.Say("carol", l, "I")
			w.want(t, "bob", l, "9/0 main 3/0 thread 2/0 thread 4/0")
			w.read(t, "bob", l, id[one.on], id[one.thread], false)
			w.want(t, "bob", l, one.want)
		}
	})
}

// TestOwnEventsAreRead: who writes has read what came before in that thread; what the server writes in their name, or a
// change of state, says nothing.
func TestOwnEventsAreRead(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		l := w.Room("alice", "bob", "carol")
		root := w.Say("alice", l, "root")
		in := w.reply("alice", l, root, "in")
		w.want(t, "bob", l, "2/0 main 1/0 thread 1/0")
		w.Set("bob", l, "m.room.member", user("bob"), `{"membership":"join","displayname":"Robert"}`)
		w.want(t, "bob", l, "2/0 main 1/0 thread 1/0")
		w.Send("bob", l, "m.reaction", fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.annotation","event_id":%q,"key":"✅"}}`, in))
		w.want(t, "bob", l, "1/0 main 1/0")
		w.Say("bob", l, "mine")
		w.want(t, "bob", l, "0/0 main 0/0")
		w.want(t, "alice", l, "1/0 main 1/0")
	})
}

// TestHighlights: mentions, the display name of old, and the whole room, from those who may.
func TestHighlights(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		l := w.Room("alice", "bob", "carol")
		w.mention("alice", l, "bob")
		w.want(t, "bob", l, "1/1 main 1/1")
		w.want(t, "carol", l, "1/0 main 1/0")
		everyone := `{"msgtype":"m.text","body":"@room","m.mentions":{"room":true}}`
		w.Send("alice", l, "m.room.message", everyone)
		w.Send("carol", l, "m.room.message", everyone) // has not the power
		w.want(t, "bob", l, "3/2 main 3/2")
	})
}

// TestWhatDoesNotNotify: notices, reactions, edits, people coming and going.
func TestWhatDoesNotNotify(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		l := w.Room("alice", "bob", "carol")
		id := w.Say("alice", l, "one")
		w.Send("alice", l, "m.room.message", `{"msgtype":"m.notice","body":"x"}`)
		w.Send("alice", l, "m.reaction", fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.annotation","event_id":%q,"key":"x"}}`, id))
		w.Send("alice", l, "m.room.message", fmt.Sprintf(
			`{"msgtype":"m.text","body":"* x","m.new_content":{"msgtype":"m.text","body":"x"},"m.relates_to":{"rel_type":"m.replace","event_id":%q}}`, id))
		w.Set("alice", l, "m.room.topic", "", `{"topic":"x"}`)
		w.want(t, "bob", l, "1/0 main 1/0")
	})
}

// TestRedactedIsNotUnread: what is gone cannot be read.
func TestRedactedIsNotUnread(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		l := w.Room("alice", "bob", "carol")
		one, two := w.Say("alice", l, "one"), w.mention("alice", l, "bob")
		w.want(t, "bob", l, "2/1 main 2/1")
		for i, id := range []string{two, one} {
			if _, err := w.Redact(ctx, roomtest.Who("alice"), l.ID, id, "", room.Txn{ID: fmt.Sprint("r", i), Path: "x"}); err != nil {
				t.Fatal(err)
			}
			w.want(t, "bob", l, fmt.Sprintf("%d/0 main %d/0", 1-i, 1-i))
		}
	})
}

// TestComingAndGoing: what was said before somebody joined, and while they were out, is not unread.
func TestComingAndGoing(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		l := w.Room("alice", "bob")
		w.Say("alice", l, "one")
		if err := w.Invite(ctx, roomtest.Who("alice"), l.ID, user("carol"), ""); err != nil {
			t.Fatal(err)
		}
		w.want(t, "carol", l, "0/0 main 0/0")
		join := func() {
			if _, err := w.Join(ctx, roomtest.Who("carol"), l.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
		join()
		w.want(t, "carol", l, "0/0 main 0/0")
		w.Say("alice", l, "two")
		w.want(t, "carol", l, "1/0 main 1/0")
		if err := w.Leave(ctx, roomtest.Who("carol"), l.ID, ""); err != nil {
			t.Fatal(err)
		}
		w.Say("alice", l, "three")
		if err := w.Invite(ctx, roomtest.Who("alice"), l.ID, user("carol"), ""); err != nil {
			t.Fatal(err)
		}
		join() // the counter has not been asked meanwhile
		w.Say("alice", l, "four")
		w.want(t, "carol", l, "1/0 main 1/0")
	})
}

// TestIgnored: what the ignored say does not notify.
func TestIgnored(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		l := w.Room("alice", "bob", "carol")
		ignore := []byte(fmt.Sprintf(`{"ignored_users":{%q:{}}}`, user("alice")))
		if err := w.keep.Put(ctx, roomtest.Who("bob"), user("bob"), "", accountdata.Ignored, ignore); err != nil {
			t.Fatal(err)
		}
		w.Say("alice", l, "one")
		w.Say("carol", l, "two")
		w.want(t, "bob", l, "1/0 main 1/0")
	})
}

// TestOwnRules: a change of rules holds for what comes after it.
func TestOwnRules(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		l := w.Room("alice", "bob", "carol")
		w.Say("alice", l, "crash call")
		put := func(kind pushrules.Kind, id, body string) {
			t.Helper()
			if err := w.rules.Put(ctx, roomtest.Who("bob"), kind, id, []byte(body), "", ""); err != nil {
				t.Fatal(err)
			}
		}
		w.want(t, "bob", l, "1/0 main 1/0")
		put(pushrules.KindContent, "crash", `{"pattern":"crash","actions":["notify",{"set_tweak":"highlight"}]}`)
		w.Say("alice", l, "another crash call")
		if c, err := w.counter.Counts(ctx, user("bob"), l); err != nil || c.Notify != 2 || c.Highlight != 1 {
			t.Errorf("with a rule of his own: %+v, %v", c, err)
		}
		put(pushrules.KindOverride, "mute", fmt.Sprintf(`{"conditions":[{"kind":"event_match","key":"room_id","pattern":%q}],"actions":[]}`, l.ID))
		w.Say("alice", l, "crash")
		if c, err := w.counter.Counts(ctx, user("bob"), l); err != nil || c.Notify != 2 {
			t.Errorf("in a muted room: %+v, %v", c, err)
		}
	})
}

// TestLongAbsence: a count is bounded, keeps the newest, and is taken away by reading all the same.
func TestLongAbsence(t *testing.T) {
	w := newWard(t, storetest.Open(t))
	l := w.Room("alice", "bob", "carol")
	var last string
	for i := range unreadMost + 50 {
		if last = w.Say("alice", l, "x"); i%400 == 0 {
			w.counts(t, "bob", l)
		}
	}
	w.want(t, "bob", l, fmt.Sprintf("%d/0 main %d/0", unreadMost, unreadMost))
	if unread, err := w.counter.Unread(ctx, user("bob"), l, l.Last()); err != nil || !unread {
		t.Errorf("the newest is not among the unread: %v", err)
	}
	w.read(t, "bob", l, last, "", false)
	w.want(t, "bob", l, "0/0 main 0/0")
}

// TestCountsConverge: after any sequence of verbs the counts kept up to date equal those counted afresh, and a change of
// the counts has a later position than the one before. (Only dave's messages are redacted: one's own redacted message no
// longer says in which thread one had read, so that counting afresh errs towards unread.)
func TestCountsConverge(t *testing.T) {
	w := newWard(t, storetest.Open(t))
	rapid.Check(t, func(rt *rapid.T) {
		l := w.Room("alice", "bob", "carol", "dave")
		people := []string{"alice", "bob", "carol"}
		var ids []string
		daves := []string{w.Say("dave", l, "x"), w.mention("dave", l, "bob"), w.mention("dave", l, "alice")}
		roots := map[string]string{} // event → thread
		before := map[string]Counts{}
		for range rapid.IntRange(3, 15).Draw(rt, "steps") {
			who := rapid.SampledFrom(people).Draw(rt, "who")
			var target string
			if len(ids) > 0 {
				target = rapid.SampledFrom(ids).Draw(rt, "target")
			}
			switch step := rapid.SampledFrom([]string{"say", "say", "mention", "reply", "read", "read", "redact"}).Draw(rt, "step"); {
			case step == "say" || target == "":
				ids = append(ids, w.Say(who, l, "x"))
			case step == "mention":
				ids = append(ids, w.mention(who, l, rapid.SampledFrom(people).Draw(rt, "whom")))
			case step == "reply":
				root := target
				if of := roots[target]; of != "" {
					root = of
				}
				ids = append(ids, w.reply(who, l, root, "x"))
				roots[ids[len(ids)-1]] = root
			case step == "read":
				thread := roots[target]
				if rapid.Bool().Draw(rt, "unthreaded") {
					thread = ""
				} else if thread == "" {
					thread = receipt.Main
				}
				w.read(rt, who, l, target, thread, rapid.Bool().Draw(rt, "private"))
			case step == "redact" && len(daves) > 0:
				w.txn++
				gone := daves[0]
				daves = daves[1:]
				if _, err := w.Redact(ctx, roomtest.Who("dave"), l.ID, gone, "", room.Txn{ID: fmt.Sprint(w.txn), Path: "rapid"}); err != nil {
					rt.Fatal(err)
				}
			}
			for _, p := range people {
				now, err := w.counter.Counts(ctx, user(p), l)
				if err != nil {
					rt.Fatal(err)
				}
				if was, ok := before[p]; ok && !same(was, now) && now.Pos <= was.Pos {
					rt.Fatalf("%s: %+v became %+v", p, was, now)
				}
				before[p] = now
			}
		}
		for _, p := range people {
			w.counts(rt, p, l)
		}
	})
}

func TestGenerations(t *testing.T) {
	g := newGenerations[int, int](10)
	for i := range 100 {
		if got := g.keep(i, i); got != i {
			t.Fatalf("kept %d as %d", i, got)
		}
		if v, ok := g.find(0); !ok || v != 0 {
			t.Fatalf("what is asked for is forgotten after %d", i)
		}
	}
	if len(g.now)+len(g.past) > 20 {
		t.Errorf("%d remembered", len(g.now)+len(g.past))
	}
	if got := g.keep(99, 7); got != 99 {
		t.Errorf("another was kept: %d", got)
	}
	if _, ok := g.find(5); ok {
		t.Error("never forgotten")
	}
	g.age()
	if _, ok := g.find(99); !ok {
		t.Error("forgotten with its own generation")
	}
	g.drop(99)
	if _, ok := g.find(99); ok {
		t.Error("still there")
	}
}

func BenchmarkCountsOfAMember(b *testing.B) {
	w := newWard(b, storetest.Open(b))
	l := w.Room("alice", "bob", "carol")
	for range 20 {
		w.Say("alice", l, "x")
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.counter.Counts(ctx, user("bob"), l); err != nil {
			b.Fatal(err)
		}
	}
}
