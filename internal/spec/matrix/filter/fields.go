package filter

import (
	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/spec/matrix/proppath"
)

// Fields is the list event_fields: the properties of an event that the client wants, as a tree. It is read-only and safe
// for concurrent use.
type Fields struct {
	whole bool // this property is wanted with all that is in it
	below map[string]*Fields
}

// NewFields prepares a list of property paths (appendices, "Dot-separated property paths").
func NewFields(paths []string) *Fields {
	root := &Fields{}
	for _, path := range paths {
		at := root
		for _, name := range proppath.Split(path) {
			if at.below == nil {
				at.below = make(map[string]*Fields)
			}
			if at.below[name] == nil {
				at.below[name] = &Fields{}
			}
			at = at.below[name]
		}
		at.whole = true
	}
	return root
}

// Project appends to dst the event with only the wanted properties, in the order in which it has them. The event must be
// valid JSON. An object of which nothing is wanted or present is left out. A nil Fields wants everything.
func (f *Fields) Project(dst, event []byte) []byte {
	if f == nil {
		return append(dst, event...)
	}
	dst, _ = f.object(dst, gjson.ParseBytes(event))
	return dst
}

// object appends the wanted members of an object, braces included even if there are none, and says whether there are any.
func (f *Fields) object(dst []byte, value gjson.Result) ([]byte, bool) {
	dst = append(dst, '{')
	some := false
	value.ForEach(func(key, member gjson.Result) bool {
		below := f.below[key.Str]
		if below == nil || !below.whole && !member.IsObject() {
			return true
		}
		before := len(dst)
		if some {
			dst = append(dst, ',')
		}
		dst = append(append(dst, key.Raw...), ':')
		if below.whole {
			dst, some = append(dst, member.Raw...), true
			return true
		}
		var any bool
		if dst, any = below.object(dst, member); any {
			some = true
		} else {
			dst = dst[:before]
		}
		return true
	})
	return append(dst, '}'), some
}
