package push

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// Bounds of delivery.
const (
	inboxMost  = 4096           // batches that wait to be looked at; beyond, they are read from the log
	queueMost  = 5000           // events that wait for one pusher; beyond, the oldest are dropped
	watchMost  = 20_000         // rooms whose people with pushers are remembered
	chunk      = 500            // events read from the log at a time
	staleAfter = 24 * time.Hour // an event this old is no news any more
)

// times is how long things take: shorter in tests.
type times struct {
	lease   time.Duration // how long a node may tell gateways without saying that it is still there
	flush   time.Duration // between two records of how far pushers have been told
	badge   time.Duration // to wait after somebody has read on, for they will read more
	backoff time.Duration // after a first failure; twice as long after each further one
	patient time.Duration // the longest back-off
	spacing time.Duration // between two pushes to one browser: what comes meanwhile goes as one
	grace   time.Duration // for what is under way when the node stops
}

var usual = times{lease: 30 * time.Second, flush: 5 * time.Second, badge: 2 * time.Second, backoff: time.Second, patient: 10 * time.Minute, spacing: 2 * time.Second, grace: 3 * time.Second}

// Delivery tells push gateways, and by a Carrier browsers, what people want to be told. One node of a cluster does it at a time. Nothing is written
// for a message: how far pushers have been told is recorded together, every few seconds, so that after a crash some
// notifications are repeated (gateways and apps know them by their event id) and none is lost.
type Delivery struct {
	// Carrier tells browsers. Set it before Run: without one there must be no pushers of theirs.
	Carrier Carrier

	// Breaks reports whether an event disturbs somebody even in their quiet hours. nil: none does.
	Breaks func(ctx context.Context, user string, ev *room.Event) bool

	db      *store.DB
	rooms   *room.Rooms
	rules   *Rules
	counter *Counter
	conf    Config
	log     *slog.Logger
	gate    *gateway
	times   times
	waiting int    // batches that may wait
	holder  string // this node's name for the lease

	wake  chan struct{}
	slots chan struct{} // requests under way, to all gateways
	work  sync.WaitGroup

	sent, failed, dropped, rejected atomic.Int64

	mu        sync.Mutex
	followed  int64 // position up to which the log has been followed
	someone   bool  // pushers may exist
	leading   bool
	inbox     []store.Batch // while leading
	seen      int64         // every event up to here has been looked at, while leading
	people    map[string]*recipient
	watch     map[int64][]*recipient // by room
	lanes     map[string]*lane
	warned    map[string]time.Time // when a gateway was last complained of in the log
	recorded  int64                // what of seen is in the database
	cancelled context.Context      // of the leadership, for requests
}

// NewDelivery makes the delivery of a node; Run it. It follows the log: make it before the first write.
func NewDelivery(db *store.DB, rooms *room.Rooms, counter *Counter, conf Config, log *slog.Logger) *Delivery {
	d := &Delivery{
		db: db, rooms: rooms, rules: counter.rules, counter: counter, conf: conf, log: log,
		gate: newGateway(conf.PrivateGateways), times: usual, waiting: inboxMost, holder: rand.Text(),
		wake: make(chan struct{}, 1), slots: make(chan struct{}, slotsMost),
		followed: db.Position(), someone: true, warned: map[string]time.Time{},
	}
	rooms.Follow(d.follow)
	return d
}

// Totals says what has been delivered since the start of this node: notifications taken by gateways, attempts that
// failed, notifications given up, and pushers removed because their gateway knew them no more.
func (d *Delivery) Totals() (sent, failed, dropped, rejected int64) {
	return d.sent.Load(), d.failed.Load(), d.dropped.Load(), d.rejected.Load()
}

