package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// wardline runs a command and gives what it printed, and complained about, and its status.
func wardline(t *testing.T, stdin string, args ...string) (out, complaint string, status int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	return stdout.String(), stderr.String(), status
}

// must runs a command that has to succeed.
func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, complaint, status := wardline(t, stdin, args...)
	if status != 0 {
		t.Fatalf("wardline %v: status %d: %s", args, status, complaint)
	}
	return out
}

// refused runs a command that has to fail, with a status and words.
func refused(t *testing.T, status int, says string, args ...string) {
	t.Helper()
	out, complaint, got := wardline(t, "", args...)
	if got != status || !strings.Contains(complaint, says) {
		t.Errorf("wardline %v: status %d, want %d: %s%s", args, got, status, out, complaint)
	}
}

func TestCommandLine(t *testing.T) {
	if out := must(t, "", "--help"); !strings.Contains(out, "serve") {
		t.Errorf("help: %s", out)
	}
	if out := must(t, "", "serve", "--help"); !strings.Contains(out, "--no-rate-limits") {
		t.Errorf("help of serve: %s", out)
	}
	if out := must(t, "", "version"); !strings.HasPrefix(out, "wardline ") {
		t.Errorf("version: %s", out)
	}
	if out := must(t, "", "config"); !strings.Contains(out, "[server]") {
		t.Errorf("config: %s", out)
	}
	dir := t.TempDir()
	refused(t, 2, "unexpected argument", "dance")
	refused(t, 2, "--no-such-flag", "serve", "--no-such-flag")
	refused(t, 1, "server_name", "serve", "--data", dir)
	refused(t, 1, "loopback", "serve", "--data", dir, "--server-name", "x.example", "--listen", "0.0.0.0:0", "--open-registration")
	refused(t, 1, "no such file", "serve", "--config", filepath.Join(dir, "none.toml"))
	refused(t, 1, "no installation", "verify", "--data", filepath.Join(dir, "none"))
	refused(t, 1, "no installation", "user", "list", "--data", filepath.Join(dir, "none"))
}

func TestUsers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	out := must(t, "", "user", "add", "--data", dir, "--server-name", "trust.example", "ann", "--display-name", "Ann Ward", "--admin")
	if !regexp.MustCompile(`^@ann:trust\.example\npassword: [a-z2-7]{5}(-[a-z2-7]{5}){3}\n$`).MatchString(out) {
		t.Errorf("add: %q", out)
	}
	if out := must(t, "correct horse battery\n", "user", "add", "--data", dir, "--password-stdin", "ben"); out != "@ben:trust.example\n" {
		t.Errorf("add with a password: %q", out)
	}
	refused(t, 1, "taken", "user", "add", "--data", dir, "ben")
	refused(t, 1, "no password", "user", "reset", "--data", dir, "--password-stdin", "ben")
	if out := must(t, "", "user", "reset", "--data", dir, "@ben:trust.example"); !strings.Contains(out, "password: ") {
		t.Errorf("reset: %q", out)
	}
	must(t, "", "user", "deactivate", "--data", dir, "ben")
	var lines []userLine
	for line := range strings.Lines(must(t, "", "user", "list", "--data", dir, "--json")) {
		var l userLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if len(lines) != 2 || !lines[0].Admin || lines[0].Deactivated || lines[1].Admin || !lines[1].Deactivated {
		t.Errorf("list: %+v", lines)
	}
	if out := must(t, "", "user", "list", "--data", dir); !strings.Contains(out, "@ben:trust.example") || !strings.Contains(out, "deactivated") {
		t.Errorf("list: %s", out)
	}
}

// log is a log that can be read while it is written.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) find(expression string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := regexp.MustCompile(expression).FindStringSubmatch(l.text.String()); m != nil {
		return m[1]
	}
	return ""
}

