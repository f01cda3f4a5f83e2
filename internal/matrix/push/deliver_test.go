package push

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// quick is the times of tests. What is waited for is always an event, never a time that passed.
var quick = times{
	lease: time.Second, flush: 20 * time.Millisecond, badge: time.Millisecond, backoff: time.Millisecond, patient: 5 * time.Millisecond,
	grace: 5 * time.Second,
}

// handset is a push gateway that writes down what it is sent.
type handset struct {
	*httptest.Server
	t testing.TB

	mu     sync.Mutex
	got    []string                           // bodies that were answered 200
	tried  int                                // requests of any kind
	answer func(n gjson.Result) (int, string) // nil: 200, nothing rejected
	more   chan struct{}
}

func newHandset(t testing.TB) *handset {
	h := &handset{t: t, more: make(chan struct{}, 1)}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *handset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != gatewayPath || r.Header.Get("Content-Type") != "application/json" || !gjson.ValidBytes(body) {
		h.t.Errorf("not a notification: %s %s %s %v", r.Method, r.URL, body, err)
	}
	h.mu.Lock()
	answer := h.answer
	h.tried++
	h.mu.Unlock()
	status, said := http.StatusOK, `{"rejected":[]}`
	if answer != nil {
		status, said = answer(gjson.GetBytes(body, "notification"))
	}
	h.mu.Lock()
	if status == http.StatusOK {
		h.got = append(h.got, string(body))
	}
	h.mu.Unlock()
	w.WriteHeader(status)
	_, _ = io.WriteString(w, said)
	select {
	case h.more <- struct{}{}:
	default:
	}
}

func (h *handset) answers(fn func(n gjson.Result) (int, string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = fn
}

func (h *handset) bodies() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

func (h *handset) attempts() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tried
}

// until waits for something to be so.
func (h *handset) until(what string, fn func() bool) {
	h.t.Helper()
	over := time.After(2 * time.Minute)
	for !fn() {
		select {
		case <-h.more:
		case <-time.After(5 * time.Millisecond):
		case <-over:
			h.t.Fatalf("%s: never; got %.2000s", what, fmt.Sprint(h.bodies()))
		}
	}
}

// events gives the events that were told, in order, each with the pushkeys it was told.
func (h *handset) events() (list []string) {
	for _, b := range h.bodies() {
		if id := gjson.Get(b, "notification.event_id").Str; id != "" {
			list = append(list, id)
		}
	}
	return list
}

func (h *handset) data(more string) []byte {
	return fmt.Appendf(nil, `{"url":%q%s}`, h.URL+gatewayPath, more)
}

// station is a ward with delivery.
type station struct {
	*ward
	pushers  *Pushers
	delivery *Delivery
	log      *bytes.Buffer
	stop     func()
}

func newStation(t testing.TB, w *ward, conf Config) *station {
	conf.PrivateGateways = true
	s := &station{ward: w, pushers: NewPushers(w.DB, conf), log: &bytes.Buffer{}}
	s.delivery = NewDelivery(w.DB, w.Rooms, w.counter, conf, slog.New(slog.NewTextHandler(s.log, nil)))
	s.delivery.times = quick
	return s
}

// run starts delivery; stop ends it gracefully.
func (s *station) run(t testing.TB) *station {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); s.delivery.Run(ctx) }()
	s.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(s.stop)
	return s
}

func (s *station) set(t testing.TB, who, key string, data []byte) {
	t.Helper()
	err := s.pushers.Set(ctx, roomtest.Who(who), Pusher{
		AppID: "org.example.app", Key: key, AppName: "App", DeviceName: "Phone", Lang: "en", Data: data,
	}, true)
	if err != nil {
		t.Fatal(err)
	}
}

func stations(t *testing.T, conf Config, test func(t *testing.T, s *station, h *handset)) {
	each(t, func(t *testing.T, w *ward) { test(t, newStation(t, w, conf).run(t), newHandset(t)) })
}

const secret = "Haemoglobin is 61, bed 4"

