package sync

import (
	"testing"

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
