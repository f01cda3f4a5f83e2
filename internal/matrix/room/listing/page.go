package listing

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Bounds on one page of the list.
const (
	pageDefault = 50
	pageMost    = 500
	termMost    = 500 // bytes of a search term
	sieveBatch  = 500 // rooms looked at at a time when some are searched for
)

// Ask is a request for a page of the published rooms: client-server API, POST /publicRooms.
type Ask struct {
	Limit int // 0: 50; at most 500
	Since string
	Term  string    // searched for in names, topics and aliases
	Types []*string // of rooms; nil stands for rooms without a type; no entries: any
}

// Page is a page of the published rooms, those with most members first. The rooms are loaded.
type Page struct {
	Rooms      []*room.Live
	Next, Prev string // tokens; "" when there is no such page
	Total      int    // of all published rooms, whatever is searched for
}

// ranked is a place in the list: by members, then by age.
type ranked struct {
	room   int64 // number of the room
	joined int64
}

// order tells which of two comes first.
func (a ranked) order(b ranked) int {
	return cmp.Or(cmp.Compare(b.joined, a.joined), cmp.Compare(a.room, b.room))
}

// cursor is where a page begins: after a place of the list, or, going back, before it. It names a place and not a number of
// places, so that what is listed or taken out meanwhile moves no page.
type cursor struct {
	at   ranked
	back bool
}

// top is before every place of the list.
var top = cursor{at: ranked{joined: math.MaxInt64}}

func (c cursor) String() string {
	if c.back {
		return fmt.Sprintf("b%d.%d", c.at.joined, c.at.room)
	}
	return fmt.Sprintf("f%d.%d", c.at.joined, c.at.room)
}

// parseCursor reads a token; "" is the top of the list.
func parseCursor(token string) (c cursor, err error) {
	if token == "" {
		return top, nil
	}
	c.back = token[0] == 'b'
	if _, err := fmt.Sscanf(token[1:], "%d.%d", &c.at.joined, &c.at.room); err != nil || c.String() != token || c.at.joined < 0 || c.at.room < 0 {
		return cursor{}, errs.BadParam("That token was not given out by this server.")
	}
	return c, nil
}

// Page gives one page of the rooms that the trust has published.
func (n *Listing) Page(ctx context.Context, ask Ask) (*Page, error) {
	if ask.Limit < 0 || len(ask.Term) > termMost {
		return nil, errs.BadParam("limit must not be negative, and the search term at most %d bytes.", termMost)
	}
	if ask.Limit == 0 {
		ask.Limit = pageDefault
	}
	ask.Limit = min(ask.Limit, pageMost)
	from, err := parseCursor(ask.Since)
	if err != nil {
		return nil, err
	}
	page := &Page{}
	var places []ranked
	err = n.db.Read(ctx, func(tx *store.Tx) error {
		if page.Total, err = countPublished(tx); err != nil {
			return err
		}
		places, err = ask.places(tx, from)
		return err
	})
	if err != nil {
		return nil, err
	}
	page.turn(places, from, ask.Limit)
	return page, n.load(ctx, page, places[:min(len(places), ask.Limit)])
}

// places gives what the page holds and, if there are more, one beyond it, in the direction of the cursor.
func (ask *Ask) places(tx *store.Tx, from cursor) (out []ranked, err error) {
	want := ask.Limit + 1
	for len(out) < want {
		batch := want
		if ask.sieves() {
			batch = sieveBatch
		}
		found, err := publishedFrom(tx, from, batch)
		if err != nil || len(found) == 0 {
			return out, err
		}
		from.at = found[len(found)-1]
		more := len(found) == batch
		if ask.sieves() {
			if found, err = ask.sieve(tx, found); err != nil {
				return nil, err
			}
		}
		out = append(out, found[:min(len(found), want-len(out))]...)
		if !more {
			break
		}
	}
	return out, nil
}

// turn gives the tokens of the pages beside this one. Going back, there is always a page after: one came from there.
func (p *Page) turn(places []ranked, from cursor, limit int) {
	more := len(places) > limit
	places = places[:min(len(places), limit)]
	if len(places) == 0 {
		if from != top {
			from.back = !from.back
			p.token(from)
		}
		return
	}
	if more || from.back {
		p.token(cursor{at: slices.MaxFunc(places, ranked.order)})
	}
	if from.back && more || !from.back && from != top {
		p.token(cursor{at: slices.MinFunc(places, ranked.order), back: true})
	}
}

func (p *Page) token(c cursor) {
	if c.back {
		p.Prev = c.String()
	} else {
		p.Next = c.String()
	}
}

// load fills the page with its rooms, the first of the list first.
func (n *Listing) load(ctx context.Context, page *Page, places []ranked) error {
	slices.SortFunc(places, ranked.order)
	for _, p := range places {
		l, err := n.rooms.Number(ctx, p.room)
		if err != nil {
			return err
		}
		if err := n.rooms.Load(ctx, l); err != nil {
			return err
		}
		page.Rooms = append(page.Rooms, l)
	}
	return nil
}

func (ask *Ask) sieves() bool { return ask.Term != "" || len(ask.Types) > 0 }

// sieve leaves of some places those of the rooms that are asked for.
func (ask *Ask) sieve(tx *store.Tx, places []ranked) ([]ranked, error) {
	labels, err := labelsOf(tx, places)
	if err != nil {
		return nil, err
	}
	term := strings.ToLower(ask.Term)
	return slices.DeleteFunc(places, func(p ranked) bool { return !ask.wants(labels[p.room], term) }), nil
}

// label is what a room is searched by.
type label struct{ name, topic, alias, typ string }

// add takes in an event of the room's state.
func (l *label) add(typ, pdu string) {
	for _, of := range []struct {
		typ, path string
		into      *string
	}{
		{"m.room.name", "content.name", &l.name}, {"m.room.topic", "content.topic", &l.topic},
		{"m.room.canonical_alias", "content.alias", &l.alias}, {"m.room.create", "content.type", &l.typ},
	} {
		if v := gjson.Get(pdu, of.path); of.typ == typ && v.Type == gjson.String {
			*of.into = v.Str
		}
	}
}

// wants reports whether a room has the type asked for, and the term (in lower case) somewhere.
func (ask *Ask) wants(l label, term string) bool {
	typed := len(ask.Types) == 0 || slices.ContainsFunc(ask.Types, func(t *string) bool {
		return t == nil && l.typ == "" || t != nil && *t != "" && *t == l.typ
	})
	return typed && slices.ContainsFunc([]string{l.name, l.topic, l.alias}, func(in string) bool {
		return strings.Contains(strings.ToLower(in), term)
	})
}
