package demo

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The trust as it is written down is whole: this is the test of the texts, not of the code.
func TestTrust(t *testing.T) {
	c, err := read()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(c.staff); n < 190 || n > 220 {
		t.Errorf("%d staff", n)
	}
	if n := len(c.rooms); n < 38 || n > 50 {
		t.Errorf("%d conversations", n)
	}
	for i, p := range c.staff {
		if p.featured != (i < Featured) {
			t.Errorf("%s: featured is %v at place %d", p.Name, p.featured, i)
		}
	}
	ids := map[string]bool{}
	for _, s := range c.rooms {
		if ids[s.id] {
			t.Errorf("two rooms are called %s", s.id)
		}
		ids[s.id] = true
		messages(t, s)
	}
}

func messages(t *testing.T, s *scene) {
	t.Helper()
	var plain []*said
	now := time.Date(2026, 3, 4, 13, 30, 0, 0, time.UTC)
	for _, l := range s.week(now) {
		if l.act == 0 || l.act == replies || l.act == threads {
			plain = append(plain, l.said)
		}
		if strings.Contains(l.text, "@") && !mentions(l, s) {
			t.Errorf("%s: %q mentions nobody who is there", s.id, l.text)
		}
	}
	if len(plain) < 4 {
		t.Errorf("%s: %d messages", s.id, len(plain))
	}
	for p, n := range s.unread {
		if slices.ContainsFunc(plain[len(plain)-n:], func(l *said) bool { return l.by == p }) {
			t.Errorf("%s: %s has not read what they said themselves", s.id, p.Name)
		}
	}
}

func mentions(l line, s *scene) bool {
	for _, p := range s.people {
		if strings.Contains(l.text, "@"+p.handle()) {
			return true
		}
	}
	return false
}
