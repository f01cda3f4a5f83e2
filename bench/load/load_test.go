package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHistogramQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var exact []time.Duration
	for range 20_000 {
		d := time.Duration(r.ExpFloat64()*5000) * time.Microsecond
		exact = append(exact, d)
		h.record(d)
	}
	slices.Sort(exact)
	for _, q := range []float64{0.001, 0.5, 0.95, 0.99, 0.999, 1} {
		want := exact[max(0, int(q*float64(len(exact))+0.999999)-1)]
		got := h.quantile(q)
		if got < want || float64(got) > float64(want)*1.008+1 {
			t.Errorf("quantile %v = %v, exactly %v", q, got, want)
		}
	}
}

func TestHistogramEdges(t *testing.T) {
	var h histogram
	if h.quantile(.5) != 0 || h.mean() != 0 {
		t.Error("an empty histogram has quantiles")
	}
	h.record(-time.Second)
	h.record(time.Hour)
	if h.quantile(.5) != 0 || h.quantile(1) != time.Hour {
		t.Errorf("got %v and %v, want 0 and an hour", h.quantile(.5), h.quantile(1))
	}
}

func TestBucketsHoldTheirValues(t *testing.T) {
	for _, micros := range []uint64{0, 1, 127, 128, 129, 255, 256, 257, 1000, 65535, 65536, 1 << 30, 1<<40 + 12345} {
		index := bucket(micros)
		if top := upper(index); top < micros || index > 0 && upper(index-1) >= micros {
			t.Errorf("%d µs is in step %d, which is (%d, %d]", micros, index, upper(index-1), top)
		}
	}
}

func TestScanFindsMessagesInOrder(t *testing.T) {
	var answer []byte
	for _, id := range []uint32{7, 0, 0xdeadbeef, 7} {
		answer = append(answer, `{"content":`...)
		answer = appendMessage(answer, id)
		answer = append(answer, `,"type":"m.room.message"},`...)
	}
	answer = append(answer, `{"body":"wl:0000zz00 not ours"},{"body":"wl:12`...)
	var got []uint32
	scanMessages(answer, func(id uint32) { got = append(got, id) })
	if want := []uint32{7, 0, 0xdeadbeef, 7}; !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestScanString(t *testing.T) {
	cases := []struct{ answer, want string }{
		{`{"rooms":{},"next_batch":"s12"}`, "s12"},
		{`{"next_batch":"s1","x":{"next_batch":"s2"}}`, "s1"},
		{`{"next_batch":7}`, ""},
		{`{"next_batch":"open`, ""},
		{`{}`, ""},
		{`{"next_batch":`, ""},
	}
	for _, tc := range cases {
		if got := string(scanString([]byte(tc.answer), `"next_batch":`)); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.answer, got, tc.want)
		}
	}
}

