package account

import (
	"database/sql"
	"errors"
	"time"

	"github.com/wardline/wardline/internal/platform/store"
)

const userColumns = `user_id, password, admin, locked, suspended, deactivated, created`

// scanner is a row of a query, or the one row of a query.
type scanner interface{ Scan(dest ...any) error }

func scanUser(row scanner) (User, error) {
	var u User
	var admin, locked, suspended, deactivated, created int64
	err := row.Scan(&u.ID, &u.hash, &admin, &locked, &suspended, &deactivated, &created)
	u.Admin = admin != 0
	u.Locked, u.Suspended, u.Deactivated = since(locked), since(suspended), since(deactivated)
	u.Created = time.UnixMilli(created).UTC()
	return u, err
}

// since reads a time that is 0 for never.
func since(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// one lets Tx.Row be scanned.
type one struct {
	tx    *store.Tx
	query string
	args  []any
}

func (o one) Scan(dest ...any) error { return o.tx.Row(o.query, o.args, dest...) }

func userByID(tx *store.Tx, id string) (User, error) {
	return scanUser(one{tx, `SELECT ` + userColumns + ` FROM account WHERE user_id = $1`, []any{id}})
}

func usersAfter(tx *store.Tx, after string, limit int) ([]User, error) {
	rows, err := tx.Query(`SELECT `+userColumns+` FROM account WHERE user_id > $1 ORDER BY user_id LIMIT $2`, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []User
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, rows.Err()
}

func insertUser(tx *store.Tx, u User) error {
	return tx.Exec(`INSERT INTO account (user_id, password, admin, locked, suspended, deactivated, created)
		VALUES ($1, $2, $3, 0, 0, 0, $4)`, u.ID, u.hash, flag(u.Admin), u.Created.UnixMilli())
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func setPassword(tx *store.Tx, user, password string) error {
	return tx.Exec(`UPDATE account SET password = $2 WHERE user_id = $1`, user, password)
}

func setLocked(tx *store.Tx, user string, since int64) error {
	return tx.Exec(`UPDATE account SET locked = $2 WHERE user_id = $1`, user, since)
}

func setSuspended(tx *store.Tx, user string, since int64) error {
	return tx.Exec(`UPDATE account SET suspended = $2 WHERE user_id = $1`, user, since)
}

func setDeactivated(tx *store.Tx, user string, since int64) error {
	return tx.Exec(`UPDATE account SET deactivated = $2, password = '' WHERE user_id = $1`, user, since)
}

func setAdmin(tx *store.Tx, user string, admin bool) error {
	return tx.Exec(`UPDATE account SET admin = $2 WHERE user_id = $1`, user, flag(admin))
}

func devicesOf(tx *store.Tx, user string) ([]Device, error) {
	rows, err := tx.Query(`SELECT device_id, name, seen, addr FROM device WHERE user_id = $1 ORDER BY seen DESC, device_id`, user)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Device
	for rows.Next() {
		var d Device
		var seen int64
		if err := rows.Scan(&d.ID, &d.Name, &seen, &d.Addr); err != nil {
			return nil, err
		}
		d.Seen = since(seen)
		out = append(out, d)
	}
	return out, rows.Err()
}

// devicesBeyond gives the devices of a person's that are not among the n used last.
func devicesBeyond(tx *store.Tx, user string, n int) ([]string, error) {
	rows, err := tx.Query(`SELECT device_id FROM device WHERE user_id = $1 ORDER BY seen DESC, device_id LIMIT 1000 OFFSET $2`, user, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

func deviceExists(tx *store.Tx, user, id string) (bool, error) {
	var n int64
	err := tx.Row(`SELECT 1 FROM device WHERE user_id = $1 AND device_id = $2`, []any{user, id}, &n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func insertDevice(tx *store.Tx, d Device, user string) error {
	return tx.Exec(`INSERT INTO device (user_id, device_id, name, created, seen, addr) VALUES ($1, $2, $3, $4, $4, $5)`,
		user, d.ID, d.Name, d.Seen.UnixMilli(), d.Addr)
}

func renameDevice(tx *store.Tx, user, id, name string) error {
	return tx.Exec(`UPDATE device SET name = $3 WHERE user_id = $1 AND device_id = $2`, user, id, name)
}

// updateSeen never goes back in time: nodes write in any order.
func updateSeen(tx *store.Tx, key deviceKey, at sighting) error {
	return tx.Exec(`UPDATE device SET seen = $3, addr = $4 WHERE user_id = $1 AND device_id = $2 AND seen <= $3`,
		key.user, key.device, at.at, at.addr)
}

func deleteDevice(tx *store.Tx, user, id string) error {
	return tx.Exec(`DELETE FROM device WHERE user_id = $1 AND device_id = $2`, user, id)
}

// tokenByHash gives a token of any kind, with what its account may do.
func tokenByHash(tx *store.Tx, hash string) (tokenRow, error) {
	var t tokenRow
	var fresh, admin, locked, suspended, deactivated int64
	err := tx.Row(`SELECT t.kind, t.session, t.pair, t.fresh, t.user_id, t.device_id, t.expires,
			a.admin, a.locked, a.suspended, a.deactivated
		FROM token t JOIN account a ON a.user_id = t.user_id WHERE t.hash = $1`, []any{hash},
		&t.kind, &t.session, &t.pair, &fresh, &t.user, &t.device, &t.expires, &admin, &locked, &suspended, &deactivated)
	t.fresh, t.admin, t.locked = fresh != 0, admin != 0, locked != 0
	t.suspended, t.deactivated = suspended != 0, deactivated != 0
	return t, err
}

// sessionLocked tells whether the account of a session is locked; errs.NotFound when the session has ended.
func sessionLocked(tx *store.Tx, session int64) (bool, error) {
	var locked int64
	err := tx.Row(`SELECT a.locked FROM token t JOIN account a ON a.user_id = t.user_id WHERE t.session = $1 AND t.kind = 0 LIMIT 1`,
		[]any{session}, &locked)
	return locked != 0, err
}

func insertToken(tx *store.Tx, hash string, t tokenRow, now int64) error {
	return tx.Exec(`INSERT INTO token (hash, kind, session, pair, fresh, user_id, device_id, issued, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		hash, t.kind, t.session, t.pair, flag(t.fresh), t.user, t.device, now, t.expires)
}

func deleteTokens(tx *store.Tx, user, device string) error {
	return tx.Exec(`DELETE FROM token WHERE user_id = $1 AND device_id = $2`, user, device)
}

// settlePair makes a pair the only good one of its session. The refresh tokens before it stay, spent, until the next time.
func settlePair(tx *store.Tx, session, pair int64) error {
	if err := tx.Exec(`DELETE FROM token WHERE session = $1 AND pair <> $2 AND kind <> 1`, session, pair); err != nil {
		return err
	}
	if err := tx.Exec(`UPDATE token SET kind = 2 WHERE session = $1 AND pair <> $2`, session, pair); err != nil {
		return err
	}
	return tx.Exec(`UPDATE token SET fresh = 0 WHERE session = $1 AND pair = $2`, session, pair)
}

// trimSiblings leaves the n fresh pairs of a session that were issued last.
func trimSiblings(tx *store.Tx, session int64, n int) error {
	return tx.Exec(`DELETE FROM token WHERE session = $1 AND fresh = 1 AND pair NOT IN (
		SELECT pair FROM token WHERE session = $1 AND fresh = 1 GROUP BY pair ORDER BY MAX(issued) DESC, pair LIMIT $2)`,
		session, n)
}

func secretOf(tx *store.Tx, name string) (secret string, err error) {
	err = tx.Row(`SELECT secret FROM account_secret WHERE name = $1`, []any{name}, &secret)
	return secret, err
}

func putSecret(tx *store.Tx, name, secret string) error {
	return tx.Exec(`INSERT INTO account_secret (name, secret) VALUES ($1, $2)`, name, secret)
}
