package main

import (
	"fmt"
	"net/url"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// leanFilter asks for nothing but messages, as a client that only shows them would. The limit is high, so that a
// listener that falls behind gets all of what it missed in one answer.
const leanFilter = `{"presence":{"not_types":["*"]},"account_data":{"not_types":["*"]},"room":{` +
	`"timeline":{"limit":500,"types":["m.room.message"]},"state":{"not_types":["*"],"lazy_load_members":true},` +
	`"ephemeral":{"not_types":["*"]},"account_data":{"not_types":["*"]}}}`

// fullFilter is what a phone or desktop client asks for when it starts.
const fullFilter = `{"room":{"timeline":{"limit":20},"state":{"lazy_load_members":true}}}`

// person is a user of the generator.
type person struct {
	id     string
	token  string
	filter string // id of the lean filter
	rooms  []int
}

// place is a room of the generator.
type place struct {
	id       string
	sendPath string // up to and with the slash before the transaction id
	members  []int
}

// crowd is all that was set up on a server.
type crowd struct {
	target *target
	people []person
	places []place
}

// parallel calls do for 0 to n-1, from several goroutines with a connection each, and answers the first error.
func parallel(address string, n int, do func(w *wire, i int) error) error {
	var (
		next  atomic.Int64
		first atomic.Pointer[error]
		group sync.WaitGroup
	)
	for range min(n, 32*runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			w := newWire(address)
			defer w.close()
			for i := int(next.Add(1)) - 1; i < n && first.Load() == nil; i = int(next.Add(1)) - 1 {
				if err := do(w, i); err != nil {
					first.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	group.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

// post sends a setup request and answers its body, or an error for any status but 200.
func post(w *wire, path, token, body string) ([]byte, error) {
	status, answer, err := w.call("POST", path, token, []byte(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if status != 200 {
		return nil, fmt.Errorf("%s: status %d: %.200s", path, status, answer)
	}
	return answer, nil
}

// gather registers people and puts them into rooms: each room gets membersEach people, taken in turn from all, and a
// different one of them to create it.
func gather(t *target, label string, people, rooms, membersEach int) (*crowd, error) {
	c := &crowd{target: t, people: make([]person, people), places: make([]place, rooms)}
	err := parallel(t.address, people, func(w *wire, i int) error {
		return c.people[i].register(w, label+strconv.Itoa(i))
	})
	if err != nil {
		return nil, err
	}
	for r := range c.places {
		for m := range membersEach {
			c.enlist(r, (r*membersEach+(m+r)%membersEach)%people)
		}
	}
	return c, c.open()
}

// enlist notes that a person is to be a member of a room.
func (c *crowd) enlist(room, who int) {
	c.places[room].members = append(c.places[room].members, who)
	c.people[who].rooms = append(c.people[who].rooms, room)
}

// open creates the rooms and joins the members: the first creates, the others join.
func (c *crowd) open() error {
	err := parallel(c.target.address, len(c.places), func(w *wire, r int) error {
		room := &c.places[r]
		answer, err := post(w, "/_matrix/client/v3/createRoom", c.people[room.members[0]].token, `{"preset":"public_chat"}`)
		room.id = string(scanString(answer, `"room_id":`))
		room.sendPath = "/_matrix/client/v3/rooms/" + url.PathEscape(room.id) + "/send/m.room.message/"
		return err
	})
	if err != nil {
		return err
	}
	type pair struct{ room, who int }
	var joins []pair
	for m := 1; ; m++ { // a member of every room in turn, so that rooms fill side by side
		before := len(joins)
		for r, room := range c.places {
			if m < len(room.members) {
				joins = append(joins, pair{r, room.members[m]})
			}
		}
		if len(joins) == before {
			break
		}
	}
	return parallel(c.target.address, len(joins), func(w *wire, i int) error {
		path := "/_matrix/client/v3/join/" + url.PathEscape(c.places[joins[i].room].id)
		_, err := post(w, path, c.people[joins[i].who].token, `{}`)
		return err
	})
}

// register makes an account without a password, or with one where the server insists, and stores the lean filter.
func (p *person) register(w *wire, localpart string) error {
	const path = "/_matrix/client/v3/register"
	const auth = `","auth":{"type":"m.login.dummy"}}`
	status, answer, err := patiently(w, path, `{"username":"`+localpart+auth)
	if err == nil && status == 400 {
		status, answer, err = patiently(w, path, `{"username":"`+localpart+`","password":"correct horse 999`+auth)
	}
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	if status != 200 {
		return fmt.Errorf("register: status %d: %.200s", status, answer)
	}
	p.id = string(scanString(answer, `"user_id":`))
	p.token = string(scanString(answer, `"access_token":`))
	answer, err = post(w, "/_matrix/client/v3/user/"+url.PathEscape(p.id)+"/filter", p.token, leanFilter)
	p.filter = string(scanString(answer, `"filter_id":`))
	return err
}

// patiently posts again, for a while, what a server refuses because it is busy: passwords are slow to hash by design.
func patiently(w *wire, path, body string) (status int, answer []byte, err error) {
	for range 600 {
		status, answer, err = w.call("POST", path, "", []byte(body))
		if err != nil || status != 429 && status != 503 {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	return status, answer, err
}
