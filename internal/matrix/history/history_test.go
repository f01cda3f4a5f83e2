package history_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// pages reads a room to its end, limit events at a time, and gives the ids of all it was given.
func (r *rig) pages(local string, l *room.Live, query, from string) (got []string) {
	r.t.Helper()
	for n := 0; ; n++ {
		path := "messages?" + query
		if from != "" {
			path += "&from=" + from
		}
		page := r.Get(local, v3(l, path))
		if from != "" && page.Get("start").Str != from {
			r.t.Errorf("start is %s, from was %s", page.Get("start").Str, from)
		}
		got = append(got, ids(page.Get("chunk"))...)
		from = page.Get("end").Str
		if from == "" {
			return got
		}
		if n > 1000 {
			r.t.Fatal("there is no end to the pages")
		}
	}
}

// TestPagesGiveEveryEventOnce plays rooms at random and reads them in pages of every size, both ways, from memory and
// from the database, with and without a filter.
func TestPagesGiveEveryEventOnce(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.ignore(reader, "cara")
		for seed := range uint64(6) {
			dice := rand.New(rand.NewPCG(seed, 2))
			l := r.Room("amira", "ben", "cara")
			r.Set("amira", l, "m.room.history_visibility", "", `{"history_visibility":"joined"}`)
			for range 10 + dice.IntN(160) {
				switch dice.IntN(12) {
				case 0, 1:
					r.step(l, r.other(l))
				case 2, 3:
					r.Send("ben", l, "m.sticker", `{"url":"mxc://northbrook.test/x","body":"x"}`)
				default:
					r.Say([]string{"amira", "ben", "cara"}[dice.IntN(3)], l, "hello")
				}
			}
			if r.other(l) == "join" {
				r.step(l, "join")
			}
			r.checkPages(l, dice)
			again := r.restarted()
			l, err := again.Find(ctx, l.ID)
			if err != nil {
				t.Fatal(err)
			}
			again.checkPages(l, dice)
		}
	})
}

// other is what changes the reader's membership.
func (r *rig) other(l *room.Live) string {
	if l.Membership(roomtest.Who(reader).User) == "join" {
		return "leave"
	}
	return "join"
}

func (r *rig) checkPages(l *room.Live, dice *rand.Rand) {
	r.t.Helper()
	var want, stickers []string
	for _, ev := range r.allowed(r.stored(l)) {
		if ev.StateKey == nil && ev.Sender == roomtest.Who("cara").User {
			continue
		}
		want = append(want, ev.ID)
		if ev.HasURL() {
			stickers = append(stickers, ev.ID)
		}
	}
	for range 6 {
		limit := 1 + dice.IntN(40)
		for _, dir := range []string{"f", "b"} {
			for filter, want := range map[string][]string{"": want, `{"contains_url":true}`: stickers} {
				got := r.pages(reader, l, fmt.Sprintf("dir=%s&limit=%d&filter=%s", dir, limit, url.QueryEscape(filter)), "")
				if dir == "b" {
					slices.Reverse(got)
				}
				if !slices.Equal(got, want) {
					r.t.Errorf("direction %s, limit %d, filter %q: %d events, want %d", dir, limit, filter, len(got), len(want))
				}
			}
		}
	}
}

func TestOneTokenStandsBetweenTwoEvents(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben")
		for i := range 20 {
			r.Say("ben", l, fmt.Sprint(i))
		}
		log := r.stored(l)
		var all []string
		for _, ev := range log {
			all = append(all, ev.ID)
		}
		for i, ev := range log {
			token := room.Token(ev.Pos)
			on := r.pages("amira", l, "dir=f&limit=4", token)
			back := r.pages("amira", l, "dir=b&limit=7", token)
			slices.Reverse(back)
			if !slices.Equal(append(back, on...), all) || len(back) != i+1 {
				t.Errorf("token %d: %d before and %d after", i, len(back), len(on))
			}
		}
		mid, end := room.Token(log[5].Pos), room.Token(log[15].Pos)
		for query, want := range map[string][]string{
			"dir=f&limit=4&from=" + mid + "&to=" + end: all[6:16],
			"dir=b&limit=4&from=" + end + "&to=" + mid: all[6:16],
			"dir=b&limit=4&from=" + mid + "&to=" + end: nil,
			"dir=f&limit=4&from=" + end + "&to=" + end: nil,
		} {
			var got []string
			for n, next := 0, query; next != "" && n < 20; n++ {
				page := r.Get("amira", v3(l, "messages?"+next))
				got = append(got, ids(page.Get("chunk"))...)
				next = ""
				if e := page.Get("end").Str; e != "" {
					dir, rest, _ := strings.Cut(query, "&limit=4&from=")
					_, to, _ := strings.Cut(rest, "&to=")
					next = dir + "&limit=4&from=" + e + "&to=" + to
				}
			}
			if strings.HasPrefix(query, "dir=b") {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d events, want %d", query, len(got), len(want))
			}
		}
	})
}

