package main

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// sent is the fate of one message. Times are microseconds since the ledger's epoch. Each is written by the sender that
// owns it, before the listeners' part of the ledger is read.
type sent struct {
	room     int32
	sender   int32
	intended uint32 // when it was due, in open loop; when it was sent, in closed loop
	began    uint32
	acked    uint32 // zero: never answered with 200
}

// receipt is one message reaching one listener.
type receipt struct {
	id uint32
	at uint32 // microseconds since the epoch
}

// ledger is the record of a run: what was sent, and what each listener got in which order. From it come the latencies
// and the proof that nothing was lost, doubled or disordered.
type ledger struct {
	crowd    *crowd
	epoch    time.Time
	messages []sent
	next     atomic.Uint32 // the number of the next message
	arrived  atomic.Int64  // receipts so far, the senders' own among them
	wanted   atomic.Int64  // when arrived reaches this, full is told
	full     chan struct{}
	failures atomic.Int64 // sends not answered with 200
	gaps     atomic.Int64 // answers that said events were left out
	broken   atomic.Pointer[error]
}

// newLedger makes room for so many messages.
func newLedger(c *crowd, capacity int) *ledger {
	return &ledger{crowd: c, epoch: time.Now(), messages: make([]sent, capacity), full: make(chan struct{}, 1)}
}

// now is microseconds since the epoch.
func (l *ledger) now() uint32 { return uint32(time.Since(l.epoch).Microseconds()) }

// turn is the room that a message goes to: each in turn. That it follows from the number alone lets a listener check
// where a message came without asking its sender.
func (l *ledger) turn(id uint32) (room int) { return int(id) % len(l.crowd.places) }

// roomOf is the id of the room that a message goes to.
func (l *ledger) roomOf(id uint32) string { return l.crowd.places[l.turn(id)].id }

func (l *ledger) fail(err error) { l.broken.CompareAndSwap(nil, &err) }

// count notes that so many messages reached a listener.
func (l *ledger) count(n int) {
	if total := l.arrived.Add(int64(n)); total >= l.wanted.Load() {
		select {
		case l.full <- struct{}{}:
		default:
		}
	}
}

// await waits until so many receipts have arrived in all, or until none has for the patience given.
func (l *ledger) await(total int64, patience time.Duration) {
	l.wanted.Store(total)
	last, since := l.arrived.Load(), time.Now()
	for last < total && time.Since(since) < patience && l.broken.Load() == nil {
		select {
		case <-l.full:
		case <-time.After(50 * time.Millisecond):
		}
		if arrived := l.arrived.Load(); arrived != last {
			last, since = arrived, time.Now()
		}
	}
}

// expected is how many receipts there must be when every accepted message has reached every member.
func (l *ledger) expected() (total int64) {
	for _, message := range l.sent() {
		if message.acked != 0 {
			total += int64(len(l.crowd.places[message.room].members))
		}
	}
	return total
}

// sent is the messages numbered so far.
func (l *ledger) sent() []sent { return l.messages[:min(int(l.next.Load()), len(l.messages))] }

// verdict is what the ledger proves.
type verdict struct {
	lost       int // accepted messages that a member never got
	duplicated int
	disordered int // members who saw a room in another order, and messages seen before one answered earlier
	alien      int // messages of a room the listener is not in, or that nobody sent
}

func (v *verdict) add(other verdict) {
	v.lost += other.lost
	v.duplicated += other.duplicated
	v.disordered += other.disordered
	v.alien += other.alien
}

func (v verdict) String() string {
	if v == (verdict{}) {
		return "none lost, duplicated or out of order"
	}
	return fmt.Sprintf("LOST %d, DUPLICATED %d, OUT OF ORDER %d, ALIEN %d", v.lost, v.duplicated, v.disordered, v.alien)
}

// prove compares what listeners got with what was sent. All members of a room must have got the same messages in the
// same order; among them every accepted message once; and a message answered before another was begun must come first.
func (l *ledger) prove(listeners []*listener) verdict {
	var v verdict
	orders := make([][][]uint32, len(l.crowd.places)) // by room, then listener
	for _, listener := range listeners {
		for room, ids := range l.byRoom(listener, &v) {
			orders[room] = append(orders[room], ids)
		}
	}
	accepted := make([][]uint32, len(l.crowd.places))
	for id, message := range l.sent() {
		if message.acked != 0 {
			accepted[message.room] = append(accepted[message.room], uint32(id))
		}
	}
	for room := range orders {
		v.add(l.proveRoom(orders[room], accepted[room]))
	}
	return v
}

// proveRoom checks the views of all members of one room.
func (l *ledger) proveRoom(orders [][]uint32, accepted []uint32) (v verdict) {
	var first verdict
	for i, order := range orders {
		if i > 0 && slices.Equal(order, orders[0]) { // nearly always: then what holds for the first holds for it
			v.add(first)
			continue
		}
		own := l.proveOrder(order, accepted)
		if i == 0 {
			first = own
		} else if !sameOrder(order, orders[0]) {
			own.disordered++
		}
		v.add(own)
	}
	return v
}

// byRoom sorts a listener's receipts into the rooms it is in, keeping their order.
func (l *ledger) byRoom(listener *listener, v *verdict) map[int][]uint32 {
	person := l.crowd.people[listener.who]
	rooms := make(map[int][]uint32, len(person.rooms))
	for _, room := range person.rooms {
		rooms[room] = nil
	}
	messages := l.sent()
	for _, receipt := range listener.got {
		if int(receipt.id) >= len(messages) {
			v.alien++
			continue
		}
		room := int(messages[receipt.id].room)
		if _, member := rooms[room]; !member {
			v.alien++
			continue
		}
		rooms[room] = append(rooms[room], receipt.id)
	}
	return rooms
}

// proveOrder checks one member's view of one room.
func (l *ledger) proveOrder(order, accepted []uint32) (v verdict) {
	times := make(map[uint32]int, len(order))
	var latestBegun uint32
	for _, id := range order {
		times[id]++
		if times[id] > 1 {
			v.duplicated++
			continue
		}
		message := l.messages[id]
		if message.acked != 0 && message.acked < latestBegun {
			v.disordered++
		}
		latestBegun = max(latestBegun, message.began)
	}
	for _, id := range accepted {
		if times[id] == 0 {
			v.lost++
		}
	}
	return v
}

// sameOrder reports whether the messages that both saw come in the same order: one may lack some, which is counted as
// lost and not as disorder.
func sameOrder(a, b []uint32) bool {
	common := func(of, in []uint32) []uint32 {
		known := make(map[uint32]bool, len(in))
		for _, id := range in {
			known[id] = true
		}
		var both []uint32
		for _, id := range of {
			if known[id] {
				known[id] = false
				both = append(both, id)
			}
		}
		return both
	}
	return slices.Equal(common(a, b), common(b, a))
}

// latencies are the times from when a message was due until it was answered, and until it reached each other member.
func (l *ledger) latencies(listeners []*listener) (send, delivery *histogram, deliveries int) {
	send, delivery = &histogram{}, &histogram{}
	messages := l.sent()
	for _, message := range messages {
		if message.acked != 0 {
			send.record(time.Duration(message.acked-message.intended) * time.Microsecond)
		}
	}
	for _, listener := range listeners {
		for _, receipt := range listener.got {
			if int(receipt.id) >= len(messages) || int(messages[receipt.id].sender) == listener.who {
				continue
			}
			deliveries++
			delivery.record(time.Duration(int64(receipt.at)-int64(messages[receipt.id].intended)) * time.Microsecond)
		}
	}
	return send, delivery, deliveries
}
