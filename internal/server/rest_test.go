package server

import "testing"

// TestMemoryIsGivenBackOnceAfterABurst: not while the burst lasts, and not again when nothing has been allocated since.
func TestMemoryIsGivenBackOnceAfterABurst(t *testing.T) {
	r := newRest()
	r.look()
	r.freed = r.seen
	burst := make([]byte, 4*restWorth)
	burst[0] = 1
	if r.look() {
		t.Fatal("tidied in the middle of the burst")
	}
	tidied := false
	for range 1000 {
		if tidied = r.look(); tidied {
			break
		}
	}
	if !tidied {
		t.Fatal("never tidied after the burst")
	}
	if r.look() {
		t.Error("tidied again with nothing to tidy")
	}
}
