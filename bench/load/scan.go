package main

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/wardline/wardline/client"
)

// A message of the generator has a body that begins with a marker and its number in eight hexadecimal digits. The
// marker is found in the bytes of an answer without decoding it; that nothing else can look like it is checked by
// decoding a sample of the answers ([verify]).
const (
	markerText   = `"body":"wl:`
	markerDigits = 8
)

// padding makes a message as long as a sentence a nurse would write.
const padding = `:bed 12 has gone to theatre, back at four, family have been told and are waiting`

// appendMessage appends the content of message number id.
func appendMessage(b []byte, id uint32) []byte {
	b = append(b, `{"msgtype":"m.text","body":"wl:`...)
	b = appendNumber(b, id)
	b = append(b, padding...)
	return append(b, `"}`...)
}

func appendNumber(b []byte, id uint32) []byte {
	const digits = "0123456789abcdef"
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, digits[id>>shift&15])
	}
	return b
}

// scanMessages calls found for the number of each message in an answer, in order.
func scanMessages(answer []byte, found func(id uint32)) {
	marker := []byte(markerText)
	for {
		at := bytes.Index(answer, marker)
		if at < 0 {
			return
		}
		answer = answer[at+len(marker):]
		if id, ok := parseNumber(answer); ok {
			found(id)
		}
	}
}

func parseNumber(b []byte) (uint32, bool) {
	if len(b) < markerDigits {
		return 0, false
	}
	var id uint32
	for _, c := range b[:markerDigits] {
		switch {
		case c >= '0' && c <= '9':
			id = id<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			id = id<<4 | uint32(c-'a'+10)
		default:
			return 0, false
		}
	}
	return id, true
}

// scanString is the value of the first member of that name whose value is a string without escapes, as tokens are;
// nil when there is none. The name is given as it stands in JSON, with quotes and colon.
func scanString(answer []byte, name string) []byte {
	at := bytes.Index(answer, []byte(name))
	if at < 0 {
		return nil
	}
	value := answer[at+len(name):]
	if len(value) == 0 || value[0] != '"' {
		return nil
	}
	end := bytes.IndexByte(value[1:], '"')
	if end < 0 {
		return nil
	}
	return value[1 : 1+end]
}

// verify decodes an answer in full, and wants the scan to have found the same messages in the same order for each room.
func verify(answer []byte, sliding bool, scanned []uint32, roomOf func(id uint32) string) error {
	timelines, err := decodeTimelines(answer, sliding)
	if err != nil {
		return err
	}
	byRoom := map[string][]uint32{}
	for _, id := range scanned {
		byRoom[roomOf(id)] = append(byRoom[roomOf(id)], id)
	}
	for room, events := range timelines {
		want := byRoom[room]
		for _, event := range events {
			id, ours := messageNumber(event.Body())
			if !ours {
				continue
			}
			if len(want) == 0 || want[0] != id {
				return fmt.Errorf("message %d of room %s was not found by the scan, or out of place", id, room)
			}
			want = want[1:]
		}
		if len(want) > 0 {
			return fmt.Errorf("the scan put message %d into room %s, the answer does not", want[0], room)
		}
		delete(byRoom, room)
	}
	if len(byRoom) > 0 {
		return fmt.Errorf("the scan found messages of %d rooms that the answer does not hold", len(byRoom))
	}
	return nil
}

func decodeTimelines(answer []byte, sliding bool) (map[string][]client.Event, error) {
	timelines := map[string][]client.Event{}
	if sliding {
		response, err := client.ParseSliding(answer)
		for id, room := range response.Rooms {
			timelines[id] = room.Timeline
		}
		return timelines, err
	}
	response, err := client.ParseSync(answer)
	for id, room := range response.Rooms.Join {
		timelines[id] = room.Timeline.Events
	}
	return timelines, err
}

// messageNumber reads the number out of a decoded body.
func messageNumber(body string) (uint32, bool) {
	if len(body) < 3+markerDigits || body[:3] != "wl:" {
		return 0, false
	}
	id, err := strconv.ParseUint(body[3:3+markerDigits], 16, 32)
	return uint32(id), err == nil
}
