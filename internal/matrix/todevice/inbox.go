package todevice

import (
	"context"
	"sync"

	"github.com/wardline/wardline/internal/platform/store"
)

// maxInboxes bounds how many inboxes are remembered.
const maxInboxes = 50_000

// span says where in the log the messages waiting for a device lie: none outside [low, high]. high 0: none at all.
type span struct {
	low, high int64
	loaded    bool // false: only what was announced since is known
}

// add widens the span by a position.
func (s *span) add(pos int64) {
	if pos == 0 {
		return
	}
	if s.low == 0 || pos < s.low {
		s.low = pos
	}
	s.high = max(s.high, pos)
}

// inboxes remembers which devices have anything waiting, so that the sync of one that has nothing asks no database.
type inboxes struct {
	mu    sync.Mutex
	known map[device]*span
}

func (t *ToDevice) follow(b store.Batch) {
	t.inboxes.mu.Lock()
	defer t.inboxes.mu.Unlock()
	if b.Gap {
		clear(t.inboxes.known)
	}
	for _, c := range b.Changes {
		if c.Kind != Kind {
			continue
		}
		if s := t.inboxes.known[device{c.Scope, c.Key}]; s != nil {
			s.add(c.Pos)
		}
	}
}

// find gives a copy of a device's span, and makes room for one that is not known.
func (x *inboxes) find(d device) (span, *span) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.known[d]
	if s == nil {
		if len(x.known) >= maxInboxes {
			clear(x.known)
		}
		s = &span{}
		x.known[d] = s
	}
	return *s, s
}

// span gives where a device's messages lie.
func (t *ToDevice) span(ctx context.Context, d device) (span, error) {
	found, shared := t.inboxes.find(d)
	if found.loaded {
		return found, nil
	}
	var low, high int64
	err := t.db.Glance(ctx, func(tx *store.Tx) (err error) {
		low, high, err = bounds(tx, d)
		return err
	})
	if err != nil {
		return span{}, err
	}
	t.inboxes.mu.Lock()
	defer t.inboxes.mu.Unlock()
	shared.add(low)
	shared.add(high)
	shared.loaded = true
	return *shared, nil
}

// Inbox gives what waits for a device after position from and up to position to, oldest first, at most limit messages.
// No SQL when nothing does.
func (t *ToDevice) Inbox(ctx context.Context, user, deviceID string, from, to int64, limit int) ([]Message, error) {
	d := device{user, deviceID}
	s, err := t.span(ctx, d)
	if err != nil || s.high <= from || s.low > to {
		return nil, err
	}
	var list []Message
	err = t.db.Glance(ctx, func(tx *store.Tx) (err error) {
		list, err = messages(tx, d, from, to, limit)
		return err
	})
	return list, err
}

// Delivered says that a device has received everything up to a position: a sync with a token says so. What it has
// received is deleted soon after; the caller does not wait. No SQL when nothing was waiting.
func (t *ToDevice) Delivered(ctx context.Context, user, deviceID string, upTo int64) error {
	d := device{user, deviceID}
	s, err := t.span(ctx, d)
	if err != nil || s.high == 0 || s.low > upTo {
		return err
	}
	t.inboxes.move(d, upTo)
	failed := func(err error) {
		if err != nil {
			t.inboxes.drop(d) // it will be read anew, and deleted after the next sync
		}
	}
	failed(t.db.Submit(func(tx *store.Tx) error { return deleteMessages(tx, d, upTo) }, failed))
	return nil
}

// move notes that nothing waits for a device up to a position.
func (x *inboxes) move(d device, upTo int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.known[d]
	switch {
	case s == nil:
	case s.high <= upTo:
		s.low, s.high = 0, 0
	default:
		s.low = upTo + 1
	}
}

func (x *inboxes) drop(d device) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.known, d)
}
