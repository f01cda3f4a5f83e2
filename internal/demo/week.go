package demo

import (
	"hash/fnv"
	"slices"
	"time"
)

// line is one line at its time.
type line struct {
	*said
	at time.Time
}

// week puts what is said in a scene in its places of the week that ends now. A talk that would go on after now is
// moved a week back, whole: the week is a circle, cut at the present moment.
func (s *scene) week(now time.Time) (out []line) {
	for i, t := range s.talks {
		d := dice(s.id, i)
		at := t.start(now)
		begin := len(out)
		for _, l := range t.lines {
			switch {
			case l.gap > 0:
				at = at.Add(l.gap)
			case len(out) > begin:
				at = at.Add(l.pace(d))
			}
			out = append(out, line{l, at})
		}
		if len(out) > begin && out[len(out)-1].at.After(now) {
			t.earlier(out[begin:], now)
		}
	}
	slices.SortStableFunc(out, func(a, b line) int { return a.at.Compare(b.at) })
	return out
}

// start is when a talk begins.
func (t *talk) start(now time.Time) time.Time {
	if t.before > 0 {
		return now.Add(-t.before)
	}
	y, m, d := now.Date()
	return time.Date(y, m, d+t.day, 0, 0, 0, 0, now.Location()).Add(t.clock)
}

// earlier moves a talk that would end after now.
func (t *talk) earlier(of []line, now time.Time) {
	by := of[len(of)-1].at.Sub(now) + 5*time.Second
	if t.before == 0 {
		by = 7 * 24 * time.Hour
	}
	for i := range of {
		of[i].at = of[i].at.Add(-by)
	}
}

// pace is how long somebody takes to answer: the longer, the more they write.
func (l *said) pace(d *roller) time.Duration {
	if l.act == reacts {
		return time.Duration(10+d.next(40)) * time.Second
	}
	return time.Duration(15+len(l.text)/3+d.next(75)) * time.Second
}

// roller is a small source of numbers that are the same every time: the demonstration differs from run to run in nothing
// but its times.
type roller struct{ state uint64 }

// dice gives the roller for a name and a number.
func dice(name string, n int) *roller {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return &roller{h.Sum64() ^ uint64(n)*0x9e3779b97f4a7c15}
}

// next gives a number from 0 up to n, n excluded (SplitMix64).
func (r *roller) next(n int) int {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int((z ^ z>>31) % uint64(n))
}
