package space_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/matrix/space"
	. "github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

type rig struct {
	*roomtest.Ward
	*roomtest.Site
	t      testing.TB
	spaces *space.Spaces
	now    int64 // each child is put into its space a millisecond after the last
}

func each(t *testing.T, test func(t *testing.T, r *rig)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		w := roomtest.Open(t, open())
		r := &rig{Ward: w, t: t, spaces: space.New(w.Rooms, w.Listing), now: time.Now().UnixMilli()}
		api := space.API{Spaces: r.spaces}
		r.Site = roomtest.Serve(t,
			Route{Pattern: "GET /_matrix/client/v1/rooms/{roomId}/hierarchy", Guard: User, Handler: Do(api.Tree)},
			Route{Pattern: "GET /_matrix/client/v1/room_summary/{roomIdOrAlias}", Guard: User, Handler: Do(api.Summary)},
			Route{Pattern: "GET /_matrix/client/v3/publicRooms", Guard: User, Handler: Do(api.List)},
			Route{Pattern: "POST /_matrix/client/v3/publicRooms", Guard: User, Handler: Do(api.Search)},
		)
		test(t, r)
	})
}

// open makes a room that anybody may join.
func (r *rig) open(name string) *room.Live {
	return r.RoomOf(creation.Creation{Preset: "public_chat", Name: name}, "amira")
}

// space makes a space that anybody may join.
func (r *rig) space(name string) *room.Live {
	return r.RoomOf(creation.Creation{Preset: "public_chat", Name: name, Content: map[string]any{"type": "m.space"}}, "amira")
}

// child puts a room into a space; more is put into the content.
func (r *rig) child(parent, child *room.Live, more string) {
	r.t.Helper()
	r.now++
	_, err := r.Append(ctx, roomtest.Who("amira"), parent, &room.Draft{
		Type: "m.space.child", StateKey: &child.ID, Content: []byte(`{"via":["northbrook.test"]` + more + `}`), TS: r.now,
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func treePath(l *room.Live, query string) string {
	return "/_matrix/client/v1/rooms/" + url.PathEscape(l.ID) + "/hierarchy" + query
}

// names gives the names of the rooms of an answer, in order.
func names(rooms gjson.Result) string {
	var out []string
	for _, r := range rooms.Array() {
		out = append(out, r.Get("name").Str)
	}
	return strings.Join(out, " ")
}

func TestTreeIsWalkedInOrder(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		top, sub, deep := r.space("top"), r.space("sub"), r.space("deep")
		leaf := map[string]*room.Live{}
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "gone", "odd"} {
			leaf[name] = r.open(name)
		}
		r.child(top, leaf["d"], "")
		r.child(top, leaf["c"], `,"order":"`+strings.Repeat("x", 51)+`"`) // too long: as if it had none
		r.child(top, leaf["a"], `,"order":"a"`)
		r.child(top, sub, `,"order":"b","suggested":true`)
		r.child(top, leaf["b"], `,"order":" "`)
		r.child(top, leaf["gone"], "")
		r.Set("amira", top, "m.space.child", leaf["gone"].ID, `{}`)
		r.Set("amira", top, "m.space.child", "!nowhere", `{"via":["x"]}`)
		r.Set("amira", top, "m.space.child", "no room", `{"via":["x"]}`)
		r.child(sub, leaf["e"], `,"suggested":true`)
		r.child(sub, deep, "")
		r.child(deep, leaf["f"], "")
		r.child(deep, top, "") // round again
		r.child(deep, leaf["a"], "")
		for query, want := range map[string]string{
			"":                                   "top b a sub e deep f d c",
			"?max_depth=0":                       "top",
			"?max_depth=1":                       "top b a sub d c",
			"?max_depth=2":                       "top b a sub e deep d c",
			"?suggested_only=true":               "top sub e",
			"?suggested_only=true&max_depth=1":   "top sub",
			"?suggested_only=false&max_depth=99": "top b a sub e deep f d c",
		} {
			got := names(r.Get("ben", treePath(top, query)).Get("rooms"))
			if got != want {
				t.Errorf("%s: %s, want %s", query, got, want)
			}
		}
		children := r.Get("ben", treePath(top, "")).Get("rooms.0.children_state")
		if n := len(children.Array()); n != 6 {
			t.Errorf("%d children are named, want 6: %s", n, children.Raw)
		}
		for _, c := range children.Array() {
			if c.Get("type").Str != "m.space.child" || c.Get("origin_server_ts").Int() == 0 || c.Get("event_id").Exists() || !c.Get("content.via").IsArray() {
				t.Errorf("a child: %s", c.Raw)
			}
		}
		if got := names(r.Get("ben", treePath(leaf["a"], "")).Get("rooms")); got != "a" {
			t.Errorf("of a room that is no space: %s", got)
		}
	})
}

