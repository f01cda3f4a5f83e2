package todevice

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// SendRequest is the request of PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}.
type SendRequest struct {
	Type     string                               `path:"eventType" json:"-"`
	Txn      string                               `path:"txnId" json:"-"`
	Messages map[string]map[string]jsontext.Value `json:"messages"`
}

// PutSend serves PUT /_matrix/client/v3/sendToDevice/{eventType}/{txnId}.
func (t *ToDevice) PutSend(ctx context.Context, who *audit.Caller, in SendRequest) (struct{}, error) {
	if in.Messages == nil {
		return struct{}{}, errs.Missing("messages is missing.")
	}
	return struct{}{}, t.Send(ctx, who, Send{Type: in.Type, Txn: in.Txn, Content: in.Messages})
}
