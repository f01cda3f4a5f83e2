package keys

import (
	"github.com/wardline/wardline/internal/platform/store"
)

// deviceRow is a device with its identity keys.
type deviceRow struct {
	device
	body string
}

// deviceKeys gives the identity keys of all devices of users.
func deviceKeys(tx *store.Tx, users []string) ([]deviceRow, error) {
	var args []any
	rows, err := tx.Query(`SELECT user_id, device_id, body FROM device_key WHERE user_id IN `+store.In(&args, users), args...)
	if err != nil {
		return nil, err
	}
	var list []deviceRow
	err = each(rows, func() error {
		var r deviceRow
		err := rows.Scan(&r.user, &r.id, &r.body)
		list = append(list, r)
		return err
	})
	return list, err
}

// deviceNames gives the names that users gave to their devices; a device without one is there with an empty name.
func deviceNames(tx *store.Tx, users []string) (map[device]string, error) {
	var args []any
	rows, err := tx.Query(`SELECT user_id, device_id, name FROM device
		WHERE user_id IN `+store.In(&args, users), args...)
	if err != nil {
		return nil, err
	}
	names := map[device]string{}
	err = each(rows, func() error {
		var d device
		var name string
		err := rows.Scan(&d.user, &d.id, &name)
		names[d] = name
		return err
	})
	return names, err
}

// crossKey is a stored cross-signing key.
type crossKey struct {
	user, usage, public, body string
}

func crossKeys(tx *store.Tx, users []string) ([]crossKey, error) {
	var args []any
	rows, err := tx.Query(`SELECT user_id, usage, public_key, body FROM cross_signing_key
		WHERE user_id IN `+store.In(&args, users), args...)
	if err != nil {
		return nil, err
	}
	var list []crossKey
	err = each(rows, func() error {
		var c crossKey
		err := rows.Scan(&c.user, &c.usage, &c.public, &c.body)
		list = append(list, c)
		return err
	})
	return list, err
}

func putCrossKey(tx *store.Tx, c crossKey) error {
	return tx.Exec(`INSERT INTO cross_signing_key (user_id, usage, public_key, body) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, usage) DO UPDATE SET public_key = excluded.public_key, body = excluded.body`,
		c.user, c.usage, c.public, c.body)
}

// deleteCrossKey forgets a cross-signing key with the signatures on it and by it.
func deleteCrossKey(tx *store.Tx, c crossKey) error {
	if err := tx.Exec(`DELETE FROM cross_signing_key WHERE user_id = $1 AND usage = $2`, c.user, c.usage); err != nil {
		return err
	}
	if err := tx.Exec(`DELETE FROM key_signature WHERE user_id = $1 AND key_id = $2`, c.user, c.public); err != nil {
		return err
	}
	return deleteSignaturesBy(tx, c.user, c.public)
}

// deleteSignaturesBy forgets the signatures made by a device or cross-signing key of a user.
func deleteSignaturesBy(tx *store.Tx, user, keyID string) error {
	return tx.Exec(`DELETE FROM key_signature WHERE signer = $1 AND signer_key = $2`, user, "ed25519:"+keyID)
}

// signature is one signature added after the key was uploaded.
type signature struct {
	user, keyID, signer, signerKey, value string
}

// signaturesOn gives the signatures on keys of users that viewer may see: their own, and the viewer's.
func signaturesOn(tx *store.Tx, users []string, viewer string) ([]signature, error) {
	args := []any{viewer}
	rows, err := tx.Query(`SELECT user_id, key_id, signer, signer_key, signature FROM key_signature
		WHERE (signer = user_id OR signer = $1) AND user_id IN `+store.In(&args, users), args...)
	if err != nil {
		return nil, err
	}
	var list []signature
	err = each(rows, func() error {
		var s signature
		err := rows.Scan(&s.user, &s.keyID, &s.signer, &s.signerKey, &s.value)
		list = append(list, s)
		return err
	})
	return list, err
}

func putSignature(tx *store.Tx, s signature) error {
	return tx.Exec(`INSERT INTO key_signature (user_id, key_id, signer, signer_key, signature) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, key_id, signer, signer_key) DO UPDATE SET signature = excluded.signature`,
		s.user, s.keyID, s.signer, s.signerKey, s.value)
}

func putDeviceList(tx *store.Tx, user, viewer string, pos int64) error {
	return tx.Exec(`INSERT INTO device_list (user_id, viewer, pos) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, viewer) DO UPDATE SET pos = excluded.pos`, user, viewer, pos)
}

// lastChanges gives the last change of each user's keys, oldest first.
func lastChanges(tx *store.Tx) ([]change, error) {
	rows, err := tx.Query(`SELECT user_id, viewer, pos FROM device_list ORDER BY pos`)
	if err != nil {
		return nil, err
	}
	var list []change
	err = each(rows, func() error {
		var c change
		err := rows.Scan(&c.user, &c.viewer, &c.pos)
		list = append(list, c)
		return err
	})
	return list, err
}
