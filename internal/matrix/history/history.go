// Package history reads back what was said in a room: pages of its log, what surrounds one event, one event alone, and the
// event nearest to a time (client-server API, "Getting events for a room", "Event context"). It delivers nothing new (that
// is sync) and changes nothing; who may read what is decided in package room.
package history

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// How many events an answer holds.
const (
	pageDefault = 10
	pageMost    = 500
)

// History is the history of all rooms.
type History struct {
	db        *store.DB
	rooms     *room.Rooms
	keep      *accountdata.Keep
	relations *relation.Relations
}

// New gives the history of a database. keep tells whom readers ignore.
func New(db *store.DB, rooms *room.Rooms, keep *accountdata.Keep, relations *relation.Relations) *History {
	return &History{db: db, rooms: rooms, keep: keep, relations: relations}
}

// Ask is a request for a page of a room's log.
type Ask struct {
	Room     string
	From, To string // tokens; From "": the beginning or, backwards, the end
	Back     bool   // newest first
	Limit    int    // 0: the default
	Filter   *filter.Events
}

// Page is a part of a room's log.
type Page struct {
	*relation.View
	Events     []*room.Event
	Members    []*room.Event // of the senders, where the filter asks for them
	Start, End string        // tokens; End "" when there is nothing more
}

// Messages gives a page of a room's log: GET /rooms/{roomId}/messages.
//
// A token stands between two events: backwards it gives what is at or before its position, forwards what is after it.
// Those of sync are the same.
func (h *History) Messages(ctx context.Context, who *audit.Caller, ask Ask) (*Page, error) {
	if ask.Limit < 0 {
		return nil, errs.BadParam("limit must be greater than 0.")
	}
	s := stretch{to: 0, back: ask.Back, n: limitOf(ask.Limit, ask.Filter), filter: ask.Filter}
	if !s.back {
		s.to = room.Forever
	}
	if err := h.bounds(ctx, &s, ask); err != nil {
		return nil, err
	}
	r, err := h.rooms.Open(ctx, who, ask.Room, room.Reading)
	if err != nil {
		return nil, err
	}
	if ask.From == "" && s.back {
		s.from = min(r.Last(), r.Until)
	}
	w, err := h.walk(ctx, r, s)
	if err != nil {
		return nil, err
	}
	p := &Page{Events: w.events, Start: room.Token(s.from)}
	if w.more {
		p.End = room.Token(w.next)
	}
	if ask.Filter != nil && ask.Filter.LazyLoadMembers && len(p.Events) > 0 {
		if p.Members, err = h.members(ctx, r.Live, senders(p.Events), newest(p.Events)); err != nil {
			return nil, err
		}
	}
	p.View, err = h.relations.View(ctx, r, p.Events)
	return p, err
}

// bounds reads the tokens of a request.
func (h *History) bounds(ctx context.Context, s *stretch, ask Ask) (err error) {
	if ask.From != "" {
		if s.from, err = h.position(ctx, ask.From); err != nil {
			return err
		}
	}
	if ask.To != "" {
		s.to, err = h.position(ctx, ask.To)
	}
	return err
}

// position reads a token. If another node gave it out and is ahead of this one, this one catches up first.
func (h *History) position(ctx context.Context, token string) (int64, error) {
	pos, err := room.ParseToken(token)
	if err == nil && pos > h.db.Position() {
		err = h.db.CatchUp(ctx, pos)
	}
	return pos, err
}

// limitOf is how many events are wanted, where the request and its filter may each say so.
func limitOf(asked int, f *filter.Events) int {
	if asked == 0 {
		return f.Limit(pageDefault, pageMost)
	}
	return f.Limit(asked, min(asked, pageMost))
}

// Event gives one event: GET /rooms/{roomId}/event/{eventId}. What the caller may not see, or was sent by somebody they
// ignore, is errs.NotFound.
func (h *History) Event(ctx context.Context, who *audit.Caller, roomID, id string) (*relation.View, *room.Event, error) {
	r, err := h.rooms.Open(ctx, who, roomID, room.Reading)
	if errs.Is(err, errs.Forbidden) {
		return nil, nil, errNoEvent()
	}
	if err != nil {
		return nil, nil, err
	}
	ev, err := h.find(ctx, r, id)
	if err != nil {
		return nil, nil, err
	}
	v, err := h.relations.View(ctx, r, []*room.Event{ev})
	return v, ev, err
}

func errNoEvent() error { return errs.Absent("There is no such event, or you may not see it.") }

// find gives one event of an opened room, unless its reader ignores whoever sent it.
func (h *History) find(ctx context.Context, r *room.Room, id string) (*room.Event, error) {
	ev, err := h.rooms.EventByID(ctx, r, id)
	if err != nil {
		return nil, err
	}
	shelf, err := h.keep.Of(ctx, r.Who.User)
	if err != nil {
		return nil, err
	}
	if ev.StateKey == nil && shelf.Ignores(ev.Sender) {
		return nil, errNoEvent()
	}
	return ev, nil
}
