package push

import (
	"context"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/pushrules"
)

// recipient is somebody with pushers.
type recipient struct {
	user    string
	pushers map[[2]string]*pusher // by app id and key; guarded by Delivery.mu
	badge   unreadSum
}

// unreadSum is how much somebody has not read in all rooms, kept up by looking again only where something happened.
type unreadSum struct {
	counting sync.Mutex // held while counting
	total    int
	in       map[int64]int // by room, where there is anything; nil: never counted

	mu    sync.Mutex
	dirty map[int64]struct{}
}

// touch marks a room in which the count may have changed.
func (s *unreadSum) touch(nr int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dirty == nil {
		s.dirty = map[int64]struct{}{}
	}
	s.dirty[nr] = struct{}{}
}

func (s *unreadSum) touched() map[int64]struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	dirty := s.dirty
	s.dirty = nil
	return dirty
}

// unread gives how many messages somebody has not read, in all rooms they are in.
func (d *Delivery) unread(ctx context.Context, r *recipient) (int, error) {
	s := &r.badge
	s.counting.Lock()
	defer s.counting.Unlock()
	rooms := s.touched()
	if s.in == nil {
		joined, err := d.rooms.Joined(ctx, r.user, "join")
		if err != nil {
			return 0, err
		}
		rooms = map[int64]struct{}{}
		for _, m := range joined {
			rooms[m.Room] = struct{}{}
		}
		s.in, s.total = map[int64]int{}, 0
	}
	for nr := range rooms {
		n, err := d.unreadIn(ctx, r.user, nr)
		if err != nil {
			s.in = nil // counted anew next time
			return 0, err
		}
		s.total += n - s.in[nr]
		if s.in[nr] = n; n == 0 {
			delete(s.in, nr)
		}
	}
	return s.total, nil
}

func (d *Delivery) unreadIn(ctx context.Context, user string, nr int64) (int, error) {
	l, err := d.rooms.Number(ctx, nr)
	if err != nil {
		return 0, err
	}
	c, err := d.counter.Counts(ctx, user, l)
	return c.Notify, err
}

// adopt adds a pusher, or brings one up to date. The caller holds mu.
func (d *Delivery) adopt(row *Pusher) {
	r := d.people[row.User]
	if r == nil {
		r = &recipient{user: row.User, pushers: map[[2]string]*pusher{}}
		d.people[row.User] = r
		clear(d.watch)
	}
	k := [2]string{row.AppID, row.Key}
	p := r.pushers[k]
	if p == nil {
		p = &pusher{Pusher: *row, of: r, from: row.told, badge: -1}
		r.pushers[k] = p
		return
	}
	told, behind := p.told, p.behind
	if p.Updated != row.Updated { // the app has said anew that it is there
		p.failures, p.notBefore = 0, time.Time{}
	}
	p.Pusher = *row
	p.told, p.behind = told, behind
	d.ready(p)
}

// reload reads somebody's pushers again.
func (d *Delivery) reload(ctx context.Context, user string) error {
	var list []Pusher
	err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = pushersOf(tx, user)
		return err
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	there := map[[2]string]bool{}
	for i := range list {
		there[[2]string{list[i].AppID, list[i].Key}] = true
		d.adopt(&list[i])
	}
	if r := d.people[user]; r != nil {
		for k, p := range r.pushers {
			if !there[k] {
				d.discard(p)
			}
		}
	}
	return nil
}

// discard drops a pusher that is no more. The caller holds mu.
func (d *Delivery) discard(p *pusher) {
	p.gone, p.queue = true, nil
	r := p.of
	delete(r.pushers, [2]string{p.AppID, p.Key})
	if len(r.pushers) == 0 {
		delete(d.people, r.user)
		clear(d.watch)
	}
}

