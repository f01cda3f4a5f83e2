// Package membership is how people come to be in a conversation and cease to be: joining, knocking, inviting, leaving,
// removing, banning (client-server API, "Room membership"). What a membership lets somebody read, and the profile it
// shows, is package room's.
package membership

import (
	"bytes"
	"context"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/listing"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Members is who is in which of the server's rooms.
type Members struct {
	rooms   *room.Rooms
	listing *listing.Listing
}

// New gives the members of rooms; a room to join may be named by an alias of the listing.
func New(rooms *room.Rooms, names *listing.Listing) *Members { return &Members{rooms, names} }

// change appends one membership of one person.
func (m *Members) change(ctx context.Context, who *audit.Caller, l *room.Live, user, membership, reason string,
	more map[string]any) error {
	content, err := m.rooms.MemberContent(ctx, user, membership, reason)
	if err != nil {
		return err
	}
	for k, v := range more {
		content[k] = v
	}
	_, err = m.rooms.Append(ctx, who, l, room.StateDraft("m.room.member", user, content))
	return err
}

// Join makes the caller a member: client-server API, "Joining rooms". Joining again changes nothing.
func (m *Members) Join(ctx context.Context, who *audit.Caller, idOrAlias, reason string) (*room.Live, error) {
	l, err := m.listing.Resolve(ctx, idOrAlias)
	if err != nil {
		return nil, err
	}
	if err := m.rooms.Load(ctx, l); err != nil {
		return nil, err
	}
	if l.Membership(who.User) == "join" {
		return l, nil
	}
	more := map[string]any{}
	if by := m.rooms.Authoriser(ctx, who, l); by != "" {
		more[room.Vouched] = by
	}
	return l, m.change(ctx, who, l, who.User, "join", reason, more)
}

// Knock asks to be let in.
func (m *Members) Knock(ctx context.Context, who *audit.Caller, idOrAlias, reason string) (*room.Live, error) {
	l, err := m.listing.Resolve(ctx, idOrAlias)
	if err != nil {
		return nil, err
	}
	return l, m.change(ctx, who, l, who.User, "knock", reason, nil)
}

// Invite asks somebody in.
func (m *Members) Invite(ctx context.Context, who *audit.Caller, in, user, reason string) error {
	r, err := m.rooms.Open(ctx, who, in, room.Belonging)
	if err != nil {
		return err
	}
	return m.change(ctx, who, r.Live, user, "invite", reason, nil)
}

// Leave ends the caller's membership, or refuses an invitation, or takes a knock back. Leaving again changes nothing.
func (m *Members) Leave(ctx context.Context, who *audit.Caller, in, reason string) error {
	r, err := m.rooms.Open(ctx, who, in, room.Leaving)
	if err != nil || r.Membership(who.User) == "leave" {
		return err
	}
	return m.change(ctx, who, r.Live, who.User, "leave", reason, nil)
}

// Kick removes somebody who is in, invited, or knocking.
func (m *Members) Kick(ctx context.Context, who *audit.Caller, in, user, reason string) error {
	r, err := m.rooms.Open(ctx, who, in, room.Belonging)
	if err != nil {
		return err
	}
	if is := r.Membership(user); is != "join" && is != "invite" && is != "knock" {
		return errs.Forbid("That person is not in this conversation.")
	}
	return m.change(ctx, who, r.Live, user, "leave", reason, nil)
}

// Ban keeps somebody out for good.
func (m *Members) Ban(ctx context.Context, who *audit.Caller, in, user, reason string) error {
	r, err := m.rooms.Open(ctx, who, in, room.Belonging)
	if err != nil {
		return err
	}
	return m.change(ctx, who, r.Live, user, "ban", reason, nil)
}

// Unban takes a ban back.
func (m *Members) Unban(ctx context.Context, who *audit.Caller, in, user, reason string) error {
	r, err := m.rooms.Open(ctx, who, in, room.Belonging)
	if err != nil {
		return err
	}
	if r.Membership(user) != "ban" {
		return errs.Forbid("That person is not banned from this conversation.")
	}
	return m.change(ctx, who, r.Live, user, "leave", reason, nil)
}

// LeaveAll ends all memberships of somebody whose account is closed.
func (m *Members) LeaveAll(ctx context.Context, who *audit.Caller, user, reason string) error {
	all, err := m.rooms.Joined(ctx, user, "join", "invite", "knock")
	if err != nil {
		return err
	}
	as := *who
	as.User = user
	for _, is := range all {
		if err := m.Leave(ctx, &as, is.RoomID, reason); err != nil && !errs.Is(err, errs.Forbidden) {
			return err
		}
	}
	return nil
}

// RefreshProfile brings the member events of somebody up to date with their profile, in all rooms they are in.
func (m *Members) RefreshProfile(ctx context.Context, who *audit.Caller, user string) error {
	all, err := m.rooms.Joined(ctx, user, "join")
	if err != nil {
		return err
	}
	for _, is := range all {
		l, err := m.rooms.Number(ctx, is.Room)
		if err != nil {
			return err
		}
		if err := m.rooms.Load(ctx, l); err != nil {
			return err
		}
		if err := m.refreshIn(ctx, who, l, user); err != nil && !errs.Is(err, errs.Forbidden) {
			return err
		}
	}
	return nil
}

func (m *Members) refreshIn(ctx context.Context, who *audit.Caller, l *room.Live, user string) error {
	content, err := m.rooms.MemberContent(ctx, user, "join", "")
	if err != nil {
		return err
	}
	now := l.State("m.room.member", user)
	if now == nil || now.Membership() != "join" {
		return nil
	}
	if by := gjson.GetBytes(now.Content, room.Vouched).Str; by != "" {
		content[room.Vouched] = by
	}
	d := room.StateDraft("m.room.member", user, content)
	if canonical, err := matrix.Canonical(d.Content); err != nil || bytes.Equal(canonical, now.Content) {
		return err
	}
	d.Sender = user
	_, err = m.rooms.Append(ctx, who, l, d)
	return err
}
