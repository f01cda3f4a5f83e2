package client

import (
	"github.com/go-json-experiment/json"
	"github.com/tidwall/gjson"
)

// keptOnRedaction are the members of content that survive a redaction from room version 11 on, by event type.
// m.room.create keeps everything. (Specification, rooms/v11, Redactions.)
var keptOnRedaction = map[string][]string{
	"m.room.member":             {"membership", "join_authorised_via_users_server"},
	"m.room.join_rules":         {"join_rule", "allow"},
	"m.room.history_visibility": {"history_visibility"},
	"m.room.redaction":          {"redacts"},
	"m.room.power_levels": {
		"ban", "events", "events_default", "invite", "kick", "redact", "state_default", "users", "users_default",
	},
}

// redact removes from an event what a redaction removes, as a client does that sees the redaction arrive.
func redact(event Event) Event {
	if event.Type == "m.room.create" {
		return event
	}
	kept := map[string]Raw{}
	for _, name := range keptOnRedaction[event.Type] {
		if value := gjson.GetBytes(event.Content, name); value.Exists() {
			kept[name] = Raw(value.Raw)
		}
	}
	if event.Type == "m.room.member" {
		if signed := gjson.GetBytes(event.Content, "third_party_invite.signed"); signed.Exists() {
			kept["third_party_invite"] = Raw(`{"signed":` + signed.Raw + `}`)
		}
	}
	content, err := json.Marshal(kept, json.Deterministic(true))
	if err != nil {
		return event
	}
	event.Content = content
	return event
}

// redactedBy answers the id of the event that a redaction takes the content of, or empty for another kind of event.
func redactedBy(event Event) string {
	if event.Type != "m.room.redaction" || event.StateKey != nil {
		return ""
	}
	if target := event.Field("redacts").String(); target != "" {
		return target
	}
	return event.Redacts
}
