package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// sampleEvery is how often an answer is decoded in full to check the scan: one in so many, for each listener.
const sampleEvery = 64

// slidingBody asks simplified sliding sync for the messages of every room.
const slidingBody = `{"conn_id":"bench","lists":{"all":{"ranges":[[0,999]],"timeline_limit":500,"required_state":[]}}}`

const slidingSync = "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync"

// listener is one waiting client: it syncs, notes the messages, and syncs again.
type listener struct {
	who     int
	person  *person
	wire    *wire
	sliding bool
	poll    string // the time to wait, in milliseconds
	since   []byte
	path    []byte
	scanned []uint32
	answers int
	got     []receipt
}

// audience is all listeners of a run.
type audience struct {
	listeners []*listener
	ledger    *ledger
	group     sync.WaitGroup
	closing   atomic.Bool
	repolls   atomic.Int64 // answers without a message
}

// seat makes a listener for each person and takes them through the initial sync.
func seat(c *crowd, people []int, sliding bool, poll string) (*audience, error) {
	a := &audience{}
	for _, who := range people {
		a.listeners = append(a.listeners, &listener{
			who: who, person: &c.people[who], wire: newWire(c.target.address), sliding: sliding, poll: poll,
		})
	}
	err := parallel(c.target.address, len(a.listeners), func(_ *wire, i int) error {
		answer, err := a.listeners[i].sync("0")
		if err == nil {
			err = a.listeners[i].advance(answer)
		}
		return err
	})
	return a, err
}

// listen starts the long-polls, recording in the ledger.
func (a *audience) listen(l *ledger) {
	a.ledger = l
	for _, listener := range a.listeners {
		a.group.Go(func() {
			if err := a.follow(listener); err != nil && !a.closing.Load() {
				l.fail(fmt.Errorf("listener %d: %w", listener.who, err))
			}
		})
	}
}

// settle is how long it takes until all wait, with time to spare.
func (a *audience) settle() time.Duration {
	return 100*time.Millisecond + time.Duration(len(a.listeners))*time.Millisecond
}

// leave ends every long-poll.
func (a *audience) leave() {
	a.closing.Store(true)
	for _, listener := range a.listeners {
		listener.wire.interrupt()
	}
	a.group.Wait()
}

func (a *audience) follow(n *listener) error {
	l := a.ledger
	for !a.closing.Load() {
		answer, err := n.sync(n.poll)
		if err != nil {
			return err
		}
		at := l.now()
		n.scanned = n.scanned[:0]
		scanMessages(answer, func(id uint32) {
			n.scanned = append(n.scanned, id)
			n.got = append(n.got, receipt{id, at})
		})
		if err := n.advance(answer); err != nil {
			return err
		}
		if bytes.Contains(answer, []byte(`"limited":true`)) {
			l.gaps.Add(1)
		}
		if len(n.scanned) == 0 {
			a.repolls.Add(1)
			continue
		}
		if n.answers++; n.answers%sampleEvery == 1 {
			if err := verify(answer, n.sliding, n.scanned, l.roomOf); err != nil {
				return err
			}
		}
		l.count(len(n.scanned))
	}
	return nil
}

// sync asks once, waiting up to poll milliseconds, and answers the bytes, valid until the next call.
func (n *listener) sync(poll string) ([]byte, error) {
	method, path, body := "GET", append(n.path[:0], "/_matrix/client/v3/sync?timeout="...), []byte(nil)
	token := "&since="
	if n.sliding {
		method, path, body = "POST", append(n.path[:0], slidingSync+"?timeout="...), []byte(slidingBody)
		token = "&pos="
	}
	path = append(path, poll...)
	if len(n.since) > 0 {
		path = append(append(path, token...), n.since...)
	}
	if !n.sliding {
		path = append(append(path, "&filter="...), n.person.filter...)
	}
	n.path = path
	status, answer, err := n.wire.call(method, string(path), n.person.token, body)
	if err != nil {
		return nil, err
	}
	if status != 200 {
		return nil, fmt.Errorf("sync: status %d: %.200s", status, answer)
	}
	return answer, nil
}

// advance takes the token for the next sync out of an answer.
func (n *listener) advance(answer []byte) error {
	name := `"next_batch":`
	if n.sliding {
		name = `"pos":`
	}
	token := scanString(answer, name)
	if len(token) == 0 {
		return errors.New("an answer without a token")
	}
	n.since = append(n.since[:0], url.QueryEscape(string(token))...)
	return nil
}
