package filter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func parse(t *testing.T, data string) *Filter {
	t.Helper()
	f, err := Parse([]byte(data))
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return f
}

func TestMatch(t *testing.T) {
	type event struct {
		typ, sender, room string
		url               bool
	}
	message := event{"m.room.message", "@a:x", "!r:x", false}
	picture := event{"m.room.message", "@a:x", "!r:x", true}
	topic := event{"m.room.topic", "@b:x", "!r:x", false}
	for _, c := range []struct {
		filter string
		event  event
		want   bool
	}{
		{`{}`, message, true},
		{`{"types":["m.room.message"]}`, message, true},
		{`{"types":["m.room.message"]}`, topic, false},
		{`{"types":[]}`, message, false},
		{`{"types":["m.room.*"]}`, topic, true}, {`{"types":["*"]}`, topic, true}, {`{"types":["m.*.topic"]}`, topic, true},
		{`{"types":["m.call.*","org.*"]}`, topic, false}, {`{"types":["m.room.topi?"]}`, topic, false}, {`{"types":["M.ROOM.TOPIC"]}`, topic, false},
		{`{"types":["m.room.*"],"not_types":["m.room.topic"]}`, topic, false},
		{`{"types":["m.room.topic"],"not_types":["m.room.*"]}`, topic, false},
		{`{"not_types":["*"]}`, message, false}, {`{"not_types":[]}`, message, true},
		{`{"senders":["@a:x"]}`, message, true}, {`{"senders":["@a:x"]}`, topic, false}, {`{"senders":[]}`, message, false},
		{`{"senders":["@a:x"],"not_senders":["@a:x"]}`, message, false}, {`{"not_senders":["@b:x"]}`, message, true},
		{`{"rooms":["!r:x"]}`, message, true}, {`{"rooms":["!q:x"]}`, message, false}, {`{"rooms":[]}`, message, false},
		{`{"rooms":["!r:x"],"not_rooms":["!r:x"]}`, message, false}, {`{"not_rooms":["!q:x"]}`, message, true},
		{`{"contains_url":true}`, message, false}, {`{"contains_url":true}`, picture, true},
		{`{"contains_url":false}`, message, true}, {`{"contains_url":false}`, picture, false},
		{`{"types":["m.room.message"],"senders":["@b:x"]}`, message, false},
	} {
		e, err := ParseEvents([]byte(c.filter))
		if err != nil {
			t.Fatalf("%s: %v", c.filter, err)
		}
		if got := e.Match(c.event.typ, c.event.sender, c.event.room, c.event.url); got != c.want {
			t.Errorf("%s on %+v: %v, want %v", c.filter, c.event, got, c.want)
		}
		apart := e.MatchRoom(c.event.room) && e.MatchInRoom(c.event.typ, c.event.sender, c.event.url)
		if apart != c.want {
			t.Errorf("%s on %+v: %v when the room is asked apart", c.filter, c.event, apart)
		}
		if !e.MatchType(c.event.typ) && c.want {
			t.Errorf("%s: the type of an event that passes does not", c.filter)
		}
	}
}

func TestParts(t *testing.T) {
	f := parse(t, `{"event_format":"federation","unknown":{"a":[1]},"presence":{"not_types":["*"]},"account_data":{"types":["m.push_rules"]},
		"room":{"include_leave":true,"rooms":["!a:x","!b:x"],"not_rooms":["!b:x"],"ephemeral":{"types":["m.typing"]},"account_data":{"limit":7},
		"state":{"lazy_load_members":true,"include_redundant_members":true,"unread_thread_notifications":false},
		"timeline":{"limit":20,"unread_thread_notifications":true,"related_by_senders":["@a:x"],"related_by_rel_types":["m.thread"]}}}`)
	for name, ok := range map[string]bool{
		"federation format":  f.Federation,
		"no presence":        !f.Presence.MatchType("m.presence"),
		"account data":       f.AccountData.MatchType("m.push_rules") && !f.AccountData.MatchType("m.direct"),
		"include_leave":      f.Room.IncludeLeave,
		"the room named":     f.Room.Match("!a:x"),
		"the room excluded":  !f.Room.Match("!b:x"),
		"the room not named": !f.Room.Match("!c:x"),
		"typing":             f.Room.Ephemeral.MatchType("m.typing") && !f.Room.Ephemeral.MatchType("m.receipt"),
		"lazy members":       f.Room.State.LazyLoadMembers && f.Room.State.IncludeRedundantMembers && !f.Room.Timeline.LazyLoadMembers,
		"threads":            f.Room.Timeline.UnreadThreadNotifications && !f.Room.State.UnreadThreadNotifications,
		"limit":              f.Room.Timeline.Limit(10, 100) == 20 && f.Room.Timeline.Limit(10, 15) == 15 && f.Room.State.Limit(10, 100) == 10,
		"relations":          f.Room.Timeline.AsksRelations() && !f.Room.State.AsksRelations(),
		"a relation":         f.Room.Timeline.MatchRelation("m.thread", "@a:x"),
		"another's relation": !f.Room.Timeline.MatchRelation("m.thread", "@b:x"),
		"another relation":   !f.Room.Timeline.MatchRelation("m.replace", "@a:x"),
	} {
		if !ok {
			t.Errorf("%s: not as the filter says", name)
		}
	}
	if rooms, ok := f.Room.Named(); !ok || !slices.Equal(rooms, []string{"!a:x"}) {
		t.Errorf("rooms named: %q, %v", rooms, ok)
	}
	if _, ok := parse(t, `{}`).Room.Named(); ok {
		t.Error("a filter without rooms names some")
	}
	if !parse(t, `{"room":{"timeline":{"org.matrix.msc3773.unread_thread_notifications":true}}}`).Room.Timeline.UnreadThreadNotifications {
		t.Error("the earlier name of unread_thread_notifications is not read")
	}
}

