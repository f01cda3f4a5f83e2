package webpush

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/push"
	"github.com/wardline/wardline/internal/matrix/quiet"
	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

// ward is rooms with delivery to browsers.
type ward struct {
	*roomtest.Ward
	t        testing.TB
	keep     *accountdata.Keep
	receipts *receipt.Receipts
	delivery *push.Delivery
	browsers *Subscriptions
	log      *bytes.Buffer
}

func each(t *testing.T, test func(t *testing.T, w *ward, p *postbox)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { test(t, newWard(t, open()), newPostbox(t)) })
}

func newWard(t testing.TB, db *store.DB) *ward {
	w := &ward{t: t, keep: accountdata.New(db), Ward: roomtest.Open(t, db), log: &bytes.Buffer{}}
	w.receipts = receipt.New(db, w.Rooms)
	rules := push.NewRules(db, w.keep)
	counter := push.NewCounter(w.Rooms, w.receipts, rules)
	conf := push.Config{PrivateGateways: true}
	w.delivery = push.NewDelivery(db, w.Rooms, counter, conf, slog.New(slog.NewTextHandler(w.log, nil)))
	w.browsers = New(db, Config{Contact: contact, Private: true})
	w.delivery.Carrier = w.browsers
	return w
}

// run starts delivery.
func (w *ward) run() {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); w.delivery.Run(ctx) }()
	w.t.Cleanup(func() { cancel(); <-done })
}

func (w *ward) subscribe(who string, o Offer) Subscription {
	w.t.Helper()
	one, err := w.browsers.Subscribe(ctx, roomtest.Who(who), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return one
}

func (w *ward) list(who string) []Subscription {
	w.t.Helper()
	list, err := w.browsers.Of(ctx, roomtest.Who(who))
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *ward) mention(who string, l *room.Live, whom string) string {
	return w.Send(who, l, "m.room.message", fmt.Sprintf(`{"msgtype":"m.text","body":"x","m.mentions":{"user_ids":[%q]}}`, roomtest.Who(whom).User))
}

// TestDelivery: a browser is told that there is something, how much, and whether it calls for somebody; nothing else.
func TestDelivery(t *testing.T) {
	each(t, func(t *testing.T, w *ward, p *postbox) {
		w.run()
		l := w.RoomOf(creation.Creation{Preset: "private_chat", Name: "Haematology"}, "alice", "bob", "carol")
		w.subscribe("bob", p.offer())
		w.Say("alice", l, "Haemoglobin is 61, bed 4")
		p.until("told", func() bool { return len(p.pushes()) == 1 })
		w.mention("alice", l, "bob")
		p.until("told of the mention", func() bool { return len(p.pushes()) == 2 })
		plain, call := p.pushes()[0], p.pushes()[1]
		if plain.text != `{"kind":"message","unread":1}` || call.text != `{"kind":"message","unread":2,"high":true}` {
			t.Errorf("pushes: %s, %s", plain.text, call.text)
		}
		if plain.length != call.length {
			t.Errorf("their lengths tell them apart: %d and %d", plain.length, call.length)
		}
		for _, c := range []struct {
			got  received
			want string
		}{{plain, "86400 normal news"}, {call, "86400 high call"}} {
			h := c.got.header
			if got := h.Get("TTL") + " " + h.Get("Urgency") + " " + h.Get("Topic"); got != c.want {
				t.Errorf("%s travels as %s, want %s", c.got.text, got, c.want)
			}
		}
		key, err := w.browsers.Key(ctx)
		if err != nil || !strings.HasSuffix(plain.header.Get("Authorization"), "k="+key) {
			t.Errorf("signed by %s, not by %s: %v", plain.header.Get("Authorization"), key, err)
		}
		if strings.Contains(w.log.String(), p.URL) {
			t.Errorf("the log: %s", w.log)
		}
	})
}

// TestManyAreOne: what comes while a push service does not answer goes as one push, and what has been read meanwhile is
// not told at all.
func TestManyAreOne(t *testing.T) {
	each(t, func(t *testing.T, w *ward, p *postbox) {
		w.run()
		l := w.Room("alice", "bob", "carol")
		w.subscribe("bob", p.offer())
		down := make(chan struct{})
		p.answers(func() int { <-down; return http.StatusServiceUnavailable })
		w.Say("alice", l, "one")
		w.mention("alice", l, "bob")
		for i := range 100 {
			w.Say("alice", l, fmt.Sprint(i))
		}
		close(down)
		p.until("an attempt", func() bool { return p.answered() > 0 })
		p.answers(nil)
		p.until("told", func() bool { return len(p.pushes()) == 1 })
		if got := p.pushes()[0].text; gjson.Get(got, "unread").Int() != 102 {
			t.Errorf("told %s", got)
		}
		p.answers(always(http.StatusTooManyRequests))
		tried := p.answered()
		last := w.Say("alice", l, "read before it could be told")
		p.until("an attempt", func() bool { return p.answered() > tried })
		if err := w.receipts.Set(ctx, roomtest.Who("bob"), receipt.Mark{Room: l.ID, Type: receipt.Read, Event: last}); err != nil {
			t.Fatal(err)
		}
		p.answers(nil)
		w.Say("alice", l, "next")
		p.until("told of the next", func() bool { return len(p.pushes()) == 2 })
		if got := p.pushes()[1].text; got != `{"kind":"message","unread":1}` {
			t.Errorf("told %s", got)
		}
	})
}

// TestGone: a subscription that the push service knows no more is removed, for good.
func TestGone(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusGone} {
		each(t, func(t *testing.T, w *ward, p *postbox) {
			w.run()
			l := w.Room("alice", "bob")
			w.subscribe("bob", p.offer())
			p.answers(always(status))
			w.Say("alice", l, "x")
			p.until("removed", func() bool { return len(w.list("bob")) == 0 })
			if _, err := w.browsers.Try(ctx, roomtest.Who("bob"), "1"); !errs.Is(err, errs.NotFound) {
				t.Errorf("after %d it can be tried: %v", status, err)
			}
			w.subscribe("bob", p.offer())
			p.answers(nil)
			w.Say("alice", l, "y")
			p.until("told again", func() bool { return len(p.pushes()) == 1 })
		})
	}
}

