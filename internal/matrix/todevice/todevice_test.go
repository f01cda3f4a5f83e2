package todevice_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/matrix/todevice"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

type ward struct {
	t    *testing.T
	db   *store.DB
	post *todevice.ToDevice
}

func each(t *testing.T, test func(w *ward)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		test(&ward{t, db, todevice.New(db)})
	})
}

func user(name string) string { return "@" + name + ":" + storetest.ServerName }

func (w *ward) signIn(name, id string) *audit.Caller {
	w.t.Helper()
	who := &audit.Caller{User: user(name), Device: id}
	w.write(func(tx *store.Tx) error {
		return tx.Exec(`INSERT INTO device (user_id, device_id, name, created, seen, addr) VALUES ($1, $2, '', 0, 0, '')`, who.User, id)
	})
	return who
}

func (w *ward) write(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(ctx, fn); err != nil {
		w.t.Fatal(err)
	}
}

// to makes the messages of a request for devices named "user/device".
func to(content string, devices ...string) map[string]map[string]jsontext.Value {
	m := map[string]map[string]jsontext.Value{}
	for _, d := range devices {
		name, id, _ := strings.Cut(d, "/")
		if m[user(name)] == nil {
			m[user(name)] = map[string]jsontext.Value{}
		}
		m[user(name)][id] = jsontext.Value(content)
	}
	return m
}

func (w *ward) send(who *audit.Caller, txn, content string, devices ...string) {
	w.t.Helper()
	err := w.post.Send(ctx, who, todevice.Send{Type: "m.test", Txn: txn, Content: to(content, devices...)})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) inbox(who *audit.Caller, from int64, limit int) []todevice.Message {
	w.t.Helper()
	list, err := w.post.Inbox(ctx, who.User, who.Device, from, w.db.Position(), limit)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *ward) want(who *audit.Caller, from int64, contents ...string) {
	w.t.Helper()
	var got []string
	for _, m := range w.inbox(who, from, 100) {
		_, content, _ := strings.Cut(string(m.JSON), `"content":`)
		got = append(got, strings.TrimSuffix(content, "}"))
	}
	if d := cmp.Diff(contents, got); d != "" {
		w.t.Errorf("inbox of %s (-want +got):\n%s", who.Device, d)
	}
}

func TestSend(t *testing.T) {
	each(t, func(w *ward) {
		asha := w.signIn("asha", "A1")
		b1, b2 := w.signIn("ben", "B1"), w.signIn("ben", "B2")
		w.want(b1, 0)
		w.send(asha, "1", `{"n":1}`, "ben/*", "nobody/*", "asha/GONE")
		w.send(asha, "1", `{"n":"the same transaction"}`, "ben/*")
		w.send(b1, "1", `{"n":2}`, "ben/B2") // another device's transaction of the same name
		w.want(b1, 0, `{"n":1}`)
		w.want(b2, 0, `{"n":1}`, `{"n":2}`)
		w.want(asha, 0)
		first := w.inbox(b2, 0, 1)
		if len(first) != 1 || string(first[0].JSON) != `{"type":"m.test","sender":"`+asha.User+`","content":{"n":1}}` {
			w.t.Fatalf("the first page: %v", first)
		}
		w.want(b2, first[0].Pos, `{"n":2}`)
	})
}

func TestNamedDeviceBeforeEveryone(t *testing.T) {
	each(t, func(w *ward) {
		asha, b1, b2 := w.signIn("asha", "A1"), w.signIn("ben", "B1"), w.signIn("ben", "B2")
		content := to(`{"for":"all"}`, "ben/*")
		content[user("ben")]["B2"] = jsontext.Value(`{"for":"B2"}`)
		if err := w.post.Send(ctx, asha, todevice.Send{Type: "m.test", Txn: "1", Content: content}); err != nil {
			w.t.Fatal(err)
		}
		w.want(b1, 0, `{"for":"all"}`)
		w.want(b2, 0, `{"for":"B2"}`)
	})
}

