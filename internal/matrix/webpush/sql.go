package webpush

import (
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// readKey gives the server's key; errs.NotFound before it is made.
func readKey(tx *store.Tx) (*serverKey, error) {
	k := new(serverKey)
	err := tx.Row(`SELECT private, public FROM webpush_key WHERE id = 1`, nil, &k.private, &k.public)
	return k, err
}

func putKey(tx *store.Tx, k *serverKey) error {
	return tx.Exec(`INSERT INTO webpush_key (id, private, public) VALUES (1, $1, $2)`, k.private, k.public)
}

const columns = `id, user_id, device, created, endpoint, p256dh, auth`

func scan(tx *store.Tx, query string, args ...any) (out []Subscription, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s Subscription
		if err := rows.Scan(&s.ID, &s.User, &s.Device, &s.Created, &s.endpoint, &s.p256dh, &s.auth); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

func scanOne(tx *store.Tx, query string, args ...any) (Subscription, error) {
	list, err := scan(tx, query, args...)
	if err != nil {
		return Subscription{}, err
	}
	if len(list) == 0 {
		return Subscription{}, errNone
	}
	return list[0], nil
}

func subscription(tx *store.Tx, id string) (Subscription, error) {
	return scanOne(tx, `SELECT `+columns+` FROM webpush_subscription WHERE id = $1`, id)
}

func subscriptionOf(tx *store.Tx, user, device string) (Subscription, error) {
	one, err := scanOne(tx, `SELECT `+columns+` FROM webpush_subscription WHERE user_id = $1 AND device = $2`, user, device)
	if errs.Is(err, errs.NotFound) {
		return one, errs.Absent("Notifications are not switched on on this device.")
	}
	return one, err
}

func subscriptionsOf(tx *store.Tx, user string) ([]Subscription, error) {
	return scan(tx, `SELECT `+columns+` FROM webpush_subscription WHERE user_id = $1 ORDER BY created DESC, id`, user)
}

// rivalsOf gives the subscriptions of the same device, and those of the same browser.
func rivalsOf(tx *store.Tx, s *Subscription) ([]Subscription, error) {
	return scan(tx, `SELECT `+columns+` FROM webpush_subscription WHERE user_id = $1 AND device = $2 OR endpoint = $3`, s.User, s.Device, s.endpoint)
}

func putSubscription(tx *store.Tx, s *Subscription) error {
	return tx.Exec(`INSERT INTO webpush_subscription (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		s.ID, s.User, s.Device, s.Created, s.endpoint, s.p256dh, s.auth)
}

func deleteSubscription(tx *store.Tx, id string) error {
	return tx.Exec(`DELETE FROM webpush_subscription WHERE id = $1`, id)
}

func deleteOfDevice(tx *store.Tx, user, device string) error {
	return tx.Exec(`DELETE FROM webpush_subscription WHERE user_id = $1 AND device = $2`, user, device)
}

func deleteOfUser(tx *store.Tx, user string) error {
	return tx.Exec(`DELETE FROM webpush_subscription WHERE user_id = $1`, user)
}