func TestEverything(t *testing.T) {
	for data, want := range map[string]bool{
		`{}`: true, `{"limit":3,"lazy_load_members":true}`: true, `{"rooms":["!a:x"]}`: true, `{"types":["*"]}`: true, `{"not_types":[]}`: true,
		`{"types":["m.*"]}`: false, `{"not_types":["a"]}`: false, `{"not_types":["a*"]}`: false, `{"senders":[]}`: false, `{"not_senders":["@a:x"]}`: false,
		`{"contains_url":false}`: false, `{"related_by_senders":["@a:x"]}`: false, `{"types":["*"],"not_types":["x"]}`: false,
	} {
		e, err := ParseEvents([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Everything(); got != want {
			t.Errorf("%s: %v, want %v", data, got, want)
		}
	}
	var none *Events
	if !none.Everything() || !none.Match("a", "b", "c", true) || !none.MatchRoom("c") || none.AsksRelations() || none.Limit(5, 9) != 5 || !none.MatchRelation("a", "b") {
		t.Error("no filter must leave nothing out")
	}
	if e, err := ParseEvents(nil); err != nil || !e.Everything() {
		t.Errorf("an absent filter: %v", err)
	}
}

func TestLongLists(t *testing.T) {
	var users []string
	for i := range 50 {
		users = append(users, fmt.Sprintf(`"@u%d:x"`, i))
	}
	e, err := ParseEvents([]byte(`{"senders":[` + strings.Join(users, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	if !e.Match("t", "@u49:x", "!r", false) || e.Match("t", "@u50:x", "!r", false) {
		t.Error("a long list is not read as a short one is")
	}
}

// TestRefuses checks that a fault is named with its place.
func TestRefuses(t *testing.T) {
	entries := strings.TrimSuffix(strings.Repeat(`"!a:x",`, MaxEntries+1), ",")
	for data, want := range map[string]string{
		`[]`:                                  "must be an object",
		`null`:                                "must be an object",
		``:                                    "not JSON",
		`{`:                                   "not JSON",
		`{"room":{"timeline":`:                "not JSON",
		`{} {}`:                               "something follows",
		`{"presence":"not_an_object"}`:        "/presence: must be an object",
		`{"room":[]}`:                         "/room: must be an object",
		`{"room":null}`:                       "/room: must be an object",
		`{"room":{"timeline":{"limit":"9"}}}`: "/room/timeline/limit: must be an integer",
		`{"room":{"timeline":{"limit":0}}}`:   "/room/timeline/limit: must be an integer greater than 0",
		`{"room":{"timeline":{"limit":-1}}}`:  "/room/timeline/limit: must be an integer",
		`{"room":{"timeline":{"limit":1.5}}}`: "/room/timeline/limit: must be an integer",
		`{"room":{"timeline":{"limit":1e3}}}`: "/room/timeline/limit: must be an integer",
		`{"room":{"state":{"types":"x"}}}`:    "/room/state/types: must be a list of strings",
		`{"room":{"state":{"types":[7]}}}`:    "/room/state/types/0: must be a string",
		`{"room":{"state":{"types":["a",null]}}}`:                      "/room/state/types/1: must be a string",
		`{"room":{"state":{"senders":["a"]}}}`:                         "/room/state/senders/0: must begin with @",
		`{"room":{"state":{"not_senders":[""]}}}`:                      "/room/state/not_senders/0: must begin with @",
		`{"room":{"rooms":["#a:x"]}}`:                                  "/room/rooms/0: must begin with !",
		`{"room":{"rooms":[` + entries + `]}}`:                         "at most 1000 entries",
		`{"room":{"not_rooms":["!` + strings.Repeat("a", 255) + `"]}}`: "/room/not_rooms/0: an entry has at most 255 bytes",
		`{"room":{"include_leave":"yes"}}`:                             "/room/include_leave: must be true or false",
		`{"room":{"state":{"lazy_load_members":1}}}`:                   "/room/state/lazy_load_members: must be true or false",
		`{"room":{"state":{"contains_url":null}}}`:                     "/room/state/contains_url: must be true or false",
		`{"event_format":"xml"}`:                                       "/event_format: must be",
		`{"event_format":1}`:                                           "/event_format: must be a string",
		`{"event_fields":{}}`:                                          "/event_fields: must be a list",
		`{"event_format":"client","event_format":"client"}`:            "the same name twice",
		`{"presence":{"types":["a"],"types":["b"]}}`:                   "the same name twice",
		"{\"room\":{\"rooms\":[\"!\xff\"]}}":                           "/room/rooms/0: not JSON",
		`{"x":"` + strings.Repeat("a", MaxBytes) + `"}`:                "more than 65536 bytes",
	} {
		_, err := Parse([]byte(data))
		fault, ok := errors.AsType[*Error](err)
		if !ok || !strings.Contains(fault.Error(), want) {
			t.Errorf("%.80s: %v, want %q", data, err, want)
		}
	}
	if _, err := ParseEvents([]byte(`{"limit":99999999999999999999}`)); err != nil {
		t.Errorf("a very large limit is only large: %v", err)
	}
}

func TestProject(t *testing.T) {
	event := `{"content":{"body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"$1"},"info":{"h":1,"w":2}},"type":"m.room.message","sender":"@a:x","unsigned":{}}`
	for fields, want := range map[string]string{
		`["type"]`:                                        `{"type":"m.room.message"}`,
		`["type","content.body","sender"]`:                `{"content":{"body":"x"},"type":"m.room.message","sender":"@a:x"}`,
		`["content"]`:                                     `{"content":{"body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"$1"},"info":{"h":1,"w":2}}}`,
		`["content","content.body"]`:                      `{"content":{"body":"x","m.relates_to":{"rel_type":"m.thread","event_id":"$1"},"info":{"h":1,"w":2}}}`,
		`["content.m\\.relates_to.rel_type"]`:             `{"content":{"m.relates_to":{"rel_type":"m.thread"}}}`,
		`["content.m.relates_to.rel_type"]`:               `{}`,
		`["content.info.h","content.info.w","content.x"]`: `{"content":{"info":{"h":1,"w":2}}}`,
		`["content.body.deeper"]`:                         `{}`,
		`["content.absent.x","type"]`:                     `{"type":"m.room.message"}`,
		`["unsigned.age"]`:                                `{}`,
		`["unsigned"]`:                                    `{"unsigned":{}}`,
		`[]`:                                              event,
	} {
		f := parse(t, `{"event_fields":`+fields+`}`)
		if got := string(f.Fields.Project(nil, []byte(event))); got != want {
			t.Errorf("%s:\n%s, want\n%s", fields, got, want)
		}
	}
	if got := string(NewFields([]string{"a\"b"}).Project([]byte("x"), []byte(`{"a\"b":1,"a":2}`))); got != `x{"a\"b":1}` {
		t.Errorf("an escaped name: %s", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"event_fields":["a\\.b.c","content"],"room":{"rooms":["!a:x"],"timeline":{"types":["m.*","x"],"limit":3,"contains_url":true}}}`), []byte(`{"a.b":{"c":1},"content":{}}`))
	f.Add([]byte(`{"presence":{"not_senders":["@a:x"]}`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, data, event []byte) {
		parsed, err := Parse(data)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("not an *Error: %v", err)
			}
			return
		}
		e := &parsed.Room.Timeline
		if e.Everything() && !e.MatchInRoom("m.room.message", "@a:x", true) {
			t.Error("everything passes, and this does not")
		}
		if !jsontext.Value(event).IsValid() || jsontext.Value(event).Kind() != '{' {
			return
		}
		if out := jsontext.Value(parsed.Fields.Project(nil, event)); !out.IsValid() {
			t.Errorf("%s projected to %s", event, out)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	e, err := ParseEvents([]byte(`{"types":["m.room.message","m.room.encrypted","m.sticker"],"not_senders":["@spam:x"]}`))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Match("m.room.message", "@a:x", "!r:x", false)
	}
}
