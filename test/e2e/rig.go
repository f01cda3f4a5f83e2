// Package e2e tests the whole server from outside: through HTTP, with Wardline's own client and with others', on each
// engine. It holds no production code.
package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/internal/server"
)

// ServerName is the server of the tests.
const ServerName = "northbrook.test"

// Password is everybody's.
const Password = "correct horse battery"

// Trust is a running server.
type Trust struct {
	*server.Server
	URL  string
	Conf *config.Config
	t    testing.TB
	http *httptest.Server
}

// Each runs a test on a fresh server on each engine that WARDLINE_TEST_ENGINES names.
func Each(t *testing.T, test func(t *testing.T, s *Trust)) {
	t.Helper()
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) { test(t, Start(t, engine)) })
	}
}

// Start starts a fresh server on an engine, open to registration and without rate limits.
func Start(t testing.TB, engine string, change ...func(*config.Config)) *Trust {
	t.Helper()
	conf := config.Defaults()
	o := storetest.OptionsOn(t, engine)
	conf.Server.Data, conf.Server.Database = o.Dir, o.URL
	if conf.Server.Data == "" {
		conf.Server.Data = t.TempDir()
	}
	conf.Server.Name, conf.Server.Listen = ServerName, "127.0.0.1:0"
	conf.Accounts.OpenRegistration, conf.Limits.Off = true, true
	for _, c := range change {
		c(conf)
	}
	return Open(t, conf)
}

// Open starts a server as configured, perhaps on the data of one that has stopped.
func Open(t testing.TB, conf *config.Config) *Trust {
	t.Helper()
	s, err := server.New(context.Background(), conf, slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	trust := &Trust{Server: s, Conf: conf, t: t, http: httptest.NewServer(s.Handler())}
	trust.URL = trust.http.URL
	t.Cleanup(trust.Stop)
	return trust
}

// Stop stops the server; it may be called more than once.
func (s *Trust) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Server.Stop(ctx); err != nil {
		s.t.Errorf("stopping the server: %v", err)
	}
	s.http.Close()
}

// testLog writes the server's log to the test's.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Helper()
	if !strings.Contains(string(b), "level=DEBUG") {
		l.t.Logf("server: %s", strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

// Staff registers people and signs them in.
func (s *Trust) Staff(t testing.TB, names ...string) []*client.Client {
	t.Helper()
	var out []*client.Client
	for _, name := range names {
		c := client.New(s.URL)
		if err := c.Register(t.Context(), name, Password); err != nil {
			t.Fatalf("registering %s: %v", name, err)
		}
		out = append(out, c)
	}
	return out
}

// SignIn signs somebody in on one more device.
func (s *Trust) SignIn(t testing.TB, name string) *client.Client {
	t.Helper()
	c := client.New(s.URL)
	if err := c.Login(t.Context(), name, Password, client.LoginOptions{}); err != nil {
		t.Fatalf("signing %s in: %v", name, err)
	}
	return c
}

// Room makes a room of the first with the others, who join it.
func Room(t testing.TB, of ...*client.Client) string {
	t.Helper()
	spec := client.NewRoom{Preset: "private_chat"}
	for _, c := range of[1:] {
		spec.Invite = append(spec.Invite, c.UserID())
	}
	id, err := of[0].CreateRoom(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range of[1:] {
		if _, err := c.Join(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

// Say sends a text and gives the event's id.
func Say(t testing.TB, c *client.Client, roomID, format string, args ...any) string {
	t.Helper()
	id, err := c.Send(t.Context(), roomID, "m.room.message", client.Text(fmt.Sprintf(format, args...)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}
