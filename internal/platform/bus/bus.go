// Package bus carries hints between nodes: “position 812 exists”, and never what it holds. A hint may be lost, late
// or doubled: whoever cares asks the store at least once a second besides. It is not a queue and keeps nothing.
package bus

import "sync"

// Bus tells subscribers how far the log has come.
type Bus interface {
	// Publish hints that the log has reached pos. It never waits for a subscriber.
	Publish(pos int64)
	// Subscribe calls fn with the highest position hinted since its last call, on a goroutine of the subscription's own,
	// until cancel, which returns when fn has. fn must not call cancel.
	Subscribe(fn func(pos int64)) (cancel func())
}

// Local is the Bus of a single process.
type Local struct {
	mu   sync.Mutex
	subs map[*subscription]struct{}
}

// NewLocal makes a Bus for this process.
func NewLocal() *Local { return &Local{subs: map[*subscription]struct{}{}} }

type subscription struct {
	mu   sync.Mutex
	high int64
	wake chan struct{} // holds one: hints that come while fn runs become one call
	done chan struct{}
}

// Publish hints that the log has reached pos.
func (b *Local) Publish(pos int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		s.hint(pos)
	}
}

// Subscribe starts a subscription.
func (b *Local) Subscribe(fn func(pos int64)) (cancel func()) {
	s := &subscription{wake: make(chan struct{}, 1), done: make(chan struct{})}
	b.mu.Lock()
	b.subs[s] = struct{}{}
	b.mu.Unlock()
	go s.run(fn)
	return sync.OnceFunc(func() {
		b.mu.Lock()
		delete(b.subs, s)
		b.mu.Unlock()
		close(s.wake) // nobody hints any more: Publish holds the lock while it does
		<-s.done
	})
}

func (s *subscription) hint(pos int64) {
	s.mu.Lock()
	s.high = max(s.high, pos)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *subscription) run(fn func(int64)) {
	defer close(s.done)
	told := int64(0)
	for range s.wake {
		s.mu.Lock()
		pos := s.high
		s.mu.Unlock()
		if pos > told {
			fn(pos)
			told = pos
		}
	}
}
