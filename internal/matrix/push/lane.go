package push

import (
	"context"
	"errors"
	mathrand "math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/outward"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/pushrules"
)

// How many requests may be under way: to one gateway, and in all. A slow gateway holds up nobody but its own.
const (
	laneWorkers = 8
	slotsMost   = 256
	webMost     = 50 // events that are looked at for one push to a browser
)

// item is an event that a pusher is to be told of.
type item struct{ pos, room int64 }

// pusher is a Pusher with what it is still to be told. Guarded by Delivery.mu, but for of.
type pusher struct {
	Pusher
	of        *recipient
	from      int64  // what it is told of lies after this position
	queue     []item // ascending; the first may be under way
	refresh   bool   // the count is going to be told
	due       bool   // now
	badge     int    // the count it was told last; -1: not known
	inLine    bool   // waits in its gateway's lane
	busy      bool   // a request is under way
	gone      bool
	failures  int
	notBefore time.Time
}

// progress is what of the pusher goes to the database: see the table.
func (p *pusher) progress() (told, behind int64) {
	if len(p.queue) == 0 {
		return p.told, 0
	}
	return p.queue[0].pos - 1, 1
}

// lane is the pushers of one gateway that have something to be told.
type lane struct {
	line    []*pusher
	workers int
}

// ready puts a pusher in line if it has something to be told and may be. The caller holds mu.
func (d *Delivery) ready(p *pusher) {
	if p.gone || p.inLine || p.busy || len(p.queue) == 0 && !p.due || time.Now().Before(p.notBefore) || !d.leading {
		return
	}
	l := d.lanes[p.url]
	if l == nil {
		l = &lane{}
		d.lanes[p.url] = l
	}
	p.inLine = true
	l.line = append(l.line, p)
	if l.workers < laneWorkers {
		l.workers++
		d.work.Add(1)
		go d.serve(d.cancelled, l, p.url)
	}
}

// serve tells the pushers of one gateway, one notification of one pusher after another, until none is in line.
func (d *Delivery) serve(ctx context.Context, l *lane, at string) {
	defer d.work.Done()
	for {
		p, a, ok := d.next(l, at)
		if !ok {
			return
		}
		d.settle(ctx, p, a, d.tell(ctx, a))
	}
}

// attempt is one notification on its way.
type attempt struct {
	row     Pusher // as it was when it set out
	of      *recipient
	about   item   // the zero item: the count alone
	waiting []item // by Web Push: all that is told in one, about the last of them
	badge   int    // that the pusher was told last
}

// next takes a pusher from the line.
func (d *Delivery) next(l *lane, at string) (p *pusher, a attempt, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(l.line) > 0 && d.leading {
		p = l.line[0]
		l.line = l.line[1:]
		p.inLine = false
		if p.gone {
			continue
		}
		p.busy = true
		a = attempt{row: p.Pusher, of: p.of, badge: p.badge}
		switch {
		case len(p.queue) == 0:
			p.refresh, p.due = false, false
		case p.byWeb():
			a.waiting = slices.Clone(p.queue[max(0, len(p.queue)-webMost):])
			a.about = a.waiting[len(a.waiting)-1]
		default:
			a.about = p.queue[0]
		}
		return p, a, true
	}
	if l.workers--; l.workers == 0 && d.lanes[at] == l {
		delete(d.lanes, at)
	}
	return nil, attempt{}, false
}

// outcome is what came of an attempt.
type outcome struct {
	err      error
	sent     bool
	unread   int // that was told
	rejected bool
}

// tell makes a notification and hands it to the gateway. An event that has been read meanwhile, redacted, or is too old,
// is passed over.
func (d *Delivery) tell(ctx context.Context, a attempt) (out outcome) {
	if a.row.byWeb() {
		return d.carry(ctx, a)
	}
	n, err := d.compose(ctx, a)
	if err != nil || n == nil {
		return outcome{err: err}
	}
	out.unread = n.Counts.Unread
	if a.about == (item{}) && out.unread == a.badge {
		return out
	}
	if err := d.slot(ctx); err != nil {
		return outcome{err: err}
	}
	rejected, err := d.gate.notify(ctx, a.row.url, n)
	<-d.slots
	out.err, out.sent, out.rejected = err, err == nil, slices.Contains(rejected, a.row.Key)
	return out
}

