package push

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/matrix/quiet"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
)

// WebApp is the app id of the pushers that are told by Web Push and not through a gateway. Clients can neither set nor
// see them as pushers: they are subscriptions of package webpush.
const WebApp = "org.wardline.web"

// Notice is what a Carrier hands over: no names, no content, no ids.
type Notice struct {
	Unread int  // messages, in all conversations
	High   bool // it calls for somebody, and is not to wait until their phone wakes up by itself
}

// Carrier tells apps that are reached by Web Push.
type Carrier interface {
	// Carry hands a notice to the push service of a subscription. gone: the subscription is no more.
	Carry(ctx context.Context, key string, n Notice) (gone bool, err error)

	// Forget removes a subscription that is no more.
	Forget(tx *store.Tx, key string) error
}

// Enlist has a subscription told of what happens from now on, in the transaction that stores it. service, the origin of
// its push service, is whom it shares requests under way with.
func Enlist(tx *store.Tx, who *audit.Caller, key, service string) error {
	return putPusher(tx, &Pusher{
		User: who.User, AppID: WebApp, Key: key, Device: who.Device, Data: []byte(`{}`), Updated: tx.Now().UnixMilli(),
		url: service, told: tx.Log(KindPusher, who.User, "", nil),
	})
}

// Delist ends what Enlist began.
func Delist(tx *store.Tx, user, key string) error {
	tx.Log(KindPusher, user, "", nil)
	return deletePusher(tx, user, WebApp, key)
}

// byWeb reports whether a pusher is told by Web Push. A browser must show something for each push it gets: so a count
// alone is none, and all that waits is one.
func (p *Pusher) byWeb() bool { return p.AppID == WebApp }

// carry tells a pusher by Web Push of what waits for it: of the newest that is still worth it, and of how much there is.
func (d *Delivery) carry(ctx context.Context, a attempt) (out outcome) {
	var n Notice
	worthy := false
	for _, it := range a.waiting {
		ev, v, err := d.worth(ctx, a.row.User, it)
		if err != nil {
			return outcome{err: err}
		}
		if ev != nil {
			worthy = true
			n.High = n.High || priority(ev, v, a.row.User) == "high"
		}
	}
	if !worthy {
		return outcome{}
	}
	if n.Unread, out.err = d.unread(ctx, a.of); out.err != nil {
		return out
	}
	if out.err = d.slot(ctx); out.err != nil {
		return out
	}
	out.rejected, out.err = d.Carrier.Carry(ctx, a.row.Key, n)
	<-d.slots
	out.sent, out.unread = out.err == nil && !out.rejected, n.Unread
	return out
}

// hushed reports whether somebody's quiet hours keep an event from disturbing them.
func (d *Delivery) hushed(ctx context.Context, user string, ev *room.Event) bool {
	shelf, err := d.rules.keep.Of(ctx, user)
	if err != nil {
		return false
	}
	kept, ok := shelf.Find("", quiet.Type)
	if !ok {
		return false
	}
	hours, ok := quiet.Parse(kept.Content)
	return ok && hours.At(time.Now()) && (d.Breaks == nil || !d.Breaks(ctx, user, ev))
}
