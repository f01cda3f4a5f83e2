package endpoint

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/wardline/wardline/internal/platform/errs"
)

const (
	maxDepth = 100              // levels of nesting in a body
	bodyTime = 60 * time.Second // how long a client may take to send a JSON body
	keepBody = 256 << 10        // a larger buffer is not kept for the next request
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func release(b *bytes.Buffer) {
	if b.Cap() <= keepBody {
		b.Reset()
		buffers.Put(b)
	}
}

// readBody reads, bounds, validates and decodes the body. What it keeps is copied: the buffer is used again.
func (p *plan) readBody(w http.ResponseWriter, r *http.Request, in any) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer release(buf)
	if err := slurp(w, r, buf, p.maxBody); err != nil {
		return err
	}
	body := bytes.TrimSpace(buf.Bytes())
	if len(body) == 0 {
		body = []byte("{}")
	}
	if err := p.decode(body, in); err != nil {
		return err
	}
	if p.raw != nil {
		reflect.ValueOf(in).Elem().FieldByIndex(p.raw).SetBytes(bytes.Clone(body))
	}
	return nil
}

func (p *plan) decode(body []byte, in any) error {
	if body[0] != '{' {
		if jsontext.Value(body).IsValid() {
			return errs.BadJSON("the body must be a JSON object")
		}
		return notJSON("the body is not JSON")
	}
	if tooDeep(body) {
		return errs.BadJSON("the body is nested too deeply: at most %d levels", maxDepth)
	}
	if p.members {
		return decodeFault(json.Unmarshal(body, in))
	}
	return decodeFault(checkSyntax(body))
}

// Decode reads one JSON object of at most max bytes, with all the checks of a body, into the value that in points to:
// for handlers that cannot use Do.
func Decode(w http.ResponseWriter, r *http.Request, max int64, in any) error {
	p := plan{members: true, maxBody: max}
	return p.readBody(w, r, in)
}

// slurp reads the body into buf, refusing more than max bytes and clients that dawdle.
func slurp(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer, max int64) error {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if r.ContentLength > max {
		return tooLarge(max)
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(bodyTime)) // not every writer has deadlines: a recorder in a test has none
	n, err := buf.ReadFrom(io.LimitReader(r.Body, max+1))
	if err != nil {
		return notJSON("the body could not be read to its end")
	}
	_ = control.SetReadDeadline(time.Time{})
	if n > max {
		return tooLarge(max)
	}
	return nil
}

func tooLarge(max int64) error {
	return errs.New(errs.TooLarge, "M_TOO_LARGE", "the body is larger than %d bytes", max)
}

func notJSON(text string) error { return errs.New(errs.Invalid, "M_NOT_JSON", "%s", text) }

// checkSyntax walks the whole body once: duplicate names and bad UTF-8 included.
func checkSyntax(body []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	if err := d.SkipValue(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return &jsontext.SyntacticError{Err: errors.New("more than one value")}
	}
	return nil
}

// decodeFault turns the decoder's error into an answer that names the member, and never its value.
func decodeFault(err error) error {
	if err == nil {
		return nil
	}
	var answer *errs.Error
	if errors.As(err, &answer) {
		return answer // from the type's own decoder
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return notJSON("the body names a member twice")
	}
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) {
		return notJSON("the body is not valid JSON in UTF-8")
	}
	name := strings.TrimPrefix(string(wrong.JSONPointer), "/")
	if len(name) > 100 {
		name = name[:100] + "…"
	}
	if name == "" {
		return errs.BadJSON("the body has the wrong shape")
	}
	return errs.BadJSON("%s has the wrong type", strings.ToValidUTF8(name, "…"))
}

// tooDeep reports whether a body nests more than maxDepth levels. Most bodies have fewer brackets than that.
func tooDeep(body []byte) bool {
	if bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) <= maxDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
