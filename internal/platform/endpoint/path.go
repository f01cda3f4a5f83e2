package endpoint

import (
	"net/http"
	"net/url"
	"strings"
)

// blank stands for an empty segment while http.ServeMux has the path: it would answer “//” with a redirect to the
// cleaned path, and so lose the empty state key or a room alias with a slash. No request may bring it along.
const blank = "\x00"

// pathValue gives a segment of the pattern, percent-decoded.
func pathValue(r *http.Request, name string) string {
	v := r.PathValue(name)
	if strings.Contains(v, blank) {
		v = strings.ReplaceAll(v, blank, "")
	}
	return v
}

// aliases are the prefixes of earlier releases whose endpoints are the same as those of v3.
var aliases = [...]struct{ old, now string }{
	{"/_matrix/client/r0/", "/_matrix/client/v3/"},
	{"/_matrix/media/r0/", "/_matrix/media/v3/"},
}

// settle gives the request with its path as the routes know it: earlier prefixes replaced, and nothing left that
// http.ServeMux would clean away. Most requests come back as they are.
func settle(r *http.Request) *http.Request {
	path := r.URL.EscapedPath()
	plain := path
	for _, a := range aliases {
		if rest, ok := strings.CutPrefix(path, a.old); ok {
			path = a.now + rest
			break
		}
	}
	if strings.Contains(path, "//") || strings.Contains(path, "/.") {
		path = protect(path)
	}
	if path == plain {
		return r
	}
	moved := new(http.Request)
	*moved = *r
	moved.URL = new(url.URL)
	*moved.URL = *r.URL
	moved.URL.RawPath = path
	if clear, err := url.PathUnescape(path); err == nil {
		moved.URL.Path = clear
	}
	return moved
}

// protect replaces the segments that would be cleaned away: the empty ones but for the last, “.” and “..”.
func protect(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		switch {
		case s == "" && i > 0 && i < len(segments)-1:
			segments[i] = "%00"
		case s == ".":
			segments[i] = "%2E"
		case s == "..":
			segments[i] = "%2E%2E"
		}
	}
	return strings.Join(segments, "/")
}

// isAPI tells the paths that are answered in JSON from those of the web app.
func isAPI(path string) bool {
	return strings.HasPrefix(path, "/_") || strings.HasPrefix(path, "/.well-known/")
}
