package search

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

func TestFromText(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"Bloods BACK; K+5.9":            "blood back k 5 9",
		"x-ray’s x-ray's X-RAYS":        "x ray x ray x ray",
		"Crème BRÛLÉE ﬁne ＡＢＣ":          "creme brulee fine abc",
		"Straße Øre Łódź þing":          "strasse ore lodz thing",
		"e\u0301cole":                   "ecole",
		"Ελλάδα Москва":                 "ελλαδα москва",
		"検査ok結果":                        "検 査 ok 結 果",
		"'' ' ’ \u0301 --- 🙂":           "",
		strings.Repeat("a", 100):        strings.Repeat("a", wordMost),
		"gas bus pus sepsis abscess is": "gas bus pus sepsis abscess is",
		"ECGs knees toes allergies":     "ecg knee toe allergy",
		"abscesses rashes boxes ties":   "abscess rash box tie",
	} {
		if got := fromText(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
	if n := len(strings.Fields(fromText(strings.Repeat("w ", 2*wordsMost)))); n != wordsMost {
		t.Errorf("%d words of a long text", n)
	}
}

// TestStemIsStable: words that mean the same one or many times over have one stem.
func TestStemIsStable(t *testing.T) {
	for one, many := range map[string]string{
		"blood": "bloods", "allergy": "allergies", "dose": "doses", "headache": "headaches", "cannula": "cannulas", "knee": "knees",
		"abscess": "abscesses", "patient": "patients", "shoe": "shoes", "bay": "bays",
	} {
		if stem(one) != stem(many) {
			t.Errorf("%s becomes %s, %s becomes %s", one, stem(one), many, stem(many))
		}
	}
}

func TestRankOrders(t *testing.T) {
	words := []string{"chest", "pain"}
	texts := []string{"chest pain", "chest pain since this morning", "pain chest", "pain in the arm and in the chest", "chest and other thing pain " + strings.Repeat("x ", 200)}
	last := 1.0
	for _, text := range texts {
		r := rank(words, text)
		if r <= 0 || r >= last {
			t.Errorf("%q has rank %v, the one before %v", text, r, last)
		}
		last = r
	}
}

func TestCursor(t *testing.T) {
	for _, c := range []cursor{
		{}, {from: 812, offset: 10, seen: 30}, {from: 1 << 50, group: groupRoom, value: "!a b:c"}, {group: groupSender, value: "@x:y"},
	} {
		if got, err := parseCursor(c.text()); err != nil || got != c {
			t.Errorf("%+v comes back as %+v (%v)", c, got, err)
		}
	}
}

var (
	safe      = regexp.MustCompile(`^[\pL\pN]+$`)
	tokenized = regexp.MustCompile(`^([\pL\pN]+( [\pL\pN]+)*)?$`)
)

// FuzzWords: whatever the text, its words hold nothing that either database's query language or index gives a meaning, and
// folding them again changes nothing that matters: the text finds itself.
func FuzzWords(f *testing.F) {
	for _, s := range []string{`a "b" AND c*`, "é\u0301", "x' | !y:*", "ＡＢｓ ", "ǅ ﬀ ŉ ß", "\xff\x00", "١٢٣", "ㄱㅏ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		words := fromText(text)
		if !tokenized.MatchString(words) || !utf8.ValidString(words) {
			t.Fatalf("%q gives %q", text, words)
		}
		have := strings.Fields(words)
		for _, w := range wordsOf(text) {
			if !safe.MatchString(w) || !slices.Contains(have, w) {
				t.Fatalf("%q: the word %q is not among %q", text, w, words)
			}
		}
	})
}

// FuzzCursor: a token is refused or comes back the same.
func FuzzCursor(f *testing.F) {
	f.Add(cursor{from: 5, group: groupRoom, value: "!x"}.text())
	f.Add("MSAyIDM")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(text)
		if err != nil {
			return
		}
		if again, err := parseCursor(c.text()); err != nil || again != c {
			t.Fatalf("%q: %+v, then %+v (%v)", text, c, again, err)
		}
	})
}

// FuzzTerm: no term is an error for the database, and whatever has words is found by itself.
func FuzzTerm(f *testing.F) {
	engines := map[*store.DB]*dialect{}
	for _, engine := range storetest.Engines() {
		db := storetest.OpenOn(f, engine)
		engines[db] = dialectOf(db)
	}
	for _, s := range []string{`"`, `'`, `\`, `a AND`, `NEAR(a b)`, `a*`, `^a`, `words:a`, `a:*&!b`, "-a", "a\x00", "＇ OR ''='", "ǅ", "ᾳ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, term string) {
		q := query{words: wordsOf(term), rooms: []int64{1}, kinds: []kind{body}}
		if len(q.words) == 0 {
			return
		}
		for db, d := range engines {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				pos := tx.Next()
				err := put(tx, d, pos, fromText(term), place(1, body), "@a:b", 0)
				if err != nil {
					return err
				}
				hits, err := hitsOf(tx, d, d.match(&q), pos, 1)
				if err == nil && (len(hits) != 1 || hits[0].pos != pos) {
					t.Errorf("%q does not find itself", term)
				}
				return err
			})
			if err != nil {
				t.Errorf("%q: %v", term, err)
			}
		}
	})
}
