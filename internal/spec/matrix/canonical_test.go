package matrix

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/matrix-org/gomatrixserverlib"
	"maunium.net/go/mautrix/crypto/canonicaljson"
	"pgregory.net/rapid"
)

// The examples of the appendices, "Canonical JSON", and the corners of its grammar.
func TestCanonical(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"empty object", `{}`, `{}`},
		{"white space", "{\n \"one\": 1,\r\t\"two\": \"Two\" }\n", `{"one":1,"two":"Two"}`},
		{"sorting", `{"b":"2","a":"1"}`, `{"a":"1","b":"2"}`},
		{"nested sorting", `{"z":{"b":[{"d":1,"c":2}],"a":0},"y":{}}`, `{"y":{},"z":{"a":0,"b":[{"c":2,"d":1}]}}`},
		{"not ASCII", `{"a":"日本語"}`, `{"a":"日本語"}`},
		{"keys not ASCII", `{"本":2,"日":1}`, `{"日":1,"本":2}`},
		{"escaped character", `{"a":"\u65E5"}`, `{"a":"日"}`},
		{"null", `{"a":null}`, `{"a":null}`},
		{"negative zero and an exponent", `{"a":-0,"b":1e10}`, `{"a":0,"b":10000000000}`},
		{"exponents", `[0e999,1E+2,-3e1]`, `[0,100,-30]`},
		{"greatest integers", `[9007199254740991,-9007199254740991]`, `[9007199254740991,-9007199254740991]`},
		{"shortest escapes", `"\u0008\u0009\u000a\u000c\u000d\u0022\u005c\/\u0000\u001F"`, `"\b\t\n\f\r\"\\/\u0000\u001f"`},
		{"what needs no escape", `"\u007f\u2028\u00e9"`, "\"\u007f\u2028é\""},
		{"surrogate pair", `"\uD83D\uDE00"`, `"😀"`},
		{"keys by code point, not by UTF-16", `{"😀":1,"\uff61":2}`, `{"｡":2,"😀":1}`},
		{"escaped keys by meaning", `{" ":1,"\n":2,"\"":3,"#":4,"[":5,"\\":6}`, `{"\n":2," ":1,"\"":3,"#":4,"[":5,"\\":6}`},
		{"prefix sorts first", `{"ab":1,"a":2,"":3}`, `{"":3,"a":2,"ab":1}`},
		{"top level need be no object", ` [true,false] `, `[true,false]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonical([]byte(tt.in))
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	if _, err := Canonical([]byte(deep)); err != nil {
		t.Errorf("at the limit of depth: %v", err)
	}
	for _, tt := range []struct {
		name, in string
		want     error
	}{
		{"nothing", ``, ErrNotJSON},
		{"two values", `{}{}`, ErrNotJSON},
		{"trailing comma in object", `{"a":1,}`, ErrNotJSON},
		{"trailing comma in array", `[1,]`, ErrNotJSON},
		{"missing colon", `{"a" 1}`, ErrNotJSON},
		{"missing value", `{"a":}`, ErrNotJSON},
		{"bare key", `{a:1}`, ErrNotJSON},
		{"open object", `{"a":1`, ErrNotJSON},
		{"open string", `"a`, ErrNotJSON},
		{"open escape", `"\`, ErrNotJSON},
		{"short escape", `"\u12"`, ErrNotJSON},
		{"unknown escape", `"\x41"`, ErrNotJSON},
		{"control character", "\"\x01\"", ErrNotJSON},
		{"leading zero", `01`, ErrNotJSON},
		{"plus", `+1`, ErrNotJSON},
		{"minus alone", `-`, ErrNotJSON},
		{"empty exponent", `1e`, ErrNotJSON},
		{"NaN", `NaN`, ErrNotJSON},
		{"Infinity", `-Infinity`, ErrNotJSON},
		{"half a literal", `tru`, ErrNotJSON},
		{"Latin-1", "\"\xe9\"", ErrNotJSON},
		{"overlong UTF-8", "\"\xc0\x80\"", ErrNotJSON},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", ErrNotJSON},
		{"byte order mark", "\xef\xbb\xbf{}", ErrNotJSON},
		{"fraction", `1.5`, ErrBadJSON},
		{"whole fraction", `{"a":1.0}`, ErrBadJSON},
		{"negative exponent", `10e-1`, ErrBadJSON},
		{"above 2^53-1", `9007199254740992`, ErrBadJSON},
		{"below -(2^53-1)", `-9007199254740992`, ErrBadJSON},
		{"far above", `1` + strings.Repeat("0", 400), ErrBadJSON},
		{"exponent far above", `1e400`, ErrBadJSON},
		{"exponent just above", `1e16`, ErrBadJSON},
		{"duplicate key", `{"a":1,"a":2}`, ErrBadJSON},
		{"duplicate key apart", `{"b":1,"a":2,"b":3}`, ErrBadJSON},
		{"duplicate key by escape", `{"a":1,"\u0061":2}`, ErrBadJSON},
		{"lone high surrogate", `"\ud800"`, ErrBadJSON},
		{"lone low surrogate", `"\udc00"`, ErrBadJSON},
		{"high surrogate and letter", `"\ud800\u0041"`, ErrBadJSON},
		{"too deep", "[" + deep + "]", ErrBadJSON},
		{"hostile depth", strings.Repeat(`{"a":[`, 1<<20), ErrBadJSON},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonical([]byte(tt.in))
			if !errors.Is(err, tt.want) || got != nil {
				t.Errorf("got %s, %v; want %v", got, err, tt.want)
			}
		})
	}
}

// Events are held to the format itself. Rooms, v6, "Canonical JSON".
func TestCanonicalStrictRefusesMending(t *testing.T) {
	for _, in := range []string{`[-0]`, `[1e3]`, `{"a":{"b":0e0}}`} {
		if got, err := canonicalStrict(nil, []byte(in)); !errors.Is(err, ErrBadJSON) {
			t.Errorf("%s: got %s, %v", in, got, err)
		}
	}
	if got, err := canonicalStrict([]byte("x"), []byte(` {"b":0, "a":-1} `)); err != nil || string(got) != `x{"a":-1,"b":0}` {
		t.Errorf("got %s, %v", got, err)
	}
}

// An error speaks of where, never of what: a patient's name has no place in a log.
func TestCanonicalErrorsQuoteNothing(t *testing.T) {
	for _, in := range []string{`{"Margaret":1,"Margaret":2}`, `{"name":"Margaret" x}`, `["Margaret",1.5]`, "\"Margaret\xff\""} {
		if _, err := Canonical([]byte(in)); err == nil || strings.Contains(err.Error(), "Margaret") {
			t.Errorf("%v", err)
		}
	}
}

// messyJSON is a value as hostile or careless software writes it: any white space, escapes and order of keys.
func messyJSON(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 6).Draw(t, "kind")
	if depth == 0 {
		kind %= 5
	}
	switch kind {
	case 0:
		return fmt.Sprint(rapid.Int64Range(-MaxInteger, MaxInteger).Draw(t, "integer"))
	case 1:
		return rapid.SampledFrom([]string{"true", "false", "null", "0", "1"}).Draw(t, "literal")
	case 2, 3, 4:
		return messyText(t, rapid.String().Draw(t, "text"))
	case 5:
		return messyArray(t, depth)
	}
	return messyObject(t, depth)
}

func messyArray(t *rapid.T, depth int) string {
	items := make([]string, rapid.IntRange(0, 4).Draw(t, "length"))
	for i := range items {
		items[i] = messySpace(t) + messyJSON(t, depth-1) + messySpace(t)
	}
	return "[" + strings.Join(items, ",") + "]"
}

func messyObject(t *rapid.T, depth int) string {
	keys := rapid.SliceOfNDistinct(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"body", "msgtype", "a", "ab", "\n", " ", "\"", "\\", "😀", "｡", "type", "m.relates_to", "\x00", "\u2028", "a.b", "*",
	})), 0, 6, rapid.ID[string]).Draw(t, "keys")
	members := make([]string, len(keys))
	for i, key := range keys {
		members[i] = messySpace(t) + messyText(t, key) + messySpace(t) + ":" + messySpace(t) + messyJSON(t, depth-1)
	}
	return "{" + strings.Join(members, ",") + messySpace(t) + "}"
}

func messySpace(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "", " ", "\n\t", "\r "}).Draw(t, "space")
}

func messyText(t *rapid.T, s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch style := rapid.IntRange(0, 4).Draw(t, "style"); {
		case style == 0:
			for _, u := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04X`, u)
			}
		case r < 0x20 || r == '"' || r == '\\':
			quoted, _ := stdjson.Marshal(string(r))
			b.Write(quoted[1 : len(quoted)-1])
		case r == '/' && style == 1:
			b.WriteString(`\/`)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Two other implementations make the same bytes of the same JSON. (Neither refuses duplicates, surrogates or depth, so
// only valid input is compared; gomatrixserverlib writes the characters U+0000 to U+001F that have no short escape with
// capital digits, which the grammar of the appendices does not allow, and is corrected for that.)
func TestCanonicalAgreesWithOracles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := []byte(messyJSON(t, 4))
		got, err := Canonical(in)
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		again, err := canonicalStrict(nil, got)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("not stable: %s then %s, %v", got, again, err)
		}
		theirs, err := gomatrixserverlib.CanonicalJSON(in)
		if err != nil || !escapedKey(got) && !bytes.Equal(lowerControls(theirs), got) {
			t.Fatalf("gomatrixserverlib: %s, %v; ours: %s", theirs, err, got)
		}
		tulir := stdjson.RawMessage(bytes.Clone(in))
		if err := canonicaljson.Canonicalize(&tulir); err != nil || !bytes.Equal(lowerControls(tulir), got) {
			t.Fatalf("mautrix: %s, %v; ours: %s", tulir, err, got)
		}
	})
}

