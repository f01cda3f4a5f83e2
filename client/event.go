package client

import (
	"github.com/go-json-experiment/json"
	"github.com/tidwall/gjson"
)

// Event is an event as clients see it: of a timeline, of state, stripped state, account data, to-device or ephemeral.
// Fields that a kind does not have are empty.
type Event struct {
	Type           string  `json:"type"`
	EventID        string  `json:"event_id,omitzero"`
	RoomID         string  `json:"room_id,omitzero"`
	Sender         string  `json:"sender,omitzero"`
	StateKey       *string `json:"state_key,omitzero"` // nil: not a state event
	OriginServerTS int64   `json:"origin_server_ts,omitzero"`
	Content        Raw     `json:"content,omitzero"`
	Unsigned       Raw     `json:"unsigned,omitzero"`
	Redacts        string  `json:"redacts,omitzero"` // outside content before room version 11
}

// Field is a value of the content at a gjson path, such as "m\.relates_to.rel_type"; missing values are empty.
func (e Event) Field(path string) gjson.Result { return gjson.GetBytes(e.Content, path) }

// Body is the text of a message, or empty.
func (e Event) Body() string { return e.Field("body").String() }

// Membership is the membership that a m.room.member event sets, or empty.
func (e Event) Membership() string { return e.Field("membership").String() }

// UnsignedField is a value of the unsigned part at a gjson path.
func (e Event) UnsignedField(path string) gjson.Result { return gjson.GetBytes(e.Unsigned, path) }

// IsState reports whether the event is a state event with the given type and key.
func (e Event) IsState(eventType, stateKey string) bool {
	return e.StateKey != nil && e.Type == eventType && *e.StateKey == stateKey
}

// Decode reads the content into a value.
func (e Event) Decode(into any) error { return json.Unmarshal(e.Content, into) }

// Text is the content of a plain text message.
func Text(body string) Object { return Object{"msgtype": "m.text", "body": body} }

// Reply is the content of a text message that answers another event.
func Reply(body, toEventID string) Object {
	content := Text(body)
	content["m.relates_to"] = Object{"m.in_reply_to": Object{"event_id": toEventID}}
	return content
}

// Edit is the content of a message that replaces an earlier one of the same sender.
func Edit(body, editedEventID string) Object {
	content := Text("* " + body)
	content["m.new_content"] = Text(body)
	content["m.relates_to"] = Object{"rel_type": "m.replace", "event_id": editedEventID}
	return content
}

// InThread is the content of a text message in the thread of a root event, with the fallback that clients without
// threads show as a reply to latestEventID.
func InThread(body, rootEventID, latestEventID string) Object {
	content := Text(body)
	content["m.relates_to"] = Object{
		"rel_type": "m.thread", "event_id": rootEventID, "is_falling_back": true,
		"m.in_reply_to": Object{"event_id": latestEventID},
	}
	return content
}

// Reaction is the content of a m.reaction event.
func Reaction(eventID, key string) Object {
	return Object{"m.relates_to": Object{"rel_type": "m.annotation", "event_id": eventID, "key": key}}
}
