package receipt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

// ward is a room of three with receipts.
type ward struct {
	*roomtest.Ward
	r *Receipts
	l *room.Live
}

func each(t *testing.T, test func(t *testing.T, w ward)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		w := roomtest.Open(t, open())
		r := New(w.DB, w.Rooms)
		test(t, ward{w, r, w.Room("alice", "bob", "carol")})
	})
}

func (w ward) reply(who, root, text string) string {
	return w.Send(who, w.l, "m.room.message", fmt.Sprintf(
		`{"msgtype":"m.text","body":%q,"m.relates_to":{"rel_type":"m.thread","event_id":%q}}`, text, root))
}

func (w ward) react(who, to string) string {
	return w.Send(who, w.l, "m.reaction", fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.annotation","event_id":%q,"key":"✅"}}`, to))
}

func (w ward) set(who string, m Mark) error {
	m.Room = w.l.ID
	return w.r.Set(ctx, roomtest.Who(who), m)
}

func (w ward) mustSet(t *testing.T, who string, m Mark) {
	t.Helper()
	if err := w.set(who, m); err != nil {
		t.Fatal(err)
	}
}

func (w ward) since(t *testing.T, after int64) []*Receipt {
	t.Helper()
	list, err := w.r.Since(ctx, w.l, after)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func user(local string) string { return roomtest.Who(local).User }

func TestReceiptsNeverGoBackwards(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		one, two := w.Say("alice", w.l, "one"), w.Say("alice", w.l, "two")
		for _, typ := range []string{Read, ReadPrivate} {
			w.mustSet(t, "bob", Mark{Type: typ, Event: two})
			before := w.DB.Position()
			w.mustSet(t, "bob", Mark{Type: typ, Event: one})
			w.mustSet(t, "bob", Mark{Type: typ, Event: two})
			if w.DB.Position() != before {
				t.Errorf("%s: a receipt that says nothing new was logged", typ)
			}
		}
		list := w.since(t, 0)
		if len(list) != 2 || list[0].EventID != two || list[1].EventID != two || list[0].Pos >= list[1].Pos || list[0].TS == 0 {
			t.Errorf("receipts: %+v", list)
		}
	})
}

// TestRace: of two that come at once the one further on stays, whichever is committed first, in memory and on disk.
func TestRace(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		var ids []string
		for i := range 20 {
			ids = append(ids, w.Say("alice", w.l, fmt.Sprint(i)))
		}
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() {
				if err := w.set("bob", Mark{Type: Read, Event: id}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		last := ids[len(ids)-1]
		if list := w.since(t, 0); len(list) != 1 || list[0].EventID != last {
			t.Errorf("in memory: %+v", list)
		}
		w.r = New(w.DB, w.Rooms)
		if list := w.since(t, 0); len(list) != 1 || list[0].EventID != last {
			t.Errorf("on disk: %+v", list)
		}
	})
}

