package authrules

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// generator makes rooms in any state and events that may or may not enter them, the same ones for the same seed.
type generator struct {
	*rand.Rand
	t testing.TB
}

func newGenerator(t testing.TB, seed uint64) generator {
	return generator{rand.New(rand.NewPCG(seed, 12)), t}
}

var everyone = []string{jones, patel, okafor, lind, guest, remote}

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g generator) room(version matrix.RoomVersion) *room {
	create := map[string]any{"room_version": string(version)}
	if g.chance(10) {
		create["m.federate"] = pick(g, false, true)
	}
	if g.chance(25) {
		create["additional_creators"] = []string{patel}
	}
	r := newRoom(g.t, version, g.json(create))
	for _, user := range everyone {
		if m := pick(g, "join", "join", "join", "join", "invite", "leave", "ban", "knock", "knock", ""); m != "" {
			r.member(user, m)
		}
	}
	if rule := pick(g, "", "public", "public", "invite", "knock", "restricted", "knock_restricted", "private"); rule != "" {
		r.join(rule)
	}
	if g.chance(85) {
		content := g.levels()
		if version == matrix.V12 { // what rule 10.4 keeps out
			delete(content["users"].(map[string]any), jones)
			delete(content["users"].(map[string]any), patel)
		}
		r.put(r.event(jones, typePowerLevels, "", g.json(content)))
	}
	return r
}

func (g generator) level() any { return pick[any](g, -10, 0, 0, 25, 49, 50, 50, 51, 75, 100) }

func (g generator) levels() map[string]any {
	content := map[string]any{}
	for _, name := range single {
		if g.chance(30) {
			content[name] = g.level()
		}
	}
	users, events, notifications := map[string]any{}, map[string]any{}, map[string]any{}
	for _, user := range everyone {
		if g.chance(60) {
			users[user] = g.level()
		}
	}
	for _, typ := range []string{"m.room.topic", typePowerLevels, typeMember, typeThirdPartyInvite, "m.room.message"} {
		if g.chance(15) {
			events[typ] = g.level()
		}
	}
	for _, kind := range []string{"room", "ward"} {
		if g.chance(15) {
			notifications[kind] = g.level()
		}
	}
	content["users"] = users
	if len(events) > 0 {
		content["events"] = events
	}
	if len(notifications) > 0 {
		content["notifications"] = notifications
	}
	return content
}

// event makes an event for a room: a membership as often as not, since those have most of the rules.
func (g generator) event(r *room) *matrix.Event {
	sender := pick(g, everyone...)
	for range 4 { // who is not there may do little
		if e := r.Event(typeMember, sender); e == nil || e.Membership() != "join" {
			sender = pick(g, everyone...)
		}
	}
	switch kind := g.IntN(20); {
	case kind < 10:
		return g.membership(r, sender)
	case kind < 16:
		return r.event(sender, typePowerLevels, "", g.json(g.changedLevels(r)))
	case kind < 17:
		return r.event(sender, typeThirdPartyInvite, pick(g, "tok", "@tok"), `{}`)
	case kind < 18:
		return r.event(sender, pick(g, "m.room.topic", "org.wardline.status"), pick(g, "", sender, lind, "x"), `{}`)
	}
	return r.message(sender, pick(g, "m.room.message", "m.room.redaction"), `{}`)
}

func (g generator) membership(r *room, sender string) *matrix.Event {
	target := sender
	if g.chance(55) {
		target = pick(g, everyone...)
	}
	content := map[string]any{"membership": pick(g, "join", "join", "invite", "leave", "leave", "ban", "knock")}
	if g.chance(3) {
		content["membership"] = pick[any](g, "visit", "", 1, nil)
	}
	if g.chance(10) {
		content["join_authorised_via_users_server"] = pick[any](g, jones, patel, lind, remote, guest, "lind", 1)
	}
	d := matrix.Draft{Type: typeMember, Sender: sender, StateKey: &target, Content: []byte(g.json(content))}
	if g.chance(10) {
		d.PrevEvents = []string{r.create.ID}
	}
	return r.build(d)
}

// changedLevels takes the current power levels a step further, mostly in ways that could be allowed.
func (g generator) changedLevels(r *room) map[string]any {
	content := g.levels()
	if now := r.Event(typePowerLevels, ""); now != nil && g.chance(85) {
		content = map[string]any{}
		if err := json.Unmarshal(now.Content, &content); err != nil {
			g.t.Fatal(err)
		}
		for range g.IntN(3) {
			g.changeLevel(content)
		}
	}
	if users, ok := content["users"].(map[string]any); ok && r.version == matrix.V12 && g.chance(80) {
		delete(users, jones)
	}
	if g.chance(5) {
		bad := pick(g, append(slices.Clone(single[:]), "users", "events", "notifications")...)
		content[bad] = pick[any](g, "50", nil, []int{}, map[string]any{"x": "50"}, map[string]any{"nobody": 1}, true)
	}
	return content
}

func (g generator) changeLevel(content map[string]any) {
	within := func(name, key string) {
		inner, ok := content[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			content[name] = inner
		}
		if g.chance(25) {
			delete(inner, key)
		} else {
			inner[key] = g.level()
		}
	}
	switch g.IntN(5) {
	case 0:
		name := pick(g, single[:]...)
		if g.chance(25) {
			delete(content, name)
		} else {
			content[name] = g.level()
		}
	case 1, 4:
		within("users", pick(g, everyone...))
	case 2:
		within("events", pick(g, "m.room.topic", "m.room.message", "org.wardline.status"))
	case 3:
		within("notifications", pick(g, "room", "ward"))
	}
}

func (g generator) json(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(out)
}

// describe is a case for the eyes of whoever has to explain a difference between two verdicts.
func describe(r *room, ev *matrix.Event) string {
	s := fmt.Sprintf("event %s\n", ev.JSON)
	for key, e := range r.Map {
		s += fmt.Sprintf("  %s %q by %s: %s\n", key.Type, key.Key, e.Sender, e.Content)
	}
	return s
}
