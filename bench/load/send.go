package main

import (
	"fmt"
	"strconv"
	"sync"
	"time"
)

// maxFailures is how many refused sends end a run: there is nothing to measure then.
const maxFailures = 100

// sender is one connection that sends for anybody.
type sender struct {
	wire   *wire
	ledger *ledger
	path   []byte
	body   []byte
	prefix string // of transaction ids, its own
}

func newSender(l *ledger, number int) *sender {
	prefix := "b" + strconv.FormatInt(l.epoch.UnixMicro(), 36) + "." + strconv.Itoa(number) + "."
	return &sender{wire: newWire(l.crowd.target.address), ledger: l, prefix: prefix}
}

// send sends message number id, due at a time (zero: now), into the room whose turn it is, as one of its members.
func (s *sender) send(id, intended uint32) {
	l := s.ledger
	room := l.turn(id)
	place := &l.crowd.places[room]
	who := place.members[int(id)/len(l.crowd.places)%len(place.members)]
	message := &l.messages[id]
	message.room, message.sender = int32(room), int32(who)
	s.path = append(append(s.path[:0], place.sendPath...), s.prefix...)
	s.path = strconv.AppendUint(s.path, uint64(id), 36)
	s.body = appendMessage(s.body[:0], id)
	message.began = max(1, l.now())
	message.intended = intended
	if intended == 0 {
		message.intended = message.began
	}
	status, answer, err := s.wire.call("PUT", string(s.path), l.crowd.people[who].token, s.body)
	if err == nil && status == 200 {
		message.acked = max(1, l.now())
		return
	}
	if err == nil {
		err = fmt.Errorf("status %d: %.200s", status, answer)
	}
	if l.failures.Add(1) >= maxFailures {
		l.fail(fmt.Errorf("send: %d refusals, the last: %w", maxFailures, err))
	}
}

// openLoop sends at a steady rate whatever the server does: each message has a time when it is due, and its latency
// counts from then, whether or not a connection was free (no coordinated omission).
func openLoop(l *ledger, rate float64, length time.Duration, connections int) {
	type due struct{ id, at uint32 }
	total := min(int(rate*length.Seconds()), len(l.messages))
	queue := make(chan due, total)
	var group sync.WaitGroup
	for number := range connections {
		group.Go(func() {
			s := newSender(l, number)
			defer s.wire.close()
			for next := range queue {
				s.send(next.id, next.at)
			}
		})
	}
	began := l.now()
	for i := range total {
		at := began + uint32(float64(i)*1e6/rate)
		if wait := int64(at) - int64(l.now()); wait > 0 {
			time.Sleep(time.Duration(wait) * time.Microsecond)
		}
		if l.broken.Load() != nil {
			break
		}
		queue <- due{l.next.Add(1) - 1, max(1, at)}
	}
	close(queue)
	group.Wait()
}

// closedLoop has so many connections send one message after another, until the time is up or the ledger is full.
func closedLoop(l *ledger, length time.Duration, connections int) {
	deadline := time.Now().Add(length)
	var group sync.WaitGroup
	for number := range connections {
		group.Go(func() {
			s := newSender(l, number)
			defer s.wire.close()
			for time.Now().Before(deadline) && l.broken.Load() == nil {
				id := l.next.Add(1) - 1
				if int(id) >= len(l.messages) {
					return
				}
				s.send(id, 0)
			}
		})
	}
	group.Wait()
}