// TestRefusals has the cases of "thread_id is invalid in some way", and who may not.
func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		root, other := w.Say("alice", w.l, "root"), w.Say("alice", w.l, "other")
		in := w.reply("alice", root, "in the thread")
		reaction := w.react("alice", in)
		aside := w.react("alice", root)
		elsewhere := w.Say("alice", w.Room("alice", "bob"), "elsewhere")
		for name, c := range map[string]struct {
			who  string
			mark Mark
			want errs.Kind // Internal: none
		}{
			"main":                             {"bob", Mark{Type: Read, Event: other, Thread: Main}, 0},
			"root in main":                     {"bob", Mark{Type: Read, Event: root, Thread: Main}, 0},
			"root in its thread":               {"bob", Mark{Type: Read, Event: root, Thread: root}, 0},
			"in the thread":                    {"bob", Mark{Type: ReadPrivate, Event: in, Thread: root}, 0},
			"reaction in the thread":           {"bob", Mark{Type: Read, Event: reaction, Thread: root}, 0},
			"reaction to the root in main":     {"bob", Mark{Type: Read, Event: aside, Thread: Main}, 0},
			"unthreaded, anywhere":             {"bob", Mark{Type: Read, Event: in}, 0},
			"marker":                           {"bob", Mark{Type: FullyRead, Event: in}, 0},
			"reaction to the root in a thread": {"bob", Mark{Type: Read, Event: aside, Thread: root}, errs.Invalid},
			"of a thread in main":              {"bob", Mark{Type: Read, Event: in, Thread: Main}, errs.Invalid},
			"of main in a thread":              {"bob", Mark{Type: Read, Event: other, Thread: root}, errs.Invalid},
			"in another thread":                {"bob", Mark{Type: Read, Event: in, Thread: other}, errs.Invalid},
			"no thread's name":                 {"bob", Mark{Type: Read, Event: in, Thread: "side"}, errs.Invalid},
			"marker with thread":               {"bob", Mark{Type: FullyRead, Event: in, Thread: Main}, errs.Invalid},
			"unknown type":                     {"bob", Mark{Type: "m.seen", Event: in}, errs.Invalid},
			"unknown event":                    {"bob", Mark{Type: Read, Event: "$nothing"}, errs.NotFound},
			"event of another room":            {"bob", Mark{Type: Read, Event: elsewhere}, errs.NotFound},
			"stranger":                         {"dave", Mark{Type: Read, Event: in}, errs.Forbidden},
		} {
			err := w.set(c.who, c.mark)
			if c.want == 0 && err != nil || c.want != 0 && !errs.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestEachThreadHasItsOwn: one receipt for each person, type and thread; the unthreaded is another one.
func TestEachThreadHasItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		root := w.Say("alice", w.l, "root")
		in := w.reply("alice", root, "in")
		after := w.Say("alice", w.l, "after")
		for _, m := range []Mark{{Event: root, Thread: Main}, {Event: in, Thread: root}, {Event: in}, {Event: after, Thread: Main}} {
			m.Type = Read
			w.mustSet(t, "bob", m)
		}
		got := map[string]string{}
		for _, one := range w.since(t, 0) {
			got[one.Thread] = one.EventID
		}
		if len(got) != 3 || got[Main] != after || got[root] != in || got[""] != in {
			t.Errorf("receipts by thread: %v", got)
		}
		own, err := w.r.Of(ctx, w.l, user("bob"))
		if err != nil || len(own) != 3 {
			t.Errorf("bob's own: %d, %v", len(own), err)
		}
	})
}

// TestSince walks receipts by position with and without what memory keeps in order, against the plain definition.
func TestSince(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		start := w.DB.Position()
		w.r.start = start // as if the node had started now
		if !w.r.Quiet(w.l.NR, start) || w.r.Quiet(w.l.NR, start-1) {
			t.Error("before any receipt, a node knows only of what came since it started")
		}
		people := []string{"alice", "bob", "carol"}
		for i := range 40 {
			id := w.Say(people[i%3], w.l, "x")
			for _, p := range people[:1+i%3] {
				w.mustSet(t, p, Mark{Type: []string{Read, ReadPrivate}[i%2], Event: id})
			}
		}
		cold := New(w.DB, w.Rooms)
		everything := w.since(t, 0)
		for after := start; after <= w.DB.Position(); after++ {
			var want []*Receipt
			for _, one := range everything {
				if one.Pos > after {
					want = append(want, one)
				}
			}
			warm := w.since(t, after)
			if !slices.Equal(warm, want) {
				t.Fatalf("since %d: %d receipts, want %d", after, len(warm), len(want))
			}
			read, err := cold.Since(ctx, w.l, after)
			if err != nil || len(read) != len(want) {
				t.Fatalf("since %d, from disk: %d receipts, want %d: %v", after, len(read), len(want), err)
			}
			if w.r.Quiet(w.l.NR, after) != (len(want) == 0) {
				t.Fatalf("quiet since %d with %d receipts", after, len(want))
			}
		}
		if last := everything[len(everything)-1].Pos; w.r.Last(w.l.NR) != last || cold.Last(w.l.NR) != last {
			t.Errorf("last %d and %d, want %d", w.r.Last(w.l.NR), cold.Last(w.l.NR), last)
		}
	})
}

