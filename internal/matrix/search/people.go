package search

import (
	"cmp"
	"context"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Bounds on a search for people.
const (
	peopleMost    = 100
	nameTermMost  = 256 // bytes
	nameWordsMost = 8
)

// Person is somebody who can be found.
type Person struct {
	User, Name, Avatar string // Name and Avatar may be empty
	Job, Ward          string // as the trust has them; may be empty
}

// People finds people by name, job and ward: everybody who has an account that is in use, for everybody who is signed in. Their names are
// held in memory, and follow the log.
type People struct {
	db *store.DB

	mu    sync.Mutex
	noted bool            // changes are noted: everybody has been read, or is being read
	dirty map[string]bool // whose entry has changed since it was read

	load  sync.Mutex // held while entries are read; the follower does not wait for it
	all   map[string]*listed
	order []*listed // by name; never changed, only replaced
}

// listed is a person with the words they are found by.
type listed struct {
	Person
	words []string
	masks []uint64 // of words
	names int      // so many of the words are of the name, the rest of the job and the ward
	sort  string
}

// NewPeople gives the directory of a database. Call it before the first write: it follows the log. Names are read when the
// first search asks for them.
func NewPeople(db *store.DB) *People {
	p := &People{db: db}
	db.Follow(p.follow)
	return p
}

// follow notes whose entry has changed. Deactivation ends sessions.
func (p *People) follow(b store.Batch) {
	if !b.Gap && !slices.ContainsFunc(b.Changes, concernsNames) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.noted {
		return
	}
	if b.Gap {
		p.noted = false // all are read anew
		return
	}
	for _, c := range b.Changes {
		if concernsNames(c) {
			p.dirty[c.Scope] = true
		}
	}
}

// shown are the fields of a profile that the directory reads.
var shown = []string{profile.DisplayName, profile.AvatarURL, profile.Job, profile.Ward}

func concernsNames(c store.Change) bool {
	if c.Kind == account.KindSession {
		return c.Key == ""
	}
	return c.Kind == profile.Kind && slices.Contains(shown, c.Key)
}

// Find gives the people whose name, user id, job and ward together hold every word of a term, in whole or by their beginning;
// failing that, those where a word is misspelt by a letter, or two if it is long. Best first, a name before a job; limited says
// that there are more than limit.
// A term without words finds nobody.
func (p *People) Find(ctx context.Context, term string, limit int) (found []Person, limited bool, err error) {
	if len(term) > nameTermMost {
		return nil, false, errs.BadParam("A search term may be at most %d bytes long.", nameTermMost)
	}
	if limit < 1 {
		return nil, false, errs.BadParam("limit must be greater than 0.")
	}
	limit = min(limit, peopleMost)
	all, err := p.current(ctx)
	if err != nil {
		return nil, false, err
	}
	words := nameWords(localpart(term))
	if len(words) == 0 {
		return nil, false, nil
	}
	words = words[:min(len(words), nameWordsMost)]
	hits := match(all, words, false)
	if len(hits) == 0 {
		hits = match(all, words, true)
	}
	slices.SortStableFunc(hits, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	for _, h := range hits[:min(limit, len(hits))] {
		found = append(found, h.Person)
	}
	return found, len(hits) > limit, nil
}

// current gives everybody, by name.
func (p *People) current(ctx context.Context) ([]*listed, error) {
	p.load.Lock()
	defer p.load.Unlock()
	users, all := p.changed()
	if !all && len(users) == 0 {
		return p.order, nil
	}
	var read []Person
	err := p.db.Glance(ctx, func(tx *store.Tx) (err error) {
		if all {
			read, err = people(tx, nil)
		} else {
			read, err = people(tx, users)
		}
		return err
	})
	if err != nil {
		p.mu.Lock()
		p.noted = false
		p.mu.Unlock()
		return nil, err
	}
	p.take(users, read, all)
	return p.order, nil
}

// changedMost is how many entries are read one by one. When more have changed, all are read.
const changedMost = 1000

// changed gives whose entries must be read, and begins to note those that change from here on.
func (p *People) changed() (users []string, all bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all = !p.noted || len(p.dirty) > changedMost
	if !all {
		users = slices.Collect(maps.Keys(p.dirty))
	}
	p.noted, p.dirty = true, map[string]bool{}
	return users, all
}

// take replaces the entries of some users, or of all.
func (p *People) take(users []string, read []Person, all bool) {
	if all {
		p.all = make(map[string]*listed, len(read))
	}
	for _, user := range users {
		delete(p.all, user)
	}
	for _, person := range read {
		// The server's own account is nobody to write to.
		if localpart(person.User) != account.ServerLocalpart {
			p.all[person.User] = list(person)
		}
	}
	p.order = slices.SortedFunc(maps.Values(p.all), func(a, b *listed) int {
		return cmp.Or(strings.Compare(a.sort, b.sort), strings.Compare(a.User, b.User))
	})
}

func list(person Person) *listed {
	l := &listed{Person: person, words: nameWords(person.Name)}
	l.sort = strings.Join(l.words, " ")
	for _, w := range nameWords(localpart(person.User)) {
		if !slices.Contains(l.words, w) {
			l.words = append(l.words, w)
		}
	}
	l.names = len(l.words)
	for _, w := range nameWords(person.Job + " " + person.Ward) {
		if !slices.Contains(l.words, w) {
			l.words = append(l.words, w)
		}
	}
	for _, w := range l.words {
		l.masks = append(l.masks, letters(w))
	}
	return l
}

// localpart is the name within a user id; any other text is itself.
func localpart(user string) string {
	if rest, ok := strings.CutPrefix(user, "@"); ok {
		user, _, _ = strings.Cut(rest, ":")
	}
	return user
}

// nameWords gives the folded words of a name. Names have no plural.
func nameWords(text string) (out []string) {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !letter(r) && r != '\'' && r != '’' }) {
		if w = fold(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// scored is a person found.
type scored struct {
	*listed
	score int
}

// match gives the people who have every word, by name.
func match(all []*listed, words []string, misspelt bool) (out []scored) {
	masks := make([]uint64, len(words))
	for i, w := range words {
		masks[i] = letters(w)
	}
	for _, l := range all {
		sum := 0
		for i, w := range words {
			best := 0
			for j, have := range l.words {
				like := likeness(w, have, masks[i], l.masks[j], misspelt)
				if j < l.names {
					like *= 2
				}
				best = max(best, like)
			}
			if best == 0 {
				sum = 0
				break
			}
			sum += best
		}
		if sum > 0 {
			out = append(out, scored{l, sum})
		}
	}
	return out
}

// likeness says how well a word of a name answers a word of the term: 0 is not at all. Letters that the name lacks are counted
// first: that settles most comparisons.
func likeness(term, have string, termMask, haveMask uint64, misspelt bool) int {
	lacking := bits.OnesCount64(termMask &^ haveMask)
	if lacking == 0 {
		switch {
		case have == term:
			return 6
		case strings.HasPrefix(have, term):
			return 5
		case len(term) >= 3 && strings.Contains(have, term):
			return 4
		}
	}
	if !misspelt {
		return 0
	}
	allowed := 0
	switch n := len(term); {
	case n >= 8:
		allowed = 2
	case n >= 4:
		allowed = 1
	}
	if allowed == 0 || lacking > allowed {
		return 0
	}
	return max(0, allowed+1-distance(term, have, allowed))
}

// letters is the set of letters and digits of a word; all others share a place.
func letters(w string) (mask uint64) {
	for i := 0; i < len(w); i++ {
		switch c := w[i]; {
		case c >= 'a' && c <= 'z':
			mask |= 1 << (c - 'a')
		case c >= '0' && c <= '9':
			mask |= 1 << (26 + c - '0')
		default:
			mask |= 1 << 36
		}
	}
	return mask
}

// distance counts the letters to insert, leave out, replace or exchange with their neighbour to make term the beginning of a
// word, or more than most when it takes more than that. It stops counting there.
func distance(term, word string, most int) int {
	word = word[:min(len(word), len(term)+most)]
	if len(word) < len(term)-most {
		return most + 1
	}
	var rows [3][wordMost + 8]int
	before, last, row := rows[0][:len(word)+1], rows[1][:len(word)+1], rows[2][:len(word)+1]
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(term); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(word); j++ {
			change := 1
			if term[i-1] == word[j-1] {
				change = 0
			}
			d := min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && term[i-1] == word[j-2] && term[i-2] == word[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if least > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return slices.Min(last)
}

// unquote gives a JSON string's text, and nothing for any other value.
func unquote(value string) (s string) {
	if value == "" || json.Unmarshal([]byte(value), &s) != nil {
		return ""
	}
	return s
}
