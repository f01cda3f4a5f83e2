package search

import (
	"context"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// API is the search's face on HTTP.
type API struct {
	Search *Search
	People *People
}

type searchRequest struct {
	Next       string `query:"next_batch" json:"-"`
	Categories struct {
		Events *eventsRequest `json:"room_events"`
	} `json:"search_categories"`
}

type eventsRequest struct {
	Term    *string         `json:"search_term"`
	Keys    []string        `json:"keys"`
	Filter  jsontext.Value  `json:"filter"`
	Order   string          `json:"order_by"`
	Context *contextRequest `json:"event_context"`
	State   bool            `json:"include_state"`
	Groups  struct {
		By []struct {
			Key string `json:"key"`
		} `json:"group_by"`
	} `json:"groupings"`
}

type contextRequest struct {
	Before   *int `json:"before_limit"`
	After    *int `json:"after_limit"`
	Profiles bool `json:"include_profile"`
}

// Messages answers POST /search.
func (api API) Messages(ctx context.Context, who *audit.Caller, in searchRequest) (endpoint.Raw, error) {
	if in.Categories.Events == nil {
		return endpoint.Raw(`{"search_categories":{}}`), nil
	}
	ask, err := in.Categories.Events.ask()
	if err != nil {
		return nil, err
	}
	ask.Next = in.Next
	p, err := api.Search.Messages(ctx, who, ask)
	if err != nil {
		return nil, err
	}
	b := p.append([]byte(`{"search_categories":{"room_events":`))
	return append(b, '}', '}'), nil
}

func (in *eventsRequest) ask() (*Ask, error) {
	if in.Term == nil {
		return nil, errs.Missing("search_term is missing.")
	}
	a := &Ask{Term: *in.Term, Keys: in.Keys, State: in.State, Recent: in.Order == "recent"}
	if in.Order != "" && in.Order != "recent" && in.Order != "rank" {
		return nil, errs.BadParam("order_by is recent or rank.")
	}
	for _, g := range in.Groups.By {
		a.ByRoom = a.ByRoom || g.Key == groupRoom
		a.BySender = a.BySender || g.Key == groupSender
		if g.Key != groupRoom && g.Key != groupSender {
			return nil, errs.BadParam("Results are grouped by room_id or sender.")
		}
	}
	if err := in.filter(a); err != nil {
		return nil, err
	}
	return a, in.context(a)
}

func (in *eventsRequest) filter(a *Ask) (err error) {
	if len(in.Filter) == 0 {
		return nil
	}
	if a.Filter, err = filter.ParseEvents(in.Filter); err != nil {
		return errs.BadParam("The filter cannot be used: %v.", err)
	}
	var named struct {
		Rooms []string `json:"rooms"`
	}
	if err := json.Unmarshal(in.Filter, &named); err != nil {
		return errs.BadJSON("The filter is not well formed.")
	}
	a.Named = named.Rooms
	return nil
}

func (in *eventsRequest) context(a *Ask) error {
	if in.Context == nil {
		return nil
	}
	a.Context = &Context{Before: aroundUsual, After: aroundUsual, Profiles: in.Context.Profiles}
	for _, n := range []struct {
		from *int
		to   *int
	}{{in.Context.Before, &a.Context.Before}, {in.Context.After, &a.Context.After}} {
		if n.from == nil {
			continue
		}
		if *n.from < 0 {
			return errs.BadParam("before_limit and after_limit must not be negative.")
		}
		*n.to = min(*n.from, aroundMost)
	}
	return nil
}

// append writes the page as the category room_events.
func (p *Page) append(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"count":`...), int64(p.Count), 10)
	b = p.appendGroups(b)
	b = append(b, `,"highlights":[`...)
	for i, h := range p.Highlights {
		b = room.AppendString(comma(b, i), h)
	}
	b = append(b, ']')
	if p.Next != "" {
		b = room.AppendString(append(b, `,"next_batch":`...), p.Next)
	}
	b = append(b, `,"results":[`...)
	for i, r := range p.Results {
		b = r.append(comma(b, i))
	}
	b = append(b, ']')
	if p.States != nil {
		b = p.appendStates(b)
	}
	return append(b, '}')
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func (r *Result) append(b []byte) []byte {
	b = append(b, '{')
	if r.Around != nil {
		b = append(r.appendContext(append(b, `"context":`...)), ',')
	}
	b = strconv.AppendFloat(append(b, `"rank":`...), r.Rank, 'f', 4, 64)
	b = r.View.Append(append(b, `,"result":`...), r.Event)
	return append(b, '}')
}

func (r *Result) appendContext(b []byte) []byte {
	b = room.AppendString(append(b, `{"end":`...), r.Around.End)
	b = r.View.AppendList(append(b, `,"events_after":`...), r.Around.After)
	b = r.View.AppendList(append(b, `,"events_before":`...), r.Around.Before)
	if r.Profiles != nil {
		b = append(b, `,"profile_info":{`...)
		for i, p := range r.Profiles {
			b = append(room.AppendString(comma(b, i), p.User), ":{"...)
			b = appendNames(b, "displayname", p.Name, p.Avatar)
		}
		b = append(b, '}')
	}
	b = room.AppendString(append(b, `,"start":`...), r.Around.Start)
	return append(b, '}')
}

// appendNames writes the members of a profile that are set, and the closing brace.
func appendNames(b []byte, key, name, avatar string) []byte {
	if avatar != "" {
		b = room.AppendString(append(b, `"avatar_url":`...), avatar)
	}
	if avatar != "" && name != "" {
		b = append(b, ',')
	}
	if name != "" {
		b = append(append(append(b, '"'), key...), `":`...)
		b = room.AppendString(b, name)
	}
	return append(b, '}')
}

func (p *Page) appendGroups(b []byte) []byte {
	if len(p.Groups) == 0 {
		return b
	}
	b = append(b, `,"groups":{`...)
	n := 0
	for _, by := range []string{groupRoom, groupSender} {
		groups, ok := p.Groups[by]
		if !ok {
			continue
		}
		b = append(room.AppendString(comma(b, n), by), ":{"...)
		n++
		for i, g := range groups {
			b = append(room.AppendString(comma(b, i), g.Value), ':')
			b = g.append(b, i+1)
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

func (g *Group) append(b []byte, order int) []byte {
	b = append(b, '{')
	if g.Next != "" {
		b = append(room.AppendString(append(b, `"next_batch":`...), g.Next), ',')
	}
	b = strconv.AppendInt(append(b, `"order":`...), int64(order), 10)
	b = append(b, `,"results":[`...)
	for i, id := range g.Results {
		b = room.AppendString(comma(b, i), id)
	}
	return append(b, ']', '}')
}

func (p *Page) appendStates(b []byte) []byte {
	b = append(b, `,"state":{`...)
	for i, s := range p.States {
		b = append(room.AppendString(comma(b, i), s.Room), ':')
		b = s.View.AppendList(b, s.Events)
	}
	return append(b, '}')
}

// appendPost adds the job and the ward to an object that has been closed.
func appendPost(b []byte, p Person) []byte {
	b = b[:len(b)-1]
	if p.Job != "" {
		b = room.AppendString(append(b, `,"`+profile.Job+`":`...), p.Job)
	}
	if p.Ward != "" {
		b = room.AppendString(append(b, `,"`+profile.Ward+`":`...), p.Ward)
	}
	return append(b, '}')
}

type peopleRequest struct {
	Term  *string `json:"search_term"`
	Limit *int    `json:"limit"`
}

// FindPeople answers POST /user_directory/search.
func (api API) FindPeople(ctx context.Context, _ *audit.Caller, in peopleRequest) (endpoint.Raw, error) {
	if in.Term == nil {
		return nil, errs.Missing("search_term is missing.")
	}
	limit := resultsUsual
	if in.Limit != nil {
		limit = *in.Limit
	}
	found, limited, err := api.People.Find(ctx, *in.Term, limit)
	if err != nil {
		return nil, err
	}
	b := strconv.AppendBool([]byte(`{"limited":`), limited)
	b = append(b, `,"results":[`...)
	for i, p := range found {
		b = room.AppendString(append(comma(b, i), `{"user_id":`...), p.User)
		if p.Name != "" || p.Avatar != "" {
			b = append(b, ',')
		}
		b = appendNames(b, "display_name", p.Name, p.Avatar)
		b = appendPost(b, p)
	}
	return append(b, ']', '}'), nil
}
