package push

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix/pushrules"
)

// API is the face of rules, pushers and notifications on HTTP (client-server API, "Push Notifications").
type API struct {
	Rules   *Rules
	Pushers *Pushers
	Counter *Counter
}

// All answers GET /pushrules/.
func (api API) All(ctx context.Context, who *audit.Caller, _ struct{}) (endpoint.Raw, error) {
	content, err := api.Rules.Content(ctx, who.User)
	return endpoint.Raw(content), err
}

// Global answers GET /pushrules/global/.
func (api API) Global(ctx context.Context, who *audit.Caller, _ struct{}) (pushrules.Set, error) {
	c, err := api.Rules.Changes(ctx, who.User)
	if err != nil {
		return pushrules.Set{}, err
	}
	return c.Set(who.User), nil
}

type ruleRequest struct {
	Kind string `path:"kind" json:"-"`
	ID   string `path:"ruleId" json:"-"`
}

// Rule answers GET /pushrules/global/{kind}/{ruleId}.
func (api API) Rule(ctx context.Context, who *audit.Caller, in ruleRequest) (pushrules.Rule, error) {
	return api.Rules.Rule(ctx, who, pushrules.Kind(in.Kind), in.ID)
}

type putRuleRequest struct {
	Kind   string         `path:"kind" json:"-"`
	ID     string         `path:"ruleId" json:"-"`
	Before string         `query:"before" json:"-"`
	After  string         `query:"after" json:"-"`
	Body   jsontext.Value `body:"raw" json:"-"`
}

// PutRule answers PUT /pushrules/global/{kind}/{ruleId}.
func (api API) PutRule(ctx context.Context, who *audit.Caller, in putRuleRequest) (struct{}, error) {
	return struct{}{}, api.Rules.Put(ctx, who, pushrules.Kind(in.Kind), in.ID, in.Body, in.Before, in.After)
}

