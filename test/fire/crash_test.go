package fire

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/test/e2e"
)

// TestKilledUnderLoad kills the server again and again while people write, and starts it again. What was answered with 200 is there
// afterwards, once, in order; what the devices hold is what a fresh sync gives; and every record can be proven.
func TestKilledUnderLoad(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			i := newInstallation(t, engine)
			first := i.start()
			c := newCrowd(t, i.url(), i.url())
			c.begin()
			longest := first
			for cycle := range times(50, 3) {
				time.Sleep(50*time.Millisecond + rand.N(900*time.Millisecond))
				i.kill()
				c.blame(i.process)
				switch cycle % 10 {
				case 3: // not even up
					i.launch()
					time.Sleep(rand.N(150 * time.Millisecond))
					i.kill()
				case 7:
					i.verify()
				}
				longest = max(longest, i.start())
			}
			c.end()
			t.Logf("%d messages, %d requests repeated; first start %v, slowest %v", len(c.sent), c.repeated.Load(), first, longest)
			c.check()
			if code := i.stop(); code != 0 {
				t.Errorf("the server ended with status %d: %s", code, i.process.log)
			}
			c.blame(i.process)
			i.verify()
		})
	}
}

// crowd is people who write all the time, and devices that follow. Whom a request does not reach tries again, under the same transaction.
type crowd struct {
	t         *testing.T
	people    []*client.Client
	rooms     []string
	followers []*client.Follower

	stop, still context.CancelFunc // writing, following
	writing     context.Context
	following   context.Context
	writers     sync.WaitGroup
	readers     sync.WaitGroup

	clock    atomic.Int64 // orders beginnings and ends of requests
	repeated atomic.Int64
	asides   atomic.Int64 // messages between devices

	mu    sync.Mutex
	sent  []sent
	files map[string][]byte
}

// sent is a message that was answered with 200.
type sent struct {
	room, event, body string
	begun, ended      int64
}

// patience is how long one message may take to be accepted, with all its repetitions.
const patience = 2 * time.Minute

// newCrowd registers people at servers, which may be one: the writers take turns, and so do the devices that follow.
func newCrowd(t *testing.T, servers ...string) *crowd {
	t.Helper()
	c := &crowd{t: t, files: map[string][]byte{}}
	c.writing, c.stop = context.WithCancel(t.Context())
	c.following, c.still = context.WithCancel(t.Context())
	t.Cleanup(func() { c.stop(); c.still(); c.writers.Wait(); c.readers.Wait() })
	for n, name := range []string{"amira", "ben", "cara", "dev"} {
		p := client.New(servers[n%len(servers)])
		if err := p.Register(t.Context(), name, e2e.Password); err != nil {
			t.Fatal(err)
		}
		c.people = append(c.people, p)
	}
	c.rooms = []string{e2e.Room(t, c.people...), e2e.Room(t, c.people[1], c.people[0], c.people[2], c.people[3])}
	for n, server := range servers {
		device := client.New(server)
		if err := device.Login(t.Context(), "amira", e2e.Password, client.LoginOptions{}); err != nil {
			t.Fatal(err)
		}
		f := device.Follow(`{"room":{"timeline":{"limit":20}}}`)
		if n%2 == 1 {
			f = device.FollowSliding(20)
		}
		c.followers = append(c.followers, f)
	}
	return c
}

// begin lets everybody loose.
func (c *crowd) begin() {
	for n, p := range c.people {
		c.writers.Go(func() { c.write(p, c.rooms[n%2], fmt.Sprint("w", n)) })
	}
	c.writers.Go(func() { c.write(c.people[1], c.rooms[1], "x") })
	c.writers.Go(func() { c.share(c.people[0]) })
	c.writers.Go(func() { c.whisper(c.people[1]) })
	c.writers.Go(func() { c.wander(c.people[2], c.people[0]) })
	for _, f := range c.followers {
		c.readers.Go(func() { c.follow(f) })
	}
}

// end lets everybody finish what they are at, and the devices hear of it.
func (c *crowd) end() {
	c.t.Helper()
	c.stop()
	c.writers.Wait()
	c.still()
	c.readers.Wait()
	if c.t.Failed() {
		c.t.FailNow()
	}
}

// again does something until it succeeds or is refused for good.
func (c *crowd) again(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for {
		one, done := context.WithTimeout(ctx, 15*time.Second)
		err := do(one)
		late := one.Err() != nil
		done()
		if err == nil || ctx.Err() != nil || !late && !client.Temporary(err) {
			return err
		}
		c.repeated.Add(1)
		time.Sleep(5*time.Millisecond + rand.N(20*time.Millisecond))
	}
}

