package media_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/wardline/wardline/internal/matrix/media"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// serve gives the handler of the endpoints for one signed-in person.
func (w *ward) serve(who *audit.Caller) http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]endpoint.Handler{
		"POST /upload": w.PostUpload, "PUT /upload/{serverName}/{mediaId}": w.PutUpload,
		"GET /download/{serverName}/{mediaId}": w.GetDownload, "GET /download/{serverName}/{mediaId}/{fileName}": w.GetDownload,
		"GET /thumbnail/{serverName}/{mediaId}": w.GetThumbnail,
	} {
		mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) {
			if err := h(rw, r, who); err != nil {
				rw.Header().Set("X-Error", err.Error())
				rw.WriteHeader(http.StatusTeapot) // the router's business
			}
		})
	}
	return mux
}

func (w *ward) request(who *audit.Caller, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.serve(who).ServeHTTP(rec, r)
	return rec
}

// post uploads over HTTP and gives the id.
func (w *ward) post(query, contentType, body string) string {
	w.t.Helper()
	rec := w.request(asha, "POST", "/upload"+query, body, "Content-Type", contentType)
	id, ok := strings.CutPrefix(rec.Body.String(), `{"content_uri":"mxc://`+server+`/`)
	if rec.Code != http.StatusOK || !ok {
		w.t.Fatalf("upload: %d %s %s", rec.Code, rec.Header(), rec.Body)
	}
	return strings.TrimSuffix(id, `"}`)
}

func TestServedSafely(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	for _, c := range []struct{ contentType, served, disposition string }{
		{"text/html", "text/html", "attachment"},
		{"image/svg+xml", "image/svg+xml", "attachment"},
		{"application/pdf", "application/pdf", "attachment"},
		{"application/xhtml+xml", "application/xhtml+xml", "attachment"},
		{"text/plain; charset=utf-8", "text/plain; charset=utf-8", "inline"},
		{"IMAGE/JPEG", "image/jpeg", "inline"},
		{"audio/ogg", "audio/ogg", "inline"},
		{"image/png\r\nX-Evil: 1", "application/octet-stream", "attachment"},
		{"nonsense", "application/octet-stream", "attachment"},
		{"", "application/octet-stream", "attachment"},
		{"text/" + strings.Repeat("x", 200), "application/octet-stream", "attachment"},
	} {
		id := w.post("", c.contentType, "<script>alert(1)</script>")
		rec := w.request(asha, "GET", "/download/"+server+"/"+id, "")
		h := rec.Header()
		got := []string{h.Get("Content-Type"), h.Get("Content-Disposition"), h.Get("X-Content-Type-Options"),
			h.Get("Cross-Origin-Resource-Policy"), h.Get("Cache-Control")}
		if d := cmp.Diff([]string{c.served, c.disposition, "nosniff", "cross-origin", "private, no-store"}, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", c.contentType, d)
		}
		if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox; default-src 'none'; script-src 'none'") {
			t.Errorf("%q: policy %q", c.contentType, csp)
		}
		if rec.Body.String() != "<script>alert(1)</script>" {
			t.Errorf("%q: %q", c.contentType, rec.Body)
		}
	}
}

func TestFileNames(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	for _, c := range []struct{ name, disposition string }{
		{"chest.txt", `inline; filename="chest.txt"`},
		{"..%2F..%2Fetc%2Fpasswd", `inline; filename="passwd"`},
		{"C:%5CWindows%5Csystem.ini", `inline; filename="system.ini"`},
		{"a%22%3B+x%3D%22b", `inline; filename="a_; x=_b"; filename*=UTF-8''a%22%3B%20x%3D%22b`},
		{"line%0D%0ASet-Cookie%3A+x", `inline; filename="lineSet-Cookie: x"`},
		{"R%C3%B6ntgen+%E2%82%AC.txt", `inline; filename="R_ntgen _.txt"; filename*=UTF-8''R%C3%B6ntgen%20%E2%82%AC.txt`},
		{"%E2%80%AEtxt.exe", `inline; filename="txt.exe"`},
		{"%FF%FE", `inline; filename="_"; filename*=UTF-8''%EF%BF%BD`},
		{"..", `inline`},
		{strings.Repeat("x", 300) + ".txt", `inline; filename="` + strings.Repeat("x", 251) + `.txt"`},
	} {
		id := w.post("?filename="+c.name, "text/plain", "x")
		rec := w.request(asha, "GET", "/download/"+server+"/"+id, "")
		if got := rec.Header().Get("Content-Disposition"); got != c.disposition {
			t.Errorf("%s: %s, want %s", c.name, got, c.disposition)
		}
	}
	id := w.post("?filename=a.txt", "text/plain", "x")
	rec := w.request(asha, "GET", "/download/"+server+"/"+id+"/..%2F%2e%2e%2Fother.txt", "")
	if got := rec.Header().Get("Content-Disposition"); got != `inline; filename="other.txt"` {
		t.Errorf("a name in the path: %s", got)
	}
}