// slot waits until another request may be under way; take one from slots afterwards.
func (d *Delivery) slot(ctx context.Context) error {
	select {
	case d.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// settle takes in what came of an attempt.
func (d *Delivery) settle(ctx context.Context, p *pusher, a attempt, out outcome) {
	if out.rejected {
		out.err = d.reject(ctx, a.row)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p.busy = false
	if p.gone {
		return
	}
	var answer *outward.Unwelcome
	if errors.As(out.err, &answer) && answer.Hopeless() {
		d.dropped.Add(1)
		d.warn("push: a gateway refuses a notification", &a.row, out.err)
		out.err = nil
	}
	if out.err != nil {
		d.retreat(ctx, p, a.about, out.err)
		return
	}
	p.failures, p.notBefore = 0, time.Time{}
	if out.sent {
		d.sent.Add(1)
		p.badge = out.unread
	}
	for len(p.queue) > 0 && p.queue[0].pos <= a.about.pos {
		p.queue = p.queue[1:]
	}
	if out.sent && p.byWeb() {
		d.hold(p, d.times.spacing)
	}
	d.ready(p)
}

// retreat has a pusher wait after a failure. The caller holds mu.
func (d *Delivery) retreat(ctx context.Context, p *pusher, it item, err error) {
	if ctx.Err() != nil {
		return // the node stops, or another one leads
	}
	if it == (item{}) {
		p.refresh, p.due = true, true
	}
	d.failed.Add(1)
	pause := d.times.backoff
	for range min(p.failures, 20) {
		pause = min(2*pause, d.times.patient)
	}
	pause = pause*3/4 + mathrand.N(pause/2+1)
	var answer *outward.Unwelcome
	if errors.As(err, &answer) {
		pause = max(pause, answer.Retry)
	}
	if p.failures++; p.failures >= 3 {
		d.warn("push: a gateway does not take notifications; they are kept for a day", &p.Pusher, err)
	}
	d.hold(p, pause)
}

// hold keeps a pusher out of line for a while. The caller holds mu.
func (d *Delivery) hold(p *pusher, pause time.Duration) {
	p.notBefore = time.Now().Add(pause)
	time.AfterFunc(pause, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.ready(p)
	})
}

// warn says in the log what is wrong with a gateway, once a minute however many it serves. The caller holds mu.
func (d *Delivery) warn(what string, p *Pusher, err error) {
	u, bad := url.Parse(p.url)
	if bad != nil || time.Since(d.warned[u.Host]) < time.Minute {
		return
	}
	if len(d.warned) > 1000 {
		clear(d.warned)
	}
	d.warned[u.Host] = time.Now()
	d.log.Warn(what, "gateway", u.Host, "err", outward.Plain(err))
}

// reject removes a pusher whose gateway knows it no more ("rejected", push gateway API).
func (d *Delivery) reject(ctx context.Context, p Pusher) error {
	return d.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		now, err := pusherOf(tx, p.User, p.AppID, p.Key)
		if errs.Is(err, errs.NotFound) || err == nil && now.Updated != p.Updated {
			return nil // gone, or set anew meanwhile
		}
		if err != nil {
			return err
		}
		tx.Log(KindPusher, p.User, "", nil)
		if err := deletePusher(tx, p.User, p.AppID, p.Key); err != nil {
			return err
		}
		if p.byWeb() {
			if err := d.Carrier.Forget(tx, p.Key); err != nil {
				return err
			}
		}
		tx.OnCommit(func() { d.rejected.Add(1) })
		return audit.Record(tx, nil, audit.Entry{Action: "push.pusher_rejected", Object: p.User, Detail: p.AppID})
	})
}

