// Package search finds messages by their words, within the rooms and the time the caller may read, and people by name
// (client-server API, "Server Side Search" and "User Directory"). The words are in the database's own index, put there in
// the transaction of the event. It does not decide who may read what (package room), and knows nothing of patients.
package search

import (
	"context"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/history"
	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix/filter"
)

// Bounds on what is asked, and on the work for it.
const (
	termMost     = 1000 // bytes of a search term
	termWords    = 32   // words of it that count
	resultsUsual = 10
	resultsMost  = 100
	aroundUsual  = 5 // events before and after a result
	aroundMost   = 20
	namedMost    = 100 // rooms a filter names of which the caller is no member

	chunk    = 500  // texts read at a time
	hitsMost = 500  // of one page's search: they are ranked, and counted
	readMost = 2000 // texts read for one page; what is left the next page looks at

	// Up to so many rooms are part of the query; for more the database would spend more time on the rooms than on the words.
	roomsInQuery = 32
)

// Search is the search of a server.
type Search struct {
	db        *store.DB
	rooms     *room.Rooms
	keep      *accountdata.Keep
	history   *history.History
	relations *relation.Relations
	dialect   *dialect
}

// New gives the search of a database. Make Index a companion of the rooms, and call Start before the first write.
func New(db *store.DB, rooms *room.Rooms, keep *accountdata.Keep, past *history.History, relations *relation.Relations) *Search {
	return &Search{db: db, rooms: rooms, keep: keep, history: past, relations: relations, dialect: dialectOf(db)}
}

// Ask is a search for messages.
type Ask struct {
	Term     string
	Keys     []string // content.body, content.name, content.topic; none: all
	Filter   *filter.Events
	Named    []string // the rooms the filter is limited to: those the caller can read without being a member are searched too
	Recent   bool     // newest first; otherwise best first
	Context  *Context // nil: results without what surrounds them
	State    bool     // with the present state of their rooms
	ByRoom   bool     // also grouped
	BySender bool
	Next     string // what an earlier page gave; "": the first page
}

// Context says what surrounds each result.
type Context struct {
	Before, After int
	Profiles      bool // with the names that the senders had then
}

// query is what is looked for in the index: texts with all of the words, in one of the rooms, of one of the kinds.
type query struct {
	words []string
	rooms []int64 // none: any
	kinds []kind  // none: any
}

// reader is one search by one person.
type reader struct {
	*Search
	who    *audit.Caller
	ask    *Ask
	query  query
	shelf  *accountdata.Shelf
	rooms  map[int64]string     // that may be searched, by number
	opened map[int64]*room.Room // nil: may not be read
	at     cursor
}

// Messages searches what people wrote: POST /search, room_events. Every word must occur. A term without words finds
// nothing. Nothing is found that the caller may not read, nor what is written by somebody they ignore.
//
// An edited message is found by what it now says, if the caller may also read the edit.
func (s *Search) Messages(ctx context.Context, who *audit.Caller, ask *Ask) (*Page, error) {
	r, err := s.reader(ctx, who, ask)
	if err != nil {
		return nil, err
	}
	if len(r.query.words) == 0 || len(r.rooms) == 0 || r.query.kinds == nil {
		return &Page{Highlights: r.highlights(nil)}, nil
	}
	hits, end, err := r.scan(ctx)
	if err != nil {
		return nil, err
	}
	return r.page(ctx, hits, end)
}

func (s *Search) reader(ctx context.Context, who *audit.Caller, ask *Ask) (*reader, error) {
	if len(ask.Term) > termMost {
		return nil, errs.BadParam("A search term may be at most %d bytes long.", termMost)
	}
	r := &reader{Search: s, who: who, ask: ask, opened: map[int64]*room.Room{}, at: cursor{from: s.db.Position()}}
	var err error
	if ask.Next != "" {
		if r.at, err = parseCursor(ask.Next); err != nil {
			return nil, err
		}
	}
	if r.shelf, err = s.keep.Of(ctx, who.User); err != nil {
		return nil, err
	}
	if r.query.kinds, err = kindsOf(ask); err != nil {
		return nil, err
	}
	r.query.words = wordsOf(ask.Term)
	if r.rooms, err = r.searchable(ctx); err != nil {
		return nil, err
	}
	if len(r.rooms) <= roomsInQuery {
		for nr := range r.rooms {
			r.query.rooms = append(r.query.rooms, nr)
		}
		slices.Sort(r.query.rooms)
	}
	return r, nil
}

// wordsOf gives the words of a search term, each once.
func wordsOf(term string) (out []string) {
	eachToken(term, func(t token) bool {
		if !slices.Contains(out, t.word) {
			out = append(out, t.word)
		}
		return len(out) < termWords
	})
	return out
}