func TestDelivered(t *testing.T) {
	each(t, func(w *ward) {
		asha, ben := w.signIn("asha", "A1"), w.signIn("ben", "B1")
		w.send(asha, "1", `{"n":1}`, "ben/B1")
		upTo := w.db.Position()
		w.send(asha, "2", `{"n":2}`, "ben/B1")
		w.want(ben, 0, `{"n":1}`, `{"n":2}`)
		w.delivered(ben, upTo)
		w.want(ben, 0, `{"n":2}`)
		if got := w.rows(); got != 1 {
			w.t.Errorf("%d rows left, want 1", got)
		}
		w.delivered(ben, w.db.Position())
		w.want(ben, 0)
		w.send(asha, "3", `{"n":3}`, "ben/B1")
		w.want(ben, 0, `{"n":3}`)
		w.write(func(tx *store.Tx) error { return w.post.Forget(tx, ben.User, ben.Device) })
		w.want(ben, 0)
	})
}

// delivered acknowledges, and waits until what it submitted is done.
func (w *ward) delivered(who *audit.Caller, upTo int64) {
	w.t.Helper()
	if err := w.post.Delivered(ctx, who.User, who.Device, upTo); err != nil {
		w.t.Fatal(err)
	}
	w.write(func(*store.Tx) error { return nil })
}

func (w *ward) rows() (n int64) {
	w.t.Helper()
	if err := w.db.Read(ctx, func(tx *store.Tx) error { return tx.Row(`SELECT COUNT(*) FROM to_device`, nil, &n) }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestRetriesAreDeliveredOnce(t *testing.T) {
	each(t, func(w *ward) {
		asha, ben := w.signIn("asha", "A1"), w.signIn("ben", "B1")
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				err := w.post.Send(ctx, asha, todevice.Send{Type: "m.test", Txn: fmt.Sprint(i % 4), Content: to(`{}`, "ben/*")})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := w.inbox(ben, 0, 100); len(got) != 4 {
			w.t.Errorf("%d messages arrived, want 4", len(got))
		}
	})
}

func TestSendRefuses(t *testing.T) {
	db := storetest.Open(t)
	w := &ward{t, db, todevice.New(db)}
	asha := w.signIn("asha", "A1")
	w.signIn("ben", "B1")
	crowd := map[string]jsontext.Value{}
	for i := range 5001 {
		crowd[fmt.Sprint(i)] = jsontext.Value(`{}`)
	}
	for what, c := range map[string]struct {
		send todevice.Send
		code string
	}{
		"no type":          {todevice.Send{Txn: "1", Content: to(`{}`, "ben/*")}, "M_INVALID_PARAM"},
		"no transaction":   {todevice.Send{Type: "m.test", Content: to(`{}`, "ben/*")}, "M_INVALID_PARAM"},
		"a long name":      {todevice.Send{Type: strings.Repeat("x", 256), Txn: "1", Content: to(`{}`, "ben/*")}, "M_INVALID_PARAM"},
		"too much for one": {todevice.Send{Type: "m.test", Txn: "1", Content: to(`{"a":"`+strings.Repeat("x", 65_536)+`"}`, "ben/*")}, "M_TOO_LARGE"},
		"no object":        {todevice.Send{Type: "m.test", Txn: "1", Content: to(`"text"`, "ben/*")}, "M_BAD_JSON"},
		"too many at all":  {todevice.Send{Type: "m.test", Txn: "1", Content: map[string]map[string]jsontext.Value{user("ben"): crowd}}, "M_TOO_LARGE"},
	} {
		err := w.post.Send(ctx, asha, c.send)
		var e *errs.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v, want %s", what, err, c.code)
		}
	}
	if got := w.rows(); got != 0 {
		t.Errorf("refused requests left %d messages", got)
	}
}

func TestTidy(t *testing.T) {
	each(t, func(w *ward) {
		asha, ben := w.signIn("asha", "A1"), w.signIn("ben", "B1")
		w.send(asha, "1", `{}`, "ben/B1")
		w.write(func(tx *store.Tx) error {
			if err := tx.Exec(`UPDATE to_device_txn SET created = 1`); err != nil {
				return err
			}
			return tx.Exec(`INSERT INTO to_device (pos, user_id, device_id, body) VALUES (0, '@gone:x', 'X', '{}')`)
		})
		if err := w.post.Tidy(ctx); err != nil {
			w.t.Fatal(err)
		}
		w.want(ben, 0, `{}`)
		if got := w.rows(); got != 1 {
			w.t.Errorf("%d messages left, want ben’s one", got)
		}
		w.send(asha, "1", `{"again":true}`, "ben/B1") // the transaction is forgotten
		w.want(ben, 0, `{}`, `{"again":true}`)
	})
}