// say sends one message and notes when it was accepted.
func (c *crowd) say(p *client.Client, room, body string, content client.Object) bool {
	txn, s := p.NewTxn(), sent{room: room, body: body, begun: c.clock.Add(1)}
	err := c.again(func(ctx context.Context) (err error) {
		s.event, err = p.SendTxn(ctx, room, "m.room.message", txn, content)
		return err
	})
	if err != nil {
		c.t.Errorf("sending %s: %v", body, err)
		return false
	}
	s.ended = c.clock.Add(1)
	c.mu.Lock()
	c.sent = append(c.sent, s)
	c.mu.Unlock()
	return true
}

func (c *crowd) write(p *client.Client, room, name string) {
	for n := 0; c.writing.Err() == nil; n++ {
		body := fmt.Sprintf("%s-%d.", name, n)
		if !c.say(p, room, body, client.Text(body)) {
			return
		}
		time.Sleep(rand.N(8 * time.Millisecond))
	}
}

// share uploads files and sends them.
func (c *crowd) share(p *client.Client) {
	for n := 0; c.writing.Err() == nil; n++ {
		name := fmt.Sprintf("file-%d.", n)
		bytes := bytes.Repeat([]byte(name), 1+rand.IntN(8000))
		uri := ""
		err := c.again(func(ctx context.Context) (err error) {
			uri, err = p.Upload(ctx, name, "application/octet-stream", bytes)
			return err
		})
		if err != nil {
			c.t.Errorf("uploading %s: %v", name, err)
			return
		}
		c.mu.Lock()
		c.files[uri] = bytes
		c.mu.Unlock()
		if !c.say(p, c.rooms[0], name, client.Object{"msgtype": "m.file", "body": name, "url": uri}) {
			return
		}
		time.Sleep(rand.N(100 * time.Millisecond))
	}
}

// whisper sends messages from device to devices.
func (c *crowd) whisper(p *client.Client) {
	for c.writing.Err() == nil {
		txn, n := p.NewTxn(), c.asides.Load()
		err := c.again(func(ctx context.Context) error {
			return p.SendToDeviceTxn(ctx, "org.example.aside", txn, map[string]map[string]any{
				c.people[0].UserID(): {"*": client.Object{"n": n}},
			})
		})
		if err != nil {
			c.t.Errorf("to devices: %v", err)
			return
		}
		c.asides.Add(1)
		time.Sleep(rand.N(60 * time.Millisecond))
	}
}

// wander does what has no transaction: it may be done and not answered. Refusals are part of it, faults are not.
func (c *crowd) wander(p, other *client.Client) {
	room := ""
	for n := 0; c.writing.Err() == nil; n++ {
		ctx, cancel := context.WithTimeout(c.t.Context(), 15*time.Second)
		var err error
		switch n % 9 {
		case 0:
			var made string
			if made, err = p.CreateRoom(ctx, client.NewRoom{Preset: "private_chat", Invite: []string{other.UserID()}}); err == nil {
				room = made
			}
		case 1:
			_, err = other.Join(ctx, room)
		case 2:
			_, err = p.SetState(ctx, room, "m.room.topic", "", client.Object{"topic": fmt.Sprint(n)})
		case 3:
			err = p.SetAccountData(ctx, "", "org.example.n", client.Object{"n": n})
		case 4:
			err = p.SetDisplayName(ctx, fmt.Sprint("Cara ", n))
		case 5:
			err = other.SetTag(ctx, room, "m.favourite", client.Tag{})
		case 6:
			err = p.Kick(ctx, room, other.UserID(), "")
		case 7:
			err = c.readLast(ctx, other)
		case 8:
			err = other.Leave(ctx, room)
		}
		cancel()
		if status := client.StatusOf(err); status >= 500 && status != 503 {
			c.t.Errorf("step %d: %v", n, err)
		}
		time.Sleep(rand.N(40 * time.Millisecond))
	}
}

// readLast reads a room to what was last accepted.
func (c *crowd) readLast(ctx context.Context, p *client.Client) error {
	c.mu.Lock()
	i := slices.IndexFunc(c.sent, func(s sent) bool { return s.room == c.rooms[0] })
	for n := range c.sent {
		if c.sent[n].room == c.rooms[0] {
			i = n
		}
	}
	if i < 0 {
		c.mu.Unlock()
		return nil
	}
	last := c.sent[i]
	c.mu.Unlock()
	return p.Receipt(ctx, last.room, client.Read, last.event, "")
}