func TestTreeComesInPages(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		top := r.space("top")
		want := "top"
		for i := range 7 {
			sub := r.space(fmt.Sprint("s", i))
			r.child(top, sub, fmt.Sprintf(`,"order":"%d"`, i))
			leaf := r.open(fmt.Sprint("l", i))
			r.child(sub, leaf, "")
			want += fmt.Sprintf(" s%d l%d", i, i)
		}
		for limit := 1; limit <= 16; limit++ {
			var got []string
			from := ""
			for n := 0; n < 20; n++ {
				page := r.Get("ben", treePath(top, fmt.Sprintf("?limit=%d%s", limit, from)))
				got = append(got, names(page.Get("rooms")))
				if !page.Get("next_batch").Exists() {
					break
				}
				from = "&from=" + page.Get("next_batch").Str
			}
			if strings.Join(got, " ") != want {
				t.Errorf("limit %d: %v", limit, got)
			}
		}
		next := r.Get("ben", treePath(top, "?limit=1&max_depth=2")).Get("next_batch").Str
		for query, want := range map[string]int{
			"?max_depth=2&from=" + next:                     200,
			"?max_depth=1&from=" + next:                     400,
			"?max_depth=2&suggested_only=true&from=" + next: 400,
			"?from=h-1_10_false":                            400,
			"?from=h1":                                      400,
			"?from=x":                                       400,
			"?limit=-1":                                     400,
			"?max_depth=-1":                                 400,
		} {
			if status, answer := r.Do("ben", "GET", treePath(top, query), ""); status != want {
				t.Errorf("%s: %d %s", query, status, answer.Raw)
			}
		}
	})
}

