package main

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wardline/wardline/client"
)

func TestFloorDeliversAndRemembers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := openFloor(path)
	if err != nil {
		t.Fatal(err)
	}
	go f.commit()
	server := httptest.NewServer(f.routes())
	defer server.Close()
	ada, bob := client.New(server.URL), client.New(server.URL)
	defer ada.Close()
	defer bob.Close()
	ctx := t.Context()
	for name, c := range map[string]*client.Client{"ada": ada, "bob": bob} {
		if err := c.Register(ctx, name, ""); err != nil {
			t.Fatal(err)
		}
	}
	room, err := ada.CreateRoom(ctx, client.NewRoom{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bob.Join(ctx, room); err != nil {
		t.Fatal(err)
	}
	follower := bob.Follow("0")
	if _, err := follower.Step(ctx, 0); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 5 {
		id, err := ada.Say(ctx, room, fmt.Sprint("message ", i))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
	}
	err = follower.Until(ctx, func(f *client.Follower) bool { return f.Saw(room, want[4]) })
	if err != nil {
		t.Fatal(err)
	}
	for i, event := range follower.Joined[room].Timeline {
		if event.EventID != want[i] || event.Body() != fmt.Sprint("message ", i) {
			t.Errorf("event %d is %s %q", i, event.EventID, event.Body())
		}
	}

	again, err := openFloor(path)
	if err != nil {
		t.Fatal(err)
	}
	answer, found := again.answer(nil, again.users["token-bob"], 0)
	if !found || strings.Count(string(answer), "message ") != 5 {
		t.Errorf("after opening the log again: %s", answer)
	}
}

func TestFloorKeepsBoundedEvents(t *testing.T) {
	r := &room{}
	for position := range int64(5 * keptEvents) {
		r.append(position, []byte("x"))
	}
	if len(r.events) > 2*keptEvents || len(r.events) != len(r.positions) {
		t.Errorf("%d events and %d positions kept", len(r.events), len(r.positions))
	}
	if got := len(r.since(5*keptEvents - 4)); got != 3 {
		t.Errorf("%d events after the fourth last position, want 3", got)
	}
}
