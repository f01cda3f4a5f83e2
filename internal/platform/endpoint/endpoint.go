// Package endpoint turns a typed Go function into an HTTP handler: it decodes path, query and body into one
// request struct, bounds it, calls the function, and turns its answer or error into status, JSON and metrics.
// It guards routes (credentials, rate limits) by what the route says of itself.
// It knows nothing of what the functions do.
package endpoint

import (
	"context"
	"net/http"

	"github.com/wardline/wardline/internal/platform/audit"
)

// Handler serves one route for an authenticated (or, on open routes, nil) caller. An error it returns has not been
// answered yet: the router answers it.
type Handler func(w http.ResponseWriter, r *http.Request, who *audit.Caller) error

// Do makes a Handler of a verb's HTTP face. In is a struct whose fields are filled by tag:
//
//	`path:"roomId"`            a segment of the route's pattern, percent-decoded
//	`query:"limit"`            a query parameter: string, bool, int, int64, []string, or a pointer to one (nil when absent)
//	`header:"Content-Type"`    a header of the request: string
//	`json:"name,omitempty"`    a member of the JSON body (fields with other tags carry json:"-")
//	`body:"raw"`               the whole body as validated JSON bytes (type jsontext.Value); the handler may keep them
//
// The body of a request with any json or body field must be one JSON object of at most 1 MiB unless the type has a method
// MaxBody() int64; it is refused with M_NOT_JSON, M_BAD_JSON (wrong types, more than 100 levels), M_TOO_LARGE.
// An empty body counts as {}. A parameter that is not UTF-8, or holds a zero byte, is M_INVALID_PARAM.
// Out is encoded as JSON; struct{} is answered as {}. Out may be Raw to answer ready bytes.
//
// Do panics on a struct it cannot fill: that is a mistake in the program, found when the routes are listed.
func Do[In, Out any](verb func(ctx context.Context, who *audit.Caller, in In) (Out, error)) Handler {
	p := planOf[In]()
	return func(w http.ResponseWriter, r *http.Request, who *audit.Caller) error {
		in := new(In)
		if err := p.fill(w, r, in); err != nil {
			return err
		}
		out, err := verb(r.Context(), who, *in)
		if err != nil {
			return err
		}
		if raw, ok := any(out).(Raw); ok {
			return JSON(w, r, raw)
		}
		return encode(w, r, &out)
	}
}

// Raw is an answer that is JSON already. Empty is answered as {}.
type Raw []byte