// TestWhoMayKnowOfARoom holds tree and summary against the rules: join rule and visibility of the room, membership of
// whoever asks.
func TestWhoMayKnowOfARoom(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		staff := r.open("staff")
		if _, err := r.Join(ctx, roomtest.Who("rana"), staff.ID, ""); err != nil {
			t.Fatal(err)
		}
		closed := r.Room("amira")
		top := r.space("top")
		allow := func(l *room.Live) string {
			return fmt.Sprintf(`,"allow":[{"type":"m.room_membership","room_id":%q}]`, l.ID)
		}
		rules := []struct {
			rule, more string
			open       bool
		}{
			{"invite", "", false}, {"private", "", false}, {"nonsense", "", false},
			{"public", "", true}, {"knock", "", true}, {"knock_restricted", allow(closed), true},
			{"restricted", allow(staff), true}, {"restricted", allow(closed), false}, {"restricted", "", false},
		}
		for _, rule := range rules {
			for _, visibility := range []string{"world_readable", "shared", "joined"} {
				for _, membership := range []string{"none", "invite", "join", "leave", "ban"} {
					l := r.RoomOf(creation.Creation{Preset: "private_chat", Name: "x", State: []creation.Initial{
						{Type: "m.room.history_visibility", Content: fmt.Appendf(nil, `{"history_visibility":%q}`, visibility)},
					}}, "amira")
					r.become(l, membership)
					r.Set("amira", l, "m.room.join_rules", "", fmt.Sprintf(`{"join_rule":%q%s}`, rule.rule, rule.more))
					r.child(top, l, "")
					want := visibility == "world_readable" || membership == "join" || membership == "invite" ||
						membership != "ban" && rule.open
					name := fmt.Sprint(rule, visibility, membership)
					if status, _ := r.Do("rana", "GET", treePath(l, ""), ""); status != map[bool]int{true: 200, false: 403}[want] {
						t.Errorf("%s: hierarchy %d", name, status)
					}
					shown := len(r.Get("rana", treePath(top, "")).Get("rooms").Array()) == 2
					if shown != want {
						t.Errorf("%s: shown in a space %t", name, shown)
					}
					status, sum := r.Do("rana", "GET", "/_matrix/client/v1/room_summary/"+url.PathEscape(l.ID), "")
					if status != map[bool]int{true: 200, false: 404}[want] {
						t.Errorf("%s: summary %d", name, status)
					}
					if is := strings.Replace(membership, "none", "leave", 1); want && sum.Get("membership").Str != is {
						t.Errorf("%s: %s", name, sum.Raw)
					}
					r.Set("amira", top, "m.space.child", l.ID, `{}`)
				}
			}
		}
	})
}

// become makes Rana what she is to be in a room.
func (r *rig) become(l *room.Live, membership string) {
	r.t.Helper()
	amira, rana := roomtest.Who("amira"), roomtest.Who("rana")
	var errs []error
	do := func(err error) { errs = append(errs, err) }
	if membership != "none" && membership != "ban" {
		do(r.Invite(ctx, amira, l.ID, rana.User, ""))
	}
	if membership == "join" || membership == "leave" {
		_, err := r.Join(ctx, rana, l.ID, "")
		do(err)
	}
	switch membership {
	case "leave":
		do(r.Leave(ctx, rana, l.ID, ""))
	case "ban":
		do(r.Ban(ctx, amira, l.ID, rana.User, ""))
	}
	for _, err := range errs {
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestSummary(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		other := r.open("other")
		l := r.RoomOf(creation.Creation{
			Preset: "private_chat", Name: "Ward 7", Topic: "Surgical ward", Alias: "ward7", Content: map[string]any{"type": "m.space"},
			State: []creation.Initial{
				{Type: "m.room.avatar", Content: []byte(`{"url":"mxc://northbrook.test/a"}`)},
				{Type: "m.room.join_rules", Content: fmt.Appendf(nil, `{"join_rule":"knock_restricted","allow":[{"type":"m.room_membership","room_id":%q},{"type":"x"},7]}`, other.ID)},
				{Type: "m.room.guest_access", Content: []byte(`{"guest_access":"forbidden"}`)},
			},
		}, "amira", "ben")
		for _, name := range []string{l.ID, "#ward7:northbrook.test"} {
			sum := r.Get("rana", "/_matrix/client/v1/room_summary/"+url.PathEscape(name))
			for path, want := range map[string]string{
				"room_id": l.ID, "name": "Ward 7", "topic": "Surgical ward", "canonical_alias": "#ward7:northbrook.test",
				"avatar_url": "mxc://northbrook.test/a", "join_rule": "knock_restricted", "room_type": "m.space",
				"num_joined_members": "2", "world_readable": "false", "guest_can_join": "false", "room_version": "12",
				"allowed_room_ids.0": other.ID, "allowed_room_ids.#": "1", "membership": "leave", "encryption": "",
			} {
				if got := sum.Get(path).String(); got != want {
					t.Errorf("%s is %q, want %q", path, got, want)
				}
			}
		}
		r.Set("amira", l, "m.room.name", "", `{"name":7}`)
		if sum := r.Get("rana", "/_matrix/client/v1/room_summary/"+url.PathEscape(l.ID)); sum.Get("name").Exists() {
			t.Errorf("a name that is no text: %s", sum.Raw)
		}
		for _, name := range []string{"!nowhere", "#nothing:northbrook.test"} {
			if status, answer := r.Do("rana", "GET", "/_matrix/client/v1/room_summary/"+url.PathEscape(name), ""); status != 404 {
				t.Errorf("%s: %d %s", name, status, answer.Raw)
			}
		}
	})
}

