// Package mautrix_test drives the server with the client of maunium.net/go/mautrix, unmodified: what a bot or a bridge
// of another maker does in a day. It knows of Wardline only how to start it.
package mautrix_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"slices"
	"sync"
	"testing"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"github.com/wardline/wardline/test/e2e"
)

// person is somebody with a client that syncs.
type person struct {
	*mautrix.Client
	t    *testing.T
	mu   sync.Mutex
	seen []*event.Event
	news chan struct{} // holds one when something came
}

// sign registers a person, and signs them in anew as a client would.
func sign(t *testing.T, url, name string) *person {
	t.Helper()
	c, err := mautrix.NewClient(url, "", "")
	ok(t, err)
	_, err = c.RegisterDummy(t.Context(), &mautrix.ReqRegister[any]{Username: name, Password: e2e.Password})
	ok(t, err)
	_, err = c.Login(t.Context(), &mautrix.ReqLogin{
		Type: mautrix.AuthTypePassword, Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: name},
		Password: e2e.Password, InitialDeviceDisplayName: "a bot", StoreCredentials: true,
	})
	ok(t, err)
	return &person{Client: c, t: t, news: make(chan struct{}, 1)}
}

// listen starts mautrix's own sync loop; it ends with the test.
func (p *person) listen() {
	syncer := p.Syncer.(*mautrix.DefaultSyncer)
	syncer.OnEvent(func(_ context.Context, e *event.Event) {
		p.mu.Lock()
		p.seen = append(p.seen, e)
		p.mu.Unlock()
		select {
		case p.news <- struct{}{}:
		default:
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.SyncWithContext(ctx) }()
	p.t.Cleanup(func() {
		cancel()
		<-ended
	})
}

// wait gives the first event received for which want is true, now or later.
func (p *person) wait(what string, want func(*event.Event) bool) *event.Event {
	p.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		p.mu.Lock()
		i := slices.IndexFunc(p.seen, want)
		var e *event.Event
		if i >= 0 {
			e = p.seen[i]
		}
		p.mu.Unlock()
		if e != nil {
			return e
		}
		select {
		case <-p.news:
		case <-timeout:
			p.t.Fatalf("%s did not receive %s", p.UserID, what)
		}
	}
}

// receives waits for an event by its id.
func (p *person) receives(what string, eventID id.EventID) *event.Event {
	p.t.Helper()
	return p.wait(what, func(e *event.Event) bool { return e.ID == eventID })
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sent gives the id of an event that was accepted.
func sent(t *testing.T) func(*mautrix.RespSendEvent, error) id.EventID {
	return func(r *mautrix.RespSendEvent, err error) id.EventID {
		t.Helper()
		ok(t, err)
		return r.EventID
	}
}

func text(body string) *event.MessageEventContent {
	return &event.MessageEventContent{MsgType: event.MsgText, Body: body}
}

// related is a message with a relation.
func related(body string, to *event.RelatesTo) *event.MessageEventContent {
	m := text(body)
	m.RelatesTo = to
	return m
}

// TestADay runs a conversation from its creation to signing out.
func TestADay(t *testing.T) {
	e2e.Each(t, func(t *testing.T, s *e2e.Trust) {
		amira, ben := sign(t, s.URL, "amira"), sign(t, s.URL, "ben")
		versions, err := amira.Versions(t.Context())
		ok(t, err)
		if !versions.ContainsGreaterOrEqual(mautrix.SpecV111) {
			t.Errorf("mautrix reads the versions as %v", versions.Versions)
		}
		who, err := amira.Whoami(t.Context())
		ok(t, err)
		if who.UserID != amira.UserID || who.DeviceID != amira.DeviceID {
			t.Errorf("who am I: %+v", who)
		}
		amira.listen()
		ben.listen()

		made, err := amira.CreateRoom(t.Context(), &mautrix.ReqCreateRoom{
			Name: "Ward 4", Topic: "The day", Preset: "private_chat", Invite: []id.UserID{ben.UserID},
		})
		ok(t, err)
		room := made.RoomID
		ben.wait("the invitation", func(e *event.Event) bool {
			return e.RoomID == room && e.Type == event.StateMember && e.GetStateKey() == ben.UserID.String() && e.Content.AsMember().Membership == event.MembershipInvite
		})
		_, err = ben.JoinRoomByID(t.Context(), room)
		ok(t, err)
		amira.wait("the joining", func(e *event.Event) bool {
			return e.RoomID == room && e.Type == event.StateMember && e.GetStateKey() == ben.UserID.String() && e.Content.AsMember().Membership == event.MembershipJoin
		})
		conversation(t, amira, ben, room)
		ephemera(t, amira, ben, room)
		files(t, amira, ben, room)
		history(t, ben, room)
		state(t, amira, ben, room)
		search(t, amira, ben, room)

		_, err = ben.LeaveRoom(t.Context(), room)
		ok(t, err)
		_, err = ben.ForgetRoom(t.Context(), room)
		ok(t, err)
		amira.StopSync()
		_, err = amira.Logout(t.Context())
		ok(t, err)
		if _, err := amira.Whoami(t.Context()); err == nil {
			t.Error("still signed in after signing out")
		}
	})
}

// conversation sends every kind of message and sees the other receive it.
func conversation(t *testing.T, amira, ben *person, room id.RoomID) {
	t.Helper()
	ctx := t.Context()
	first := sent(t)(amira.SendText(ctx, room, "Bed 4 is ready"))
	got := ben.receives("a message", first)
	if got.Sender != amira.UserID || got.Content.AsMessage().Body != "Bed 4 is ready" {
		t.Errorf("received %+v", got)
	}
	reply := text("Thank you")
	reply.SetReply(got)
	replyID := sent(t)(ben.SendMessageEvent(ctx, room, event.EventMessage, reply))
	if e := amira.receives("a reply", replyID); e.Content.AsMessage().RelatesTo.GetReplyTo() != first {
		t.Errorf("the reply answers %s", e.Content.AsMessage().RelatesTo.GetReplyTo())
	}
	reaction := sent(t)(ben.SendReaction(ctx, room, first, "👍"))
	if e := amira.receives("a reaction", reaction); e.Content.AsReaction().RelatesTo.Key != "👍" {
		t.Errorf("the reaction: %+v", e.Content.AsReaction())
	}
	edit := text("Bed 5 is ready")
	edit.SetEdit(first)
	editID := sent(t)(amira.SendMessageEvent(ctx, room, event.EventMessage, edit))
	if e := ben.receives("an edit", editID); e.Content.AsMessage().RelatesTo.GetReplaceID() != first {
		t.Errorf("the edit: %+v", e.Content.AsMessage().RelatesTo)
	}
	threaded := sent(t)(ben.SendMessageEvent(ctx, room, event.EventMessage, related("Which side?", (&event.RelatesTo{}).SetThread(first, first))))
	amira.receives("a message in a thread", threaded)
	edited, err := ben.GetEvent(ctx, room, first)
	ok(t, err)
	if r := edited.Unsigned.Relations; r == nil || r.Raw[event.RelThread].Count != 1 {
		t.Errorf("relations that came with the event: %+v", edited.Unsigned.Relations)
	}
	inThread, err := amira.GetRelations(ctx, room, first, &mautrix.ReqGetRelations{RelationType: event.RelThread})
	ok(t, err)
	if len(inThread.Chunk) != 1 || inThread.Chunk[0].ID != threaded {
		t.Errorf("the thread holds %v", inThread.Chunk)
	}
	redaction := sent(t)(amira.RedactEvent(ctx, room, editID, mautrix.ReqRedact{Reason: "wrong bed"}))
	ben.receives("a redaction", redaction)
	gone, err := ben.GetEvent(ctx, room, editID)
	ok(t, err)
	if gone.Unsigned.RedactedBecause == nil || gone.Unsigned.RedactedBecause.ID != redaction {
		t.Errorf("redacted: %+v", gone.Unsigned)
	}
}

// ephemera are receipts and typing.
func ephemera(t *testing.T, amira, ben *person, room id.RoomID) {
	t.Helper()
	ctx := t.Context()
	_, err := amira.UserTyping(ctx, room, true, 20*time.Second)
	ok(t, err)
	ben.wait("that amira types", func(e *event.Event) bool {
		return e.Type == event.EphemeralEventTyping && slices.Contains(e.Content.AsTyping().UserIDs, amira.UserID)
	})
	_, err = amira.UserTyping(ctx, room, false, 0)
	ok(t, err)
	last := sent(t)(amira.SendText(ctx, room, "Have you seen this?"))
	ben.receives("a message", last)
	ok(t, ben.MarkRead(ctx, room, last))
	amira.wait("a receipt", func(e *event.Event) bool {
		if e.Type != event.EphemeralEventReceipt {
			return false
		}
		_, there := (*e.Content.AsReceipt())[last][event.ReceiptTypeRead][ben.UserID]
		return there
	})
	ok(t, ben.SendReceipt(ctx, room, last, event.ReceiptTypeReadPrivate, nil))
	ok(t, ben.SetReadMarkers(ctx, room, &mautrix.ReqSetReadMarkers{Read: last, FullyRead: last}))
	ben.wait("the read marker", func(e *event.Event) bool {
		return e.Type == event.AccountDataFullyRead && e.RoomID == room
	})
}

// files go up, are sent, and come down.
func files(t *testing.T, amira, ben *person, room id.RoomID) {
	t.Helper()
	ctx := t.Context()
	var b bytes.Buffer
	ok(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 120, 90))))
	up, err := amira.UploadBytesWithName(ctx, b.Bytes(), "image/png", "chart.png")
	ok(t, err)
	picture := &event.MessageEventContent{MsgType: event.MsgImage, Body: "chart.png", URL: up.ContentURI.CUString()}
	ben.receives("a picture", sent(t)(amira.SendMessageEvent(ctx, room, event.EventMessage, picture)))
	down, err := ben.DownloadBytes(ctx, up.ContentURI)
	ok(t, err)
	if c, err := png.DecodeConfig(bytes.NewReader(down)); err != nil || c.Width != 120 {
		t.Errorf("downloaded %d bytes: %v", len(down), err)
	}
	small, err := ben.DownloadThumbnail(ctx, up.ContentURI, 32, 32)
	ok(t, err)
	ok(t, small.Body.Close())
	later, err := amira.CreateMXC(ctx)
	ok(t, err)
	_, err = amira.UploadMedia(ctx, mautrix.ReqUploadMedia{ContentBytes: []byte("a note"), ContentType: "text/plain", MXC: later.ContentURI})
	ok(t, err)
	if note, err := amira.DownloadBytes(ctx, later.ContentURI); err != nil || string(note) != "a note" {
		t.Errorf("downloaded %q: %v", note, err)
	}
}

