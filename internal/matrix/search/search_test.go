package search_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/matrix/search"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

func TestWords(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice", "ben")
		bloods := r.Say("alice", l, "Bloods are back: K+ 5.9, please repeat the ECG.")
		cafe := r.Say("ben", l, "Meet me at the CAFÉ, naïve Zoë O’Neill's")
		kanji := r.Say("ben", l, "検査結果が出ました")
		for _, c := range []struct {
			term string
			want []string
		}{
			{"bloods", []string{bloods}},
			{"blood", []string{bloods}},
			{"ECGs BLOOD", []string{bloods}},
			{"k 5", []string{bloods}},
			{"cafe", []string{cafe}},
			{"café", []string{cafe}},
			{"ZOE ONeill", []string{cafe}},
			{"O'Neill", []string{cafe}},
			{"結果", []string{kanji}},
			{"me", []string{cafe}},
			{"bloods cafe", nil},
			{"bloo", nil},
			{"", nil},
			{" ?! ", nil},
		} {
			r.finds("alice", c.term, c.want...)
		}
	})
}

func TestHostileTermsAreWords(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice")
		id := r.Say("alice", l, `alpha NEAR beta AND gamma words 'quoted' "double" r1 kb`)
		for _, term := range []string{
			`alpha NEAR(beta gamma, 2)`, `"alpha`, `alpha*`, `words:alpha`, `alpha AND (beta`, `{words} : alpha`, `^alpha`,
			`alpha' & !'beta`, `alpha:*`, `alpha | `, `'alpha'); DROP TABLE event; --`, `\alpha\`, `-alpha`, "alpha\x00beta",
		} {
			got := r.find("alice", term)
			words := strings.ContainsAny(term, "2") || strings.Contains(term, "DROP")
			if words == slices.Contains(got, id) {
				t.Errorf("%q found %v", term, got)
			}
		}
		r.finds("alice", "kb quoted", id)
		r.finds("alice", "kn")
	})
}

func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.RoomOf(creation.Creation{Preset: "private_chat", Name: "Northbrook escalation", Topic: "escalation of the night"}, "alice")
		said := r.Say("alice", l, "escalation agreed")
		r.Send("alice", l, "org.example.note", `{"body":"escalation elsewhere"}`)
		named, topical := l.State("m.room.name", "").ID, l.State("m.room.topic", "").ID
		for _, c := range []struct {
			keys   []string
			filter string
			want   []string
		}{
			{nil, `{}`, []string{said, topical, named}},
			{[]string{"content.body"}, `{}`, []string{said}},
			{[]string{"content.name"}, `{}`, []string{named}},
			{[]string{"content.topic", "content.name"}, `{}`, []string{topical, named}},
			{nil, `{"types":["m.room.topic"]}`, []string{topical}},
			{[]string{"content.name"}, `{"types":["m.room.topic"]}`, nil},
			{nil, `{"not_types":["m.room.message"]}`, []string{topical, named}},
		} {
			got := ids(r.page("alice", search.Ask{Term: "escalation", Keys: c.keys, Recent: true, Filter: parse(t, c.filter)}))
			if !slices.Equal(got, append([]string{}, c.want...)) {
				t.Errorf("keys %v, filter %s: %v, want %v", c.keys, c.filter, got, c.want)
			}
		}
		if _, err := r.search.Messages(t.Context(), roomtest.Who("alice"), &search.Ask{Term: "x", Keys: []string{"content.url"}}); !errs.Is(err, errs.Invalid) {
			t.Errorf("an unknown key: %v", err)
		}
	})
}

func TestFilter(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		one, two := r.Room("alice", "ben"), r.Room("alice", "ben")
		a := r.Say("alice", one, "potassium one")
		b := r.Say("ben", two, "potassium two")
		c := r.Send("ben", one, "m.room.message", `{"msgtype":"m.image","body":"potassium.png","url":"mxc://northbrook.test/abc"}`)
		r.Send("alice", two, "m.reaction", fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.annotation","event_id":"%s","key":"x"}}`, b))
		for _, k := range []struct {
			filter string
			want   []string
		}{
			{`{}`, []string{c, b, a}},
			{`{"rooms":["` + one.ID + `"]}`, []string{c, a}},
			{`{"not_rooms":["` + one.ID + `"]}`, []string{b}},
			{`{"senders":["@ben:northbrook.test"]}`, []string{c, b}},
			{`{"not_senders":["@ben:northbrook.test"]}`, []string{a}},
			{`{"contains_url":true}`, []string{c}},
			{`{"contains_url":false}`, []string{b, a}},
			{`{"limit":1}`, []string{c}},
			{`{"related_by_rel_types":["m.annotation"]}`, []string{b}},
			{`{"rooms":["!unknown:northbrook.test"]}`, []string{}},
		} {
			if got := ids(r.page("alice", search.Ask{Term: "potassium", Recent: true, Filter: parse(t, k.filter)})); !slices.Equal(got, k.want) {
				t.Errorf("%s: %v, want %v", k.filter, got, k.want)
			}
		}
	})
}