func TestMessagesRefuses(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira")
		for query, want := range map[string]string{
			"":                             "400 M_MISSING_PARAM",
			"dir=x":                        "400 M_INVALID_PARAM",
			"dir=b&limit=-1":               "400 M_INVALID_PARAM",
			"dir=b&limit=x":                "400 M_INVALID_PARAM",
			"dir=b&from=t1":                "400 M_INVALID_PARAM",
			"dir=b&to=s":                   "400 M_INVALID_PARAM",
			"dir=b&filter=x":               "400 M_INVALID_PARAM",
			"dir=b&filter=%7B%22types%22:": "400 M_INVALID_PARAM",
		} {
			status, answer := r.Do("amira", "GET", v3(l, "messages?"+query), "")
			if got := fmt.Sprint(status, " ", answer.Get("errcode").Str); got != want {
				t.Errorf("%q: %s, want %s", query, got, want)
			}
		}
		if status, _ := r.Do("", "GET", v3(l, "messages?dir=b"), ""); status != 401 {
			t.Errorf("without a token: %d", status)
		}
	})
}

func TestUnsignedTellsWhatTheReaderWas(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira")
		r.Say("amira", l, "0")
		for _, step := range []string{"invite", "join", "leave", "join"} {
			r.step(l, step)
			r.Say("amira", l, step)
		}
		var got []string
		for _, ev := range r.Get(reader, v3(l, "messages?dir=f&limit=100")).Get("chunk").Array() {
			if ev.Get("type").Str == "m.room.message" || ev.Get("state_key").Str == roomtest.Who(reader).User {
				got = append(got, ev.Get("unsigned.membership").Str)
			}
		}
		// Rana is invited anew to join the second time.
		if want := "[leave invite invite join join leave leave invite join join]"; fmt.Sprint(got) != want {
			t.Errorf("%v, want %s", got, want)
		}
	})
}

func TestTransactionComesBackToItsDevice(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben")
		id := r.Say("amira", l, "hello")
		for local, want := range map[string]bool{"amira": true, "ben": false} {
			if got := r.Get(local, v3(l, "event/"+id)); got.Get("unsigned.transaction_id").Exists() != want {
				t.Errorf("%s: %s", local, got.Raw)
			}
		}
	})
}

func TestMembersComeWithWhatTheySay(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben", "cara", "dev")
		r.Say("ben", l, "1")
		middle := r.Say("cara", l, "2")
		if err := r.Leave(ctx, roomtest.Who("cara"), l.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.Set("amira", l, "m.room.name", "", `{"name":"Ward 7"}`)
		r.Say("ben", l, "3")
		lazy := url.QueryEscape(`{"lazy_load_members":true}`)
		members := func(state gjson.Result) string {
			var out []string
			for _, ev := range state.Array() {
				if ev.Get("type").Str == "m.room.member" {
					out = append(out, strings.TrimSuffix(ev.Get("state_key").Str, ":"+roomtest.Server)+" "+ev.Get("content.membership").Str)
				}
			}
			slices.Sort(out)
			return strings.Join(out, ", ")
		}
		for query, want := range map[string]string{
			"messages?dir=b&limit=1":                "",
			"messages?dir=b&limit=1&filter=" + lazy: "@ben join",
			"messages?dir=b&limit=4&filter=" + lazy: "@amira join, @ben join, @cara leave",
			"messages?dir=b&limit=2&filter=" + lazy + "&from=" + room.Token(r.position(l, middle)): "@ben join, @cara join",
			"context/" + middle + "?limit=2":                "@amira join, @ben join, @cara leave, @dev join",
			"context/" + middle + "?limit=0":                "@amira join, @ben join, @cara join, @dev join",
			"context/" + middle + "?limit=0&filter=" + lazy: "@cara join",
			"context/" + middle + "?limit=2&filter=" + lazy: "@ben join, @cara leave",
			"context/" + middle + "?limit=6&filter=" + lazy: "@amira join, @ben join, @cara leave, @dev join",
		} {
			for _, r := range []*rig{r, r.restarted()} {
				if got := members(r.Get("amira", v3(l, query)).Get("state")); got != want {
					t.Errorf("%s: %s, want %s", query, got, want)
				}
			}
		}
		state := r.Get("amira", v3(l, "context/"+middle+"?limit=0")).Get("state")
		if strings.Contains(state.Raw, "Ward 7") {
			t.Error("the context shows a name the room got later")
		}
	})
}

