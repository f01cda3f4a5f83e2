package client

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the shared-secret registration protocol is defined with HMAC-SHA1
	"encoding/hex"
	"errors"
	"io"
	"net/http"
)

// Versions lists the versions of the specification the server claims, and its unstable features.
func (c *Client) Versions(ctx context.Context) (versions []string, unstable map[string]bool, err error) {
	var answer struct {
		Versions []string        `json:"versions"`
		Unstable map[string]bool `json:"unstable_features"`
	}
	err = c.read(ctx, "/_matrix/client/versions", nil, &answer)
	return answer.Versions, answer.Unstable, err
}

// WellKnown is the discovery document, /.well-known/matrix/client.
func (c *Client) WellKnown(ctx context.Context) (document Raw, err error) {
	err = c.read(ctx, "/.well-known/matrix/client", nil, &document)
	return document, err
}

// Capabilities is what the server lets this user do: default room version, password change and so on.
func (c *Client) Capabilities(ctx context.Context) (capabilities Raw, err error) {
	var answer struct {
		Capabilities Raw `json:"capabilities"`
	}
	err = c.read(ctx, v3("capabilities"), nil, &answer)
	return answer.Capabilities, err
}

// LoginFlows are the kinds of sign-in the server offers, such as m.login.password.
func (c *Client) LoginFlows(ctx context.Context) ([]string, error) {
	var answer struct {
		Flows []struct {
			Type string `json:"type"`
		} `json:"flows"`
	}
	err := c.read(ctx, v3("login"), nil, &answer)
	var kinds []string
	for _, flow := range answer.Flows {
		kinds = append(kinds, flow.Type)
	}
	return kinds, err
}

// LoginOptions are the parts of a password sign-in that may be left out.
type LoginOptions struct {
	DeviceID   string // continue this device; empty makes a new one
	DeviceName string
	Refresh    bool // ask for an access token that expires, with a refresh token
}

// Login signs in with a password and keeps the session. The user is a localpart or a whole Matrix id.
func (c *Client) Login(ctx context.Context, user, password string, options LoginOptions) error {
	request := Object{
		"type":       "m.login.password",
		"identifier": Object{"type": "m.id.user", "user": user},
		"password":   password,
	}
	if options.DeviceID != "" {
		request["device_id"] = options.DeviceID
	}
	if options.DeviceName != "" {
		request["initial_device_display_name"] = options.DeviceName
	}
	if options.Refresh {
		request["refresh_token"] = true
	}
	return c.signIn(ctx, v3("login"), request)
}

// signIn posts a request that answers with a session, and keeps it.
func (c *Client) signIn(ctx context.Context, path string, request any) error {
	var session Session
	if err := c.As(Session{}).post(ctx, path, request, &session); err != nil {
		return err
	}
	c.SetSession(session)
	return nil
}

// Register makes an account by the open registration of a test server (m.login.dummy) and keeps its session. An
// empty password is left out of the request.
func (c *Client) Register(ctx context.Context, localpart, password string) error {
	request := Object{"username": localpart, "auth": Object{"type": "m.login.dummy"}}
	if password != "" {
		request["password"] = password
	}
	err := c.signIn(ctx, v3("register"), request)
	if refusal, ok := errors.AsType[*Error](err); ok && refusal.Status == http.StatusUnauthorized && refusal.Session != "" {
		request["auth"] = Object{"type": "m.login.dummy", "session": refusal.Session}
		err = c.signIn(ctx, v3("register"), request)
	}
	return err
}

// RegisterWithSecret makes an account with the server's registration secret and keeps its session. The request is
// proved by HMAC-SHA1 over a nonce of the server, the name, the password and the rank.
func (c *Client) RegisterWithSecret(ctx context.Context, secret, localpart, password string, admin bool) error {
	const path = "/_synapse/admin/v1/register"
	var challenge struct {
		Nonce string `json:"nonce"`
	}
	if err := c.read(ctx, path, nil, &challenge); err != nil {
		return err
	}
	rank := "notadmin"
	if admin {
		rank = "admin"
	}
	mac := hmac.New(sha1.New, []byte(secret))
	_, _ = io.WriteString(mac, challenge.Nonce+"\x00"+localpart+"\x00"+password+"\x00"+rank)
	return c.signIn(ctx, path, Object{
		"nonce": challenge.Nonce, "username": localpart, "password": password, "admin": admin,
		"mac": hex.EncodeToString(mac.Sum(nil)),
	})
}

// UsernameAvailable asks whether a localpart can be registered; a refusal says why not.
func (c *Client) UsernameAvailable(ctx context.Context, localpart string) (available bool, err error) {
	var answer struct {
		Available bool `json:"available"`
	}
	err = c.read(ctx, v3("register", "available"), params("username", localpart), &answer)
	return answer.Available, err
}