func TestPublishedRooms(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		const path = "/_matrix/client/v3/publicRooms"
		publish := func(name, topic, typ string, others ...string) {
			c := creation.Creation{Listed: true, Name: name, Topic: topic, Alias: strings.ToLower(name)}
			if typ != "" {
				c.Content = map[string]any{"type": typ}
			}
			r.RoomOf(c, "amira", others...)
		}
		r.RoomOf(creation.Creation{Listed: true, Name: "Surgery", Topic: "Theatres and wards", Alias: "surgery",
			Content: map[string]any{"org.wardline.kind": "clinical"}}, "amira", "ben", "cara")
		publish("AMU", "Acute medicine", "", "ben")
		publish("Hospital", "Everything", "m.space")
		r.open("Hidden")
		for body, want := range map[string]string{
			`{}`: "Surgery AMU Hospital",
			`{"filter":{"generic_search_term":"MEDIC"}}`:                             "AMU",
			`{"filter":{"generic_search_term":"#surg"}}`:                             "Surgery",
			`{"filter":{"generic_search_term":"nothing"}}`:                           "",
			`{"filter":{"room_types":["m.space"]}}`:                                  "Hospital",
			`{"filter":{"room_types":[null]}}`:                                       "Surgery AMU",
			`{"filter":{"room_types":[null,"m.space"]}}`:                             "Surgery AMU Hospital",
			`{"filter":{"room_types":["m.space"],"generic_search_term":"theatres"}}`: "",
			`{"limit":2}`: "Surgery AMU",
		} {
			status, page := r.Do("rana", "POST", path, body)
			if got := names(page.Get("chunk")); status != 200 || got != want {
				t.Errorf("%s: %d %q, want %q", body, status, got, want)
			}
		}
		var got []string
		first := r.Get("rana", path+"?limit=1")
		if kind := first.Get(`chunk.0.org\.wardline\.kind`).Str; kind != "clinical" {
			t.Errorf("Surgery is %q: %s", kind, first.Raw)
		}
		for page, n := first, 0; n < 5; n++ {
			got = append(got, names(page.Get("chunk")))
			if page.Get("prev_batch").Exists() != (n > 0) || page.Get("total_room_count_estimate").Int() != 3 {
				t.Errorf("page %d: %s", n, page.Raw)
			}
			if !page.Get("next_batch").Exists() {
				back := r.Get("rana", path+"?limit=1&since="+page.Get("prev_batch").Str)
				if names(back.Get("chunk")) != got[len(got)-2] {
					t.Errorf("back again: %s", back.Raw)
				}
				break
			}
			page = r.Get("rana", path+"?limit=1&since="+page.Get("next_batch").Str)
		}
		if !slices.Equal(got, []string{"Surgery", "AMU", "Hospital"}) {
			t.Errorf("in pages: %v", got)
		}
		for query, want := range map[string]int{
			"?since=x": 400, "?since=f-1.2": 400, "?limit=-1": 400, "?server=elsewhere.test": 404, "?server=northbrook.test": 200, "?since=f0.99": 200,
		} {
			if status, answer := r.Do("rana", "GET", path+query, ""); status != want {
				t.Errorf("%s: %d %s", query, status, answer.Raw)
			}
		}
		if status, _ := r.Do("", "GET", path, ""); status != 401 {
			t.Errorf("without signing in: %d", status)
		}
	})
}