// kindsOf gives the kinds of text to look at; nil when there is none.
func kindsOf(ask *Ask) (out []kind, err error) {
	for _, key := range ask.Keys {
		if !isKey(key) {
			return nil, errs.BadParam("keys may hold content.body, content.name and content.topic.")
		}
	}
	for _, t := range texts {
		if (len(ask.Keys) == 0 || slices.Contains(ask.Keys, "content."+t.member)) && ask.Filter.MatchType(t.typ) {
			out = append(out, t.kind)
		}
	}
	return out, nil
}

func isKey(key string) bool {
	for _, t := range texts {
		if key == "content."+t.member {
			return true
		}
	}
	return false
}

// searchable gives the rooms of the caller's, and those named, that the filter and the group being paged through let
// through. Which of them may be read, and from when to when, is asked only once something has been found there.
func (r *reader) searchable(ctx context.Context) (map[int64]string, error) {
	out := map[int64]string{}
	take := func(nr int64, id string) {
		if r.ask.Filter.MatchRoom(id) && (r.at.group != groupRoom || r.at.value == id) {
			out[nr] = id
		}
	}
	mine, err := r.Search.rooms.Joined(ctx, r.who.User, "join", "invite", "knock", "leave", "ban")
	if err != nil {
		return nil, err
	}
	for _, m := range mine {
		take(m.Room, m.RoomID)
	}
	for i, id := range r.ask.Named {
		if i == namedMost {
			break
		}
		l, err := r.Search.rooms.Find(ctx, id)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		take(l.NR, l.ID)
	}
	return out, nil
}

// room gives one of the rooms opened for the caller; nil if they may not read it.
func (r *reader) room(ctx context.Context, nr int64) (*room.Room, error) {
	if opened, ok := r.opened[nr]; ok {
		return opened, nil
	}
	opened, err := r.Search.rooms.OpenNumber(ctx, r.who, nr, room.Reading)
	if err != nil && !errs.Is(err, errs.Forbidden) {
		return nil, err
	}
	r.opened[nr] = opened
	return opened, nil
}

// scan reads the index backwards from where the page begins, and keeps what the caller may see. end is the position up to which
// it has read: what lies below is for a later page; 0 when there is nothing.
func (r *reader) scan(ctx context.Context) (hits []hit, end int64, err error) {
	q := r.query
	if len(q.kinds) == len(texts) {
		q.kinds = nil
	}
	match, from := r.dialect.match(&q), r.at.from
	for read := 0; read < readMost; read += chunk {
		var batch []hit
		err := r.db.Glance(ctx, func(tx *store.Tx) (err error) {
			batch, err = hitsOf(tx, r.dialect, match, from, chunk)
			return err
		})
		if err != nil {
			return nil, 0, err
		}
		for i := range batch {
			sees, err := r.sees(ctx, &batch[i])
			if err != nil {
				return nil, 0, err
			}
			if sees {
				hits = append(hits, batch[i])
			}
			if from = batch[i].pos - 1; len(hits) == hitsMost {
				return hits, from, nil
			}
		}
		if len(batch) < chunk {
			return hits, 0, nil
		}
	}
	return hits, from, nil
}

// sees reports whether a hit may be shown to the caller and is what they ask for.
func (r *reader) sees(ctx context.Context, h *hit) (bool, error) {
	if r.rooms[h.room] == "" || r.at.group == groupSender && r.at.value != h.sender {
		return false, nil
	}
	if h.typ == "m.room.message" && r.shelf.Ignores(h.sender) {
		return false, nil
	}
	// Whether the content has a url is asked when the event is at hand: see load.
	if !r.ask.Filter.MatchInRoom(h.typ, h.sender, true) && !r.ask.Filter.MatchInRoom(h.typ, h.sender, false) {
		return false, nil
	}
	opened, err := r.room(ctx, h.room)
	if err != nil || opened == nil {
		return false, err
	}
	return opened.Spans.Has(h.pos) && (h.edited == 0 || opened.Spans.Has(h.edited)), nil
}

// rank says how well a text answers the words: between 0 and 1, more for words that come often in a short text, and for
// words that stand together as they do in the term. It is computed here, so that both databases order alike.
func rank(words []string, text string) float64 {
	all := strings.Fields(text)
	var sum float64
	for _, w := range words {
		n := 0
		for _, have := range all {
			if have == w {
				n++
			}
		}
		sum += float64(n) / (float64(n) + 0.5 + float64(len(all))/16)
	}
	sum /= float64(len(words))
	if len(words) == 1 {
		return sum
	}
	return sum*2/3 + together(words, all)/3
}

// together is the part of the pairs of neighbouring words that are neighbours in the text.
func together(words, text []string) float64 {
	n := 0
	for i := 1; i < len(words); i++ {
		for j := 1; j < len(text); j++ {
			if text[j-1] == words[i-1] && text[j] == words[i] {
				n++
				break
			}
		}
	}
	return float64(n) / float64(len(words)-1)
}
