package pushrules

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/spec/matrix/proppath"
)

// maxDepth is how deep properties can be reached; deeper ones are absent to every condition.
const maxDepth = 16

// manyItems is the length from which an array is indexed rather than walked for each recipient.
const manyItems = 8

// Folded is an event made ready to be put to many people's rules: its properties are found without parsing, and the
// strings that rules compare without regard to case are lowered once. It is read-only and safe for concurrent use.
type Folded struct {
	root   value
	known  [len(knownPaths)]*value // properties that default rules ask for, by slot
	sender string
	roomID string
}

// knownPaths are the properties that nearly every person's rules ask for. Their index is their slot.
var knownPaths = [...]string{
	"type", "state_key", "sender", "room_id", bodyKey, "content.msgtype", "content.membership",
	`content.m\.mentions.user_ids`, `content.m\.mentions.room`, `content.m\.relates_to.rel_type`,
}

const (
	bodyKey  = "content.body"
	bodySlot = 4
)

var knownNames = func() (names [len(knownPaths)][]string) {
	for i, path := range knownPaths {
		names[i] = proppath.Split(path)
	}
	return names
}()

// scalar is a value that can be compared exactly: string, integer, boolean or null. Comparable with ==.
type scalar struct {
	kind byte // 's', 'i', 'b', 'n', or 0 for what cannot be compared: compound values and other numbers
	text string
	num  int64 // 1 for true
}

// value is one property of an event.
type value struct {
	scalar
	lower  string // of a string
	fields []field
	items  []scalar            // of an array: those that can be compared
	index  map[scalar]struct{} // of a long array, instead of items
}

type field struct {
	name string
	value
}

// Fold reads an event, in the client or in the server format. The bytes must be valid JSON: of anything that is not, an
// event without properties is made, which only rules without conditions match.
func Fold(event []byte) *Folded { return FoldIn("", event) }

// FoldIn is Fold for bytes that do not name their room, such as the events of a sync response.
func FoldIn(roomID string, event []byte) *Folded {
	f := &Folded{roomID: roomID}
	if gjson.ValidBytes(event) {
		f.root = foldValue(gjson.ParseBytes(event), 0)
	}
	if roomID != "" {
		f.root.set("room_id", value{scalar: scalar{kind: 's', text: roomID}, lower: strings.ToLower(roomID)})
	}
	for slot, names := range knownNames {
		f.known[slot] = f.root.at(names)
	}
	if v := f.root.at([]string{"sender"}); v != nil {
		f.sender = v.text
	}
	if v := f.root.at([]string{"room_id"}); v != nil {
		f.roomID = v.text
	}
	return f
}

func foldValue(r gjson.Result, depth int) value {
	switch {
	case !r.IsObject() && !r.IsArray():
		v := value{scalar: scalarResult(r)}
		if v.kind == 's' {
			v.lower = strings.ToLower(v.text)
		}
		return v
	case depth >= maxDepth:
		return value{}
	case r.IsObject():
		return foldObject(r, depth)
	}
	var v value
	r.ForEach(func(_, item gjson.Result) bool {
		if s := scalarResult(item); s.kind != 0 {
			v.items = append(v.items, s)
		}
		return true
	})
	if len(v.items) > manyItems {
		v.index = make(map[scalar]struct{}, len(v.items))
		for _, s := range v.items {
			v.index[s] = struct{}{}
		}
		v.items = nil
	}
	return v
}

func foldObject(r gjson.Result, depth int) (v value) {
	r.ForEach(func(key, item gjson.Result) bool {
		v.fields = append(v.fields, field{key.String(), foldValue(item, depth+1)})
		return true
	})
	if !slices.IsSortedFunc(v.fields, byName) {
		slices.SortStableFunc(v.fields, byName)
	}
	return v
}

func byName(a, b field) int { return strings.Compare(a.name, b.name) }

func scalarResult(r gjson.Result) scalar {
	switch r.Type {
	case gjson.String:
		return scalar{kind: 's', text: r.Str}
	case gjson.Number:
		if n, ok := integer(r.Raw); ok {
			return scalar{kind: 'i', num: n}
		}
	case gjson.True:
		return scalar{kind: 'b', num: 1}
	case gjson.False:
		return scalar{kind: 'b'}
	case gjson.Null:
		return scalar{kind: 'n'}
	}
	return scalar{}
}

// integer reads an integer in the range of canonical JSON.
func integer(raw string) (int64, bool) {
	const limit = 1<<53 - 1
	n, err := strconv.ParseInt(raw, 10, 64)
	return n, err == nil && -limit <= n && n <= limit
}

// scalarOf reads the value of a condition.
func scalarOf(raw []byte) (scalar, bool) {
	if !gjson.ValidBytes(raw) {
		return scalar{}, false
	}
	s := scalarResult(gjson.ParseBytes(raw))
	return s, s.kind != 0
}

// at follows names from v; nil where there is no such property.
func (v *value) at(names []string) *value {
	for _, name := range names {
		i, ok := slices.BinarySearchFunc(v.fields, name, func(f field, name string) int { return strings.Compare(f.name, name) })
		if !ok {
			return nil
		}
		v = &v.fields[i].value
	}
	return v
}

func (v *value) set(name string, to value) {
	i, ok := slices.BinarySearchFunc(v.fields, name, func(f field, name string) int { return strings.Compare(f.name, name) })
	if !ok {
		v.fields = slices.Insert(v.fields, i, field{name: name})
	}
	v.fields[i].value = to
}

// holds reports whether v is an array with an item equal to s.
func (v *value) holds(s scalar) bool {
	if v.index != nil {
		_, ok := v.index[s]
		return ok
	}
	return slices.Contains(v.items, s)
}
