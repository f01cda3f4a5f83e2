package endpoint

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/wardline/wardline/internal/platform/audit"
)

type paging struct {
	Limit *int     `query:"limit" json:"-"`
	Kinds []string `query:"kind" json:"-"`
	Full  bool     `query:"full_state" json:"-"`
}

type sendIn struct {
	paging2
	Room   string         `path:"room" json:"-"`
	Key    string         `path:"key" json:"-"`
	Type   string         `header:"X-Kind" json:"-"`
	Body   string         `json:"body,omitempty"`
	Count  int            `json:"count,omitempty"`
	Nested map[string]any `json:"nested,omitempty"`
	Raw    jsontext.Value `body:"raw" json:"-"`
}

// paging2 shows that the fields of an embedded struct count.
type paging2 = Paging

// Paging is exported, as embedded structs that JSON sees must be.
type Paging paging

func echo(_ context.Context, _ *audit.Caller, in sendIn) (sendOut, error) {
	return sendOut{Room: in.Room, Key: in.Key, Type: in.Type, Body: in.Body, Count: in.Count,
		Limit: in.Limit, Kinds: in.Kinds, Full: in.Full, Raw: string(in.Raw)}, nil
}

type sendOut struct {
	Room  string   `json:"room"`
	Key   string   `json:"key"`
	Type  string   `json:"type"`
	Body  string   `json:"body"`
	Count int      `json:"count"`
	Limit *int     `json:"limit"`
	Kinds []string `json:"kinds"`
	Full  bool     `json:"full"`
	Raw   string   `json:"raw"`
}

