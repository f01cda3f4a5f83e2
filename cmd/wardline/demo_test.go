package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/demo"
)

// demonstrating runs the demonstration until stop, which gives its status; it waits for words on the output.
func demonstrating(t *testing.T, words string, args ...string) (said string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, complaints, status := &log{}, &bytes.Buffer{}, make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"demo", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), out, complaints)
	}()
	for {
		if said := out.find(words); said != "" {
			return said, func() int { cancel(); return <-status }
		}
		select {
		case code := <-status:
			t.Fatalf("ended with %d: %s", code, complaints)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	line, stop := demonstrating(t, `(?m)^(\{.*\})$`, "--json", "--data", dir)
	var first announcement
	if err := json.Unmarshal([]byte(line), &first); err != nil {
		t.Fatal(err)
	}
	if first.ServerName != demo.ServerName || len(first.Users) < 190 || first.Users[0].Job == "" {
		t.Fatalf("announced: %s", line)
	}
	signIn(t, first)
	if status := stop(); status != 0 {
		t.Errorf("ended with status %d", status)
	}
	before := must(t, "", "verify", "--data", dir)

	line, stop = demonstrating(t, `(?m)^(\{.*\})$`, "--json", "--data", dir)
	var again announcement
	if err := json.Unmarshal([]byte(line), &again); err != nil {
		t.Fatal(err)
	}
	if again.Users[0] != first.Users[0] {
		t.Errorf("the second start announces %+v, the first %+v", again.Users[0], first.Users[0])
	}
	signIn(t, again)
	stop()
	rooms := regexp.MustCompile(`rooms: .*`)
	if after := must(t, "", "verify", "--data", dir); rooms.FindString(after) != rooms.FindString(before) {
		t.Errorf("a second start changed %s into %s", before, after)
	}
	exports(t, dir)
	if err := os.Remove(filepath.Join(dir, noteFile)); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, "no complete demonstration", "demo", "--listen", "127.0.0.1:0", "--data", dir)
}

// exports exports a conversation and a person, and proves that this is in the audit.
func exports(t *testing.T, data string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "export")
	out := must(t, "", "export", "room", "--data", data, "#notices:northbrook.example", folder)
	if !regexp.MustCompile(`^exported !\S+: 2\d\d events, 2 files`).MatchString(out) {
		t.Errorf("export of a conversation: %s", out)
	}
	refused(t, 1, "not empty", "export", "person", "--data", data, "amara.okafor", folder)
	refused(t, 1, "nobody called", "export", "person", "--data", data, "nobody", filepath.Join(folder, "b"))
	refused(t, 1, "no conversation", "export", "room", "--data", data, "#none:northbrook.example", filepath.Join(folder, "b"))
	refused(t, 1, "no installation", "export", "room", "--data", folder, "#none:northbrook.example", filepath.Join(folder, "b"))
	folder = filepath.Join(t.TempDir(), "person")
	if out := must(t, "", "export", "person", "--data", data, "amara.okafor", folder); !strings.HasPrefix(out, "exported @amara.okafor:northbrook.example: ") {
		t.Errorf("export of a person: %s", out)
	}
	again := filepath.Join(t.TempDir(), "again")
	must(t, "", "export", "person", "--data", data, "amara.okafor", again)
	if text, err := os.ReadFile(filepath.Join(again, "audit.jsonl")); err != nil || !strings.Contains(string(text), `"export.person"`) {
		t.Errorf("the audit of an exported person: %v", err)
	}
}

func signIn(t *testing.T, a announcement) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"type": "m.login.password", "password": a.Users[0].Password,
		"identifier": map[string]string{"type": "m.id.user", "user": a.Users[0].UserID},
	})
	if err != nil {
		t.Fatal(err)
	}
	var session struct {
		Token string `json:"access_token"`
	}
	answer(t, "POST", a.URL+"/_matrix/client/v3/login", "", string(body), &session)
	if session.Token == "" {
		t.Error("no token")
	}
}

// Without --data nothing is left behind.
func TestDemoLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir, stop := demonstrating(t, `removes its data \((.*)\)`)
	if _, err := os.Stat(filepath.Join(dir, "wardline.db")); err != nil {
		t.Error(err)
	}
	if status := stop(); status != 0 {
		t.Errorf("ended with status %d", status)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("after it has ended: %v", err)
	}
}
