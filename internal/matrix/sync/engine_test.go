package sync

import (
	"strconv"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/matrix/typing"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// TestTheViewIsNeverAheadOfWhatItReads: while a follower of the log that was made before the engine (the inboxes of devices, say) has
// not taken a batch in, no answer may carry a token from within it: the device would say that it has received what it was not told.
func TestTheViewIsNeverAheadOfWhatItReads(t *testing.T) {
	db := storetest.Open(t)
	ward := roomtest.Open(t, db)
	var e *Engine
	seen := 0
	db.Follow(func(b store.Batch) {
		seen++
		if at := e.applied.Load(); at > b.From {
			t.Errorf("the view is at %d while a batch from %d to %d is taken in", at, b.From, b.To)
		}
	})
	e = New(Sources{DB: db, Rooms: ward.Rooms, Typing: typing.New(ward.Rooms)})
	ward.Say("amira", ward.Room("amira", "ben"), "bloods are back")
	if seen == 0 || e.applied.Load() != db.Position() {
		t.Errorf("%d batches; the view is at %d, the log at %d", seen, e.applied.Load(), db.Position())
	}
}

// TestConnectionsOfADeviceAreBounded: a device that begins one sliding connection after another loses its own, and nobody else's.
func TestConnectionsOfADeviceAreBounded(t *testing.T) {
	cs := newConnections()
	begin := func(user, id string) string {
		t.Helper()
		c, err := cs.open(connKey{user, "PHONE", id}, "")
		if err != nil {
			t.Fatal(err)
		}
		return c.serial + "_0"
	}
	resumes := func(user, id, pos string) bool { _, err := cs.open(connKey{user, "PHONE", id}, pos); return err == nil }
	other := begin("@ben:x", "main")
	first, kept := begin("@amira:x", "0"), ""
	for i := range connsOfDevice {
		begin("@amira:x", strconv.Itoa(i+1))
		kept = begin("@amira:x", strconv.Itoa(i+1)) // begun again, it is still one
	}
	if resumes("@amira:x", "0", first) || !resumes("@amira:x", strconv.Itoa(connsOfDevice), kept) || !resumes("@ben:x", "main", other) {
		t.Error("the wrong connection was forgotten")
	}
	if cs.sweep(time.Now().Add(25 * time.Hour)); len(cs.all)+len(cs.ids) != 0 {
		t.Errorf("%d connections of %d devices are left a day later", len(cs.all), len(cs.ids))
	}
}
