package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// keptEvents is how many events of a room stay in memory.
const keptEvents = 2000

// floor holds everything: users by access token, rooms by id, and the log they come from.
type floor struct {
	log     *os.File
	pending chan *change

	mu       sync.RWMutex
	position int64 // of the last committed event
	users    map[string]*user
	rooms    map[string]*room
}

type user struct {
	name  string
	rooms []*room
	wake  chan struct{} // told, without waiting, that something is there for this user
}

type room struct {
	id      string
	members []*user
	// events are ready bytes, with their positions, oldest first.
	positions []int64
	events    [][]byte
}

// change is one line of the log on its way to the disk; done is told when it is there and applied.
type change struct {
	line []byte
	done chan error
}

// openFloor reads the log, and opens it for more.
func openFloor(path string) (*floor, error) {
	log, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	f := &floor{log: log, pending: make(chan *change, 4096), users: map[string]*user{}, rooms: map[string]*room{}}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f.apply(bytes.Clone(lines.Bytes()))
	}
	return f, lines.Err()
}

// commit writes changes to the disk, all that wait at once with one fdatasync, and only then makes them visible.
func (f *floor) commit() {
	var batch []*change
	var block []byte
	for first := range f.pending {
		batch, block = append(batch[:0], first), block[:0]
		for len(f.pending) > 0 && len(batch) < 1024 {
			batch = append(batch, <-f.pending)
		}
		for _, change := range batch {
			block = append(append(block, change.line...), '\n')
		}
		err := f.write(block)
		if err == nil {
			f.mu.Lock()
			for _, change := range batch {
				f.apply(change.line)
			}
			f.mu.Unlock()
		}
		for _, change := range batch {
			change.done <- err
		}
	}
}

// durable hands a line to the committer and waits until it is on disk and visible.
func (f *floor) durable(line []byte) error {
	c := &change{line: line, done: make(chan error, 1)}
	f.pending <- c
	return <-c.done
}

// apply takes one line of the log over: a letter, a space, and what it is about. The caller holds the lock.
func (f *floor) apply(line []byte) {
	kind, rest, _ := strings.Cut(string(line), " ")
	switch kind {
	case "U":
		f.users["token-"+rest] = &user{name: rest, wake: make(chan struct{}, 1)}
	case "J":
		id, name, _ := strings.Cut(rest, " ")
		if f.rooms[id] == nil {
			f.rooms[id] = &room{id: id}
		}
		if member := f.users["token-"+name]; member != nil {
			f.rooms[id].members = append(f.rooms[id].members, member)
			member.rooms = append(member.rooms, f.rooms[id])
		}
	case "M":
		id, _, _ := strings.Cut(rest, " ")
		if room := f.rooms[id]; room != nil {
			f.position++
			room.append(f.position, line[len("M ")+len(id)+1:])
		}
	}
}

// append adds ready bytes to a room and wakes its members.
func (r *room) append(position int64, event []byte) {
	if len(r.events) == 2*keptEvents {
		r.events = append(r.events[:0], r.events[keptEvents:]...)
		r.positions = append(r.positions[:0], r.positions[keptEvents:]...)
	}
	r.events = append(r.events, event)
	r.positions = append(r.positions, position)
	for _, member := range r.members {
		select {
		case member.wake <- struct{}{}:
		default:
		}
	}
}

// since is the room's events after a position.
func (r *room) since(position int64) [][]byte {
	at := len(r.positions)
	for at > 0 && r.positions[at-1] > position {
		at--
	}
	return r.events[at:]
}

// answer builds what a sync says of everything after a position; found is false when that is nothing.
func (f *floor) answer(b []byte, u *user, since int64) (answer []byte, found bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	b = append(b, `{"next_batch":"s`...)
	b = strconv.AppendInt(b, f.position, 10)
	b = append(b, `","rooms":{"join":{`...)
	for _, room := range u.rooms {
		events := room.since(since)
		if len(events) == 0 {
			continue
		}
		if found {
			b = append(b, ',')
		}
		found = true
		b = append(append(append(b, '"'), room.id...), `":{"timeline":{"events":[`...)
		for i, event := range events {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, event...)
		}
		b = append(b, `],"limited":false,"prev_batch":"s`...)
		b = strconv.AppendInt(b, since, 10)
		b = append(b, `"},"unread_notifications":{"highlight_count":0,"notification_count":1}}`...)
	}
	return append(b, `}}}`...), found
}

// event is the bytes of an event, of the size that a server with hashed event ids would send.
func event(sender, id string, millis int64, content []byte) []byte {
	return fmt.Appendf(nil, `{"content":%s,"event_id":"%s","origin_server_ts":%d,"sender":"@%s:floor","type":"m.room.message","unsigned":{"age":12}}`,
		content, id, millis, sender)
}
