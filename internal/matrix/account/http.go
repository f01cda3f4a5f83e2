package account

import (
	"context"
	"strings"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/errs"
)

// API is the accounts' face on HTTP (client-server API, "Client Authentication").
type API struct{ Accounts *Accounts }

// caller is who calls on an open route: nobody known, from an address.
func caller(ctx context.Context, who *audit.Caller) *audit.Caller {
	if who != nil {
		return who
	}
	return &audit.Caller{Addr: endpoint.Addr(ctx)}
}

// SessionAnswer is what a client is given when it has signed in.
type SessionAnswer struct {
	User      string     `json:"user_id"`
	Device    string     `json:"device_id,omitempty"`
	Access    string     `json:"access_token,omitempty"`
	Refresh   string     `json:"refresh_token,omitempty"`
	Expires   int64      `json:"expires_in_ms,omitzero"`
	Server    string     `json:"home_server,omitempty"` // deprecated, but the tools of shared-secret registration read it
	WellKnown *WellKnown `json:"well_known,omitempty"`
}

// WellKnown tells a client which address to use from now on.
type WellKnown struct {
	Homeserver Homeserver `json:"m.homeserver"`
}

// Homeserver is the address of the server.
type Homeserver struct {
	BaseURL string `json:"base_url"`
}

func (api API) answer(s Session) SessionAnswer {
	out := SessionAnswer{
		User: s.User, Device: s.Device, Access: s.Access, Refresh: s.Refresh,
		Expires: s.Expires.Milliseconds(), Server: api.Accounts.conf.ServerName,
	}
	if url := api.Accounts.conf.PublicURL; url != "" && s.Access != "" {
		out.WellKnown = &WellKnown{Homeserver{url}}
	}
	return out
}

// Flow is a way to sign in.
type Flow struct {
	Type string `json:"type"`
}

// FlowsAnswer lists the ways to sign in.
type FlowsAnswer struct {
	Flows []Flow `json:"flows"`
}

// Flows answers GET /login.
func (api API) Flows(context.Context, *audit.Caller, struct{}) (FlowsAnswer, error) {
	return FlowsAnswer{[]Flow{{byPassword}}}, nil
}

// LoginRequest is the body of POST /login.
type LoginRequest struct {
	Type       string      `json:"type"`
	Identifier *Identifier `json:"identifier"`
	User       string      `json:"user"` // the old form of Identifier
	Password   *string     `json:"password"`
	Device     string      `json:"device_id"`
	Name       string      `json:"initial_device_display_name"`
	Refresh    bool        `json:"refresh_token"`
}

// Login answers POST /login.
func (api API) Login(ctx context.Context, who *audit.Caller, in LoginRequest) (SessionAnswer, error) {
	if in.Type == "" {
		return SessionAnswer{}, errs.Missing("The type of login is required.")
	}
	if in.Type != byPassword {
		return SessionAnswer{}, errs.New(errs.Invalid, "M_UNKNOWN", "This type of login is not offered.")
	}
	user, ok := name(in.Identifier, in.User)
	if !ok {
		return SessionAnswer{}, errs.New(errs.Invalid, "M_UNKNOWN", "Sign in with your user name.")
	}
	if user == "" || in.Password == nil {
		return SessionAnswer{}, errs.Missing("A user name and a password are required.")
	}
	s, err := api.Accounts.Login(ctx, caller(ctx, who), user, *in.Password,
		SignIn{Device: in.Device, Name: in.Name, Refresh: in.Refresh})
	return api.answer(s), err
}

// RefreshRequest is the body of POST /refresh.
type RefreshRequest struct {
	Token string `json:"refresh_token"`
}

// RefreshAnswer is a new pair of tokens.
type RefreshAnswer struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token,omitempty"`
	Expires int64  `json:"expires_in_ms,omitzero"`
}

// Refresh answers POST /refresh.
func (api API) Refresh(ctx context.Context, who *audit.Caller, in RefreshRequest) (RefreshAnswer, error) {
	s, err := api.Accounts.Refresh(ctx, caller(ctx, who), in.Token)
	return RefreshAnswer{s.Access, s.Refresh, s.Expires.Milliseconds()}, err
}

// LogoutRequest carries the token itself: these routes are open, because a locked account may still sign out.
type LogoutRequest struct {
	Authorization string `header:"Authorization" json:"-"`
	Token         string `query:"access_token" json:"-"`
}

