package store

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// hands are the goroutines on which reads run. An engine's calls go deep, and a goroutine's stack, once grown, stays grown for
// minutes: a request that has read a row and then waits for news would hold tens of kilobytes of stack for as long.
type hands struct{ work chan func() }

func newHands(n int) *hands {
	h := &hands{work: make(chan func())}
	for range n {
		go h.loop()
	}
	return h
}

func (h *hands) loop() {
	ended := false
	defer func() {
		if !ended { // what it did has ended the goroutine (runtime.Goexit, as a failing test does)
			go h.loop()
		}
	}()
	for do := range h.work {
		do()
	}
	ended = true
}

// close ends the goroutines. Nothing may be running.
func (h *hands) close() { close(h.work) }

// run calls fn on one of the hands and waits. A panic, or the end of the goroutine, is the caller's.
func (h *hands) run(fn func() error) (err error) {
	done := make(chan struct{})
	finished := false
	var trouble any
	h.work <- func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				trouble = fmt.Sprintf("%v\n%s", v, debug.Stack())
			}
		}()
		err = fn()
		finished = true
	}
	<-done
	switch {
	case trouble != nil:
		panic(trouble)
	case !finished:
		runtime.Goexit()
	}
	return err
}
