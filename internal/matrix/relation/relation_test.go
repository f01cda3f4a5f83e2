package relation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

// rig is a ward with relations, and their face on HTTP.
type rig struct {
	*roomtest.Ward
	*roomtest.Site
	t    testing.TB
	keep *accountdata.Keep
	rel  *relation.Relations
	now  int64 // each relation is a millisecond after the last
}

func newRig(t testing.TB, w *roomtest.Ward, keep *accountdata.Keep) *rig {
	r := &rig{Ward: w, t: t, keep: keep, rel: relation.New(w.DB, w.Rooms, keep), now: time.Now().UnixMilli()}
	w.AddGate(r.rel)
	api := relation.API{Relations: r.rel}
	const at = "GET /_matrix/client/v1/rooms/{roomId}/"
	r.Site = roomtest.Serve(t,
		endpoint.Route{Pattern: at + "relations/{eventId}", Guard: endpoint.User, Handler: endpoint.Do(api.Children)},
		endpoint.Route{Pattern: at + "relations/{eventId}/{relType}", Guard: endpoint.User, Handler: endpoint.Do(api.Children)},
		endpoint.Route{Pattern: at + "relations/{eventId}/{relType}/{eventType}", Guard: endpoint.User, Handler: endpoint.Do(api.Children)},
		endpoint.Route{Pattern: at + "threads", Guard: endpoint.User, Handler: endpoint.Do(api.Threads)},
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

// relate sends a message that relates to another; more is put into its content.
func (r *rig) relate(local string, l *room.Live, relType, parent, more string) string {
	r.t.Helper()
	r.now++
	return r.relateAt(local, l, relType, parent, more, r.now)
}

func (r *rig) relateAt(local string, l *room.Live, relType, parent, more string, ts int64) string {
	r.t.Helper()
	ev, err := r.Append(ctx, roomtest.Who(local), l, &room.Draft{Type: "m.room.message", Content: []byte(related(relType, parent, more)), TS: ts})
	if err != nil {
		r.t.Fatal(err)
	}
	return ev.ID
}

func related(relType, parent, more string) string {
	return fmt.Sprintf(`{"msgtype":"m.text","body":"x"%s,"m.relates_to":{"rel_type":%q,"event_id":%q}}`, more, relType, parent)
}

const newContent = `,"m.new_content":{"msgtype":"m.text","body":"better"}`

func (r *rig) redact(local string, l *room.Live, id string) {
	r.t.Helper()
	if _, err := r.Redact(ctx, roomtest.Who(local), l.ID, id, "", room.Txn{ID: id, Path: "redact"}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) ignore(local string, others ...string) {
	r.t.Helper()
	list := map[string]any{}
	for _, o := range others {
		list[roomtest.Who(o).User] = map[string]any{}
	}
	content, err := json.Marshal(map[string]any{"ignored_users": list})
	if err != nil {
		r.t.Fatal(err)
	}
	who := roomtest.Who(local)
	if err := r.keep.Put(ctx, who, who.User, "", accountdata.Ignored, jsontext.Value(content)); err != nil {
		r.t.Fatal(err)
	}
}

// bundle gives the aggregations of one event for somebody, as memory has them or, after a restart and much talk, the
// database: both must be the same.
func (r *rig) bundle(local, roomID, id string) gjson.Result {
	r.t.Helper()
	l, err := r.Find(ctx, roomID)
	if err != nil {
		r.t.Fatal(err)
	}
	opened, err := r.Open(ctx, roomtest.Who(local), l.ID, room.Reading)
	if err != nil {
		r.t.Fatal(err)
	}
	ev, err := r.EventByID(ctx, opened, id)
	if err != nil {
		r.t.Fatal(err)
	}
	out, err := r.rel.Bundle(ctx, roomtest.Who(local), l, []*room.Event{ev})
	if err != nil {
		r.t.Fatal(err)
	}
	if len(out[id]) > 0 && !json.Valid(out[id]) {
		r.t.Fatalf("not JSON: %s", out[id])
	}
	return gjson.ParseBytes(out[id])
}

// talk fills a room so that what was said before is no longer in the memory of a node that has just started.
func (r *rig) talk(l *room.Live) {
	r.t.Helper()
	for range 110 {
		r.Say("amira", l, "and so on")
	}
}

func TestEdits(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben")
		type scene struct {
			name string
			play func(origin string) (edit string) // the edit that counts, or ""
		}
		var origins []string
		var want []string
		for _, s := range []scene{
			{"none", func(string) string { return "" }},
			{"one", func(o string) string { return r.relate("amira", l, relation.Replace, o, newContent) }},
			{"the later of two", func(o string) string {
				r.relate("amira", l, relation.Replace, o, newContent)
				return r.relate("amira", l, relation.Replace, o, newContent)
			}},
			{"of the same time, the greater id", func(o string) string {
				return max(r.relateAt("amira", l, relation.Replace, o, newContent, r.now), r.relateAt("amira", l, relation.Replace, o, newContent, r.now))
			}},
			{"the later by its time", func(o string) string {
				e := r.relateAt("amira", l, relation.Replace, o, newContent, r.now+50)
				r.relateAt("amira", l, relation.Replace, o, newContent, r.now)
				return e
			}},
			{"by another", func(o string) string { r.relate("ben", l, relation.Replace, o, newContent); return "" }},
			{"without new content", func(o string) string { r.relate("amira", l, relation.Replace, o, ""); return "" }},
			{"new content deeper down", func(o string) string {
				r.relate("amira", l, relation.Replace, o, `,"deep":{"m.new_content":{}}`)
				return ""
			}},
			{"of another type", func(o string) string {
				r.Send("amira", l, "org.example.other", related(relation.Replace, o, newContent))
				return ""
			}},
			{"of an edit", func(o string) string {
				e := r.relate("amira", l, relation.Replace, o, newContent)
				r.relate("amira", l, relation.Replace, e, newContent)
				return e
			}},
			{"redacted", func(o string) string {
				e := r.relate("amira", l, relation.Replace, o, newContent)
				r.redact("amira", l, r.relate("amira", l, relation.Replace, o, newContent))
				return e
			}},
			{"of what is redacted", func(o string) string {
				r.relate("amira", l, relation.Replace, o, newContent)
				r.redact("amira", l, o)
				return ""
			}},
		} {
			o := r.Say("amira", l, s.name)
			origins, want = append(origins, o), append(want, s.play(o))
		}
		check := func(r *rig) {
			t.Helper()
			for i, o := range origins {
				b := r.bundle("ben", l.ID, o)
				if got := b.Get(`m\.replace.event_id`).Str; got != want[i] {
					t.Errorf("scene %d: edit %q, want %q", i, got, want[i])
				}
				if want[i] != "" && b.Get(`m\.replace.content.m\.new_content.body`).Str != "better" {
					t.Errorf("scene %d: the edit is not whole: %s", i, b.Raw)
				}
			}
		}
		check(r)
		r.talk(l)
		check(r.restarted())
	})
}

func TestThreadsAndReferencesAreSummedUp(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben", "cara", "dev")
		root := r.Say("amira", l, "root")
		r.relate("ben", l, relation.Thread, root, "")
		last := r.relate("ben", l, relation.Thread, root, "")
		ignored := r.relate("cara", l, relation.Thread, root, "")
		edit := r.relate("ben", l, relation.Replace, last, newContent)
		gone := r.relate("ben", l, relation.Thread, root, "")
		r.redact("ben", l, gone)
		ref := r.relate("dev", l, relation.Reference, root, "")
		r.relate("cara", l, relation.Reference, root, "")
		r.ignore("dev", "cara")
		check := func(r *rig) {
			t.Helper()
			for _, c := range []struct {
				local, last  string
				count        int64
				participated bool
				refs         int
			}{
				{"amira", ignored, 3, true, 2}, // began it
				{"ben", ignored, 3, true, 2},
				{"dev", last, 2, false, 1}, // ignores Cara
			} {
				b := r.bundle(c.local, l.ID, root)
				th := b.Get(`m\.thread`)
				if th.Get("count").Int() != c.count || th.Get("current_user_participated").Bool() != c.participated ||
					th.Get("latest_event.event_id").Str != c.last {
					t.Errorf("%s: %s", c.local, b.Raw)
				}
				chunk := b.Get(`m\.reference.chunk`).Array()
				if len(chunk) != c.refs || chunk[0].Get("event_id").Str != ref {
					t.Errorf("%s: references %s", c.local, b.Get(`m\.reference`).Raw)
				}
			}
			inner := r.bundle("dev", l.ID, root).Get(`m\.thread.latest_event.unsigned.m\.relations.m\.replace.event_id`)
			if inner.Str != edit {
				t.Errorf("the latest reply lacks its edit: %s", inner.Raw)
			}
		}
		check(r)
		r.talk(l)
		check(r.restarted())
	})
}

