package listing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/listing"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var (
	ctx   = context.Background()
	amira = roomtest.Who("amira")
	ben   = roomtest.Who("ben")
	cara  = roomtest.Who("cara")
)

func each(t *testing.T, test func(t *testing.T, w *roomtest.Ward)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { test(t, roomtest.Open(t, open())) })
}

func alias(local string) string { return "#" + local + ":" + roomtest.Server }

func TestWhoMayNameARoom(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		l := w.RoomOf(creation.Creation{Alias: "ward7"}, "amira", "ben")
		canonical := func(who *audit.Caller, content string) error {
			key := ""
			_, err := w.PutState(ctx, who, l.ID, &room.Draft{Type: "m.room.canonical_alias", StateKey: &key, Content: []byte(content)})
			return err
		}
		for _, c := range []struct {
			name string
			err  error
			kind errs.Kind
		}{
			{"an alias of another server", w.AddAlias(ctx, amira, "#ward7:elsewhere.test", l.ID), errs.Invalid},
			{"no alias", w.AddAlias(ctx, amira, "ward7", l.ID), errs.Invalid},
			{"a stranger adds one", w.AddAlias(ctx, cara, alias("mine"), l.ID), errs.Forbidden},
			{"one that is taken", w.AddAlias(ctx, ben, alias("ward7"), l.ID), errs.Conflict},
			{"a member takes away another's", w.RemoveAlias(ctx, ben, alias("ward7")), errs.Forbidden},
			{"one that is not there", w.RemoveAlias(ctx, amira, alias("none")), errs.NotFound},
			{"canonical that is not there", canonical(amira, fmt.Sprintf(`{"alias":%q}`, alias("none"))), errs.Invalid},
			{"canonical that is no alias", canonical(amira, `{"alt_aliases":["ward7"]}`), errs.Invalid},
			{"a stranger asks for the names", func() error { _, err := w.Aliases(ctx, cara, l.ID); return err }(), errs.Forbidden},
			{"a member lists the room", w.Publish(ctx, ben, l.ID, true), errs.Forbidden},
		} {
			if c.err == nil || errs.Of(c.err) != c.kind {
				t.Errorf("%s: %v (kind %d), want kind %d", c.name, c.err, errs.Of(c.err), c.kind)
			}
		}
		if err := w.AddAlias(ctx, ben, alias("seven"), l.ID); err != nil {
			t.Fatal(err)
		}
		if err := canonical(amira, fmt.Sprintf(`{"alias":%q,"alt_aliases":[%q]}`, alias("ward7"), alias("seven"))); err != nil {
			t.Fatal(err)
		}
		if names, err := w.Aliases(ctx, ben, l.ID); err != nil || !slices.Equal(names, []string{alias("seven"), alias("ward7")}) {
			t.Errorf("names %v, %v", names, err)
		}
		for who, name := range map[*audit.Caller]string{ben: "seven", amira: "ward7"} {
			if err := w.RemoveAlias(ctx, who, alias(name)); err != nil {
				t.Errorf("%s takes %s away: %v", who.User, name, err)
			}
			if _, err := w.Aliased(ctx, alias(name)); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s is still there: %v", name, err)
			}
		}
		if left := listing.Named(l.State("m.room.canonical_alias", "").Content); slices.Contains(left, alias("ward7")) {
			t.Errorf("the canonical alias still names what a moderator took away: %v", left)
		}
	})
}

