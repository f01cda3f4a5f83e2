package demo

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// scene is a conversation as it is written down:
//
//	room amu                         what follows, up to the next room, belongs to it; the word is its alias if it is listed
//	name AMU team
//	topic …
//	kind team                        team: the trust's own; group: by the first of its people; direct: of two people
//	for clinical                     what it is for: clinical, operational or social; clinical unless told
//	listed                           in the trust's directory, for anyone to join
//	with amara @amu                  who is in it, by first name or team
//	lead helen                       who may change its name and members
//	unread amara 3                   who has not read the last so many messages
//	favourite amara grace            who keeps it at the top of their list
//	archive tom                      who has put it away
//
//	-3 07:45                         three days ago at a quarter to eight (0: today, or a week ago if that is still to come)
//	now 25m                          25 minutes before now
//	amara: words                     somebody says something; \n breaks the line, @helen mentions, {nhs 4} is an NHS number
//	+5m amara #labs: words           five minutes later; #labs names the message for what follows below the same time
//	helen >labs: words               answers it
//	helen ~labs: words               answers it in a thread
//	helen ^labs: 👍                  reacts to it; ^1 is the message before, ^2 the one before that
//	amara *labs: words               changes it
//	amara -labs: reason              takes it back
type scene struct {
	id, name, topic string
	kind            string
	listed          bool
	people          []*Person
	purpose         string // what it is for, one of purposes
	leads           []*Person
	favourite       []*Person
	archive         []*Person
	unread          map[*Person]int
	talks           []*talk
}

// The kinds of a scene.
const (
	team   = "team"
	group  = "group"
	direct = "direct"
)

// purposes are the kinds of conversation that the app tells apart: org.wardline.kind in docs/protocol.md.
var purposes = []string{"clinical", "operational", "social"}

// talk is what is said in one go.
type talk struct {
	day    int           // 0 today, -1 yesterday
	clock  time.Duration // since midnight
	before time.Duration // not 0: so long before now, in place of day and clock
	lines  []*said
	labels map[string]*said
}

// said is one line of a talk.
type said struct {
	by    *Person
	gap   time.Duration // since the line before; 0: as long as people take
	act   byte          // one of acts; 0 for a message of its own
	about *said         // for all acts
	text  string
}

// acts are the signs for what a line does to an earlier one.
const (
	replies  = '>'
	threads  = '~'
	reacts   = '^'
	edits    = '*'
	retracts = '-'
)

var (
	clockLine = regexp.MustCompile(`^(0|-[1-6]) ([01]\d|2[0-3]):([0-5]\d)$`)
	nowLine   = regexp.MustCompile(`^now (\d{1,4})m$`)
	saidLine  = regexp.MustCompile(`^(?:\+(\d{1,3})m )?([a-z]+)(?: ([>~^*-])([a-z0-9]+))?(?: #([a-z0-9]+))?: (.+)$`)
)

// parser reads a script.
type parser struct {
	roll   *roll
	scenes []*scene
	scene  *scene
	talk   *talk
}

func parseScript(text string, r *roll) ([]*scene, error) {
	p := &parser{roll: r}
	if err := lines(text, p.line); err != nil {
		return nil, err
	}
	var wrong []error
	for _, s := range p.scenes {
		if err := s.check(); err != nil {
			wrong = append(wrong, fmt.Errorf("room %s: %w", s.id, err))
		}
	}
	return p.scenes, errors.Join(wrong...)
}

func (p *parser) line(_ int, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	if word == "room" {
		p.scene, p.talk = &scene{id: rest, kind: team, purpose: purposes[0], unread: map[*Person]int{}}, nil
		p.scenes = append(p.scenes, p.scene)
		return nil
	}
	if p.scene == nil {
		return errors.New("a script begins with a room")
	}
	if m := clockLine.FindStringSubmatch(line); m != nil {
		p.begin(&talk{day: number(m[1]), clock: time.Duration(number(m[2]))*time.Hour + time.Duration(number(m[3]))*time.Minute})
		return nil
	}
	if m := nowLine.FindStringSubmatch(line); m != nil {
		p.begin(&talk{before: time.Duration(number(m[1])) * time.Minute})
		return nil
	}
	if p.talk == nil {
		return p.setting(word, rest)
	}
	return p.said(line)
}