// TestRecentIsCut: a room with more receipts than are kept in order still answers old tokens.
func TestRecentIsCut(t *testing.T) {
	b := &board{all: map[key]*Receipt{}, of: map[string][]*Receipt{}}
	r := &Receipts{boards: map[int64]*board{7: b}}
	for i := int64(1); i <= 3*recentMost; i++ {
		b.take(&Receipt{RoomNR: 7, User: fmt.Sprint("u", i%700), Type: Read, EventPos: i, Pos: i})
	}
	for _, after := range []int64{0, 1, recentMost, 2 * recentMost, b.after - 1, b.after, 3*recentMost - 1, 3 * recentMost} {
		list, err := r.Since(ctx, &room.Live{NR: 7}, after)
		want := min(700, 3*recentMost-after)
		if err != nil || int64(len(list)) != want || !slices.IsSortedFunc(list, byPos) {
			t.Errorf("since %d: %d receipts, want %d: %v", after, len(list), want, err)
		}
	}
	if len(b.recent) > recentMost {
		t.Errorf("%d kept", len(b.recent))
	}
}

// TestMarkers: the read marker is account data of the room, in the same breath as the receipts.
func TestMarkers(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		keep := accountdata.New(w.DB)
		one, two := w.Say("alice", w.l, "one"), w.Say("alice", w.l, "two")
		api := API{Receipts: w.r}
		if _, err := api.SetMarkers(ctx, roomtest.Who("bob"), markersRequest{Room: w.l.ID, Fully: one, Read: two, Private: two}); err != nil {
			t.Fatal(err)
		}
		content, err := keep.Entry(ctx, roomtest.Who("bob"), user("bob"), w.l.ID, FullyRead)
		if err != nil || string(content) != `{"event_id":"`+one+`"}` {
			t.Errorf("marker %s, %v", content, err)
		}
		if list := w.since(t, 0); len(list) != 2 {
			t.Errorf("%d receipts", len(list))
		}
		// All or nothing.
		before := w.DB.Position()
		_, err = api.SetMarkers(ctx, roomtest.Who("bob"), markersRequest{Room: w.l.ID, Fully: two, Read: "$nothing"})
		if !errs.Is(err, errs.NotFound) || w.DB.Position() != before {
			t.Errorf("half a request: %v", err)
		}
		if _, err := api.SetMarkers(ctx, roomtest.Who("bob"), markersRequest{Room: w.l.ID}); err != nil {
			t.Errorf("no markers: %v", err)
		}
	})
}

func TestThreadIDOverHTTP(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		id := w.Say("alice", w.l, "one")
		for body, fine := range map[string]bool{`"main"`: true, ``: true, `""`: false, `7`: false, `null`: false, `{}`: false, `["main"]`: false} {
			in := receiptRequest{Room: w.l.ID, Type: Read, Event: id}
			if body != "" {
				in.Thread = jsontext.Value(body)
			}
			if _, err := (API{Receipts: w.r}).Set(ctx, roomtest.Who("bob"), in); (err == nil) != fine || err != nil && !errs.Is(err, errs.Invalid) {
				t.Errorf("thread_id %s: %v", body, err)
			}
		}
	})
}

