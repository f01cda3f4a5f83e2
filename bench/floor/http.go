package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
)

// maxBody bounds a request's body, in bytes, as the specification bounds an event.
const maxBody = 65536

// made numbers events and rooms; with the time of the start it makes their ids.
var (
	made  atomic.Int64
	start = time.Now().UnixNano()
)

// identifier is 43 characters long, like the ids of hashed events and rooms.
func identifier(sigil string) string {
	return fmt.Sprintf("%s%020d-%022d", sigil, start, made.Add(1))
}

func (f *floor) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_wardline/ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /_matrix/client/v3/register", f.register)
	mux.HandleFunc("POST /_matrix/client/v3/user/{user}/filter", f.as(func(w http.ResponseWriter, _ *http.Request, _ *user) {
		reply(w, `{"filter_id":"0"}`)
	}))
	mux.HandleFunc("POST /_matrix/client/v3/createRoom", f.as(func(w http.ResponseWriter, _ *http.Request, u *user) {
		f.join(w, identifier("!"), u)
	}))
	mux.HandleFunc("POST /_matrix/client/v3/join/{room}", f.as(func(w http.ResponseWriter, r *http.Request, u *user) {
		f.join(w, r.PathValue("room"), u)
	}))
	mux.HandleFunc("PUT /_matrix/client/v3/rooms/{room}/send/m.room.message/{txn}", f.as(f.send))
	mux.HandleFunc("GET /_matrix/client/v3/sync", f.as(f.sync))
	return mux
}

// as finds the user by the access token.
func (f *floor) as(handle func(http.ResponseWriter, *http.Request, *user)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		f.mu.RLock()
		u := f.users[token]
		f.mu.RUnlock()
		if u == nil {
			http.Error(w, `{"errcode":"M_UNKNOWN_TOKEN"}`, http.StatusUnauthorized)
			return
		}
		handle(w, r, u)
	}
}

func reply(w http.ResponseWriter, answer string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answer)
}

func (f *floor) register(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Username string `json:"username"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, &request)
	}
	name := request.Username
	if err != nil || name == "" || strings.ContainsAny(name, " \n") {
		http.Error(w, `{"errcode":"M_BAD_JSON"}`, http.StatusBadRequest)
		return
	}
	if err := f.durable([]byte("U " + name)); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	reply(w, `{"user_id":"@`+name+`:floor","device_id":"D","access_token":"token-`+name+`"}`)
}

func (f *floor) join(w http.ResponseWriter, id string, u *user) {
	if err := f.durable([]byte("J " + id + " " + u.name)); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	reply(w, `{"room_id":"`+id+`"}`)
}

func (f *floor) send(w http.ResponseWriter, r *http.Request, u *user) {
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, `{"errcode":"M_TOO_LARGE"}`, http.StatusRequestEntityTooLarge)
		return
	}
	id := identifier("$")
	line := append([]byte("M "+r.PathValue("room")+" "), event(u.name, id, time.Now().UnixMilli(), content)...)
	if err := f.durable(line); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	reply(w, `{"event_id":"`+id+`"}`)
}

// sync answers at once when there is something after the token, and otherwise waits for it. One sync of a user at a
// time: a second would take the first one's waking.
func (f *floor) sync(w http.ResponseWriter, r *http.Request, u *user) {
	query := r.URL.Query()
	since, err := strconv.ParseInt(strings.TrimPrefix(query.Get("since"), "s"), 10, 64)
	initial := err != nil
	if initial {
		f.mu.RLock()
		since = f.position
		f.mu.RUnlock()
	}
	millis, _ := strconv.Atoi(query.Get("timeout"))
	timeout := time.NewTimer(time.Duration(millis) * time.Millisecond)
	defer timeout.Stop()
	for done := initial; ; {
		answer, found := f.answer(nil, u, since)
		if found || done {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
			_, _ = w.Write(answer)
			return
		}
		select {
		case <-u.wake:
		case <-timeout.C:
			done = true
		case <-r.Context().Done():
			return
		}
	}
}
