package fire

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/test/e2e"
)

// TestNothingRunsOnAfterStop: a server that has been used, and on which somebody waits for news, leaves no goroutine behind.
func TestNothingRunsOnAfterStop(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			storetest.OpenOn(t, engine) // what tests keep running for themselves is running now
			before := goleak.IgnoreCurrent()
			s := e2e.Start(t, engine)
			people := s.Staff(t, "amira", "ben")
			room := e2e.Room(t, people...)
			e2e.Say(t, people[0], room, "bloods are back")
			if _, err := people[0].Upload(t.Context(), "scan", "text/plain", []byte("a scan")); err != nil {
				t.Fatal(err)
			}
			first, err := people[1].Sync(t.Context(), client.SyncOptions{})
			if err != nil {
				t.Fatal(err)
			}
			waiting := make(chan struct{})
			go func() {
				defer close(waiting)
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				_, _ = people[1].Sync(ctx, client.SyncOptions{Since: first.NextBatch, Timeout: time.Minute}) // it may be cut off
			}()
			time.Sleep(100 * time.Millisecond)
			s.Stop()
			<-waiting
			for _, p := range people {
				p.Close()
			}
			if err := goleak.Find(before); err != nil {
				t.Error(err)
			}
		})
	}
}