func TestAppendEvent(t *testing.T) {
	list := []*Receipt{
		{User: "@b:x", Type: Read, EventID: "$2", TS: 20, Pos: 4},
		{User: "@a:x", Type: Read, EventID: "$1", TS: 10, Pos: 1},
		{User: "@a:x", Type: ReadPrivate, EventID: "$1", TS: 11, Pos: 2},
		{User: "@b:x", Type: Read, EventID: "$1", TS: 12, Thread: Main, Pos: 3},
		{User: "@b:x", Type: Read, EventID: "$2", TS: 21, Thread: "$1", Pos: 5},
		{User: "@c:x", Type: Read, EventID: "$1", TS: 13, Thread: "$1", Pos: 6},
		{User: "@c:x", Type: Read, EventID: "$1", TS: 14, Thread: Main, Pos: 7},
	}
	const public = `"m.read":{"@a:x":{"ts":10},"@b:x":{"ts":12,"thread_id":"main"},"@c:x":{"ts":14,"thread_id":"main"}}`
	const rest = `},"$2":{"m.read":{"@b:x":{"ts":20}}}},"type":"m.receipt"}`
	for reader, want := range map[string]string{
		"@b:x": `,{"content":{"$1":{` + public + rest,
		"@a:x": `,{"content":{"$1":{` + public + `,"m.read.private":{"@a:x":{"ts":11}}` + rest,
	} {
		if got := string(AppendEvent([]byte(","), list, reader)); got != want {
			t.Errorf("for %s:\n%s\nwant\n%s", reader, got, want)
		}
	}
	if got := AppendEvent([]byte("x"), list[2:3], "@b:x"); string(got) != "x" {
		t.Errorf("somebody else's private receipt: %s", got)
	}
	odd := []*Receipt{{User: `@"\:x`, Type: Read, EventID: "$\u0001", TS: 1}}
	var parsed map[string]any
	if err := json.Unmarshal(AppendEvent(nil, odd, ""), &parsed); err != nil {
		t.Errorf("names that need escaping: %v", err)
	}
}

// TestTwoNodes: what another node writes is read anew, also while this one is reading.
func TestTwoNodes(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := storetest.OptionsOn(t, engine)
			here, there := node(t, o), node(t, o)
			w := roomtest.Open(t, here)
			near := New(here, w.Rooms)
			far := roomtest.Reopen(t, there, w.Key)
			distant := New(there, far.Rooms)
			l := w.Room("alice", "bob")
			var ids []string
			for range 10 {
				ids = append(ids, w.Say("alice", l, "x"))
			}
			if list, err := distant.Since(ctx, catchUp(t, far, here.Position(), l.ID), 0); err != nil || len(list) != 0 {
				t.Fatalf("%d receipts, %v", len(list), err)
			}
			for i, id := range ids {
				set := func(r *Receipts, db *store.DB) {
					if err := db.CatchUp(ctx, here.Position()); err != nil {
						t.Fatal(err)
					}
					if err := r.Set(ctx, roomtest.Who("bob"), Mark{Room: l.ID, Type: Read, Event: id}); err != nil {
						t.Fatal(err)
					}
				}
				if set(near, here); i%2 == 0 {
					continue
				}
				set(distant, there)
				if distant.Quiet(l.NR, there.Position()-1) {
					t.Error("quiet, with a receipt of another node")
				}
				list, err := distant.Since(ctx, catchUp(t, far, here.Position(), l.ID), 0)
				if err != nil || len(list) != 1 || list[0].EventID != id {
					t.Fatalf("after %d: %+v, %v", i, list, err)
				}
			}
		})
	}
}

func node(t *testing.T, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.Start(db, storetest.Key); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func catchUp(t *testing.T, w *roomtest.Ward, pos int64, id string) *room.Live {
	t.Helper()
	if err := w.DB.CatchUp(ctx, pos); err != nil {
		t.Fatal(err)
	}
	l, err := w.Find(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func BenchmarkSinceAndAppendOne(b *testing.B) {
	w := roomtest.Open(b, storetest.Open(b))
	r := New(w.DB, w.Rooms)
	l := w.Room("alice")
	board, err := r.board(ctx, l)
	if err != nil {
		b.Fatal(err)
	}
	for i := range int64(2000) {
		board.take(&Receipt{RoomNR: l.NR, User: fmt.Sprintf("@nurse%d:x", i), Type: Read, EventID: "$" + strings.Repeat("e", 43), EventPos: i, Pos: 1000 + i})
	}
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		list, _ := r.Since(ctx, l, 2998)
		buf = AppendEvent(buf[:0], list, "@a:x")
	}
}
