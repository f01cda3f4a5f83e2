package account

import (
	"context"
	"slices"
	"strings"

	"github.com/wardline/wardline/internal/matrix/account/credential"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
)

// DeviceAnswer is a device as its owner sees it.
type DeviceAnswer struct {
	ID   string `json:"device_id"`
	Name string `json:"display_name,omitempty"`
	Addr string `json:"last_seen_ip,omitempty"`
	Seen int64  `json:"last_seen_ts,omitzero"`
}

func deviceAnswer(d Device) DeviceAnswer {
	return DeviceAnswer{d.ID, d.Name, d.Addr, d.Seen.UnixMilli()}
}

// DevicesAnswer lists devices.
type DevicesAnswer struct {
	Devices []DeviceAnswer `json:"devices"`
}

// Devices answers GET /devices.
func (api API) Devices(ctx context.Context, who *audit.Caller, _ struct{}) (DevicesAnswer, error) {
	devices, err := api.Accounts.Devices(ctx, who.User)
	out := DevicesAnswer{make([]DeviceAnswer, len(devices))}
	for i, d := range devices {
		out.Devices[i] = deviceAnswer(d)
	}
	return out, err
}

// DeviceRequest names a device of the caller's.
type DeviceRequest struct {
	Device string `path:"deviceId" json:"-"`
}

// Device answers GET /devices/{deviceId}.
func (api API) Device(ctx context.Context, who *audit.Caller, in DeviceRequest) (DeviceAnswer, error) {
	d, err := api.Accounts.Device(ctx, who.User, in.Device)
	return deviceAnswer(d), err
}

// RenameRequest gives a device a name; without one nothing changes.
type RenameRequest struct {
	Device string  `path:"deviceId" json:"-"`
	Name   *string `json:"display_name"`
}

// Rename answers PUT /devices/{deviceId}.
func (api API) Rename(ctx context.Context, who *audit.Caller, in RenameRequest) (struct{}, error) {
	if in.Name == nil {
		_, err := api.Accounts.Device(ctx, who.User, in.Device)
		return struct{}{}, err
	}
	return struct{}{}, api.Accounts.RenameDevice(ctx, who, in.Device, *in.Name)
}

// DeleteRequest deletes a device.
type DeleteRequest struct {
	Device string `path:"deviceId" json:"-"`
	Auth   *Auth  `json:"auth"`
}

// DeleteDevice answers DELETE /devices/{deviceId}.
func (api API) DeleteDevice(ctx context.Context, who *audit.Caller, in DeleteRequest) (struct{}, error) {
	return api.deleteDevices(ctx, who, in.Auth, []string{in.Device})
}

// DeleteDevicesRequest deletes devices.
type DeleteDevicesRequest struct {
	Devices []string `json:"devices"`
	Auth    *Auth    `json:"auth"`
}

// DeleteDevices answers POST /delete_devices.
func (api API) DeleteDevices(ctx context.Context, who *audit.Caller, in DeleteDevicesRequest) (struct{}, error) {
	if in.Devices == nil {
		return struct{}{}, errs.Missing("A list of devices is required.")
	}
	if len(in.Devices) > maxDevices {
		return struct{}{}, errs.BadParam("At most %d devices can be deleted at once.", maxDevices)
	}
	return api.deleteDevices(ctx, who, in.Auth, in.Devices)
}

func (api API) deleteDevices(ctx context.Context, who *audit.Caller, auth *Auth, devices []string) (struct{}, error) {
	act := "delete_devices\n" + strings.Join(slices.Sorted(slices.Values(devices)), "\n")
	if err := api.Accounts.Confirm(ctx, who, auth, act); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, api.Accounts.DeleteDevices(ctx, who, devices)
}

// PasswordRequest is the body of POST /account/password.
type PasswordRequest struct {
	Password *string `json:"new_password"`
	Others   *bool   `json:"logout_devices"` // absent: true
	Auth     *Auth   `json:"auth"`
}

// ChangePassword answers POST /account/password. A password that will not do is refused before the old one is asked for.
func (api API) ChangePassword(ctx context.Context, who *audit.Caller, in PasswordRequest) (struct{}, error) {
	if in.Password == nil {
		return struct{}{}, errs.Missing("A new password is required.")
	}
	if err := credential.Check(who.User, *in.Password, api.Accounts.conf.MinPassword); err != nil {
		return struct{}{}, err
	}
	if err := api.Accounts.Confirm(ctx, who, in.Auth, "password"); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, api.Accounts.ChangePassword(ctx, who, *in.Password, in.Others == nil || *in.Others)
}

// DeactivateRequest is the body of POST /account/deactivate.
type DeactivateRequest struct {
	Erase bool  `json:"erase"`
	Auth  *Auth `json:"auth"`
}

// DeactivateAnswer says that there were no identifiers to unbind: this server keeps none.
type DeactivateAnswer struct {
	Unbound string `json:"id_server_unbind_result"`
}

