package history

import (
	"cmp"
	"context"
	"slices"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/store"
)

// members gives the memberships of some people as they were at a position: from memory, for all whose membership has not
// changed since.
func (h *History) members(ctx context.Context, l *room.Live, users []string, at int64) (out []*room.Event, err error) {
	var changed []string
	for _, user := range users {
		ev := l.State("m.room.member", user)
		switch {
		case ev == nil:
		case ev.Pos <= at:
			out = append(out, ev)
		default:
			changed = append(changed, user)
		}
	}
	if len(changed) == 0 {
		return out, nil
	}
	err = h.db.Read(ctx, func(tx *store.Tx) error {
		then, err := membersAt(tx, h.rooms, l.NR, changed, at)
		out = append(out, then...)
		return err
	})
	return out, err
}

// state gives a room's state as it was at a position, in order of position; of the members only some, if lazy.
func (h *History) state(ctx context.Context, l *room.Live, at int64, lazy bool, users []string) ([]*room.Event, error) {
	now := l.States()
	if len(now) > 0 && now[len(now)-1].Pos <= at {
		if lazy {
			now = slices.DeleteFunc(now, func(ev *room.Event) bool {
				return ev.Type == "m.room.member" && !slices.Contains(users, *ev.StateKey)
			})
		}
		return now, nil
	}
	if !lazy {
		return h.rooms.StateAt(ctx, l, at)
	}
	var out []*room.Event
	err := h.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = plainStateAt(tx, h.rooms, l.NR, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	members, err := h.members(ctx, l, users, at)
	out = append(out, members...)
	slices.SortFunc(out, func(a, b *room.Event) int { return cmp.Compare(a.Pos, b.Pos) })
	return out, err
}
