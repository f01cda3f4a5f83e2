package history_test

import (
	"context"
	"encoding/json"
	"net/url"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/history"
	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/membership"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/matrix/space"
	. "github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

// rig is a ward with every endpoint that reads rooms.
type rig struct {
	*roomtest.Ward
	*roomtest.Site
	t       testing.TB
	keep    *accountdata.Keep
	history *history.History
}

func newRig(t testing.TB, w *roomtest.Ward, keep *accountdata.Keep) *rig {
	relations := relation.New(w.DB, w.Rooms, keep)
	r := &rig{Ward: w, t: t, keep: keep, history: history.New(w.DB, w.Rooms, keep, relations)}
	api, rel, spaces := history.API{History: r.history}, relation.API{Relations: relations}, space.API{Spaces: space.New(w.Rooms, w.Listing)}
	const v1, v3 = "GET /_matrix/client/v1/rooms/{roomId}/", "GET /_matrix/client/v3/rooms/{roomId}/"
	r.Site = roomtest.Serve(t,
		Route{Pattern: v3 + "messages", Guard: User, Handler: Do(api.Messages)},
		Route{Pattern: v3 + "context/{eventId}", Guard: User, Handler: Do(api.Context)},
		Route{Pattern: v3 + "event/{eventId}", Guard: User, Handler: Do(api.Event)},
		Route{Pattern: v1 + "timestamp_to_event", Guard: User, Handler: Do(api.Nearest)},
		Route{Pattern: v1 + "relations/{eventId}", Guard: User, Handler: Do(rel.Children)},
		Route{Pattern: v1 + "threads", Guard: User, Handler: Do(rel.Threads)},
		Route{Pattern: v1 + "hierarchy", Guard: User, Handler: Do(spaces.Tree)},
		Route{Pattern: v3 + "state", Guard: User, Handler: Do(api.State)},
		Route{Pattern: v3 + "members", Guard: User, Handler: Do(membership.API{Members: w.Members}.List)},
	)
	return r
}

func each(t *testing.T, test func(t *testing.T, r *rig)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		w := roomtest.Open(t, db)
		test(t, newRig(t, w, accountdata.New(db)))
	})
}

// restarted is the rig as another node sees it that has just started.
func (r *rig) restarted() *rig {
	return newRig(r.t, roomtest.Reopen(r.t, r.DB, r.Key), r.keep)
}

func (r *rig) ignore(local, other string) {
	r.t.Helper()
	content, err := json.Marshal(map[string]any{"ignored_users": map[string]any{roomtest.Who(other).User: map[string]any{}}})
	if err != nil {
		r.t.Fatal(err)
	}
	who := roomtest.Who(local)
	if err := r.keep.Put(ctx, who, who.User, "", accountdata.Ignored, jsontext.Value(content)); err != nil {
		r.t.Fatal(err)
	}
}

// stored gives the whole log of a room.
func (r *rig) stored(l *room.Live) []*room.Event {
	r.t.Helper()
	events, err := r.After(ctx, l, room.Spans{{From: 0, To: room.Forever}}, 0, 1_000_000)
	if err != nil {
		r.t.Fatal(err)
	}
	return events
}

// v1 and v3 give the address of something of a room.
func v1(l *room.Live, rest string) string {
	return "/_matrix/client/v1/rooms/" + url.PathEscape(l.ID) + "/" + rest
}

func v3(l *room.Live, rest string) string {
	return "/_matrix/client/v3/rooms/" + url.PathEscape(l.ID) + "/" + rest
}

// ids gives the ids of a list of events.
func ids(events gjson.Result) (out []string) {
	for _, ev := range events.Array() {
		out = append(out, ev.Get("event_id").Str)
	}
	return out
}

// talk has Amira say something n times, eight at once.
func (r *rig) talk(l *room.Live, n int) {
	r.t.Helper()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range (n + 7) / 8 {
				d := &room.Draft{Type: "m.room.message", Content: []byte(`{"msgtype":"m.text","body":"and so on"}`)}
				if _, err := r.Append(ctx, roomtest.Who("amira"), l, d); err != nil {
					r.t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