func serve(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	var r *http.Request
	if body == "" {
		r = httptest.NewRequest(method, target, nil)
	} else {
		r = httptest.NewRequest(method, target, strings.NewReader(body))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func echoMux() http.Handler {
	return Mux([]Route{
		{"PUT /_matrix/client/v3/rooms/{room}/state/{key...}", Open, Write, Do(echo)},
	}, Options{})
}

func TestDoFillsEverySource(t *testing.T) {
	limit := 7
	got := serve(echoMux(), "PUT",
		"/_matrix/client/v3/rooms/%21a%2Fb/state/c%20d?limit=7&kind=x&kind=y%26z&full_state=true&limit=9&unknown=%zz",
		` {"body":"hé","count":3,"nested":{"a":[1.5]}} `, "X-Kind", "urgent")
	if got.Code != 200 {
		t.Fatalf("status %d: %s", got.Code, got.Body)
	}
	var out sendOut
	if err := json.Unmarshal(got.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	want := sendOut{Room: "!a/b", Key: "c d", Type: "urgent", Body: "hé", Count: 3, Limit: &limit,
		Kinds: []string{"x", "y&z"}, Full: true, Raw: `{"body":"hé","count":3,"nested":{"a":[1.5]}}`}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
	if ct := got.Header().Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	if n := got.Header().Get("Content-Length"); n == "" {
		t.Error("no Content-Length")
	}
}

func TestDoRefusesBadRequests(t *testing.T) {
	deep := strings.Repeat(`{"nested":`, 101) + "1" + strings.Repeat("}", 101)
	for name, c := range map[string]struct {
		target, body string
		status       int
		code, says   string
	}{
		"not JSON":            {"", `{"body":`, 400, "M_NOT_JSON", ""},
		"text":                {"", `hello`, 400, "M_NOT_JSON", ""},
		"two values":          {"", `{} {}`, 400, "M_NOT_JSON", ""},
		"duplicate":           {"", `{"body":"a","body":"b"}`, 400, "M_NOT_JSON", "twice"},
		"duplicate elsewhere": {"", `{"other":{"x":1,"x":2}}`, 400, "M_NOT_JSON", "twice"},
		"escaped duplicate":   {"", `{"a":1,"\u0061":2}`, 400, "M_NOT_JSON", "twice"},
		"bad UTF-8":           {"", "{\"body\":\"\xff\"}", 400, "M_NOT_JSON", ""},
		"lone surrogate":      {"", `{"body":"\ud800"}`, 400, "M_NOT_JSON", ""},
		"array":               {"", `[]`, 400, "M_BAD_JSON", "object"},
		"null":                {"", `null`, 400, "M_BAD_JSON", "object"},
		"string":              {"", `"x"`, 400, "M_BAD_JSON", "object"},
		"wrong type":          {"", `{"count":"3"}`, 400, "M_BAD_JSON", "count"},
		"fraction":            {"", `{"count":3.5}`, 400, "M_BAD_JSON", "count"},
		"object for string":   {"", `{"body":{}}`, 400, "M_BAD_JSON", "body"},
		"huge number":         {"", `{"count":1e400}`, 400, "M_BAD_JSON", "count"},
		"deep":                {"", deep, 400, "M_BAD_JSON", "deep"},
		"deep arrays":         {"", `{"x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, 400, "M_BAD_JSON", "deep"},
		"large":               {"", `{"body":"` + strings.Repeat("x", defaultBody) + `"}`, 413, "M_TOO_LARGE", "1048576"},
		"bad number":          {"?limit=ten", `{}`, 400, "M_INVALID_PARAM", "limit"},
		"number over":         {"?limit=99999999999999999999", `{}`, 400, "M_INVALID_PARAM", "limit"},
		"bad truth":           {"?full_state=maybe", `{}`, 400, "M_INVALID_PARAM", "full_state"},
		"bad escape":          {"?kind=%zz", `{}`, 400, "M_INVALID_PARAM", "kind"},
		"query not UTF-8":     {"?kind=%ff", `{}`, 400, "M_INVALID_PARAM", "kind"},
		"query zero byte":     {"?kind=a%00", `{}`, 400, "M_INVALID_PARAM", "kind"},
	} {
		t.Run(name, func(t *testing.T) {
			got := serve(echoMux(), "PUT", "/_matrix/client/v3/rooms/r/state/k"+c.target, c.body)
			wantFault(t, got, c.status, c.code)
			if !strings.Contains(got.Body.String(), c.says) {
				t.Errorf("%s does not name %q", got.Body, c.says)
			}
		})
	}
}

func wantFault(t *testing.T, got *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var e struct {
		Code string `json:"errcode"`
		Text string `json:"error"`
	}
	if err := json.Unmarshal(got.Body.Bytes(), &e); err != nil {
		t.Fatalf("answer %q is not JSON: %v", got.Body, err)
	}
	if got.Code != status || e.Code != code || e.Text == "" {
		t.Errorf("got %d %s, want %d %s", got.Code, got.Body, status, code)
	}
}

func TestDepthCountsBracketsOutsideStringsOnly(t *testing.T) {
	level := func(n int) string { return strings.Repeat(`{"a":`, n) + "0" + strings.Repeat("}", n) }
	for name, c := range map[string]struct {
		body string
		deep bool
	}{
		"just right":   {level(maxDepth), false},
		"one more":     {level(maxDepth + 1), true},
		"in a string":  {`{"a":"` + strings.Repeat("[", 300) + `"}`, false},
		"after escape": {`{"a":"\"` + strings.Repeat("[", 300) + `\\"}`, false},
		"side by side": {`{"a":[` + strings.Repeat("[],", 300) + `[]]}`, false},
	} {
		if got := tooDeep([]byte(c.body)); got != c.deep {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestEmptyBodyIsAnEmptyObject(t *testing.T) {
	got := serve(echoMux(), "PUT", "/_matrix/client/v3/rooms/r/state/k", "")
	if got.Code != 200 || !strings.Contains(got.Body.String(), `"raw":"{}"`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

type smallIn struct {
	Body string `json:"body"`
}

func (smallIn) MaxBody() int64 { return 20 }

func TestMaxBodyOfTheType(t *testing.T) {
	h := Mux([]Route{{"POST /_matrix/x", Open, Write, Do(
		func(context.Context, *audit.Caller, smallIn) (struct{}, error) { return struct{}{}, nil })}}, Options{})
	got := serve(h, "POST", "/_matrix/x", `{"body":"123456789"}`)
	if got.Code != 200 || got.Body.String() != "{}" {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	wantFault(t, serve(h, "POST", "/_matrix/x", `{"body":"1234567890"}`), 413, "M_TOO_LARGE")
}

func TestRawAnswers(t *testing.T) {
	h := Mux([]Route{{"GET /_matrix/x", Open, Read, Do(
		func(context.Context, *audit.Caller, struct{}) (Raw, error) { return Raw(`{"a":1}`), nil })}}, Options{})
	if got := serve(h, "GET", "/_matrix/x", ""); got.Body.String() != `{"a":1}` {
		t.Errorf("%s", got.Body)
	}
}

func TestPlanRefusesStructsItCannotFill(t *testing.T) {
	type noTag struct{ A string }
	type overruled struct {
		Room string `path:"room"`
		Body string `json:"body"`
	}
	type number struct {
		A float64 `query:"a"`
	}
	for name, plan := range map[string]func() *plan{
		"no tag": planOf[noTag], "body could overrule the path": planOf[overruled], "a fraction": planOf[number],
		"not a struct": planOf[string],
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			plan()
		})
	}
}

// FuzzDo proves that no request makes the decoder panic or answer anything but 200 or a fault of the caller's, and
// that the handler never sees a parameter or a raw body that is not UTF-8 text.
func FuzzDo(f *testing.F) {
	f.Add("limit=7&kind=a%20b", `{"body":"x","count":1}`)
	f.Add("kind=%ff&%", `{"a":{"a":1,"a":2}}`)
	f.Add("full_state=1&&=", "[[[")
	f.Add("", `{"body":"\u0000","nested":{"x":[{}]}}`)
	h := echoMux()
	f.Fuzz(func(t *testing.T, query, body string) {
		r := httptest.NewRequest("PUT", "/_matrix/client/v3/rooms/r/state/k", strings.NewReader(body))
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case 200:
			var out sendOut
			if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
				t.Fatalf("answer is not JSON: %v", err)
			}
			if !jsontext.Value(out.Raw).IsValid() || out.Raw[0] != '{' {
				t.Fatalf("handler saw %q", out.Raw)
			}
		case 400, 413:
			wantFault(t, w, w.Code, faultCode(t, w))
		default:
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	})
}

func faultCode(t *testing.T, w *httptest.ResponseRecorder) string {
	var e map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatal(err)
	}
	code, _ := e["errcode"].(string)
	if !strings.HasPrefix(code, "M_") {
		t.Fatalf("no code in %s", w.Body)
	}
	return code
}

func BenchmarkDo(b *testing.B) {
	h := echoMux()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("PUT", "/_matrix/client/v3/rooms/r/state/k?limit=3", strings.NewReader(`{"body":"hello","count":3}`))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
