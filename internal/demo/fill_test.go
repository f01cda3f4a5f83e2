package demo

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/server"
)

// filled gives the verbs of a server that has been filled, and when.
func filled(t *testing.T) (server.Slices, time.Time) {
	t.Helper()
	conf, err := config.Load("", nil, map[string]string{"server.data": t.TempDir(), "server.server_name": ServerName})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), conf, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if err := Fill(t.Context(), s.Slices(), "correct horse battery", now); err != nil {
		t.Fatal(err)
	}
	return s.Slices(), now
}

func TestFill(t *testing.T) {
	s, now := filled(t)
	c, err := read()
	if err != nil {
		t.Fatal(err)
	}
	users, err := s.Accounts.Users(t.Context(), "", 1000)
	if err != nil || len(users) != len(c.staff)+1 {
		t.Fatalf("%d accounts: %v", len(users), err)
	}
	signIns, err := SignIns("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	for i, one := range signIns[:Featured] {
		_, err := s.Accounts.Login(t.Context(), nil, one.UserID, one.Password, account.SignIn{})
		if err != nil {
			t.Errorf("%s cannot sign in: %v", one.UserID, err)
		}
		job, err := s.Profiles.Field(t.Context(), one.UserID, profile.Job)
		if err != nil || string(job) != `"`+one.Job+`"` {
			t.Errorf("the job of %s: %s, %v", one.UserID, job, err)
		}
		in, err := s.Rooms.Joined(t.Context(), one.UserID, "join")
		if err != nil || len(in) < 5 {
			t.Errorf("%s is in %d rooms: %v", one.UserID, len(in), err)
		}
		fresh := false
		for _, m := range in {
			fresh = fresh || endsBefore(t, s, c.staff[i], m.RoomID, now)
		}
		if !fresh {
			t.Errorf("%s has not heard of anything in the last hour", one.UserID)
		}
	}
}

// endsBefore checks that a room's last message is not after now, and reports whether it is of the last hour.
func endsBefore(t *testing.T, s server.Slices, p *Person, id string, now time.Time) bool {
	t.Helper()
	r, err := s.Rooms.Open(t.Context(), p.caller(), id, room.Belonging)
	if err != nil {
		t.Fatal(err)
	}
	latest, _ := r.Latest(1, room.Forever)
	at := time.UnixMilli(latest[0].TS)
	if at.After(now) {
		t.Errorf("the last event of %s is of %v, after %v", id, at, now)
	}
	return at.After(now.Add(-time.Hour))
}