// TestContentStaysHere: by default nothing that anybody wrote, is called or calls a room leaves the trust, whatever the
// format; with the trust's leave it does, but for those who ask for ids only.
func TestContentStaysHere(t *testing.T) {
	for _, c := range []struct {
		name            string
		allowed         bool
		format          string
		content, detail bool
	}{
		{"default", false, "", false, true},
		{"ids only", false, `,"format":"event_id_only"`, false, false},
		{"unknown format", false, `,"format":"everything"`, false, false},
		{"allowed", true, "", true, true},
		{"allowed, ids only", true, `,"format":"event_id_only"`, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			stations(t, Config{IncludeContent: c.allowed}, func(t *testing.T, s *station, h *handset) {
				l := s.RoomOf(creation.Creation{Preset: "private_chat", Name: "Haematology"}, "alice", "bob")
				s.set(t, "bob", "key", h.data(c.format+`,"default_payload":{"aps":1}`))
				id := s.Say("alice", l, secret)
				h.until("told", func() bool { return len(h.events()) == 1 })
				body := h.bodies()[0]
				n := gjson.Get(body, "notification")
				if n.Get("event_id").Str != id || n.Get("room_id").Str != l.ID || n.Get("counts.unread").Int() != 1 {
					t.Errorf("%s", body)
				}
				for _, word := range []string{"Haemoglobin", "Haematology", "alice", "Alice", "northbrook"} {
					if strings.Contains(body, word) && !c.content {
						t.Errorf("%q leaves the trust: %s", word, body)
					}
				}
				if c.content && (n.Get("content.body").Str != secret || n.Get("sender_display_name").Str != "Alice" ||
					n.Get("room_name").Str != "Haematology" || n.Get("sender").Str != user("alice")) {
					t.Errorf("content was allowed: %s", body)
				}
				if (n.Get("type").Str == "m.room.message") != c.detail || n.Get("prio").Exists() != c.detail {
					t.Errorf("%s", body)
				}
				d := n.Get("devices.0")
				if d.Get("app_id").Str != "org.example.app" || d.Get("pushkey").Str != "key" || d.Get("data.url").Exists() ||
					d.Get("data.default_payload.aps").Int() != 1 || d.Get("tweaks.sound").Str != "default" || d.Get("pushkey_ts").Int() == 0 {
					t.Errorf("device: %s", d.Raw)
				}
				if log := s.log.String(); strings.Contains(log, "Haem") || strings.Contains(log, "alice") {
					t.Errorf("log: %s", log)
				}
			})
		})
	}
}

// TestWhoIsTold: members by their rules, the invited of their invitation; not the sender, not those who left, not those
// whose rules say no.
func TestWhoIsTold(t *testing.T) {
	stations(t, Config{}, func(t *testing.T, s *station, h *handset) {
		for _, who := range []string{"alice", "bob", "carol", "dave"} {
			s.set(t, who, who, h.data(""))
		}
		l := s.Room("alice", "bob", "carol")
		one := s.Say("alice", l, "one")
		if err := s.Leave(ctx, roomtest.Who("carol"), l.ID, ""); err != nil {
			t.Fatal(err)
		}
		mute := fmt.Appendf(nil, `{"conditions":[{"kind":"event_match","key":"room_id","pattern":%q}],"actions":[]}`, l.ID)
		if err := s.rules.Put(ctx, roomtest.Who("bob"), "override", "mute", mute, "", ""); err != nil {
			t.Fatal(err)
		}
		s.Say("alice", l, "two")
		if err := s.Invite(ctx, roomtest.Who("alice"), l.ID, user("dave"), ""); err != nil {
			t.Fatal(err)
		}
		told := func(id string) (keys []string) {
			for _, b := range h.bodies() {
				if gjson.Get(b, "notification.event_id").Str == id {
					keys = append(keys, gjson.Get(b, "notification.devices.0.pushkey").Str)
				}
			}
			slices.Sort(keys)
			return keys
		}
		invitation := l.State("m.room.member", user("dave")).ID
		h.until("the invitation", func() bool { return slices.Equal(told(invitation), []string{"dave"}) })
		for _, b := range h.bodies() {
			if gjson.Get(b, "notification.event_id").Str == invitation {
				if n := gjson.Get(b, "notification"); !n.Get("user_is_target").Bool() || n.Get("prio").Str != "high" || n.Get("counts.unread").Exists() {
					t.Errorf("invitation: %s", b)
				}
			}
		}
		// Carol may have been told before she left.
		if keys := told(one); slices.Contains(keys, "alice") || !slices.Contains(keys, "bob") && len(keys) > 1 {
			t.Errorf("the first was told to %v", keys)
		}
		last := s.Say("bob", l, "three")
		h.until("the last", func() bool { return len(told(last)) == 1 })
		if keys := told(last); keys[0] != "alice" {
			t.Errorf("the last was told to %v", keys)
		}
	})
}

