package room

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is the rooms' face on HTTP: client-server API, "Sending events to a room", "Redactions".
type API struct{ Rooms *Rooms }

type eventID struct {
	EventID string `json:"event_id"`
}

type sendRequest struct {
	Room string         `path:"roomId" json:"-"`
	Type string         `path:"eventType" json:"-"`
	Txn  string         `path:"txnId" json:"-"`
	Body jsontext.Value `body:"raw" json:"-"`
}

// Send answers PUT /rooms/{roomId}/send/{eventType}/{txnId}.
func (api API) Send(ctx context.Context, who *audit.Caller, in sendRequest) (eventID, error) {
	txn, err := txnOf("send/"+in.Room+"/"+in.Type, in.Txn)
	if err != nil {
		return eventID{}, err
	}
	id, err := api.Rooms.Send(ctx, who, in.Room, &Draft{Type: in.Type, Content: in.Body, Txn: txn})
	return eventID{id}, err
}

// txnOf bounds a transaction id: it is stored with the event.
func txnOf(path, id string) (Txn, error) {
	if len(id) > 255 {
		return Txn{}, errs.BadParam("A transaction id may be at most 255 bytes long.")
	}
	return Txn{ID: id, Path: path}, nil
}

type stateRequest struct {
	Room string         `path:"roomId" json:"-"`
	Type string         `path:"eventType" json:"-"`
	Key  string         `path:"stateKey" json:"-"`
	Body jsontext.Value `body:"raw" json:"-"`
}

// PutState answers PUT /rooms/{roomId}/state/{eventType}/{stateKey}.
func (api API) PutState(ctx context.Context, who *audit.Caller, in stateRequest) (eventID, error) {
	id, err := api.Rooms.PutState(ctx, who, in.Room, &Draft{Type: in.Type, StateKey: &in.Key, Content: in.Body})
	return eventID{id}, err
}

type redactRequest struct {
	Room   string `path:"roomId" json:"-"`
	Event  string `path:"eventId" json:"-"`
	Txn    string `path:"txnId" json:"-"`
	Reason string `json:"reason"`
}

// Redact answers PUT /rooms/{roomId}/redact/{eventId}/{txnId}.
func (api API) Redact(ctx context.Context, who *audit.Caller, in redactRequest) (eventID, error) {
	txn, err := txnOf("redact/"+in.Room+"/"+in.Event, in.Txn)
	if err != nil {
		return eventID{}, err
	}
	id, err := api.Rooms.Redact(ctx, who, in.Room, in.Event, in.Reason, txn)
	return eventID{id}, err
}
