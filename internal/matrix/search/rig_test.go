package search_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/history"
	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/matrix/search"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// rig is a ward whose messages are indexed.
type rig struct {
	*roomtest.Ward
	t      testing.TB
	search *search.Search
	keep   *accountdata.Keep
}

func openRig(t testing.TB, db *store.DB) *rig {
	r := &rig{Ward: roomtest.Open(t, db), t: t, keep: accountdata.New(db)}
	relations := relation.New(db, r.Rooms, r.keep)
	r.search = search.New(db, r.Rooms, r.keep, history.New(db, r.Rooms, r.keep, relations), relations)
	r.AddCompanion(r.search.Index)
	return r
}

// each runs a test on each engine.
func each(t *testing.T, test func(t *testing.T, r *rig)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { test(t, openRig(t, open())) })
}

func (r *rig) page(local string, ask search.Ask) *search.Page {
	r.t.Helper()
	p, err := r.search.Messages(r.t.Context(), roomtest.Who(local), &ask)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *rig) find(local, term string) []string {
	r.t.Helper()
	return ids(r.page(local, search.Ask{Term: term, Recent: true}))
}

// finds expects exactly these events, the newest first.
func (r *rig) finds(local, term string, want ...string) {
	r.t.Helper()
	if got := r.find(local, term); !slices.Equal(got, want) {
		r.t.Errorf("%s searching %q found %v, want %v", local, term, got, want)
	}
}

func ids(p *search.Page) []string {
	out := []string{}
	for _, res := range p.Results {
		out = append(out, res.Event.ID)
	}
	return out
}

func (r *rig) edit(local string, l *room.Live, id, text string) string {
	r.t.Helper()
	return r.Send(local, l, "m.room.message", fmt.Sprintf(
		`{"msgtype":"m.text","body":"* %[1]s","m.new_content":{"msgtype":"m.text","body":"%[1]s"},"m.relates_to":{"rel_type":"m.replace","event_id":"%[2]s"}}`, text, id))
}

func (r *rig) redact(local string, l *room.Live, id string) {
	r.t.Helper()
	_, err := r.Redact(r.t.Context(), roomtest.Who(local), l.ID, id, "", room.Txn{ID: fmt.Sprint("redact", id), Path: "test"})
	if err != nil {
		r.t.Fatal(err)
	}
}

func parse(t testing.TB, text string) *filter.Events {
	t.Helper()
	f, err := filter.ParseEvents([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