// TestPriority: what calls for somebody goes at once; what does not may wait for the phone.
func TestPriority(t *testing.T) {
	stations(t, Config{}, func(t *testing.T, s *station, h *handset) {
		l := s.Room("alice", "bob", "carol")
		s.set(t, "bob", "key", h.data(""))
		want := map[string]string{
			s.Say("alice", l, "plain"):   "low",
			s.mention("alice", l, "bob"): "high",
			s.Send("alice", l, "m.room.message", `{"msgtype":"m.text","body":"x","org.wardline.urgency":"STAT"}`):                         "high",
			s.Send("alice", l, "m.room.message", `{"msgtype":"m.text","body":"x","org.wardline.urgency":{"level":"ACTION","minutes":5}}`): "high",
			s.Send("alice", l, "m.room.message", `{"msgtype":"m.text","body":"x","org.wardline.urgency":"FYI"}`):                          "low",
			s.Send("alice", l, "m.call.invite", `{"call_id":"1","version":"1","lifetime":1,"party_id":"x","offer":{}}`):                   "high",
		}
		h.until("all told", func() bool { return len(h.events()) == len(want) })
		for _, b := range h.bodies() {
			n := gjson.Get(b, "notification")
			if id := n.Get("event_id").Str; id != "" && n.Get("prio").Str != want[id] {
				t.Errorf("%s is %s, want %s", n.Get("type"), n.Get("prio"), want[id])
			}
		}
	})
}

// TestRetry: a gateway that is down is tried again until it takes everything, in order and each once; one that is slow or
// dead holds up nobody else.
func TestRetry(t *testing.T) {
	stations(t, Config{}, func(t *testing.T, s *station, h *handset) {
		down := newHandset(t)
		l := s.Room("alice", "bob", "carol")
		s.set(t, "bob", "down", down.data(""))
		s.set(t, "carol", "up", h.data(""))
		hang := make(chan struct{})
		var first sync.Once
		down.answers(func(gjson.Result) (int, string) {
			first.Do(func() { <-hang })
			return http.StatusBadGateway, "upstream is away"
		})
		var want []string
		for i := range 10 {
			want = append(want, s.Say("alice", l, fmt.Sprint(i)))
		}
		h.until("others are told", func() bool { return slices.Equal(h.events(), want) })
		if len(down.events()) != 0 {
			t.Fatal("a gateway that was down has taken something")
		}
		close(hang)
		down.until("several attempts", func() bool { return down.attempts() >= 5 })
		down.answers(nil)
		down.until("all told", func() bool { return len(down.events()) >= len(want) })
		if got := down.events(); !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
		down.until("the totals", func() bool {
			sent, failed, dropped, _ := s.delivery.Totals()
			return sent >= 20 && failed >= 5 && dropped == 0
		})
	})
}

// TestHopeless: what a gateway calls a bad request is not sent again, and does not hold up what follows.
func TestHopeless(t *testing.T) {
	stations(t, Config{}, func(t *testing.T, s *station, h *handset) {
		l := s.Room("alice", "bob")
		s.set(t, "bob", "key", h.data(""))
		var bad string
		var mu sync.Mutex
		h.answers(func(n gjson.Result) (int, string) {
			mu.Lock()
			defer mu.Unlock()
			if bad == "" {
				bad = n.Get("event_id").Str
			}
			if n.Get("event_id").Str == bad {
				return http.StatusBadRequest, "{}"
			}
			return http.StatusOK, "" // not even JSON: taken all the same
		})
		s.Say("alice", l, "one")
		two := s.Say("alice", l, "two")
		h.until("the second", func() bool { return slices.Equal(h.events(), []string{two}) })
		if _, _, dropped, _ := s.delivery.Totals(); dropped != 1 || h.attempts() != 2 {
			t.Errorf("%d dropped after %d attempts", dropped, h.attempts())
		}
	})
}

