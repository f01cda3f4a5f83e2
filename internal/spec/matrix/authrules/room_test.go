package authrules

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// The people of the tests. Sister Jones created the room; Dr Patel, Nurse Okafor and Mr Lind hold 100, 50 and 0.
const (
	jones  = "@jones:ward.example"
	patel  = "@patel:ward.example"
	okafor = "@okafor:ward.example"
	lind   = "@lind:ward.example"
	guest  = "@guest:ward.example"   // never was in the room
	remote = "@remote:other.example" // nor this one, from elsewhere
)

var both = []matrix.RoomVersion{matrix.V11, matrix.V12}

// room is a state under construction: put changes it without asking the rules.
type room struct {
	Map
	t       testing.TB
	version matrix.RoomVersion
	key     matrix.Key
	create  *matrix.Event
	depth   int64
}

// newRoom is a room that Jones created a moment ago, with nothing in it but the create event.
func newRoom(t testing.TB, version matrix.RoomVersion, content string) *room {
	t.Helper()
	key, err := matrix.NewKey("ed25519:1", strings.NewReader(strings.Repeat("wardline", 4)))
	if err != nil {
		t.Fatal(err)
	}
	r := &room{Map: Map{}, t: t, version: version, key: key}
	r.create = r.event(jones, typeCreate, "", content)
	r.Map[StateKey{typeCreate, ""}] = r.create
	return r
}

// ward is a working room: four members and power levels.
func ward(t testing.TB, version matrix.RoomVersion) *room {
	r := newRoom(t, version, `{}`)
	for _, user := range []string{jones, patel, okafor, lind} {
		r.member(user, "join")
	}
	r.join("invite")
	r.levels(`{"users":{"` + patel + `":100,"` + okafor + `":50}}`)
	return r
}

func (r *room) member(user, membership string) {
	r.put(r.event(user, typeMember, user, `{"membership":"`+membership+`"}`))
}

func (r *room) join(rule string) {
	r.put(r.event(jones, typeJoinRules, "", `{"join_rule":"`+rule+`"}`))
}
func (r *room) levels(content string) {
	r.put(r.event(jones, typePowerLevels, "", r.ownLevel(content)))
}

// ownLevel gives the creator of a version 11 room level 100 in a content's users, where version 12 has none to give.
func (r *room) ownLevel(content string) string {
	if r.version == matrix.V12 {
		return content
	}
	var levels map[string]any
	if err := json.Unmarshal([]byte(content), &levels); err != nil {
		r.t.Fatal(err)
	}
	if users, ok := levels["users"].(map[string]any); ok {
		if users[jones] == nil {
			users[jones] = 100
		}
	} else if levels["users"] == nil {
		levels["users"] = map[string]any{jones: 100}
	}
	out, err := json.Marshal(levels)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(out)
}

func (r *room) put(ev *matrix.Event) { r.Map[StateKey{ev.Type, *ev.StateKey}] = ev }

// event is a state event of this room; message one that is not.
func (r *room) event(sender, typ, stateKey, content string) *matrix.Event {
	return r.build(matrix.Draft{Type: typ, Sender: sender, StateKey: &stateKey, Content: []byte(content)})
}

func (r *room) message(sender, typ, content string) *matrix.Event {
	return r.build(matrix.Draft{Type: typ, Sender: sender, Content: []byte(content)})
}

func (r *room) build(d matrix.Draft) *matrix.Event {
	r.t.Helper()
	r.depth++
	d.TS, d.Depth = r.depth, r.depth
	if d.Type != typeCreate {
		d.RoomID = r.create.RoomID
		if d.PrevEvents == nil {
			d.PrevEvents = []string{"$" + strings.Repeat("p", 43)}
		}
	} else if r.version == matrix.V11 {
		d.RoomID = "!ward7:ward.example"
	}
	keys, err := DraftAuthTypes(r.version, d)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, key := range keys {
		if e := r.Event(key.Type, key.Key); e != nil {
			d.AuthEvents = append(d.AuthEvents, e.ID)
		}
	}
	ev, err := matrix.Build(r.version, d, matrix.ServerOf(d.Sender), r.key)
	if err != nil {
		r.t.Fatal(err)
	}
	return ev
}
