package push

import (
	"database/sql"
	"errors"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

func changesOf(tx *store.Tx, user string) (changes string, err error) {
	err = tx.Row(`SELECT changes FROM push_rules WHERE user_id = $1`, []any{user}, &changes)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errs.Absent("No rules of their own.")
	}
	return changes, err
}

func putChanges(tx *store.Tx, user, changes string) error {
	return tx.Exec(`INSERT INTO push_rules (user_id, changes) VALUES ($1, $2)
		ON CONFLICT (user_id) DO UPDATE SET changes = excluded.changes`, user, changes)
}

func deleteChanges(tx *store.Tx, user string) error {
	return tx.Exec(`DELETE FROM push_rules WHERE user_id = $1`, user)
}

const pusherColumns = `user_id, app_id, pushkey, device, url, app_name, device_name, profile_tag, lang, data, updated, told, behind`

func scanPushers(tx *store.Tx, query string, args ...any) (out []Pusher, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Pusher
		var data string
		err := rows.Scan(&p.User, &p.AppID, &p.Key, &p.Device, &p.url, &p.AppName, &p.DeviceName, &p.ProfileTag, &p.Lang, &data,
			&p.Updated, &p.told, &p.behind)
		if err != nil {
			return nil, err
		}
		p.Data = []byte(data)
		out = append(out, p)
	}
	return out, rows.Err()
}

func pushersOf(tx *store.Tx, user string) ([]Pusher, error) {
	return scanPushers(tx, `SELECT `+pusherColumns+` FROM pusher WHERE user_id = $1 ORDER BY app_id, pushkey`, user)
}

func allPushers(tx *store.Tx) ([]Pusher, error) {
	return scanPushers(tx, `SELECT `+pusherColumns+` FROM pusher`)
}

func anyPusher(tx *store.Tx) (bool, error) {
	var n int
	err := tx.Row(`SELECT count(*) FROM (SELECT 1 FROM pusher LIMIT 1) AS p`, nil, &n)
	return n > 0, err
}

func usersOfKey(tx *store.Tx, app, key string) (out []string, err error) {
	rows, err := tx.Query(`SELECT user_id FROM pusher WHERE app_id = $1 AND pushkey = $2 ORDER BY user_id`, app, key)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var user string
		if err := rows.Scan(&user); err != nil {
			return nil, err
		}
		out = append(out, user)
	}
	return out, rows.Err()
}

// putPusher makes a pusher or changes one; how far an old one has been told stays.
func putPusher(tx *store.Tx, p *Pusher) error {
	return tx.Exec(`INSERT INTO pusher (`+pusherColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)
		ON CONFLICT (user_id, app_id, pushkey) DO UPDATE SET device = excluded.device, url = excluded.url, app_name = excluded.app_name,
			device_name = excluded.device_name, profile_tag = excluded.profile_tag, lang = excluded.lang, data = excluded.data,
			updated = excluded.updated`,
		p.User, p.AppID, p.Key, p.Device, p.url, p.AppName, p.DeviceName, p.ProfileTag, p.Lang, string(p.Data), p.Updated, p.told)
}

func deletePusher(tx *store.Tx, user, app, key string) error {
	return tx.Exec(`DELETE FROM pusher WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`, user, app, key)
}

func deletePushersOfDevice(tx *store.Tx, user, device string) error {
	return tx.Exec(`DELETE FROM pusher WHERE user_id = $1 AND device = $2`, user, device)
}

func deletePushers(tx *store.Tx, user string) error {
	return tx.Exec(`DELETE FROM pusher WHERE user_id = $1`, user)
}

func setTold(tx *store.Tx, p *Pusher) error {
	return tx.Exec(`UPDATE pusher SET told = $4, behind = $5 WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`,
		p.User, p.AppID, p.Key, p.told, p.behind)
}

// lease is the row of push_delivery.
type lease struct {
	holder     string
	until, pos int64
}

// readLease gives the lease, an empty one when none was ever taken.
func readLease(tx *store.Tx) (l lease, err error) {
	err = tx.Row(`SELECT holder, until, pos FROM push_delivery WHERE id = 1`, nil, &l.holder, &l.until, &l.pos)
	if errors.Is(err, sql.ErrNoRows) {
		return lease{}, nil
	}
	return l, err
}

func putLease(tx *store.Tx, l lease) error {
	return tx.Exec(`INSERT INTO push_delivery (id, holder, until, pos) VALUES (1, $1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until = excluded.until, pos = excluded.pos`, l.holder, l.until, l.pos)
}

// Conditions that follow room.SelectEvents.
const (
	whereBetween = ` WHERE e.pos > $1 AND e.pos <= $2 ORDER BY e.pos LIMIT $3`
	wherePos     = ` WHERE e.pos = $1`
	whereMine    = ` JOIN member m ON m.room = e.room AND m.user_id = $1 AND m.membership = 'join'
		WHERE e.pos > $2 AND e.pos <= $3 ORDER BY e.pos DESC`
)

// pusherOf gives one pusher; errs.NotFound when it is gone.
func pusherOf(tx *store.Tx, user, app, key string) (Pusher, error) {
	list, err := scanPushers(tx, `SELECT `+pusherColumns+` FROM pusher WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`, user, app, key)
	if err != nil {
		return Pusher{}, err
	}
	if len(list) == 0 {
		return Pusher{}, errs.Absent("There is no such pusher.")
	}
	return list[0], nil
}
