package endpoint

import "net/http"

// The values of headers that every answer carries, shared: nothing writes into them.
var (
	anyOrigin = []string{"*"}
	methods   = []string{"GET, POST, PUT, DELETE, OPTIONS"}
	allowed   = []string{"X-Requested-With, Content-Type, Authorization"}
	exposed   = []string{"Retry-After, Content-Disposition, X-Request-Id"}
	aDay      = []string{"86400"}
	noSniff   = []string{"nosniff"}
	inert     = []string{"default-src 'none'; frame-ancestors 'none'"}
	noStore   = []string{"no-store"}
	httpsOnly = []string{"max-age=31536000"}
)

// headers sets what every answer of an API carries: permission for web clients of any origin (client-server API, "Web
// Browser Clients"; credentials are tokens that scripts hold, never cookies), and the orders that keep a browser from
// running or keeping what it is given. A handler may set others.
func headers(h http.Header, r *http.Request) {
	h["Access-Control-Allow-Origin"] = anyOrigin
	if r.Method == http.MethodOptions || r.Header["Origin"] != nil { // no use to others
		h["Access-Control-Allow-Methods"] = methods
		h["Access-Control-Allow-Headers"] = allowed
		h["Access-Control-Expose-Headers"] = exposed
		h["Access-Control-Max-Age"] = aDay
	}
	h["X-Content-Type-Options"] = noSniff
	h["Content-Security-Policy"] = inert
	h["Cache-Control"] = noStore
	if r.TLS != nil {
		h["Strict-Transport-Security"] = httpsOnly
	}
}
