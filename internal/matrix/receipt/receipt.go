// Package receipt records how far people have read: public, private and threaded receipts, and the read marker
// (client-server API, "Receipts", "Read and unread markers"). What is unread because of it is counted in package push.
package receipt

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Kind is the kind of change logged for each receipt: scope the room's id, key the user, body a *Receipt.
const Kind = "receipt"

// The types of receipts.
const (
	Read        = "m.read"
	ReadPrivate = "m.read.private"
	FullyRead   = "m.fully_read"
)

// Main is the thread of what is in no thread.
const Main = "main"

// Receipt is how far one person has read. Immutable.
type Receipt struct {
	RoomNR   int64
	RoomID   string
	User     string
	Type     string // Read or ReadPrivate
	Thread   string // "" unthreaded, Main, or the event id of a thread's root
	EventID  string
	EventPos int64
	TS       int64 // ms since 1970, UTC
	Pos      int64 // position of this receipt in the log
}

// key is the one receipt a person has of a type in a thread.
type key struct{ user, typ, thread string }

// board is the receipts of one room, as this node remembers them.
type board struct {
	all  map[key]*Receipt
	of   map[string][]*Receipt // the same by person; slices are replaced, never changed
	last int64
}

// boardsMost bounds the rooms whose receipts are remembered.
const boardsMost = 20_000

// Receipts is all receipts of the server.
type Receipts struct {
	db    *store.DB
	rooms *room.Rooms
	start int64 // position at which this node began to follow

	mu      sync.RWMutex
	boards  map[int64]*board
	reading map[int64][]*Receipt // rooms being read, with what came meanwhile
	latest  map[int64]int64      // by room: position of the last receipt since start
}

// New gives the receipts of a database. Call it before the first write: it follows the log.
func New(db *store.DB, rooms *room.Rooms) *Receipts {
	r := &Receipts{
		db: db, rooms: rooms, start: db.Position(),
		boards: map[int64]*board{}, reading: map[int64][]*Receipt{}, latest: map[int64]int64{},
	}
	rooms.Follow(r.follow)
	return r
}

// Mark is one receipt a client sends.
type Mark struct {
	Room, Type, Event string
	Thread            string
}

// Set records receipts of one person in one room. One that would go backwards changes nothing. No audit record is
// written: reading a message on is recorded by the receipt itself.
func (r *Receipts) Set(ctx context.Context, who *audit.Caller, marks ...Mark) error {
	if len(marks) == 0 {
		return nil
	}
	opened, err := r.rooms.Open(ctx, who, marks[0].Room, room.Belonging)
	if err != nil {
		return err
	}
	var fresh []*Receipt
	fully := ""
	for _, m := range marks {
		ev, err := r.rooms.EventByID(ctx, opened, m.Event)
		if err != nil {
			return err
		}
		switch m.Type {
		case FullyRead:
			if m.Thread != "" {
				return errs.BadParam("The read marker has no thread.")
			}
			fully = ev.ID
		case Read, ReadPrivate:
			if err := checkThread(m.Thread, ev); err != nil {
				return err
			}
			fresh = append(fresh, &Receipt{
				RoomNR: opened.NR, RoomID: opened.ID, User: who.User, Type: m.Type, Thread: m.Thread, EventID: ev.ID, EventPos: ev.Pos,
			})
		default:
			return errs.BadParam("The receipt type is m.read, m.read.private or m.fully_read.")
		}
	}
	fresh, err = r.ahead(ctx, opened.Live, fresh)
	if err != nil || len(fresh) == 0 && fully == "" {
		return err
	}
	return r.db.Write(ctx, func(tx *store.Tx) error {
		for _, one := range fresh {
			if err := r.write(tx, *one); err != nil {
				return err
			}
		}
		if fully == "" {
			return nil
		}
		content, err := json.Marshal(map[string]string{"event_id": fully})
		if err != nil {
			return err
		}
		return accountdata.Set(tx, who.User, opened.ID, FullyRead, content)
	})
}

func (r *Receipts) write(tx *store.Tx, one Receipt) error {
	one.TS = tx.Now().UnixMilli()
	done := &one
	done.Pos = tx.Log(Kind, one.RoomID, one.User, done)
	return put(tx, done)
}

// checkThread holds a receipt's thread against its event: "Threaded read receipts".
func checkThread(thread string, ev *room.Event) error {
	switch {
	case thread == "":
		return nil
	case thread == Main:
		if ev.RelType == "m.thread" {
			return errs.BadParam("That event is in a thread, not in the main timeline.")
		}
		return nil
	case !matrix.ValidEventID(thread):
		return errs.BadParam("thread_id is main or the id of a thread's first event.")
	case ev.ID == thread || ev.RelType == "m.thread" && ev.Relates == thread:
		return nil
	case ev.RelType == "m.thread" || ev.Relates == "":
		return errs.BadParam("That event is not in this thread.")
	}
	return nil // an edit or a reaction: it belongs to the thread of what it relates to
}

