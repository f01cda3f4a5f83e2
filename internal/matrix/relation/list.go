package relation

import (
	"cmp"
	"context"
	"slices"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// How many events a page holds, and how many steps of relations are followed.
const (
	pageDefault = 50
	pageMost    = 500
	depthMost   = 3
	readsMost   = 20 // of the database for one page: everything on it may be by ignored people
)

// Ask is a request for what relates to an event: client-server API, "Relationships API".
type Ask struct {
	Room, Event   string
	RelType, Type string // "": any
	From, To      string // tokens, or ""
	Forward       bool   // oldest first
	Limit         int    // 0: the default
	Recurse       bool   // also what relates to those that relate to it
}

// Page is a part of what relates to an event.
type Page struct {
	*View
	Events     []*room.Event
	Next, Prev string // tokens; "" when there is no such page
}

// query is what is asked of the database.
type query struct {
	parent, relType, typ string
	after, to            int64
	forward              bool
	limit, depth         int
}

// Children lists what relates to an event, a page at a time. errs.NotFound when the reader may not see the event.
func (r *Relations) Children(ctx context.Context, who *audit.Caller, ask Ask) (*Page, error) {
	q, err := ask.query()
	if err != nil {
		return nil, err
	}
	opened, _, err := r.parent(ctx, who, ask.Room, ask.Event)
	if err != nil {
		return nil, err
	}
	reader, err := r.reader(ctx, who, opened.Live)
	if err != nil {
		return nil, err
	}
	p := &Page{Prev: ask.From}
	var at int64
	var more bool
	err = r.db.Read(ctx, func(tx *store.Tx) (err error) {
		p.Events, at, more, err = reader.children(tx, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	if more {
		p.Next = room.Token(at)
	}
	p.View, err = r.View(ctx, opened, p.Events)
	return p, err
}

// query checks what is asked and gives its bounds as positions.
func (a *Ask) query() (q query, err error) {
	q = query{parent: a.Event, relType: a.RelType, typ: a.Type, to: room.Forever, forward: a.Forward, depth: 1}
	if a.Limit < 0 {
		return q, errs.BadParam("limit must be greater than 0.")
	}
	q.limit = min(a.Limit, pageMost)
	if q.limit == 0 {
		q.limit = pageDefault
	}
	if a.Recurse {
		q.depth = depthMost
	}
	after, to := a.From, a.To
	if !a.Forward {
		after, to = to, after
	}
	if after != "" {
		if q.after, err = room.ParseToken(after); err != nil {
			return q, err
		}
	}
	if to != "" {
		q.to, err = room.ParseToken(to)
	}
	return q, err
}

// children reads a page, the ignored left out; at is where the next one begins, if there is more.
func (r *reader) children(tx *store.Tx, q query) (out []*room.Event, at int64, more bool, err error) {
	want := q.limit
	q.limit++
	for range readsMost {
		batch, err := childrenOf(tx, r.rooms, r.l.NR, q, r.spans)
		if err != nil {
			return nil, 0, false, err
		}
		for _, ev := range batch {
			if len(out) == want {
				return out, at, true, nil
			}
			if r.sees(ev) {
				out = append(out, ev)
			}
			if at = ev.Pos; !q.forward {
				at--
			}
		}
		if len(batch) < q.limit {
			return out, at, false, nil
		}
		if q.forward {
			q.after = at
		} else {
			q.to = at
		}
	}
	return out, at, true, nil
}

// ThreadsAsk is a request for the threads of a room: client-server API, "Querying threads in a room".
type ThreadsAsk struct {
	Room         string
	Participated bool // only those the reader has begun or written in
	From         string
	Limit        int // 0: the default
}

// thread is a thread as its reader sees it.
type thread struct {
	rootPos int64
	last    int64
	mine    bool
}

// Threads lists the events that threads begin with, the thread last written in first.
func (r *Relations) Threads(ctx context.Context, who *audit.Caller, ask ThreadsAsk) (*Page, error) {
	until, limit := int64(room.Forever), min(ask.Limit, pageMost)
	if ask.Limit < 0 {
		return nil, errs.BadParam("limit must be greater than 0.")
	}
	if limit == 0 {
		limit = pageDefault
	}
	if ask.From != "" {
		var err error
		if until, err = room.ParseToken(ask.From); err != nil {
			return nil, err
		}
	}
	opened, err := r.rooms.Open(ctx, who, ask.Room, room.Reading)
	if err != nil {
		return nil, err
	}
	reader, err := r.reader(ctx, who, opened.Live)
	if err != nil {
		return nil, err
	}
	p := &Page{}
	err = r.db.Read(ctx, func(tx *store.Tx) error { return reader.threads(tx, p, ask.Participated, until, limit) })
	if err != nil {
		return nil, err
	}
	if p.View, err = r.View(ctx, opened, p.Events); err == nil {
		p.hides = reader.shelf.Ignores
	}
	return p, err
}

func (r *reader) threads(tx *store.Tx, p *Page, participated bool, until int64, limit int) error {
	voices, err := voicesOf(tx, r.l.NR, r.spans)
	if err != nil {
		return err
	}
	list := r.gather(voices, participated)
	list = slices.DeleteFunc(list, func(t *thread) bool { return t.last > until })
	slices.SortFunc(list, func(a, b *thread) int { return cmp.Compare(b.last, a.last) })
	if len(list) > limit {
		list = list[:limit]
		p.Next = room.Token(list[limit-1].last - 1)
	}
	at := make([]int64, len(list))
	for i, t := range list {
		at[i] = t.rootPos
	}
	p.Events, err = eventsAt(tx, r.rooms, at)
	slices.SortFunc(p.Events, func(a, b *room.Event) int { return slices.Index(at, a.Pos) - slices.Index(at, b.Pos) })
	return err
}

// gather puts the voices of each thread together, leaving out those the reader ignores and roots they may not see.
func (r *reader) gather(voices []voice, participated bool) (list []*thread) {
	byRoot := map[int64]*thread{}
	for _, v := range voices {
		if !r.spans.Has(v.rootPos) || r.shelf.Ignores(v.sender) {
			continue
		}
		t := byRoot[v.rootPos]
		if t == nil {
			t = &thread{rootPos: v.rootPos, mine: v.rootSender == r.who.User}
			byRoot[v.rootPos] = t
		}
		t.last = max(t.last, v.last)
		t.mine = t.mine || v.sender == r.who.User
	}
	for _, t := range byRoot {
		if t.mine || !participated {
			list = append(list, t)
		}
	}
	return list
}
