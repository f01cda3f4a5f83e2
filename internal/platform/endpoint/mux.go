package endpoint

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/metric"
)

// Guard says which credentials a route asks for.
type Guard uint8

// The guards.
const (
	Closed   Guard = iota // nobody: the zero value, so that a route that forgot its guard is refused when listed
	Open                  // no credentials; the caller is nil
	Optional              // a valid access token or none; the caller is nil without one
	User                  // an access token
	Admin                 // an access token of a user who may administer the server
	Secret                // Options.Secret as the bearer token; the caller is nil
)

// Class says what kind of work a route does: rate limits are set for each, and the audit knows reading from writing.
type Class uint8

// The classes.
const (
	Read   Class = iota // reads what is in memory or one page
	Write               // changes something durable
	Login               // proves who one is: slow hashes, worth guessing at
	Media               // bytes of files
	Sync                // waits for news
	Search              // heavy reading: search, directories, hierarchies
	Ops                 // administration and health
	classes
)

// String gives the class's name, as the configuration spells it.
func (c Class) String() string {
	names := [...]string{"read", "write", "login", "media", "sync", "search", "ops"}
	if int(c) >= len(names) {
		return fmt.Sprintf("class %d", c)
	}
	return names[c]
}

// Route is one endpoint: everything about it on one line.
type Route struct {
	Pattern string // "PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}", as http.ServeMux takes it
	Guard   Guard
	Class   Class
	Handler Handler
}

// Authenticator tells whose an access token is. It refuses with errs.Unauthenticated (M_UNKNOWN_TOKEN).
// It is called for every request: it must cost no query in the steady state.
type Authenticator func(ctx context.Context, token string, addr netip.Addr) (*audit.Caller, error)

// Limiter bounds how often callers may do things of a class.
type Limiter interface {
	// Allow says how long the caller must wait; 0 is go ahead. who is nil on open routes.
	Allow(class Class, who *audit.Caller, addr netip.Addr) (retry time.Duration)
}

// Options is what the routes share.
type Options struct {
	Authenticate Authenticator    // nil: no token is known
	Limit        Limiter          // nil: no limits
	Log          *slog.Logger     // nil: slog.Default
	Metrics      *metric.Registry // nil: measured, but nobody sees
	Trusted      []netip.Prefix   // proxies whose X-Forwarded-For is believed
	Secret       string           // for Secret routes; empty: they are not there
	GzipMin      int              // compress JSON answers of at least this many bytes when the client takes it; 0: never
	Fallback     http.Handler     // the web app: for paths that are no API's; nil: M_UNRECOGNIZED
}

// router serves the routes.
type router struct {
	Options
	mux    *http.ServeMux
	meters *family
	strays *meters
}

// Mux makes the handler of all routes. It panics on a route that is not well formed or conflicts with another.
// Besides the routes it answers: preflight requests of browsers, the r0 prefix for v3, unknown paths and methods.
func Mux(routes []Route, o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	m := &router{Options: o, mux: http.NewServeMux(), meters: newFamily(o.Metrics)}
	m.strays = m.meters.of("none")
	listed := map[string]bool{}
	for _, r := range routes {
		listed[r.Pattern] = true
	}
	for _, r := range routes {
		m.add(r, listed)
	}
	m.mux.HandleFunc("/", m.stray)
	return m
}

func (m *router) add(r Route, listed map[string]bool) {
	method, path, ok := strings.Cut(r.Pattern, " ")
	if !ok || method == "" || !strings.HasPrefix(path, "/") || r.Handler == nil || r.Guard == Closed || r.Class >= classes {
		panic(fmt.Sprintf("endpoint: route %q lacks a method, a path, a guard or a handler", r.Pattern))
	}
	h := m.serve(r, m.meters.of(r.Pattern))
	m.mux.HandleFunc(r.Pattern, h)
	at := strings.LastIndexByte(r.Pattern, '/')
	if short := r.Pattern[:at]; strings.HasSuffix(r.Pattern, "...}") && !listed[short] {
		m.mux.HandleFunc(short, h) // without it, ServeMux redirects to the form with the trailing slash
	}
}

// ServeHTTP does what concerns every request, then finds the route.
func (m *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	api := isAPI(r.URL.Path)
	if api {
		headers(w.Header(), r)
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	if strings.Contains(r.URL.Path, blank) {
		answerFault(w, errs.BadParam("the path holds a zero byte"))
		return
	}
	if api {
		r = settle(r)
	}
	m.mux.ServeHTTP(w, r)
}

// stray answers what no route serves: the web app's paths, unknown paths (404) and known paths asked with another
// method (405), as the client-server API's "Common error codes" has it for M_UNRECOGNIZED.
func (m *router) stray(w http.ResponseWriter, r *http.Request) {
	if !isAPI(r.URL.Path) && m.Fallback != nil {
		m.Fallback.ServeHTTP(w, r)
		return
	}
	start := m.strays.start()
	status := http.StatusNotFound
	if methods := m.methodsOf(r); len(methods) > 0 {
		status = http.StatusMethodNotAllowed
		w.Header().Set("Allow", strings.Join(methods, ", "))
	}
	_, body, _ := fault(errs.New(errs.Unrecognized, "", "no such endpoint"))
	answerStatus(w, status, body, 0)
	m.strays.end(status, start)
}

// methodsOf gives the methods that the path of a request is served with.
func (m *router) methodsOf(r *http.Request) (methods []string) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"} {
		other := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := m.mux.Handler(other); pattern != "/" {
			methods = append(methods, method)
		}
	}
	return methods
}

