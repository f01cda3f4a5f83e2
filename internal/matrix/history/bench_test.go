package history_test

import (
	"fmt"
	"testing"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// BenchmarkMessages reads a page of twenty, from memory and from the database.
func BenchmarkMessages(b *testing.B) {
	db := storetest.Open(b)
	r := newRig(b, roomtest.Open(b, db), accountdata.New(db))
	l := r.Room("amira")
	for i := range 40 {
		id := r.Say("amira", l, fmt.Sprint(i))
		r.Send("amira", l, "m.room.message", fmt.Sprintf(`{"body":"x","m.relates_to":{"rel_type":"m.thread","event_id":%q}}`, id))
	}
	old := room.Token(l.Last())
	r.talk(l, 400)
	for name, query := range map[string]string{"memory": "messages?dir=b&limit=20", "database": "messages?dir=b&limit=20&from=" + old} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.Get("amira", v3(l, query))
			}
		})
	}
}
