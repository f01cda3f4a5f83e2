package authrules

import "github.com/wardline/wardline/internal/spec/matrix"

// maxInviteKeys bounds how many public keys of a third-party invite are tried: a signature costs 60 µs to check, and an
// event has room for a thousand keys.
const maxInviteKeys = 20

// member is v11 4, v12 5.
func (c *check) member() error {
	membership, ok := matrix.Text(matrix.Field(c.ev.Content, "membership"))
	if c.ev.StateKey == nil || !ok { // .1
		return c.deny("4.1", "5.1", "a membership needs a state key and a membership")
	}
	if via := matrix.Field(c.ev.Content, "join_authorised_via_users_server"); via != nil { // .2.1
		user, _ := matrix.Text(via)
		if !matrix.ValidUserID(user) || len(c.ev.SignatureKeys(matrix.ServerOf(user))) == 0 {
			return c.deny("4.2.1", "5.2.1", "the server that authorised the join has not signed it")
		}
	}
	target := *c.ev.StateKey
	switch membership {
	case "join":
		return c.join(target)
	case "invite":
		return c.invite(target)
	case "leave":
		return c.leave(target)
	case "ban":
		return c.ban(target)
	case "knock":
		return c.knock(target)
	}
	return c.deny("4.8", "5.8", "the membership is unknown")
}

// joinRule is the current join rule, "invite" in a room that has none.
func (c *check) joinRule() string {
	e := c.state.Event(typeJoinRules, "")
	if e == nil {
		return "invite"
	}
	rule, _ := matrix.Text(matrix.Field(e.Content, "join_rule"))
	return rule
}

// join is v11 4.3, v12 5.3.
func (c *check) join(target string) error {
	// The rule does not ask who sends it: a server that made the room could join its creator for them.
	if p := c.ev.PrevEvents; len(p) == 1 && p[0] == c.create.ID && target == c.create.Sender { // .1
		return nil
	}
	if c.ev.Sender != target { // .2
		return c.deny("4.3.2", "5.3.2", "no one can join for another")
	}
	current := c.membership(target)
	if current == "ban" { // .3
		return c.deny("4.3.3", "5.3.3", "the sender is banned")
	}
	switch c.joinRule() {
	case "invite", "knock": // .4
		if current == "invite" || current == "join" {
			return nil
		}
	case "restricted", "knock_restricted": // .5
		if current == "invite" || current == "join" { // .5.1
			return nil
		}
		return c.restricted()
	case "public": // .6
		return nil
	}
	return c.deny("4.3.7", "5.3.7", "the join rule does not let the sender in")
}

// restricted is v11 4.3.5.2 and .3, v12 5.3.5.2 and .3.
func (c *check) restricted() error {
	via, ok := matrix.Text(matrix.Field(c.ev.Content, "join_authorised_via_users_server"))
	if !ok || c.membership(via) != "join" || c.levels().User(via) < c.levels().Invite {
		return c.deny("4.3.5.2", "5.3.5.2", "no one in the room who may invite has authorised the join")
	}
	return nil
}

// invite is v11 4.4, v12 5.4.
func (c *check) invite(target string) error {
	if third := matrix.Field(c.ev.Content, "third_party_invite"); third != nil { // .1
		return c.thirdParty(target, third)
	}
	if c.membership(c.ev.Sender) != "join" { // .2
		return c.deny("4.4.2", "5.4.2", "the sender is not in the room")
	}
	if m := c.membership(target); m == "join" || m == "ban" { // .3
		return c.deny("4.4.3", "5.4.3", "the user is in the room, or banned from it")
	}
	if c.levels().User(c.ev.Sender) < c.levels().Invite { // .4, .5
		return c.deny("4.4.5", "5.4.5", "the sender's power level is too low to invite")
	}
	return nil
}