// Where gomatrixserverlib is wrong: it writes a key that needs an escape without it. The grammar of the appendices makes
// no difference between keys and other strings: member = string ":" value.
func TestOracleBreaksEscapedKeys(t *testing.T) {
	in := []byte(`{"\"":1}`)
	got, err := Canonical(in)
	if err != nil || !bytes.Equal(got, in) {
		t.Fatalf("got %s, %v", got, err)
	}
	theirs, err := gomatrixserverlib.CanonicalJSON(in)
	if err != nil || string(theirs) != `{""":1}` {
		t.Errorf("gomatrixserverlib has changed, compare again: %s, %v", theirs, err)
	}
}

// escapedKey reports whether an object anywhere in a canonical value has a key with an escape.
func escapedKey(value []byte) bool {
	for key, inner := range Members(value) {
		if bytes.IndexByte(key, '\\') >= 0 || escapedKey(inner) {
			return true
		}
	}
	for element := range Elements(value) {
		if escapedKey(element) {
			return true
		}
	}
	return false
}

func lowerControls(b []byte) []byte {
	for c := range 0x20 {
		b = bytes.ReplaceAll(b, fmt.Appendf(nil, `\u%04X`, c), fmt.Appendf(nil, `\u%04x`, c))
	}
	return b
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		`{"b":[1,{"z":-0,"a":"\u0041\n"}],"a":1e3}`, `{"a":1,"\u0061":2}`, `"\ud83d\ude00"`, `[[[]]]`, `{"":{"":""}}`, `1.0`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		original := bytes.Clone(in)
		got, err := Canonical(in)
		if !bytes.Equal(in, original) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			if !errors.Is(err, ErrNotJSON) && !errors.Is(err, ErrBadJSON) {
				t.Fatalf("unknown kind of error: %v", err)
			}
			return
		}
		again, err := canonicalStrict(nil, got)
		if err != nil || !bytes.Equal(again, got) || !utf8.Valid(got) {
			t.Fatalf("not canonical: %q then %q, %v", got, again, err)
		}
		var before, after any
		if err := json.Unmarshal(in, &before); err != nil {
			t.Fatalf("accepted what JSON is not: %v", err)
		}
		if err := json.Unmarshal(got, &after); err != nil || !cmp.Equal(before, after) {
			t.Fatalf("the meaning changed: %q to %q (%v)", in, got, err)
		}
	})
}
