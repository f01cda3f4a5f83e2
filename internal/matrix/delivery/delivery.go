// Package delivery keeps how far the messages of each room have come on people's devices: a device that comes back to sync
// with a token has received everything up to it. That is the sender's second tick, and what the sheet "who has it" says.
//
// It is one row for a person and a room, never one for an event, and written at most once a second. What has been read is
// package receipt's business; who received what in which hour, the ledger of the trust, is not kept here.
package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// Kind is the kind of change logged for the marks of one room that were written together: scope the room's id, body a *News.
const Kind = "delivery"

// flushDelay is how long marks are collected before they are written.
const flushDelay = time.Second

// Bounds: marks written in one transaction, marks remembered so as not to be written twice, people of a room who are told
// apart while it is live, senders told of one room's marks.
const (
	flushMost   = 1000
	knownMost   = 200_000
	liveMost    = 100
	sendersMost = 20
)

// Mark is how far one person's devices have received a room.
type Mark struct {
	roomNR   int64
	User     string
	EventID  string
	EventPos int64
	TS       int64 // ms since 1970, UTC: when it was known
}

// News is the marks of one room that were written together, and the people whose messages they concern.
type News struct {
	RoomNR  int64
	Pos     int64 // position in the log
	Marks   []*Mark
	Senders []string
}

type key struct {
	room int64
	user string
}

// Ledger is the deliveries of the server.
type Ledger struct {
	db       *store.DB
	rooms    *room.Rooms
	receipts *receipt.Receipts

	mu      sync.Mutex
	known   map[key]int64 // position of the latest event noted
	waiting map[key]*Mark
	senders map[int64]map[string]bool // whose messages the waiting marks of a room concern
	latest  map[int64][]*News         // by room: what was told lately, in order
	after   int64                     // latest is complete after this position
	timer   *time.Timer               // running while something waits
	writing sync.WaitGroup
	stopped bool
}

// New gives the deliveries of a database. Call it before the first write: it follows the log.
func New(db *store.DB, rooms *room.Rooms, receipts *receipt.Receipts) *Ledger {
	l := &Ledger{
		db: db, rooms: rooms, receipts: receipts, after: db.Position(),
		known: map[key]int64{}, waiting: map[key]*Mark{}, senders: map[int64]map[string]bool{}, latest: map[int64][]*News{},
	}
	rooms.Follow(l.follow)
	return l
}

// Note marks that a device of somebody has received a room up to a position. Mostly it costs a look into a map; what it
// says is written within a second or so, and lost if the node dies before: the device's next token says it again.
func (l *Ledger) Note(in *room.Live, user string, upTo int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := key{in.NR, user}
	before, ok := l.known[k]
	if l.stopped || ok && before >= min(upTo, in.Last()) {
		return
	}
	events, held := in.Latest(1, upTo)
	if !held || len(events) == 0 || ok && events[0].Pos <= before {
		return
	}
	if len(l.known) >= knownMost {
		clear(l.known)
	}
	last := events[0]
	l.known[k] = last.Pos
	l.waiting[k] = &Mark{roomNR: in.NR, User: user, EventID: last.ID, EventPos: last.Pos}
	l.concern(in, user, before, last.Pos)
	if l.timer == nil {
		l.timer = time.AfterFunc(flushDelay, l.flush)
	}
}

// concern adds those to be told: who sent what has arrived now. In a large room nobody is told, and the sheet asks instead.
// The caller holds mu.
func (l *Ledger) concern(in *room.Live, user string, after, to int64) {
	if joined, _ := in.Counts(); joined > liveMost {
		return
	}
	events, ok := in.Recent(after, to)
	if !ok {
		return
	}
	senders := l.senders[in.NR]
	if senders == nil {
		senders = map[string]bool{}
		l.senders[in.NR] = senders
	}
	for _, ev := range events[max(0, len(events)-sendersMost):] {
		if ev.Sender != user {
			senders[ev.Sender] = true
		}
	}
}

// flush writes what waits. What cannot be written is let go: the next event will be noted again.
func (l *Ledger) flush() {
	l.mu.Lock()
	l.timer = nil
	if l.stopped {
		l.mu.Unlock()
		return
	}
	news := l.take()
	l.writing.Add(1)
	l.mu.Unlock()
	defer l.writing.Done()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = l.write(ctx, news)
}

// take gives what waits, by room. The caller holds mu.
func (l *Ledger) take() []*News {
	byRoom := map[int64]*News{}
	var out []*News
	for k, m := range l.waiting {
		n := byRoom[k.room]
		if n == nil {
			n = &News{RoomNR: k.room}
			for sender := range l.senders[k.room] {
				n.Senders = append(n.Senders, sender)
			}
			byRoom[k.room] = n
			out = append(out, n)
		}
		n.Marks = append(n.Marks, m)
	}
	l.waiting, l.senders = map[key]*Mark{}, map[int64]map[string]bool{}
	return out
}

func (l *Ledger) write(ctx context.Context, news []*News) error {
	for len(news) > 0 {
		n, marks := 0, 0
		for n < len(news) && (n == 0 || marks+len(news[n].Marks) <= flushMost) {
			marks += len(news[n].Marks)
			n++
		}
		part := news[:n]
		news = news[n:]
		if err := l.writePart(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) writePart(ctx context.Context, part []*News) error {
	ids := make([]string, len(part))
	for i, n := range part {
		in, err := l.rooms.Number(ctx, n.RoomNR)
		if err != nil {
			return err
		}
		ids[i] = in.ID
	}
	return l.db.Write(ctx, func(tx *store.Tx) error {
		now := tx.Now().UnixMilli()
		for i, n := range part {
			// A copy: a verb may run more than once, and what was announced must not change.
			done := &News{RoomNR: n.RoomNR, Senders: n.Senders}
			for _, m := range n.Marks {
				mark := *m
				mark.TS = now
				done.Marks = append(done.Marks, &mark)
				if err := put(tx, &mark); err != nil {
					return err
				}
			}
			done.Pos = tx.Log(Kind, ids[i], "", done)
		}
		return nil
	})
}

// Stop writes what waits and takes no more.
func (l *Ledger) Stop(ctx context.Context) error {
	l.mu.Lock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	l.stopped = true
	news := l.take()
	l.mu.Unlock()
	l.writing.Wait()
	return l.write(ctx, news)
}
