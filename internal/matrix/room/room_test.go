package room_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/internal/spec/matrix"
)

var ctx = context.Background()

// each runs a test on every engine, and afterwards holds what memory knows of each room against the database.
func each(t *testing.T, test func(t *testing.T, w *roomtest.Ward)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		w := roomtest.Open(t, open())
		test(t, w)
	})
}

func stored(t *testing.T, w *roomtest.Ward, l *room.Live) (events []*room.Event) {
	t.Helper()
	events, err := w.After(ctx, l, room.Spans{{From: 0, To: room.Forever}}, 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// verifyLog checks hashes, signatures and links of a room as anyone could who has the server's public key.
func verifyLog(t *testing.T, w *roomtest.Ward, l *room.Live) {
	t.Helper()
	var pdus []string
	err := w.DB.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT json FROM event WHERE room = $1 ORDER BY pos`, l.NR)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			pdus = append(pdus, s)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	prev := ""
	for i, pdu := range pdus {
		ev, err := matrix.Parse(l.Version, []byte(pdu))
		if err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		if ev.Depth != int64(i+1) {
			t.Errorf("event %d has depth %d", i, ev.Depth)
		}
		if prev != "" && (len(ev.PrevEvents) != 1 || ev.PrevEvents[0] != prev) {
			t.Errorf("event %d: prev_events %v, want %s", i, ev.PrevEvents, prev)
		}
		if gjson.Get(pdu, "content").Raw != "{}" && !strings.Contains(pdu, "redact") {
			if err := matrix.Verify(l.Version, ev, roomtest.Server, w.Key.Public()); err != nil {
				t.Errorf("event %d: %v", i, err)
			}
		}
		prev = ev.ID
	}
}

func TestCreateMakesARoomOfEachVersion(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		for _, version := range []string{"", "11", "12"} {
			l := w.RoomOf(creation.Creation{
				Version: version, Preset: "private_chat", Name: "Ward 7", Topic: "Surgical ward", Alias: "ward7v" + version,
				Content: map[string]any{"m.federate": false},
				State:   []creation.Initial{{Type: "m.room.encryption", Content: []byte(`{"algorithm":"m.megolm.v1.aes-sha2"}`)}},
			}, "amira", "ben")
			if want := version == "11"; strings.Contains(l.ID, ":") != want {
				t.Errorf("version %q: room id %s", version, l.ID)
			}
			if got := gjson.GetBytes(l.State("m.room.name", "").Content, "name").Str; got != "Ward 7" {
				t.Errorf("name %q", got)
			}
			if l.State("m.room.encryption", "") != nil {
				t.Error("the room is encrypted, which the trust has turned off")
			}
			if got := l.Members("join"); fmt.Sprint(got) != "[@amira:northbrook.test @ben:northbrook.test]" {
				t.Errorf("members %v", got)
			}
			verifyLog(t, w, l)
		}
	})
}

func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		l := w.Room("amira", "ben")
		w.Set("amira", l, "m.room.power_levels", "", `{"users":{"@ben:northbrook.test":0},"state_default":50,"invite":50}`)
		send := func(local, typ, content string) error {
			_, err := w.Rooms.Send(ctx, roomtest.Who(local), l.ID, &room.Draft{Type: typ, Content: []byte(content), Txn: room.Txn{ID: typ, Path: local}})
			return err
		}
		put := func(local, typ, key, content string) error {
			_, err := w.PutState(ctx, roomtest.Who(local), l.ID, &room.Draft{Type: typ, StateKey: &key, Content: []byte(content)})
			return err
		}
		for name, c := range map[string]struct {
			err  error
			kind errs.Kind
		}{
			"a stranger sends":            {send("mallory", "m.room.message", `{}`), errs.Forbidden},
			"a member sets the name":      {put("ben", "m.room.name", "", `{"name":"x"}`), errs.Forbidden},
			"encryption":                  {put("amira", "m.room.encryption", "", `{"algorithm":"m.megolm.v1.aes-sha2"}`), errs.Forbidden},
			"a float":                     {send("amira", "m.room.message", `{"n":1.5}`), errs.Invalid},
			"too large":                   {send("amira", "m.room.message", `{"body":"`+strings.Repeat("x", 65536)+`"}`), errs.TooLarge},
			"a redaction by send":         {send("amira", "m.room.redaction", `{"redacts":"$x"}`), errs.Invalid},
			"an invitation to nobody":     {w.Invite(ctx, roomtest.Who("amira"), l.ID, "@nobody:northbrook.test", ""), errs.NotFound},
			"an invitation abroad":        {w.Invite(ctx, roomtest.Who("amira"), l.ID, "@x:elsewhere.test", ""), errs.Forbidden},
			"an invitation without power": {w.Invite(ctx, roomtest.Who("ben"), l.ID, "@cara:northbrook.test", ""), errs.Forbidden},
			"kicking one's better":        {w.Kick(ctx, roomtest.Who("ben"), l.ID, "@amira:northbrook.test", ""), errs.Forbidden},
			"unbanning the unbanned":      {w.Unban(ctx, roomtest.Who("amira"), l.ID, "@ben:northbrook.test", ""), errs.Forbidden},
			"forgetting while in":         {w.Forget(ctx, roomtest.Who("ben"), l.ID), errs.Invalid},
			"leaving an unknown room":     {w.Leave(ctx, roomtest.Who("ben"), "!nowhere", ""), errs.Forbidden},
			"state that invites abroad":   {put("amira", "m.room.member", "@x:elsewhere.test", `{"membership":"invite"}`), errs.Forbidden},
			"state that invites nobody":   {put("amira", "m.room.member", "@nobody:northbrook.test", `{"membership":"invite"}`), errs.NotFound},
			"a foreign alias":             {put("amira", "m.room.canonical_alias", "", `{"alias":"#none:northbrook.test"}`), errs.Invalid},
		} {
			if errs.Of(c.err) != c.kind || c.err == nil {
				t.Errorf("%s: %v (kind %d), want kind %d", name, c.err, errs.Of(c.err), c.kind)
			}
		}
		verifyLog(t, w, l)
	})
}

func TestSendIsIdempotent(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		l := w.Room("amira")
		d := func() *room.Draft {
			return &room.Draft{Type: "m.room.message", Content: []byte(`{"body":"once"}`), Txn: room.Txn{ID: "t1", Path: "p"}}
		}
		before := len(stored(t, w, l))
		ids := make([]string, 16)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				id, err := w.Rooms.Send(ctx, roomtest.Who("amira"), l.ID, d())
				if err != nil {
					t.Error(err)
				}
				ids[i] = id
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("one transaction gave %s and %s", ids[0], id)
			}
		}
		other := *roomtest.Who("amira")
		other.Device = "OTHER"
		id, err := w.Rooms.Send(ctx, &other, l.ID, d())
		if err != nil || id == ids[0] {
			t.Errorf("another device: %s, %v", id, err)
		}
		if got := len(stored(t, w, l)); got != before+2 {
			t.Errorf("%d events were stored, want 2", got-before)
		}
		verifyLog(t, w, l)
	})
}

func TestConcurrentSendersKeepOneChain(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		l := w.Room("amira", "ben", "cara")
		var wg sync.WaitGroup
		for _, who := range []string{"amira", "ben", "cara"} {
			wg.Go(func() {
				for i := range 40 {
					d := &room.Draft{Type: "m.room.message", Content: []byte(`{"body":"x"}`), Txn: room.Txn{ID: fmt.Sprint(i), Path: who}}
					if _, err := w.Rooms.Send(ctx, roomtest.Who(who), l.ID, d); err != nil {
						t.Error(err)
					}
					if i%10 == 0 {
						key := who
						if _, err := w.PutState(ctx, roomtest.Who("amira"), l.ID, &room.Draft{Type: "test.state", StateKey: &key, Content: fmt.Appendf(nil, `{"n":%d}`, i)}); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		verifyLog(t, w, l)
		fresh := roomtest.Reopen(t, w.DB, w.Key)
		again, err := fresh.Find(ctx, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := fresh.Load(ctx, again); err != nil {
			t.Fatal(err)
		}
		sameState(t, l, again)
	})
}

// sameState holds what memory knows of a room against what a node that has just started reads.
func sameState(t *testing.T, a, b *room.Live) {
	t.Helper()
	show := func(l *room.Live) (out []string) {
		for _, ev := range l.States() {
			out = append(out, string(ev.Append(nil, room.Reader{})))
		}
		return out
	}
	x, y := show(a), show(b)
	if fmt.Sprint(x) != fmt.Sprint(y) {
		t.Errorf("memory and database differ:\n%v\n%v", x, y)
	}
	if a.Last() != b.Last() {
		t.Errorf("last %d and %d", a.Last(), b.Last())
	}
}

func TestRedactTakesContentAway(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		l := w.Room("amira", "ben", "cara")
		id := w.Say("ben", l, "a secret")
		who := roomtest.Who("cara")
		if _, err := w.Redact(ctx, who, l.ID, id, "", room.Txn{ID: "r0", Path: "r"}); errs.Of(err) != errs.Forbidden {
			t.Errorf("a member redacted another's message: %v", err)
		}
		if _, err := w.Redact(ctx, roomtest.Who("ben"), l.ID, id, "wrong chat", room.Txn{ID: "r1", Path: "r"}); err != nil {
			t.Fatal(err)
		}
		r, err := w.Rooms.Open(ctx, who, l.ID, room.Reading)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := w.EventByID(ctx, r, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []string{
			string(ev.Append(nil, room.Reader{})),
			string(eventFromDisk(t, w, l, id).Append(nil, room.Reader{})),
		} {
			if strings.Contains(got, "secret") || !strings.Contains(got, `"redacted_because"`) || !strings.Contains(got, "wrong chat") {
				t.Errorf("after redaction: %s", got)
			}
		}
		if string(ev.Append(nil, room.Reader{})) != string(eventFromDisk(t, w, l, id).Append(nil, room.Reader{})) {
			t.Error("memory and disk differ")
		}
		verifyLog(t, w, l)
	})
}

func eventFromDisk(t *testing.T, w *roomtest.Ward, l *room.Live, id string) *room.Event {
	t.Helper()
	for _, ev := range stored(t, w, l) {
		if ev.ID == id {
			return ev
		}
	}
	t.Fatalf("%s is not stored", id)
	return nil
}

func TestForgetClosesTheRoom(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		l := w.Room("amira", "ben")
		ben := roomtest.Who("ben")
		if err := w.Leave(ctx, ben, l.ID, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Rooms.Open(ctx, ben, l.ID, room.Reading); err != nil {
			t.Fatalf("someone who has left cannot read what they could: %v", err)
		}
		if err := w.Forget(ctx, ben, l.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Rooms.Open(ctx, ben, l.ID, room.Reading); errs.Of(err) != errs.Forbidden {
			t.Errorf("a forgotten room opens: %v", err)
		}
	})
}
