package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/client"
)

func TestMessages(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id := Room(t, amira, ben)
		device := ben.Follow("")
		ok(t, device.CatchUp(ctx))

		first := got[string](t)(amira.SendTxn(ctx, id, "m.room.message", "txn1", client.Text("Bed 4 is ready")))
		again := got[string](t)(amira.SendTxn(ctx, id, "m.room.message", "txn1", client.Text("Bed 4 is ready")))
		if again != first {
			t.Errorf("the same transaction gave %s and %s", first, again)
		}
		reply := got[string](t)(ben.Send(ctx, id, "m.room.message", client.Reply("Thank you", first)))
		saw(t, device, id, reply)
		if own := amira.Follow(""); own.CatchUp(ctx) == nil {
			sent := own.Joined[id].Timeline
			i := slices.IndexFunc(sent, func(e client.Event) bool { return e.EventID == first })
			if i < 0 || sent[i].UnsignedField("transaction_id").String() != "txn1" {
				t.Errorf("the sender's own echo has no transaction: %v", sent)
			}
		}
		event := got[client.Event](t)(ben.Event(ctx, id, reply))
		if event.Body() != "Thank you" || event.Field(`m\.relates_to.m\.in_reply_to.event_id`).String() != first || event.RoomID != id {
			t.Errorf("the reply: %+v", event)
		}
		if event.UnsignedField("transaction_id").String() == "" {
			t.Errorf("unsigned of an own event: %s", event.Unsigned)
		}

		_, err := cara.Say(ctx, id, "hello")
		refused(t, "a message of a stranger", err, 403, "M_FORBIDDEN")
		_, err = cara.Event(ctx, id, first)
		refused(t, "an event for a stranger", err, 404, "M_NOT_FOUND")
		_, err = amira.Send(ctx, id, "m.room.message", client.Object{"msgtype": "m.text", "body": string(make([]byte, 70_000))})
		refused(t, "a message too long", err, 413, "M_TOO_LARGE")
		_, err = amira.Send(ctx, id, "m.room.message", client.Object{"body": 1.5})
		refused(t, "a number that is no integer", err, 400, "M_BAD_JSON")
		_, err = amira.Send(ctx, id, "m.room.message", []string{"not", "an", "object"})
		refused(t, "content that is no object", err, 400, "M_BAD_JSON")
	})
}

func TestRedaction(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		for _, version := range []string{"11", "12"} {
			id := got[string](t)(amira.CreateRoom(ctx, client.NewRoom{Version: version, Invite: []string{ben.UserID()}}))
			_, err := ben.Join(ctx, id)
			ok(t, err)
			device := ben.Follow("")
			event, other := Say(t, amira, id, "wrong room"), Say(t, ben, id, "mine")
			saw(t, device, id, other)
			_, err = ben.Redact(ctx, id, event, "")
			refused(t, "somebody else's message from below", err, 403, "M_FORBIDDEN")
			redaction := got[string](t)(amira.RedactTxn(ctx, id, event, "r1", "sent to the wrong room"))
			if again := got[string](t)(amira.RedactTxn(ctx, id, event, "r1", "sent to the wrong room")); again != redaction {
				t.Errorf("the same transaction redacted twice: %s, %s", redaction, again)
			}
			saw(t, device, id, redaction)
			gone := got[client.Event](t)(ben.Event(ctx, id, event))
			because := gone.UnsignedField("redacted_because")
			if string(gone.Content) != "{}" || because.Get("event_id").String() != redaction || because.Get("content.reason").String() != "sent to the wrong room" {
				t.Errorf("version %s, redacted: %s %s", version, gone.Content, gone.Unsigned)
			}
			if because.Get("content.redacts").String() != event {
				t.Errorf("version %s, the redaction: %s", version, because)
			}
			_, err = amira.Redact(ctx, id, other, "")
			ok(t, err) // as a moderator
		}
	})
}