// compose makes a notification; nil when there is nothing to tell.
func (d *Delivery) compose(ctx context.Context, a attempt) (*notification, error) {
	p := &a.row
	data, err := forward(p.Data)
	if err != nil {
		return nil, err
	}
	n := &notification{Devices: []target{{AppID: p.AppID, Key: p.Key, Since: p.Updated / 1000, Data: data}}}
	if a.about != (item{}) {
		ev, v, err := d.worth(ctx, p.User, a.about)
		if err != nil || ev == nil {
			return nil, err
		}
		n.Devices[0].Tweaks = v.Tweaks
		d.describe(n, p, ev, v)
	}
	n.Counts.Unread, err = d.unread(ctx, a.of)
	return n, err
}

// worth gives an event if somebody is still to be told of it, and what their rules say; nil if not.
func (d *Delivery) worth(ctx context.Context, user string, it item) (ev *room.Event, v pushrules.Verdict, err error) {
	if ev, err = d.event(ctx, it); err != nil || ev == nil || ev.RedactedBecause != nil {
		return nil, v, err
	}
	if time.Since(time.UnixMilli(ev.TS)) > staleAfter {
		d.dropped.Add(1)
		return nil, v, nil
	}
	if ev.Is("m.room.member", user) {
		if ev.Room.Membership(user) != ev.Membership() {
			return nil, v, nil // the invitation has been answered
		}
	} else if unread, err := d.counter.Unread(ctx, user, ev.Room, ev.Pos); err != nil || !unread {
		return nil, v, err
	}
	if v, err = d.verdict(ctx, user, ev); err != nil || !v.Notify {
		return nil, v, err
	}
	return ev, v, nil
}

// event finds the event of an item, with its room loaded; nil when it is there no more.
func (d *Delivery) event(ctx context.Context, it item) (*room.Event, error) {
	l, err := d.rooms.Number(ctx, it.room)
	if err != nil {
		return nil, err
	}
	if err := d.rooms.Load(ctx, l); err != nil {
		return nil, err
	}
	if recent, ok := l.Recent(it.pos-1, it.pos); ok && len(recent) == 1 {
		return recent[0], nil
	}
	var found []*room.Event
	err = d.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = d.rooms.Events(tx, room.SelectEvents+wherePos, it.pos)
		return err
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// describe says what a notification is about, as much of it as may leave the trust. With the format event_id_only the
// standard allows the ids alone. Otherwise text and names are left out unless the trust allows them; so is the sender,
// whose id says who they are.
func (d *Delivery) describe(n *notification, p *Pusher, ev *room.Event, v pushrules.Verdict) {
	n.EventID, n.RoomID = ev.ID, ev.RoomID
	if gjson.GetBytes(p.Data, "format").Exists() {
		return // event_id_only; of formats we do not know, the least
	}
	n.Type, n.Target, n.Prio = ev.Type, ev.Is("m.room.member", p.User), priority(ev, v, p.User)
	if !d.conf.IncludeContent {
		return
	}
	n.Sender, n.Content = ev.Sender, ev.Content
	text := func(typ, key, member string) string {
		if state := ev.Room.State(typ, key); state != nil {
			return gjson.GetBytes(state.Content, member).Str
		}
		return ""
	}
	n.SenderName = text("m.room.member", ev.Sender, "displayname")
	n.RoomName = text("m.room.name", "", "name")
	n.RoomAlias = text("m.room.canonical_alias", "", "alias")
}

// priority is high for what calls for somebody, as their rules say by a highlight or a sound, for invitations, and for
// every message with an urgency but FYI. What is low, a phone may keep until it wakes up by itself.
func priority(ev *room.Event, v pushrules.Verdict, user string) string {
	urgency := gjson.GetBytes(ev.Content, `org\.wardline\.urgency`)
	urgent := urgency.Exists() && !strings.EqualFold(urgency.Str, "fyi")
	if v.Highlight || v.Sound != "" || urgent || ev.Is("m.room.member", user) {
		return "high"
	}
	return "low"
}