// history reads backward and forward to the ends, and around an event.
func history(t *testing.T, ben *person, room id.RoomID) {
	t.Helper()
	ctx := t.Context()
	walk := func(dir mautrix.Direction) (ids []id.EventID) {
		for from := ""; ; {
			page, err := ben.Messages(ctx, room, from, "", dir, nil, 4)
			ok(t, err)
			for _, e := range page.Chunk {
				ids = append(ids, e.ID)
			}
			if from = page.End; from == "" || len(ids) > 200 {
				return ids
			}
		}
	}
	forward, backward := walk(mautrix.DirectionForward), walk(mautrix.DirectionBackward)
	slices.Reverse(backward)
	if len(forward) < 15 || !slices.Equal(forward, backward) {
		t.Errorf("history is %v forward and %v backward", forward, backward)
	}
	around, err := ben.Context(ctx, room, forward[len(forward)/2], nil, 4)
	ok(t, err)
	if len(around.EventsBefore) == 0 || len(around.EventsAfter) == 0 || around.Event.ID != forward[len(forward)/2] {
		t.Errorf("context: %+v", around)
	}
	nearest, err := ben.TimestampToEvent(ctx, room, time.Now().Add(time.Hour), mautrix.DirectionBackward)
	ok(t, err)
	if nearest.EventID != forward[len(forward)-1] {
		t.Errorf("the last event is %s, by time %s", forward[len(forward)-1], nearest.EventID)
	}
}

