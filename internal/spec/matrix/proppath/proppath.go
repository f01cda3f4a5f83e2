// Package proppath reads dot-separated property paths, the notation of push rule conditions and of a filter's
// event_fields (Matrix appendices, "Dot-separated property paths"). It is not JSON Pointer (RFC 6901), and it looks
// nothing up: callers walk their own representation of an event with the names it returns.
package proppath

import "strings"

// Split returns the property names of a path, outermost first: `content.m\.relates_to.rel_type` names three properties.
// `\.` stands for a dot inside a name and `\\` for a backslash; any other backslash is itself. A path always names at
// least one property, perhaps the empty one.
func Split(path string) []string {
	names := make([]string, 0, strings.Count(path, ".")+1)
	if !strings.Contains(path, `\`) {
		return append(names, strings.Split(path, ".")...)
	}
	var name strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '.':
			names = append(names, name.String())
			name.Reset()
		case c == '\\' && i+1 < len(path) && (path[i+1] == '.' || path[i+1] == '\\'):
			i++
			name.WriteByte(path[i])
		default:
			name.WriteByte(c)
		}
	}
	return append(names, name.String())
}

var escape = strings.NewReplacer(`\`, `\\`, `.`, `\.`)

// Join writes names as a path that Split reads back.
func Join(names ...string) string {
	var path strings.Builder
	for i, name := range names {
		if i > 0 {
			path.WriteByte('.')
		}
		path.WriteString(escape.Replace(name))
	}
	return path.String()
}