// Logout ends this session on the server and forgets it.
func (c *Client) Logout(ctx context.Context) error {
	return c.signOut(ctx, v3("logout"))
}

// LogoutAll ends every session of the user and forgets this one.
func (c *Client) LogoutAll(ctx context.Context) error {
	return c.signOut(ctx, v3("logout", "all"))
}

func (c *Client) signOut(ctx context.Context, path string) error {
	if err := c.post(ctx, path, nil, nil); err != nil {
		return err
	}
	c.SetSession(Session{})
	return nil
}

// Refresh trades the refresh token for new tokens and keeps them.
func (c *Client) Refresh(ctx context.Context) error {
	session := c.Session()
	var fresh Session
	if err := c.As(Session{}).post(ctx, v3("refresh"), Object{"refresh_token": session.RefreshToken}, &fresh); err != nil {
		return err
	}
	session.AccessToken, session.ExpiresInMs = fresh.AccessToken, fresh.ExpiresInMs
	if fresh.RefreshToken != "" {
		session.RefreshToken = fresh.RefreshToken
	}
	c.SetSession(session)
	return nil
}

// Identity is the answer to "who am I".
type Identity struct {
	UserID   string `json:"user_id"`
	DeviceID string `json:"device_id"`
	IsGuest  bool   `json:"is_guest"`
}

// WhoAmI asks whose access token this is.
func (c *Client) WhoAmI(ctx context.Context) (identity Identity, err error) {
	err = c.read(ctx, v3("account", "whoami"), nil, &identity)
	return identity, err
}

// prove sends a request that may ask who is there, answering with the password when it does
// (user-interactive authentication).
func (c *Client) prove(ctx context.Context, method, path string, request Object, password string, into any) error {
	err := c.Call(ctx, method, path, nil, request, into)
	refusal, ok := errors.AsType[*Error](err)
	if !ok || refusal.Status != http.StatusUnauthorized || refusal.Session == "" {
		return err
	}
	request["auth"] = Object{
		"type": "m.login.password", "session": refusal.Session, "password": password,
		"identifier": Object{"type": "m.id.user", "user": c.UserID()},
	}
	return c.Call(ctx, method, path, nil, request, into)
}

// ChangePassword replaces the password; with logoutOthers every other device is signed out.
func (c *Client) ChangePassword(ctx context.Context, old, replacement string, logoutOthers bool) error {
	request := Object{"new_password": replacement, "logout_devices": logoutOthers}
	return c.prove(ctx, http.MethodPost, v3("account", "password"), request, old, nil)
}

// Deactivate closes the account for good; with erase the user asks that others no longer see what they wrote.
func (c *Client) Deactivate(ctx context.Context, password string, erase bool) error {
	request := Object{"erase": erase}
	return c.prove(ctx, http.MethodPost, v3("account", "deactivate"), request, password, nil)
}

// Device is one signed-in session of the user, as the device list shows it.
type Device struct {
	DeviceID    string `json:"device_id"`
	DisplayName string `json:"display_name"`
	LastSeenIP  string `json:"last_seen_ip"`
	LastSeenTS  int64  `json:"last_seen_ts"` // milliseconds since 1970
}

// Devices lists the user's devices.
func (c *Client) Devices(ctx context.Context) ([]Device, error) {
	var answer struct {
		Devices []Device `json:"devices"`
	}
	err := c.read(ctx, v3("devices"), nil, &answer)
	return answer.Devices, err
}

// Device is one device of the user.
func (c *Client) Device(ctx context.Context, deviceID string) (device Device, err error) {
	err = c.read(ctx, v3("devices", deviceID), nil, &device)
	return device, err
}

// RenameDevice sets the name a device is shown under.
func (c *Client) RenameDevice(ctx context.Context, deviceID, name string) error {
	return c.put(ctx, v3("devices", deviceID), Object{"display_name": name}, nil)
}

// DeleteDevices signs the given devices out; the password proves who asks.
func (c *Client) DeleteDevices(ctx context.Context, password string, deviceIDs ...string) error {
	if len(deviceIDs) == 1 {
		return c.prove(ctx, http.MethodDelete, v3("devices", deviceIDs[0]), Object{}, password, nil)
	}
	return c.prove(ctx, http.MethodPost, v3("delete_devices"), Object{"devices": deviceIDs}, password, nil)
}

// OpenIDToken is proof for a third party of who this user is.
func (c *Client) OpenIDToken(ctx context.Context) (token Raw, err error) {
	err = c.post(ctx, v3("user", c.UserID(), "openid", "request_token"), nil, &token)
	return token, err
}
