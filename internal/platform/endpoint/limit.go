package endpoint

import (
	"net/netip"
	"sync"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"golang.org/x/time/rate"
)

// Rate is a limit: so many a second on average, and so many at once. PerSecond 0 is no limit.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Rates are the limits of the classes, for a signed-in user and for an address without one. A hospital's staff often share one address:
// callers with a token are told apart by user, and by address only where Crowd says so.
type Rates struct {
	User  map[Class]Rate // for each signed-in user
	Open  map[Class]Rate // for each address, of callers who are not signed in
	Crowd map[Class]Rate // for each address, of signed-in callers together
}

// maxBuckets bounds the buckets of a Limits: twice as many are kept, some 200 bytes each.
const maxBuckets = 1 << 15

// Limits is a Limiter of token buckets in memory, bounded: of many callers those longest quiet are forgotten first.
// Each node counts for itself.
type Limits struct {
	rates Rates
	mu    sync.Mutex
	young map[bucketKey]*rate.Limiter
	old   map[bucketKey]*rate.Limiter
}

// bucketKey is whose bucket it is. IPv6 callers own at least a /64, and count as one.
type bucketKey struct {
	class Class
	user  string
	addr  netip.Addr
}

// NewLimits makes a Limiter.
func NewLimits(r Rates) *Limits {
	return &Limits{rates: r, young: map[bucketKey]*rate.Limiter{}, old: map[bucketKey]*rate.Limiter{}}
}

// Allow takes one token, or says how long to wait for it.
func (l *Limits) Allow(class Class, who *audit.Caller, addr netip.Addr) time.Duration {
	if who == nil {
		return l.take(bucketKey{class: class, addr: neighbourhood(addr)}, l.rates.Open[class])
	}
	if wait := l.take(bucketKey{class: class, user: who.User}, l.rates.User[class]); wait > 0 {
		return wait
	}
	return l.take(bucketKey{class: class, user: "*", addr: neighbourhood(addr)}, l.rates.Crowd[class])
}

// Take limits by a name of the caller's choosing, such as the account a password is tried for.
func (l *Limits) Take(class Class, name string, r Rate) time.Duration {
	return l.take(bucketKey{class: class, user: "=" + name}, r)
}

func (l *Limits) take(key bucketKey, r Rate) time.Duration {
	if r.PerSecond <= 0 {
		return 0
	}
	now := time.Now()
	asked := l.bucket(key, r).ReserveN(now, 1)
	wait := asked.DelayFrom(now)
	if wait > 0 {
		asked.CancelAt(now)
	}
	return wait
}

func (l *Limits) bucket(key bucketKey, r Rate) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.young[key]; b != nil {
		return b
	}
	b := l.old[key]
	if b == nil {
		b = rate.NewLimiter(rate.Limit(r.PerSecond), max(r.Burst, 1))
	}
	if len(l.young) >= maxBuckets {
		l.old, l.young = l.young, make(map[bucketKey]*rate.Limiter, maxBuckets)
	}
	l.young[key] = b
	return b
}

func neighbourhood(a netip.Addr) netip.Addr {
	if a.Is6() && !a.Is4In6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a.Unmap()
}
