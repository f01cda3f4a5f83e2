package keys

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/wardline/wardline/internal/platform/store"
)

// follow keeps what is remembered in memory in step with the log.
func (k *Keys) follow(b store.Batch) {
	if b.Gap {
		k.changes.forget()
		k.counts.forget()
	}
	for _, c := range b.Changes {
		switch c.Kind {
		case KindDeviceList:
			k.changes.add(change{user: c.Scope, viewer: c.Key, pos: c.Pos})
		case KindCounts:
			k.counts.drop(device{c.Scope, c.Key})
		}
	}
}

// change is one change of a user's keys, as seen by one viewer or by everyone (viewer empty).
type change struct {
	user, viewer string
	pos          int64
}

// changes remembers the last change of each user's keys, so that a sync asks no database.
type changes struct {
	load sync.Mutex // held while reading the database

	mu      sync.Mutex
	loaded  bool
	reading bool
	list    []change // by position; older changes of the same user may still be in it
	users   int      // length of list when it was last cleared of them
	epoch   int      // how often all was forgotten
}

func (c *changes) add(one change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.loaded && !c.reading {
		return // the database will tell
	}
	c.list = append(c.list, one)
	if c.loaded && len(c.list) > 2*c.users+1024 {
		c.clear()
	}
}

// forget makes the next question read the database.
func (c *changes) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loaded, c.list = false, nil
	c.epoch++
}

// clear keeps the last change of each user and viewer. The caller holds mu.
func (c *changes) clear() {
	slices.SortStableFunc(c.list, func(a, b change) int { return cmp.Compare(a.pos, b.pos) })
	last := make(map[[2]string]int64, len(c.list))
	for _, one := range c.list {
		last[[2]string{one.user, one.viewer}] = one.pos
	}
	kept := make([]change, 0, len(last))
	for _, one := range c.list {
		key := [2]string{one.user, one.viewer}
		if last[key] == one.pos {
			kept = append(kept, one)
			delete(last, key)
		}
	}
	c.list, c.users = kept, len(kept)
}

// ready reads the database once. Changes committed meanwhile are added by the follower.
func (c *changes) ready(ctx context.Context, db *store.DB) error {
	c.mu.Lock()
	loaded := c.loaded
	c.mu.Unlock()
	if loaded {
		return nil
	}
	c.load.Lock()
	defer c.load.Unlock()
	c.mu.Lock()
	if c.loaded {
		c.mu.Unlock()
		return nil
	}
	c.reading = true
	epoch := c.epoch
	c.mu.Unlock()
	var stored []change
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		stored, err = lastChanges(tx)
		return err
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = false
	if err != nil {
		c.list = nil
		return err
	}
	c.list = append(stored, c.list...)
	c.clear()
	c.loaded = c.epoch == epoch
	return nil
}

// since gives the users whose keys changed after a position, as viewer sees it.
func (c *changes) since(viewer string, from int64) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, _ := slices.BinarySearchFunc(c.list, from+1, func(one change, pos int64) int { return cmp.Compare(one.pos, pos) })
	if i == len(c.list) {
		return nil
	}
	seen := map[string]bool{}
	var users []string
	for _, one := range c.list[i:] {
		if (one.viewer == "" || one.viewer == viewer) && !seen[one.user] {
			seen[one.user] = true
			users = append(users, one.user)
		}
	}
	return users
}

// Changed gives the users whose devices or keys changed after position from, as far as viewer may know of it, whether
// or not they share a room with viewer: that is the caller's to ask. It may name users who changed after to: a client
// that asks for their keys too early asks for the newest keys, and once more later. No SQL after the first call.
func (k *Keys) Changed(ctx context.Context, viewer string, from, to int64) ([]string, error) {
	if from >= to {
		return nil, nil
	}
	if err := k.changes.ready(ctx, k.db); err != nil {
		return nil, err
	}
	return k.changes.since(viewer, from), nil
}

// Counts says how well a device is stocked. Immutable.
type Counts struct {
	OneTime  map[string]int64 // unclaimed one-time keys by algorithm
	Fallback []string         // algorithms whose fallback key has not been used; never nil
}

// maxCounts bounds how many devices' counts are remembered.
const maxCounts = 50_000

// countCache remembers counts until they change.
type countCache struct {
	mu    sync.Mutex
	known map[device]Counts
	drops uint64 // how many times anything was dropped
}

func (c *countCache) drop(d device) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, d)
	c.drops++
}

func (c *countCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.known)
	c.drops++
}

func (c *countCache) find(d device) (found Counts, ok bool, drops uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok = c.known[d]
	return found, ok, c.drops
}

// keep remembers counts unless something was dropped since they were read.
func (c *countCache) keep(d device, counts Counts, drops uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops != drops {
		return
	}
	if len(c.known) >= maxCounts {
		clear(c.known)
	}
	c.known[d] = counts
}

// Counts gives the number of a device's one-time keys and its unused fallback keys. Client-server API, "Extensions to
// /sync" of end-to-end encryption. No SQL while nothing changes.
func (k *Keys) Counts(ctx context.Context, user, deviceID string) (Counts, error) {
	d := device{user, deviceID}
	found, ok, drops := k.counts.find(d)
	if ok {
		return found, nil
	}
	var counts Counts
	err := k.db.Read(ctx, func(tx *store.Tx) (err error) {
		if counts.OneTime, err = countOneTime(tx, d); err != nil {
			return err
		}
		counts.Fallback, err = unusedFallback(tx, d)
		return err
	})
	if err != nil {
		return Counts{}, err
	}
	k.counts.keep(d, counts, drops)
	return counts, nil
}
