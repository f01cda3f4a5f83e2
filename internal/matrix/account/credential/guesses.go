package credential

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxGuessed bounds how many accounts are watched at a time.
const maxGuessed = 10_000

// Guesses limits guesses at the password of one account, from wherever they come. At the default, some 8,600 tries a day
// find no password but the most common, which are refused; and nobody is shut out for long. A nil one limits nothing.
type Guesses struct {
	every rate.Limit
	burst int

	mu   sync.Mutex
	left map[string]*rate.Limiter
}

// NewGuesses allows for each account some wrong passwords a second in the long run, and a number at once.
func NewGuesses(perSecond float64, burst int) *Guesses {
	return &Guesses{every: rate.Limit(perSecond), burst: burst, left: map[string]*rate.Limiter{}}
}

// Take takes one guess at a name's password, or says how long to wait. refund gives it back when it was right.
func (g *Guesses) Take(name string, now time.Time) (refund func(), retry time.Duration) {
	if g == nil {
		return func() {}, 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	limit := g.left[name]
	if limit == nil {
		g.shed(now)
		limit = rate.NewLimiter(g.every, g.burst)
		g.left[name] = limit
	}
	r := limit.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return func() {}, wait
	}
	return func() { r.CancelAt(now) }, 0
}

// shed makes room for a name: those who have all their guesses back go first, then anyone.
func (g *Guesses) shed(now time.Time) {
	if len(g.left) < maxGuessed {
		return
	}
	for name, limit := range g.left {
		if limit.TokensAt(now) >= float64(g.burst) {
			delete(g.left, name)
		}
	}
	for name := range g.left {
		if len(g.left) < maxGuessed {
			return
		}
		delete(g.left, name)
	}
}