func TestEditsAndRedactions(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice", "ben")
		id := r.Say("alice", l, "morphine")
		r.finds("ben", "morphine", id)
		first := r.edit("alice", l, id, "codeine")
		r.finds("ben", "morphine")
		r.finds("ben", "codeine", id)
		second := r.edit("alice", l, id, "ibuprofen")
		r.finds("ben", "codeine")
		r.finds("ben", "ibuprofen", id)
		r.edit("ben", l, id, "poison") // not theirs to edit
		r.finds("alice", "poison")
		r.finds("alice", "ibuprofen", id)
		r.redact("alice", l, second)
		r.finds("ben", "ibuprofen")
		r.finds("ben", "codeine", id)
		r.redact("alice", l, first)
		r.finds("ben", "morphine", id)
		r.edit("alice", l, id, "paracetamol")
		r.redact("alice", l, id)
		for _, word := range []string{"morphine", "codeine", "ibuprofen", "paracetamol"} {
			r.finds("ben", word)
		}
		r.edit("alice", l, id, "naloxone")
		r.finds("alice", "naloxone")
	})
}

// TestVisibility: what was said before, during and after each kind of time in the room, under each history visibility.
func TestVisibility(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for _, c := range []struct {
			visibility string
			now        string // what Ben is in the end
			want       string
		}{
			{"world_readable", "join", "stranger invited joined"},
			{"shared", "join", "stranger invited joined"},
			{"invited", "join", "invited joined"},
			{"joined", "join", "joined"},
			{"world_readable", "leave", "stranger invited joined left"},
			{"shared", "leave", "stranger invited joined"},
			{"invited", "leave", "invited joined"},
			{"joined", "leave", "joined"},
			{"shared", "ban", "stranger invited joined"},
			{"joined", "ban", "joined"},
			{"world_readable", "invite", "stranger invited"},
			{"shared", "invite", ""},
			{"invited", "invite", "invited"},
			{"joined", "invite", ""},
			{"shared", "forget", ""},
			{"shared", "none", ""},
			{"world_readable", "none", "stranger"},
		} {
			l, said := r.visit(c.visibility, c.now)
			var want []string
			for _, when := range strings.Fields(c.want) {
				want = append([]string{said[when]}, want...)
			}
			ask := search.Ask{Term: "visible", Recent: true, Filter: parse(t, `{"rooms":["`+l.ID+`"]}`), Named: []string{l.ID}}
			if got := ids(r.page("ben", ask)); !slices.Equal(got, append([]string{}, want...)) {
				t.Errorf("%s, %s: found %d, want %q", c.visibility, c.now, len(got), c.want)
			}
			if got := r.page("ben", ask).Count; got != len(want) {
				t.Errorf("%s, %s: counts %d", c.visibility, c.now, got)
			}
		}
	})
}

// visit makes a room that Ben is in for a while, and something said at each time.
func (r *rig) visit(visibility, now string) (*room.Live, map[string]string) {
	r.t.Helper()
	ctx, alice, ben := r.t.Context(), roomtest.Who("alice"), roomtest.Who("ben")
	l := r.RoomOf(creation.Creation{Preset: "private_chat", State: []creation.Initial{{
		Type: "m.room.history_visibility", Content: []byte(`{"history_visibility":"` + visibility + `"}`),
	}}}, "alice")
	said := map[string]string{}
	say := func(when string) { said[when] = r.Say("alice", l, "visible "+when) }
	must := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	say("stranger")
	if now == "none" {
		return l, said
	}
	must(r.Invite(ctx, alice, l.ID, ben.User, ""))
	say("invited")
	if now == "invite" {
		return l, said
	}
	_, err := r.Join(ctx, ben, l.ID, "")
	must(err)
	say("joined")
	switch now {
	case "join":
		return l, said
	case "ban":
		must(r.Ban(ctx, alice, l.ID, ben.User, ""))
	default:
		must(r.Leave(ctx, ben, l.ID, ""))
	}
	say("left")
	if now == "forget" {
		must(r.Forget(ctx, ben, l.ID))
	}
	return l, said
}

