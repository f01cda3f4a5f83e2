package webpush

import (
	"fmt"
	"testing"

	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/endpoint"
)

// TestOverHTTP: what clients write and read; the address and keys of a subscription are not given back.
func TestOverHTTP(t *testing.T) {
	each(t, func(t *testing.T, w *ward, p *postbox) {
		api := API{w.browsers}
		route := func(pattern string, h endpoint.Handler) endpoint.Route {
			return endpoint.Route{Pattern: pattern, Guard: endpoint.User, Class: endpoint.Read, Handler: h}
		}
		site := roomtest.Serve(t, route("GET /key", endpoint.Do(api.Key)), route("GET /subscriptions", endpoint.Do(api.List)),
			route("PUT /subscription", endpoint.Do(api.Subscribe)), route("DELETE /subscriptions/{id}", endpoint.Do(api.Unsubscribe)),
			route("POST /test", endpoint.Do(api.Try)))
		if key := site.Get("bob", "/key").Get("public_key").Str; len(raw(t, key)) != 65 {
			t.Errorf("key: %q", key)
		}
		o := p.offer()
		body := fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}`, o.Endpoint, o.P256dh, o.Auth)
		status, one := site.Do("bob", "PUT", "/subscription", body)
		if status != 200 || one.Get("service").Str != p.URL || one.Get("device_id").Str != "DEVBOB" {
			t.Fatalf("%d %s", status, one.Raw)
		}
		if got := site.Get("bob", "/subscriptions").Raw; got != `{"subscriptions":[`+one.Raw+`]}` {
			t.Errorf("list: %s", got)
		}
		if got := site.Get("alice", "/subscriptions").Raw; got != `{"subscriptions":[]}` {
			t.Errorf("another's list: %s", got)
		}
		if status, got := site.Do("bob", "POST", "/test", `{"id":"n1"}`); status != 200 || got.Get("result").Str != "accepted" || !got.Get("took_ms").Exists() {
			t.Errorf("test: %d %s", status, got.Raw)
		}
		if status, got := site.Do("bob", "PUT", "/subscription", `{"endpoint":"x"}`); status != 400 || got.Get("errcode").Str != "M_MISSING_PARAM" {
			t.Errorf("a bad offer: %d %s", status, got.Raw)
		}
		path := "/subscriptions/" + one.Get("id").Str
		if status, _ := site.Do("alice", "DELETE", path, ""); status != 404 {
			t.Errorf("another's: %d", status)
		}
		if status, _ := site.Do("bob", "DELETE", path, ""); status != 200 || len(w.list("bob")) != 0 {
			t.Errorf("ending it: %d", status)
		}
		if status, got := site.Do("bob", "POST", "/test", `{"id":"n1"}`); status != 404 {
			t.Errorf("test without a subscription: %d %s", status, got.Raw)
		}
	})
}
