package profile

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is the profiles' face on HTTP (client-server API, "Profiles").
type API struct{ Profiles *Profiles }

// OfRequest names a person.
type OfRequest struct {
	User string `path:"userId" json:"-"`
}

// FieldRequest names a field of a profile.
type FieldRequest struct {
	User  string `path:"userId" json:"-"`
	Field string `path:"keyName" json:"-"`
}

// SetRequest carries a field's new value under its own name.
type SetRequest struct {
	User  string         `path:"userId" json:"-"`
	Field string         `path:"keyName" json:"-"`
	Body  jsontext.Value `body:"raw" json:"-"`
}

// Of answers GET /profile/{userId}.
func (api API) Of(ctx context.Context, _ *audit.Caller, in OfRequest) (endpoint.Raw, error) {
	profile, err := api.Profiles.Of(ctx, in.User)
	if err != nil {
		return nil, err
	}
	return json.Marshal(profile.Fields, json.Deterministic(true))
}

// Field answers GET /profile/{userId}/{keyName}.
func (api API) Field(ctx context.Context, _ *audit.Caller, in FieldRequest) (endpoint.Raw, error) {
	value, err := api.Profiles.Field(ctx, in.User, in.Field)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]jsontext.Value{in.Field: value})
}

// Set answers PUT /profile/{userId}/{keyName}.
func (api API) Set(ctx context.Context, who *audit.Caller, in SetRequest) (struct{}, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(in.Body, &members); err != nil {
		return struct{}{}, errs.BadJSON("The body must be a JSON object.")
	}
	value, ok := members[in.Field]
	if !ok {
		return struct{}{}, errs.Missing("The body must hold a member named as the field.")
	}
	return struct{}{}, api.Profiles.Set(ctx, who, in.User, in.Field, value)
}

// Delete answers DELETE /profile/{userId}/{keyName}.
func (api API) Delete(ctx context.Context, who *audit.Caller, in FieldRequest) (struct{}, error) {
	return struct{}{}, api.Profiles.Delete(ctx, who, in.User, in.Field)
}
