package search

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/history"
	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// What results can be grouped by.
const (
	groupRoom   = "room_id"
	groupSender = "sender"
)

// cursor is where a page begins.
type cursor struct {
	from   int64 // the index is read from this position backwards
	offset int   // hits from there on that earlier pages gave
	seen   int   // hits counted by earlier pages, in what they read
	group  string
	value  string // of the group that alone is paged through
}

// text is the cursor as clients are given it. It holds nothing that is trusted: who may read what is decided anew.
func (c cursor) text() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{
		strconv.FormatInt(c.from, 10), strconv.Itoa(c.offset), strconv.Itoa(c.seen), c.group, c.value,
	}, " ")))
}

func parseCursor(text string) (c cursor, err error) {
	bad := errs.BadParam("next_batch was not given out by this server.")
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return c, bad
	}
	parts := strings.SplitN(string(plain), " ", 5)
	if len(parts) != 5 {
		return c, bad
	}
	var numbers [3]int64
	for i := range numbers {
		if numbers[i], err = strconv.ParseInt(parts[i], 10, 64); err != nil || numbers[i] < 0 || i > 0 && numbers[i] > 1<<30 {
			return c, bad
		}
	}
	c = cursor{numbers[0], int(numbers[1]), int(numbers[2]), parts[3], parts[4]}
	if c.group != "" && c.group != groupRoom && c.group != groupSender || c.group == "" && c.value != "" {
		return c, bad
	}
	return c, nil
}

// Page is a page of results.
type Page struct {
	Count      int // of all results, as far as they have been counted
	Results    []*Result
	Highlights []string
	Groups     map[string][]*Group
	States     []State
	Next       string // "": there are no more
}

// Result is a message that was found.
type Result struct {
	Rank     float64
	Event    *room.Event
	View     *relation.View
	Around   *history.Surroundings // nil unless asked for
	Profiles []Profile
}

// Profile is what a sender was called when a result was sent.
type Profile struct{ User, Name, Avatar string }

// Group are the results of one room or one sender.
type Group struct {
	Value   string
	Results []string // event ids
	Next    string   // "": there are no more
}

// State is the state of a room as the caller may see it.
type State struct {
	Room   string
	View   *relation.View
	Events []*room.Event
}

// page makes the page that begins at the cursor of what the scan has found.
func (r *reader) page(ctx context.Context, hits []hit, end int64) (*Page, error) {
	for i := range hits {
		hits[i].rank = rank(r.query.words, hits[i].words)
	}
	if !r.ask.Recent {
		slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.rank, a.rank) })
	}
	first := min(r.at.offset, len(hits))
	last := min(first+r.ask.Filter.Limit(resultsUsual, resultsMost), len(hits))
	p := &Page{Count: r.at.seen + len(hits)}
	if next := r.next(hits, last, end); next != nil {
		p.Next = next.text()
	}
	var err error
	if p.Results, err = r.load(ctx, hits[first:last]); err != nil {
		return nil, err
	}
	p.Groups = r.groups(p.Results, hits, last, end)
	p.Highlights = r.highlights(p.Results)
	if r.ask.State {
		p.States, err = r.states(ctx, p.Results)
	}
	return p, err
}

// next is the cursor of the page after that which ends before hits[last]; nil when there is none.
func (r *reader) next(hits []hit, last int, end int64) *cursor {
	c := r.at
	switch {
	case last < len(hits):
		c.offset = last
	case end > 0:
		c.from, c.offset, c.seen = end, 0, r.at.seen+len(hits)
	default:
		return nil
	}
	return &c
}

