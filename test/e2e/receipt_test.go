package e2e

import (
	"testing"

	"github.com/wardline/wardline/client"
)

func TestReceipts(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		for name, device := range map[string]*client.Follower{"v3": amira.Follow(""), "sliding": amira.FollowSliding(20)} {
			id := Room(t, amira, ben)
			root := Say(t, amira, id, "one")
			in := got[string](t)(amira.Send(ctx, id, "m.room.message", client.InThread("two", root, root)))
			last := Say(t, amira, id, "three")
			saw(t, device, id, last)
			holds := func(key client.ReceiptKey, event string) func(f *client.Follower) bool {
				return func(f *client.Follower) bool { return f.Joined[id].Receipts[key] == event }
			}
			ok(t, ben.Receipt(ctx, id, client.Read, root, ""))
			until(t, device, "an unthreaded receipt", holds(client.ReceiptKey{User: ben.UserID(), Kind: "m.read"}, root))
			ok(t, ben.Receipt(ctx, id, client.Read, last, client.MainTimeline))
			until(t, device, "a receipt of the main timeline", holds(client.ReceiptKey{User: ben.UserID(), Kind: "m.read", Thread: "main"}, last))
			ok(t, ben.Receipt(ctx, id, client.Read, in, root))
			until(t, device, "a receipt of a thread", holds(client.ReceiptKey{User: ben.UserID(), Kind: "m.read", Thread: root}, in))

			ok(t, ben.Receipt(ctx, id, client.ReadPrivate, last, ""))
			ok(t, ben.ReadMarkers(ctx, id, last, "", ""))
			marker := Say(t, amira, id, "four")
			saw(t, device, id, marker)
			if _, there := device.Joined[id].Receipts[client.ReceiptKey{User: ben.UserID(), Kind: "m.read.private"}]; there {
				t.Errorf("%s: somebody else's private receipt came", name)
			}
			own := ben.Follow("")
			ok(t, own.CatchUp(ctx))
			if own.Joined[id].Receipts[client.ReceiptKey{User: ben.UserID(), Kind: "m.read.private"}] != last {
				t.Errorf("%s: one's own private receipt did not come: %v", name, own.Joined[id].Receipts)
			}
			if string(own.Joined[id].AccountData["m.fully_read"]) == "" {
				t.Errorf("%s: no read marker: %v", name, own.Joined[id].AccountData)
			}
			for what, err := range map[string]error{
				"a kind there is not":              ben.Receipt(ctx, id, "m.no", last, ""),
				"an event in the wrong thread":     ben.Receipt(ctx, id, client.Read, last, root),
				"a thread of an event that is one": ben.Receipt(ctx, id, client.Read, in, client.MainTimeline),
			} {
				refused(t, what, err, 400, "M_INVALID_PARAM")
			}
		}
	})
}

func TestUnread(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		ok(t, amira.SetDisplayName(ctx, "Amira"))
		id := Room(t, amira, ben)
		threads := amira.Follow(`{"room":{"timeline":{"unread_thread_notifications":true}}}`)
		plain, sliding := amira.Follow(""), amira.FollowSliding(20)
		check := func(what, last string, main, thread, all client.Unread, root string) {
			t.Helper()
			for _, f := range []*client.Follower{threads, plain, sliding} {
				until(t, f, what, func(f *client.Follower) bool {
					return (last == "" || f.Saw(id, last)) && f.Joined[id] != nil &&
						(f == threads && f.Joined[id].Unread == main && f.Joined[id].Threads[root] == thread || f != threads && f.Joined[id].Unread == all)
				})
			}
		}
		first := Say(t, ben, id, "hello")
		check("one message", first, client.Unread{Notification: 1}, client.Unread{}, client.Unread{Notification: 1}, first)
		mention := client.Text("Amira, bed 4 please")
		mention["m.mentions"] = client.Object{"user_ids": []string{amira.UserID()}}
		second := got[string](t)(ben.Send(ctx, id, "m.room.message", mention))
		check("a mention", second, client.Unread{Notification: 2, Highlight: 1}, client.Unread{}, client.Unread{Notification: 2, Highlight: 1}, first)
		third := got[string](t)(ben.Send(ctx, id, "m.room.message", client.InThread("in the thread", first, first)))
		check("a message in a thread", third, client.Unread{Notification: 2, Highlight: 1}, client.Unread{Notification: 1}, client.Unread{Notification: 3, Highlight: 1}, first)

		ok(t, amira.Receipt(ctx, id, client.Read, second, client.MainTimeline))
		check("the main timeline read", "", client.Unread{}, client.Unread{Notification: 1}, client.Unread{Notification: 1}, first)
		ok(t, amira.Receipt(ctx, id, client.ReadPrivate, third, first))
		check("the thread read", "", client.Unread{}, client.Unread{}, client.Unread{}, first)
		own := Say(t, amira, id, "one's own")
		check("one's own message", own, client.Unread{}, client.Unread{}, client.Unread{}, first)
		gone := Say(t, ben, id, "taken back")
		check("another message", gone, client.Unread{Notification: 1}, client.Unread{}, client.Unread{Notification: 1}, first)
		ok(t, amira.Receipt(ctx, id, client.Read, gone, ""))
		check("everything read", "", client.Unread{}, client.Unread{}, client.Unread{}, first)
	})
}

func TestTyping(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id := Room(t, amira, ben)
		types := func(want bool) func(*client.Follower) bool {
			return func(f *client.Follower) bool {
				return f.Joined[id] != nil && (len(f.Joined[id].Typing) == 1) == want
			}
		}
		for _, device := range []*client.Follower{amira.Follow(""), amira.FollowSliding(5)} {
			ok(t, ben.Typing(ctx, id, true, 60_000))
			until(t, device, "ben types", types(true))
			ok(t, ben.Typing(ctx, id, false, 0))
			until(t, device, "ben stops", types(false))
			ok(t, ben.Typing(ctx, id, true, 300))
			until(t, device, "ben types for a moment", types(true))
			until(t, device, "the moment is over", types(false))
		}
		err := ben.Call(ctx, "PUT", v3("rooms", id, "typing", amira.UserID()), nil, client.Object{"typing": true}, nil)
		refused(t, "typing for somebody else", err, 403, "M_FORBIDDEN")
	})
}