// thirdParty is v11 4.4.1, v12 5.4.1.
func (c *check) thirdParty(target string, third []byte) error {
	if c.membership(target) == "ban" { // .1
		return c.deny("4.4.1.1", "5.4.1.1", "the user is banned")
	}
	signed := matrix.Field(third, "signed")
	if signed == nil { // .2
		return c.deny("4.4.1.2", "5.4.1.2", "the third-party invite is not signed")
	}
	mxid, ok := matrix.Text(matrix.Field(signed, "mxid"))
	token, ok2 := matrix.Text(matrix.Field(signed, "token"))
	if !ok || !ok2 { // .3
		return c.deny("4.4.1.3", "5.4.1.3", "the third-party invite names no user or no token")
	}
	if mxid != target { // .4
		return c.deny("4.4.1.4", "5.4.1.4", "the third-party invite is for another user")
	}
	origin := c.state.Event(typeThirdPartyInvite, token)
	if origin == nil { // .5
		return c.deny("4.4.1.5", "5.4.1.5", "the room has no such third-party invite")
	}
	if origin.Sender != c.ev.Sender { // .6
		return c.deny("4.4.1.6", "5.4.1.6", "the third-party invite was made by another user")
	}
	if !signedByInvite(signed, origin.Content) { // .7, .8
		return c.deny("4.4.1.8", "5.4.1.8", "no key of the third-party invite has signed it")
	}
	return nil
}

// signedByInvite is v11 4.4.1.7, v12 5.4.1.7: any signature by any of the keys, wherever they are listed.
func signedByInvite(signed, invite []byte) bool {
	keys := [][]byte{matrix.Field(invite, "public_key")} // .7.1
	for entry := range matrix.Elements(matrix.Field(invite, "public_keys")) {
		keys = append(keys, matrix.Field(entry, "public_key")) // .7.2
	}
	for _, key := range keys[:min(len(keys), maxInviteKeys)] {
		encoded, _ := matrix.Text(key)
		if public, err := matrix.DecodePublicKey(encoded); err == nil && matrix.VerifyAnyJSON(signed, public) == nil {
			return true
		}
	}
	return false
}

// leave is v11 4.5, v12 5.5: leaving, refusing an invitation, taking back a knock, kicking and unbanning.
func (c *check) leave(target string) error {
	current := c.membership(target)
	if c.ev.Sender == target { // .1
		if current == "invite" || current == "join" || current == "knock" {
			return nil
		}
		return c.deny("4.5.1", "5.5.1", "the sender is not in the room, nor invited or knocking")
	}
	if c.membership(c.ev.Sender) != "join" { // .2
		return c.deny("4.5.2", "5.5.2", "the sender is not in the room")
	}
	l := c.levels()
	sender := l.User(c.ev.Sender)
	if current == "ban" && sender < l.Ban { // .3
		return c.deny("4.5.3", "5.5.3", "the sender's power level is too low to lift a ban")
	}
	if sender >= l.Kick && l.User(target) < sender { // .4
		return nil
	}
	return c.deny("4.5.5", "5.5.5", "the sender's power level is too low to remove this user")
}

// ban is v11 4.6, v12 5.6.
func (c *check) ban(target string) error {
	if c.membership(c.ev.Sender) != "join" { // .1
		return c.deny("4.6.1", "5.6.1", "the sender is not in the room")
	}
	l := c.levels()
	if sender := l.User(c.ev.Sender); sender >= l.Ban && l.User(target) < sender { // .2
		return nil
	}
	return c.deny("4.6.3", "5.6.3", "the sender's power level is too low to ban this user")
}

// knock is v11 4.7, v12 5.7.
func (c *check) knock(target string) error {
	if rule := c.joinRule(); rule != "knock" && rule != "knock_restricted" { // .1
		return c.deny("4.7.1", "5.7.1", "the join rule does not allow knocking")
	}
	if c.ev.Sender != target { // .2
		return c.deny("4.7.2", "5.7.2", "no one can knock for another")
	}
	switch c.membership(target) { // .3, .4
	case "ban", "invite", "join":
		return c.deny("4.7.4", "5.7.4", "the sender is in the room already, invited to it or banned from it")
	}
	return nil
}
