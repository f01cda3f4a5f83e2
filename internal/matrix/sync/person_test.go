package sync

import (
	"testing"

	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/matrix/typing"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// TestQuietUntilSomethingConcernsThePerson: a request may wait without looking only while nothing has happened that could be told.
func TestQuietUntilSomethingConcernsThePerson(t *testing.T) {
	db := storetest.Open(t)
	ward := roomtest.Open(t, db)
	e := New(Sources{DB: db, Rooms: ward.Rooms, Typing: typing.New(ward.Rooms)})
	shared, other := ward.Room("amira", "ben"), ward.Room("ben")
	p, err := e.person(t.Context(), roomtest.Who("amira").User)
	if err != nil {
		t.Fatal(err)
	}
	now := func() token { return token{pos: e.applied.Load()} }
	before := now()
	if !p.quiet(before) {
		t.Error("not quiet though nothing has happened since the token")
	}
	if p.quiet(token{pos: before.pos - 1}) {
		t.Error("quiet after a token from before the last change known")
	}
	ward.Say("ben", other, "nothing to do with her")
	if err := db.Write(t.Context(), func(tx *store.Tx) error { tx.Log("job", "store.trim", "1", nil); return nil }); err != nil {
		t.Fatal(err)
	}
	if !p.quiet(before) {
		t.Error("not quiet after what concerns only others")
	}
	ward.Say("ben", shared, "bloods are back")
	if p.quiet(before) {
		t.Error("quiet after a message to her")
	}
	if !p.quiet(now()) {
		t.Error("not quiet for a token from after the message")
	}
}
