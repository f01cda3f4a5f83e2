// Package glob matches the globs of Matrix (appendices, "Glob-style matching"): `*` stands for any run of characters, `?`
// for exactly one, nothing can be escaped. It is not path.Match: there are no classes, and no separator stops a star.
// Matching is exact about case; callers that ignore case lower both sides once. It allocates nothing, and its cost is at
// worst the product of both lengths: no pattern makes it back-track.
package glob

import (
	"strings"
	"unicode/utf8"
)

// Glob is a compiled pattern. The zero Glob matches only the empty string.
type Glob struct {
	parts []part // what stands between the stars: one more than there are stars
}

// part is a run of a pattern without a star.
type part struct {
	text  string
	wild  bool // text has `?` standing for one character
	runes int  // characters that a match takes
}

// Compile reads a pattern with both wildcards. Every string is a pattern.
func Compile(pattern string) Glob { return compile(pattern, true) }

// CompileStar reads a pattern in which only `*` is special, as in a filter's event types (client-server API, "Filtering").
func CompileStar(pattern string) Glob { return compile(pattern, false) }

// Literal is a Glob that matches exactly text: a display name, a user ID.
func Literal(text string) Glob {
	return Glob{parts: []part{{text: text, runes: utf8.RuneCountInString(text)}}}
}

func compile(pattern string, question bool) Glob {
	runs := strings.Split(pattern, "*")
	g := Glob{parts: make([]part, 0, len(runs))}
	for i, run := range runs {
		if run == "" && i > 0 && i < len(runs)-1 {
			continue // "**" says no more than "*"
		}
		g.parts = append(g.parts, part{
			text: run, wild: question && strings.Contains(run, "?"), runes: utf8.RuneCountInString(run),
		})
	}
	return g
}

// IsLiteral reports whether the pattern has no wildcard, and the text it then stands for.
func (g Glob) IsLiteral() (text string, ok bool) {
	if len(g.parts) == 0 {
		return "", true
	}
	return g.parts[0].text, len(g.parts) == 1 && !g.parts[0].wild
}

// Effort is roughly how many steps it takes at worst to match the pattern against n bytes: each is a few nanoseconds.
func (g Glob) Effort(n int) int {
	widest := 1
	for _, p := range g.parts {
		if p.wild {
			widest = max(widest, p.runes) // it is tried at every place
		}
	}
	return n*widest + len(g.parts)
}

// Match reports whether the pattern covers the whole of s.
func (g Glob) Match(s string) bool {
	if len(g.parts) == 0 {
		return s == ""
	}
	end, ok := g.parts[0].at(s, 0)
	if !ok {
		return false
	}
	if len(g.parts) == 1 {
		return end == len(s)
	}
	end, ok = g.middle(s, end)
	if !ok {
		return false
	}
	last := g.parts[len(g.parts)-1]
	start := backward(s, end, last.runes)
	if start < 0 {
		return false
	}
	tail, ok := last.at(s, start)
	return ok && tail == len(s)
}

// middle places the parts between the first and the last star, each as far left as it goes: if any placement leaves room
// for the rest, this one does.
func (g Glob) middle(s string, from int) (end int, ok bool) {
	for _, p := range g.parts[1 : len(g.parts)-1] {
		if _, from = p.find(s, from); from < 0 {
			return 0, false
		}
	}
	return from, true
}

// MatchWords reports whether the pattern covers a part of s that starts and ends at a word boundary: the start or end of
// s, or a character outside A-Z, a-z, 0-9 and _ (client-server API, "Push Rules", event_match on content.body).
func (g Glob) MatchWords(s string) bool {
	if len(g.parts) == 0 {
		return part{}.word(s, 0, true, true)
	}
	if len(g.parts) == 1 {
		return g.parts[0].word(s, 0, true, true)
	}
	end := 0
	if first := g.parts[0]; first.text != "" {
		if end = first.wordStart(s); end < 0 {
			return false
		}
	}
	end, ok := g.middle(s, end)
	if !ok {
		return false
	}
	last := g.parts[len(g.parts)-1]
	return last.text == "" || last.word(s, end, false, true)
}

// word looks for p at or after from, standing at a boundary on the sides asked for.
func (p part) word(s string, from int, left, right bool) bool {
	for {
		start, end := p.find(s, from)
		if end < 0 {
			return false
		}
		if (!left || boundaryBefore(s, start)) && (!right || boundaryAfter(s, end)) {
			return true
		}
		if start >= len(s) {
			return false
		}
		from = start + width(s, start)
	}
}

// wordStart returns the end of the leftmost p that starts at a boundary, or -1.
func (p part) wordStart(s string) int {
	for from := 0; ; {
		start, end := p.find(s, from)
		if end < 0 || boundaryBefore(s, start) {
			return end
		}
		if start >= len(s) {
			return -1
		}
		from = start + width(s, start)
	}
}

// find returns where the leftmost p at or after from starts and ends; end is -1 if there is none.
func (p part) find(s string, from int) (start, end int) {
	if !p.wild {
		i := strings.Index(s[from:], p.text)
		if i < 0 {
			return 0, -1
		}
		return from + i, from + i + len(p.text)
	}
	for i := from; i <= len(s); {
		if end, ok := p.at(s, i); ok {
			return i, end
		}
		if i == len(s) {
			break
		}
		i += width(s, i)
	}
	return 0, -1
}

// at reports whether p stands in s at i, and where it ends.
func (p part) at(s string, i int) (end int, ok bool) {
	if !p.wild {
		return i + len(p.text), strings.HasPrefix(s[i:], p.text)
	}
	for k := 0; k < len(p.text); k++ {
		switch {
		case i >= len(s):
			return 0, false
		case p.text[k] == '?':
			i += width(s, i)
		case p.text[k] != s[i]:
			return 0, false
		default:
			i++
		}
	}
	return i, true
}

// backward returns where the last n characters of s begin, or -1 if that is before limit.
func backward(s string, limit, n int) int {
	at := len(s)
	for ; n > 0; n-- {
		if at <= limit {
			return -1
		}
		_, w := utf8.DecodeLastRuneInString(s[:at])
		at -= w
	}
	if at < limit {
		return -1
	}
	return at
}

func width(s string, i int) int {
	if s[i] < utf8.RuneSelf {
		return 1
	}
	_, w := utf8.DecodeRuneInString(s[i:])
	return w
}

func boundaryBefore(s string, i int) bool { return i == 0 || !wordByte(s[i-1]) }

func boundaryAfter(s string, i int) bool { return i == len(s) || !wordByte(s[i]) }

// wordByte needs no decoding: every byte of a character beyond ASCII is outside the sets, as the character is.
func wordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}
