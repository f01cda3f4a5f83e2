package receipt

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is the receipts' face on HTTP.
type API struct{ Receipts *Receipts }

type receiptRequest struct {
	Room   string         `path:"roomId" json:"-"`
	Type   string         `path:"receiptType" json:"-"`
	Event  string         `path:"eventId" json:"-"`
	Thread jsontext.Value `json:"thread_id"`
}

// Set answers POST /rooms/{roomId}/receipt/{receiptType}/{eventId}.
func (api API) Set(ctx context.Context, who *audit.Caller, in receiptRequest) (struct{}, error) {
	m := Mark{Room: in.Room, Type: in.Type, Event: in.Event}
	if in.Thread != nil {
		if in.Thread.Kind() != '"' || json.Unmarshal(in.Thread, &m.Thread) != nil || m.Thread == "" {
			return struct{}{}, errs.BadParam("thread_id must be a string, and not empty.")
		}
	}
	return struct{}{}, api.Receipts.Set(ctx, who, m)
}

type markersRequest struct {
	Room    string `path:"roomId" json:"-"`
	Fully   string `json:"m.fully_read"`
	Read    string `json:"m.read"`
	Private string `json:"m.read.private"`
}

// SetMarkers answers POST /rooms/{roomId}/read_markers.
func (api API) SetMarkers(ctx context.Context, who *audit.Caller, in markersRequest) (struct{}, error) {
	var marks []Mark
	for _, m := range []Mark{
		{Type: FullyRead, Event: in.Fully}, {Type: Read, Event: in.Read}, {Type: ReadPrivate, Event: in.Private},
	} {
		if m.Event != "" {
			m.Room = in.Room
			marks = append(marks, m)
		}
	}
	return struct{}{}, api.Receipts.Set(ctx, who, marks...)
}