// TestEditAfterLeaving: what a message was changed to after somebody left does not show through the search.
func TestEditAfterLeaving(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice", "ben")
		id := r.Say("alice", l, "draft")
		if err := r.Leave(t.Context(), roomtest.Who("ben"), l.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.finds("ben", "draft", id)
		r.edit("alice", l, id, "resignation")
		r.finds("ben", "resignation")
		r.finds("alice", "resignation", id)
	})
}

func TestIgnored(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice", "ben")
		r.Say("ben", l, "nuisance")
		err := r.keep.Put(t.Context(), roomtest.Who("alice"), roomtest.Who("alice").User, "", "m.ignored_user_list",
			[]byte(`{"ignored_users":{"@ben:northbrook.test":{}}}`))
		if err != nil {
			t.Fatal(err)
		}
		r.finds("alice", "nuisance")
		if n := len(r.find("ben", "nuisance")); n != 1 {
			t.Errorf("Ben himself finds %d", n)
		}
	})
}

func TestRank(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice")
		exact := r.Say("alice", l, "chest pain")
		apart := r.Say("alice", l, "pain in the leg, none in the chest")
		long := r.Say("alice", l, "chest pain "+strings.Repeat("and many other words ", 20))
		p := r.page("alice", search.Ask{Term: "chest pain"})
		if got := ids(p); !slices.Equal(got, []string{exact, long, apart}) {
			t.Errorf("best first: %v, want %v", got, []string{exact, long, apart})
		}
		for _, res := range p.Results {
			if res.Rank <= 0 || res.Rank > 1 {
				t.Errorf("rank %v", res.Rank)
			}
		}
		if want := []string{"chest", "pain"}; !slices.Equal(p.Highlights, want) {
			t.Errorf("highlights %v", p.Highlights)
		}
	})
}

// TestPaging: all pages together give every result once, in both orders, in the whole and in each group.
func TestPaging(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		one, two := r.Room("alice", "ben"), r.Room("ben", "alice")
		want := map[string][]string{}
		for i := range 23 {
			l, who := one, []string{"alice", "ben"}[i%2]
			if i%3 == 0 {
				l = two
			}
			id := r.Say(who, l, fmt.Sprintf("handover %d%s", i, strings.Repeat(" more", i%4)))
			for _, key := range []string{"", l.ID, roomtest.Who(who).User} {
				want[key] = append(want[key], id)
			}
		}
		for _, recent := range []bool{true, false} {
			ask := search.Ask{Term: "handover", Recent: recent, Filter: parse(t, `{"limit":4}`), ByRoom: true, BySender: true}
			p := r.page("alice", ask)
			r.samePages(ask, p.Next, ids(p), want[""], "", recent)
			for by, groups := range p.Groups {
				for _, g := range groups {
					r.samePages(ask, g.Next, g.Results, want[g.Value], by, recent)
				}
			}
		}
	})
}

// samePages reads on from a token and compares all that was found.
func (r *rig) samePages(ask search.Ask, next string, got, want []string, by string, ordered bool) {
	r.t.Helper()
	for next != "" && len(got) < 100 {
		ask.Next = next
		p := r.page("alice", ask)
		if len(p.Results) == 0 {
			r.t.Errorf("%s: an empty page", by)
		}
		if by == "" && p.Count != len(want) {
			r.t.Errorf("%s: counted %d", by, p.Count)
		}
		got, next = append(got, ids(p)...), p.Next
	}
	want = slices.Clone(want)
	slices.Reverse(want)
	if !ordered {
		got = slices.Clone(got)
		slices.Sort(got)
		slices.Sort(want)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("by %q: the pages hold %d results, want %d (or the order differs)", by, len(got), len(want))
	}
}

// TestManyRoomsAndHits: more rooms than the query names, and more texts than one page reads.
func TestManyRoomsAndHits(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for range 33 {
			r.Room("alice")
		}
		mine, other := r.Room("alice", "ben"), r.Room("ben")
		id := r.Say("alice", mine, "needle")
		r.flood(other, 2100, "needle")
		var got []string
		ask := search.Ask{Term: "needle", Recent: true}
		for pages := 0; ; pages++ {
			p := r.page("alice", ask)
			got = append(got, ids(p)...)
			if ask.Next = p.Next; p.Next == "" {
				break
			}
			if pages == 5 {
				t.Fatal("the pages do not end")
			}
		}
		if !slices.Equal(got, []string{id}) {
			t.Errorf("found %v, want %s", got, id)
		}
		r.finds("alice", "needle thread")
		if p := r.page("ben", search.Ask{Term: "needle", Recent: true}); p.Count != 500 || p.Next == "" {
			t.Errorf("Ben counts %d, next %q", p.Count, p.Next)
		}
	})
}

