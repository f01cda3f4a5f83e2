package e2e

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/client"
)

// ok fails the test when the server refused what it must do.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got is ok for an answer with a value.
func got[V any](t *testing.T) func(V, error) V {
	return func(v V, err error) V {
		t.Helper()
		ok(t, err)
		return v
	}
}

// refused fails the test unless the server refused with this status and code.
func refused(t *testing.T, what string, err error, status int, code string) {
	t.Helper()
	if client.StatusOf(err) != status || client.CodeOf(err) != code {
		t.Errorf("%s: %v; want %d %s", what, err, status, code)
	}
}

// call makes a request that the client has no method for and gives the answer.
func call(t *testing.T, c *client.Client, method, path string, query url.Values, body any) (gjson.Result, error) {
	t.Helper()
	var answer client.Raw
	err := c.Call(t.Context(), method, path, query, body, &answer)
	return gjson.ParseBytes(answer), err
}

// read is call for reading, which must succeed.
func read(t *testing.T, c *client.Client, path string, query url.Values) gjson.Result {
	t.Helper()
	answer, err := call(t, c, http.MethodGet, path, query, nil)
	ok(t, err)
	return answer
}

// v3 and v1 are paths of the client-server API.
func v3(segments ...string) string { return client.Path("/_matrix/client/v3", segments...) }
func v1(segments ...string) string { return client.Path("/_matrix/client/v1", segments...) }

// until syncs a device until a condition holds; the condition says what is seen, and is asked again after each sync.
func until(t *testing.T, f *client.Follower, what string, done func(*client.Follower) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := f.Until(ctx, done); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

// saw waits until a device has received an event of a room.
func saw(t *testing.T, f *client.Follower, roomID, eventID string) {
	t.Helper()
	until(t, f, "an event", func(f *client.Follower) bool { return f.Saw(roomID, eventID) })
}

// bodies are the texts of events; an event without one is its type.
func bodies(events []client.Event) []string {
	out := make([]string, 0, len(events))
	for _, e := range events {
		if body := e.Body(); body != "" {
			out = append(out, body)
		} else {
			out = append(out, e.Type)
		}
	}
	return out
}

// ids are the ids of events.
func ids(events []client.Event) []string {
	out := make([]string, 0, len(events))
	for _, e := range events {
		out = append(out, e.EventID)
	}
	return out
}

// rooms are the ids of rooms in a list.
func rooms(list []client.RoomSummary) []string {
	out := make([]string, 0, len(list))
	for _, r := range list {
		out = append(out, r.RoomID)
	}
	return out
}
