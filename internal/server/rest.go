package server

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// When the node is taken to be at rest, and when it is worth while to tidy its memory then.
const (
	restLook  = 2 * time.Second
	restQuiet = 1 << 20  // bytes: less is allocated between two looks
	restWorth = 16 << 20 // bytes: at least so much, and a quarter of what is alive, was allocated since the last time
)

// rest gives memory back once a burst of work is over. Left alone, the runtime collects what a morning's signing in has left only when as
// much again is allocated or two minutes have passed; until then the garbage, and the stacks that waiting requests grew while their
// last answer was built, stay with the process.
type rest struct {
	read  []metrics.Sample
	seen  uint64 // bytes allocated until the last look
	freed uint64 // bytes allocated until memory was last given back
}

func newRest() *rest {
	return &rest{read: []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}}
}

// look tidies if the node is at rest and there is something to tidy. It collects twice: pools let go of what they hold at the second time.
func (r *rest) look() (tidied bool) {
	metrics.Read(r.read)
	allocated, alive := r.read[0].Value.Uint64(), r.read[1].Value.Uint64()
	quiet := allocated-r.seen < restQuiet
	r.seen = allocated
	if !quiet || allocated-r.freed < max(restWorth, alive/4) {
		return false
	}
	runtime.GC()
	debug.FreeOSMemory()
	r.freed = allocated
	return true
}

// watchRest looks now and then until the server stops.
func (s *Server) watchRest(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		look := time.NewTicker(restLook)
		defer look.Stop()
		for r := newRest(); ; {
			select {
			case <-look.C:
				r.look()
			case <-ctx.Done():
				return
			}
		}
	}()
	s.onStop(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
	return nil
}