// TestRejected: a pushkey that the gateway knows no more is removed, on the record, and no other.
func TestRejected(t *testing.T) {
	stations(t, Config{}, func(t *testing.T, s *station, h *handset) {
		l := s.Room("alice", "bob")
		s.set(t, "bob", "old", h.data(""))
		s.set(t, "bob", "new", h.data(""))
		h.answers(func(gjson.Result) (int, string) { return http.StatusOK, `{"rejected":["old"]}` })
		s.Say("alice", l, "one")
		h.until("removed", func() bool {
			list, err := s.pushers.Of(ctx, roomtest.Who("bob"))
			return err == nil && len(list) == 1 && list[0].Key == "new"
		})
		before := len(h.bodies())
		two := s.Say("alice", l, "two")
		h.until("told", func() bool { return slices.Contains(h.events(), two) })
		for _, b := range h.bodies()[before:] {
			if gjson.Get(b, "notification.event_id").Str == two && gjson.Get(b, "notification.devices.0.pushkey").Str == "old" {
				t.Error("a rejected key is still told")
			}
		}
		if _, _, _, rejected := s.delivery.Totals(); rejected != 1 {
			t.Errorf("%d rejected", rejected)
		}
	})
}

// TestBadge: after reading, the phone is told the new count alone, once; and what was read before it could be told is
// not told.
func TestBadge(t *testing.T) {
	stations(t, Config{}, func(t *testing.T, s *station, h *handset) {
		l, other := s.Room("alice", "bob"), s.Room("alice", "bob")
		s.set(t, "bob", "key", h.data(`,"format":"event_id_only"`))
		s.Say("alice", other, "elsewhere")
		var last string
		for range 3 {
			last = s.Say("alice", l, "x")
		}
		h.until("told", func() bool { return len(h.events()) == 4 })
		if n := gjson.Get(h.bodies()[3], "notification.counts.unread").Int(); n != 4 {
			t.Errorf("%d unread in all", n)
		}
		s.read(t, "bob", l, last, "", true)
		h.until("the badge", func() bool { return len(h.bodies()) == 5 })
		if got := h.bodies()[4]; got != `{"notification":{"counts":{"unread":1},"devices":[`+gjson.Get(got, "notification.devices.0").Raw+`]}}` {
			t.Errorf("badge: %s", got)
		}
		s.Say("bob", other, "mine") // has read what came before
		h.until("an empty badge", func() bool { return len(h.bodies()) == 6 })
		if got := h.bodies()[5]; !strings.HasPrefix(got, `{"notification":{"counts":{},`) {
			t.Errorf("badge: %s", got)
		}
		// Read before it could be told.
		h.answers(func(gjson.Result) (int, string) { return http.StatusServiceUnavailable, "" })
		tried := h.attempts()
		gone := s.Say("alice", l, "y")
		h.until("an attempt", func() bool { return h.attempts() > tried })
		s.read(t, "bob", l, gone, "", false)
		h.answers(nil)
		after := s.Say("alice", l, "z")
		h.until("the next", func() bool { return slices.Contains(h.events(), after) })
		if slices.Contains(h.events(), gone) && slices.Index(h.events(), gone) > 4 {
			t.Error("an event was told after it had been read")
		}
	})
}