func TestVerifyComparesWithTheDecodedAnswer(t *testing.T) {
	message := func(id uint32) string {
		return `{"type":"m.room.message","event_id":"$1","sender":"@a:t","content":` + string(appendMessage(nil, id)) + `}`
	}
	answer := []byte(`{"next_batch":"s1","rooms":{"join":{"!0":{"timeline":{"events":[` + message(0) + `,` + message(2) +
		`]}},"!1":{"timeline":{"events":[` + message(1) + `]}}}}}`)
	roomOf := func(id uint32) string { return fmt.Sprintf("!%d", id%2) }
	cases := []struct {
		name    string
		scanned []uint32
		right   bool
	}{
		{"as it is", []uint32{0, 2, 1}, true},
		{"rooms in another order", []uint32{1, 0, 2}, true},
		{"one missing", []uint32{0, 1}, false},
		{"out of order", []uint32{2, 0, 1}, false},
		{"one too many", []uint32{0, 2, 1, 3}, false},
	}
	for _, tc := range cases {
		if err := verify(answer, false, tc.scanned, roomOf); (err == nil) != tc.right {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// answering serves the bytes given, in the pieces given, to one request.
func answering(t *testing.T, pieces ...string) *wire {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for line, reader := "", bufio.NewReader(conn); line != "\r\n"; {
			if line, err = reader.ReadString('\n'); err != nil {
				return
			}
		}
		for _, piece := range pieces {
			if _, err := conn.Write([]byte(piece)); err != nil {
				return
			}
			time.Sleep(time.Millisecond) // so that the pieces come in reads of their own
		}
	}()
	return newWire(listener.Addr().String())
}

func TestWireReadsAnswers(t *testing.T) {
	long := strings.Repeat("abcdefgh", 1500)
	cases := []struct {
		name   string
		pieces []string
		status int
		body   string
	}{
		{"with a length", []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"}, 200, "hello"},
		{"in pieces", []string{"HTTP/1.1 200 OK\r\ncontent-length:5\r", "\n\r", "\nhe", "llo"}, 200, "hello"},
		{"without a body", []string{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}, 404, ""},
		{"chunked", []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"}, 200, "hello"},
		{"chunked in pieces", []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3", "\r\nhe", "l\r\n2\r\nlo", "\r\n0\r\n\r", "\n"}, 200, "hello"},
		{"long", []string{"HTTP/1.1 200 OK\r\nContent-Length: 12000\r\n\r\n", long[:5000], long[5000:]}, 200, long},
		{"long and chunked", []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2EE0\r\n", long, "\r\n0\r\n\r\n"}, 200, long},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			w := answering(t, tc.pieces...)
			defer w.close()
			status, body, err := w.call("GET", "/", "", nil)
			if err != nil || status != tc.status || string(body) != tc.body {
				t.Errorf("got %d, %d bytes, %v", status, len(body), err)
			}
		})
	}
}

func TestWireRefusesNonsense(t *testing.T) {
	for _, answer := range []string{
		"hello\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "",
	} {
		w := answering(t, answer)
		if status, body, err := w.call("GET", "/", "", nil); err == nil {
			t.Errorf("%q gave %d %q", answer, status, body)
		}
		w.close()
	}
}

// world is two rooms of three people, and a ledger of four accepted messages sent one after another.
func world() (*ledger, []*listener) {
	c := &crowd{people: make([]person, 3), places: make([]place, 2)}
	for who := range c.people {
		c.enlist(0, who)
		c.enlist(1, who)
	}
	l := newLedger(c, 4)
	var listeners []*listener
	for who := range c.people {
		listeners = append(listeners, &listener{who: who, person: &c.people[who]})
	}
	for id := range uint32(4) {
		l.next.Add(1)
		began := 1000 * (id + 1)
		l.messages[id] = sent{room: int32(l.turn(id)), intended: began, began: began, acked: began + 500}
		for _, listener := range listeners {
			listener.got = append(listener.got, receipt{id, began + 700})
		}
	}
	return l, listeners
}

func TestLedgerProves(t *testing.T) {
	cases := []struct {
		name   string
		change func(l *ledger, listeners []*listener)
		want   verdict
	}{
		{"all well", func(*ledger, []*listener) {}, verdict{}},
		{"rooms interleaved otherwise", func(_ *ledger, n []*listener) { n[1].got[0], n[1].got[1] = n[1].got[1], n[1].got[0] }, verdict{}},
		{"lost by one", func(_ *ledger, n []*listener) { n[2].got = n[2].got[:3] }, verdict{lost: 1}},
		{"lost by the first", func(_ *ledger, n []*listener) { n[0].got = n[0].got[1:] }, verdict{lost: 1}},
		{"lost by all", func(_ *ledger, n []*listener) {
			for _, one := range n {
				one.got = one.got[1:]
			}
		}, verdict{lost: 3}},
		{"twice", func(_ *ledger, n []*listener) { n[1].got = append(n[1].got, n[1].got[3]) }, verdict{duplicated: 1}},
		{"not in order for one", func(_ *ledger, n []*listener) { n[1].got[0], n[1].got[2] = n[1].got[2], n[1].got[0] }, verdict{disordered: 2}},
		{"not in order for all", func(_ *ledger, n []*listener) {
			for _, one := range n {
				one.got[0], one.got[2] = one.got[2], one.got[0]
			}
		}, verdict{disordered: 3}},
		{"sent at once, in any order", func(l *ledger, n []*listener) {
			l.messages[0].acked = 9000
			for _, one := range n {
				one.got[0], one.got[2] = one.got[2], one.got[0]
			}
		}, verdict{}},
		{"never sent", func(_ *ledger, n []*listener) { n[0].got = append(n[0].got, receipt{id: 99}) }, verdict{alien: 1}},
		{"not a member", func(l *ledger, n []*listener) { l.crowd.people[2].rooms = []int{0} }, verdict{alien: 2}},
		{"refused but there", func(l *ledger, n []*listener) { l.messages[3].acked = 0 }, verdict{}},
		{"refused and not there", func(l *ledger, n []*listener) {
			l.messages[3].acked = 0
			for _, one := range n {
				one.got = one.got[:3]
			}
		}, verdict{}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			l, listeners := world()
			tc.change(l, listeners)
			if got := l.prove(listeners); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestLatenciesCountFromWhenAMessageWasDue(t *testing.T) {
	l, listeners := world()
	l.messages[0].intended = 400 // due at 0.4 ms, but no connection was free before 1 ms
	send, delivery, deliveries := l.latencies(listeners)
	if deliveries != 8 { // four messages, to the two others of three
		t.Errorf("%d deliveries, want 8", deliveries)
	}
	if got := send.quantile(1); got != 1100*time.Microsecond {
		t.Errorf("the slowest send took %v, want 1.1 ms", got)
	}
	if got := delivery.quantile(1); got != 1300*time.Microsecond {
		t.Errorf("the slowest delivery took %v, want 1.3 ms", got)
	}
}

func TestProcessOfOneself(t *testing.T) {
	self := process(os.Getpid())
	for burned, err := self.cpu(); burned < 2*clockTick; burned, err = self.cpu() {
		if err != nil {
			t.Fatal(err)
		}
	}
	now, peak, err := self.memory()
	if err != nil || now < 1<<20 || peak < now {
		t.Errorf("memory %d, at most %d, %v", now, peak, err)
	}
	if !slices.Contains(process(os.Getppid()).children(), self) {
		t.Error("this process is not among its parent's children")
	}
}

func TestTableComparesWithTheFirstTarget(t *testing.T) {
	var b strings.Builder
	table(&b, []record{
		{"floor", "open", result{{"CPU per delivery", 50, "µs"}, {"messages lost", 0, ""}}},
		{"wardline", "open", result{{"CPU per delivery", 110, "µs"}, {"messages lost", 0, ""}, {"extra", 1.234, "s"}}},
	})
	for _, want := range []string{
		"| open | floor | wardline | ×floor |\n|---|---:|---:|---:|\n",
		"| CPU per delivery | 50 µs | 110 µs | 2.20 |",
		"| messages lost | 0  | 0  | |",
		"| extra | | 1.23 s | |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, b.String())
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add(appendMessage(nil, 77))
	f.Add([]byte(`{"next_batch":"s1"}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		found := 0
		scanMessages(answer, func(uint32) { found++ })
		if found > strings.Count(string(answer), markerText) {
			t.Errorf("%d messages where there are fewer markers", found)
		}
		_ = scanString(answer, `"next_batch":`)
	})
}

func FuzzParseHead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
	f.Fuzz(func(t *testing.T, head []byte) {
		parsed, err := parseHead(head)
		if err == nil && (parsed.length < 0 || parsed.length > maxAnswerBytes) {
			t.Errorf("a length of %d", parsed.length)
		}
	})
}
