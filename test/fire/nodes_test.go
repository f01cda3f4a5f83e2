package fire

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/test/e2e"
)

// twoNodes starts two servers on one PostgreSQL and one data directory; nil when that engine is not to be tested.
func twoNodes(t *testing.T) (a, b *installation) {
	t.Helper()
	if !slices.Contains(storetest.Engines(), "postgres") {
		return nil, nil
	}
	a = newInstallation(t, "postgres")
	b = installationAt(t, a.data, a.database)
	a.start()
	b.start()
	return a, b
}

// TestTwoNodes: people write at both nodes and follow at both, and a node dies again and again. Nothing is lost, what one saw
// accepted before is before for everybody, and every device converges wherever it syncs.
func TestTwoNodes(t *testing.T) {
	a, b := twoNodes(t)
	if a == nil {
		return
	}
	c := newCrowd(t, a.url(), b.url())
	c.begin()
	for cycle := range times(10, 2) {
		time.Sleep(500*time.Millisecond + rand.N(time.Second))
		victim := []*installation{a, b}[cycle%2]
		victim.kill()
		c.blame(victim.process)
		time.Sleep(rand.N(500 * time.Millisecond)) // the other is alone
		victim.start()
	}
	c.end()
	t.Logf("%d messages, %d requests repeated", len(c.sent), c.repeated.Load())
	c.check()
	c.sameEverywhere(a, b)
	for _, node := range []*installation{a, b} {
		if code := node.stop(); code != 0 {
			t.Errorf("a node ended with status %d: %s", code, node.process.log)
		}
		c.blame(node.process)
	}
	a.verify()
}

// sameEverywhere holds each person's fresh view at one node against that at the other.
func (c *crowd) sameEverywhere(nodes ...*installation) {
	c.t.Helper()
	for _, room := range c.rooms {
		var first []string
		for _, node := range nodes {
			events, err := client.New(node.url()).As(c.people[1].Session()).History(c.t.Context(), room)
			if err != nil {
				c.t.Fatal(err)
			}
			var ids []string
			for _, e := range events {
				ids = append(ids, e.EventID)
			}
			if first == nil {
				first = ids
			}
			if !slices.Equal(first, ids) {
				c.t.Errorf("the nodes tell the conversation %s differently: %d and %d events", room, len(first), len(ids))
			}
		}
	}
}

// TestSignedOutAtTheOtherNode: what is done to a session at one node holds at the other a moment later, though it knows
// the session well.
func TestSignedOutAtTheOtherNode(t *testing.T) {
	a, b := twoNodes(t)
	if a == nil {
		return
	}
	person := client.New(a.url())
	if err := person.Register(t.Context(), "amira", e2e.Password); err != nil {
		t.Fatal(err)
	}
	there := client.New(b.url()).As(person.Session())
	if who, err := there.WhoAmI(t.Context()); err != nil || who.UserID != person.UserID() {
		t.Fatalf("%+v, %v", who, err)
	}
	if err := person.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for range 500 {
		_, err := there.WhoAmI(t.Context())
		if client.CodeOf(err) == "M_UNKNOWN_TOKEN" {
			t.Logf("after %v", time.Since(begun)) // the design says a second: how busy this machine is, a test cannot know
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the session goes on at the other node")
}
