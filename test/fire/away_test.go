package fire

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/internal/server"
	"github.com/wardline/wardline/test/e2e"
)

// ward is a server in the test's process with two people in a conversation, and what was accepted there.
type ward struct {
	*e2e.Trust
	t          *testing.T
	amira, ben *client.Client
	room       string
	device     *client.Follower
	accepted   []string // texts
}

func openWard(t *testing.T, change func(*config.Config)) *ward {
	t.Helper()
	s := e2e.Start(t, "sqlite", change)
	people := s.Staff(t, "amira", "ben")
	w := &ward{Trust: s, t: t, amira: people[0], ben: people[1], room: e2e.Room(t, people...)}
	w.device = w.ben.Follow("")
	for n := range 5 {
		w.say(fmt.Sprint("before ", n))
	}
	if err := w.device.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *ward) say(text string) {
	w.t.Helper()
	if err := w.try(text, text); err != nil {
		w.t.Fatal(err)
	}
}

// try sends a text under a transaction and notes it when it was accepted.
func (w *ward) try(txn, text string) error {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	_, err := w.amira.SendTxn(ctx, w.room, "m.room.message", txn, client.Text(text))
	if err == nil && !slices.Contains(w.accepted, text) {
		w.accepted = append(w.accepted, text)
	}
	return err
}

// refused checks that an error is the clear answer of a server that cannot just now: 503, its code, and when to try again.
func (w *ward) refused(what string, err error) {
	w.t.Helper()
	if client.StatusOf(err) != 503 || client.CodeOf(err) != "M_UNKNOWN" || !client.Temporary(err) || retryOf(err) <= 0 {
		w.t.Errorf("%s: got %v, want 503 with retry advice", what, err)
	}
}

func retryOf(err error) time.Duration {
	if e, ok := err.(*client.Error); ok { //nolint:errorlint // the client gives it unwrapped
		return e.RetryAfter
	}
	return 0
}

// stands checks that the conversation is what was accepted, for a reader and for the device that followed all the time, and that
// every record can be proven.
func (w *ward) stands() {
	w.t.Helper()
	events, err := w.ben.History(w.t.Context(), w.room)
	if err != nil {
		w.t.Fatal(err)
	}
	var texts []string
	for _, e := range events {
		if e.Type == "m.room.message" {
			texts = append(texts, e.Body())
		}
	}
	if !slices.Equal(texts, w.accepted) {
		w.t.Errorf("there is %q, accepted was %q", texts, w.accepted)
	}
	if diff, err := w.device.Converged(w.t.Context()); err != nil || diff != "" {
		w.t.Errorf("the device holds other than a fresh sync: %v\n%s", err, diff)
	}
	if faults := w.device.Faults(); len(faults) > 0 {
		w.t.Errorf("the device was told: %v", faults)
	}
	v, err := server.Verify(w.t.Context(), w.Conf)
	if err != nil || !v.OK() {
		w.t.Errorf("verify: %+v, %v", v, err)
	}
	if joined, err := w.amira.JoinedRooms(w.t.Context()); err != nil || len(joined) != 1 {
		w.t.Errorf("amira is in %v (%v): a room was half made", joined, err)
	}
}

// recovers sends a text until it is accepted: nobody restarts the server.
func (w *ward) recovers(text string) {
	w.t.Helper()
	var err error
	for range 600 {
		if err = w.try(text, text); err == nil {
			return
		}
		if !client.Temporary(err) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("it does not recover: %v", err)
}

// ready asks whether the node says that it can serve.
func (w *ward) ready() error {
	return w.amira.Call(w.t.Context(), "GET", "/_wardline/ready", nil, nil, nil)
}

// TestDatabaseAway: PostgreSQL is killed, or answers no more; and comes back.
func TestDatabaseAway(t *testing.T) {
	if !slices.Contains(storetest.Engines(), "postgres") {
		return // it is another engine's test
	}
	t.Run("killed", func(t *testing.T) {
		c := storetest.NewCluster(t)
		away(t, c.URL, c.Kill, c.Start)
	})
	if !testing.Short() {
		t.Run("frozen", func(t *testing.T) {
			c := storetest.NewCluster(t)
			away(t, c.URL, c.Freeze, c.Thaw)
		})
	}
}

func away(t *testing.T, url string, leave, comeBack func()) {
	w := openWard(t, func(c *config.Config) { c.Server.Database = url })
	waiting := make(chan error, 1)
	go func() {
		_, err := w.ben.Sync(t.Context(), client.SyncOptions{Since: w.device.NextBatch, Timeout: 2 * time.Minute})
		waiting <- err
	}()
	leave()
	begun := time.Now()
	w.refused("sending", w.try("while", "while"))
	t.Logf("refused after %v", time.Since(begun))
	w.refused("being ready", w.ready())
	_, err := w.amira.CreateRoom(t.Context(), client.NewRoom{})
	w.refused("making a room", err)
	// What is in memory is still told.
	if _, err := w.device.Step(t.Context(), 0); err != nil {
		t.Errorf("sync, while the database is away: %v", err)
	}
	if _, err := w.ben.WhoAmI(t.Context()); err != nil {
		t.Errorf("who am I, while the database is away: %v", err)
	}
	if _, err := w.ben.State(t.Context(), w.room); err != nil {
		t.Errorf("the state of a room, while the database is away: %v", err)
	}
	comeBack()
	w.recovers("while")
	w.say("after")
	if err := <-waiting; err != nil {
		t.Errorf("the request that waited all the time: %v", err)
	}
	w.stands()
	if err := w.ready(); err != nil {
		t.Errorf("not ready again: %v", err)
	}
}
