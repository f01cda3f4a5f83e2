package keys

import (
	"fmt"
	"strings"

	"github.com/wardline/wardline/internal/platform/store"
)

func deviceKey(tx *store.Tx, d device) ([]byte, error) {
	var body string
	err := tx.Row(`SELECT body FROM device_key WHERE user_id = $1 AND device_id = $2`, []any{d.user, d.id}, &body)
	return []byte(body), err
}

func putDeviceKey(tx *store.Tx, d device, body []byte) error {
	return tx.Exec(`INSERT INTO device_key (user_id, device_id, body) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, device_id) DO UPDATE SET body = excluded.body`, d.user, d.id, string(body))
}

// deleteDevice forgets all keys of a device, and the signatures on and by them.
func deleteDevice(tx *store.Tx, user, id string) error {
	for _, q := range []string{
		`DELETE FROM device_key WHERE user_id = $1 AND device_id = $2`,
		`DELETE FROM one_time_key WHERE user_id = $1 AND device_id = $2`,
		`DELETE FROM fallback_key WHERE user_id = $1 AND device_id = $2`,
		`DELETE FROM key_signature WHERE user_id = $1 AND key_id = $2`,
	} {
		if err := tx.Exec(q, user, id); err != nil {
			return err
		}
	}
	return deleteSignaturesBy(tx, user, id)
}

// deleteUser forgets all keys of a user, and the signatures on and by them.
func deleteUser(tx *store.Tx, user string) error {
	for _, q := range []string{
		`DELETE FROM device_key WHERE user_id = $1`,
		`DELETE FROM one_time_key WHERE user_id = $1`,
		`DELETE FROM fallback_key WHERE user_id = $1`,
		`DELETE FROM cross_signing_key WHERE user_id = $1`,
		`DELETE FROM key_signature WHERE user_id = $1`,
		`DELETE FROM key_signature WHERE signer = $1`,
		`DELETE FROM device_list WHERE viewer = $1`,
	} {
		if err := tx.Exec(q, user); err != nil {
			return err
		}
	}
	return nil
}