func (r *rig) position(l *room.Live, id string) int64 {
	r.t.Helper()
	for _, ev := range r.stored(l) {
		if ev.ID == id {
			return ev.Pos
		}
	}
	r.t.Fatalf("%s is not stored", id)
	return 0
}

func TestContextShowsBothSides(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira")
		var said []string
		for i := range 20 {
			said = append(said, r.Say("amira", l, fmt.Sprint(i)))
		}
		for limit, sides := range map[int][2]int{0: {0, 0}, 1: {0, 1}, 2: {1, 1}, 5: {2, 3}, 10: {5, 5}} {
			c := r.Get("amira", v3(l, fmt.Sprintf("context/%s?limit=%d", said[10], limit)))
			before, after := ids(c.Get("events_before")), ids(c.Get("events_after"))
			slices.Reverse(before)
			if !slices.Equal(before, said[10-sides[0]:10]) || !slices.Equal(after, said[11:11+sides[1]]) {
				t.Errorf("limit %d: %d before, %d after", limit, len(before), len(after))
			}
			back, on := r.pages("amira", l, "dir=b&limit=50", c.Get("start").Str), r.pages("amira", l, "dir=f&limit=50", c.Get("end").Str)
			if back[0] != said[9-sides[0]] || on[0] != said[11+sides[1]] {
				t.Errorf("limit %d: paging on from start and end leaves a gap", limit)
			}
		}
		only := url.QueryEscape(`{"types":["m.room.name"]}`)
		c := r.Get("amira", v3(l, "context/"+said[10]+"?filter="+only))
		if c.Get("event.event_id").Str != said[10] || len(c.Get("events_before").Array())+len(c.Get("state").Array()) > 0 {
			t.Errorf("with a filter: %s", c.Raw)
		}
		if status, _ := r.Do("amira", "GET", v3(l, "context/"+said[10]+"?limit=-1"), ""); status != 400 {
			t.Errorf("a negative limit: %d", status)
		}
	})
}

func TestWhoIsIgnoredIsNotRead(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben")
		hello, middle, bye := r.Say("amira", l, "hello"), r.Say("ben", l, "nonsense"), r.Say("amira", l, "bye")
		r.Set("amira", l, "m.room.power_levels", "", `{"users":{"@ben:northbrook.test":50},"users_default":0}`)
		name := r.Set("ben", l, "m.room.name", "", `{"name":"Ward 7"}`)
		r.ignore("amira", "ben")
		page := r.Get("amira", v3(l, "messages?dir=b&limit=100"))
		got := ids(page.Get("chunk"))
		if slices.Contains(got, middle) || !slices.Contains(got, hello) || !slices.Contains(got, name) {
			t.Errorf("messages: %s", page.Raw)
		}
		c := r.Get("amira", v3(l, "context/"+hello+"?limit=2"))
		if got := ids(c.Get("events_after")); !slices.Equal(got, []string{bye}) {
			t.Errorf("context: %v", got)
		}
		for _, path := range []string{"event/", "context/"} {
			if status, _ := r.Do("amira", "GET", v3(l, path+middle), ""); status != 404 {
				t.Errorf("%s of somebody ignored: %d", path, status)
			}
			if status, _ := r.Do("amira", "GET", v3(l, path+name), ""); status != 200 {
				t.Errorf("%s of state: %d", path, status)
			}
		}
	})
}

func TestFilterByRelations(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben", "cara")
		first, second := r.Say("amira", l, "first"), r.Say("amira", l, "second")
		r.Say("amira", l, "third")
		relate := func(local, relType, parent string) {
			r.Send(local, l, "m.room.message", fmt.Sprintf(`{"m.relates_to":{"rel_type":%q,"event_id":%q}}`, relType, parent))
		}
		relate("ben", "m.thread", first)
		relate("cara", "m.reference", first)
		relate("cara", "m.thread", second)
		ben, cara := roomtest.Who("ben").User, roomtest.Who("cara").User
		for _, c := range []struct {
			filter map[string]any
			want   []string
		}{
			{map[string]any{"related_by_rel_types": []string{"m.thread"}}, []string{second, first}},
			{map[string]any{"related_by_senders": []string{ben}}, []string{first}},
			{map[string]any{"related_by_senders": []string{cara}, "related_by_rel_types": []string{"m.thread"}}, []string{second}},
			{map[string]any{"related_by_senders": []string{ben}, "related_by_rel_types": []string{"m.reference"}}, nil},
		} {
			f, err := json.Marshal(c.filter)
			if err != nil {
				t.Fatal(err)
			}
			page := r.Get("amira", v3(l, "messages?dir=b&limit=10&filter="+url.QueryEscape(string(f))))
			if got := ids(page.Get("chunk")); !slices.Equal(got, c.want) {
				t.Errorf("%s: %d events, want %d", f, len(got), len(c.want))
			}
		}
	})
}