// TestQuietHours: in somebody's quiet hours nothing is pushed to them, but what breaks through; others are told.
func TestQuietHours(t *testing.T) {
	each(t, func(t *testing.T, w *ward, p *postbox) {
		w.delivery.Breaks = func(_ context.Context, user string, ev *room.Event) bool {
			return user == roomtest.Who("bob").User && gjson.GetBytes(ev.Content, "body").Str == "urgent"
		}
		w.run()
		other := newPostbox(t)
		l := w.Room("alice", "bob", "carol")
		w.subscribe("bob", p.offer())
		w.subscribe("carol", other.offer())
		bob := roomtest.Who("bob")
		always := `{"enabled":true,"from":"00:00","to":"00:00","time_zone":"UTC"}`
		if err := w.keep.Put(ctx, bob, bob.User, "", quiet.Type, []byte(always)); err != nil {
			t.Fatal(err)
		}
		w.Say("alice", l, "quiet")
		other.until("the other is told", func() bool { return len(other.pushes()) == 1 })
		w.Say("alice", l, "urgent")
		p.until("told", func() bool { return len(p.pushes()) == 1 })
		if got := p.pushes()[0].text; got != `{"kind":"message","unread":2}` {
			t.Errorf("told %s", got)
		}
		if err := w.keep.Put(ctx, bob, bob.User, "", quiet.Type, []byte(`{"enabled":false}`)); err != nil {
			t.Fatal(err)
		}
		w.Say("alice", l, "morning")
		p.until("told", func() bool { return len(p.pushes()) == 2 })
	})
}

// TestSubscribe: one subscription a device, one device a browser; another person's cannot be seen or ended.
func TestSubscribe(t *testing.T) {
	each(t, func(t *testing.T, w *ward, p *postbox) {
		first := w.subscribe("bob", p.offer())
		if again := w.subscribe("bob", p.offer()); again.ID != first.ID || again.Created != first.Created {
			t.Errorf("the same again is another: %+v, %+v", first, again)
		}
		renewed := w.subscribe("bob", newPostbox(t).offer())
		if list := w.list("bob"); len(list) != 1 || list[0].ID != renewed.ID {
			t.Errorf("after renewal: %+v", list)
		}
		if err := w.browsers.Unsubscribe(ctx, roomtest.Who("alice"), renewed.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("somebody else's: %v", err)
		}
		w.subscribe("bob", p.offer())
		w.subscribe("alice", p.offer())
		if bobs, alices := w.list("bob"), w.list("alice"); len(bobs) != 0 || len(alices) != 1 {
			t.Errorf("the browser has changed hands: %+v, %+v", bobs, alices)
		}
		if err := w.browsers.Unsubscribe(ctx, roomtest.Who("alice"), w.list("alice")[0].ID); err != nil || len(w.list("alice")) != 0 {
			t.Errorf("ending it: %v", err)
		}
		w.subscribe("bob", p.offer())
		gone := func(end func(tx *store.Tx) error) {
			if err := w.DB.Write(ctx, end); err != nil {
				t.Fatal(err)
			}
			if list := w.list("bob"); len(list) != 0 {
				t.Errorf("still there: %+v", list)
			}
		}
		bob := roomtest.Who("bob")
		gone(func(tx *store.Tx) error { return DeviceGone(tx, bob.User, bob.Device) })
		w.subscribe("bob", p.offer())
		gone(func(tx *store.Tx) error { return Erase(tx, bob.User) })
	})
}

