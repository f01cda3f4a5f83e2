package discovery

import (
	"context"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is discovery's face on HTTP.
type API struct{ Server Server }

// VersionsAnswer lists versions of the standard and unstable features.
type VersionsAnswer struct {
	Versions []string        `json:"versions"`
	Features map[string]bool `json:"unstable_features"`
}

// Versions answers GET /_matrix/client/versions.
func (api API) Versions(context.Context, *audit.Caller, struct{}) (VersionsAnswer, error) {
	return VersionsAnswer{Versions, Features}, nil
}

// CapabilitiesAnswer holds capabilities by name.
type CapabilitiesAnswer struct {
	Capabilities map[string]any `json:"capabilities"`
}

// Capabilities answers GET /capabilities.
func (api API) Capabilities(_ context.Context, who *audit.Caller, _ struct{}) (CapabilitiesAnswer, error) {
	return CapabilitiesAnswer{api.Server.Capabilities(who)}, nil
}

// Client answers GET /.well-known/matrix/client.
func (api API) Client(context.Context, *audit.Caller, struct{}) (map[string]any, error) {
	return api.Server.Client(), nil
}

// Support answers GET /.well-known/matrix/support.
func (api API) Support(context.Context, *audit.Caller, struct{}) (map[string]any, error) {
	return api.Server.Support()
}

// Software is the name and version of a server.
type Software struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// FederationVersionAnswer names the software: Element X asks for it.
type FederationVersionAnswer struct {
	Server Software `json:"server"`
}

// FederationVersion answers GET /_matrix/federation/v1/version.
func (api API) FederationVersion(context.Context, *audit.Caller, struct{}) (FederationVersionAnswer, error) {
	return FederationVersionAnswer{Software{"Wardline", api.Server.conf.Version}}, nil
}

// PresenceRequest names a person.
type PresenceRequest struct {
	User string `path:"userId" json:"-"`
}

// PresenceAnswer is what is known of everyone's presence: nothing.
type PresenceAnswer struct {
	Presence string `json:"presence"`
}

// Presence answers GET /presence/{userId}/status.
func (api API) Presence(context.Context, *audit.Caller, PresenceRequest) (PresenceAnswer, error) {
	return PresenceAnswer{"offline"}, nil
}

// SetPresenceRequest is the body of PUT /presence/{userId}/status.
type SetPresenceRequest struct {
	User     string `path:"userId" json:"-"`
	Presence string `json:"presence"`
}

// SetPresence answers PUT /presence/{userId}/status.
func (api API) SetPresence(_ context.Context, who *audit.Caller, in SetPresenceRequest) (struct{}, error) {
	return struct{}{}, api.Server.SetPresence(who, in.User, in.Presence)
}

// ThreePIDsAnswer lists e-mail addresses and telephone numbers; this server keeps none.
type ThreePIDsAnswer struct {
	ThreePIDs []string `json:"threepids"`
}

// ThreePIDs answers GET /account/3pid.
func (api API) ThreePIDs(context.Context, *audit.Caller, struct{}) (ThreePIDsAnswer, error) {
	return ThreePIDsAnswer{[]string{}}, nil
}

// NoThreePID answers every request to add an e-mail address or a telephone number.
func (api API) NoThreePID(context.Context, *audit.Caller, struct{}) (struct{}, error) {
	return struct{}{}, errs.New(errs.Forbidden, "M_THREEPID_DENIED", "This server keeps no e-mail addresses and telephone numbers.")
}

// Nothing answers GET /voip/turnServer and GET /thirdparty/protocols: there are none.
func (api API) Nothing(context.Context, *audit.Caller, struct{}) (struct{}, error) {
	return struct{}{}, nil
}

// Unrecognized answers for an API that this server does not have, where clients probe for it (GET /v1/auth_metadata).
func (api API) Unrecognized(context.Context, *audit.Caller, struct{}) (struct{}, error) {
	return struct{}{}, errs.New(errs.Unrecognized, "M_UNRECOGNIZED", "This server does not offer this.")
}
