package main

import (
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	growthRooms   = 200
	growthPeople  = 200
	growthMembers = 20
	growthProbes  = 1000 // incremental syncs measured
	growthFresh   = 20   // fresh syncs measured
	growthRate    = 100  // messages a second, so that a p99 rests on enough of them
)

// measureGrowth fills the server to each of several sizes and measures the same small load at each, after a restart.
// Person 0 is in every room, as a site manager might be.
func measureGrowth(t *target, s size) (result, error) {
	if err := refused(t, "growth"); err != nil {
		return nil, err
	}
	c, err := gatherGrowth(t)
	if err != nil {
		return nil, err
	}
	out, stored := result{}, 0
	var first, last result
	for step := range strings.SplitSeq(s.growth, ",") {
		events, err := strconv.Atoi(step)
		if err != nil {
			return nil, fmt.Errorf("--growth: %w", err)
		}
		if err := fill(c, events-stored, s.senders); err != nil {
			return nil, err
		}
		stored = max(stored, events)
		measured, err := measureStored(c, s)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = measured
		}
		last = measured
		for _, m := range measured {
			out.add("at "+step+" events: "+m.Name, m.Value, m.Unit)
		}
	}
	for i, m := range last {
		if m.Name == "send p99" || m.Name == "incremental sync p99" {
			out.add("growth of "+m.Name, m.Value/first[i].Value, "times")
		}
	}
	return out, nil
}

func gatherGrowth(t *target) (*crowd, error) {
	name := label("grow")
	c := &crowd{target: t, people: make([]person, growthPeople), places: make([]place, growthRooms)}
	err := parallel(t.address, growthPeople, func(w *wire, i int) error {
		return c.people[i].register(w, name+strconv.Itoa(i))
	})
	if err != nil {
		return nil, err
	}
	for r := range c.places {
		for m := range growthMembers - 1 {
			c.enlist(r, 1+(r*(growthMembers-1)+(m+r)%(growthMembers-1))%(growthPeople-1))
		}
		c.enlist(r, 0)
	}
	return c, c.open()
}

// fill sends so many messages with nobody listening.
func fill(c *crowd, messages, senders int) error {
	l := newLedger(c, max(0, messages))
	began := time.Now()
	closedLoop(l, time.Hour, senders)
	if broken := l.broken.Load(); broken != nil {
		return *broken
	}
	fmt.Fprintf(os.Stderr, "  stored %d events more in %.1f s\n", messages, time.Since(began).Seconds())
	return nil
}

// measureStored measures a server that holds what it holds, from its start.
func measureStored(c *crowd, s size) (result, error) {
	if err := c.target.stop(); err != nil {
		return nil, err
	}
	ready, err := c.target.start()
	if err != nil {
		return nil, err
	}
	cold, fresh, err := measureFresh(c)
	if err != nil {
		return nil, err
	}
	incremental, err := measureIncremental(c)
	if err != nil {
		return nil, err
	}
	length := 2 * s.length
	r, err := drive(c, int(growthRate*length.Seconds()), s.sliding, func(l *ledger) {
		openLoop(l, growthRate, length, s.senders)
	})
	if err != nil {
		return nil, err
	}
	out := result{}
	out.add("ready after start", milliseconds(ready), "ms")
	out.add("first fresh sync of 200 rooms", milliseconds(cold), "ms")
	out.add("fresh sync of 200 rooms when warm, median", milliseconds(fresh.quantile(.5)), "ms")
	out.addQuantiles("incremental sync", incremental)
	out.addQuantiles("send", r.send)
	out.addQuantiles("delivery", r.delivery)
	out.add("CPU per delivery", float64(r.serverCPU.Microseconds())/float64(max(1, r.deliveries)), "µs")
	out.add("resident memory after", mib(r.residentNow), "MiB")
	out.add("stored on disk", mib(c.target.stored()), "MiB")
	out.add("messages lost", float64(r.verdict.lost), "")
	return out, nil
}

// measureFresh times initial syncs of the person in every room: the first after the start, and then warm.
func measureFresh(c *crowd) (cold time.Duration, warm *histogram, err error) {
	w := newWire(c.target.address)
	defer w.close()
	path := "/_matrix/client/v3/sync?timeout=0&filter=" + url.QueryEscape(fullFilter)
	warm = &histogram{}
	for i := range growthFresh + 1 {
		began := time.Now()
		status, answer, err := w.call("GET", path, c.people[0].token, nil)
		if err != nil {
			return 0, nil, fmt.Errorf("fresh sync: %w", err)
		}
		if status != 200 {
			return 0, nil, fmt.Errorf("fresh sync: status %d: %.200s", status, answer)
		}
		if i == 0 {
			cold = time.Since(began)
			continue
		}
		warm.record(time.Since(began))
	}
	return cold, warm, nil
}

// measureIncremental times syncs of the person in every room that find one message each.
func measureIncremental(c *crowd) (*histogram, error) {
	reader := &listener{who: 0, person: &c.people[0], wire: newWire(c.target.address)}
	defer reader.wire.close()
	l := newLedger(c, growthProbes)
	sender := newSender(l, 0)
	defer sender.wire.close()
	answer, err := reader.sync("0")
	if err != nil {
		return nil, err
	}
	times := &histogram{}
	for id := range uint32(growthProbes) {
		if err := reader.advance(answer); err != nil {
			return nil, err
		}
		sender.send(l.next.Add(1)-1, 0)
		if l.messages[id].acked == 0 {
			return nil, fmt.Errorf("message %d was refused", id)
		}
		began := time.Now()
		if answer, err = reader.sync("10000"); err != nil {
			return nil, err
		}
		times.record(time.Since(began))
	}
	return times, nil
}
