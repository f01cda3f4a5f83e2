package space

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/wardline/wardline/internal/platform/errs"
)

// Bounds on one page of the directory.
const (
	listDefault = 50
	listMost    = 500
	termMost    = 500 // bytes of a search term
)

// ListAsk is a request for a page of the published rooms.
type ListAsk struct {
	Server string // "" or this server: there are no others
	Limit  int    // 0: the default
	Since  string
	Term   string    // searched for in names, topics and aliases
	Types  []*string // of rooms; nil stands for rooms without a type; no entries: any
}

// List is a page of the published rooms.
type List struct {
	Rooms      []Summary
	Next, Prev string // tokens; "" when there is no such page
	Total      int    // of all pages
}

// Published lists the rooms that the trust has published, the largest first: GET and POST /publicRooms.
func (s *Spaces) Published(ctx context.Context, ask ListAsk) (*List, error) {
	if ask.Server != "" && ask.Server != s.rooms.ServerName() {
		return nil, errs.Absent("This server lists no rooms of other servers.")
	}
	if ask.Limit < 0 || len(ask.Term) > termMost {
		return nil, errs.BadParam("limit must not be negative, and the search term at most %d bytes.", termMost)
	}
	limit := min(ask.Limit, listMost)
	if limit == 0 {
		limit = listDefault
	}
	from, err := parseSince(ask.Since)
	if err != nil {
		return nil, err
	}
	all, err := s.matching(ctx, ask)
	if err != nil {
		return nil, err
	}
	list := &List{Total: len(all)}
	from = min(from, len(all))
	to := min(from+limit, len(all))
	list.Rooms = all[from:to]
	if to < len(all) {
		list.Next = "p" + strconv.Itoa(to)
	}
	if from > 0 {
		list.Prev = "p" + strconv.Itoa(max(0, from-limit))
	}
	return list, nil
}

func parseSince(token string) (from int, err error) {
	if token == "" {
		return 0, nil
	}
	number, ok := strings.CutPrefix(token, "p")
	if from, err = strconv.Atoi(number); !ok || err != nil || from < 0 {
		return 0, errs.BadParam("That token was not given out by this server.")
	}
	return from, nil
}

// matching gives the published rooms that are asked for, in a stable order.
func (s *Spaces) matching(ctx context.Context, ask ListAsk) (out []Summary, err error) {
	rooms, err := s.listing.Directory(ctx)
	if err != nil {
		return nil, err
	}
	term := strings.ToLower(ask.Term)
	for _, l := range rooms {
		sum := summarise(l)
		if ask.wants(&sum, term) {
			out = append(out, sum)
		}
	}
	slices.SortStableFunc(out, func(a, b Summary) int {
		return cmp.Or(cmp.Compare(b.Joined, a.Joined), strings.Compare(a.RoomID, b.RoomID))
	})
	return out, nil
}

// wants reports whether a room has the type asked for, and the term somewhere.
func (ask *ListAsk) wants(sum *Summary, term string) bool {
	typed := len(ask.Types) == 0 || slices.ContainsFunc(ask.Types, func(t *string) bool {
		return t == nil && sum.Type == "" || t != nil && *t != "" && *t == sum.Type
	})
	if !typed || term == "" {
		return typed
	}
	for _, in := range []string{sum.Name, sum.Topic, sum.Alias} {
		if strings.Contains(strings.ToLower(in), term) {
			return true
		}
	}
	return false
}
