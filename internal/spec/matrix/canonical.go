package matrix

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

const (
	// MaxDepth bounds how deep arrays and objects may nest. The standard sets no limit; an unbounded one lets a
	// message of 64 KB exhaust a stack somewhere among its readers.
	MaxDepth = 128
	// MaxInteger is the largest integer in canonical JSON, 2^53-1; the smallest is its negative.
	MaxInteger = 1<<53 - 1
)

// Canonical rewrites a JSON text in Matrix's canonical form: no white space, keys sorted by code point, the shortest
// escapes, integers only. Integers written as -0 or 1e10 are brought to their plain form, as the standard's examples
// are; fractions, integers beyond ±(2^53-1), duplicate keys, lone surrogates and bad UTF-8 are refused, and so is nesting
// deeper than MaxDepth. Appendices, "Canonical JSON". Errors: ErrNotJSON, ErrBadJSON.
func Canonical(json []byte) ([]byte, error) {
	return canonicalise(make([]byte, 0, len(json)), json, false)
}

// canonicalStrict is Canonical for events, where the form of numbers is enforced rather than mended. Rooms, v6,
// "Canonical JSON": servers MUST strictly enforce the format.
func canonicalStrict(dst, json []byte) ([]byte, error) { return canonicalise(dst, json, true) }

// canon rewrites as it parses: each value is appended to out in its canonical form, and an object whose keys came out
// of order is rearranged in place once it is complete. Input that is already canonical is a single copy.
type canon struct {
	in      []byte
	pos     int
	out     []byte
	depth   int
	strict  bool
	members []member // of all open objects; each object truncates what it pushed
	scratch []byte
}

// member is where one key and its value lie in out.
type member struct {
	start, keyEnd, end int // of the quoted key; of key and value
	escaped            bool
}

var canons = sync.Pool{New: func() any { return new(canon) }}

func canonicalise(dst, json []byte, strict bool) ([]byte, error) {
	c := canons.Get().(*canon)
	c.in, c.pos, c.out, c.depth, c.strict, c.members = json, 0, dst, 0, strict, c.members[:0]
	err := c.text()
	out := c.out
	c.in, c.out = nil, nil
	if cap(c.scratch) > 1<<17 { // a giant should not stay in the pool
		c.scratch = nil
	}
	canons.Put(c)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *canon) text() error {
	c.space()
	if err := c.value(); err != nil {
		return err
	}
	c.space()
	if c.pos != len(c.in) {
		return c.syntax("something follows the value")
	}
	return nil
}

func (c *canon) syntax(what string) error {
	return fmt.Errorf("%w: byte %d: %s", ErrNotJSON, c.pos, what)
}

func (c *canon) forbidden(what string) error {
	return fmt.Errorf("%w: byte %d: %s", ErrBadJSON, c.pos, what)
}

