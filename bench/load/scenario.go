package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// size is how large the scenarios are; every number is a flag.
type size struct {
	people, rooms, members int
	rate                   float64
	length                 time.Duration
	senders                int
	big, bigRepeats        int
	idle                   int
	idleLength             time.Duration
	settle                 time.Duration // from the last client's coming until idle is measured
	growth                 string        // comma-separated numbers of stored events
	sliding                bool
}

// scenario is one situation to measure.
type scenario struct {
	name    string
	title   string
	measure func(t *target, s size) (result, error)
}

// scenarios in the order they are run.
var scenarios = []scenario{
	{"open", "steady load, open loop", measureOpen},
	{"saturate", "saturation, closed loop", measureSaturation},
	{"big", "one message into a large room", measureBig},
	{"idle", "idle waiting syncs", measureIdle},
	{"growth", "the same with more events stored", measureGrowth},
}

// crowds counts those gathered by this process.
var crowds int

// label is the beginning of localparts that nobody has registered on the server before.
func label(name string) string {
	crowds++
	return name + strconv.FormatInt(time.Now().UnixMilli(), 36) + strconv.Itoa(crowds) + "-"
}

// everybody is the numbers from 0 to n-1.
func everybody(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// run measures one load: listeners wait, drive sends, and when all has arrived the ledger is proved.
type run struct {
	ledger                 *ledger
	audience               *audience
	length                 time.Duration // from the first send to the last arrival
	sending                time.Duration // from the first send to the last answer
	serverCPU              time.Duration
	ownCPU                 time.Duration
	verdict                verdict
	send, delivery         *histogram
	deliveries             int
	residentNow, residentM int64
}

func drive(c *crowd, capacity int, sliding bool, load func(l *ledger)) (*run, error) {
	audience, err := seat(c, everybody(len(c.people)), sliding, "30000")
	if err != nil {
		return nil, err
	}
	r := &run{ledger: newLedger(c, capacity), audience: audience}
	audience.listen(r.ledger)
	time.Sleep(audience.settle()) // so that all are waiting, and the cost of their coming is over
	self := process(os.Getpid())
	cpuBefore, err := c.target.cpu()
	if err != nil {
		return nil, err
	}
	ownBefore, _ := self.cpu()
	began := time.Now()
	load(r.ledger)
	r.sending = time.Since(began)
	r.ledger.await(r.ledger.expected(), 5*time.Second)
	r.length = time.Since(began)
	cpuAfter, err := c.target.cpu()
	if err != nil {
		return nil, err
	}
	ownAfter, _ := self.cpu()
	r.serverCPU, r.ownCPU = cpuAfter-cpuBefore, ownAfter-ownBefore
	r.residentNow, r.residentM, err = c.target.memory()
	time.Sleep(200 * time.Millisecond) // so that a message that comes twice has time to
	audience.leave()
	if broken := r.ledger.broken.Load(); broken != nil {
		return nil, *broken
	}
	r.verdict = r.ledger.prove(audience.listeners)
	r.send, r.delivery, r.deliveries = r.ledger.latencies(audience.listeners)
	return r, err
}

// report is the measures that every load has.
func (r *run) report() result {
	seconds := r.length.Seconds()
	per := func(d time.Duration) float64 {
		return float64(d.Microseconds()) / float64(max(1, r.deliveries))
	}
	out := result{}
	out.add("CPU per delivery", per(r.serverCPU), "µs")
	out.add("deliveries per second", float64(r.deliveries)/seconds, "/s")
	out.add("messages per second", float64(r.send.total)/r.sending.Seconds(), "/s")
	out.addQuantiles("send", r.send)
	out.addQuantiles("delivery", r.delivery)
	out.add("generator CPU per delivery", per(r.ownCPU), "µs")
	out.add("resident memory after", mib(r.residentNow), "MiB")
	out.add("resident memory at most", mib(r.residentM), "MiB")
	out.add("sends refused", float64(r.ledger.failures.Load()), "")
	out.add("gaps in timelines", float64(r.ledger.gaps.Load()), "")
	out.add("messages lost", float64(r.verdict.lost), "")
	out.add("messages duplicated", float64(r.verdict.duplicated), "")
	out.add("messages out of order", float64(r.verdict.disordered+r.verdict.alien), "")
	return out
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func measureOpen(t *target, s size) (result, error) {
	c, err := gather(t, label("open"), s.people, s.rooms, s.members)
	if err != nil {
		return nil, err
	}
	total := int(s.rate * s.length.Seconds())
	r, err := drive(c, total, s.sliding, func(l *ledger) { openLoop(l, s.rate, s.length, s.senders) })
	if err != nil {
		return nil, err
	}
	return r.report(), nil
}

func measureSaturation(t *target, s size) (result, error) {
	c, err := gather(t, label("sat"), s.people, s.rooms, s.members)
	if err != nil {
		return nil, err
	}
	r, err := drive(c, 20_000*int(s.length.Seconds()+1), s.sliding, func(l *ledger) { closedLoop(l, s.length, s.senders) })
	if err != nil {
		return nil, err
	}
	return r.report(), nil
}

// measureBig sends one message at a time into a room where everybody waits.
func measureBig(t *target, s size) (result, error) {
	c, err := gather(t, label("big"), s.big, 1, s.big)
	if err != nil {
		return nil, err
	}
	r, err := drive(c, s.bigRepeats, s.sliding, func(l *ledger) {
		sender := newSender(l, 0)
		defer sender.wire.close()
		for range s.bigRepeats {
			sender.send(l.next.Add(1)-1, 0)
			l.await(l.expected(), 10*time.Second)
			time.Sleep(100 * time.Millisecond)
		}
	})
	if err != nil {
		return nil, err
	}
	last := make([]uint32, s.bigRepeats) // when each message reached the last member
	for _, listener := range r.audience.listeners {
		for _, receipt := range listener.got {
			last[receipt.id] = max(last[receipt.id], receipt.at)
		}
	}
	all := &histogram{}
	for id, at := range last {
		all.record(time.Duration(at-r.ledger.messages[id].began) * time.Microsecond)
	}
	out := result{}
	out.add("all delivered, median", milliseconds(all.quantile(.5)), "ms")
	out.add("all delivered, worst", milliseconds(all.quantile(1)), "ms")
	out.add("CPU per delivery", float64(r.serverCPU.Microseconds())/float64(max(1, r.deliveries)), "µs")
	out.addQuantiles("delivery", r.delivery)
	out.add("messages lost", float64(r.verdict.lost), "")
	out.add("messages duplicated", float64(r.verdict.duplicated), "")
	return out, nil
}

// measureIdle has many clients wait for nothing. Where the server can be started again, it is, so that what it holds is
// for the waiting and not left over from setting up; the clients come back with the tokens they had.
func measureIdle(t *target, s size) (result, error) {
	c, err := gather(t, label("idle"), s.idle, max(1, s.idle/s.members), s.members)
	if err != nil {
		return nil, err
	}
	audience, err := seat(c, everybody(s.idle), s.sliding, "300000")
	if err != nil {
		return nil, err
	}
	if t.binary != "" {
		if err := t.stop(); err != nil {
			return nil, err
		}
		if _, err := t.start(); err != nil {
			return nil, err
		}
	}
	before, _, err := t.memory()
	if err != nil {
		return nil, err
	}
	ledger := newLedger(c, 0)
	audience.listen(ledger)
	defer audience.leave()
	time.Sleep(s.settle)
	cpuBefore, err := t.cpu()
	if err != nil {
		return nil, err
	}
	repolls := audience.repolls.Load()
	time.Sleep(s.idleLength)
	cpuAfter, _ := t.cpu()
	after, peak, err := t.memory()
	if err != nil {
		return nil, err
	}
	if broken := ledger.broken.Load(); broken != nil {
		return nil, *broken
	}
	out := result{}
	out.add("memory per waiting client", float64(after-before)/1024/float64(s.idle), "KiB")
	out.add("CPU while idle", 100*(cpuAfter-cpuBefore).Seconds()/s.idleLength.Seconds(), "% of a core")
	out.add("resident memory before", mib(before), "MiB")
	out.add("resident memory waiting", mib(after), "MiB")
	out.add("resident memory at most", mib(peak), "MiB")
	out.add("answers while idle", float64(audience.repolls.Load()-repolls), "")
	return out, nil
}

// refused says that a scenario needs a server the generator has started itself.
func refused(t *target, what string) error {
	if t.binary != "" {
		return nil
	}
	return fmt.Errorf("%s starts the server again, which needs --server", what)
}
