package account

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/platform/store"
)

// When devices were last seen is kept to the minute and written by the second: not one write for each request.
const (
	seenGrain = time.Minute
	seenDelay = time.Second
	seenMax   = 1000 // devices written in one transaction
)

type deviceKey struct{ user, device string }

type sighting struct {
	at   int64 // ms
	addr string
}

// sightings collects when and from where devices were used, and writes them together.
type sightings struct {
	db *store.DB

	mu      sync.Mutex
	waiting map[deviceKey]sighting
	timer   *time.Timer // running while something waits
	writing sync.WaitGroup
	stopped bool
}

func newSightings(db *store.DB) *sightings {
	return &sightings{db: db, waiting: map[deviceKey]sighting{}}
}

// note marks the use of a session. Mostly it costs two atomic reads.
func (s *sightings) note(of *session, addr netip.Addr, now time.Time) {
	last := of.noted.Load()
	if known := of.addr.Load(); known != nil && *known == addr && now.UnixMilli()-last < seenGrain.Milliseconds() {
		return
	}
	if !of.noted.CompareAndSwap(last, now.UnixMilli()) {
		return // another request of this moment notes it
	}
	from := addr // so that addr itself need not live on the heap
	of.addr.Store(&from)
	text := ""
	if addr.IsValid() {
		text = addr.String()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.waiting[deviceKey{of.row.user, of.row.device}] = sighting{now.UnixMilli(), text}
	if s.timer == nil {
		s.timer = time.AfterFunc(seenDelay, s.flush)
	}
}

// flush writes what waits. What cannot be written is let go: the next use will be noted again.
func (s *sightings) flush() {
	s.mu.Lock()
	s.timer = nil
	if s.stopped {
		s.mu.Unlock()
		return
	}
	s.writing.Add(1)
	batch := s.take()
	s.mu.Unlock()
	defer s.writing.Done()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = s.write(ctx, batch)
}

// take gives what waits. The caller holds the lock.
func (s *sightings) take() map[deviceKey]sighting {
	batch := s.waiting
	s.waiting = map[deviceKey]sighting{}
	return batch
}

func (s *sightings) write(ctx context.Context, batch map[deviceKey]sighting) error {
	for len(batch) > 0 {
		part := make(map[deviceKey]sighting, min(len(batch), seenMax))
		for key, at := range batch {
			if len(part) == seenMax {
				break
			}
			part[key] = at
			delete(batch, key)
		}
		err := s.db.Write(ctx, func(tx *store.Tx) error {
			for key, at := range part {
				if err := updateSeen(tx, key, at); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stop writes what waits and takes no more.
func (s *sightings) stop(ctx context.Context) error {
	s.mu.Lock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	s.stopped = true
	batch := s.take()
	s.mu.Unlock()
	s.writing.Wait()
	return s.write(ctx, batch)
}