func TestRelations(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id := Room(t, amira, ben)
		root := Say(t, amira, id, "Bloods at 10")
		thumb := got[string](t)(ben.React(ctx, id, root, "👍"))
		_, err := ben.React(ctx, id, root, "👍")
		refused(t, "the same reaction twice", err, 400, "M_DUPLICATE_ANNOTATION")
		edit := got[string](t)(amira.Send(ctx, id, "m.room.message", client.Edit("Bloods at 11", root)))
		one := got[string](t)(ben.Send(ctx, id, "m.room.message", client.InThread("Which?", root, root)))
		two := got[string](t)(amira.Send(ctx, id, "m.room.message", client.InThread("U and E", root, one)))
		nested := got[string](t)(ben.React(ctx, id, two, "✅"))

		for _, c := range []struct {
			what    string
			options client.RelationsOptions
			want    []string // newest first
		}{
			{"all", client.RelationsOptions{}, []string{two, one, edit, thumb}},
			{"reactions", client.RelationsOptions{RelType: "m.annotation"}, []string{thumb}},
			{"the thread", client.RelationsOptions{RelType: "m.thread", EventType: "m.room.message"}, []string{two, one}},
			{"the thread, oldest first", client.RelationsOptions{RelType: "m.thread", Dir: client.Forward}, []string{one, two}},
			{"of another type", client.RelationsOptions{RelType: "m.thread", EventType: "m.sticker"}, nil},
			{"with what relates to those", client.RelationsOptions{Recurse: true}, []string{nested, two, one, edit, thumb}},
		} {
			page := got[client.RelationsPage](t)(ben.Relations(ctx, id, root, c.options))
			if !slices.Equal(ids(page.Chunk), c.want) && len(page.Chunk)+len(c.want) > 0 {
				t.Errorf("%s: %v, want %v", c.what, ids(page.Chunk), c.want)
			}
		}
		var paged []string
		for from := ""; ; {
			page := got[client.RelationsPage](t)(ben.Relations(ctx, id, root, client.RelationsOptions{Limit: 1, From: from}))
			paged = append(paged, ids(page.Chunk)...)
			if from = page.NextBatch; from == "" || len(paged) > 10 {
				break
			}
		}
		if want := []string{two, one, edit, thumb}; !slices.Equal(paged, want) {
			t.Errorf("one by one: %v, want %v", paged, want)
		}

		event := got[client.Event](t)(ben.Event(ctx, id, root))
		bundle := event.UnsignedField(`m\.relations`)
		thread := bundle.Get(`m\.thread`)
		if thread.Get("count").Int() != 2 || thread.Get("latest_event.event_id").String() != two || !thread.Get("current_user_participated").Bool() {
			t.Errorf("thread: %s", thread)
		}
		if bundle.Get(`m\.replace.event_id`).String() != edit || event.Body() != "Bloods at 10" {
			t.Errorf("edit: %s of %s", bundle.Get(`m\.replace`), event.Content)
		}
		_, err = ben.Redact(ctx, id, thumb, "")
		ok(t, err)
		if page := got[client.RelationsPage](t)(ben.Relations(ctx, id, root, client.RelationsOptions{RelType: "m.annotation"})); len(page.Chunk) != 0 {
			t.Errorf("a reaction taken back is still there: %v", page.Chunk)
		}
		_, err = amira.Redact(ctx, id, edit, "")
		ok(t, err)
		if after := got[client.Event](t)(ben.Event(ctx, id, root)); after.UnsignedField(`m\.relations.m\.replace`).Exists() {
			t.Errorf("an edit taken back is still there: %s", after.Unsigned)
		}
	})
}

func TestThreads(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id := Room(t, amira, ben, cara)
		var roots []string
		for i := range 3 {
			root := Say(t, amira, id, "patient %d", i)
			roots = append(roots, root)
			by := []*client.Client{ben, cara, ben}[i]
			got[string](t)(by.Send(ctx, id, "m.room.message", client.InThread("noted", root, root)))
		}
		got[string](t)(cara.Send(ctx, id, "m.room.message", client.InThread("later", roots[0], roots[0])))
		want := []string{roots[0], roots[2], roots[1]} // by the latest message
		if page := got[client.ThreadsPage](t)(ben.Threads(ctx, id, false, 10, "")); !slices.Equal(ids(page.Chunk), want) {
			t.Errorf("threads: %v, want %v", ids(page.Chunk), want)
		}
		if page := got[client.ThreadsPage](t)(ben.Threads(ctx, id, true, 10, "")); !slices.Equal(ids(page.Chunk), []string{roots[0], roots[2]}) {
			t.Errorf("threads ben wrote in: %v", ids(page.Chunk))
		}
		var paged []string
		for from := ""; ; {
			page := got[client.ThreadsPage](t)(ben.Threads(ctx, id, false, 1, from))
			paged = append(paged, ids(page.Chunk)...)
			if from = page.NextBatch; from == "" || len(paged) > 10 {
				break
			}
		}
		if !slices.Equal(paged, want) {
			t.Errorf("one by one: %v, want %v", paged, want)
		}
	})
}

