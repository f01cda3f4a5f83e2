package client

import (
	"context"
	"net/http"
)

// KeysUpload is a device's keys to publish; zero parts are left out.
type KeysUpload struct {
	DeviceKeys   any            `json:"device_keys,omitzero"`
	OneTimeKeys  map[string]any `json:"one_time_keys,omitempty"`
	FallbackKeys map[string]any `json:"fallback_keys,omitempty"`
}

// UploadKeys publishes keys of this device and answers how many one-time keys the server now holds, by algorithm.
func (c *Client) UploadKeys(ctx context.Context, keys KeysUpload) (counts map[string]int, err error) {
	var answer struct {
		Counts map[string]int `json:"one_time_key_counts"`
	}
	err = c.post(ctx, v3("keys", "upload"), keys, &answer)
	return answer.Counts, err
}

// KeysFound are the public keys of users: of their devices, and those that sign them.
type KeysFound struct {
	DeviceKeys      map[string]map[string]Raw `json:"device_keys"` // by user, then device
	MasterKeys      map[string]Raw            `json:"master_keys"`
	SelfSigningKeys map[string]Raw            `json:"self_signing_keys"`
	UserSigningKeys map[string]Raw            `json:"user_signing_keys"`
	Failures        map[string]Raw            `json:"failures"`
}

// QueryKeys reads the public keys of users; an empty list of devices is all of them.
func (c *Client) QueryKeys(ctx context.Context, devices map[string][]string) (found KeysFound, err error) {
	wanted := map[string][]string{}
	for user, ids := range devices {
		wanted[user] = append([]string{}, ids...)
	}
	err = c.post(ctx, v3("keys", "query"), Object{"device_keys": wanted}, &found)
	return found, err
}

// ClaimKeys takes one one-time key of each named device (user, then device, to algorithm). The answer is by user,
// device, and key id.
func (c *Client) ClaimKeys(ctx context.Context, wanted map[string]map[string]string) (map[string]map[string]map[string]Raw, error) {
	var answer struct {
		Keys map[string]map[string]map[string]Raw `json:"one_time_keys"`
	}
	err := c.post(ctx, v3("keys", "claim"), Object{"one_time_keys": wanted}, &answer)
	return answer.Keys, err
}

// DeviceLists names users whose devices changed, and users no longer shared a room with.
type DeviceLists struct {
	Changed []string `json:"changed"`
	Left    []string `json:"left"`
}

// KeyChanges reads whose devices changed between two sync tokens.
func (c *Client) KeyChanges(ctx context.Context, from, to string) (lists DeviceLists, err error) {
	err = c.read(ctx, v3("keys", "changes"), params("from", from, "to", to), &lists)
	return lists, err
}

// UploadCrossSigning publishes the user's signing keys (an object with master_key, self_signing_key and
// user_signing_key); the password proves who asks.
func (c *Client) UploadCrossSigning(ctx context.Context, keys Object, password string) error {
	return c.prove(ctx, http.MethodPost, v3("keys", "device_signing", "upload"), keys, password, nil)
}

// UploadSignatures publishes signatures of keys, by user and then device or key; the answer names those refused.
func (c *Client) UploadSignatures(ctx context.Context, signed any) (failures Raw, err error) {
	var answer struct {
		Failures Raw `json:"failures"`
	}
	err = c.post(ctx, v3("keys", "signatures", "upload"), signed, &answer)
	return answer.Failures, err
}

// SendToDevice sends a message to devices (by user, then device, where "*" is every device), under a new
// transaction id.
func (c *Client) SendToDevice(ctx context.Context, eventType string, messages map[string]map[string]any) error {
	return c.SendToDeviceTxn(ctx, eventType, c.NewTxn(), messages)
}

// SendToDeviceTxn is [Client.SendToDevice] under the caller's transaction id.
func (c *Client) SendToDeviceTxn(ctx context.Context, eventType, txn string, messages map[string]map[string]any) error {
	return c.put(ctx, v3("sendToDevice", eventType, txn), Object{"messages": messages}, nil)
}

// KeyBackup is a version of the user's backup of room keys.
type KeyBackup struct {
	Version   string `json:"version,omitzero"`
	Algorithm string `json:"algorithm"`
	AuthData  Raw    `json:"auth_data"`
	Count     int    `json:"count,omitzero"`
	ETag      string `json:"etag,omitzero"`
}

// CreateKeyBackup begins a new version and answers its name.
func (c *Client) CreateKeyBackup(ctx context.Context, backup KeyBackup) (version string, err error) {
	var answer struct {
		Version string `json:"version"`
	}
	body := Object{"algorithm": backup.Algorithm, "auth_data": backup.AuthData}
	err = c.post(ctx, v3("room_keys", "version"), body, &answer)
	return answer.Version, err
}

// KeyBackup describes a version, or with an empty name the latest.
func (c *Client) KeyBackup(ctx context.Context, version string) (backup KeyBackup, err error) {
	segments := []string{"room_keys", "version"}
	if version != "" {
		segments = append(segments, version)
	}
	err = c.read(ctx, v3(segments...), nil, &backup)
	return backup, err
}

// UpdateKeyBackup changes the auth data of a version.
func (c *Client) UpdateKeyBackup(ctx context.Context, backup KeyBackup) error {
	body := Object{"algorithm": backup.Algorithm, "auth_data": backup.AuthData, "version": backup.Version}
	return c.put(ctx, v3("room_keys", "version", backup.Version), body, nil)
}

// DeleteKeyBackup removes a version and the keys in it.
func (c *Client) DeleteKeyBackup(ctx context.Context, version string) error {
	return c.remove(ctx, v3("room_keys", "version", version), nil)
}

// BackupCount is how many keys a backup holds, and a tag that changes when they do.
type BackupCount struct {
	Count int    `json:"count"`
	ETag  string `json:"etag"`
}

// PutRoomKeys stores keys in a backup. With both ids empty the body is {"rooms": …}; with a room, {"sessions": …};
// with both, one key.
func (c *Client) PutRoomKeys(ctx context.Context, version, roomID, sessionID string, keys any) (count BackupCount, err error) {
	err = c.Call(ctx, http.MethodPut, roomKeysPath(roomID, sessionID), params("version", version), keys, &count)
	return count, err
}

// RoomKeys reads keys of a backup: all, of a room, or one.
func (c *Client) RoomKeys(ctx context.Context, version, roomID, sessionID string) (keys Raw, err error) {
	err = c.read(ctx, roomKeysPath(roomID, sessionID), params("version", version), &keys)
	return keys, err
}

// DeleteRoomKeys removes keys of a backup: all, of a room, or one.
func (c *Client) DeleteRoomKeys(ctx context.Context, version, roomID, sessionID string) (count BackupCount, err error) {
	err = c.Call(ctx, http.MethodDelete, roomKeysPath(roomID, sessionID), params("version", version), nil, &count)
	return count, err
}

func roomKeysPath(roomID, sessionID string) string {
	segments := []string{"room_keys", "keys"}
	if roomID != "" {
		segments = append(segments, roomID)
		if sessionID != "" {
			segments = append(segments, sessionID)
		}
	}
	return v3(segments...)
}
