package authrules

import (
	"slices"

	"github.com/wardline/wardline/internal/spec/matrix"
)

// AuthTypes lists the places in the state whose events belong into an event's auth_events; those that are empty are left
// out. Server-server API, "Auth events selection".
func AuthTypes(version matrix.RoomVersion, ev *matrix.Event) []StateKey {
	return selectAuth(version, ev.Type, ev.Sender, ev.StateKey, ev.Content)
}

// DraftAuthTypes is AuthTypes for what is yet to become an event. The error is that of matrix.Canonical for the content.
func DraftAuthTypes(version matrix.RoomVersion, d matrix.Draft) ([]StateKey, error) {
	content := d.Content
	if d.Type == typeMember && content != nil {
		var err error
		if content, err = matrix.Canonical(content); err != nil {
			return nil, err
		}
	}
	return selectAuth(version, d.Type, d.Sender, d.StateKey, content), nil
}

func selectAuth(version matrix.RoomVersion, typ, sender string, stateKey *string, content []byte) []StateKey {
	if typ == typeCreate {
		return nil
	}
	keys := make([]StateKey, 0, 6)
	if !version.CreateIsRoom() {
		keys = append(keys, StateKey{typeCreate, ""})
	}
	keys = append(keys, StateKey{typePowerLevels, ""}, StateKey{typeMember, sender})
	if typ != typeMember {
		return keys
	}
	if stateKey != nil && *stateKey != sender {
		keys = append(keys, StateKey{typeMember, *stateKey})
	}
	return selectForMember(keys, content)
}

func selectForMember(keys []StateKey, content []byte) []StateKey {
	membership, _ := matrix.Text(matrix.Field(content, "membership"))
	if membership == "join" || membership == "invite" || membership == "knock" {
		keys = append(keys, StateKey{typeJoinRules, ""})
	}
	if membership == "invite" {
		signed := matrix.Field(matrix.Field(content, "third_party_invite"), "signed")
		if token, ok := matrix.Text(matrix.Field(signed, "token")); ok {
			keys = append(keys, StateKey{typeThirdPartyInvite, token})
		}
	}
	if membership == "join" {
		via, ok := matrix.Text(matrix.Field(content, "join_authorised_via_users_server"))
		if key := (StateKey{typeMember, via}); ok && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// CheckAuthEvents applies the rule on auth_events (v11 2, v12 3): auth holds the events that ev names there, all of them
// accepted ones. The caller rejects ev when one is missing or was itself rejected (v11 2.3, v12 3.3). The error is a *Denied.
func CheckAuthEvents(version matrix.RoomVersion, ev *matrix.Event, auth []*matrix.Event) error {
	if ev.Type == typeCreate { // rule 1 has the last word
		return nil
	}
	c := check{version: version, ev: ev}
	wanted := AuthTypes(version, ev)
	seen := make(map[StateKey]bool, len(auth))
	for _, a := range auth {
		if !slices.Contains(ev.AuthEvents, a.ID) || a.StateKey == nil {
			return c.deny("2.2", "3.2", "an auth event is not one that this event names")
		}
		key := StateKey{a.Type, *a.StateKey}
		if seen[key] { // .1
			return c.deny("2.1", "3.1", "two auth events have the same place in the state")
		}
		seen[key] = true
		if !slices.Contains(wanted, key) { // .2
			return c.deny("2.2", "3.2", "an auth event has no say about this event")
		}
		if a.RoomID != ev.RoomID { // v11 .5; v12 .4, numbered 5 in the source of the specification
			return c.deny("2.5", "3.4", "an auth event belongs to another room")
		}
	}
	if !version.CreateIsRoom() && !seen[StateKey{typeCreate, ""}] { // v11 .4
		return c.deny("2.4", "", "no auth event is the create event")
	}
	return nil
}
