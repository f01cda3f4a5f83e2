package search

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"
	"golang.org/x/text/unicode/norm"
)

// Bounds on what is indexed of one text. An event is at most 64 KiB, and most of what is beyond these is not language.
const (
	wordMost  = 64 // bytes of a word; what comes after is not looked at
	wordsMost = 5000
)

// kind is which text of an event is searched: the search keys of the client-server API.
type kind byte

const (
	body  kind = 'b' // content.body of m.room.message
	name  kind = 'n' // content.name of m.room.name
	topic kind = 't' // content.topic of m.room.topic
)

// texts are the kinds with the type of event and the member that each is of.
var texts = []struct {
	kind        kind
	typ, member string
	state       bool
}{
	{body, "m.room.message", "body", false},
	{name, "m.room.name", "name", true},
	{topic, "m.room.topic", "topic", true},
}

// textOf gives the text of an event's content that is searched; "" when there is none.
func textOf(typ string, state bool, content []byte) (kind, string) {
	for _, t := range texts {
		if t.typ == typ && t.state == state {
			return t.kind, gjson.GetBytes(content, t.member).Str
		}
	}
	return 0, ""
}

// place is what a text can be narrowed by, as tokens.
func place(room int64, k kind) string { return roomToken(room) + " " + kindToken(k) }

// parsePlace reads the room's number and the type of event back from a place.
func parsePlace(at string) (room int64, typ string, err error) {
	number, k, _ := strings.Cut(at, " ")
	for _, t := range texts {
		if kindToken(t.kind) == k {
			room, err = strconv.ParseInt(strings.TrimPrefix(number, "r"), 10, 64)
			return room, t.typ, err
		}
	}
	return 0, "", fmt.Errorf("search: the index holds a place %q", at)
}

func roomToken(room int64) string { return "r" + strconv.FormatInt(room, 10) }
func kindToken(k kind) string     { return "k" + string(rune(k)) }

// token is a word of a text.
type token struct {
	word string // as it is compared: see fold and stem
	text string // as it is written
}

// eachToken calls fn for every word of a text, in order, until it gives false.
//
// A word is a run of letters and digits; apostrophes within it do not end it. In scripts written without blanks each
// letter is a word. The index of neither database decides this, so that both find the same.
func eachToken(text string, fn func(token) bool) {
	from := -1
	emit := func(to int) bool {
		if from < 0 {
			return true
		}
		written := text[from:to]
		from = -1
		w := stem(fold(written))
		return w == "" || fn(token{w, written})
	}
	for i, r := range text {
		switch {
		case alone(r):
			if !emit(i) {
				return
			}
			from = i
			if !emit(i + utf8.RuneLen(r)) {
				return
			}
		case letter(r):
			if from < 0 {
				from = i
			}
		case from >= 0 && (r == '\'' || r == '’'):
		case !emit(i):
			return
		}
	}
	emit(len(text))
}

func letter(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// alone reports whether a letter is of a script that does not separate words.
func alone(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) &&
		unicode.IsLetter(r)
}

// fold makes words that differ in case, diacritics or width the same. It keeps letters and digits only.
func fold(word string) string {
	if s, ok := foldASCII(word); ok {
		return s
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(word) {
		switch {
		case unicode.IsMark(r):
		case letter(r):
			b.WriteString(foldRune(unicode.ToLower(r)))
		}
		if b.Len() >= wordMost {
			break
		}
	}
	return b.String()
}

// foldRune spells out the letters that have no decomposition but are commonly typed without their stroke.
func foldRune(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'ø':
		return "o"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ı':
		return "i"
	}
	return string(r)
}

func foldASCII(word string) (string, bool) {
	plain := len(word) <= wordMost
	for i := 0; i < len(word); i++ {
		c := word[i]
		if c >= utf8.RuneSelf {
			return "", false
		}
		plain = plain && c != '\'' && (c < 'A' || c > 'Z')
	}
	if plain {
		return word, true
	}
	word = strings.ToLower(strings.ReplaceAll(word, "'", ""))
	return word[:min(len(word), wordMost)], true
}

// stem takes the plural off an English word, so that "bloods" finds "blood". It is applied to what is searched and to what is
// searched for, so that a word it spoils is still found.
func stem(w string) string {
	n := len(w)
	if n < 4 || w[n-1] != 's' {
		return w
	}
	switch cut := w[:n-1]; {
	case strings.HasSuffix(cut, "s"), strings.HasSuffix(cut, "u"), strings.HasSuffix(cut, "i"):
		return w // abscess, virus, sepsis
	case strings.HasSuffix(cut, "sse"), strings.HasSuffix(cut, "she"), strings.HasSuffix(cut, "xe"):
		return w[:n-2] // abscesses, rashes, boxes
	case n > 4 && strings.HasSuffix(cut, "ie"):
		return w[:n-3] + "y" // allergies
	default:
		return cut // knees
	}
}

// fromText gives the words of a text as the index holds them, separated by blanks.
func fromText(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	n := 0
	eachToken(text, func(t token) bool {
		if n > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.word)
		n++
		return n < wordsMost
	})
	return b.String()
}
