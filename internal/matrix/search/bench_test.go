package search_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/matrix/search"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// BenchmarkMessages searches 50,000 messages in 50 rooms, of which the caller is in 10: for a word that is in most messages, for one that
// is in some, and for two together.
func BenchmarkMessages(b *testing.B) {
	for _, engine := range storetest.Engines() {
		r := openRig(b, storetest.OpenOn(b, engine))
		var rooms []*room.Live
		for i := range 50 {
			others := []string{"ben"}
			if i%5 == 0 {
				others = append(others, "alice")
			}
			rooms = append(rooms, r.Room("cara", others...))
		}
		r.fill(rooms, 50_000)
		for _, term := range []string{"w0", "w40", "w3 w9", "w4000"} {
			for _, recent := range []bool{true, false} {
				b.Run(fmt.Sprintf("%s/%s/recent=%t", engine, strings.ReplaceAll(term, " ", "+"), recent), func(b *testing.B) {
					for b.Loop() {
						r.page("alice", search.Ask{Term: term, Recent: recent})
					}
				})
			}
		}
	}
}

// fill writes rows as appending would, many in one transaction.
func (r *rig) fill(rooms []*room.Live, n int) {
	r.t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.1, 5, 4999)
	for done := 0; done < n; done += 1000 {
		err := r.DB.Write(r.t.Context(), func(tx *store.Tx) error {
			for range 1000 {
				var words []string
				for range 12 {
					words = append(words, fmt.Sprintf("w%d", zipf.Uint64()))
				}
				l := rooms[random.IntN(len(rooms))]
				ev := &room.Event{Pos: tx.Next(), Room: l}
				ev.Type, ev.Sender, ev.Content = "m.room.message", roomtest.Who("ben").User, []byte(`{"msgtype":"m.text","body":"`+strings.Join(words, " ")+`"}`)
				err := tx.Exec(`INSERT INTO event (pos, room, id, type, sender, ts, json) VALUES ($1, $2, $3, 'm.room.message', $4, 0, $5)`,
					ev.Pos, l.NR, fmt.Sprint("$", ev.Pos), ev.Sender, `{"content":`+string(ev.Content)+`}`)
				if err != nil {
					return err
				}
				if err := r.search.Index(tx, ev); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// BenchmarkIndex tells what indexing adds to a message, when 64 are written together.
func BenchmarkIndex(b *testing.B) {
	for _, engine := range storetest.Engines() {
		for _, indexed := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/indexed=%t", engine, indexed), func(b *testing.B) {
				w := roomtest.Open(b, storetest.OpenOn(b, engine))
				if indexed {
					w.AddCompanion(search.New(w.DB, w.Rooms, nil, nil, nil).Index)
				}
				l := w.Room("ben")
				b.SetParallelism(32)
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for i := 0; pb.Next(); i++ {
						content := fmt.Sprintf(`{"msgtype":"m.text","body":"Bed %d: bloods are back, potassium 5.%d, please repeat the ECG before the ward round"}`, i%40, i%10)
						_, err := w.Append(b.Context(), roomtest.Who("ben"), l, &room.Draft{Type: "m.room.message", Content: []byte(content)})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	}
}