// flood appends many messages at once.
func (r *rig) flood(l *room.Live, n int, text string) {
	r.t.Helper()
	done := make(chan error, 8)
	for range 8 {
		go func() {
			for range n / 8 {
				_, err := r.Append(r.t.Context(), roomtest.Who("ben"), l, &room.Draft{
					Type: "m.room.message", Content: []byte(fmt.Sprintf(`{"msgtype":"m.text","body":%q}`, text)),
				})
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestContext(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice", "ben")
		var said []string
		for i := range 9 {
			said = append(said, r.Say([]string{"alice", "ben"}[i%2], l, fmt.Sprintf("line%d", i)))
		}
		p := r.page("ben", search.Ask{Term: "line4", Context: &search.Context{Before: 2, After: 3, Profiles: true}, State: true})
		if len(p.Results) != 1 || p.Results[0].Event.ID != said[4] {
			t.Fatalf("found %v", ids(p))
		}
		around := p.Results[0].Around
		var got []string
		for _, ev := range slices.Concat(around.Before, around.After) {
			got = append(got, ev.ID)
		}
		if want := []string{said[3], said[2], said[5], said[6], said[7]}; !slices.Equal(got, want) {
			t.Errorf("around: %v, want %v", got, want)
		}
		if len(p.Results[0].Profiles) != 2 || p.Results[0].Profiles[0].Name != "Alice" {
			t.Errorf("profiles: %v", p.Results[0].Profiles)
		}
		if len(p.States) != 1 || len(p.States[0].Events) != len(l.States()) {
			t.Errorf("states: %v", p.States)
		}
	})
}

// TestStateOfThen: who has left is shown the state of when they left, not what came after.
func TestStateOfThen(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice", "ben")
		r.Say("alice", l, "farewell")
		if err := r.Leave(t.Context(), roomtest.Who("ben"), l.ID, ""); err != nil {
			t.Fatal(err)
		}
		r.Set("alice", l, "m.room.topic", "", `{"topic":"after"}`)
		for _, ev := range r.page("ben", search.Ask{Term: "farewell", State: true}).States[0].Events {
			if ev.Type == "m.room.topic" {
				t.Error("the topic of after Ben left is shown")
			}
		}
	})
}

// TestCatchUp: an index made anew finds what the old one found.
func TestCatchUp(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice", "ben")
		r.flood(l, 440, "filler")
		plain := r.Say("alice", l, "plain")
		edited := r.Say("alice", l, "before")
		edit := r.edit("alice", l, edited, "after")
		gone := r.Say("alice", l, "gone")
		r.redact("alice", l, gone)
		err := r.DB.Write(t.Context(), func(tx *store.Tx) error {
			for _, table := range []string{"search_text", "search_edit"} {
				if err := tx.Exec("DELETE FROM " + table); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		r.finds("alice", "plain")
		promised := 0
		start := func() {
			t.Helper()
			if err := r.search.Start(t.Context(), func(*store.Tx) error { promised++; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		start()
		later := r.edit("alice", l, plain, "changed meanwhile")
		if err := r.search.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.finds("alice", "plain")
		r.finds("alice", "meanwhile", plain)
		r.finds("alice", "after", edited)
		r.finds("alice", "before")
		r.finds("alice", "gone")
		if p := r.page("ben", search.Ask{Term: "filler"}); p.Count != 440 {
			t.Errorf("%d fillers", p.Count)
		}
		r.redact("alice", l, edit)
		r.finds("alice", "before", edited)
		r.redact("alice", l, later)
		r.finds("alice", "plain", plain)
		if start(); promised != 1 {
			t.Errorf("promised %d times", promised)
		}
	})
}

func TestForget(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		l := r.Room("alice")
		r.Say("alice", l, "disposed")
		if err := r.DB.Write(t.Context(), func(tx *store.Tx) error { return r.search.Forget(tx, l.Last()) }); err != nil {
			t.Fatal(err)
		}
		r.finds("alice", "disposed")
	})
}

func TestBadAsks(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for name, ask := range map[string]search.Ask{
			"long term":     {Term: strings.Repeat("x", 1001)},
			"foreign token": {Term: "x", Next: "s12"},
			"no base64":     {Term: "x", Next: "!"},
			"short token":   {Term: "x", Next: "MSAy"},
			"bad group":     {Term: "x", Next: "MSAwIDAgdHlwZSB4"},
		} {
			if _, err := r.search.Messages(t.Context(), roomtest.Who("alice"), &ask); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
