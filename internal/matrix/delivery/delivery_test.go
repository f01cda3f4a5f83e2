package delivery

import (
	"context"
	"slices"
	"testing"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

// ward is a room of three with deliveries.
type ward struct {
	*roomtest.Ward
	receipts *receipt.Receipts
	ledger   *Ledger
	l        *room.Live
}

func each(t *testing.T, test func(t *testing.T, w ward)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		w := roomtest.Open(t, open())
		receipts := receipt.New(w.DB, w.Rooms)
		ledger := New(w.DB, w.Rooms, receipts)
		test(t, ward{w, receipts, ledger, w.Room("alice", "bob", "carol")})
	})
}

func user(local string) string { return roomtest.Who(local).User }

// arrived notes that somebody's device has everything so far, and has it written.
func (w ward) arrived(who string) {
	w.ledger.Note(w.l, user(who), w.DB.Position())
	w.ledger.flush()
}

func (w ward) reach(t *testing.T, event string) map[string]Reach {
	t.Helper()
	list, err := w.ledger.Of(ctx, roomtest.Who("alice"), w.l.ID, event)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Reach{}
	for _, one := range list {
		out[one.User] = one
	}
	return out
}

func TestReach(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		one := w.Say("alice", w.l, "one")
		w.arrived("bob")
		two := w.Say("alice", w.l, "two")
		if err := w.receipts.Set(ctx, roomtest.Who("carol"), receipt.Mark{Room: w.l.ID, Type: receipt.Read, Event: two}); err != nil {
			t.Fatal(err)
		}
		first, second := w.reach(t, one), w.reach(t, two)
		if len(first) != 3 {
			t.Fatalf("members: %v", first)
		}
		bob, carol := first[user("bob")], first[user("carol")]
		if bob.Delivered == nil || !bob.Delivered.Exact || bob.Read != nil {
			t.Errorf("bob has the first: %+v", bob)
		}
		if carol.Read == nil || carol.Read.Exact || carol.Delivered == nil || carol.Delivered.Exact {
			t.Errorf("carol read the first by the time of the second: %+v", carol)
		}
		if bob := second[user("bob")]; bob.Delivered != nil || bob.Read != nil {
			t.Errorf("bob has not the second: %+v", bob)
		}
		if carol := second[user("carol")]; carol.Read == nil || !carol.Read.Exact {
			t.Errorf("carol read the second: %+v", carol)
		}
	})
}

func TestPrivateReadingStaysPrivate(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		one := w.Say("alice", w.l, "one")
		if err := w.receipts.Set(ctx, roomtest.Who("bob"), receipt.Mark{Room: w.l.ID, Type: receipt.ReadPrivate, Event: one}); err != nil {
			t.Fatal(err)
		}
		if bob := w.reach(t, one)[user("bob")]; bob.Read != nil || bob.Delivered != nil {
			t.Errorf("a private receipt shows: %+v", bob)
		}
	})
}

// TestNews: those who sent what arrived are told, once, and nothing that is told goes backwards.
func TestNews(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		w.Say("alice", w.l, "one")
		w.arrived("bob")
		before := w.DB.Position()
		old := w.l.Last()
		two := w.Say("alice", w.l, "two")
		w.arrived("bob")
		marks := w.ledger.Since(w.l, before)
		if len(marks) != 1 || marks[0].User != user("bob") || marks[0].EventID != two || marks[0].TS == 0 {
			t.Fatalf("news: %+v", marks)
		}
		news := w.ledger.latest[w.l.NR]
		if last := news[len(news)-1]; !slices.Equal(last.Senders, []string{user("alice")}) {
			t.Errorf("told: %v", last.Senders)
		}
		settled := w.DB.Position()
		w.arrived("bob")
		w.ledger.Note(w.l, user("bob"), old)
		w.ledger.flush()
		if w.DB.Position() != settled {
			t.Error("a mark that says nothing new was logged")
		}
		if all, err := w.ledger.Marks(ctx, roomtest.Who("carol"), w.l.ID); err != nil || len(all) != 1 || all[0].EventID != two {
			t.Errorf("marks: %+v, %v", all, err)
		}
	})
}

// TestMarksNeverGoBackwards: a second node that knows less changes nothing.
func TestMarksNeverGoBackwards(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		w.Say("alice", w.l, "one")
		old := w.l.Last()
		two := w.Say("alice", w.l, "two")
		w.arrived("bob")
		w.ledger.known = map[key]int64{}
		w.ledger.Note(w.l, user("bob"), old)
		w.ledger.flush()
		if all, err := w.ledger.Marks(ctx, roomtest.Who("alice"), w.l.ID); err != nil || len(all) != 1 || all[0].EventID != two {
			t.Errorf("marks: %+v, %v", all, err)
		}
	})
}

func TestOnlyMembersAreTold(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		one := w.Say("alice", w.l, "one")
		w.arrived("bob")
		if _, err := w.ledger.Of(ctx, roomtest.Who("mallory"), w.l.ID, one); !errs.Is(err, errs.Forbidden) && !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger is told who has a message: %v", err)
		}
		if _, err := w.ledger.Marks(ctx, roomtest.Who("mallory"), w.l.ID); !errs.Is(err, errs.Forbidden) && !errs.Is(err, errs.NotFound) {
			t.Errorf("a stranger is told how far a room has come: %v", err)
		}
		if _, err := w.ledger.Of(ctx, roomtest.Who("alice"), w.l.ID, "$nothing"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a message that is not there: %v", err)
		}
	})
}

func TestStopWritesWhatWaits(t *testing.T) {
	each(t, func(t *testing.T, w ward) {
		one := w.Say("alice", w.l, "one")
		w.ledger.Note(w.l, user("bob"), w.DB.Position())
		if err := w.ledger.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		if bob := w.reach(t, one)[user("bob")]; bob.Delivered == nil {
			t.Error("what waited was not written")
		}
	})
}
