package keybackup

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/store"
)

// lastVersion gives the highest number ever given out to a user, and how many backups are not deleted.
func lastVersion(tx *store.Tx, user string) (last, live int64, err error) {
	err = tx.Row(`SELECT COALESCE(MAX(version), 0), COUNT(*) FILTER (WHERE deleted = 0) FROM key_backup WHERE user_id = $1`,
		[]any{user}, &last, &live)
	return last, live, err
}

func insertVersion(tx *store.Tx, v *version) error {
	return tx.Exec(`INSERT INTO key_backup (user_id, version, algorithm, auth_data, etag, held) VALUES ($1, $2, $3, $4, 0, 0)`,
		v.user, v.nr, v.algorithm, v.auth)
}

func oneVersion(tx *store.Tx, user string, nr int64) (*version, error) {
	return scanVersion(tx, user, `SELECT version, algorithm, auth_data, etag, held, deleted FROM key_backup
		WHERE user_id = $1 AND version = $2`, user, nr)
}

func currentVersion(tx *store.Tx, user string) (*version, error) {
	return scanVersion(tx, user, `SELECT version, algorithm, auth_data, etag, held, deleted FROM key_backup
		WHERE user_id = $1 AND deleted = 0 ORDER BY version DESC LIMIT 1`, user)
}

func scanVersion(tx *store.Tx, user, query string, args ...any) (*version, error) {
	v := &version{user: user}
	var deleted int64
	err := tx.Row(query, args, &v.nr, &v.algorithm, &v.auth, &v.etag, &v.held, &deleted)
	if err != nil {
		return nil, err
	}
	v.deleted = deleted > 0
	return v, nil
}

func updateAuth(tx *store.Tx, v *version, auth string) error {
	return tx.Exec(`UPDATE key_backup SET auth_data = $1 WHERE user_id = $2 AND version = $3`, auth, v.user, v.nr)
}

func updateStand(tx *store.Tx, v *version) error {
	return tx.Exec(`UPDATE key_backup SET etag = $1, held = $2 WHERE user_id = $3 AND version = $4`, v.etag, v.held, v.user, v.nr)
}

// deleteVersion leaves the number as a stone.
func deleteVersion(tx *store.Tx, v *version) error {
	if err := tx.Exec(`DELETE FROM key_backup_key WHERE user_id = $1 AND version = $2`, v.user, v.nr); err != nil {
		return err
	}
	return tx.Exec(`UPDATE key_backup SET auth_data = '{}', held = 0, deleted = $1 WHERE user_id = $2 AND version = $3`,
		tx.Now().UnixMilli(), v.user, v.nr)
}

func deleteAll(tx *store.Tx, user string) error {
	if err := tx.Exec(`DELETE FROM key_backup_key WHERE user_id = $1`, user); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM key_backup WHERE user_id = $1`, user)
}

// keysOf gives those of the sessions of a room that are stored.
func keysOf(tx *store.Tx, v *version, room string, sessions []string) (map[string]Key, error) {
	args := []any{v.user, v.nr, room}
	list, err := scanKeys(tx, `SELECT room_id, session_id, first_index, forwarded, verified, session FROM key_backup_key
		WHERE user_id = $1 AND version = $2 AND room_id = $3 AND session_id IN `+store.In(&args, sessions), args)
	found := make(map[string]Key, len(list))
	for _, e := range list {
		found[e.Session] = e.Key
	}
	return found, err
}

// keysAfter gives the next keys after a place, of one room or (room empty) of all.
func keysAfter(tx *store.Tx, v *version, room string, after Scope, limit int) ([]Entry, error) {
	const columns = `SELECT room_id, session_id, first_index, forwarded, verified, session FROM key_backup_key
		WHERE user_id = $1 AND version = $2 AND `
	if room != "" {
		return scanKeys(tx, columns+`room_id = $3 AND session_id > $4 ORDER BY room_id, session_id LIMIT $5`,
			[]any{v.user, v.nr, room, after.Session, limit})
	}
	return scanKeys(tx, columns+`(room_id, session_id) > ($3, $4) ORDER BY room_id, session_id LIMIT $5`,
		[]any{v.user, v.nr, after.Room, after.Session, limit})
}

func scanKeys(tx *store.Tx, query string, args []any) ([]Entry, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // after Err has told all there is
	var list []Entry
	for rows.Next() {
		var e Entry
		var verified int64
		var session string
		if err := rows.Scan(&e.Room, &e.Session, &e.Key.FirstIndex, &e.Key.Forwarded, &verified, &session); err != nil {
			return nil, err
		}
		e.Key.Verified, e.Key.Session = verified > 0, jsontext.Value(session)
		list = append(list, e)
	}
	return list, rows.Err()
}

func putKey(tx *store.Tx, v *version, e Entry) error {
	verified := 0
	if e.Key.Verified {
		verified = 1
	}
	return tx.Exec(`INSERT INTO key_backup_key (user_id, version, room_id, session_id, first_index, forwarded, verified, session)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (user_id, version, room_id, session_id) DO UPDATE SET first_index = excluded.first_index,
			forwarded = excluded.forwarded, verified = excluded.verified, session = excluded.session`,
		v.user, v.nr, e.Room, e.Session, e.Key.FirstIndex, e.Key.Forwarded, verified, string(e.Key.Session))
}

// deleteKeys deletes the keys of a scope and says how many there were.
func deleteKeys(tx *store.Tx, v *version, at Scope) (int64, error) {
	query, args := `DELETE FROM key_backup_key WHERE user_id = $1 AND version = $2`, []any{v.user, v.nr}
	if at.Room != "" {
		query, args = query+` AND room_id = $3`, append(args, at.Room)
	}
	if at.Session != "" {
		query, args = query+` AND session_id = $4`, append(args, at.Session)
	}
	return tx.ExecCount(query, args...)
}