func TestAggregationsHoldOnlyWhatTheReaderMaySee(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben")
		r.Set("amira", l, "m.room.history_visibility", "", `{"history_visibility":"joined"}`)
		root := r.Say("amira", l, "root")
		r.relate("amira", l, relation.Thread, root, "")
		if err := r.Leave(ctx, roomtest.Who("ben"), l.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.relate("amira", l, relation.Thread, root, "")
		r.relate("amira", l, relation.Replace, root, newContent)
		r.relate("amira", l, relation.Reference, root, "")
		check := func(r *rig) {
			t.Helper()
			b := r.bundle("ben", l.ID, root)
			if b.Get(`m\.thread.count`).Int() != 1 || b.Get(`m\.replace`).Exists() || b.Get(`m\.reference`).Exists() {
				t.Errorf("Ben has left, and sees %s", b.Raw)
			}
		}
		check(r)
		r.talk(l)
		check(r.restarted())
	})
}

// TestMemoryAndDatabaseAgree plays relations at random and compares both ways of summing them up.
func TestMemoryAndDatabaseAgree(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.ignore("cara", "ben")
		for seed := range uint64(8) {
			l := r.Room("amira", "ben", "cara")
			ids := r.play(l, rand.New(rand.NewPCG(seed, 1)))
			before := map[string]string{}
			for _, local := range []string{"amira", "ben", "cara"} {
				for _, id := range ids {
					before[local+id] = r.bundle(local, l.ID, id).Raw
				}
			}
			r.talk(l)
			again := r.restarted()
			for _, local := range []string{"amira", "ben", "cara"} {
				for _, id := range ids {
					if got := again.bundle(local, l.ID, id).Raw; got != before[local+id] {
						t.Fatalf("seed %d: for %s memory says %s, the database %s", seed, local, before[local+id], got)
					}
				}
			}
		}
	})
}