// TestRestart: a node that stops, or dies, goes on where it was: what a gateway has not taken is told, and what it has
// taken is not told again when the node has stopped in good order.
func TestRestart(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		h := newHandset(t)
		first := newStation(t, w, Config{}).run(t)
		l := first.Room("alice", "bob", "carol")
		first.set(t, "bob", "bob", h.data(""))
		first.set(t, "carol", "carol", h.data(""))
		h.answers(func(n gjson.Result) (int, string) {
			if n.Get("devices.0.pushkey").Str == "carol" {
				return http.StatusServiceUnavailable, ""
			}
			return http.StatusOK, `{}`
		})
		var want []string
		for i := range 5 {
			want = append(want, first.Say("alice", l, fmt.Sprint("before ", i)))
		}
		h.until("bob was told", func() bool { return len(h.events()) == 5 })
		first.stop()
		for i := range 3 {
			want = append(want, first.Say("alice", l, fmt.Sprint("between ", i)))
		}
		h.answers(nil)
		second := newStation(t, reopen(t, w), Config{}).run(t)
		want = append(want, second.Say("alice", l, "after"))
		told := func(key string) (ids []string) {
			for _, b := range h.bodies() {
				if id := gjson.Get(b, "notification.event_id").Str; id != "" && gjson.Get(b, "notification.devices.0.pushkey").Str == key {
					ids = append(ids, id)
				}
			}
			return ids
		}
		h.until("everybody was told", func() bool { return len(told("bob")) >= len(want) && len(told("carol")) >= len(want) })
		for _, key := range []string{"bob", "carol"} {
			if got := told(key); !slices.Equal(got, want) {
				t.Errorf("%s was told %d: %v, want %v", key, len(got), got, want)
			}
		}
	})
}

// reopen gives a ward on the same database, as a node that has just started.
func reopen(t testing.TB, old *ward) *ward {
	w := &ward{keep: old.keep, Ward: roomtest.Reopen(t, old.DB, old.Key)}
	w.receipts = receipt.New(old.DB, w.Rooms)
	w.rules = NewRules(old.DB, old.keep)
	w.counter = NewCounter(w.Rooms, w.receipts, w.rules)
	return w
}

// TestTwoNodes: one node delivers at a time; when it dies without a word the other goes on once the lease is over, and
// nothing is lost. Both follow what either writes.
func TestTwoNodes(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := storetest.OptionsOn(t, engine)
			open := func() *store.DB {
				db, err := store.Open(ctx, o)
				if err != nil {
					t.Fatal(err)
				}
				if err := audit.Start(db, storetest.Key); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = db.Close() })
				return db
			}
			h := newHandset(t)
			dying := newStation(t, newWard(t, open()), Config{})
			l := dying.Room("alice", "bob")
			dying.set(t, "bob", "key", h.data(""))
			db := open()
			w := newWard(t, db)
			w.Ward = roomtest.Reopen(t, db, dying.Key)
			w.receipts = receipt.New(db, w.Rooms)
			w.counter = NewCounter(w.Rooms, w.receipts, w.rules)
			heir := newStation(t, w, Config{})
			dying.run(t)
			one := dying.Say("alice", l, "one")
			h.until("told", func() bool { return slices.Contains(h.events(), one) })
			heir.run(t)
			h.answers(func(gjson.Result) (int, string) { return http.StatusServiceUnavailable, "" })
			two := dying.Say("alice", l, "two")
			h.until("in vain", func() bool { return h.attempts() > 1 })
			if err := dying.DB.Close(); err != nil { // from now on it can record nothing, nor give the lease back
				t.Fatal(err)
			}
			dying.stop()
			h.answers(nil)
			h.until("the heir has told", func() bool { return slices.Contains(h.events(), two) })
			if err := db.CatchUp(ctx, l.Last()); err != nil {
				t.Fatal(err)
			}
			three := heir.Say("alice", l, "three")
			h.until("and goes on", func() bool { return slices.Contains(h.events(), three) })
			if got := slices.Compact(h.events()); !slices.Equal(got, []string{one, two, three}) && !slices.Equal(got, []string{one, one, two, three}) {
				t.Errorf("told %v", got)
			}
		})
	}
}