func TestRanges(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	id := w.post("", "audio/ogg", "0123456789")
	path := "/download/" + server + "/" + id
	rec := w.request(asha, "GET", path, "", "Range", "bytes=2-5")
	if rec.Code != http.StatusPartialContent || rec.Body.String() != "2345" || rec.Header().Get("Content-Range") != "bytes 2-5/10" {
		t.Errorf("range: %d %q %v", rec.Code, rec.Body, rec.Header())
	}
	whole := w.request(asha, "GET", path, "")
	if rec := w.request(asha, "GET", path, "", "If-None-Match", whole.Header().Get("ETag")); rec.Code != http.StatusNotModified {
		t.Errorf("unchanged: %d", rec.Code)
	}
	if rec := w.request(ben, "GET", path, "", "If-None-Match", whole.Header().Get("ETag")); rec.Code != http.StatusTeapot {
		t.Errorf("a stranger learns that the file is there: %d", rec.Code)
	}
}

func TestDownloadRefuses(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	id := w.post("", "text/plain", "x")
	for _, path := range []string{
		"/download/other.example/" + id,
		"/download/" + server + "/..%2F..%2F" + id,
		"/download/" + server + "/none",
		"/download/" + server + "/" + id + "%00",
		"/download/" + server + "/" + strings.Repeat("a", 300),
		"/download/" + server + "/" + id + "?timeout_ms=soon",
		"/thumbnail/" + server + "/" + id,
		"/thumbnail/" + server + "/" + id + "?width=32&height=-1",
		"/thumbnail/" + server + "/" + id + "?width=32&height=99999999999",
		"/thumbnail/" + server + "/" + id + "?width=32&height=32&method=stretch",
	} {
		rec := w.request(asha, "GET", path, "")
		if rec.Code != http.StatusTeapot || rec.Header().Get("X-Error") == "" {
			t.Errorf("%s: %d %q", path, rec.Code, rec.Body)
		}
	}
}

func TestThumbnailOverHTTP(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	id := w.post("", "image/jpeg", string(jpegOf(400, 400)))
	rec := w.request(asha, "GET", "/thumbnail/"+server+"/"+id+"?width=96&height=96&method=crop&animated=true", "")
	h := rec.Header()
	if rec.Code != http.StatusOK || h.Get("Content-Type") != "image/jpeg" || h.Get("Content-Disposition") != `inline; filename="thumbnail.jpg"` {
		t.Errorf("%d %v", rec.Code, h)
	}
}

func TestPutUpload(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	got, err := w.PostCreate(ctx, asha, struct{}{})
	if err != nil || got.Expires == 0 {
		t.Fatalf("%v, %v", got, err)
	}
	id := strings.TrimPrefix(got.URI, "mxc://"+server+"/")
	if rec := w.request(asha, "PUT", "/upload/"+server+"/"+id+"?filename=a.txt", "later", "Content-Type", "text/plain"); rec.Body.String() != "{}" {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	rec := w.request(asha, "GET", "/download/"+server+"/"+id, "")
	if rec.Body.String() != "later" || rec.Header().Get("Content-Disposition") != `inline; filename="a.txt"` {
		t.Errorf("%q %v", rec.Body, rec.Header())
	}
}

func TestClosedDoors(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	_, err := w.GetFrozen(ctx, nil, struct{}{})
	wantCode(t, "files without signing in", err, "M_NOT_FOUND")
	if _, err := w.GetPreview(ctx, asha, struct{}{}); err != nil {
		t.Error(err)
	}
	if got, err := w.GetConfig(ctx, asha, struct{}{}); err != nil || got.UploadSize != 1<<20 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestMentioned(t *testing.T) {
	many := strings.Builder{}
	for range 3 {
		for c := range 80 {
			many.WriteString(`"mxc://` + server + `/f` + string(rune('0'+c/10)) + string(rune('0'+c%10)) + `",`)
		}
		many.WriteString(`"mxc://` + server + `/x",`)
	}
	for _, c := range []struct {
		content string
		want    int
	}{
		{`{"body":"no file"}`, 0},
		{`{"url":"mxc://` + server + `/abc_-9"}`, 1},
		{`{"url":"mxc://` + server + `/abc","info":{"thumbnail_url":"mxc://` + server + `/def"},"file":{"url":"mxc://` + server + `/abc"}}`, 2},
		{`{"url":"mxc://elsewhere.example/abc"}`, 0},
		{`{"url":"mxc://` + server + `.evil/abc"}`, 0},
		{`{"url":"mxc://` + server + `/"}`, 0},
		{`{"url":"mxc://` + server + `/../abc"}`, 0},
		{`{"formatted_body":"<img src=\"mxc://` + server + `/abc\">"}`, 1},
		{many.String(), 81},
		{strings.Repeat(many.String(), 2) + strings.ReplaceAll(many.String(), "/f", "/g"), 100},
	} {
		if got := media.Mentioned(server, []byte(c.content)); len(got) != c.want {
			t.Errorf("%d files in %.100s, want %d", len(got), c.content, c.want)
		}
	}
}

func FuzzMentioned(f *testing.F) {
	f.Add([]byte(`{"url":"mxc://` + server + `/abc"}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, id := range media.Mentioned(server, content) {
			if strings.ContainsAny(id, "/.%\x00\"") || id == "" {
				t.Errorf("%q is no id", id)
			}
		}
	})
}
