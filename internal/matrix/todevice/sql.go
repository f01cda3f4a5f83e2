package todevice

import "github.com/wardline/wardline/internal/platform/store"

func knownTxn(tx *store.Tx, id string) (bool, error) {
	var n int64
	err := tx.Row(`SELECT COUNT(*) FROM to_device_txn WHERE id = $1`, []any{id}, &n)
	return n > 0, err
}

func insertTxn(tx *store.Tx, id string) error {
	return tx.Exec(`INSERT INTO to_device_txn (id, created) VALUES ($1, $2)`, id, tx.Now().UnixMilli())
}

func deleteTxns(tx *store.Tx, before int64) error {
	return tx.Exec(`DELETE FROM to_device_txn WHERE created < $1`, before)
}

func devicesOf(tx *store.Tx, users []string) ([]device, error) {
	var args []any
	rows, err := tx.Query(`SELECT user_id, device_id FROM device WHERE user_id IN `+store.In(&args, users)+
		` ORDER BY user_id, device_id`, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // after Err has told all there is
	var list []device
	for rows.Next() {
		var d device
		if err := rows.Scan(&d.user, &d.id); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

func insertMessage(tx *store.Tx, d device, m *Message) error {
	return tx.Exec(`INSERT INTO to_device (pos, user_id, device_id, body) VALUES ($1, $2, $3, $4)`,
		m.Pos, d.user, d.id, string(m.JSON))
}

// bounds gives the first and last position of what waits for a device, 0 and 0 when nothing does.
func bounds(tx *store.Tx, d device) (low, high int64, err error) {
	err = tx.Row(`SELECT COALESCE(MIN(pos), 0), COALESCE(MAX(pos), 0) FROM to_device WHERE user_id = $1 AND device_id = $2`,
		[]any{d.user, d.id}, &low, &high)
	return low, high, err
}

func messages(tx *store.Tx, d device, from, to int64, limit int) ([]Message, error) {
	rows, err := tx.Query(`SELECT pos, body FROM to_device
		WHERE user_id = $1 AND device_id = $2 AND pos > $3 AND pos <= $4 ORDER BY pos LIMIT $5`, d.user, d.id, from, to, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // after Err has told all there is
	var list []Message
	for rows.Next() {
		var m Message
		var body string
		if err := rows.Scan(&m.Pos, &body); err != nil {
			return nil, err
		}
		m.JSON = []byte(body)
		list = append(list, m)
	}
	return list, rows.Err()
}

func deleteMessages(tx *store.Tx, d device, upTo int64) error {
	return tx.Exec(`DELETE FROM to_device WHERE user_id = $1 AND device_id = $2 AND pos <= $3`, d.user, d.id, upTo)
}

func deleteInbox(tx *store.Tx, d device) error {
	return tx.Exec(`DELETE FROM to_device WHERE user_id = $1 AND device_id = $2`, d.user, d.id)
}

// deleteOverflow keeps the newest messages of each device that exists.
func deleteOverflow(tx *store.Tx, keep int) error {
	if err := tx.Exec(`DELETE FROM to_device WHERE NOT EXISTS
		(SELECT 1 FROM device d WHERE d.user_id = to_device.user_id AND d.device_id = to_device.device_id)`); err != nil {
		return err
	}
	return tx.Exec(`DELETE FROM to_device WHERE pos IN (SELECT pos FROM (
		SELECT pos, ROW_NUMBER() OVER (PARTITION BY user_id, device_id ORDER BY pos DESC) AS nth FROM to_device) ranked
		WHERE nth > $1)`, keep)
}