// play sends events that relate to each other at random, and redacts some.
func (r *rig) play(l *room.Live, dice *rand.Rand) (ids []string) {
	people := []string{"amira", "ben", "cara"}
	relations := []string{"", relation.Replace, relation.Reference, relation.Thread}
	for len(ids) < 40 {
		who, rel := people[dice.IntN(len(people))], relations[dice.IntN(len(relations))]
		content := `{"msgtype":"m.text","body":"hello"}`
		if rel != "" && len(ids) > 0 {
			content = related(rel, ids[dice.IntN(len(ids))], newContent)
		}
		d := &room.Draft{Type: "m.room.message", Content: []byte(content), TS: r.now + dice.Int64N(5)}
		ev, err := r.Append(ctx, roomtest.Who(who), l, d)
		if errs.Is(err, errs.Invalid) {
			continue // a thread on what relates to something: refused, as it should be
		}
		if err != nil {
			r.t.Fatal(err)
		}
		ids = append(ids, ev.ID)
		if dice.IntN(10) == 0 {
			r.redact("amira", l, ev.ID)
		}
	}
	return ids
}

// chunk gives the ids of the events of a page.
func chunk(page gjson.Result) (ids []string) {
	for _, ev := range page.Get("chunk").Array() {
		ids = append(ids, ev.Get("event_id").Str)
	}
	return ids
}

func relationsPath(l *room.Live, parts ...string) string {
	path := "/_matrix/client/v1/rooms/" + url.PathEscape(l.ID) + "/relations"
	for _, p := range parts {
		path += "/" + url.PathEscape(p)
	}
	return path
}

