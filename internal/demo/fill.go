package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/server"
)

// founded is how long ago the conversations were made.
const founded = 60 * 24 * time.Hour

// atOnce is how many verbs wait for a commit together.
const atOnce = 64

// Fill fills a server that is new, started and called ServerName. All can sign in with the one password. The week of talk
// ends at now, in the time zone of now.
func Fill(ctx context.Context, s server.Slices, password string, now time.Time) error {
	c, err := read()
	if err != nil {
		return err
	}
	f := &filler{Slices: s, now: now}
	if err := f.addStaff(ctx, c.staff, password); err != nil {
		return fmt.Errorf("the staff of the demonstration: %w", err)
	}
	if err := f.addRooms(ctx, c.rooms); err != nil {
		return fmt.Errorf("the conversations of the demonstration: %w", err)
	}
	return nil
}

// filler fills a server.
type filler struct {
	server.Slices
	now time.Time
}

// house is the trust's own account, to which its conversations belong.
const house = "@" + account.ServerLocalpart + ":" + ServerName

// addStaff makes the accounts. They share the hash of the password: hashing it for each would take longer than all else.
func (f *filler) addStaff(ctx context.Context, staff []*Person, password string) error {
	hash, err := f.Accounts.Hash(ctx, password)
	if err != nil {
		return err
	}
	if _, err := f.Accounts.AddUser(ctx, nil, account.NewUser{Name: house, DisplayName: TrustName}); err != nil {
		return err
	}
	return each(ctx, atOnce, staff, func(ctx context.Context, p *Person) error {
		_, err := f.Accounts.AddUser(ctx, nil, account.NewUser{
			Name: p.UserID(), Hash: hash, DisplayName: p.Name, Admin: slices.Contains(p.Teams, "admin"),
		})
		if err != nil {
			return err
		}
		if p.Ward != "" {
			if err := f.Profiles.Set(ctx, administrator, p.UserID(), profile.Ward, profile.Text(p.Ward)); err != nil {
				return err
			}
		}
		return f.Profiles.Set(ctx, administrator, p.UserID(), profile.Job, profile.Text(p.Job))
	})
}

// administrator is the trust's own account, which says who works where.
var administrator = &audit.Caller{User: house, Admin: true}

// caller is the person as one who does something.
func (p *Person) caller() *audit.Caller { return &audit.Caller{User: p.UserID()} }

// stage is a conversation being filled.
type stage struct {
	*scene
	made  time.Time
	live  *room.Live
	lines []line
	ids   map[*said]string // event ids
	reads []string         // the ids of what can be read, in order
}

// addRooms makes the conversations, all at once so that they share commits. What was said last in each comes at the end, one by
// one in the order of time: that is the order in which clients list conversations.
func (f *filler) addRooms(ctx context.Context, scenes []*scene) error {
	stages := make([]*stage, len(scenes))
	for i, s := range scenes {
		stages[i] = &stage{scene: s, made: f.now.Add(-founded).Add(time.Duration(i) * time.Hour), lines: s.week(f.now), ids: map[*said]string{}}
	}
	err := each(ctx, atOnce, stages, func(ctx context.Context, s *stage) error {
		if err := f.open(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s.id, err)
		}
		return f.play(ctx, s, s.lines[:max(0, len(s.lines)-1)])
	})
	if err != nil {
		return err
	}
	slices.SortFunc(stages, func(a, b *stage) int { return a.last().Compare(b.last()) })
	for _, s := range stages {
		if err := f.play(ctx, s, s.lines[max(0, len(s.lines)-1):]); err != nil {
			return err
		}
	}
	if err := f.readAll(ctx, stages); err != nil {
		return err
	}
	if err := f.tagAll(ctx, stages); err != nil {
		return err
	}
	return f.listDirect(ctx, stages)
}

// last is when something was last said.
func (s *stage) last() time.Time {
	if len(s.lines) == 0 {
		return time.Time{}
	}
	return s.lines[len(s.lines)-1].at
}

// open makes the conversation, and everyone joins.
func (f *filler) open(ctx context.Context, s *stage) (err error) {
	at := s.made.UnixMilli() // each at its own time: the id of a room is the hash of its beginning
	made := creation.Creation{Preset: "private_chat", Name: s.name, Topic: s.topic, TS: at, Sender: house, Levels: s.levels()}
	if s.kind != team {
		made.Sender = s.people[0].UserID()
	}
	if s.kind != direct {
		made.Content = map[string]any{"org.wardline.kind": s.purpose}
		made.State = []creation.Initial{{Type: "org.wardline.owner", Content: s.owner()}}
	}
	if s.kind == direct {
		made.Preset, made.Direct, made.Levels = "trusted_private_chat", true, nil
	}
	if s.listed {
		made.Preset, made.Listed, made.Alias = "public_chat", true, s.id
	}
	var joining []*Person
	for _, p := range s.people {
		if p.UserID() == made.Sender {
			continue
		}
		joining = append(joining, p)
		if !s.listed {
			made.Invite = append(made.Invite, p.UserID())
		}
	}
	if s.live, err = f.Maker.Create(ctx, &audit.Caller{User: made.Sender}, made); err != nil {
		return err
	}
	for i, p := range joining {
		content := map[string]any{"membership": "join", "displayname": p.Name}
		key := p.UserID()
		_, err := f.append(ctx, s, p, &room.Draft{Type: "m.room.member", StateKey: &key, TS: at + int64(i+1)*60_000}, content)
		if err != nil {
			return err
		}
	}
	return nil
}