func (p *parser) begin(t *talk) {
	t.labels = map[string]*said{}
	p.talk = t
	p.scene.talks = append(p.scene.talks, t)
}

// number reads what a regular expression has found to be a number.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// setting reads what is said of the room itself.
func (p *parser) setting(word, rest string) (err error) {
	s := p.scene
	switch word {
	case "name":
		s.name = rest
	case "topic":
		s.topic = rest
	case "listed":
		s.listed = true
	case "kind":
		s.kind = rest
	case "for":
		s.purpose = rest
	case "favourite":
		s.favourite, err = p.roll.people(rest)
	case "archive":
		s.archive, err = p.roll.people(rest)
	case "with":
		s.people, err = p.roll.people(rest)
	case "lead":
		s.leads, err = p.roll.people(rest)
	case "unread":
		handle, count, _ := strings.Cut(rest, " ")
		one, err := p.roll.person(handle)
		if err != nil {
			return err
		}
		s.unread[one], err = strconv.Atoi(count)
		return err
	default:
		return fmt.Errorf("there is no setting %s", word)
	}
	return err
}

// said reads a line of talk.
func (p *parser) said(line string) error {
	m := saidLine.FindStringSubmatch(line)
	if m == nil {
		return errors.New("not of the form who: words")
	}
	by, err := p.roll.person(m[2])
	if err != nil {
		return err
	}
	one := &said{by: by, gap: time.Duration(number(m[1])) * time.Minute, text: strings.ReplaceAll(m[6], `\n`, "\n")}
	if m[3] != "" {
		one.act = m[3][0]
		if one.about = p.talk.find(m[4]); one.about == nil {
			return fmt.Errorf("nothing is called %s here", m[4])
		}
	}
	if m[5] != "" {
		p.talk.labels[m[5]] = one
	}
	p.talk.lines = append(p.talk.lines, one)
	return nil
}

// find gives the message that a label names, or that lies so many messages back.
func (t *talk) find(label string) *said {
	back := number(label)
	if back == 0 {
		return t.labels[label]
	}
	for _, one := range slices.Backward(t.lines) {
		if one.act == 0 || one.act == replies || one.act == threads {
			if back--; back == 0 {
				return one
			}
		}
	}
	return nil
}

// check holds what is said against who is there.
func (s *scene) check() error {
	if s.kind != team && s.kind != group && s.kind != direct {
		return fmt.Errorf("kind %s is not known", s.kind)
	}
	if !slices.Contains(purposes, s.purpose) {
		return fmt.Errorf("a conversation is not for %s", s.purpose)
	}
	if s.kind == direct && len(s.people) != 2 || s.kind != direct && (len(s.people) < 3 || s.name == "") {
		return errors.New("a direct conversation has two people; any other has more, and a name")
	}
	var wrong []error
	for _, p := range slices.Concat(slices.Collect(maps.Keys(s.unread)), s.favourite, s.archive, s.leads) {
		if !slices.Contains(s.people, p) {
			wrong = append(wrong, fmt.Errorf("%s is not in it", p.Name))
		}
	}
	for _, t := range s.talks {
		for _, l := range t.lines {
			if !slices.Contains(s.people, l.by) {
				wrong = append(wrong, fmt.Errorf("%s speaks, but is not in it", l.by.Name))
			}
			if (l.act == edits || l.act == retracts) && l.about.by != l.by {
				wrong = append(wrong, fmt.Errorf("%s changes what somebody else said", l.by.Name))
			}
			if l.act == reacts && l.about.by == l.by {
				wrong = append(wrong, fmt.Errorf("%s applauds themselves: %s", l.by.Name, l.about.text))
			}
		}
	}
	return errors.Join(wrong...)
}