// follow hands what happens to the leading node's loop.
func (d *Delivery) follow(b store.Batch) {
	d.mu.Lock()
	d.followed = b.To
	if !d.someone {
		for _, c := range b.Changes {
			d.someone = d.someone || c.Kind == KindPusher
		}
	}
	stir := d.someone
	if d.leading && len(d.inbox) < d.waiting {
		d.inbox = append(d.inbox, b)
	}
	d.mu.Unlock()
	if stir {
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
}

// Run delivers until ctx is done. What is under way then is finished or will be repeated.
func (d *Delivery) Run(ctx context.Context) {
	defer d.gate.close()
	for ctx.Err() == nil {
		pause, err := d.turn(ctx)
		if err != nil && ctx.Err() == nil {
			d.log.Warn("push: delivery is interrupted", "err", err)
			pause = max(pause, d.times.flush)
		}
		d.rest(ctx, pause)
	}
}

// rest waits for a while, or (0) until there is something to look at.
func (d *Delivery) rest(ctx context.Context, pause time.Duration) {
	var over <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		over = timer.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-over:
			return
		case <-d.wake:
			if pause == 0 {
				return
			}
		}
	}
}

// turn takes the lead if there are pushers and no other node has it, and keeps it as long as it can.
func (d *Delivery) turn(ctx context.Context) (pause time.Duration, err error) {
	d.mu.Lock()
	someone := d.someone
	d.someone = false // a pusher set from now on comes with a change that says so
	d.mu.Unlock()
	if !someone {
		return 0, nil
	}
	err = d.db.Read(ctx, func(tx *store.Tx) (err error) {
		someone, err = anyPusher(tx)
		return err
	})
	if err != nil || someone {
		d.mu.Lock()
		d.someone = true
		d.mu.Unlock()
	}
	if err != nil || !someone {
		return 0, err
	}
	held, pause, err := d.take(ctx)
	if err != nil || pause > 0 {
		return pause, err
	}
	return 0, d.lead(ctx, held)
}

// take takes the lease; pause says how long another node has it.
func (d *Delivery) take(ctx context.Context) (held lease, pause time.Duration, err error) {
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		now := tx.Now().UnixMilli()
		if held, err = readLease(tx); err != nil {
			return err
		}
		pause = 0
		if held.holder != d.holder && held.until > now {
			pause = time.Duration(held.until-now)*time.Millisecond + d.times.flush
			return nil
		}
		held.holder, held.until = d.holder, now+d.times.lease.Milliseconds()
		return putLease(tx, held)
	})
	return held, pause, err
}

// lead delivers as long as the lease lasts.
func (d *Delivery) lead(ctx context.Context, held lease) error {
	// Not the caller's context: requests under way are let finish, and what was told is recorded, after it is over.
	after, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer d.forget()
	if err := d.begin(after, held); err != nil {
		return err
	}
	err := d.loop(ctx)
	d.end()
	defer time.AfterFunc(d.times.grace, cancel).Stop()
	d.work.Wait()
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), d.times.grace)
	defer stop()
	return errors.Join(err, d.record(last, 0))
}

// begin reads everybody's pushers, and has the log recorded from before it reads.
func (d *Delivery) begin(ctx context.Context, held lease) error {
	d.mu.Lock()
	d.leading, d.inbox, d.seen, d.cancelled = true, nil, d.followed, ctx
	d.people, d.watch, d.lanes = map[string]*recipient{}, map[int64][]*recipient{}, map[string]*lane{}
	d.mu.Unlock()
	var list []Pusher
	err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = allPushers(tx)
		return err
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		return err
	}
	for i := range list {
		one := &list[i]
		if one.behind == 0 {
			one.told = max(one.told, held.pos)
		}
		d.seen = min(d.seen, one.told)
		d.adopt(one)
	}
	return nil
}

// end has no further requests begun.
func (d *Delivery) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leading, d.inbox = false, nil
}

// forget lets go of everything: another node, or a later turn of this one, goes on from what was recorded.
func (d *Delivery) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.people {
		for _, p := range r.pushers {
			p.gone = true
		}
	}
	d.leading, d.inbox, d.people, d.watch, d.lanes = false, nil, nil, nil, nil
}

