package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

func TestPushRules(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		amira, ben := people[0], people[1]
		id := Room(t, amira, ben)
		device := amira.Follow("")
		ok(t, device.CatchUp(ctx))
		rules := read(t, amira, v3("pushrules")+"/", nil)
		for _, kind := range []string{"override", "underride"} {
			if len(rules.Get("global."+kind).Array()) == 0 {
				t.Errorf("no default rules of kind %s", kind)
			}
		}
		quiet := client.Object{"actions": []any{}}
		ok(t, amira.SetPushRule(ctx, "room", id, quiet, "", ""))
		until(t, device, "the rules on the device", func(f *client.Follower) bool {
			return gjson.GetBytes(f.AccountData["m.push_rules"], "global.room.0.rule_id").String() == id
		})
		muted := Say(t, ben, id, "anyone there?")
		saw(t, device, id, muted)
		if n := device.Joined[id].Unread; n.Notification != 0 {
			t.Errorf("a muted room counts %+v", n)
		}
		ok(t, amira.RemovePushRule(ctx, "room", id))

		bed := client.Object{"pattern": "bed 4", "actions": []any{"notify", client.Object{"set_tweak": "highlight"}}}
		ok(t, amira.SetPushRule(ctx, "content", "bed4", bed, "", ""))
		ok(t, amira.SetPushRule(ctx, "content", "bed5", client.Object{"pattern": "bed 5", "actions": []any{}}, "bed4", ""))
		order := read(t, amira, v3("pushrules")+"/", nil).Get("global.content.#.rule_id").Array()
		if order[0].String() != "bed5" || order[1].String() != "bed4" {
			t.Errorf("order: %v", order)
		}
		high := Say(t, ben, id, "Is BED 4 free?")
		until(t, device, "a highlight", func(f *client.Follower) bool { return f.Saw(id, high) && f.Joined[id].Unread.Highlight == 1 })

		ok(t, amira.EnablePushRule(ctx, "content", "bed4", false))
		if on := got[bool](t)(amira.PushRuleEnabled(ctx, "content", "bed4")); on {
			t.Error("a rule that was switched off is on")
		}
		ok(t, amira.SetPushRuleActions(ctx, "override", ".m.rule.suppress_notices", "notify"))
		if rule := got[client.Raw](t)(amira.PushRule(ctx, "override", ".m.rule.suppress_notices")); gjson.GetBytes(rule, "actions.0").String() != "notify" {
			t.Errorf("changed default: %s", rule)
		}
		_, err := amira.PushRule(ctx, "content", "none")
		refused(t, "a rule there is not", err, 404, "M_NOT_FOUND")
		refused(t, "making a rule of the server's name", amira.SetPushRule(ctx, "content", ".m.rule.mine", bed, "", ""), 400, "M_INVALID_PARAM")
		refused(t, "a rule before one there is not", amira.SetPushRule(ctx, "content", "x", bed, "none", ""), 400, "M_UNKNOWN")
		err = amira.RemovePushRule(ctx, "override", ".m.rule.master")
		if client.StatusOf(err) < 400 || client.StatusOf(err) >= 500 {
			t.Errorf("removing a default rule: %v", err)
		}
	})
}

func TestPushers(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(engine, func(t *testing.T) {
			pushes := make(chan gjson.Result, 16)
			gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err == nil {
					pushes <- gjson.ParseBytes(body)
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`{"rejected":[]}`))
			}))
			t.Cleanup(gateway.Close)
			s := Start(t, engine, func(c *config.Config) { c.Push.PrivateGateways = true })
			ctx := t.Context()
			people := s.Staff(t, "amira", "ben")
			amira, ben := people[0], people[1]
			id := Room(t, amira, ben)
			pusher := client.Pusher{
				AppID: "test", PushKey: "key", Kind: "http", AppDisplayName: "Test", DeviceDisplayName: "Phone", Lang: "en",
				Data: client.Object{"url": gateway.URL + "/_matrix/push/v1/notify", "format": "event_id_only"},
			}
			ok(t, amira.SetPusher(ctx, pusher, false))
			if list := got[[]client.Pusher](t)(amira.Pushers(ctx)); len(list) != 1 || list[0].PushKey != "key" {
				t.Errorf("pushers: %+v", list)
			}
			event := Say(t, ben, id, "come quickly")
			push := received(t, pushes, func(p gjson.Result) bool { return p.Get("notification.event_id").String() == event })
			n := push.Get("notification")
			if n.Get("room_id").String() != id || n.Get("counts.unread").Int() != 1 || n.Get("devices.0.pushkey").String() != "key" {
				t.Errorf("push: %s", push)
			}
			if n.Get("content").Exists() || n.Get("sender_display_name").Exists() {
				t.Errorf("a push holds content: %s", push)
			}
			page := read(t, amira, v3("notifications"), nil)
			if got := page.Get("notifications.0"); got.Get("event.event_id").String() != event || got.Get("read").Bool() {
				t.Errorf("notifications: %s", page)
			}
			ok(t, amira.Receipt(ctx, id, client.Read, event, ""))
			received(t, pushes, func(p gjson.Result) bool {
				c := p.Get("notification.counts.unread")
				return !p.Get("notification.event_id").Exists() && c.Int() == 0
			})
			pusher.Kind = ""
			ok(t, amira.SetPusher(ctx, pusher, false))
			if list := got[[]client.Pusher](t)(amira.Pushers(ctx)); len(list) != 0 {
				t.Errorf("pushers: %+v", list)
			}
			_, err := call(t, amira, http.MethodPost, v3("pushers", "set"), nil, client.Object{"kind": "http"})
			if !slices.Contains([]string{"M_MISSING_PARAM", "M_INVALID_PARAM"}, client.CodeOf(err)) {
				t.Errorf("half a pusher: %v", err)
			}
		})
	}
}

// received waits for a push that is wanted.
func received(t *testing.T, pushes <-chan gjson.Result, want func(gjson.Result) bool) gjson.Result {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		select {
		case p := <-pushes:
			if want(p) {
				return p
			}
		case <-timeout:
			t.Fatal("the push did not come")
		}
	}
}
