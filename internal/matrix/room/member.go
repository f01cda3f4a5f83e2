package room

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// memberContent is the content of a membership, with the profile of the person for those who join or are invited.
func (rs *Rooms) memberContent(ctx context.Context, user, membership, reason string) (map[string]any, error) {
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

// change appends one membership of one person.
func (rs *Rooms) change(ctx context.Context, who *audit.Caller, l *Live, user, membership, reason string,
	more map[string]any) error {
	content, err := rs.memberContent(ctx, user, membership, reason)
	if err != nil {
		return err
	}
	for k, v := range more {
		content[k] = v
	}
	_, err = rs.Append(ctx, who, l, state("m.room.member", user, content))
	return err
}

// Join makes the caller a member: client-server API, "Joining rooms". Joining again changes nothing.
func (rs *Rooms) Join(ctx context.Context, who *audit.Caller, idOrAlias, reason string) (*Live, error) {
	l, err := rs.resolve(ctx, idOrAlias)
	if err != nil {
		return nil, err
	}
	if err := rs.Load(ctx, l); err != nil {
		return nil, err
	}
	if l.Membership(who.User) == "join" {
		return l, nil
	}
	more := map[string]any{}
	if by := rs.authoriser(ctx, who, l); by != "" {
		more[vouched] = by
	}
	return l, rs.change(ctx, who, l, who.User, "join", reason, more)
}

// authoriser finds the member in whose name a restricted join is let in: the caller must be in one of the rooms that
// the join rule lists, and the member able to invite. "" when the rule does not apply or is not met.
// Rooms, v8 and later, "Join rules"; client-server API, "Restricted rooms".
func (rs *Rooms) authoriser(ctx context.Context, who *audit.Caller, l *Live) string {
	rules := l.State("m.room.join_rules", "")
	if rules == nil || l.Membership(who.User) == "invite" {
		return ""
	}
	rule := gjson.GetBytes(rules.Content, "join_rule").Str
	if rule != "restricted" && rule != "knock_restricted" || !rs.inAllowed(ctx, who, rules) {
		return ""
	}
	levels := l.Levels()
	for _, user := range l.Members("join") {
		if levels.User(user) >= levels.Invite {
			return user
		}
	}
	return ""
}

// vouched is the member of a membership's content in whose name somebody has come in.
const vouched = "join_authorised_via_users_server"

// vouch settles in whose name somebody who sets their own membership comes in. It is for the server to find out, as Join
// does: the rules of authorisation only ask whether that member may invite, and would believe anyone who names one.
func (rs *Rooms) vouch(ctx context.Context, who *audit.Caller, l *Live, d *Draft) error {
	by := ""
	switch now := l.State("m.room.member", *d.StateKey); {
	case gjson.GetBytes(d.Content, "membership").Str != "join" || *d.StateKey != who.User:
	case now.Membership() == "join":
		by = gjson.GetBytes(now.Content, vouched).Str
	default:
		by = rs.authoriser(ctx, who, l)
	}
	if gjson.GetBytes(d.Content, vouched).Str == by && (by != "" || !gjson.GetBytes(d.Content, vouched).Exists()) {
		return nil
	}
	var content map[string]json.RawMessage
	if err := json.Unmarshal(d.Content, &content); err != nil {
		return errs.BadJSON("The content must be an object.")
	}
	delete(content, vouched)
	if by != "" {
		content[vouched] = object(by)
	}
	d.Content = object(content)
	return nil
}

func (rs *Rooms) inAllowed(ctx context.Context, who *audit.Caller, rules *Event) bool {
	for i, allow := range gjson.GetBytes(rules.Content, "allow").Array() {
		if i == 100 {
			break
		}
		if allow.Get("type").Str != "m.room_membership" {
			continue
		}
		other, err := rs.Find(ctx, allow.Get("room_id").Str)
		if err == nil && rs.Load(ctx, other) == nil && other.Membership(who.User) == "join" {
			return true
		}
	}
	return false
}

// Knock asks to be let in.
func (rs *Rooms) Knock(ctx context.Context, who *audit.Caller, idOrAlias, reason string) (*Live, error) {
	l, err := rs.resolve(ctx, idOrAlias)
	if err != nil {
		return nil, err
	}
	return l, rs.change(ctx, who, l, who.User, "knock", reason, nil)
}

// Invite asks somebody in.
func (rs *Rooms) Invite(ctx context.Context, who *audit.Caller, room, user, reason string) error {
	r, err := rs.Open(ctx, who, room, Belonging)
	if err != nil {
		return err
	}
	return rs.change(ctx, who, r.Live, user, "invite", reason, nil)
}

// Leave ends the caller's membership, or refuses an invitation, or takes a knock back. Leaving again changes nothing.
func (rs *Rooms) Leave(ctx context.Context, who *audit.Caller, room, reason string) error {
	l, err := rs.reach(ctx, room)
	if err != nil {
		return err
	}
	switch ev := l.State("m.room.member", who.User); {
	case ev == nil:
		return errStranger()
	case ev.Membership() == "leave":
		return nil
	}
	return rs.change(ctx, who, l, who.User, "leave", reason, nil)
}

// Kick removes somebody who is in, invited, or knocking.
func (rs *Rooms) Kick(ctx context.Context, who *audit.Caller, room, user, reason string) error {
	r, err := rs.Open(ctx, who, room, Belonging)
	if err != nil {
		return err
	}
	if is := r.Membership(user); is != "join" && is != "invite" && is != "knock" {
		return errs.Forbid("That person is not in this conversation.")
	}
	return rs.change(ctx, who, r.Live, user, "leave", reason, nil)
}

// Ban keeps somebody out for good.
func (rs *Rooms) Ban(ctx context.Context, who *audit.Caller, room, user, reason string) error {
	r, err := rs.Open(ctx, who, room, Belonging)
	if err != nil {
		return err
	}
	return rs.change(ctx, who, r.Live, user, "ban", reason, nil)
}

// Unban takes a ban back.
func (rs *Rooms) Unban(ctx context.Context, who *audit.Caller, room, user, reason string) error {
	r, err := rs.Open(ctx, who, room, Belonging)
	if err != nil {
		return err
	}
	if r.Membership(user) != "ban" {
		return errs.Forbid("That person is not banned from this conversation.")
	}
	return rs.change(ctx, who, r.Live, user, "leave", reason, nil)
}

// Forget gives up the caller's view of a room they have left.
func (rs *Rooms) Forget(ctx context.Context, who *audit.Caller, room string) error {
	l, err := rs.reach(ctx, room)
	if err != nil {
		return err
	}
	switch ev := l.State("m.room.member", who.User); {
	case ev == nil:
		return errStranger()
	case ev.Membership() != "leave" && ev.Membership() != "ban":
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

// LeaveAll ends all memberships of somebody whose account is closed.
func (rs *Rooms) LeaveAll(ctx context.Context, who *audit.Caller, user, reason string) error {
	all, err := rs.Joined(ctx, user, "join", "invite", "knock")
	if err != nil {
		return err
	}
	as := *who
	as.User = user
	for _, m := range all {
		if err := rs.Leave(ctx, &as, m.RoomID, reason); err != nil && !errs.Is(err, errs.Forbidden) {
			return err
		}
	}
	return nil
}

// RefreshProfile brings the member events of somebody up to date with their profile, in all rooms they are in.
func (rs *Rooms) RefreshProfile(ctx context.Context, who *audit.Caller, user string) error {
	all, err := rs.Joined(ctx, user, "join")
	if err != nil {
		return err
	}
	for _, m := range all {
		l, err := rs.Number(ctx, m.Room)
		if err != nil {
			return err
		}
		if err := rs.Load(ctx, l); err != nil {
			return err
		}
		if err := rs.refreshIn(ctx, who, l, user); err != nil && !errs.Is(err, errs.Forbidden) {
			return err
		}
	}
	return nil
}

func (rs *Rooms) refreshIn(ctx context.Context, who *audit.Caller, l *Live, user string) error {
	content, err := rs.memberContent(ctx, user, "join", "")
	if err != nil {
		return err
	}
	now := l.State("m.room.member", user)
	if now == nil || now.Membership() != "join" {
		return nil
	}
	if by := gjson.GetBytes(now.Content, vouched).Str; by != "" {
		content[vouched] = by
	}
	d := state("m.room.member", user, content)
	if same(now.Content, d.Content) {
		return nil
	}
	d.Sender = user
	_, err = rs.Append(ctx, who, l, d)
	return err
}
