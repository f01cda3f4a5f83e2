package web

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, method, path string, header http.Header) *http.Response {
	t.Helper()
	request := httptest.NewRequest(method, path, nil)
	for name, values := range header {
		request.Header[name] = values
	}
	recorder := httptest.NewRecorder()
	Handler().ServeHTTP(recorder, request)
	return recorder.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func page(t *testing.T) string {
	t.Helper()
	content, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func script(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`src="(/assets/main-[A-Z0-9]+\.js)"`).FindStringSubmatch(page(t))
	if found == nil {
		t.Fatal("the page names no hashed script")
	}
	return found[1]
}

func TestAddresses(t *testing.T) {
	tests := []struct {
		path   string
		status int
		page   bool
	}{
		{"/", 200, true},
		{"/index.html", 200, true},
		{"/conversation/%21abc", 200, true},
		{"/conversation/%21abc:trust.example", 200, true},
		{"/no-such-screen", 200, true},
		{script(t), 200, false},
		{"/icon.svg", 200, false},
		{"/assets/main-00000000.js", 404, false},
		{"/assets/", 404, false},
		{"/robots.php", 404, false},
		{"/_matrix/client/versions", 404, false},
		{"/_wardline/v1/anything", 404, false},
		{"/.well-known/matrix/client", 404, false},
		{"/../embed.go", 404, false},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			response := get(t, "GET", test.path, nil)
			if response.StatusCode != test.status {
				t.Fatalf("status %d, want %d", response.StatusCode, test.status)
			}
			if isPage := body(t, response) == page(t); isPage != test.page {
				t.Errorf("the page was served: %v, want %v", isPage, test.page)
			}
		})
	}
}

func TestPolicyForbidsWhatThePageDoesNotNeed(t *testing.T) {
	for _, path := range []string{"/", script(t), "/no.php"} {
		header := get(t, "GET", path, nil).Header
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %s", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: loose headers: %v", path, header)
		}
	}
	if regexp.MustCompile(`(?i)<style|\sstyle=|<script[^>]*>[^<]|\son[a-z]+=`).MatchString(page(t)) {
		t.Error("the page holds inline script or style, which its policy forbids")
	}
}

func TestCaching(t *testing.T) {
	if got := get(t, "GET", script(t), nil).Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("hashed script: Cache-Control %q", got)
	}
	first := get(t, "GET", "/", nil)
	if got := first.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("page: Cache-Control %q", got)
	}
	again := get(t, "GET", "/", http.Header{"If-None-Match": {"W/" + first.Header.Get("ETag")}})
	if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
		t.Errorf("known page: status %d", again.StatusCode)
	}
}

func TestCompression(t *testing.T) {
	tests := []struct {
		accept string
		zipped bool
	}{
		{"", false}, {"gzip", true}, {"br, GZIP;q=0.5", true}, {"gzip;q=0", false}, {"gzip; q=0.0", false}, {"identity", false},
	}
	plain := body(t, get(t, "GET", script(t), nil))
	for _, test := range tests {
		response := get(t, "GET", script(t), http.Header{"Accept-Encoding": {test.accept}})
		if zipped := response.Header.Get("Content-Encoding") == "gzip"; zipped != test.zipped {
			t.Errorf("Accept-Encoding %q: zipped %v", test.accept, zipped)
		} else if zipped {
			reader, err := gzip.NewReader(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(reader)
			if err != nil || string(content) != plain {
				t.Errorf("Accept-Encoding %q: the content differs, error %v", test.accept, err)
			}
		}
	}
}

// The budget is what a phone on a poor network pays before it sees anything.
func TestFirstLoadIsSmall(t *testing.T) {
	const budget = 100 << 10
	response := get(t, "GET", script(t), http.Header{"Accept-Encoding": {"gzip"}})
	if size := len(body(t, response)); size > budget {
		t.Errorf("the first script is %d bytes compressed, over the budget of %d", size, budget)
	}
}

func TestOnlyReading(t *testing.T) {
	if got := get(t, "POST", "/", nil); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: status %d, Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
	if got := get(t, "HEAD", "/", nil); got.StatusCode != http.StatusOK || body(t, got) != "" {
		t.Errorf("HEAD: status %d", got.StatusCode)
	}
}

func FuzzHandler(f *testing.F) {
	f.Add("/", "gzip", `"x"`)
	f.Add("/conversation/%21a", "gzip;q=", "*")
	f.Add("/assets/..", ",;,", `W/",`)
	handler := Handler()
	f.Fuzz(func(t *testing.T, path, accept, match string) {
		request := httptest.NewRequest("GET", "/", nil)
		request.URL.Path = path
		request.Header.Set("Accept-Encoding", accept)
		request.Header.Set("If-None-Match", match)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if status := recorder.Code; status != 200 && status != 304 && status != 404 {
			t.Errorf("%q: status %d", path, status)
		}
		if recorder.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%q: no policy", path)
		}
	})
}
