package proppath

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for path, want := range map[string][]string{
		`type`:                             {"type"},
		`content.body`:                     {"content", "body"},
		`content.m\.relates_to.rel_type`:   {"content", "m.relates_to", "rel_type"},
		`content.m\\foo`:                   {"content", `m\foo`},
		`content.m\x`:                      {"content", `m\x`}, // other escapes are left as they are
		`content.trailing\`:                {"content", `trailing\`},
		`content.m\\.x`:                    {"content", `m\`, "x"},
		`content\.body`:                    {"content.body"},
		``:                                 {""},
		`a..b`:                             {"a", "", "b"},
		`.`:                                {"", ""},
		`content.m\.mentions.user_ids`:     {"content", "m.mentions", "user_ids"},
		`content.org\.wardline\.urgency.a`: {"content", "org.wardline.urgency", "a"},
	} {
		if got := Split(path); !slices.Equal(got, want) {
			t.Errorf("Split(%q) = %q, want %q", path, got, want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(`content.m\.relates_to`, `m\\foo`)
	f.Add(``, `\`)
	f.Fuzz(func(t *testing.T, a, b string) {
		if got := Split(Join(a, b)); !slices.Equal(got, []string{a, b}) {
			t.Errorf("Split(Join(%q, %q)) = %q", a, b, got)
		}
		names := Split(a)
		if again := Split(Join(names...)); !slices.Equal(again, names) {
			t.Errorf("names %q of %q do not survive Join: %q", names, a, again)
		}
	})
}
