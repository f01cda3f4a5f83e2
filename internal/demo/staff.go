package demo

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Person is one of the staff.
type Person struct {
	Name     string   // as colleagues see it: "Dr Amara Okafor"
	Job      string   // "Staff nurse"
	Ward     string   // "Ward 7 Surgical"
	Local    string   // of the user id: amara.okafor
	Teams    []string // what a room's list of members calls them by
	featured bool
}

// UserID is the person's full user id.
func (p *Person) UserID() string { return "@" + p.Local + ":" + ServerName }

// handle is what the script calls the person: the first name, which nobody else has.
func (p *Person) handle() string {
	first, _, _ := strings.Cut(p.Local, ".")
	return first
}

// plain gives the ASCII letters that stand for others in a user id.
var plain = strings.NewReplacer("à", "a", "á", "a", "â", "a", "ã", "a", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e", "í", "i",
	"ñ", "n", "ó", "o", "ö", "o", "ø", "o", "ú", "u", "ü", "u", "ł", "l", "ż", "z", "ś", "s", "ń", "n", "'", "", " ", ".")

// localForm is a local part as everybody here has it.
var localForm = regexp.MustCompile(`^[a-z]+(\.[a-z-]+)+$`)

// titles are not part of a user id.
var titles = []string{"Dr", "Prof", "Mr", "Mrs", "Ms", "Miss", "Sister", "Revd"}

// parseStaff reads a line for each person: name; job, ward; teams. Who has no ward there is of the first of their teams that has a
// line of its own above: @team ward. A star before the name marks the featured. They come first, in their order; the others follow
// by user id.
func parseStaff(text string) ([]*Person, error) {
	var out []*Person
	seen := map[string]bool{}
	wards := map[string]string{}
	err := lines(text, func(_ int, line string) error {
		if team, ward, ok := strings.Cut(line, " "); ok && line[0] == '@' {
			wards[team[1:]] = ward
			return nil
		}
		part := strings.Split(line, ";")
		if len(part) != 3 {
			return errors.New("not of the form name; job, ward; teams")
		}
		name, star := strings.CutPrefix(strings.TrimSpace(part[0]), "*")
		p := &Person{Name: name, Teams: strings.Fields(part[2]), featured: star}
		p.Job, p.Ward = post(strings.TrimSpace(part[1]), p.Teams, wards)
		p.Local = local(name)
		if !localForm.MatchString(p.Local) || p.Job == "" {
			return fmt.Errorf("%s needs a first name, a surname and a job", name)
		}
		if seen[p.handle()] {
			return fmt.Errorf("there are two called %s", p.handle())
		}
		seen[p.handle()] = true
		out = append(out, p)
		return nil
	})
	slices.SortStableFunc(out, func(a, b *Person) int {
		if a.featured || b.featured {
			return rank(a) - rank(b)
		}
		return cmp.Compare(a.Local, b.Local)
	})
	return out, err
}

// post gives a person's job and ward.
func post(text string, teams []string, wards map[string]string) (job, ward string) {
	job, ward, _ = strings.Cut(text, ", ")
	for _, t := range teams {
		if ward == "" {
			ward = wards[t]
		}
	}
	first, size := utf8.DecodeRuneInString(ward)
	if size > 0 {
		ward = string(unicode.ToUpper(first)) + ward[size:]
	}
	return job, ward
}

func rank(p *Person) int {
	if p.featured {
		return 0
	}
	return 1
}

// local makes the local part of a user id of a name.
func local(name string) string {
	words := strings.Fields(name)
	if len(words) > 1 && slices.Contains(titles, words[0]) {
		words = words[1:]
	}
	return plain.Replace(strings.ToLower(strings.Join(words, " ")))
}

// roll finds people by what the script calls them.
type roll struct {
	byHandle map[string]*Person
	byTeam   map[string][]*Person
	all      []*Person
}

func newRoll(staff []*Person) *roll {
	r := &roll{byHandle: map[string]*Person{}, byTeam: map[string][]*Person{}, all: staff}
	for _, p := range staff {
		r.byHandle[p.handle()] = p
		for _, t := range p.Teams {
			r.byTeam[t] = append(r.byTeam[t], p)
		}
	}
	return r
}

func (r *roll) person(handle string) (*Person, error) {
	if p := r.byHandle[handle]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("there is nobody called %s", handle)
}

// people finds everybody in a list of handles, @teams and @everyone, each once.
func (r *roll) people(list string) (out []*Person, err error) {
	for _, word := range strings.Fields(list) {
		team, isTeam := strings.CutPrefix(word, "@")
		found := r.byTeam[team]
		switch {
		case word == "@everyone":
			found = r.all
		case isTeam && found == nil:
			return nil, fmt.Errorf("there is no team %s", team)
		case !isTeam:
			p, err := r.person(word)
			if err != nil {
				return nil, err
			}
			found = []*Person{p}
		}
		for _, p := range found {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out, nil
}