// TestOffersThatAreRefused: what is no subscription, and what leads into the trust's own network.
func TestOffersThatAreRefused(t *testing.T) {
	w := newWard(t, storetest.Open(t))
	strict := New(w.DB, Config{Contact: contact})
	good := newBrowser(t).offer("https://push.example.org/abc")
	with := func(change func(o *Offer)) Offer { o := good; change(&o); return o }
	if _, err := strict.Subscribe(ctx, roomtest.Who("bob"), good); err != nil {
		t.Fatalf("a good one: %v", err)
	}
	padded := with(func(o *Offer) { o.P256dh += "="; o.Auth += "==" })
	if _, err := strict.Subscribe(ctx, roomtest.Who("bob"), padded); err != nil {
		t.Errorf("padded: %v", err)
	}
	offCurve := strings.Repeat("B", len(good.P256dh))
	for name, o := range map[string]Offer{
		"no address": with(func(o *Offer) { o.Endpoint = "" }), "no key": with(func(o *Offer) { o.P256dh = "" }), "no secret": with(func(o *Offer) { o.Auth = "" }),
		"not TLS": with(func(o *Offer) { o.Endpoint = "http://push.example.org/abc" }), "loopback": with(func(o *Offer) { o.Endpoint = "https://127.0.0.1/abc" }),
		"private": with(func(o *Offer) { o.Endpoint = "https://[fd00::1]/abc" }), "long": with(func(o *Offer) { o.Endpoint += strings.Repeat("a", 4096) }),
		"off the curve": with(func(o *Offer) { o.P256dh = offCurve }), "short key": with(func(o *Offer) { o.P256dh = o.P256dh[:80] }),
		"short secret": with(func(o *Offer) { o.Auth = o.Auth[:20] }), "not base64url": with(func(o *Offer) { o.Auth = "++++++++++++++++++++++" }),
	} {
		if _, err := strict.Subscribe(ctx, roomtest.Who("bob"), o); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	nowhere := roomtest.Who("bob")
	nowhere.Device = ""
	if _, err := strict.Subscribe(ctx, nowhere, good); !errs.Is(err, errs.Forbidden) {
		t.Errorf("without a device: %v", err)
	}
}

// TestTry: a test says what came of it, whatever comes.
func TestTry(t *testing.T) {
	each(t, func(t *testing.T, w *ward, p *postbox) {
		bob := roomtest.Who("bob")
		if _, err := w.browsers.Try(ctx, bob, "abc-1"); !errs.Is(err, errs.NotFound) {
			t.Errorf("without a subscription: %v", err)
		}
		w.subscribe("bob", p.offer())
		for _, id := range []string{"", "a b", strings.Repeat("a", 65)} {
			if _, err := w.browsers.Try(ctx, bob, id); !errs.Is(err, errs.Invalid) {
				t.Errorf("id %q: %v", id, err)
			}
		}
		trial, err := w.browsers.Try(ctx, bob, "abc-1")
		if err != nil || trial.Result != Accepted || p.pushes()[0].text != `{"kind":"test","id":"abc-1"}` || p.pushes()[0].header.Get("TTL") != "60" {
			t.Errorf("%+v, %v: %+v", trial, err, p.pushes())
		}
		for _, status := range []int{400, 401, 403, 413, 429, 500, 307} {
			p.answers(always(status))
			if trial, err := w.browsers.Try(ctx, bob, "2"); err != nil || trial.Result != Refused || trial.Status != status {
				t.Errorf("%d: %+v, %v", status, trial, err)
			}
		}
		p.answers(always(http.StatusGone))
		if trial, err := w.browsers.Try(ctx, bob, "3"); err != nil || trial.Result != Gone || len(w.list("bob")) != 0 {
			t.Errorf("gone: %+v, %v", trial, err)
		}
		w.subscribe("bob", p.offer())
		p.Close()
		if trial, err := w.browsers.Try(ctx, bob, "4"); err != nil || trial.Result != Unreachable {
			t.Errorf("closed: %+v, %v", trial, err)
		}
	})
}

// TestPrivateServicesAreNotAsked: an address that passed as text is judged again when it is dialled.
func TestPrivateServicesAreNotAsked(t *testing.T) {
	w, p := newWard(t, storetest.Open(t)), newPostbox(t)
	w.subscribe("bob", p.browser.offer(strings.Replace(p.URL, "127.0.0.1", "localhost", 1)+"/push/abc?x=1"))
	trial, err := New(w.DB, Config{Contact: contact}).Try(ctx, roomtest.Who("bob"), "1")
	if err != nil || trial.Result != Unreachable || p.answered() != 0 {
		t.Errorf("%+v, %v; asked %d times", trial, err, p.answered())
	}
}

// TestOneKey: all nodes have the one key, whoever asks first, and a restart changes nothing.
func TestOneKey(t *testing.T) {
	each(t, func(t *testing.T, w *ward, _ *postbox) {
		keys := make([]string, 8)
		var work sync.WaitGroup
		for i := range keys {
			work.Go(func() {
				var err error
				if keys[i], err = New(w.DB, Config{}).Key(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		work.Wait()
		slices.Sort(keys)
		if all := slices.Compact(keys); len(all) != 1 || len(raw(t, all[0])) != 65 {
			t.Errorf("keys: %v", all)
		}
	})
}
