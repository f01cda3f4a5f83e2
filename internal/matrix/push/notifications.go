package push

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/pushrules"
)

// Bounds of a page of notifications: its length, and how much of the log one request looks through. A page may be
// short, or empty, and still have a successor.
const (
	pageUsual = 20
	pageMost  = 100
	spanLook  = 5000 // positions looked at together
	spansMost = 4
)

// Notification is an event that somebody has been notified of.
type Notification struct {
	Event   *room.Event
	Actions []pushrules.Action
	Read    bool
}

// Listing says which page of notifications is wanted.
type Listing struct {
	From       int64 // events before this position; 0: the latest
	Limit      int   // 0: 20; at most 100
	Highlights bool  // only those
}

// Notifications lists what the caller has been notified of, the latest first: GET /notifications. It is worked out from
// the rooms they are in and the rules they have now; nothing is stored for it. next is where the next page begins; 0 when
// there is none.
func (c *Counter) Notifications(ctx context.Context, who *audit.Caller, want Listing) (list []Notification, next int64, err error) {
	limit := min(max(want.Limit, 0), pageMost)
	if limit == 0 {
		limit = pageUsual
	}
	to := want.From - 1
	if want.From == 0 {
		to = c.rules.db.Position()
	}
	p := page{c: c, who: who, want: want, views: map[int64]*view{}}
	if p.changes, err = c.rules.Changes(ctx, who.User); err != nil {
		return nil, 0, err
	}
	p.rules = pushrules.Compile(p.changes, who.User)
	for range spansMost {
		if to <= 0 {
			return p.list, 0, nil
		}
		from := max(0, to-spanLook)
		events, err := c.eventsOf(ctx, who.User, from, to)
		if err != nil {
			return nil, 0, err
		}
		for _, ev := range events {
			if err := p.take(ctx, ev); err != nil {
				return nil, 0, err
			}
			if len(p.list) == limit {
				return p.list, ev.Pos, nil
			}
		}
		to = from
	}
	return p.list, to + 1, nil
}

// eventsOf gives the events of the rooms somebody is in after one position and up to another, the latest first.
func (c *Counter) eventsOf(ctx context.Context, user string, from, to int64) (events []*room.Event, err error) {
	err = c.rules.db.Read(ctx, func(tx *store.Tx) (err error) {
		events, err = c.rooms.Events(tx, room.SelectEvents+whereMine, user, from, to)
		return err
	})
	return events, err
}

// page is a page being put together.
type page struct {
	c       *Counter
	who     *audit.Caller
	want    Listing
	changes *pushrules.Changes
	rules   *pushrules.Ruleset
	views   map[int64]*view
	list    []Notification
}

// view is a room as the caller sees it.
type view struct {
	spans room.Spans
	in    pushrules.Room
	own   []*receipt.Receipt
}

// take adds an event to the page if it notifies the caller.
func (p *page) take(ctx context.Context, ev *room.Event) error {
	if ev.Sender == p.who.User || ev.RedactedBecause != nil {
		return nil
	}
	v, err := p.view(ctx, ev.Room)
	if err != nil || !v.spans.Has(ev.Pos) {
		return err
	}
	verdict := p.c.verdict(ctx, p.who.User, ev, p.rules, &v.in)
	if !verdict.Notify || p.want.Highlights && !verdict.Highlight {
		return nil
	}
	rule, err := p.changes.Rule(p.who.User, verdict.Kind, verdict.RuleID)
	if err != nil {
		return err
	}
	thread, err := p.c.receipts.ThreadOf(ctx, ev.Room, ev)
	if err != nil {
		return err
	}
	n := Notification{Event: ev, Actions: rule.Actions}
	for _, r := range v.own {
		n.Read = n.Read || r.Covers(ev.Pos, thread)
	}
	p.list = append(p.list, n)
	return nil
}

func (p *page) view(ctx context.Context, l *room.Live) (*view, error) {
	if v := p.views[l.NR]; v != nil {
		return v, nil
	}
	v := &view{}
	opened, err := p.c.rooms.OpenNumber(ctx, p.who, l.NR, room.Belonging)
	switch {
	case errs.Is(err, errs.Forbidden): // has left this moment
		p.views[l.NR] = v
		return v, nil
	case err != nil:
		return nil, err
	}
	v.spans, v.in = opened.Spans, surroundings(l, p.who.User)
	v.own, err = p.c.receipts.Of(ctx, l, p.who.User)
	p.views[l.NR] = v
	return v, err
}