// leaving is the caller of a request to sign out.
func (api API) leaving(ctx context.Context, in LogoutRequest) (*audit.Caller, error) {
	token := in.Token
	if scheme, rest, _ := strings.Cut(in.Authorization, " "); strings.EqualFold(scheme, "Bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		return nil, errs.New(errs.Unauthenticated, "M_MISSING_TOKEN", "An access token is required.")
	}
	return api.Accounts.authenticate(ctx, token, endpoint.Addr(ctx), true)
}

// Logout answers POST /logout.
func (api API) Logout(ctx context.Context, _ *audit.Caller, in LogoutRequest) (struct{}, error) {
	who, err := api.leaving(ctx, in)
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, api.Accounts.Logout(ctx, who)
}

// LogoutAll answers POST /logout/all.
func (api API) LogoutAll(ctx context.Context, _ *audit.Caller, in LogoutRequest) (struct{}, error) {
	who, err := api.leaving(ctx, in)
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, api.Accounts.LogoutAll(ctx, who)
}

// WhoAmIAnswer is whose the token is.
type WhoAmIAnswer struct {
	User   string `json:"user_id"`
	Device string `json:"device_id,omitempty"`
	Guest  bool   `json:"is_guest"`
}

// WhoAmI answers GET /account/whoami.
func (api API) WhoAmI(_ context.Context, who *audit.Caller, _ struct{}) (WhoAmIAnswer, error) {
	return WhoAmIAnswer{User: who.User, Device: who.Device}, nil
}

// RegisterRequest is the body of POST /register.
type RegisterRequest struct {
	Kind     string `query:"kind" json:"-"`
	Auth     *Auth  `json:"auth"`
	Username string `json:"username"`
	Password string `json:"password"`
	Device   string `json:"device_id"`
	Name     string `json:"initial_device_display_name"`
	Inhibit  bool   `json:"inhibit_login"`
	Refresh  bool   `json:"refresh_token"`
}

// Register answers POST /register.
func (api API) Register(ctx context.Context, who *audit.Caller, in RegisterRequest) (SessionAnswer, error) {
	switch in.Kind {
	case "", "user":
	case "guest":
		return SessionAnswer{}, errs.New(errs.Forbidden, "M_GUEST_ACCESS_FORBIDDEN", "This server has no guests.")
	default:
		return SessionAnswer{}, errs.BadParam("kind must be user or guest.")
	}
	s, err := api.Accounts.Register(ctx, caller(ctx, who), in.Auth, Registration{
		Name: in.Username, Password: in.Password, Inhibit: in.Inhibit,
		SignIn: SignIn{Device: in.Device, Name: in.Name, Refresh: in.Refresh},
	})
	return api.answer(s), err
}

// AvailableRequest names who someone wants to be.
type AvailableRequest struct {
	Username string `query:"username" json:"-"`
}

// AvailableAnswer is always true: a name that is not available is an error.
type AvailableAnswer struct {
	Available bool `json:"available"`
}

// Available answers GET /register/available.
func (api API) Available(ctx context.Context, _ *audit.Caller, in AvailableRequest) (AvailableAnswer, error) {
	if in.Username == "" {
		return AvailableAnswer{}, errs.Missing("A user name is required.")
	}
	return AvailableAnswer{true}, api.Accounts.Available(ctx, in.Username)
}

// NonceAnswer begins a shared-secret registration.
type NonceAnswer struct {
	Nonce string `json:"nonce"`
}

// Nonce answers GET /_synapse/admin/v1/register.
func (api API) Nonce(context.Context, *audit.Caller, struct{}) (NonceAnswer, error) {
	nonce, err := api.Accounts.Nonce()
	return NonceAnswer{nonce}, err
}

// SecretRegisterRequest is the body of POST /_synapse/admin/v1/register.
type SecretRegisterRequest struct {
	Nonce       string `json:"nonce"`
	Username    string `json:"username"`
	DisplayName string `json:"displayname"`
	Password    string `json:"password"`
	Admin       bool   `json:"admin"`
	Type        string `json:"user_type"`
	MAC         string `json:"mac"`
}

// RegisterBySecret answers POST /_synapse/admin/v1/register.
func (api API) RegisterBySecret(ctx context.Context, who *audit.Caller, in SecretRegisterRequest) (SessionAnswer, error) {
	s, err := api.Accounts.RegisterBySecret(ctx, caller(ctx, who), SecretRegistration{
		Nonce: in.Nonce, Name: in.Username, Password: in.Password, DisplayName: in.DisplayName,
		Type: in.Type, Admin: in.Admin, MAC: in.MAC,
	})
	return api.answer(s), err
}