// Deactivate answers POST /account/deactivate.
func (api API) Deactivate(ctx context.Context, who *audit.Caller, in DeactivateRequest) (DeactivateAnswer, error) {
	if err := api.Accounts.Confirm(ctx, who, in.Auth, "deactivate"); err != nil {
		return DeactivateAnswer{}, err
	}
	return DeactivateAnswer{"success"}, api.Accounts.Deactivate(ctx, who, who.User, in.Erase)
}

// UserRequest names a person.
type UserRequest struct {
	User string `path:"userId" json:"-"`
}

// LockAnswer says whether an account is locked.
type LockAnswer struct {
	Locked bool `json:"locked"`
}

// Locked answers GET /v1/admin/lock/{userId}.
func (api API) Locked(ctx context.Context, who *audit.Caller, in UserRequest) (LockAnswer, error) {
	u, err := api.Accounts.Standing(ctx, who, in.User)
	return LockAnswer{!u.Locked.IsZero()}, err
}

// LockRequest locks an account or opens it again.
type LockRequest struct {
	User   string `path:"userId" json:"-"`
	Locked *bool  `json:"locked"`
}

// Lock answers PUT /v1/admin/lock/{userId}.
func (api API) Lock(ctx context.Context, who *audit.Caller, in LockRequest) (LockAnswer, error) {
	if in.Locked == nil {
		return LockAnswer{}, errs.Missing("locked is required.")
	}
	return LockAnswer{*in.Locked}, api.Accounts.Lock(ctx, who, in.User, *in.Locked)
}

// SuspendAnswer says whether an account is suspended.
type SuspendAnswer struct {
	Suspended bool `json:"suspended"`
}

// Suspended answers GET /v1/admin/suspend/{userId}.
func (api API) Suspended(ctx context.Context, who *audit.Caller, in UserRequest) (SuspendAnswer, error) {
	u, err := api.Accounts.Standing(ctx, who, in.User)
	return SuspendAnswer{!u.Suspended.IsZero()}, err
}

// SuspendRequest suspends an account or ends that.
type SuspendRequest struct {
	User      string `path:"userId" json:"-"`
	Suspended *bool  `json:"suspended"`
}

// Suspend answers PUT /v1/admin/suspend/{userId}.
func (api API) Suspend(ctx context.Context, who *audit.Caller, in SuspendRequest) (SuspendAnswer, error) {
	if in.Suspended == nil {
		return SuspendAnswer{}, errs.Missing("suspended is required.")
	}
	return SuspendAnswer{*in.Suspended}, api.Accounts.Suspend(ctx, who, in.User, *in.Suspended)
}

// Connection is from where and when a device was last used.
type Connection struct {
	Addr string `json:"ip"`
	Seen int64  `json:"last_seen"`
}

// Connections are the connections of a device.
type Connections struct {
	Connections []Connection `json:"connections"`
}

// Sessions are the sessions of a device.
type Sessions struct {
	Sessions []Connections `json:"sessions"`
}

// WhoisAnswer is from where a person uses the server.
type WhoisAnswer struct {
	User    string              `json:"user_id"`
	Devices map[string]Sessions `json:"devices"`
}

// Whois answers GET /v3/admin/whois/{userId}: for oneself and for administrators.
func (api API) Whois(ctx context.Context, who *audit.Caller, in UserRequest) (WhoisAnswer, error) {
	if who.User != in.User && !who.Admin {
		return WhoisAnswer{}, errs.Forbid("You can ask this of yourself only.")
	}
	if _, err := api.Accounts.User(ctx, in.User); err != nil {
		return WhoisAnswer{}, err
	}
	devices, err := api.Accounts.Devices(ctx, in.User)
	out := WhoisAnswer{User: in.User, Devices: map[string]Sessions{}}
	for _, d := range devices {
		out.Devices[d.ID] = Sessions{[]Connections{{[]Connection{{d.Addr, d.Seen.UnixMilli()}}}}}
	}
	return out, err
}

// OpenIDAnswer is an OpenID token.
type OpenIDAnswer struct {
	Token   string `json:"access_token"`
	Type    string `json:"token_type"`
	Server  string `json:"matrix_server_name"`
	Expires int64  `json:"expires_in"` // seconds
}

// OpenIDToken answers POST /user/{userId}/openid/request_token.
func (api API) OpenIDToken(ctx context.Context, who *audit.Caller, in UserRequest) (OpenIDAnswer, error) {
	token, err := api.Accounts.OpenIDToken(ctx, who, in.User)
	return OpenIDAnswer{token, "Bearer", api.Accounts.conf.ServerName, int64(OpenIDTime.Seconds())}, err
}

// OpenIDUserRequest carries an OpenID token.
type OpenIDUserRequest struct {
	Token string `query:"access_token" json:"-"`
}

// OpenIDUserAnswer is whose an OpenID token is.
type OpenIDUserAnswer struct {
	User string `json:"sub"`
}

// OpenIDUser answers GET /_matrix/federation/v1/openid/userinfo.
func (api API) OpenIDUser(ctx context.Context, _ *audit.Caller, in OpenIDUserRequest) (OpenIDUserAnswer, error) {
	user, err := api.Accounts.OpenIDUser(ctx, in.Token)
	return OpenIDUserAnswer{user}, err
}