// thousands lists n rooms, written straight to the tables: the i-th has i modulo 7 members and is called "Ward i".
func thousands(t *testing.T, w *roomtest.Ward, n int) {
	t.Helper()
	err := w.DB.Write(ctx, func(tx *store.Tx) error {
		for i := range n {
			if err := plain(tx, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func plain(tx *store.Tx, i int) (err error) {
	exec := func(query string, args ...any) {
		if err == nil {
			err = tx.Exec(query, args...)
		}
	}
	nr := tx.Next()
	exec(`INSERT INTO room (nr, id, version) VALUES ($1, $2, '12')`, nr, fmt.Sprintf("!room%d", i))
	for pos, ev := range map[int64][2]string{
		nr:        {"m.room.create", `{"content":{"room_version":"12"},"depth":1}`},
		tx.Next(): {"m.room.name", fmt.Sprintf(`{"content":{"name":"Ward %d"},"depth":2}`, i)},
	} {
		exec(`INSERT INTO event (pos, room, id, type, state_key, sender, ts, json) VALUES ($1, $2, $3, $4, '', '@wardline:northbrook.test', 0, $5)`,
			pos, nr, fmt.Sprint("$", pos), ev[0], ev[1])
		exec(`INSERT INTO state (room, type, state_key, pos) VALUES ($1, $2, '', $3)`, nr, ev[0], pos)
	}
	for m := range i % 7 {
		exec(`INSERT INTO member (user_id, room, membership, pos) VALUES ($1, $2, 'join', $3)`, fmt.Sprintf("@p%d:northbrook.test", m), nr, nr)
	}
	exec(`INSERT INTO member (user_id, room, membership, pos) VALUES ('@gone:northbrook.test', $1, 'leave', $1)`, nr)
	exec(`INSERT INTO published (room) VALUES ($1)`, nr)
	return err
}

// turns goes through pages from a token on, forward or back, and gives the rooms as the list has them.
func turns(t *testing.T, w *roomtest.Ward, ask listing.Ask, back bool) (ids []string, last string) {
	t.Helper()
	for {
		page, err := w.Page(ctx, ask)
		if err != nil {
			t.Fatal(err)
		}
		var here []string
		for _, l := range page.Rooms {
			here = append(here, l.ID)
		}
		next := page.Next
		if back {
			ids, next = append(here, ids...), page.Prev
		} else {
			ids = append(ids, here...)
		}
		if len(here) > ask.Limit || next != "" && len(here) != ask.Limit {
			t.Fatalf("%d rooms on a page of %d", len(here), ask.Limit)
		}
		if next == "" {
			return ids, page.Prev
		}
		ask.Since = next
	}
}

// expected gives the ids of the rooms that thousands makes and that a test wants, in the order of the list.
func expected(n int, want func(i int) bool) (ids []string) {
	for members := 6; members >= 0; members-- {
		for i := range n {
			if i%7 == members && want(i) {
				ids = append(ids, fmt.Sprintf("!room%d", i))
			}
		}
	}
	return ids
}

func TestThousandsOfRoomsInPages(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		const n = 3000
		thousands(t, w, n)
		first, err := w.Page(ctx, listing.Ask{Limit: 10})
		if err != nil || first.Total != n || first.Prev != "" || len(first.Rooms) != 10 {
			t.Fatalf("%+v, %v", first, err)
		}
		all := expected(n, func(int) bool { return true })
		eleventh, err := w.Find(ctx, all[10])
		if err != nil || eleventh.State("m.room.create", "") != nil {
			t.Errorf("a page of ten has loaded the eleventh room (%v)", err)
		}
		got, last := turns(t, w, listing.Ask{Limit: 500}, false)
		if !slices.Equal(got, all) {
			t.Errorf("%d rooms on all pages; the first are %v", len(got), got[:5])
		}
		if got, _ = turns(t, w, listing.Ask{Limit: 500, Since: last}, true); !slices.Equal(got, all[:len(all)-500]) {
			t.Errorf("back from the last page: %d rooms", len(got))
		}
	})
}

func TestSearchingThousandsOfRooms(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		const n = 3000
		thousands(t, w, n)
		want := expected(n, func(i int) bool { return strings.Contains(fmt.Sprint(i), "99") })
		got, last := turns(t, w, listing.Ask{Limit: 7, Term: "99"}, false)
		if !slices.Equal(got, want) {
			t.Errorf("found %v, want %v", got, want)
		}
		if got, _ = turns(t, w, listing.Ask{Limit: 7, Term: "99", Since: last}, true); !slices.Equal(got, want[:(len(want)-1)/7*7]) {
			t.Errorf("back from the last page: %v", got)
		}
		if got, _ = turns(t, w, listing.Ask{Limit: 7, Term: "none"}, false); len(got) > 0 {
			t.Errorf("found %v", got)
		}
	})
}

func TestPagesStayWhereTheyAre(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		for _, name := range []string{"a", "b", "c", "d"} {
			w.RoomOf(creation.Creation{Name: name, Listed: true}, "amira")
		}
		names := func(ask listing.Ask) (string, *listing.Page) {
			page, err := w.Page(ctx, ask)
			if err != nil {
				t.Fatal(err)
			}
			var out string
			for _, l := range page.Rooms {
				out += string(l.State("m.room.name", "").Content)
			}
			return strings.NewReplacer(`{"name":"`, "", `"}`, "").Replace(out), page
		}
		got, page := names(listing.Ask{Limit: 2})
		if got != "ab" {
			t.Fatalf("first page: %s", got)
		}
		if err := w.Publish(ctx, amira, page.Rooms[0].ID, false); err != nil {
			t.Fatal(err)
		}
		if got, page = names(listing.Ask{Limit: 2, Since: page.Next}); got != "cd" || page.Next != "" || page.Total != 3 {
			t.Errorf("second page: %s, %+v", got, page)
		}
		if got, page = names(listing.Ask{Limit: 2, Since: page.Prev}); got != "b" || page.Prev != "" {
			t.Errorf("back again: %s, %+v", got, page)
		}
		if got, _ = names(listing.Ask{Limit: 2, Since: page.Next}); got != "cd" {
			t.Errorf("and forward: %s", got)
		}
	})
}
