package room

import (
	"context"
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// Authoriser finds the member in whose name a restricted join is let in: the caller must be in one of the rooms that
// the join rule lists, and the member able to invite. "" when the rule does not apply or is not met.
// Rooms, v8 and later, "Join rules"; client-server API, "Restricted rooms".
func (rs *Rooms) Authoriser(ctx context.Context, who *audit.Caller, l *Live) string {
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

// Vouched is the member of a membership's content in whose name somebody has come in.
const Vouched = "join_authorised_via_users_server"

// vouch settles in whose name somebody who sets their own membership comes in. It is for the server to find out, as Join
// does: the rules of authorisation only ask whether that member may invite, and would believe anyone who names one.
func (rs *Rooms) vouch(ctx context.Context, who *audit.Caller, l *Live, d *Draft) error {
	by := ""
	switch now := l.State("m.room.member", *d.StateKey); {
	case gjson.GetBytes(d.Content, "membership").Str != "join" || *d.StateKey != who.User:
	case now.Membership() == "join":
		by = gjson.GetBytes(now.Content, Vouched).Str
	default:
		by = rs.Authoriser(ctx, who, l)
	}
	if gjson.GetBytes(d.Content, Vouched).Str == by && (by != "" || !gjson.GetBytes(d.Content, Vouched).Exists()) {
		return nil
	}
	var content map[string]json.RawMessage
	if err := json.Unmarshal(d.Content, &content); err != nil {
		return errs.BadJSON("The content must be an object.")
	}
	delete(content, Vouched)
	if by != "" {
		content[Vouched] = object(by)
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
