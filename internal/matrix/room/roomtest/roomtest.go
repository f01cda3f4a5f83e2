// Package roomtest makes rooms for the tests of packages that stand on them: a fresh database, a server's key, and
// people who exist by being named. It is for tests only.
package roomtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/listing"
	"github.com/wardline/wardline/internal/matrix/room/membership"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Server is the name of the server in tests.
const Server = "northbrook.test"

// Ward is a set of rooms with what tests need around them.
type Ward struct {
	*room.Rooms
	*membership.Members
	*creation.Maker
	*listing.Listing
	DB  *store.DB
	Key matrix.Key
	t   testing.TB
	tag string // of this ward's transactions: another on the same database has its own
	txn int
}

// Open makes rooms on a database of package storetest.
func Open(t testing.TB, db *store.DB) *Ward {
	t.Helper()
	key, err := matrix.NewKey("ed25519:test", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return Reopen(t, db, key)
}

// Reopen makes rooms anew on the database of others, as a node that has just started would.
func Reopen(t testing.TB, db *store.DB, key matrix.Key) *Ward {
	log := slog.New(slog.DiscardHandler)
	rooms := room.New(db, room.Config{ServerName: Server, Key: key}, people{}, log)
	names := listing.New(db, rooms)
	rooms.AddGate(names)
	return &Ward{
		Rooms: rooms, Members: membership.New(rooms, names), Maker: creation.New(creation.Config{}, rooms, names, log), Listing: names,
		DB: db, Key: key, t: t, tag: rand.Text(),
	}
}

// people are all whose name does not begin with "nobody".
type people struct{}

func (people) Profile(_ context.Context, user string) (name, avatar string, err error) {
	local := strings.TrimSuffix(strings.TrimPrefix(user, "@"), ":"+Server)
	if strings.HasPrefix(local, "nobody") {
		return "", "", errs.Absent("There is nobody of that name.")
	}
	return strings.ToUpper(local[:1]) + local[1:], "", nil
}

// Who is a caller by local part, at a device of their own.
func Who(local string) *audit.Caller {
	return &audit.Caller{User: "@" + local + ":" + Server, Device: "DEV" + strings.ToUpper(local)}
}

// Room makes a room of the creator and others, who all join.
func (w *Ward) Room(creator string, others ...string) *room.Live {
	w.t.Helper()
	return w.RoomOf(creation.Creation{Preset: "private_chat"}, creator, others...)
}

// RoomOf is Room for a creation of the test's own.
func (w *Ward) RoomOf(c creation.Creation, creator string, others ...string) *room.Live {
	w.t.Helper()
	for _, o := range others {
		c.Invite = append(c.Invite, Who(o).User)
	}
	l, err := w.Create(context.Background(), Who(creator), c)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range others {
		if _, err := w.Join(context.Background(), Who(o), l.ID, ""); err != nil {
			w.t.Fatal(err)
		}
	}
	return l
}

// Say sends a text message and gives its event.
func (w *Ward) Say(local string, l *room.Live, text string) string {
	w.t.Helper()
	return w.Send(local, l, "m.room.message", fmt.Sprintf(`{"msgtype":"m.text","body":%q}`, text))
}

// Send sends a message of any type and gives its event id.
func (w *Ward) Send(local string, l *room.Live, typ, content string) string {
	w.t.Helper()
	w.txn++
	id, err := w.Rooms.Send(context.Background(), Who(local), l.ID, &room.Draft{
		Type: typ, Content: []byte(content), Txn: room.Txn{ID: fmt.Sprint(w.tag, w.txn), Path: "test"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// Set sets a piece of state and gives the event id.
func (w *Ward) Set(local string, l *room.Live, typ, key, content string) string {
	w.t.Helper()
	id, err := w.PutState(context.Background(), Who(local), l.ID, &room.Draft{Type: typ, StateKey: &key, Content: []byte(content)})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}