// load reads the events of hits with what is asked to surround them. One that has been redacted this very moment is left
// out, as is what the filter's finer conditions do not let through.
func (r *reader) load(ctx context.Context, hits []hit) ([]*Result, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	at := make([]int64, len(hits))
	for i := range hits {
		at[i] = hits[i].pos
	}
	var events []*room.Event
	err := r.db.Glance(ctx, func(tx *store.Tx) (err error) {
		events, err = eventsAt(tx, r.Search.rooms, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	byPos := map[int64]*room.Event{}
	for _, ev := range events {
		byPos[ev.Pos] = ev
	}
	if err := r.refine(ctx, byPos); err != nil {
		return nil, err
	}
	var out []*Result
	for i := range hits {
		if ev := byPos[hits[i].pos]; ev != nil {
			out = append(out, &Result{Rank: hits[i].rank, Event: ev})
		}
	}
	return out, r.dress(ctx, out)
}

// refine removes what is not to be given after all.
func (r *reader) refine(ctx context.Context, byPos map[int64]*room.Event) error {
	for nr, events := range byRoom(byPos) {
		var related map[string]bool
		if r.ask.Filter.AsksRelations() {
			var err error
			if related, err = r.relations.Related(ctx, r.opened[nr], events, r.ask.Filter); err != nil {
				return err
			}
		}
		for _, ev := range events {
			if ev.RedactedBecause != nil || !r.ask.Filter.MatchInRoom(ev.Type, ev.Sender, ev.HasURL()) || related != nil && !related[ev.ID] {
				delete(byPos, ev.Pos)
			}
		}
	}
	return nil
}

func byRoom(byPos map[int64]*room.Event) map[int64][]*room.Event {
	out := map[int64][]*room.Event{}
	for _, ev := range byPos {
		out[ev.Room.NR] = append(out[ev.Room.NR], ev)
	}
	return out
}

// dress adds to results what their reader is shown along with them.
func (r *reader) dress(ctx context.Context, results []*Result) (err error) {
	if r.ask.Context == nil {
		return r.views(ctx, results)
	}
	for _, res := range results {
		opened := r.opened[res.Event.Room.NR]
		res.Around, err = r.history.Around(ctx, opened, res.Event, r.ask.Context.Before, r.ask.Context.After, nil)
		if err != nil {
			return err
		}
		res.View = res.Around.View
		if r.ask.Context.Profiles {
			if res.Profiles, err = r.profiles(ctx, opened, res); err != nil {
				return err
			}
		}
	}
	return nil
}

// views prepares results, the rooms each at once.
func (r *reader) views(ctx context.Context, results []*Result) error {
	events := map[int64][]*room.Event{}
	for _, res := range results {
		events[res.Event.Room.NR] = append(events[res.Event.Room.NR], res.Event)
	}
	views := map[int64]*relation.View{}
	for nr, in := range events {
		v, err := r.relations.View(ctx, r.opened[nr], in)
		if err != nil {
			return err
		}
		views[nr] = v
	}
	for _, res := range results {
		res.View = views[res.Event.Room.NR]
	}
	return nil
}

// profiles gives the names that the senders of a result and of what surrounds it had when the result was sent.
func (r *reader) profiles(ctx context.Context, in *room.Room, res *Result) (out []Profile, err error) {
	seen := map[string]bool{}
	for _, ev := range slices.Concat([]*room.Event{res.Event}, res.Around.Before, res.Around.After) {
		if seen[ev.Sender] {
			continue
		}
		seen[ev.Sender] = true
		member := in.State("m.room.member", ev.Sender)
		if member == nil || member.Pos > res.Event.Pos {
			member, err = r.Search.rooms.StateEventAt(ctx, in.Live, "m.room.member", ev.Sender, res.Event.Pos)
			if errs.Is(err, errs.NotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		name, avatar := gjson.GetBytes(member.Content, "displayname"), gjson.GetBytes(member.Content, "avatar_url")
		out = append(out, Profile{ev.Sender, name.Str, avatar.Str})
	}
	return out, nil
}

// groups groups the results as asked, each group by its best result.
func (r *reader) groups(results []*Result, hits []hit, last int, end int64) map[string][]*Group {
	out := map[string][]*Group{}
	if r.ask.ByRoom {
		out[groupRoom] = r.group(groupRoom, results, hits, last, end)
	}
	if r.ask.BySender {
		out[groupSender] = r.group(groupSender, results, hits, last, end)
	}
	return out
}

func (r *reader) group(by string, results []*Result, hits []hit, last int, end int64) (out []*Group) {
	at := map[string]*Group{}
	for _, res := range results {
		value := res.Event.Sender
		if by == groupRoom {
			value = res.Event.RoomID
		}
		g := at[value]
		if g == nil {
			g = &Group{Value: value}
			at[value] = g
			out = append(out, g)
		}
		g.Results = append(g.Results, res.Event.ID)
	}
	if r.at.group != "" {
		return out // the page's own cursor goes on with the group
	}
	for _, g := range out {
		if next := r.nextOf(by, g.Value, hits, last, end); next != nil {
			g.Next = next.text()
		}
	}
	return out
}

// nextOf is the cursor for more of one group; nil when there is none.
func (r *reader) nextOf(by, value string, hits []hit, last int, end int64) *cursor {
	var own []hit
	shown := 0
	for i := range hits {
		if by == groupRoom && r.rooms[hits[i].room] == value || by == groupSender && hits[i].sender == value {
			own = append(own, hits[i])
			if i < last {
				shown++
			}
		}
	}
	c := r.next(own, shown, end)
	if c != nil {
		c.group, c.value = by, value
	}
	return c
}

// highlightsMost bounds the words to be highlighted.
const highlightsMost = 64

// highlights gives the words of the term as they were typed, and as they are written in the results.
func (r *reader) highlights(results []*Result) []string {
	out := []string{}
	take := func(t token) bool {
		if w := strings.ToLower(t.text); slices.Contains(r.query.words, t.word) && !slices.Contains(out, w) {
			out = append(out, w)
		}
		return len(out) < highlightsMost
	}
	eachToken(r.ask.Term, take)
	for _, res := range results {
		_, text := textOf(res.Event.Type, res.Event.StateKey != nil, res.Event.Content)
		eachToken(text, take)
	}
	return out
}

// states gives the state of each room of the results: the present one, or for who has left that of then.
func (r *reader) states(ctx context.Context, results []*Result) (out []State, err error) {
	done := map[int64]bool{}
	for _, res := range results {
		nr := res.Event.Room.NR
		if done[nr] {
			continue
		}
		done[nr] = true
		s := State{Room: res.Event.RoomID}
		opened := r.opened[nr]
		if s.Events, err = r.Search.rooms.StateAt(ctx, opened.Live, opened.Until); err != nil {
			return nil, err
		}
		if s.View, err = r.relations.View(ctx, opened, s.Events); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}