func (c *canon) space() {
	for c.pos < len(c.in) {
		switch c.in[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}

// peek is the next byte, or 0 at the end: no JSON value begins with NUL.
func (c *canon) peek() byte {
	if c.pos < len(c.in) {
		return c.in[c.pos]
	}
	return 0
}

func (c *canon) value() error {
	switch b := c.peek(); {
	case b == '"':
		_, err := c.quoted()
		return err
	case b == '{' || b == '[':
		return c.nested(b)
	case b == '-' || b >= '0' && b <= '9':
		return c.number()
	case b == 't':
		return c.literal("true")
	case b == 'f':
		return c.literal("false")
	case b == 'n':
		return c.literal("null")
	}
	if c.pos == len(c.in) {
		return c.syntax("a value is missing")
	}
	return c.syntax("no value begins like this")
}

func (c *canon) nested(bracket byte) (err error) {
	if c.depth++; c.depth > MaxDepth {
		return c.forbidden(fmt.Sprintf("nested more than %d deep", MaxDepth))
	}
	if bracket == '{' {
		err = c.object()
	} else {
		err = c.array()
	}
	c.depth--
	return err
}

func (c *canon) literal(word string) error {
	if !bytes.HasPrefix(c.in[c.pos:], []byte(word)) {
		return c.syntax("no value begins like this")
	}
	c.pos += len(word)
	c.out = append(c.out, word...)
	return nil
}

func (c *canon) array() error {
	c.pos++
	c.out = append(c.out, '[')
	c.space()
	if c.peek() == ']' {
		c.pos++
		c.out = append(c.out, ']')
		return nil
	}
	for {
		c.space()
		if err := c.value(); err != nil {
			return err
		}
		more, err := c.next(']')
		if err != nil || !more {
			return err
		}
	}
}

// next consumes the comma that continues an array or an object, or the bracket that ends it.
func (c *canon) next(end byte) (more bool, err error) {
	c.space()
	switch c.peek() {
	case ',':
		c.pos++
		c.out = append(c.out, ',')
		return true, nil
	case end:
		c.pos++
		c.out = append(c.out, end)
		return false, nil
	}
	return false, c.syntax("a comma or a closing bracket is missing")
}

func (c *canon) object() error {
	c.pos++
	c.out = append(c.out, '{')
	c.space()
	if c.peek() == '}' {
		c.pos++
		c.out = append(c.out, '}')
		return nil
	}
	base, sorted := len(c.members), true
	for {
		m, err := c.member()
		if err != nil {
			return err
		}
		if n := len(c.members); n > base && sorted {
			order := compareKeys(c.out, c.members[n-1], m)
			if order == 0 {
				return c.forbidden("a key appears twice in an object")
			}
			sorted = order < 0
		}
		c.members = append(c.members, m)
		more, err := c.next('}')
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	var err error
	if !sorted {
		err = c.rearrange(c.members[base:])
	}
	c.members = c.members[:base]
	return err
}

func (c *canon) member() (member, error) {
	c.space()
	if c.peek() != '"' {
		return member{}, c.syntax("a key is missing")
	}
	m := member{start: len(c.out)}
	var err error
	if m.escaped, err = c.quoted(); err != nil {
		return m, err
	}
	m.keyEnd = len(c.out)
	c.space()
	if c.peek() != ':' {
		return m, c.syntax("a colon is missing")
	}
	c.pos++
	c.out = append(c.out, ':')
	c.space()
	err = c.value()
	m.end = len(c.out)
	return m, err
}

// rearrange sorts the members of the object that out ends with.
func (c *canon) rearrange(members []member) error {
	slices.SortFunc(members, func(a, b member) int { return compareKeys(c.out, a, b) })
	for i := 1; i < len(members); i++ {
		if compareKeys(c.out, members[i-1], members[i]) == 0 {
			return c.forbidden("a key appears twice in an object")
		}
	}
	first := len(c.out)
	for _, m := range members {
		first = min(first, m.start)
	}
	c.scratch = append(c.scratch[:0], c.out[first:]...)
	c.out = c.out[:first]
	for _, m := range members {
		c.out = append(c.out, c.scratch[m.start-first:m.end-first]...)
		c.out = append(c.out, ',')
	}
	c.out[len(c.out)-1] = '}'
	return nil
}

// compareKeys orders two members by the code points of their keys, which is the order of the bytes of UTF-8. An escaped
// key is compared by what it means: a line feed sorts before a space, though its escape begins with a backslash.
func compareKeys(out []byte, a, b member) int {
	ka, kb := out[a.start+1:a.keyEnd-1], out[b.start+1:b.keyEnd-1]
	if a.escaped {
		ka = unescape(ka)
	}
	if b.escaped {
		kb = unescape(kb)
	}
	return bytes.Compare(ka, kb)
}

// plain marks the bytes that a canonical string holds as they are.
var plain = func() (t [256]bool) {
	for b := 0x20; b < utf8.RuneSelf; b++ {
		t[b] = b != '"' && b != '\\'
	}
	return t
}()

// quoted reads a string and appends its shortest form; escaped says that the form holds a backslash.
func (c *canon) quoted() (escaped bool, err error) {
	start := c.pos // begins with the opening quote, so that runs are copied whole
	c.pos++
	for c.pos < len(c.in) {
		b := c.in[c.pos]
		if plain[b] {
			c.pos++
			continue
		}
		switch {
		case b == '"':
			c.pos++
			c.out = append(c.out, c.in[start:c.pos]...)
			return escaped, nil
		case b == '\\':
			c.out = append(c.out, c.in[start:c.pos]...)
			r, err := c.escape()
			if err != nil {
				return false, err
			}
			n := len(c.out)
			c.out = appendRune(c.out, r)
			escaped = escaped || c.out[n] == '\\'
			start = c.pos
		case b < 0x20:
			return false, c.syntax("a control character stands unescaped in a string")
		default:
			r, size := utf8.DecodeRune(c.in[c.pos:])
			if r == utf8.RuneError && size <= 1 {
				return false, c.syntax("not UTF-8")
			}
			c.pos += size
		}
	}
	return false, c.syntax("a string does not end")
}

// escape reads the escape at pos and says which character it stands for.
func (c *canon) escape() (rune, error) {
	if c.pos+1 >= len(c.in) {
		return 0, c.syntax("a string does not end")
	}
	b := c.in[c.pos+1]
	if i := bytes.IndexByte([]byte(`"\/bfnrt`), b); i >= 0 {
		c.pos += 2
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	if b != 'u' {
		return 0, c.syntax("no such escape")
	}
	r, ok := hex4(c.in, c.pos+2)
	if !ok {
		return 0, c.syntax("an escape has four hexadecimal digits")
	}
	if r < 0xD800 || r > 0xDFFF {
		c.pos += 6
		return r, nil
	}
	low, ok := rune(0), c.pos+8 <= len(c.in) && c.in[c.pos+6] == '\\' && c.in[c.pos+7] == 'u'
	if ok {
		low, ok = hex4(c.in, c.pos+8)
	}
	if !ok || r > 0xDBFF || low < 0xDC00 || low > 0xDFFF {
		return 0, c.forbidden("a lone surrogate is no character")
	}
	c.pos += 12
	return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, nil
}

func hex4(in []byte, at int) (rune, bool) {
	if at+4 > len(in) {
		return 0, false
	}
	var r rune
	for _, b := range in[at : at+4] {
		switch {
		case b >= '0' && b <= '9':
			r = r<<4 | rune(b-'0')
		case b >= 'a' && b <= 'f':
			r = r<<4 | rune(b-'a'+10)
		case b >= 'A' && b <= 'F':
			r = r<<4 | rune(b-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// appendRune appends a character of a string in its shortest form. Appendices, "Canonical JSON", grammar of char.
func appendRune(out []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(out, '\\', byte(r))
	case '\b':
		return append(out, '\\', 'b')
	case '\f':
		return append(out, '\\', 'f')
	case '\n':
		return append(out, '\\', 'n')
	case '\r':
		return append(out, '\\', 'r')
	case '\t':
		return append(out, '\\', 't')
	}
	if r < 0x20 {
		const hex = "0123456789abcdef"
		return append(out, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
	}
	return utf8.AppendRune(out, r)
}

// number reads an integer and appends its plain form.
func (c *canon) number() error {
	start := c.pos
	negative := c.in[c.pos] == '-'
	if negative {
		c.pos++
	}
	first := c.pos
	var n uint64
	for ; c.peek() >= '0' && c.peek() <= '9'; c.pos++ {
		if n <= MaxInteger { // beyond it the value no longer matters
			n = n*10 + uint64(c.in[c.pos]-'0')
		}
	}
	if c.pos == first || c.in[first] == '0' && c.pos > first+1 {
		return c.syntax("a number begins wrongly")
	}
	if b := c.peek(); b == '.' {
		return c.forbidden("a number has a fraction")
	} else if b == 'e' || b == 'E' {
		var err error
		if n, err = c.exponent(n); err != nil {
			return err
		}
	} else if !(negative && n == 0) && n <= MaxInteger {
		c.out = append(c.out, c.in[start:c.pos]...)
		return nil
	}
	if n > MaxInteger {
		return c.forbidden("an integer is beyond 2^53-1")
	}
	if c.strict {
		return c.forbidden("an integer is not in its plain form")
	}
	if negative && n > 0 {
		c.out = append(c.out, '-')
	}
	c.out = strconv.AppendUint(c.out, n, 10)
	return nil
}

// exponent reads "e10" after n and multiplies. A negative exponent is refused with the fractions.
func (c *canon) exponent(n uint64) (uint64, error) {
	c.pos++
	sign := c.peek()
	if sign == '+' || sign == '-' {
		c.pos++
	}
	first, power := c.pos, 0
	for ; c.peek() >= '0' && c.peek() <= '9'; c.pos++ {
		power = min(power*10+int(c.in[c.pos]-'0'), 100)
	}
	if c.pos == first {
		return 0, c.syntax("an exponent has no digits")
	}
	if sign == '-' {
		return 0, c.forbidden("a number has a fraction")
	}
	for ; power > 0 && n > 0 && n <= MaxInteger; power-- {
		n *= 10
	}
	return n, nil
}