// serving runs a server on a free port until stop, which gives its status.
func serving(t *testing.T, args ...string) (url string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	logged, status := &log{}, make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), logged, logged)
	}()
	for range 1000 {
		if addr := logged.find(`msg=serving address=(\S+)`); addr != "" {
			return "http://" + addr, func() int { cancel(); return <-status }
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	t.Fatalf("not serving: %s", logged.text.String())
	return "", nil
}

// answer asks a server and decodes its answer.
func answer(t *testing.T, method, url, token, body string, into any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		t.Fatalf("%s: %s", url, res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// TestLifeOfAnInstallation goes through what an operator does with one: make it, serve it, back it up while it is in
// use, restore it elsewhere, prove it, and find that somebody has changed it.
func TestLifeOfAnInstallation(t *testing.T) {
	dir := t.TempDir()
	data, copied, second := filepath.Join(dir, "data"), filepath.Join(dir, "backup"), filepath.Join(dir, "second")
	url, stop := serving(t, "--data", data, "--server-name", "trust.example")
	must(t, "a ward at night\n", "user", "add", "--data", data, "--password-stdin", "ann")
	var session struct {
		Token string `json:"access_token"`
	}
	answer(t, "POST", url+"/_matrix/client/v3/login", "",
		`{"type":"m.login.password","identifier":{"type":"m.id.user","user":"ann"},"password":"a ward at night"}`, &session)
	var made struct {
		Room string `json:"room_id"`
	}
	answer(t, "POST", url+"/_matrix/client/v3/createRoom", session.Token, `{"preset":"private_chat"}`, &made)
	var sent struct {
		Event string `json:"event_id"`
	}
	for i := range 3 {
		answer(t, "PUT", fmt.Sprintf("%s/_matrix/client/v3/rooms/%s/send/m.room.message/%d", url, made.Room, i), session.Token,
			`{"msgtype":"m.text","body":"bloods are back"}`, &sent)
	}
	if out := must(t, "", "verify", "--data", data); !strings.Contains(out, "rooms: 1") || !strings.Contains(out, "checkpoint") {
		t.Errorf("verify beside a running server: %s", out)
	}
	must(t, "", "backup", "--data", data, copied)
	if status := stop(); status != 0 {
		t.Errorf("serve ended with status %d", status)
	}
	refused(t, 1, "holds a backup already", "backup", "--data", data, copied)
	refused(t, 1, "already", "restore", "--data", data, copied)
	must(t, "", "restore", "--data", second, copied)
	out := must(t, "", "verify", "--data", second)
	checkpoint := regexp.MustCompile(`checkpoint.*: (\S+)`).FindStringSubmatch(out)
	if checkpoint == nil {
		t.Fatalf("no checkpoint: %s", out)
	}
	must(t, "", "verify", "--data", second, "--checkpoint", checkpoint[1])

	url, stop = serving(t, "--data", second, "--server-name", "trust.example")
	var news struct {
		Rooms struct {
			Join map[string]struct {
				Timeline struct {
					Events []struct {
						ID string `json:"event_id"`
					} `json:"events"`
				} `json:"timeline"`
			} `json:"join"`
		} `json:"rooms"`
	}
	answer(t, "GET", url+"/_matrix/client/v3/sync?timeout=0", session.Token, "", &news)
	if events := news.Rooms.Join[made.Room].Timeline.Events; len(events) < 4 || events[len(events)-1].ID != sent.Event {
		t.Errorf("after restoring: %+v", events)
	}
	stop()

	err := storetest.Tamper(store.Options{Dir: second}, `UPDATE event SET json = REPLACE(json, 'back', 'lost') WHERE id = '`+sent.Event+`'`)
	if err != nil {
		t.Fatal(err)
	}
	out, _, status := wardline(t, "", "verify", "--data", second)
	if status != 1 || !strings.Contains(out, "BROKEN") || !strings.Contains(out, sent.Event) {
		t.Errorf("verify of a changed message: status %d, %s", status, out)
	}
}
