package account

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits on guessing the password of one account, from wherever: some 8,600 tries a day, which finds none that is not
// among the common ones, and never shuts a person out for long.
const (
	guessBurst = 20
	guessEvery = 10 * time.Second
	maxGuessed = 10_000 // accounts that are watched at a time
)

// throttle counts wrong passwords for each name.
type throttle struct {
	on bool

	mu   sync.Mutex
	left map[string]*rate.Limiter
}

func newThrottle(on bool) *throttle { return &throttle{on: on, left: map[string]*rate.Limiter{}} }

// take takes one guess at a name's password, or says how long to wait. refund gives it back when it was right.
func (t *throttle) take(name string, now time.Time) (refund func(), retry time.Duration) {
	if !t.on {
		return func() {}, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	limit := t.left[name]
	if limit == nil {
		t.shed(now)
		limit = rate.NewLimiter(rate.Every(guessEvery), guessBurst)
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
		if limit.TokensAt(now) >= guessBurst {
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