func TestChildren(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben", "cara")
		root := r.Say("amira", l, "root")
		r.relate("ben", l, relation.Reference, root, "") // ignored by Amira
		a := r.relate("amira", l, relation.Thread, root, "")
		b := r.Send("cara", l, "m.reaction", fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.annotation","event_id":%q,"key":"✅"}}`, root))
		aa := r.relate("amira", l, relation.Replace, a, newContent)
		aaa := r.relate("amira", l, relation.Reference, aa, "")
		r.relate("amira", l, relation.Reference, aaa, "") // the fourth step
		c := r.relate("cara", l, relation.Thread, root, "")
		r.ignore("amira", "ben")
		for _, q := range []struct {
			parts []string
			query string
			want  []string
			depth int64
		}{
			{[]string{root}, "", []string{c, b, a}, 0},
			{[]string{root}, "?dir=f", []string{a, b, c}, 0},
			{[]string{root, relation.Thread}, "", []string{c, a}, 0},
			{[]string{root, relation.Annotation, "m.reaction"}, "", []string{b}, 0},
			{[]string{root, relation.Annotation, "m.room.message"}, "", nil, 0},
			{[]string{root}, "?recurse=true", []string{c, aaa, aa, b, a}, 3},
			{[]string{root}, "?recurse=false", []string{c, b, a}, 1},
			{[]string{root, relation.Thread}, "?recurse=true", []string{c, a}, 3},
			{[]string{a}, "", []string{aa}, 0},
			{[]string{c}, "", nil, 0},
		} {
			page := r.Get("amira", relationsPath(l, q.parts...)+q.query)
			if got := chunk(page); !slices.Equal(got, q.want) || page.Get("recursion_depth").Int() != q.depth {
				t.Errorf("%v%s: %v, want %v: %s", q.parts[1:], q.query, got, q.want, page.Raw)
			}
			if page.Get("next_batch").Exists() || page.Get("prev_batch").Exists() {
				t.Errorf("%v%s: more pages than one", q.parts[1:], q.query)
			}
		}
		page := r.Get("amira", relationsPath(l, root, relation.Thread))
		if got := page.Get(`chunk.1.unsigned.m\.relations.m\.replace.event_id`).Str; got != aa {
			t.Errorf("the reply comes without its edit: %s", page.Raw)
		}
		for name, path := range map[string]string{
			"a stranger":        relationsPath(l, root),
			"an unknown event":  relationsPath(l, "$nothing"),
			"an unknown room":   strings.Replace(relationsPath(l, root), url.PathEscape(l.ID), "!nowhere", 1),
			"a foreign token":   relationsPath(l, root) + "?from=t1",
			"a wrong direction": relationsPath(l, root) + "?dir=x",
			"a negative limit":  relationsPath(l, root) + "?limit=-1",
		} {
			local, want := "amira", 404
			if name == "a stranger" {
				local = "mallory"
			}
			if strings.Contains(path, "?") {
				want = 400
			}
			if status, answer := r.Do(local, "GET", path, ""); status != want {
				t.Errorf("%s: %d %s, want %d", name, status, answer.Raw, want)
			}
		}
	})
}

func TestChildrenComeInPagesEachOnce(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben", "cara")
		root := r.Say("amira", l, "root")
		var want []string
		for i := range 23 {
			id := r.relate([]string{"ben", "cara"}[i%2], l, relation.Reference, root, "")
			if i%2 == 1 {
				want = append(want, id)
			}
		}
		r.ignore("amira", "ben")
		for _, dir := range []string{"f", "b"} {
			for _, recurse := range []string{"", "&recurse=true"} {
				for limit := 1; limit <= 13; limit++ {
					var got []string
					from := ""
					for pages := 0; ; pages++ {
						page := r.Get("amira", fmt.Sprintf("%s?dir=%s&limit=%d%s%s", relationsPath(l, root), dir, limit, recurse, from))
						if page.Get("prev_batch").Exists() != (from != "") {
							t.Fatalf("prev_batch on page %d: %s", pages, page.Raw)
						}
						got = append(got, chunk(page)...)
						next := page.Get("next_batch").Str
						if next == "" {
							break
						}
						if pages > 30 {
							t.Fatal("there is no end to the pages")
						}
						from = "&from=" + next
					}
					if dir == "b" {
						slices.Reverse(got)
					}
					if !slices.Equal(got, want) {
						t.Errorf("dir %s, limit %d: %d events, want %d", dir, limit, len(got), len(want))
					}
				}
			}
		}
	})
}

