package endpoint

import (
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/wardline/wardline/internal/platform/errs"
)

// defaultBody bounds a request's body when its type does not: well above the 65,536 bytes of an event
// (client-server API, "Size limits") and above what clients upload in one call of keys/upload.
const defaultBody = 1 << 20

// plan is how a request becomes a struct: worked out once for a route.
type plan struct {
	path, header []param
	query        []param
	members      bool  // the body has members of the struct
	raw          []int // field for the whole body; nil: none
	maxBody      int64
}

// param is a field filled from the path, the query or a header.
type param struct {
	name  string
	index []int
	set   func(field reflect.Value, text string) error
}

func planOf[In any]() *plan {
	t := reflect.TypeFor[In]()
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("endpoint: %v is not a struct", t))
	}
	p := &plan{maxBody: defaultBody}
	if b, ok := any(*new(In)).(interface{ MaxBody() int64 }); ok {
		p.maxBody = b.MaxBody()
	}
	p.addFields(t, nil)
	p.checkMembers(t)
	return p
}

// addFields reads the tags of a struct and of those embedded in it.
func (p *plan) addFields(t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), at...), i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("json") == "" {
			p.addFields(f.Type, index)
			continue
		}
		p.addField(t, f, index)
	}
}

func (p *plan) addField(t reflect.Type, f reflect.StructField, index []int) {
	if !f.IsExported() {
		panic(fmt.Sprintf("endpoint: field %s of %v is not exported", f.Name, t))
	}
	tag := f.Tag
	switch {
	case tag.Get("path") != "":
		p.path = append(p.path, param{tag.Get("path"), index, setterOf(t, f)})
	case tag.Get("query") != "":
		p.query = append(p.query, param{tag.Get("query"), index, setterOf(t, f)})
	case tag.Get("header") != "":
		p.header = append(p.header, param{textproto.CanonicalMIMEHeaderKey(tag.Get("header")), index, setterOf(t, f)})
	case tag.Get("body") == "raw" && f.Type == reflect.TypeFor[jsontext.Value]():
		p.raw = index
	case tag.Get("json") != "" && tag.Get("json") != "-":
		p.members = true
	case tag.Get("json") != "-":
		panic(fmt.Sprintf("endpoint: field %s of %v has no tag that fills it", f.Name, t))
	}
}

// checkMembers makes sure that no body can fill a field meant for the path, the query or a header.
func (p *plan) checkMembers(t reflect.Type) {
	if !p.members {
		return
	}
	check := func(index []int) {
		if f := t.FieldByIndex(index); f.Tag.Get("json") != "-" {
			panic(fmt.Sprintf("endpoint: field %s of %v could be filled by the body: tag it json:\"-\"", f.Name, t))
		}
	}
	for _, params := range [][]param{p.path, p.query, p.header} {
		for _, one := range params {
			check(one.index)
		}
	}
	if p.raw != nil {
		check(p.raw)
	}
}

// setterOf gives the function that turns text into a field's value.
func setterOf(t reflect.Type, f reflect.StructField) func(reflect.Value, string) error {
	kind := f.Type
	pointer := kind.Kind() == reflect.Pointer
	if pointer {
		kind = kind.Elem()
	}
	set := setterOfKind(kind)
	switch {
	case set == nil, pointer && kind.Kind() == reflect.Slice:
		panic(fmt.Sprintf("endpoint: field %s of %v cannot be filled from text", f.Name, t))
	case pointer:
		return func(v reflect.Value, s string) error {
			v.Set(reflect.New(kind))
			return set(v.Elem(), s)
		}
	}
	return set
}

func setterOfKind(t reflect.Type) func(reflect.Value, string) error {
	switch {
	case t.Kind() == reflect.String:
		return func(v reflect.Value, s string) error { v.SetString(s); return nil }
	case t.Kind() == reflect.Bool:
		return setBool
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		return setInt
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return func(v reflect.Value, s string) error {
			v.Set(reflect.Append(v, reflect.ValueOf(s).Convert(t.Elem())))
			return nil
		}
	}
	return nil
}

func setBool(v reflect.Value, s string) error {
	switch s {
	case "true", "1":
		v.SetBool(true)
	case "false", "0", "":
		v.SetBool(false)
	default:
		return fmt.Errorf("must be true or false")
	}
	return nil
}

func setInt(v reflect.Value, s string) error {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v.OverflowInt(n) {
		return fmt.Errorf("must be a whole number")
	}
	v.SetInt(n)
	return nil
}

// fill fills the struct that in points to. The body comes first, so that it can never overrule the address.
func (p *plan) fill(w http.ResponseWriter, r *http.Request, in any) error {
	if p.members || p.raw != nil {
		if err := p.readBody(w, r, in); err != nil {
			return err
		}
	}
	v := reflect.ValueOf(in).Elem()
	for i := range p.path {
		if err := p.path[i].fill(v, pathValue(r, p.path[i].name)); err != nil {
			return err
		}
	}
	for i := range p.header {
		if values := r.Header[p.header[i].name]; len(values) > 0 {
			if err := p.header[i].fill(v, values[0]); err != nil {
				return err
			}
		}
	}
	return p.fillQuery(v, r.URL.RawQuery)
}

// fillQuery walks the query once, without a map. Of a parameter given twice the first counts, but for lists.
func (p *plan) fillQuery(v reflect.Value, query string) error {
	if len(p.query) == 0 || query == "" {
		return nil
	}
	var seen uint64 // one bit for each of the plan's parameters
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		i := p.queryIndex(name)
		if i < 0 {
			continue
		}
		field := &p.query[i]
		isList := v.FieldByIndex(field.index).Kind() == reflect.Slice
		if seen&(1<<i) != 0 && !isList {
			continue
		}
		seen |= 1 << i
		text, err := url.QueryUnescape(value)
		if err != nil {
			return errs.BadParam("%s is not well percent-encoded", field.name)
		}
		if err := field.fill(v, text); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) queryIndex(name string) int {
	if strings.ContainsAny(name, "%+") {
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
	}
	for i := range p.query {
		if p.query[i].name == name {
			return i
		}
	}
	return -1
}

func (f *param) fill(v reflect.Value, text string) error {
	// PostgreSQL takes neither in a text; no identifier of the standard may hold them.
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return errs.BadParam("%s must be UTF-8 text", f.name)
	}
	if err := f.set(v.FieldByIndex(f.index), text); err != nil {
		return errs.BadParam("%s %v", f.name, err)
	}
	return nil
}
