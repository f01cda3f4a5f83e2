package endpoint

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
)

func TestLimitsCountEachCallerApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimits(Rates{
			User:  map[Class]Rate{Write: {PerSecond: 1, Burst: 2}},
			Open:  map[Class]Rate{Login: {PerSecond: 0.5, Burst: 1}},
			Crowd: map[Class]Rate{Write: {PerSecond: 1, Burst: 3}},
		})
		ward, home := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		ann, ben := &audit.Caller{User: "@ann:x"}, &audit.Caller{User: "@ben:x"}
		wants := func(step string, got, want time.Duration) {
			t.Helper()
			if got != want {
				t.Errorf("%s: wait %v, want %v", step, got, want)
			}
		}
		wants("ann 1", l.Allow(Write, ann, ward), 0)
		wants("ann 2", l.Allow(Write, ann, ward), 0)
		wants("ann 3: over her own limit", l.Allow(Write, ann, ward), time.Second)
		wants("ben 1", l.Allow(Write, ben, ward), 0)
		wants("ben 2: over the address's limit", l.Allow(Write, ben, ward), time.Second)
		wants("reading is not limited", l.Allow(Read, ann, ward), 0)
		wants("login 1", l.Allow(Login, nil, ward), 0)
		wants("login 2", l.Allow(Login, nil, ward), 2*time.Second)
		wants("login elsewhere", l.Allow(Login, nil, home), 0)
		time.Sleep(2 * time.Second)
		wants("later", l.Allow(Login, nil, ward), 0)
		wants("ann later", l.Allow(Write, ann, ward), 0)
	})
}

func TestLimitsTakeAnIPv6NetworkForOne(t *testing.T) {
	l := NewLimits(Rates{Open: map[Class]Rate{Login: {PerSecond: 0.001, Burst: 1}}})
	if l.Allow(Login, nil, netip.MustParseAddr("2001:db8::1")) != 0 {
		t.Fatal("the first is refused")
	}
	if l.Allow(Login, nil, netip.MustParseAddr("2001:db8::2")) == 0 {
		t.Error("a neighbour of the same network starts afresh")
	}
	if l.Allow(Login, nil, netip.MustParseAddr("2001:db8:0:1::2")) != 0 {
		t.Error("another network is refused")
	}
}

func TestLimitsAreBounded(t *testing.T) {
	l := NewLimits(Rates{})
	r := Rate{PerSecond: 0.0001, Burst: 1}
	for i := range 3*maxBuckets + 5 {
		l.Take(Login, strconv.Itoa(i), r)
		if i%100 == 0 && l.Take(Login, "the guessed account", r) == 0 && i > 0 {
			t.Fatal("a flood of others made a busy bucket forgotten")
		}
	}
	if n := len(l.young) + len(l.old); n > 2*maxBuckets {
		t.Errorf("%d buckets kept", n)
	}
}

func TestClassesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for c := range classes {
		if name := c.String(); seen[name] || name == fmt.Sprintf("class %d", c) {
			t.Errorf("class %d is called %q", c, name)
		}
		seen[c.String()] = true
	}
}