// follow syncs all the time. Servers forget sliding connections when they end: the device begins a new one.
func (c *crowd) follow(f *client.Follower) {
	for c.following.Err() == nil {
		ctx, cancel := context.WithTimeout(c.following, 15*time.Second)
		_, err := f.Step(ctx, 2*time.Second)
		cancel()
		switch {
		case err == nil:
		case client.CodeOf(err) == "M_UNKNOWN_POS":
			startAfresh(f)
		case client.StatusOf(err) != 0 && !client.Temporary(err):
			c.t.Errorf("a device was refused: %v", err)
			return
		default:
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// startAfresh forgets the connection and its rooms: what was left meanwhile is not told to a new one.
func startAfresh(f *client.Follower) {
	f.NextBatch = ""
	clear(f.Joined)
	clear(f.Invited)
	clear(f.Knocked)
	clear(f.Left)
}

// blame reports what a server's log must not hold.
func (c *crowd) blame(p *process) {
	c.t.Helper()
	for _, line := range p.unexpected() {
		c.t.Errorf("the server's log: %s", line)
	}
}

// level waits until the node that is asked has heard of what another has accepted last: without a hint that takes a second.
func (c *crowd) level() {
	c.t.Helper()
	latest := map[string]sent{}
	for _, s := range c.sent {
		if s.ended > latest[s.room].ended {
			latest[s.room] = s
		}
	}
	for room, s := range latest {
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			page, err := c.people[1].Messages(c.t.Context(), room, client.MessagesOptions{Dir: client.Backward, Limit: 100})
			if err != nil {
				c.t.Fatal(err)
			}
			if slices.ContainsFunc(page.Chunk, func(e client.Event) bool { return e.EventID == s.event }) || time.Now().After(end) {
				break // check says what is missing
			}
		}
	}
}

// check holds rooms, files and devices against what was accepted.
func (c *crowd) check() {
	c.t.Helper()
	c.level()
	for _, room := range c.rooms {
		events, err := c.people[1].History(c.t.Context(), room)
		if err != nil {
			c.t.Fatal(err)
		}
		c.checkRoom(room, events)
	}
	for uri, want := range c.files {
		got, err := c.people[0].Download(c.t.Context(), uri)
		if err != nil || !bytes.Equal(got.Bytes, want) {
			c.t.Errorf("the file %s of %d bytes: %d bytes, %v", uri, len(want), len(got.Bytes), err)
		}
	}
	for n, f := range c.followers {
		c.checkDevice(n, f)
	}
}

// checkRoom: each message that was accepted is there once, and none comes before one that had been accepted before it was sent.
func (c *crowd) checkRoom(room string, events []client.Event) {
	c.t.Helper()
	at := map[string]int{}
	for n, e := range events {
		if e.Type == "m.room.message" {
			if _, twice := at[e.Body()]; twice {
				c.t.Errorf("%s is there twice", e.Body())
			}
			at[e.Body()] = n
		}
	}
	var here []sent
	for _, s := range c.sent {
		n, found := at[s.body]
		switch {
		case s.room != room:
		case !found:
			one, err := c.people[1].Event(c.t.Context(), room, s.event)
			c.t.Errorf("%s was accepted as %s and is not there; asked for alone it is %q, %v", s.body, s.event, one.Body(), err)
		case events[n].EventID != s.event:
			c.t.Errorf("%s was accepted as %s and is there as %s", s.body, s.event, events[n].EventID)
		default:
			here = append(here, s)
		}
	}
	if len(here) != len(at) || len(here) == 0 {
		c.t.Errorf("%d messages are there, %d were accepted", len(at), len(here))
	}
	slices.SortFunc(here, func(a, b sent) int { return at[a.body] - at[b.body] })
	latest := sent{}
	for _, s := range here {
		if s.ended < latest.begun {
			c.t.Errorf("%s comes after %s, which was sent later", s.body, latest.body)
		}
		if s.begun > latest.begun {
			latest = s
		}
	}
}

// checkDevice: it holds what a fresh one would, and heard each message between devices once, in order.
func (c *crowd) checkDevice(n int, f *client.Follower) {
	c.t.Helper()
	if err := f.CatchUp(c.t.Context()); client.CodeOf(err) == "M_UNKNOWN_POS" {
		startAfresh(f)
		if err := f.CatchUp(c.t.Context()); err != nil {
			c.t.Error(err)
		}
	} else if err != nil {
		c.t.Error(err)
	}
	if diff, err := f.Converged(c.t.Context()); err != nil || diff != "" {
		c.t.Errorf("device %d holds other than a fresh sync: %v\n%s", n, err, diff)
	}
	if faults := f.Faults(); len(faults) > 0 {
		c.t.Errorf("device %d was told: %s", n, strings.Join(faults[:min(5, len(faults))], "\n"))
	}
	for i, e := range f.ToDevice {
		if got := gjson.GetBytes(e.Content, "n").Int(); got != int64(i) {
			c.t.Errorf("device %d: message %d between devices says %d", n, i, got)
			break
		}
	}
	if int64(len(f.ToDevice)) != c.asides.Load() {
		c.t.Errorf("device %d heard %d messages between devices, of %d", n, len(f.ToDevice), c.asides.Load())
	}
}
