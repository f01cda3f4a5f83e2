package push

import "sync"

// generations is a bounded memory of things that can be made anew. What has not been asked for while one generation
// filled is forgotten with the generation before.
type generations[K comparable, V any] struct {
	most int // things in a generation

	mu        sync.RWMutex
	now, past map[K]V
}

func newGenerations[K comparable, V any](most int) *generations[K, V] {
	return &generations[K, V]{most: most, now: map[K]V{}}
}

// find gives what is remembered under a key.
func (g *generations[K, V]) find(k K) (v V, ok bool) {
	g.mu.RLock()
	v, ok = g.now[k]
	g.mu.RUnlock()
	if ok {
		return v, true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if v, ok = g.now[k]; ok {
		return v, true
	}
	if v, ok = g.past[k]; ok {
		delete(g.past, k)
		g.put(k, v)
	}
	return v, ok
}

// keep remembers v, unless something is remembered under the key already: then it gives that.
func (g *generations[K, V]) keep(k K, v V) V {
	if known, ok := g.find(k); ok {
		return known
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if known, ok := g.now[k]; ok {
		return known
	}
	g.put(k, v)
	return v
}

// put adds to the present generation. The caller holds mu.
func (g *generations[K, V]) put(k K, v V) {
	if len(g.now) >= g.most {
		g.past, g.now = g.now, make(map[K]V, g.most/4)
	}
	g.now[k] = v
}

func (g *generations[K, V]) drop(k K) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.now, k)
	delete(g.past, k)
}

// age begins a new generation early: what is remembered takes too much room.
func (g *generations[K, V]) age() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.past, g.now = g.now, map[K]V{}
}
