// Package discovery says what this server is and can do: versions of the standard, capabilities, where its address is, and
// plain answers for the modules of the standard that a trust does not have (presence, calls, bridges, third-party
// identifiers). It keeps nothing and does nothing.
package discovery

import (
	"runtime/debug"
	"slices"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Versions are the versions of the client-server API whose mandatory endpoints this server has. matrix-js-sdk refuses
// servers that list none of v1.1 to v1.13; v1.12 brought account locking, v1.13 suspension, v1.15 room summaries, v1.16
// further profile fields and room version 12. A version is added here together with the last endpoint it asks for.
var Versions = []string{
	"v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10", "v1.11", "v1.12", "v1.13", "v1.14",
	"v1.15", "v1.16",
}

// Features are the unstable features that clients look for.
var Features = map[string]bool{
	"org.matrix.simplified_msc3575": true, // simplified sliding sync: Element X asks for it
	"org.matrix.e2e_cross_signing":  true,
}

// Config is what of the configuration clients may know.
type Config struct {
	ServerName   string
	PublicURL    string // of the client-server API; empty: https:// and the server name
	Version      string // of the program, for operators of other servers; empty: the revision it was built from
	RoomVersion  string // of new rooms; empty: 12
	Encryption   bool   // rooms may be encrypted end to end
	SupportPage  string // for people who need help to sign in; may be empty
	SupportEmail string // of the administrators; may be empty
	Demo         bool   // everyone here is invented
}

// Server is what this server says of itself.
type Server struct{ conf Config }

// New gives a server's words about itself.
func New(conf Config) Server {
	if conf.RoomVersion == "" {
		conf.RoomVersion = string(matrix.V12)
	}
	if conf.PublicURL == "" {
		conf.PublicURL = "https://" + conf.ServerName
	}
	if conf.Version == "" {
		conf.Version = revision()
	}
	return Server{conf}
}

// revision names what the program was built from, as far as the build knew it.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "development"
}

// Capabilities are what a person may do ("Capabilities negotiation"), by name.
func (s Server) Capabilities(who *audit.Caller) map[string]any {
	yes, no := map[string]any{"enabled": true}, map[string]any{"enabled": false}
	out := map[string]any{
		"m.change_password":          yes,
		"m.set_displayname":          yes,
		"m.set_avatar_url":           yes,
		"m.profile_fields":           yes,
		"m.3pid_changes":             no,
		"m.get_login_token":          no,
		"m.forget_forced_upon_leave": no,
		"m.room_versions": map[string]any{
			"default":   s.conf.RoomVersion,
			"available": map[string]string{string(matrix.V11): "stable", string(matrix.V12): "stable"},
		},
	}
	if who.Admin {
		out["m.account_moderation"] = map[string]any{"lock": true, "suspend": true}
	}
	return out
}

// Client is what /.well-known/matrix/client says. Where rooms may not be encrypted, clients of Element's are told not to try. A demonstration says that it is one.
func (s Server) Client() map[string]any {
	out := map[string]any{"m.homeserver": map[string]any{"base_url": s.conf.PublicURL}}
	if !s.conf.Encryption {
		out["io.element.e2ee"] = map[string]any{"default": false, "force_disable": true}
	}
	if s.conf.Demo {
		out["org.wardline.demonstration"] = true
	}
	return out
}

// Support is what /.well-known/matrix/support says; errs.NotFound when nothing is configured.
func (s Server) Support() (map[string]any, error) {
	out := map[string]any{}
	if s.conf.SupportPage != "" {
		out["support_page"] = s.conf.SupportPage
	}
	if s.conf.SupportEmail != "" {
		out["contacts"] = []map[string]string{{"role": "m.role.admin", "email_address": s.conf.SupportEmail}}
	}
	if len(out) == 0 {
		return nil, errs.Absent("This server names no contact.")
	}
	return out, nil
}

// presences are the states a client may claim ("Presence").
var presences = []string{"online", "offline", "unavailable"}

// SetPresence takes note of nothing: presence is off. It refuses what is not a presence, or is another's.
func (s Server) SetPresence(who *audit.Caller, user, presence string) error {
	if who.User != user {
		return errs.Forbid("You cannot set the presence of someone else.")
	}
	if !slices.Contains(presences, presence) {
		return errs.BadParam("presence must be online, offline or unavailable.")
	}
	return nil
}
