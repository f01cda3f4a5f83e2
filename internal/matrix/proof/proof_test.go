package proof

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// ward is a database with two rooms that have seen some life, and how to open it again.
type ward struct {
	options  store.Options
	db       *store.DB
	w        *roomtest.Ward
	a, b     *room.Live
	said     []string // messages in a, in order
	redacted string
	renamed  string // a state event that replaced another
}

func open(t *testing.T, engine string) *ward {
	t.Helper()
	x := &ward{options: storetest.OptionsOn(t, engine)}
	var err error
	if x.db, err = store.Open(t.Context(), x.options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := audit.Start(x.db, storetest.Key); err != nil {
		t.Fatal(err)
	}
	x.w = roomtest.Open(t, x.db)
	x.a, x.b = x.w.Room("ann", "ben"), x.w.RoomOf(creation.Creation{Preset: "private_chat", Version: "11"}, "ben", "ann", "eve")
	x.w.Set("ann", x.a, "m.room.name", "", `{"name":"Ward 4"}`)
	x.renamed = x.w.Set("ann", x.a, "m.room.name", "", `{"name":"Ward 4 nights"}`)
	for i := range 6 {
		x.said = append(x.said, x.w.Say("ben", x.a, fmt.Sprint("message ", i)))
	}
	x.redacted = x.w.Say("ann", x.b, "a mistake")
	if _, err := x.w.Redact(t.Context(), roomtest.Who("ann"), x.b.ID, x.redacted, "wrong room", room.Txn{ID: "redaction", Path: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := x.w.Leave(t.Context(), roomtest.Who("eve"), x.b.ID, ""); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *ward) verify(t *testing.T) Report {
	t.Helper()
	r, err := Verify(context.Background(), x.db, roomtest.Server, x.w.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func eachEngine(t *testing.T, test func(t *testing.T, x *ward)) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, open(t, engine)) })
	}
}

func TestWhatWasWrittenIsProven(t *testing.T) {
	eachEngine(t, func(t *testing.T, x *ward) {
		for range 2*step + 3 { // several readings
			x.w.Say("ann", x.b, "tick")
		}
		r := x.verify(t)
		if !r.OK() || r.Rooms != 2 || r.Events < 2*step+20 {
			t.Errorf("%+v", r)
		}
	})
}

func TestAnotherKeyProvesNothing(t *testing.T) {
	x := open(t, "sqlite")
	other := roomtest.Open(t, storetest.Open(t))
	r, err := Verify(t.Context(), x.db, roomtest.Server, other.Key.Public())
	if err != nil || len(r.Faults) != 2 {
		t.Errorf("%v %+v", err, r)
	}
}