// TestScanIsBounded makes sure that a filter which lets nothing through does not read a long room at once, and that the
// client can go on all the same.
func TestScanIsBounded(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira")
		first := r.Send("amira", l, "org.example.rare", `{}`)
		r.talk(l, 2100)
		rare := url.QueryEscape(`{"types":["org.example.rare"]}`)
		page := r.Get("amira", v3(l, "messages?dir=b&limit=5&filter="+rare))
		if len(page.Get("chunk").Array()) != 0 || page.Get("end").Str == "" {
			t.Fatalf("the first page read all there is: %s", page.Raw)
		}
		if got := r.pages("amira", l, "dir=b&limit=5&filter="+rare, ""); !slices.Equal(got, []string{first}) {
			t.Errorf("found %v", got)
		}
	})
}

func TestNearest(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		const noon = int64(1_790_000_000_000)
		l := r.RoomOf(creation.Creation{Preset: "private_chat", TS: noon}, "amira")
		at := map[int64]string{}
		var last int64
		for i := range int64(300) {
			last = noon + 1000 + 10*i
			// The clocks of two nodes differ: every third event is a little early.
			if i%3 == 2 {
				last -= 15
			}
			ev, err := r.Append(ctx, roomtest.Who("amira"), l, &room.Draft{Type: "m.room.message", Content: []byte(`{"body":"x"}`), TS: last})
			if err != nil {
				t.Fatal(err)
			}
			at[last] = ev.ID
		}
		for ts := noon + 990; ts <= noon+4100; ts += 37 {
			for _, back := range []bool{false, true} {
				want := int64(-1)
				for other := range at {
					if back && other <= ts && other > want || !back && other >= ts && (want < 0 || other < want) {
						want = other
					}
				}
				ev, err := r.history.Nearest(ctx, roomtest.Who("amira"), l.ID, ts, back)
				switch {
				case want < 0 && back: // the room's own first events
					if err != nil || ev.TS != noon {
						t.Errorf("%d backwards: %v", ts-noon, err)
					}
				case want < 0:
					if !errs.Is(err, errs.NotFound) {
						t.Errorf("%d forwards: %v, want nothing", ts-noon, err)
					}
				case err != nil || ev.ID != at[want]:
					t.Errorf("%d, back %t: %v, want %d", ts-noon, back, err, want-noon)
				}
			}
		}
		if _, err := r.history.Nearest(ctx, roomtest.Who("amira"), l.ID, noon-1, true); !errs.Is(err, errs.NotFound) {
			t.Errorf("before the room was made: %v", err)
		}
		for query, want := range map[string]int{"dir=f&ts=0": 200, "dir=f": 400, "ts=1": 400, "dir=x&ts=1": 400, "dir=b&ts=0": 404} {
			if status, answer := r.Do("amira", "GET", v1(l, "timestamp_to_event?"+query), ""); status != want {
				t.Errorf("%s: %d %s", query, status, answer.Raw)
			}
		}
		if status, _ := r.Do("mallory", "GET", v1(l, "timestamp_to_event?dir=f&ts=0"), ""); status != 403 {
			t.Errorf("a stranger: %d", status)
		}
	})
}

func TestAround(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira")
		a, b, c := r.Say("amira", l, "a"), r.Say("amira", l, "b"), r.Say("amira", l, "c")
		opened, err := r.Open(ctx, roomtest.Who("amira"), l.ID, room.Reading)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := r.EventByID(ctx, opened, b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.history.Around(ctx, opened, ev, 1, 1, &filter.Events{})
		if err != nil || len(got.Before) != 1 || got.Before[0].ID != a || len(got.After) != 1 || got.After[0].ID != c {
			t.Errorf("%+v, %v", got, err)
		}
		if !gjson.ValidBytes(got.Append(nil, got.Event)) {
			t.Error("the event is not JSON")
		}
	})
}