// search finds messages and people.
func search(t *testing.T, amira, ben *person, room id.RoomID) {
	t.Helper()
	said := sent(t)(amira.SendText(t.Context(), room, "The haemoglobin is 92"))
	found, err := ben.Search(t.Context(), &mautrix.ReqSearch{SearchTerm: "haemoglobin"})
	ok(t, err)
	if found.Count != 1 || len(found.Results) != 1 || found.Results[0].Event.ID != said {
		t.Errorf("found: %+v", found)
	}
	people, err := ben.SearchUserDirectory(t.Context(), "amira", 10)
	ok(t, err)
	if len(people.Results) != 1 || people.Results[0].UserID != amira.UserID {
		t.Errorf("found: %+v", people)
	}
}

// state is what rooms and people have beside messages.
func state(t *testing.T, amira, ben *person, room id.RoomID) {
	t.Helper()
	ctx := t.Context()
	all, err := ben.State(ctx, room)
	ok(t, err)
	if len(all[event.StateMember]) != 2 || all[event.StateRoomName][""].Content.AsRoomName().Name != "Ward 4" {
		t.Errorf("state: %v", all)
	}
	topic := sent(t)(amira.SendStateEvent(ctx, room, event.StateTopic, "", &event.TopicEventContent{Topic: "The night"}))
	ben.receives("a topic", topic)
	joined, err := ben.JoinedMembers(ctx, room)
	ok(t, err)
	if len(joined.Joined) != 2 {
		t.Errorf("joined: %v", joined)
	}
	ok(t, amira.SetDisplayName(ctx, "Sister Amira"))
	name, err := ben.GetDisplayName(ctx, amira.UserID)
	ok(t, err)
	if name.DisplayName != "Sister Amira" {
		t.Errorf("name: %+v", name)
	}
	ok(t, ben.AddTag(ctx, room, event.RoomTagFavourite, 0.25))
	tags, err := ben.GetTags(ctx, room)
	ok(t, err)
	if _, there := tags.Tags[event.RoomTagFavourite]; !there {
		t.Errorf("tags: %+v", tags)
	}
	ok(t, ben.SetAccountData(ctx, "test.data", map[string]int{"n": 1}))
	var data struct{ N int }
	ok(t, ben.GetAccountData(ctx, "test.data", &data))
	if data.N != 1 {
		t.Errorf("account data: %+v", data)
	}
	alias := id.NewRoomAlias("ward4", e2e.ServerName)
	_, err = amira.CreateAlias(ctx, alias, room)
	ok(t, err)
	found, err := ben.ResolveAlias(ctx, alias)
	ok(t, err)
	if found.RoomID != room {
		t.Errorf("the alias names %s", found.RoomID)
	}
	rules, err := ben.GetPushRules(ctx)
	ok(t, err)
	if len(rules.Override) == 0 || len(rules.Underride) == 0 {
		t.Errorf("push rules: %+v", rules)
	}
	devices, err := ben.GetDevicesInfo(ctx)
	ok(t, err)
	if len(devices.Devices) != 2 {
		t.Errorf("devices: %+v", devices)
	}
}
