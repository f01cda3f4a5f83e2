package receipt

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/wardline/wardline/internal/matrix/room"
)

// AppendEvent writes receipts as one m.receipt event, private ones only where they are the reader's own; nothing when
// there is none to show. It runs for each member whenever one has read on, and so is written out by hand.
func AppendEvent(b []byte, receipts []*Receipt, reader string) []byte {
	shown := make([]*Receipt, 0, len(receipts))
	for _, one := range receipts {
		if one.Type != ReadPrivate || one.User == reader {
			shown = append(shown, one)
		}
	}
	if len(shown) == 0 {
		return b
	}
	slices.SortFunc(shown, byPlace)
	b = append(b, `{"content":{`...)
	last := &Receipt{}
	for i, one := range shown {
		event, typ := one.EventID != last.EventID, one.EventID != last.EventID || one.Type != last.Type
		switch {
		case i == 0:
		case event:
			b = append(b, "}},"...)
		case typ:
			b = append(b, "},"...)
		case one.User == last.User:
			continue // the event has one entry for a person: byPlace puts the one to show first
		default:
			b = append(b, ',')
		}
		if event {
			b = append(room.AppendString(b, one.EventID), ":{"...)
		}
		if typ {
			b = append(room.AppendString(b, one.Type), ":{"...)
		}
		b = one.appendEntry(b)
		last = one
	}
	return append(b, `}}},"type":"m.receipt"}`...)
}

// byPlace orders receipts as they are written out. Of several receipts of one person at one event, which differ in their
// thread, the unthreaded comes first, for it covers the others; then the latest.
func byPlace(x, y *Receipt) int {
	return cmp.Or(
		cmp.Compare(x.EventID, y.EventID), cmp.Compare(x.Type, y.Type), cmp.Compare(x.User, y.User),
		cmp.Compare(min(len(x.Thread), 1), min(len(y.Thread), 1)), cmp.Compare(y.Pos, x.Pos),
	)
}

func (r *Receipt) appendEntry(b []byte) []byte {
	b = append(room.AppendString(b, r.User), `:{"ts":`...)
	b = strconv.AppendInt(b, r.TS, 10)
	if r.Thread != "" {
		b = append(b, `,"thread_id":`...)
		b = room.AppendString(b, r.Thread)
	}
	return append(b, '}')
}
