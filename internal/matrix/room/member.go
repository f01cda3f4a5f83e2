package room

import (
	"context"
	"slices"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// MemberContent is the content of a membership, with the profile of the person for those who join or are invited.
func (rs *Rooms) MemberContent(ctx context.Context, user, membership, reason string) (map[string]any, error) {
	content := map[string]any{"membership": membership}
	if reason != "" {
		content["reason"] = reason
	}
	if membership != "join" && membership != "invite" && membership != "knock" {
		return content, nil
	}
	if !matrix.ValidUserID(user) {
		return nil, errs.BadParam("That is not a user id.")
	}
	if matrix.ServerOf(user) != rs.conf.ServerName {
		return nil, errs.Forbid("Only people of this trust can be in its conversations.")
	}
	name, avatar, err := rs.people.Profile(ctx, user)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.Absent("There is nobody of that name here. Please check who you mean.")
	}
	if err != nil {
		return nil, err
	}
	if name != "" {
		content["displayname"] = name
	}
	if avatar != "" {
		content["avatar_url"] = avatar
	}
	return content, nil
}

// Forget gives up the caller's view of a room they have left.
func (rs *Rooms) Forget(ctx context.Context, who *audit.Caller, room string) error {
	l, err := rs.Open(ctx, who, room, Leaving)
	if err != nil {
		return err
	}
	if is := l.Membership(who.User); is != "leave" && is != "ban" {
		return errs.New(errs.Invalid, "M_UNKNOWN", "Leave the conversation before you forget it.")
	}
	return rs.db.Write(ctx, func(tx *store.Tx) error {
		if err := setForgotten(tx, l.NR, who.User); err != nil {
			return err
		}
		tx.Log(KindForget, who.User, l.ID, nil)
		return audit.Record(tx, who, audit.Entry{Action: "room.forget", Object: l.ID})
	})
}

// Joined lists the rooms somebody is in with one of the memberships, forgotten ones left out.
func (rs *Rooms) Joined(ctx context.Context, user string, memberships ...string) (out []Membership, err error) {
	err = rs.db.Read(ctx, func(tx *store.Tx) error {
		all, err := membershipsOf(tx, user)
		for _, m := range all {
			if slices.Contains(memberships, m.Membership) {
				out = append(out, m)
			}
		}
		return err
	})
	return out, err
}

// Membership is what somebody is in one room.
type Membership struct {
	Room       int64 // number of the room
	RoomID     string
	Membership string
	Pos        int64 // of the event that set it
}

// Memberships gives each of somebody's present memberships by the event that set it, and whether they have forgotten the
// room since.
func (rs *Rooms) Memberships(tx *store.Tx, user string, each func(ev *Event, forgotten bool)) error {
	gone, err := forgottenBy(tx, user)
	if err != nil {
		return err
	}
	events, err := rs.Events(tx, memberEventsOf, user)
	for _, ev := range events {
		each(ev, slices.Contains(gone, ev.Room.NR))
	}
	return err
}