// owner is the content that names who answers for a conversation: the first who leads it.
func (s *scene) owner() []byte {
	owner := s.people[0]
	if len(s.leads) > 0 {
		owner = s.leads[0]
	}
	return append(append([]byte(`{"user_id":`), profile.Text(owner.UserID())...), '}')
}

// levels lets those who lead change names and members.
func (s *scene) levels() map[string]any {
	users := map[string]any{}
	for _, p := range s.leads {
		if s.kind == team || p != s.people[0] {
			users[p.UserID()] = 50
		}
	}
	return map[string]any{"users": users}
}

func (f *filler) append(ctx context.Context, s *stage, by *Person, d *room.Draft, content map[string]any) (string, error) {
	var err error
	if d.Content, err = json.Marshal(content); err != nil {
		return "", err
	}
	d.Sender = by.UserID()
	ev, err := f.Rooms.Append(ctx, by.caller(), s.live, d)
	if err != nil {
		return "", err
	}
	return ev.ID, nil
}

// play says lines of a conversation.
func (f *filler) play(ctx context.Context, s *stage, of []line) error {
	for _, l := range of {
		typ, content := l.event(s)
		id, err := f.append(ctx, s, l.by, &room.Draft{Type: typ, TS: l.at.UnixMilli()}, content)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", s.id, l.text, err)
		}
		s.ids[l.said] = id
		if typ == "m.room.message" && l.act != edits {
			s.reads = append(s.reads, id)
		}
	}
	return nil
}

// mark is how far a person has read in a conversation.
type mark struct {
	who *Person
	receipt.Mark
}

// readAll writes how far everyone has read. Most are up to date.
func (f *filler) readAll(ctx context.Context, stages []*stage) error {
	var marks []mark
	for _, s := range stages {
		for i, p := range s.people {
			left, ok := s.unread[p]
			if d := dice(s.id, i); !ok && !p.featured && d.next(4) == 0 {
				left = d.next(6)
			}
			if at := len(s.reads) - 1 - left; at >= 0 {
				marks = append(marks, mark{p, receipt.Mark{Room: s.live.ID, Type: receipt.Read, Event: s.reads[at]}})
			}
		}
	}
	return each(ctx, atOnce, marks, func(ctx context.Context, m mark) error {
		whole := m.Mark
		whole.Type = receipt.FullyRead
		return f.Receipts.Set(ctx, m.who.caller(), m.Mark, whole)
	})
}

// label is a tag that a person gave a conversation.
type label struct {
	who       *Person
	room, tag string
}

// tagAll marks favourites, and puts away what was put away: client-server API, "Room Tagging".
func (f *filler) tagAll(ctx context.Context, stages []*stage) error {
	var labels []label
	for _, s := range stages {
		for _, p := range s.favourite {
			labels = append(labels, label{p, s.live.ID, "m.favourite"})
		}
		for _, p := range s.archive {
			labels = append(labels, label{p, s.live.ID, "m.lowpriority"})
		}
	}
	return each(ctx, atOnce, labels, func(ctx context.Context, l label) error {
		return f.Data.Tag(ctx, l.who.caller(), l.who.UserID(), l.room, l.tag, []byte(`{}`))
	})
}

// listDirect tells clients which conversations are direct: client-server API, "m.direct".
func (f *filler) listDirect(ctx context.Context, stages []*stage) error {
	lists := map[*Person]map[string][]string{}
	var people []*Person
	for _, s := range stages {
		if s.kind != direct {
			continue
		}
		for i, p := range s.people {
			if lists[p] == nil {
				lists[p] = map[string][]string{}
				people = append(people, p)
			}
			other := s.people[1-i].UserID()
			lists[p][other] = append(lists[p][other], s.live.ID)
		}
	}
	return each(ctx, atOnce, people, func(ctx context.Context, p *Person) error {
		content, err := json.Marshal(lists[p])
		if err != nil {
			return err
		}
		return f.Data.Put(ctx, p.caller(), p.UserID(), "", "m.direct", content)
	})
}
