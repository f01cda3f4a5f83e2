package sync

import (
	stdsync "sync"

	"github.com/wardline/wardline/internal/matrix/room"
)

// lazyMost bounds how many members are remembered as told to one device. Beyond it all are told again.
const lazyMost = 50_000

// lazyDevices bounds the devices of somebody for which that is remembered.
const lazyDevices = 50

// lazyMembers remembers which members a device has been told of: client-server API, "Lazy-loading room members". What
// an answer tells counts only when the device comes back with the token of that answer.
type lazyMembers struct {
	device  string
	mu      stdsync.Mutex
	told    map[lazyKey]struct{}
	pending map[lazyKey]struct{}
	token   int64 // of the answer that carried pending
}

type lazyKey struct {
	room int64
	user string
}

// lazyMembersOf gives the memory of a device that comes back with a token; 0 forgets all.
func (p *person) lazyMembersOf(device string, since int64) *lazyMembers {
	l := p.lazyOf(device)
	l.mu.Lock()
	defer l.mu.Unlock()
	if since == 0 || len(l.told) > lazyMost {
		clear(l.told)
	} else if since == l.token {
		for k := range l.pending {
			l.told[k] = struct{}{}
		}
	}
	l.pending, l.token = nil, 0
	return l
}

func (p *person) lazyOf(device string) *lazyMembers {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lazy {
		if l.device == device {
			return l
		}
	}
	if len(p.lazy) > lazyDevices {
		p.lazy = nil
	}
	l := &lazyMembers{device: device, told: map[lazyKey]struct{}{}}
	p.lazy = append(p.lazy, l)
	return l
}

// tell reports whether a member still has to be told of, and notes that it is being told.
func (l *lazyMembers) tell(k lazyKey, again bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.told[k]
	if known && !again {
		return false
	}
	if l.pending == nil {
		l.pending = map[lazyKey]struct{}{}
	}
	l.pending[k] = struct{}{}
	return true
}

// promise names the token that will prove that what was told has arrived.
func (l *lazyMembers) promise(token int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token = token
}

// lazily leaves out of the state the members whom nothing in the answer needs, and adds those whom it does need.
func (r *roomPart) lazily(state []*room.Event) []*room.Event {
	again := r.ask.Filter.Room.State.IncludeRedundantMembers || r.ask.Filter.Room.Timeline.IncludeRedundantMembers
	inTimeline := map[string]bool{}
	var needed []string
	for _, ev := range r.timeline.events {
		if ev.Type == "m.room.member" && ev.StateKey != nil {
			inTimeline[*ev.StateKey] = true
			r.lazy.tell(lazyKey{r.l.NR, *ev.StateKey}, true)
		}
		needed = append(needed, ev.Sender)
	}
	if r.fresh {
		needed = append(needed, r.who.User)
		needed = append(needed, r.heroes()...)
	}
	out := state[:0:0]
	for _, ev := range state {
		if ev.Type != "m.room.member" {
			out = append(out, ev)
			continue
		}
		// A change of somebody's membership is told in a gap all the same: it is news, not background.
		if !r.fresh && !r.ask.FullState || *ev.StateKey == r.who.User {
			out = append(out, ev)
			r.lazy.tell(lazyKey{r.l.NR, *ev.StateKey}, true)
			inTimeline[*ev.StateKey] = true
		}
	}
	for _, user := range needed {
		if inTimeline[user] && !r.ask.StateAfter {
			continue
		}
		ev := r.l.State("m.room.member", user)
		if ev == nil || ev.Pos > r.to || !r.lazy.tell(lazyKey{r.l.NR, user}, again || r.fresh) {
			continue
		}
		inTimeline[user] = true
		if !contains(out, ev) {
			out = append(out, ev)
		}
	}
	return out
}

func contains(events []*room.Event, ev *room.Event) bool {
	for _, other := range events {
		if other == ev {
			return true
		}
	}
	return false
}
