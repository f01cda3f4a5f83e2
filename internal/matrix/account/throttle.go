package account

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxGuessed bounds how many accounts are watched at a time.
const maxGuessed = 10_000

// throttle limits guesses at the password of one account, from wherever they come. At the default, some 8,600 tries a day
// find no password but the most common, which are refused; and nobody is shut out for long.
type throttle struct {
	off   bool
	every rate.Limit
	burst int

	mu   sync.Mutex
	left map[string]*rate.Limiter
}

func newThrottle(c Config) *throttle {
	return &throttle{off: c.NoLimits, every: rate.Limit(c.GuessesPerSecond), burst: c.GuessBurst, left: map[string]*rate.Limiter{}}
}

// take takes one guess at a name's password, or says how long to wait. refund gives it back when it was right.
func (t *throttle) take(name string, now time.Time) (refund func(), retry time.Duration) {
	if t.off {
		return func() {}, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	limit := t.left[name]
	if limit == nil {
		t.shed(now)
		limit = rate.NewLimiter(t.every, t.burst)
		t.left[name] = limit
	}
	r := limit.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return func() {}, wait
	}
	return func() { r.CancelAt(now) }, 0
}

// shed makes room for a name: those who have all their guesses back go first, then anyone.
func (t *throttle) shed(now time.Time) {
	if len(t.left) < maxGuessed {
		return
	}
	for name, limit := range t.left {
		if limit.TokensAt(now) >= float64(t.burst) {
			delete(t.left, name)
		}
	}
	for name := range t.left {
		if len(t.left) < maxGuessed {
			return
		}
		delete(t.left, name)
	}
}