// notice takes in a change that is no event.
func (d *Delivery) notice(ctx context.Context, c store.Change) error {
	switch c.Kind {
	case KindPusher:
		return d.reload(ctx, c.Scope)
	case receipt.Kind:
		r := d.person(c.Key)
		if r == nil {
			return nil
		}
		l, err := d.rooms.Find(ctx, c.Scope)
		if err != nil {
			return err
		}
		d.read(r, l.NR)
	}
	return nil
}

func (d *Delivery) person(user string) *recipient {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.people[user]
}

// read has somebody's badge brought up to date after they have read on, or written, in a room.
func (d *Delivery) read(r *recipient, nr int64) {
	r.badge.touch(nr)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range r.pushers {
		if !p.refresh && !p.byWeb() {
			p.refresh = true
			time.AfterFunc(d.times.badge, func() { d.refresh(p) })
		}
	}
}

// refresh puts a pusher in line for a notification of its count alone.
func (d *Delivery) refresh(p *pusher) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p.due = true
	d.ready(p)
}

// consider finds whom an event is to be told.
func (d *Delivery) consider(ctx context.Context, ev *room.Event) error {
	d.mu.Lock()
	nobody := len(d.people) == 0
	d.mu.Unlock()
	if nobody || ev.RedactedBecause != nil || time.Since(time.UnixMilli(ev.TS)) > staleAfter {
		return nil
	}
	if err := d.rooms.Load(ctx, ev.Room); err != nil {
		return err
	}
	if ev.Type == "m.room.member" && ev.StateKey != nil {
		if err := d.moved(ctx, ev); err != nil {
			return err
		}
	}
	for _, r := range d.watchers(ev.Room) {
		if err := d.weigh(ctx, r, ev); err != nil {
			return err
		}
	}
	return nil
}

// moved takes in a change of membership: an invitation is told to whom it is for.
func (d *Delivery) moved(ctx context.Context, ev *room.Event) error {
	d.mu.Lock()
	delete(d.watch, ev.Room.NR)
	r := d.people[*ev.StateKey]
	d.mu.Unlock()
	if r == nil {
		return nil
	}
	if ev.Membership() == "invite" {
		return d.weigh(ctx, r, ev)
	}
	d.read(r, ev.Room.NR)
	return nil
}

// watchers gives those with pushers who are joined to a loaded room.
func (d *Delivery) watchers(l *room.Live) []*recipient {
	d.mu.Lock()
	defer d.mu.Unlock()
	list, known := d.watch[l.NR]
	if known {
		return list
	}
	for _, user := range l.Members("join") {
		if r := d.people[user]; r != nil {
			list = append(list, r)
		}
	}
	if len(d.watch) >= watchMost {
		clear(d.watch)
	}
	d.watch[l.NR] = list
	return list
}

// weigh puts an event to somebody's rules.
func (d *Delivery) weigh(ctx context.Context, r *recipient, ev *room.Event) error {
	switch {
	case ev.Sender == r.user:
		if ev.StateKey == nil {
			d.read(r, ev.Room.NR)
		}
		return nil
	case ev.Type == "m.room.redaction" && ev.StateKey == nil:
		d.read(r, ev.Room.NR)
	}
	v, err := d.verdict(ctx, r.user, ev)
	if err != nil || !v.Notify {
		return err
	}
	if d.hushed(ctx, r.user, ev) {
		d.read(r, ev.Room.NR)
		return nil
	}
	r.badge.touch(ev.Room.NR)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range r.pushers {
		if ev.Pos <= p.from {
			continue
		}
		if len(p.queue) >= queueMost {
			p.queue = p.queue[1:]
			d.dropped.Add(1)
		}
		p.queue = append(p.queue, item{ev.Pos, ev.Room.NR})
		d.ready(p)
	}
	return nil
}

func (d *Delivery) verdict(ctx context.Context, user string, ev *room.Event) (v pushrules.Verdict, err error) {
	rules, err := d.rules.Of(ctx, user)
	if err != nil {
		return v, err
	}
	in := surroundings(ev.Room, user)
	return d.counter.verdict(ctx, user, ev, rules, &in), nil
}