// serve makes the handler of one route.
func (m *router) serve(route Route, meters *meters) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w, gzipMin: m.GzipMin, route: meters}
		start := meters.start()
		defer func() { meters.end(a.status, start) }()
		defer func() {
			if v := recover(); v != nil {
				m.panicked(a, route.Pattern, v)
			}
		}()
		if err := m.do(route, a, r); err != nil {
			m.fail(a, r, route.Pattern, err)
		}
	}
}

// do lets the caller in and calls the handler.
func (m *router) do(route Route, a *answer, r *http.Request) error {
	addr := m.addr(r)
	who, err := m.admit(route.Guard, r, addr)
	if err != nil {
		return err
	}
	if m.Limit != nil {
		if retry := m.Limit.Allow(route.Class, who, addr); retry > 0 {
			return &errs.Error{Kind: errs.Limited, Message: "too many requests: try again later", Retry: retry}
		}
	}
	if who == nil {
		r = r.WithContext(context.WithValue(r.Context(), addrKey{}, addr))
	}
	return route.Handler(a, r, who)
}

// admit asks for the credentials of a guard.
func (m *router) admit(g Guard, r *http.Request, addr netip.Addr) (*audit.Caller, error) {
	if g == Open {
		return nil, nil
	}
	token := tokenOf(r)
	switch {
	case g == Secret && m.Secret == "":
		return nil, errs.New(errs.Unrecognized, "", "no such endpoint")
	case token == "" && g == Optional:
		return nil, nil
	case token == "":
		return nil, errs.New(errs.Unauthenticated, "M_MISSING_TOKEN", "an access token is required")
	case g == Secret && subtle.ConstantTimeCompare([]byte(token), []byte(m.Secret)) == 1:
		return nil, nil
	case g == Secret || m.Authenticate == nil:
		return nil, errs.New(errs.Unauthenticated, "M_UNKNOWN_TOKEN", "the access token is not known")
	}
	who, err := m.Authenticate(r.Context(), token, addr)
	if err != nil {
		return nil, err
	}
	if g == Admin && !who.Admin {
		return nil, errs.Forbid("only an administrator of this server may do this")
	}
	return who, nil
}

// tokenOf gives the access token: of the Authorization header, or of the query, which the client-server API
// deprecates in "Using access tokens" but still has servers accept.
func tokenOf(r *http.Request) string {
	if h := r.Header["Authorization"]; len(h) > 0 {
		scheme, token, _ := strings.Cut(h[0], " ")
		if strings.EqualFold(scheme, "Bearer") {
			return strings.TrimSpace(token)
		}
		return ""
	}
	if strings.Contains(r.URL.RawQuery, "access_token=") {
		return r.URL.Query().Get("access_token")
	}
	return ""
}

// fail answers an error. Those of our own making are logged with the route's pattern: path, query and body hold
// identifiers and content.
func (m *router) fail(a *answer, r *http.Request, pattern string, err error) {
	kind := errs.Of(err)
	if gone := new(goneError); errors.As(err, &gone) {
		return
	}
	if (kind == errs.Internal || kind == errs.Unavailable) && r.Context().Err() != nil {
		a.abandoned()
		return
	}
	if kind == errs.Internal || kind == errs.Unavailable {
		ref := nextReference()
		a.Header().Set("X-Request-Id", ref)
		m.Log.Error("request failed", "request", ref, "route", pattern, "error", err)
	}
	if a.status != 0 {
		panic(http.ErrAbortHandler) // half an answer: cut the connection, so that the client cannot take it for whole
	}
	answerFault(a, err)
}

// abandoned counts a request whose client left before the answer (the status is nginx's).
func (a *answer) abandoned() {
	if a.status == 0 {
		a.WriteHeader(499)
	}
}

// panicked answers a panic. What it says may hold content, unless the runtime says it; where it happened does not.
func (m *router) panicked(a *answer, pattern string, v any) {
	if v == http.ErrAbortHandler {
		panic(v)
	}
	text := fmt.Sprintf("%T", v)
	if fault, ok := v.(runtime.Error); ok {
		text = fault.Error()
	}
	ref := nextReference()
	m.Log.Error("request panicked", "request", ref, "route", pattern, "panic", text, "stack", string(debug.Stack()))
	if a.status != 0 {
		panic(http.ErrAbortHandler)
	}
	a.Header().Set("X-Request-Id", ref)
	answerFault(a, errs.New(errs.Internal, "", "internal error"))
}