func TestHistory(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		id := Room(t, amira, ben)
		var sent, said []string
		for i := range 25 {
			said = append(said, fmt.Sprintf("message %d", i))
			sent = append(sent, Say(t, amira, id, "message %d", i))
		}
		filter := `{"types":["m.room.message"]}`
		walk := func(dir string, limit int) (out []string) {
			for from := ""; ; {
				page := got[client.Page](t)(ben.Messages(ctx, id, client.MessagesOptions{From: from, Dir: dir, Limit: limit, Filter: filter}))
				out = append(out, bodies(page.Chunk)...)
				if from = page.End; from == "" || len(out) > 60 {
					return out
				}
			}
		}
		for _, limit := range []int{3, 25, 100} {
			if out := walk(client.Forward, limit); !slices.Equal(out, said) {
				t.Errorf("forward by %d: %v", limit, out)
			}
			back := walk(client.Backward, limit)
			slices.Reverse(back)
			if !slices.Equal(back, said) {
				t.Errorf("backward by %d: %v", limit, back)
			}
		}
		// A gap in sync is filled from its prev_batch.
		short := got[client.SyncResponse](t)(ben.Sync(ctx, client.SyncOptions{Filter: `{"room":{"timeline":{"limit":2}}}`})).Rooms.Join[id].Timeline
		if !short.Limited || len(short.Events) != 2 {
			t.Fatalf("a sync of two: %+v", short)
		}
		page := got[client.Page](t)(ben.Messages(ctx, id, client.MessagesOptions{From: short.PrevBatch, Limit: 2}))
		if want := []string{"message 22", "message 21"}; !slices.Equal(bodies(page.Chunk), want) {
			t.Errorf("before a sync: %v, want %v", bodies(page.Chunk), want)
		}

		around := got[client.EventContext](t)(ben.Context(ctx, id, sent[10], 6, filter))
		if around.Event.EventID != sent[10] || !slices.Equal(bodies(around.EventsBefore), []string{"message 9", "message 8", "message 7"}) ||
			!slices.Equal(bodies(around.EventsAfter), []string{"message 11", "message 12", "message 13"}) {
			t.Errorf("around: %v | %s | %v", bodies(around.EventsBefore), around.Event.Body(), bodies(around.EventsAfter))
		}
		next := got[client.Page](t)(ben.Messages(ctx, id, client.MessagesOptions{From: around.End, Dir: client.Forward, Limit: 1}))
		last := got[client.Page](t)(ben.Messages(ctx, id, client.MessagesOptions{From: around.Start, Limit: 1}))
		if !slices.Equal(bodies(next.Chunk), []string{"message 14"}) || !slices.Equal(bodies(last.Chunk), []string{"message 6"}) {
			t.Errorf("further from a context: %v and %v", bodies(last.Chunk), bodies(next.Chunk))
		}
		if alone := got[client.EventContext](t)(ben.Context(ctx, id, sent[0], 0, "")); alone.Event.EventID != sent[0] {
			t.Errorf("a context of one: %+v", alone)
		}

		middle := got[client.Event](t)(ben.Event(ctx, id, sent[12])).OriginServerTS
		if at, ts, err := ben.EventAt(ctx, id, middle, client.Forward); err != nil || ts < middle || at == "" {
			t.Errorf("nearest forward: %s %d %v", at, ts, err)
		}
		if at, ts, err := ben.EventAt(ctx, id, middle+3_600_000, client.Backward); err != nil || at != sent[24] {
			t.Errorf("nearest backward: %s %d %v", at, ts, err)
		}
		_, _, err := ben.EventAt(ctx, id, middle+3_600_000, client.Forward)
		refused(t, "the nearest in the future", err, 404, "M_NOT_FOUND")

		_, err = cara.Messages(ctx, id, client.MessagesOptions{})
		refused(t, "history for a stranger", err, 403, "M_FORBIDDEN")
		_, err = cara.Context(ctx, id, sent[0], 1, "")
		if client.StatusOf(err) != 404 && client.StatusOf(err) != 403 {
			t.Errorf("context for a stranger: %v", err)
		}
		_, err = ben.Messages(ctx, id, client.MessagesOptions{From: "nonsense"})
		refused(t, "a token that is none", err, 400, "M_INVALID_PARAM")
	})
}