// errLost says that another node has taken the lead.
var errLost = errors.New("push: another node delivers now")

// loop looks at what happens, and records now and then how far everybody has been told.
func (d *Delivery) loop(ctx context.Context) error {
	tick := time.NewTicker(d.times.flush)
	defer tick.Stop()
	renewed := time.Now()
	for {
		if err := d.look(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.wake:
		case <-tick.C:
			if d.unrecorded() || time.Since(renewed) > d.times.lease/3 {
				if err := d.record(ctx, d.times.lease); err != nil {
					return err
				}
				renewed = time.Now()
			}
		}
	}
}

// look takes in what has happened since last time.
func (d *Delivery) look(ctx context.Context) error {
	for ctx.Err() == nil {
		d.mu.Lock()
		batches, followed := d.inbox, d.followed
		d.inbox = nil
		d.mu.Unlock()
		for _, b := range batches {
			if err := d.replay(ctx, b.From); err != nil {
				return err
			}
			if err := d.takeIn(ctx, b); err != nil {
				return err
			}
		}
		if len(batches) == 0 {
			return d.replay(ctx, followed)
		}
	}
	return nil
}

// takeIn takes in a batch of the log.
func (d *Delivery) takeIn(ctx context.Context, b store.Batch) error {
	if b.Gap {
		return errors.New("push: the log has a gap") // whoever has come, gone or signed out meanwhile is read anew
	}
	for _, c := range b.Changes {
		if ev, ok := c.Body.(*room.Event); ok {
			if err := d.consider(ctx, ev); err != nil {
				return err
			}
			continue
		}
		if err := d.notice(ctx, c); err != nil {
			return err
		}
	}
	d.advance(b.To)
	return nil
}

func (d *Delivery) advance(to int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = max(d.seen, to)
}

// replay looks at the events up to a position that were not handed over: those from before this node took the lead, and
// those that were too many to wait.
func (d *Delivery) replay(ctx context.Context, to int64) error {
	for d.seen < to && ctx.Err() == nil { // only this goroutine writes seen
		var events []*room.Event
		err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
			events, err = d.rooms.Events(tx, room.SelectEvents+whereBetween, d.seen, to, chunk)
			return err
		})
		if err != nil {
			return err
		}
		for _, ev := range events {
			if err := d.consider(ctx, ev); err != nil {
				return err
			}
		}
		if len(events) < chunk {
			d.advance(to)
			return nil
		}
		d.advance(events[len(events)-1].Pos)
	}
	return nil
}

// record writes how far everybody has been told, and prolongs the lease; 0 gives it back.
func (d *Delivery) record(ctx context.Context, lasting time.Duration) error {
	d.mu.Lock()
	pos := d.seen
	var moved []*pusher
	var rows []Pusher
	for _, r := range d.people {
		for _, p := range r.pushers {
			if told, behind := p.progress(); behind != p.behind || behind == 1 && told != p.told {
				row := Pusher{User: p.User, AppID: p.AppID, Key: p.Key, told: told, behind: behind}
				moved, rows = append(moved, p), append(rows, row)
			}
		}
	}
	d.mu.Unlock()
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		held, err := readLease(tx)
		if err != nil {
			return err
		}
		if held.holder != d.holder {
			return errLost
		}
		for i := range rows {
			if err := setTold(tx, &rows[i]); err != nil {
				return err
			}
		}
		until := tx.Now().Add(lasting).UnixMilli()
		return putLease(tx, lease{d.holder, until, max(held.pos, pos)})
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, p := range moved {
		p.told, p.behind = rows[i].told, rows[i].behind
	}
	d.recorded = pos
	return nil
}

// unrecorded reports whether there is anything to record.
func (d *Delivery) unrecorded() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.recorded != d.seen
}
