package roomtest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
)

// Site serves some routes to tests. An access token is the local part of whose it is; "" is nobody.
type Site struct {
	t       testing.TB
	handler http.Handler
}

// Serve makes a site of routes.
func Serve(t testing.TB, routes ...endpoint.Route) *Site {
	return &Site{t, endpoint.Mux(routes, endpoint.Options{
		Log: slog.New(slog.DiscardHandler),
		Authenticate: func(_ context.Context, token string, _ netip.Addr) (*audit.Caller, error) {
			if token == "" {
				return nil, errs.New(errs.Unauthenticated, "M_UNKNOWN_TOKEN", "Nobody has this token.")
			}
			return Who(token), nil
		},
	})}
}

// Do makes a request as somebody and gives the status and the answer.
func (s *Site) Do(local, method, path, body string) (status int, answer gjson.Result) {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if local != "" {
		r.Header.Set("Authorization", "Bearer "+local)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	raw, err := io.ReadAll(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if !gjson.ValidBytes(raw) {
		s.t.Fatalf("%s %s answers what is not JSON: %s", method, path, raw)
	}
	return w.Code, gjson.ParseBytes(raw)
}

// Get is Do for a GET that must succeed.
func (s *Site) Get(local, path string) gjson.Result {
	s.t.Helper()
	status, answer := s.Do(local, "GET", path, "")
	if status != http.StatusOK {
		s.t.Fatalf("GET %s as %s: %d %s", path, local, status, answer.Raw)
	}
	return answer
}
