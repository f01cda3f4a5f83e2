package search_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/matrix/search"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

const (
	searchPath = "/_matrix/client/v3/search"
	peoplePath = "/_matrix/client/v3/user_directory/search"
)

func handler(api search.API) http.Handler {
	return endpoint.Mux([]endpoint.Route{
		{Pattern: "POST " + searchPath, Guard: endpoint.User, Class: endpoint.Search, Handler: endpoint.Do(api.Messages)},
		{Pattern: "POST " + peoplePath, Guard: endpoint.User, Class: endpoint.Search, Handler: endpoint.Do(api.FindPeople)},
	}, endpoint.Options{Authenticate: func(_ context.Context, token string, _ netip.Addr) (*audit.Caller, error) {
		return roomtest.Who(token), nil
	}})
}

// post asks as somebody and expects a status.
func post(t *testing.T, h http.Handler, local, path, body string, status int) gjson.Result {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+local)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code != status || !gjson.Valid(w.Body.String()) {
		t.Fatalf("%s: %d %s, want %d", body, w.Code, w.Body, status)
	}
	return gjson.Parse(w.Body.String())
}

func events(t *testing.T, h http.Handler, local, query, body string) gjson.Result {
	t.Helper()
	return post(t, h, local, searchPath+query, `{"search_categories":{"room_events":`+body+`}}`, 200).Get("search_categories.room_events")
}

func TestAnswer(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		h := handler(search.API{Search: r.search})
		l := r.Room("alice", "ben")
		r.Say("alice", l, "Morning all")
		id := r.Say("ben", l, "Troponins are back for bed four")
		r.Say("alice", l, "Thanks, will repeat the troponin at six")
		got := events(t, h, "alice", "", `{"search_term":"troponin back","order_by":"recent","include_state":true,
			"event_context":{"before_limit":1,"include_profile":true},"groupings":{"group_by":[{"key":"room_id"},{"key":"sender"}]}}`)
		around := got.Get("results.0.context")
		for what, ok := range map[string]bool{
			"count":      got.Get("count").Int() == 1,
			"result":     got.Get("results.0.result.event_id").Str == id && got.Get("results.0.result.room_id").Str == l.ID,
			"rank":       got.Get("results.0.rank").Num > 0,
			"highlights": got.Get("highlights").Raw == `["troponin","back","troponins"]`,
			"before":     around.Get("events_before.#").Int() == 1 && around.Get("events_before.0.content.body").Str == "Morning all",
			"after":      around.Get("events_after.#").Int() == 1,
			"tokens":     around.Get("start").Str != "" && around.Get("end").Str != "",
			"profiles":   around.Get("profile_info.@ben:northbrook\\.test.displayname").Str == "Ben",
			"rooms":      got.Get("groups.room_id."+gjson.Escape(l.ID)+".results.0").Str == id,
			"senders":    got.Get("groups.sender.@ben:northbrook\\.test.order").Int() == 1,
			"state":      int(got.Get("state."+gjson.Escape(l.ID)+".#").Int()) == len(l.States()),
			"the end":    !got.Get("next_batch").Exists(),
		} {
			if !ok {
				t.Errorf("%s: %s", what, got.Raw)
			}
		}
		if got := events(t, h, "cara", "", `{"search_term":"troponin"}`); got.Raw != `{"count":0,"highlights":["troponin"],"results":[]}` {
			t.Errorf("a stranger: %s", got.Raw)
		}
		first := events(t, h, "ben", "", `{"search_term":"troponin","filter":{"limit":1}}`)
		second := events(t, h, "ben", "?next_batch="+url.QueryEscape(first.Get("next_batch").Str), `{"search_term":"troponin","filter":{"limit":1}}`)
		if a, b := first.Get("results.0.result.event_id").Str, second.Get("results.0.result.event_id").Str; a == b || b == "" || second.Get("next_batch").Exists() {
			t.Errorf("two pages: %s then %s", first.Raw, second.Raw)
		}
	})
}

func TestRefusals(t *testing.T) {
	h := handler(search.API{Search: openRig(t, storetest.Open(t)).search, People: search.NewPeople(storetest.Open(t))})
	if got := post(t, h, "alice", searchPath, `{"search_categories":{}}`, 200); got.Raw != `{"search_categories":{}}` {
		t.Errorf("no category: %s", got.Raw)
	}
	for body, code := range map[string]string{
		`{}`:                                    "M_MISSING_PARAM",
		`{"search_term":"x","order_by":"size"}`: "M_INVALID_PARAM",
		`{"search_term":"x","keys":["content.url"]}`:                    "M_INVALID_PARAM",
		`{"search_term":"x","groupings":{"group_by":[{"key":"type"}]}}`: "M_INVALID_PARAM",
		`{"search_term":"x","event_context":{"before_limit":-1}}`:       "M_INVALID_PARAM",
		`{"search_term":"x","filter":{"limit":"many"}}`:                 "M_INVALID_PARAM",
		`{"search_term":"` + strings.Repeat("x", 1001) + `"}`:           "M_INVALID_PARAM",
		`{"search_term":1}`: "M_BAD_JSON",
	} {
		got := post(t, h, "alice", searchPath, `{"search_categories":{"room_events":`+body+`}}`, 400)
		if got.Get("errcode").Str != code {
			t.Errorf("%s: %s, want %s", body, got.Raw, code)
		}
	}
	for body, code := range map[string]string{`{}`: "M_MISSING_PARAM", `{"search_term":"x","limit":0}`: "M_INVALID_PARAM"} {
		if got := post(t, h, "alice", peoplePath, body, 400); got.Get("errcode").Str != code {
			t.Errorf("%s: %s, want %s", body, got.Raw, code)
		}
	}
}

func TestPeopleAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		s := openStaff(t, open())
		s.add([2]string{"amara", "Amara Okafor"}, [2]string{"amarante", "Amarante Silva"})
		h := handler(search.API{People: s.People})
		got := post(t, h, "ben", peoplePath, `{"search_term":"AMARA"}`, 200)
		if got.Raw != `{"limited":false,"results":[{"user_id":"`+id("amara")+`","display_name":"Amara Okafor"},{"user_id":"`+id("amarante")+`","display_name":"Amarante Silva"}]}` {
			t.Error(got.Raw)
		}
		got = post(t, h, "ben", peoplePath, `{"search_term":"amara","limit":1}`, 200)
		if users := got.Get("results.#.user_id").Array(); !got.Get("limited").Bool() || !slices.Equal([]string{users[0].Str}, []string{id("amara")}) {
			t.Error(got.Raw)
		}
	})
}
