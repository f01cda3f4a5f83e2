package room

import "math"

// Span is a closed range of positions of the log.
type Span struct{ From, To int64 }

// Forever is the end of a span that goes on.
const Forever = math.MaxInt64

// Spans are ranges in ascending order that neither touch nor overlap: what of a room's log somebody may read.
type Spans []Span

// Has reports whether a position lies in one of the spans.
func (s Spans) Has(pos int64) bool {
	for _, r := range s {
		if pos < r.From {
			return false
		}
		if pos <= r.To {
			return true
		}
	}
	return false
}

// UpTo gives the last position in the spans that is not after another; if all are after it, the first.
func (s Spans) UpTo(pos int64) int64 {
	at := s[0].From
	for _, r := range s {
		if r.From <= pos {
			at = min(pos, r.To)
		}
	}
	return at
}

// end is the last position within the spans; 0 when there is none.
func (s Spans) end() int64 {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1].To
}

// add appends a span, joining it to the last one where they touch.
func (s Spans) add(r Span) Spans {
	if n := len(s); n > 0 && r.From <= s[n-1].To+1 {
		s[n-1].To = max(s[n-1].To, r.To)
		return s
	}
	return append(s, r)
}

// change is an event that alters who may read: a history visibility or the reader's own membership.
type change struct {
	pos        int64
	visibility string // set by an m.room.history_visibility event
	membership string // set by an m.room.member event of the reader
}

// visible works out what a person may read of a room from the changes in order of position, by the table in
// "Room History Visibility" of the client-server API: world_readable always; otherwise while joined; shared also what
// came before a later join; invited also while invited. An event that changes visibility or the reader's membership
// is itself visible if either the state before it or the state after it allows.
func visible(changes []change) Spans {
	lastJoin := int64(-1)
	for _, c := range changes {
		if c.membership == "join" {
			lastJoin = c.pos
		}
	}
	var out Spans
	visibility, membership := "shared", ""
	allowed := false
	var from int64
	for _, c := range changes {
		if allowed {
			out = out.add(Span{from, c.pos})
		}
		if c.visibility != "" {
			visibility = c.visibility
		}
		if c.membership != "" {
			membership = c.membership
		}
		// A join that comes after this stretch opens it when the history is shared.
		allowed, from = mayRead(visibility, membership, lastJoin > c.pos), c.pos
	}
	if allowed {
		out = out.add(Span{from, Forever})
	}
	return out
}

func mayRead(visibility, membership string, joinsLater bool) bool {
	switch {
	case visibility == "world_readable", membership == "join":
		return true
	case visibility == "joined":
		return false
	case visibility == "invited":
		return membership == "invite"
	default: // shared, and any value we do not know
		return joinsLater
	}
}