// DeleteRule answers DELETE /pushrules/global/{kind}/{ruleId}.
func (api API) DeleteRule(ctx context.Context, who *audit.Caller, in ruleRequest) (struct{}, error) {
	return struct{}{}, api.Rules.Delete(ctx, who, pushrules.Kind(in.Kind), in.ID)
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

// Enabled answers GET /pushrules/global/{kind}/{ruleId}/enabled.
func (api API) Enabled(ctx context.Context, who *audit.Caller, in ruleRequest) (enabled, error) {
	rule, err := api.Rules.Rule(ctx, who, pushrules.Kind(in.Kind), in.ID)
	return enabled{rule.Enabled}, err
}

type enableRequest struct {
	Kind    string `path:"kind" json:"-"`
	ID      string `path:"ruleId" json:"-"`
	Enabled *bool  `json:"enabled"`
}

// Enable answers PUT /pushrules/global/{kind}/{ruleId}/enabled.
func (api API) Enable(ctx context.Context, who *audit.Caller, in enableRequest) (struct{}, error) {
	if in.Enabled == nil {
		return struct{}{}, errs.Missing("enabled is needed: true or false.")
	}
	return struct{}{}, api.Rules.Enable(ctx, who, pushrules.Kind(in.Kind), in.ID, *in.Enabled)
}

type actions struct {
	Actions []pushrules.Action `json:"actions"`
}

// Actions answers GET /pushrules/global/{kind}/{ruleId}/actions.
func (api API) Actions(ctx context.Context, who *audit.Caller, in ruleRequest) (actions, error) {
	rule, err := api.Rules.Rule(ctx, who, pushrules.Kind(in.Kind), in.ID)
	return actions{rule.Actions}, err
}

type actionsRequest struct {
	Kind string         `path:"kind" json:"-"`
	ID   string         `path:"ruleId" json:"-"`
	Body jsontext.Value `body:"raw" json:"-"`
}

// SetActions answers PUT /pushrules/global/{kind}/{ruleId}/actions.
func (api API) SetActions(ctx context.Context, who *audit.Caller, in actionsRequest) (struct{}, error) {
	return struct{}{}, api.Rules.SetActions(ctx, who, pushrules.Kind(in.Kind), in.ID, in.Body)
}

// pusherForm is a pusher as clients write and read it.
type pusherForm struct {
	Kind       jsontext.Value `json:"kind,omitzero"` // "http"; null removes the pusher
	AppID      string         `json:"app_id"`
	Key        string         `json:"pushkey"`
	AppName    string         `json:"app_display_name"`
	DeviceName string         `json:"device_display_name"`
	ProfileTag string         `json:"profile_tag,omitempty"`
	Lang       string         `json:"lang"`
	Data       jsontext.Value `json:"data,omitzero"`
}

type pushersAnswer struct {
	Pushers []pusherForm `json:"pushers"`
}

// List answers GET /pushers.
func (api API) List(ctx context.Context, who *audit.Caller, _ struct{}) (pushersAnswer, error) {
	list, err := api.Pushers.Of(ctx, who)
	out := pushersAnswer{Pushers: []pusherForm{}}
	for i := range list {
		p := &list[i]
		out.Pushers = append(out.Pushers, pusherForm{
			jsontext.Value(`"http"`), p.AppID, p.Key, p.AppName, p.DeviceName, p.ProfileTag, p.Lang, p.Data,
		})
	}
	return out, err
}

type setPusherRequest struct {
	Kind       jsontext.Value `json:"kind"`
	AppID      string         `json:"app_id"`
	Key        string         `json:"pushkey"`
	AppName    string         `json:"app_display_name"`
	DeviceName string         `json:"device_display_name"`
	ProfileTag string         `json:"profile_tag"`
	Lang       string         `json:"lang"`
	Data       jsontext.Value `json:"data"`
	Append     bool           `json:"append"`
}

// SetPusher answers POST /pushers/set.
func (api API) SetPusher(ctx context.Context, who *audit.Caller, in setPusherRequest) (struct{}, error) {
	kind := ""
	switch {
	case in.Kind == nil:
		return struct{}{}, errs.Missing("kind is needed: \"http\", or null to remove the pusher.")
	case in.Kind.Kind() == 'n':
		return struct{}{}, api.Pushers.Remove(ctx, who, in.AppID, in.Key)
	case json.Unmarshal(in.Kind, &kind) != nil || kind != "http":
		return struct{}{}, errs.BadParam("The only kind of pusher here is \"http\".")
	}
	return struct{}{}, api.Pushers.Set(ctx, who, Pusher{
		AppID: in.AppID, Key: in.Key, AppName: in.AppName, DeviceName: in.DeviceName, ProfileTag: in.ProfileTag, Lang: in.Lang, Data: in.Data,
	}, in.Append)
}

type notificationsRequest struct {
	From  string `query:"from" json:"-"`
	Limit int    `query:"limit" json:"-"`
	Only  string `query:"only" json:"-"`
}

type notificationForm struct {
	Actions []pushrules.Action `json:"actions"`
	Event   jsontext.Value     `json:"event"`
	Read    bool               `json:"read"`
	RoomID  string             `json:"room_id"`
	TS      int64              `json:"ts"`
}

type notificationsAnswer struct {
	Next string             `json:"next_token,omitempty"`
	List []notificationForm `json:"notifications"`
}

// Notifications answers GET /notifications.
func (api API) Notifications(ctx context.Context, who *audit.Caller, in notificationsRequest) (out notificationsAnswer, err error) {
	want := Listing{Limit: in.Limit, Highlights: in.Only == "highlight"}
	if in.From != "" {
		if want.From, err = room.ParseToken(in.From); err != nil {
			return out, err
		}
		want.From = max(want.From, 1)
	}
	list, next, err := api.Counter.Notifications(ctx, who, want)
	out.List = []notificationForm{}
	for _, n := range list {
		ev := n.Event.Append(nil, room.Reader{User: who.User, Device: who.Device})
		out.List = append(out.List, notificationForm{n.Actions, ev, n.Read, n.Event.RoomID, n.Event.TS})
	}
	if next > 0 {
		out.Next = room.Token(next)
	}
	return out, err
}
