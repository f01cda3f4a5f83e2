package receipt

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"sync"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Bounds of what is remembered: rooms, and in each the latest receipts in order; they grow to the upper figure, then
// are cut to the lower.
const (
	boardsMost = 20_000
	recentKeep = 256
	recentMost = 512
)

// key is the one receipt a person has of a type in a thread.
type key struct{ user, typ, thread string }

func (r *Receipt) key() key { return key{r.User, r.Type, r.Thread} }

// board is the receipts of one room, as this node remembers them.
type board struct {
	all    map[key]*Receipt
	of     map[string][]*Receipt // the same by person; slices are replaced, never changed
	recent []*Receipt            // ascending by position, superseded ones among them; complete after position `after`
	after  int64
	last   int64
}

// reading is a room whose receipts are being read from the database.
type reading struct {
	done  chan struct{}
	news  []*Receipt // came meanwhile
	stale bool       // what is read may be past: another node wrote
}

// Receipts is all receipts of the server.
type Receipts struct {
	db    *store.DB
	rooms *room.Rooms

	mu      sync.RWMutex
	start   int64 // position since which this node has followed without a gap
	boards  map[int64]*board
	reading map[int64]*reading
	latest  map[int64]int64 // by room: position of the last receipt since start
}

// New gives the receipts of a database. Call it before the first write: it follows the log.
func New(db *store.DB, rooms *room.Rooms) *Receipts {
	r := &Receipts{
		db: db, rooms: rooms, start: db.Position(),
		boards: map[int64]*board{}, reading: map[int64]*reading{}, latest: map[int64]int64{},
	}
	rooms.Follow(r.follow)
	return r
}

// Of gives somebody's receipts in a room. The slice must not be changed.
func (r *Receipts) Of(ctx context.Context, l *room.Live, user string) ([]*Receipt, error) {
	b, err := r.board(ctx, l)
	if err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return b.of[user], nil
}

// Since gives the receipts of a room that were set after a position, in order. No SQL in the steady state.
func (r *Receipts) Since(ctx context.Context, l *room.Live, after int64) (out []*Receipt, err error) {
	b, err := r.board(ctx, l)
	if err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if after >= b.after {
		for _, one := range b.recent[sort.Search(len(b.recent), func(i int) bool { return b.recent[i].Pos > after }):] {
			if b.all[one.key()] == one {
				out = append(out, one)
			}
		}
		return out, nil
	}
	for _, one := range b.all {
		if one.Pos > after {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, byPos)
	return out, nil
}

func byPos(x, y *Receipt) int { return cmp.Compare(x.Pos, y.Pos) }

// Quiet reports whether surely no receipt was set in a room after a position. It costs a look into a map.
func (r *Receipts) Quiet(roomNR, after int64) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if last, ok := r.latest[roomNR]; ok && last > after {
		return false
	}
	if b := r.boards[roomNR]; b != nil {
		return b.last <= after
	}
	return after >= r.start
}

// Last gives the position of the last receipt this node knows of in a room; 0 when it knows of none, which does not say
// that there is none: see Quiet.
func (r *Receipts) Last(roomNR int64) int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if b := r.boards[roomNR]; b != nil {
		return b.last
	}
	return r.latest[roomNR]
}

// board gives the receipts of a room, reading them once, whoever asks. Callers hold mu while they look into it.
func (r *Receipts) board(ctx context.Context, l *room.Live) (*board, error) {
	for {
		r.mu.RLock()
		b := r.boards[l.NR]
		r.mu.RUnlock()
		if b != nil {
			return b, nil
		}
		mine, begun := r.begin(l.NR)
		if !begun {
			select {
			case <-mine.done:
				continue
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		b, err := r.read(context.WithoutCancel(ctx), l, mine) // others wait for it
		if b != nil || err != nil {
			return b, err
		}
	}
}

// begin gives the reading of a room that is under way, or begins one.
func (r *Receipts) begin(nr int64) (one *reading, begun bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.reading[nr]; one != nil {
		return one, false
	}
	one = &reading{done: make(chan struct{})}
	r.reading[nr] = one
	return one, true
}

// read reads a room's receipts and remembers them, with those that came meanwhile; nil when it must be done again.
func (r *Receipts) read(ctx context.Context, l *room.Live, mine *reading) (*board, error) {
	var stored []*Receipt
	err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
		stored, err = all(tx, l)
		return err
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.reading, l.NR)
	close(mine.done)
	if err != nil || mine.stale {
		return nil, err
	}
	b := &board{all: map[key]*Receipt{}, of: map[string][]*Receipt{}}
	for _, one := range stored {
		b.all[one.key()] = one
		b.of[one.User] = append(b.of[one.User], one)
		b.last = max(b.last, one.Pos)
	}
	b.after = b.last
	for _, one := range mine.news {
		b.take(one)
	}
	if len(r.boards) >= boardsMost {
		clear(r.boards)
	}
	r.boards[l.NR] = b
	return b, nil
}

// take adds a receipt unless it is behind what is there, as the database does: two at once may come in either order.
func (b *board) take(one *Receipt) {
	if one.Pos <= b.last {
		return
	}
	b.last = one.Pos
	k := one.key()
	old := b.all[k]
	if old != nil && old.EventPos >= one.EventPos {
		return
	}
	b.all[k] = one
	mine := []*Receipt{one}
	for _, other := range b.of[one.User] {
		if other != old {
			mine = append(mine, other)
		}
	}
	b.of[one.User] = mine
	b.recent = append(b.recent, one)
	if len(b.recent) > recentMost {
		cut := len(b.recent) - recentKeep
		b.after = b.recent[cut-1].Pos
		b.recent = append(make([]*Receipt, 0, recentMost+1), b.recent[cut:]...)
	}
}

// follow takes in the receipts of a batch. Of those another node wrote only the place is known: the room is read anew.
func (r *Receipts) follow(b store.Batch) {
	if b.Gap {
		r.forget(b.To)
	}
	for _, c := range b.Changes {
		if c.Kind != Kind {
			continue
		}
		if one, ok := c.Body.(*Receipt); ok {
			r.add(one)
			continue
		}
		l, err := r.rooms.Find(context.Background(), c.Scope)
		switch {
		case err == nil:
			r.drop(l.NR, c.Pos)
		case !errs.Is(err, errs.NotFound):
			r.forget(b.To) // the database does not answer: rather ask again for all rooms than miss one
		}
	}
}

func (r *Receipts) add(one *Receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest[one.RoomNR] = one.Pos
	if b := r.boards[one.RoomNR]; b != nil {
		b.take(one)
	} else if mine := r.reading[one.RoomNR]; mine != nil {
		mine.news = append(mine.news, one)
	}
}

// drop lets go of a room that another node has written to.
func (r *Receipts) drop(nr, pos int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest[nr] = pos
	delete(r.boards, nr)
	if mine := r.reading[nr]; mine != nil {
		mine.stale = true
	}
}

// forget lets go of everything: the log could not be followed up to a position.
func (r *Receipts) forget(to int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.boards)
	clear(r.latest)
	for _, mine := range r.reading {
		mine.stale = true
	}
	r.start = to
}