// TestTampering changes the database in every way a person with access to it might, and expects the first event
// concerned to be named.
func TestTampering(t *testing.T) {
	for _, c := range []struct {
		name   string
		does   func(x *ward) []string
		names  func(x *ward) string // an event or a room
		reason string
	}{
		{"a word changed", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET json = REPLACE(json, 'message 2', 'message Z') WHERE id = '%s'`, x.said[2])}
		}, said(2), "not what was written"},
		{"the sender changed", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET json = REPLACE(json, '"sender":"@ben', '"sender":"@ann'), sender = REPLACE(sender, '@ben', '@ann') WHERE id = '%s'`, x.said[3])}
		}, said(3), "not what was written"},
		{"the row's sender changed", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET sender = '@ann:northbrook.test' WHERE id = '%s'`, x.said[3])}
		}, said(3), "row says other"},
		{"the row's type changed", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET type = 'm.hidden' WHERE id = '%s'`, x.said[3])}
		}, said(3), "row says other"},
		{"the row's time changed", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET ts = ts - 60000 WHERE id = '%s'`, x.said[3])}
		}, said(3), "row says other"},
		{"one deleted from the middle", func(x *ward) []string {
			return []string{sqlf(`DELETE FROM event WHERE id = '%s'`, x.said[2])}
		}, said(3), "does not follow"},
		{"the newest deleted", func(x *ward) []string {
			return []string{sqlf(`DELETE FROM event WHERE id = '%s'`, x.said[5])}
		}, said(5), "it is gone"},
		{"two swapped", func(x *ward) []string {
			return []string{
				sqlf(`UPDATE event SET pos = -pos WHERE id = '%s'`, x.said[1]),
				sqlf(`UPDATE event SET pos = pos - 1 WHERE id = '%s'`, x.said[2]),
				sqlf(`UPDATE event SET pos = -pos + 1 WHERE id = '%s'`, x.said[1]),
			}
		}, said(2), "does not follow"},
		{"the creation deleted", func(x *ward) []string {
			return []string{sqlf(`DELETE FROM event WHERE pos = %d`, x.a.NR)}
		}, func(x *ward) string { return x.a.ID }, "begin with the room's creation"},
		{"moved to another room", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET room = %d WHERE id = '%s'`, x.b.NR, x.said[5])}
		}, said(5), "room"},
		{"hidden from its room", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET room = 999999 WHERE id = '%s'`, x.said[5])}
		}, said(5), "no room"},
		{"a room emptied", func(x *ward) []string {
			return []string{sqlf(`DELETE FROM event WHERE room = %d`, x.a.NR)}
		}, func(x *ward) string { return x.a.ID }, "no events"},
		{"passed off as redacted", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET redacted_by = pos + 1, json = REPLACE(json, 'message 1', 'message I') WHERE id = '%s'`, x.said[1])}
		}, said(1), "more than redaction leaves"},
		{"redacted by nobody", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET redacted_by = %d WHERE id = '%s'`, x.a.NR, x.redacted)}
		}, func(x *ward) string { return x.redacted }, "no redaction of it"},
		{"content back under a redaction", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET json = REPLACE(json, '"content":{}', '"content":{"body":"forged"}') WHERE id = '%s'`, x.redacted)}
		}, func(x *ward) string { return x.redacted }, "more than redaction leaves"},
		{"redaction denied", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET redacted_by = NULL WHERE id = '%s'`, x.redacted)}
		}, func(x *ward) string { return x.redacted }, "not what was written"},
		{"history of state changed", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET replaces = NULL WHERE id = '%s'`, x.renamed)}
		}, func(x *ward) string { return x.renamed }, "replaced"},
		{"back into the room", func(x *ward) []string {
			return []string{sqlf(`UPDATE member SET membership = 'join' WHERE room = %d AND user_id = '@eve:northbrook.test'`, x.b.NR)}
		}, func(x *ward) string { return x.b.ID }, "membership"},
		{"into a room never joined", func(x *ward) []string {
			return []string{sqlf(`INSERT INTO member (user_id, room, membership, pos) VALUES ('@eve:northbrook.test', %d, 'join', %d)`, x.a.NR, x.a.NR)}
		}, func(x *ward) string { return x.a.ID }, "membership"},
		{"old state put back", func(x *ward) []string {
			return []string{sqlf(`UPDATE state SET pos = (SELECT replaces FROM event WHERE id = '%s') WHERE room = %d AND type = 'm.room.name'`, x.renamed, x.a.NR)}
		}, func(x *ward) string { return x.a.ID }, "current state"},
		{"state taken away", func(x *ward) []string {
			return []string{sqlf(`DELETE FROM state WHERE room = %d AND type = 'm.room.power_levels'`, x.a.NR)}
		}, func(x *ward) string { return x.a.ID }, "current state"},
		{"not JSON any more", func(x *ward) []string {
			return []string{sqlf(`UPDATE event SET json = 'x' WHERE id = '%s'`, x.said[0])}
		}, said(0), "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachEngine(t, func(t *testing.T, x *ward) {
				if err := storetest.Tamper(x.options, c.does(x)...); err != nil {
					t.Fatal(err)
				}
				r := x.verify(t)
				want := c.names(x)
				for _, f := range r.Faults {
					if (f.Event == want || f.Room == want) && strings.Contains(f.Why, c.reason) {
						return
					}
				}
				t.Errorf("%s: not found in %v", want, r.Faults)
			})
		})
	}
}

func sqlf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func said(n int) func(*ward) string { return func(x *ward) string { return x.said[n] } }