// TestPushersComeAndGo: a pusher set while delivery runs is told what comes after, and one removed, or whose device is
// signed out, or whose owner's account is closed, is told nothing more.
func TestPushersComeAndGo(t *testing.T) {
	stations(t, Config{}, func(t *testing.T, s *station, h *handset) {
		l := s.Room("alice", "bob", "carol", "dave")
		s.Say("alice", l, "before")
		s.set(t, "carol", "carol", h.data(""))
		one := s.Say("alice", l, "one")
		h.until("told", func() bool { return slices.Equal(h.events(), []string{one}) })
		s.set(t, "bob", "bob", h.data(""))
		s.set(t, "dave", "dave", h.data(""))
		if err := s.pushers.Remove(ctx, roomtest.Who("carol"), "org.example.app", "carol"); err != nil {
			t.Fatal(err)
		}
		two := s.Say("alice", l, "two")
		h.until("bob and dave are told", func() bool { return slices.Equal(h.events(), []string{one, two, two}) })
		err := s.DB.Write(ctx, func(tx *store.Tx) error {
			if err := DeviceGone(tx, user("bob"), roomtest.Who("bob").Device); err != nil {
				return err
			}
			return Erase(tx, user("dave"))
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Say("alice", l, "three")
		s.set(t, "carol", "carol", h.data(""))
		four := s.Say("alice", l, "four")
		h.until("carol is told again", func() bool { return slices.Contains(h.events(), four) })
		if got := h.events(); len(got) != 4 {
			t.Errorf("told %v", got)
		}
	})
}

// TestLongGap: what happened while nobody delivered is read from the log, in pieces.
func TestLongGap(t *testing.T) {
	w := newWard(t, storetest.Open(t))
	h := newHandset(t)
	s := newStation(t, w, Config{})
	l := s.Room("alice", "bob")
	s.set(t, "bob", "key", h.data(""))
	var want []string
	for i := range chunk + 30 {
		want = append(want, s.Say("alice", l, fmt.Sprint(i)))
	}
	s.run(t)
	h.until("all told", func() bool { return len(h.events()) >= len(want) })
	if !slices.Equal(h.events(), want) {
		t.Error("not in order, or not each once")
	}
}

// TestTooManyWaiting: batches that found no room to wait are read from the log.
func TestTooManyWaiting(t *testing.T) {
	each(t, func(t *testing.T, w *ward) {
		s := newStation(t, w, Config{})
		l := s.Room("alice", "bob")
		s.set(t, "bob", "key", []byte(`{"url":"http://127.0.0.1:1/_matrix/push/v1/notify"}`))
		d := s.delivery
		gone, cancel := context.WithCancel(ctx)
		if d.waiting = 3; d.begin(gone, lease{}) != nil {
			t.Fatal("cannot begin")
		}
		defer d.work.Wait()
		defer d.end()
		defer cancel()
		for range 10 {
			s.Say("alice", l, "x")
		}
		if err := d.look(ctx); err != nil {
			t.Fatal(err)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if len(d.inbox) != 0 || d.seen != s.DB.Position() {
			t.Errorf("seen %d of %d, %d waiting", d.seen, s.DB.Position(), len(d.inbox))
		}
		p := d.people[user("bob")].pushers[[2]string{"org.example.app", "key"}]
		if len(p.queue) != 10 || !slices.IsSortedFunc(p.queue, func(a, b item) int { return int(a.pos - b.pos) }) {
			t.Errorf("queue: %v", p.queue)
		}
	})
}

// TestOldNewsIsNoNews: an event from long ago, as a bridge may send, disturbs nobody.
func TestOldNewsIsNoNews(t *testing.T) {
	stations(t, Config{}, func(t *testing.T, s *station, h *handset) {
		l := s.Room("alice", "bob")
		s.set(t, "bob", "key", h.data(""))
		_, err := s.Rooms.Send(ctx, roomtest.Who("alice"), l.ID, &room.Draft{
			Type: "m.room.message", Content: []byte(`{"msgtype":"m.text","body":"old"}`), TS: time.Now().Add(-2 * staleAfter).UnixMilli(),
			Txn: room.Txn{ID: "old", Path: "test"},
		})
		if err != nil {
			t.Fatal(err)
		}
		fresh := s.Say("alice", l, "new")
		h.until("told", func() bool { return len(h.events()) == 1 })
		if h.events()[0] != fresh {
			t.Errorf("told %v", h.events())
		}
	})
}
