package glob

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "anything", true}, {"?", "", false}, {"?", "é", true}, {"?", "éa", false},
		{"lunc?*", "lunch plans", true}, {"lunc?*", "lunc", false}, {"lunc?*", " lunch", false},
		{"m.room.*", "m.room.member", true}, {"m.room.*", "m.roomer", false}, {"*.member", "m.room.member", true},
		{"a*b*c", "axxbyyc", true}, {"a*b*c", "abc", true}, {"a*b*c", "ac", false}, {"a*b*c", "axxbyycd", false},
		{"ab*ba", "aba", false}, {"ab*ba", "abba", true}, {"a**b", "ab", true}, {"*a*", "bab", true}, {"*a*", "bbb", false},
		{"*?", "", false}, {"*?", "日本", true}, {"日?", "日本", true}, {"*本", "日本", true}, {"?*?", "a", false}, {"?*?", "ab", true},
		{"a.c", "abc", false}, {"[a]", "a", false}, {"[a]", "[a]", true}, {"a\\*", "a\\b", true},
		{"@*:example.org", "@alice:example.org", true},
	} {
		if got := Compile(c.pattern).Match(c.s); got != c.want {
			t.Errorf("%q on %q: %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}

func TestMatchWords(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		// The examples of the specification, event_match on content.body.
		{"ex*ple", "an example event.", true}, {"ex*ple", "exple", true}, {"ex*ple", "an exciting triple-whammy", true},
		{"tea", "it's time for tea", true}, {"tea", "it's a team", false}, {"tea", "instead", false}, {"tea", "tea_pot", false}, {"tea", "(tea)", true},
		{"tea", "teas tea", true}, {"tea", "steatea tea", true}, {"tea", "", false}, {"", "anything", false}, {"", "a  b", true}, {"*", "", true}, {"*", "x", true},
		{"caf", "café", true}, // é is outside the sets of the specification
		{"t?a", "a tha b", true}, {"t?a", "athab", false}, {"?", "a", true}, {"?", "ab", false}, {"?", "ab c", true},
		{"bed*9", "bed 4, not 99", true}, {"bed*9", "bed 4, not 98", false}, {"bed*", "embedded", false}, {"bed*", "bed", true},
		{"*bed", "embed", true}, // a leading star reaches back to the start
		{"*bed", "embedded", false}, {"@room", "hello @room!", true}, {"@room", "hi@room", false}, {"dr*who*am", "dr whom am i", true},
	} {
		if got := Compile(c.pattern).MatchWords(c.s); got != c.want {
			t.Errorf("%q in %q: %v, want %v", c.pattern, c.s, got, c.want)
		}
	}
}

func TestStarOnly(t *testing.T) {
	if g := CompileStar("a?c*"); g.Match("abc") || !g.Match("a?c d") {
		t.Error("in a star-only pattern ? must be itself")
	}
	if text, ok := CompileStar("a?c").IsLiteral(); !ok || text != "a?c" {
		t.Errorf("IsLiteral = %q, %v", text, ok)
	}
	if g := Literal("*a?"); !g.Match("*a?") || g.Match("xab") {
		t.Error("a literal must not be read as a pattern")
	}
	if _, ok := Compile("a?").IsLiteral(); ok {
		t.Error("a? is not literal")
	}
	if text, ok := (Glob{}).IsLiteral(); !ok || text != "" || !(Glob{}).Match("") || (Glob{}).Match("x") || (Glob{}).MatchWords("x") {
		t.Error("the zero Glob must be the empty pattern")
	}
}

// expression is the same pattern in the words of package regexp: slower, and evidently right.
func expression(pattern string) string {
	quoted := regexp.QuoteMeta(pattern)
	return strings.NewReplacer(`\*`, `(?s:.*)`, `\?`, `(?s:.)`).Replace(quoted)
}

func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"a*b?c", "axbyc"}, {"**?", "é"}, {"*a?a*", "banana"}, {"?a", "ßa b_a"}, {"ab*ba", "aba"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(s) || len(pattern) > 200 {
			return
		}
		g := Compile(pattern)
		if got, want := g.Match(s), regexp.MustCompile(`\A`+expression(pattern)+`\z`).MatchString(s); got != want {
			t.Errorf("Match %q on %q: %v, the regular expression says %v", pattern, s, got, want)
		}
		words := `(?:\A|[^A-Za-z0-9_])` + expression(pattern) + `(?:\z|[^A-Za-z0-9_])`
		// The expression consumes the boundary characters, so a match may need the one that the pattern also needs:
		// anything it finds, MatchWords must find.
		if regexp.MustCompile(words).MatchString(s) && !g.MatchWords(s) {
			t.Errorf("MatchWords %q in %q: false, the regular expression finds it", pattern, s)
		}
	})
}
