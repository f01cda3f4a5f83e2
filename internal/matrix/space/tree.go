package space

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// Bounds on one request for a tree.
const (
	pageDefault = 50
	pageMost    = 100
	depthMost   = 10
	visitsMost  = 2000 // rooms looked at, whether shown or not
)

// TreeAsk is a request for a part of the tree of a space.
type TreeAsk struct {
	Room      string
	Suggested bool // only children that the space suggests
	Limit     int  // rooms of a page; 0: the default
	Depth     *int // steps below the room; nil: the most there may be
	From      string
}

// Branch is a room of the tree, with the children it names.
type Branch struct {
	Summary
	Children []*room.Event // m.space.child, in order; none if the room is no space
}

// walk goes through a tree, depth first, every room once.
type walk struct {
	*Spaces
	who       *audit.Caller
	suggested bool
	depth     int
	skip      int // rooms of earlier pages
	limit     int
	visited   map[string]bool
	out       []Branch
	more      bool
}

// Tree gives a page of the tree of a space, depth first: GET /rooms/{roomId}/hierarchy. Rooms the caller may not know of
// are left out, with all below them. next is the token of the next page, or "".
func (s *Spaces) Tree(ctx context.Context, who *audit.Caller, ask TreeAsk) (page []Branch, next string, err error) {
	w := &walk{Spaces: s, who: who, suggested: ask.Suggested, depth: depthMost, limit: min(ask.Limit, pageMost), visited: map[string]bool{}}
	switch {
	case ask.Limit < 0 || ask.Depth != nil && *ask.Depth < 0:
		return nil, "", errs.BadParam("limit and max_depth must not be negative.")
	case ask.Limit == 0:
		w.limit = pageDefault
	}
	if ask.Depth != nil {
		w.depth = min(*ask.Depth, depthMost)
	}
	if err := w.resume(ask.From); err != nil {
		return nil, "", err
	}
	skipped := w.skip
	root, err := s.load(ctx, ask.Room)
	if errs.Is(err, errs.NotFound) || err == nil && !s.accessible(ctx, who, root) {
		return nil, "", errs.Forbid("You may not see this space.")
	}
	if err != nil {
		return nil, "", err
	}
	if err := w.visit(ctx, root, 0); err != nil {
		return nil, "", err
	}
	if w.more {
		next = w.token(skipped + len(w.out))
	}
	return w.out, next, nil
}

// token names what the pages so far held, and the bounds they were asked with, which must stay the same.
func (w *walk) token(seen int) string {
	return fmt.Sprintf("h%d_%d_%t", seen, w.depth, w.suggested)
}

func (w *walk) resume(token string) error {
	if token == "" {
		return nil
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(token, "h"), "_")
	seen, err := strconv.Atoi(number)
	if err != nil || seen < 0 || token != w.token(seen) {
		return errs.BadParam("That token was not given out for this request: max_depth and suggested_only must stay the same.")
	}
	w.skip = seen
	return nil
}

// visit shows a room, and what lies below it.
func (w *walk) visit(ctx context.Context, l *room.Live, depth int) error {
	w.visited[l.ID] = true
	children := childrenOf(l, w.suggested)
	switch {
	case w.skip > 0:
		w.skip--
	case len(w.out) == w.limit:
		w.more = true
		return nil
	default:
		w.out = append(w.out, Branch{summarise(l), children})
	}
	if depth == w.depth {
		return nil
	}
	for _, ev := range children {
		if w.more || len(w.visited) >= visitsMost {
			return nil
		}
		if w.visited[*ev.StateKey] {
			continue
		}
		child, err := w.load(ctx, *ev.StateKey)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if err != nil || !w.accessible(ctx, w.who, child) {
			w.visited[*ev.StateKey] = true
			continue
		}
		if err := w.visit(ctx, child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// childrenOf gives the valid m.space.child events of a space, in the order of "Ordering of children within a space".
func childrenOf(l *room.Live, suggested bool) (out []*room.Event) {
	if text(l, "m.room.create", "type") != "m.space" {
		return nil
	}
	for _, ev := range l.States() {
		if ev.Type != "m.space.child" || !strings.HasPrefix(*ev.StateKey, "!") {
			continue
		}
		via := gjson.GetBytes(ev.Content, "via")
		if !via.IsArray() || len(via.Array()) == 0 {
			continue
		}
		if !suggested || gjson.GetBytes(ev.Content, "suggested").Bool() {
			out = append(out, ev)
		}
	}
	slices.SortFunc(out, byOrder)
	return out
}

func byOrder(a, b *room.Event) int {
	x, y := order(a), order(b)
	if (x == "") != (y == "") {
		return cmp.Compare(len(y), len(x)) // those without an order last
	}
	return cmp.Or(strings.Compare(x, y), cmp.Compare(a.TS, b.TS), strings.Compare(*a.StateKey, *b.StateKey))
}

// order gives the order of a child; "" when it has none or an invalid one.
func order(ev *room.Event) string {
	o := gjson.GetBytes(ev.Content, "order")
	if o.Type != gjson.String || len(o.Str) > 50 {
		return ""
	}
	for i := range len(o.Str) {
		if o.Str[i] < 0x20 || o.Str[i] > 0x7e {
			return ""
		}
	}
	return o.Str
}
