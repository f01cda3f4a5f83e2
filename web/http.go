package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// contentPolicy lets the app load and call its own origin and nothing else; no script or style stands in a page, and no
// text becomes markup except through the library that makes formatted messages harmless (Content Security Policy Level 3, Trusted
// Types); the other policy names the service worker.
const contentPolicy = "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; " +
	"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
	"trusted-types dompurify wardline-worker"

// asset is one file of the app, ready to be sent.
type asset struct {
	plain, zipped []byte // zipped is nil where compression gains nothing
	contentType   string
	cacheControl  string
	etag          string
}

// Handler serves the app: its files under their names, and its page for every address that is a screen of the app.
// Addresses that belong to the API (their first part begins with "_" or "." ) and unknown file names get a 404.
// It panics if the app was built without its page.
func Handler() http.Handler {
	assets := make(map[string]asset)
	err := fs.WalkDir(Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(Files(), name)
		assets["/"+name] = load(name, content)
		return err
	})
	page, ok := assets["/index.html"]
	if err != nil || !ok {
		panic("web: the app was built without its page")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, assets, page)
	})
}

func serve(w http.ResponseWriter, r *http.Request, assets map[string]asset, page asset) {
	secure(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "The web app can only be read.", http.StatusMethodNotAllowed)
		return
	}
	if file, ok := assets[r.URL.Path]; ok {
		file.send(w, r)
		return
	}
	if !isScreen(r.URL.Path) {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "There is nothing at this address.", http.StatusNotFound)
		return
	}
	page.send(w, r)
}

// isScreen tells whether an address can be a screen of the app; the app itself says so if it has no such screen.
func isScreen(name string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	if strings.HasPrefix(first, "_") || strings.HasPrefix(first, ".") || first == "assets" {
		return false
	}
	// Room ids may hold dots; only a single part with an extension is taken for a file.
	return strings.Contains(strings.Trim(name, "/"), "/") || path.Ext(name) == ""
}

func secure(header http.Header) {
	header.Set("Content-Security-Policy", contentPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "geolocation=(), payment=(), usb=()")
}

func load(name string, content []byte) asset {
	sum := sha256.Sum256(content)
	file := asset{
		plain:        content,
		zipped:       compress(content),
		contentType:  contentType(name),
		cacheControl: "no-cache",
		etag:         hex.EncodeToString(sum[:12]),
	}
	if strings.HasPrefix(name, "assets/") {
		// The name changes with the content, so what has been loaded never has to be asked about again.
		file.cacheControl = "public, max-age=31536000, immutable"
	}
	return file
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".webmanifest":
		return "application/manifest+json"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "application/octet-stream"
}

// compress returns the content under gzip, or nil if that is not smaller by a tenth.
func compress(content []byte) []byte {
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := zip.Write(content); err != nil || zip.Close() != nil {
		return nil
	}
	if out.Len() > len(content)*9/10 {
		return nil
	}
	return out.Bytes()
}

func (a asset) send(w http.ResponseWriter, r *http.Request) {
	body, tag := a.plain, `"`+a.etag+`"`
	header := w.Header()
	if a.zipped != nil {
		header.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			body, tag = a.zipped, `"`+a.etag+`-gzip"`
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", a.cacheControl)
	header.Set("ETag", tag)
	if matches(r.Header.Get("If-None-Match"), tag) {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		// The reader may be gone by now; there is no one left to tell.
		_, _ = w.Write(body)
	}
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110, section 12.5.3); a refusal by q=0 counts.
func acceptsGzip(header string) bool {
	for one := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return strings.TrimSpace(weight) == "" || err == nil && q > 0
		}
	}
	return false
}

// matches reads an If-None-Match header (RFC 9110, section 13.1.2).
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || one == tag {
			return true
		}
	}
	return false
}