func TestThreads(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben", "cara")
		path := "/_matrix/client/v1/rooms/" + url.PathEscape(l.ID) + "/threads"
		roots := make([]string, 5)
		for i, who := range []string{"amira", "ben", "cara", "ben", "cara"} {
			roots[i] = r.Say(who, l, fmt.Sprint(i))
		}
		for _, i := range []int{0, 1, 2, 3, 0} { // the last has no replies
			r.relate("ben", l, relation.Thread, roots[i], "")
		}
		r.relate("cara", l, relation.Thread, roots[1], "")
		r.relate("amira", l, relation.Thread, roots[2], "")
		at := func(order ...int) (ids []string) {
			for _, i := range order {
				ids = append(ids, roots[i])
			}
			return ids
		}
		for query, want := range map[string][]string{
			"":                      at(2, 1, 0, 3),
			"?include=all":          at(2, 1, 0, 3),
			"?include=participated": at(2, 0),
		} {
			page := r.Get("amira", path+query)
			if got := chunk(page); !slices.Equal(got, want) {
				t.Errorf("%q: %v, want %v", query, got, want)
			}
			for _, ev := range page.Get("chunk").Array() {
				if ev.Get(`unsigned.m\.relations.m\.thread.count`).Int() == 0 {
					t.Errorf("a thread without its summary: %s", ev.Raw)
				}
			}
		}
		var got []string
		for from := ""; ; {
			page := r.Get("amira", path+"?limit=1"+from)
			got = append(got, chunk(page)...)
			if !page.Get("next_batch").Exists() || len(got) > 10 {
				break
			}
			from = "&from=" + page.Get("next_batch").Str
		}
		if !slices.Equal(got, at(2, 1, 0, 3)) {
			t.Errorf("one a page: %v", got)
		}
		r.ignore("amira", "cara") // root 2 is Cara's, and the last reply in thread 1
		page := r.Get("amira", path)
		if got := chunk(page); !slices.Equal(got, at(2, 0, 3, 1)) {
			t.Errorf("without Cara: %v", got)
		}
		first := page.Get("chunk.0")
		if first.Get("content").Raw != "{}" || first.Get(`unsigned.m\.relations.m\.thread.count`).Int() != 2 || first.Get("unsigned.membership").Str != "join" {
			t.Errorf("the root of somebody ignored: %s", first.Raw)
		}
		if status, answer := r.Do("mallory", "GET", path, ""); status != 403 {
			t.Errorf("a stranger: %d %s", status, answer.Raw)
		}
		for _, query := range []string{"?from=x", "?limit=-1", "?include=some"} {
			if status, answer := r.Do("amira", "GET", path+query, ""); status != 400 {
				t.Errorf("%s: %d %s", query, status, answer.Raw)
			}
		}
	})
}

func TestGate(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("amira", "ben")
		n := 0
		send := func(r *rig, local, typ, content string) error {
			n++
			_, err := r.Rooms.Send(ctx, roomtest.Who(local), l.ID, &room.Draft{Type: typ, Content: []byte(content), Txn: room.Txn{ID: fmt.Sprint(n), Path: "gate"}})
			return err
		}
		react := func(r *rig, local, parent, key string) error {
			return send(r, local, "m.reaction", fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.annotation","event_id":%q,"key":%q}}`, parent, key))
		}
		root := r.Say("amira", l, "root")
		reply := r.relate("ben", l, relation.Thread, root, "")
		if err := react(r, "ben", root, "✅"); err != nil {
			t.Fatal(err)
		}
		check := func(r *rig, key string) {
			t.Helper()
			code := func(err error) string {
				if errs.Of(err) != errs.Invalid {
					t.Errorf("%v is not Invalid", err)
				}
				return fmt.Sprint(err)
			}
			if err := react(r, "ben", root, "✅"); !strings.Contains(code(err), "already") {
				t.Errorf("twice the same: %v", err)
			}
			if err := send(r, "ben", "m.room.message", related(relation.Thread, reply, "")); !strings.Contains(code(err), "thread") {
				t.Errorf("a thread in a thread: %v", err)
			}
			for name, err := range map[string]error{
				"another key":             react(r, "ben", root, key),
				"the same, by another":    react(r, "amira", root, key),
				"the same, of another":    react(r, "ben", reply, key),
				"a thread":                send(r, "ben", "m.room.message", related(relation.Thread, root, "")),
				"of what is not there":    react(r, "ben", "$nothing"+key, "✅"),
				"a reply without a type":  send(r, "ben", "m.room.message", fmt.Sprintf(`{"m.relates_to":{"m.in_reply_to":{"event_id":%q}}}`, reply)),
				"relates_to of no object": send(r, "ben", "m.room.message", `{"m.relates_to":7}`),
			} {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		check(r, "a")
		r.talk(l)
		check(r.restarted(), "b")
		redacted := r.restarted()
		var mine string
		for _, ev := range redacted.Get("ben", relationsPath(l, root, relation.Annotation)).Get("chunk").Array() {
			if ev.Get("sender").Str == roomtest.Who("ben").User && ev.Get(`content.m\.relates_to.key`).Str == "✅" {
				mine = ev.Get("event_id").Str
			}
		}
		redacted.redact("ben", l, mine)
		if err := react(redacted, "ben", root, "✅"); err != nil {
			t.Errorf("after the first was taken back: %v", err)
		}
	})
}