// oneTimeKeys gives, of the keys named, those the device has published, by "algorithm:id"; the body of a claimed one
// is empty.
func oneTimeKeys(tx *store.Tx, d device, keys []oneTime) (map[string]string, error) {
	ids := map[string][]string{}
	for _, one := range keys {
		ids[one.algorithm] = append(ids[one.algorithm], one.id)
	}
	known := map[string]string{}
	for algorithm, list := range ids {
		args := []any{d.user, d.id, algorithm}
		rows, err := tx.Query(`SELECT key_id, body FROM one_time_key
			WHERE user_id = $1 AND device_id = $2 AND algorithm = $3 AND key_id IN `+store.In(&args, list), args...)
		if err != nil {
			return nil, err
		}
		if err := each(rows, func() error {
			var id, body string
			if err := rows.Scan(&id, &body); err != nil {
				return err
			}
			known[algorithm+":"+id] = body
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return known, nil
}

func insertOneTime(tx *store.Tx, d device, one oneTime, pos int64) error {
	return tx.Exec(`INSERT INTO one_time_key (user_id, device_id, algorithm, key_id, pos, body)
		VALUES ($1, $2, $3, $4, $5, $6)`, d.user, d.id, one.algorithm, one.id, pos, string(one.body))
}

func countOneTime(tx *store.Tx, d device) (map[string]int64, error) {
	rows, err := tx.Query(`SELECT algorithm, COUNT(*) FROM one_time_key
		WHERE user_id = $1 AND device_id = $2 AND claimed = 0 GROUP BY algorithm`, d.user, d.id)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	err = each(rows, func() error {
		var algorithm string
		var n int64
		if err := rows.Scan(&algorithm, &n); err != nil {
			return err
		}
		counts[algorithm] = n
		return nil
	})
	return counts, err
}

// claim is one key asked for, or found.
type claim struct {
	device
	algorithm string
}

// nextOneTime gives the oldest unclaimed key for each claim that has one.
func nextOneTime(tx *store.Tx, claims []claim) (map[claim]oneTime, error) {
	var args []any
	return scanClaims(tx, `WITH wanted (user_id, device_id, algorithm) AS (VALUES `+wanted(&args, claims)+`)
		SELECT k.user_id, k.device_id, k.algorithm, k.key_id, k.body FROM wanted w
		JOIN one_time_key k ON k.user_id = w.user_id AND k.device_id = w.device_id AND k.algorithm = w.algorithm
			AND k.key_id = (SELECT n.key_id FROM one_time_key n
				WHERE n.user_id = w.user_id AND n.device_id = w.device_id AND n.algorithm = w.algorithm AND n.claimed = 0
				ORDER BY n.pos, n.key_id LIMIT 1)`, args)
}

// fallbackFor gives the fallback key for each claim that has one.
func fallbackFor(tx *store.Tx, claims []claim) (map[claim]oneTime, error) {
	var args []any
	return scanClaims(tx, `WITH wanted (user_id, device_id, algorithm) AS (VALUES `+wanted(&args, claims)+`)
		SELECT k.user_id, k.device_id, k.algorithm, k.key_id, k.body FROM wanted w
		JOIN fallback_key k ON k.user_id = w.user_id AND k.device_id = w.device_id AND k.algorithm = w.algorithm`, args)
}

// wanted gives the rows of a VALUES list, filled up to a power of eight with the last, so that few texts are prepared.
func wanted(args *[]any, claims []claim) string {
	n := 1
	for n < len(claims) {
		n *= 8
	}
	rows := make([]string, n)
	for i := range rows {
		c := claims[min(i, len(claims)-1)]
		*args = append(*args, c.user, c.id, c.algorithm)
		rows[i] = fmt.Sprintf("($%d, $%d, $%d)", i*3+1, i*3+2, i*3+3)
	}
	return strings.Join(rows, ", ")
}

func scanClaims(tx *store.Tx, query string, args []any) (map[claim]oneTime, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	found := map[claim]oneTime{}
	err = each(rows, func() error {
		var c claim
		var id, body string
		if err := rows.Scan(&c.user, &c.id, &c.algorithm, &id, &body); err != nil {
			return err
		}
		found[c] = oneTime{algorithm: c.algorithm, id: id, body: []byte(body)}
		return nil
	})
	return found, err
}

// spend marks a one-time key as claimed, and forgets it but for its id.
func spend(tx *store.Tx, c claim, id string) error {
	return tx.Exec(`UPDATE one_time_key SET claimed = $1, body = ''
		WHERE user_id = $2 AND device_id = $3 AND algorithm = $4 AND key_id = $5`,
		tx.Now().UnixMilli(), c.user, c.device.id, c.algorithm, id)
}

func deleteStones(tx *store.Tx, before int64) error {
	return tx.Exec(`DELETE FROM one_time_key WHERE claimed > 0 AND claimed < $1`, before)
}

// fallbackKeys gives a device's fallback keys by algorithm.
func fallbackKeys(tx *store.Tx, d device) (map[string]oneTime, error) {
	rows, err := tx.Query(`SELECT algorithm, key_id, body FROM fallback_key WHERE user_id = $1 AND device_id = $2`, d.user, d.id)
	if err != nil {
		return nil, err
	}
	found := map[string]oneTime{}
	err = each(rows, func() error {
		var algorithm, id, body string
		if err := rows.Scan(&algorithm, &id, &body); err != nil {
			return err
		}
		found[algorithm] = oneTime{algorithm: algorithm, id: id, body: []byte(body)}
		return nil
	})
	return found, err
}

func putFallback(tx *store.Tx, d device, one oneTime) error {
	return tx.Exec(`INSERT INTO fallback_key (user_id, device_id, algorithm, key_id, used, body) VALUES ($1, $2, $3, $4, 0, $5)
		ON CONFLICT (user_id, device_id, algorithm) DO UPDATE SET key_id = excluded.key_id, used = 0, body = excluded.body`,
		d.user, d.id, one.algorithm, one.id, string(one.body))
}

func useFallback(tx *store.Tx, c claim) error {
	return tx.Exec(`UPDATE fallback_key SET used = 1 WHERE user_id = $1 AND device_id = $2 AND algorithm = $3 AND used = 0`,
		c.user, c.id, c.algorithm)
}

func unusedFallback(tx *store.Tx, d device) ([]string, error) {
	rows, err := tx.Query(`SELECT algorithm FROM fallback_key WHERE user_id = $1 AND device_id = $2 AND used = 0
		ORDER BY algorithm`, d.user, d.id)
	if err != nil {
		return nil, err
	}
	list := []string{}
	err = each(rows, func() error {
		var algorithm string
		err := rows.Scan(&algorithm)
		list = append(list, algorithm)
		return err
	})
	return list, err
}

// each reads rows to their end and closes them.
func each(rows store.Rows, scan func() error) error {
	defer func() { _ = rows.Close() }() // after Err has told all there is
	for rows.Next() {
		if err := scan(); err != nil {
			return err
		}
	}
	return rows.Err()
}