// ahead leaves the receipts that are further on than what is there.
func (r *Receipts) ahead(ctx context.Context, l *room.Live, fresh []*Receipt) (out []*Receipt, err error) {
	b, err := r.board(ctx, l)
	if err != nil {
		return nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, one := range fresh {
		if old := b.all[key{one.User, one.Type, one.Thread}]; old == nil || old.EventPos < one.EventPos {
			out = append(out, one)
		}
	}
	return out, nil
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
	for _, one := range b.all {
		if one.Pos > after {
			out = append(out, one)
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(out, func(x, y *Receipt) int { return cmp.Compare(x.Pos, y.Pos) })
	return out, nil
}

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

// board gives the receipts of a room, reading them once. Callers hold mu while they look into it.
func (r *Receipts) board(ctx context.Context, l *room.Live) (*board, error) {
	for {
		r.mu.Lock()
		if b := r.boards[l.NR]; b != nil {
			r.mu.Unlock()
			return b, nil
		}
		if _, ok := r.reading[l.NR]; !ok {
			r.reading[l.NR] = []*Receipt{}
		}
		r.mu.Unlock()
		var stored []*Receipt
		err := r.db.Read(ctx, func(tx *store.Tx) (err error) {
			stored, err = all(tx, l)
			return err
		})
		if err != nil {
			return nil, err
		}
		r.keep(l.NR, stored)
	}
}

// keep remembers a room's receipts as read, with those that came while they were being read.
func (r *Receipts) keep(nr int64, stored []*Receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.boards[nr] != nil {
		return
	}
	if len(r.boards) >= boardsMost {
		clear(r.boards)
	}
	b := &board{all: map[key]*Receipt{}, of: map[string][]*Receipt{}}
	for _, one := range append(stored, r.reading[nr]...) {
		b.take(one)
	}
	delete(r.reading, nr)
	r.boards[nr] = b
}

func (b *board) take(one *Receipt) {
	k := key{one.User, one.Type, one.Thread}
	if old := b.all[k]; old == nil || old.Pos < one.Pos {
		b.all[k] = one
		mine := []*Receipt{one}
		for _, other := range b.of[one.User] {
			if other != old {
				mine = append(mine, other)
			}
		}
		b.of[one.User] = mine
	}
	b.last = max(b.last, one.Pos)
}

// follow takes in the receipts of a batch. Of those another node wrote only the place is known: the room is read anew.
func (r *Receipts) follow(b store.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.Gap {
		clear(r.boards)
		clear(r.latest)
		r.start = b.To
	}
	for _, c := range b.Changes {
		if c.Kind != Kind {
			continue
		}
		if one, ok := c.Body.(*Receipt); ok {
			r.latest[one.RoomNR] = one.Pos
			if board := r.boards[one.RoomNR]; board != nil {
				board.take(one)
			} else if _, ok := r.reading[one.RoomNR]; ok {
				r.reading[one.RoomNR] = append(r.reading[one.RoomNR], one)
			}
			continue
		}
		if l, err := r.rooms.Find(context.Background(), c.Scope); err == nil {
			delete(r.boards, l.NR)
			r.latest[l.NR] = c.Pos
		}
	}
}

// AppendEvent writes receipts as one m.receipt event, private ones only where they are the reader's own; nothing when
// there is none to show.
func AppendEvent(b []byte, receipts []*Receipt, reader string) []byte {
	type content = map[string]map[string]map[string]mark
	out := content{}
	for _, one := range receipts {
		if one.Type == ReadPrivate && one.User != reader {
			continue
		}
		if out[one.EventID] == nil {
			out[one.EventID] = map[string]map[string]mark{}
		}
		if out[one.EventID][one.Type] == nil {
			out[one.EventID][one.Type] = map[string]mark{}
		}
		// One person has one entry here: of several threads the latest stands, and the others follow their own events.
		out[one.EventID][one.Type][one.User] = mark{one.TS, one.Thread}
	}
	if len(out) == 0 {
		return b
	}
	body, err := json.Marshal(out)
	if err != nil {
		return b
	}
	b = append(b, `{"content":`...)
	b = append(b, body...)
	return append(b, `,"type":"m.receipt"}`...)
}

type mark struct {
	TS     int64  `json:"ts"`
	Thread string `json:"thread_id,omitempty"`
}
