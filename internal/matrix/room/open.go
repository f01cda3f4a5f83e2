package room

import (
	"context"
	"slices"
	"sort"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Want is what somebody opens a room for.
type Want uint8

const (
	// Reading is to read its events: for members, for former members what they could see, for anyone what is world
	// readable.
	Reading Want = iota
	// Belonging is to do what only those now joined may.
	Belonging
	// Leaving is to end, refuse or forget a membership: for whoever has one of any kind, an invitation or a ban too.
	Leaving
)

// Room is a room opened for somebody. There is no other way to get one than Open.
type Room struct {
	*Live
	Who   *audit.Caller
	Spans Spans // what of its log they may read
	Until int64 // the last position whose state they may see; Forever for a member
}

// errStranger is the one answer to whoever may not open a room, whether or not it exists.
func errStranger() error { return errs.Forbid("You are not a member of this conversation.") }

// Open opens a room for a caller, or refuses with errs.Forbidden. The room is loaded.
func (rs *Rooms) Open(ctx context.Context, who *audit.Caller, id string, want Want) (*Room, error) {
	l, err := rs.Find(ctx, id)
	if errs.Is(err, errs.NotFound) {
		return nil, errStranger()
	}
	if err != nil {
		return nil, err
	}
	return rs.open(ctx, who, l, want)
}

// reach finds and loads a room; one that does not exist is answered like one that the caller is not in.
func (rs *Rooms) reach(ctx context.Context, id string) (*Live, error) {
	l, err := rs.Find(ctx, id)
	if errs.Is(err, errs.NotFound) {
		return nil, errStranger()
	}
	if err != nil {
		return nil, err
	}
	return l, rs.Load(ctx, l)
}

// OpenNumber is Open for a room's number.
func (rs *Rooms) OpenNumber(ctx context.Context, who *audit.Caller, nr int64, want Want) (*Room, error) {
	l, err := rs.Number(ctx, nr)
	if err != nil {
		return nil, err
	}
	return rs.open(ctx, who, l, want)
}

func (rs *Rooms) open(ctx context.Context, who *audit.Caller, l *Live, want Want) (*Room, error) {
	if err := rs.Load(ctx, l); err != nil {
		return nil, err
	}
	r := &Room{Live: l, Who: who, Until: Forever}
	joined := l.Membership(who.User) == "join"
	if want == Belonging && !joined || want == Leaving && l.State("m.room.member", who.User) == nil {
		return nil, errStranger()
	}
	var err error
	if r.Spans, err = rs.visible(ctx, l, who.User); err != nil {
		return nil, err
	}
	if len(r.Spans) == 0 && want != Leaving {
		return nil, errStranger()
	}
	if !joined {
		r.Until = r.Spans.end()
	}
	return r, nil
}

// Visible gives what a person may read of a room, whoever asks.
func (rs *Rooms) Visible(ctx context.Context, l *Live, user string) (Spans, error) {
	if err := rs.Load(ctx, l); err != nil {
		return nil, err
	}
	return rs.visible(ctx, l, user)
}

func (rs *Rooms) visible(ctx context.Context, l *Live, user string) (Spans, error) {
	l.mu.RLock()
	spans, ok := l.visible[user]
	dropped := l.dropped
	l.mu.RUnlock()
	if ok {
		return spans, nil
	}
	at := l.Last()
	err := rs.db.Read(ctx, func(tx *store.Tx) error {
		forgotten, err := hasForgotten(tx, l.NR, user)
		if err != nil {
			return err
		}
		changes, err := readChanges(tx, l.NR, user)
		if forgotten { // they are to the room what any stranger is
			changes = slices.DeleteFunc(changes, func(c change) bool { return c.membership != "" })
		}
		spans = visible(changes)
		return err
	})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Not kept when the log went on meanwhile, or somebody forgot the room: what was read might already be past.
	if l.full != nil && l.last.Load() == at && l.dropped == dropped {
		if l.visible == nil || len(l.visible) > 10_000 {
			l.visible = map[string]Spans{}
		}
		l.visible[user] = spans
	}
	return spans, nil
}

// Sees reports whether the caller may read the event.
func (r *Room) Sees(ev *Event) bool { return r.Spans.Has(ev.Pos) }

// byUse gives the loaded rooms, the one used longest ago first.
func (rs *Rooms) byUse() []*Live {
	rs.mu.RLock()
	out := make([]*Live, 0, len(rs.byNR))
	for _, l := range rs.byNR {
		out = append(out, l)
	}
	rs.mu.RUnlock()
	sort.Slice(out, func(i, j int) bool { return out[i].used.Load() < out[j].used.Load() })
	return out
}
