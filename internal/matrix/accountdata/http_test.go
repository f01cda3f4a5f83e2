package accountdata

import (
	"context"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/store"
)

func TestHTTP(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, _ *store.DB) {
		api := API{k}
		line := func(pattern string, h endpoint.Handler) endpoint.Route {
			method, rest, _ := strings.Cut(pattern, " ")
			return endpoint.Route{Pattern: method + " /_matrix/client/v3/user/" + rest, Guard: endpoint.User, Class: endpoint.Write, Handler: h}
		}
		handler := endpoint.Mux([]endpoint.Route{
			line("GET {userId}/account_data/{type}", endpoint.Do(api.Entry)),
			line("PUT {userId}/account_data/{type}", endpoint.Do(api.Put)),
			line("GET {userId}/rooms/{roomId}/account_data/{type}", endpoint.Do(api.RoomEntry)),
			line("PUT {userId}/rooms/{roomId}/account_data/{type}", endpoint.Do(api.PutRoom)),
			line("GET {userId}/rooms/{roomId}/tags", endpoint.Do(api.Tags)),
			line("PUT {userId}/rooms/{roomId}/tags/{tag}", endpoint.Do(api.Tag)),
			line("DELETE {userId}/rooms/{roomId}/tags/{tag}", endpoint.Do(api.Untag)),
			line("POST {userId}/filter", endpoint.Do(api.StoreFilter)),
			line("GET {userId}/filter/{filterId}", endpoint.Do(api.Filter)),
		}, endpoint.Options{Authenticate: func(context.Context, string, netip.Addr) (*audit.Caller, error) { return asAlice, nil }})
		of := alice + "/rooms/" + room
		for _, c := range []struct {
			method, path, body string
			status             int
			answer             string
		}{
			{"PUT", alice + "/account_data/m.direct", `{"a":[]}`, 200, `{}`},
			{"GET", alice + "/account_data/m.direct", "", 200, `{"a":[]}`},
			{"GET", alice + "/account_data/absent", "", 404, "M_NOT_FOUND"},
			{"PUT", bob + "/account_data/m.direct", `{}`, 403, "M_FORBIDDEN"},
			{"PUT", alice + "/account_data/m.push_rules", `{}`, 405, "M_BAD_JSON"},
			{"PUT", of + "/account_data/m.fully_read", `{}`, 405, "M_BAD_JSON"},
			{"PUT", alice + "/account_data/m.direct", `[]`, 400, "M_BAD_JSON"},
			{"PUT", alice + "/account_data/m.direct", `{`, 400, "M_NOT_JSON"},
			{"PUT", alice + "/account_data/m.direct", `{"a":1,"a":2}`, 400, "M_NOT_JSON"},
			{"PUT", of + "/account_data/x", `{"b":1}`, 200, `{}`},
			{"GET", of + "/account_data/x", "", 200, `{"b":1}`},
			{"GET", alice + "/rooms/nonsense/account_data/x", "", 400, "M_INVALID_PARAM"},
			{"PUT", alice + "/rooms/%20/account_data/x", "{}", 400, "M_INVALID_PARAM"},
			{"PUT", of + "/tags/m.favourite", `{"order":0.25}`, 200, `{}`},
			{"GET", of + "/tags", "", 200, `{"tags":{"m.favourite":{"order":0.25}}}`},
			{"DELETE", of + "/tags/m.favourite", "", 200, `{}`},
			{"GET", of + "/tags", "", 200, `{"tags":{}}`},
			{"POST", alice + "/filter", `{"room":{"timeline":{"limit":1}}}`, 200, `"filter_id":"`},
			{"POST", bob + "/filter", `{}`, 403, "M_FORBIDDEN"},
			{"POST", alice + "/filter", `{"room":7}`, 400, "M_BAD_JSON"},
			{"GET", alice + "/filter/0", "", 404, "M_NOT_FOUND"},
		} {
			r := httptest.NewRequestWithContext(t.Context(), c.method, "/_matrix/client/v3/user/"+c.path, strings.NewReader(c.body))
			r.Header.Set("Authorization", "Bearer x")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.answer) {
				t.Errorf("%s %s %s: %d %s, want %d %s", c.method, c.path, c.body, w.Code, w.Body, c.status, c.answer)
			}
		}
	})
}
