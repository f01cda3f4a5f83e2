package webpush

import (
	"context"

	"github.com/wardline/wardline/internal/platform/audit"
)

// API is the face of subscriptions on HTTP: /_wardline/v1/push.
type API struct{ Subscriptions *Subscriptions }

type keyAnswer struct {
	Key string `json:"public_key"`
}

// Key answers GET /push/key.
func (api API) Key(ctx context.Context, _ *audit.Caller, _ struct{}) (keyAnswer, error) {
	key, err := api.Subscriptions.Key(ctx)
	return keyAnswer{key}, err
}

// subscriptionForm is a subscription as clients read it: not its address and keys, by which others could push.
type subscriptionForm struct {
	ID      string `json:"id"`
	Device  string `json:"device_id"`
	Service string `json:"service"`
	Created int64  `json:"created_ts"`
}

func form(s *Subscription) subscriptionForm {
	return subscriptionForm{s.ID, s.Device, s.Service(), s.Created}
}

type listAnswer struct {
	Subscriptions []subscriptionForm `json:"subscriptions"`
}

// List answers GET /push/subscriptions.
func (api API) List(ctx context.Context, who *audit.Caller, _ struct{}) (listAnswer, error) {
	list, err := api.Subscriptions.Of(ctx, who)
	out := listAnswer{[]subscriptionForm{}}
	for i := range list {
		out.Subscriptions = append(out.Subscriptions, form(&list[i]))
	}
	return out, err
}

type subscribeRequest struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

// Subscribe answers PUT /push/subscription: the body is the browser's PushSubscription as JSON.
func (api API) Subscribe(ctx context.Context, who *audit.Caller, in subscribeRequest) (subscriptionForm, error) {
	one, err := api.Subscriptions.Subscribe(ctx, who, Offer{in.Endpoint, in.Keys.P256dh, in.Keys.Auth})
	return form(&one), err
}

type idRequest struct {
	ID string `path:"id" json:"-"`
}

// Unsubscribe answers DELETE /push/subscriptions/{id}.
func (api API) Unsubscribe(ctx context.Context, who *audit.Caller, in idRequest) (struct{}, error) {
	return struct{}{}, api.Subscriptions.Unsubscribe(ctx, who, in.ID)
}

type tryRequest struct {
	ID string `json:"id"`
}

type tryAnswer struct {
	Result Result `json:"result"`
	Status int    `json:"status,omitzero"`
	Took   int64  `json:"took_ms"`
}

// Try answers POST /push/test.
func (api API) Try(ctx context.Context, who *audit.Caller, in tryRequest) (tryAnswer, error) {
	t, err := api.Subscriptions.Try(ctx, who, in.ID)
	return tryAnswer{t.Result, t.Status, t.Took.Milliseconds()}, err
}