// TestHistoryVisibility is the table of the specification, "Room history visibility": what those who come, go and were
// invited may read.
func TestHistoryVisibility(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		for _, c := range []struct {
			visibility string
			ben        []string // was invited, joined, and left
			cara       []string // was never in the room
		}{
			{"joined", []string{"while in"}, nil},
			{"invited", []string{"while invited", "while in"}, nil},
			{"shared", []string{"before", "while invited", "while in"}, nil},
			{"world_readable", []string{"before", "while invited", "while in", "after"}, []string{"before", "while invited", "while in", "after"}},
		} {
			id := got[string](t)(amira.CreateRoom(ctx, client.NewRoom{InitialState: []client.InitialState{
				{Type: "m.room.history_visibility", Content: client.Object{"history_visibility": c.visibility}}}}))
			Say(t, amira, id, "before")
			ok(t, amira.Invite(ctx, id, ben.UserID(), ""))
			Say(t, amira, id, "while invited")
			_, err := ben.Join(ctx, id)
			ok(t, err)
			Say(t, amira, id, "while in")
			ok(t, ben.Leave(ctx, id))
			after := Say(t, amira, id, "after")
			for who, want := range map[*client.Client][]string{ben: c.ben, cara: c.cara} {
				page, err := who.Messages(ctx, id, client.MessagesOptions{Dir: client.Forward, Limit: 100, Filter: `{"types":["m.room.message"]}`})
				if want == nil {
					refused(t, c.visibility+" for a stranger", err, 403, "M_FORBIDDEN")
					continue
				}
				ok(t, err)
				if !slices.Equal(bodies(page.Chunk), want) {
					t.Errorf("%s: %s reads %v, want %v", c.visibility, who.UserID(), bodies(page.Chunk), want)
				}
				_, err = who.Event(ctx, id, after)
				if sees := slices.Contains(want, "after"); sees != (err == nil) {
					t.Errorf("%s: %s and the last event: %v", c.visibility, who.UserID(), err)
				}
			}
		}
	})
}

func TestFilters(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id, other := Room(t, amira, ben), Room(t, amira, ben)
		mine := Say(t, amira, id, "mine")
		theirs := Say(t, ben, id, "theirs")
		stored := got[string](t)(amira.CreateFilter(ctx, client.Object{"room": client.Object{
			"rooms": []string{id}, "timeline": client.Object{"types": []string{"m.room.message"}, "not_senders": []string{ben.UserID()}},
			"state": client.Object{"types": []string{"m.room.create"}}}}))
		if f := got[client.Raw](t)(amira.Filter(ctx, stored)); gjson.GetBytes(f, "room.rooms.0").String() != id {
			t.Errorf("stored: %s", f)
		}
		_, err := amira.Filter(ctx, "9999")
		refused(t, "a filter there is not", err, 404, "M_NOT_FOUND")
		_, err = amira.CreateFilter(ctx, client.Object{"room": "nonsense"})
		refused(t, "a filter that is none", err, 400, "M_BAD_JSON")
		answer := got[client.SyncResponse](t)(amira.Sync(ctx, client.SyncOptions{Filter: stored}))
		room := answer.Rooms.Join[id]
		if _, there := answer.Rooms.Join[other]; there || !slices.Equal(ids(room.Timeline.Events), []string{mine}) {
			t.Errorf("filtered timeline: %v, want %s without %s", ids(room.Timeline.Events), mine, theirs)
		}
		for _, e := range room.State.Events {
			if e.Type != "m.room.create" {
				t.Errorf("filtered state has %s", e.Type)
			}
		}
		page := got[client.Page](t)(amira.Messages(ctx, id, client.MessagesOptions{Filter: `{"senders":["` + ben.UserID() + `"],"types":["m.room.*"],"not_types":["m.room.member"]}`}))
		if !slices.Equal(ids(page.Chunk), []string{theirs}) {
			t.Errorf("filtered history: %v", bodies(page.Chunk))
		}
		fields := read(t, amira, v3("sync"), url.Values{"filter": {`{"event_fields":["type","content.body"],"room":{"timeline":{"types":["m.room.message"]}}}`}})
		event := fields.Get("rooms.join." + gjson.Escape(id) + ".timeline.events.0")
		if event.Get("content.body").String() == "" || event.Get("content.msgtype").Exists() || event.Get("sender").Exists() {
			t.Errorf("only some fields: %s", event)
		}
	})
}
