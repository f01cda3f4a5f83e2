package profile

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/store"
)

func fieldsOf(tx *store.Tx, user string) (map[string]jsontext.Value, error) {
	rows, err := tx.Query(`SELECT field, value FROM profile WHERE user_id = $1`, user)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	fields := map[string]jsontext.Value{}
	for rows.Next() {
		var field, value string
		if err := rows.Scan(&field, &value); err != nil {
			return nil, err
		}
		fields[field] = jsontext.Value(value)
	}
	return fields, rows.Err()
}

func putField(tx *store.Tx, user, field string, value jsontext.Value) error {
	return tx.Exec(`INSERT INTO profile (user_id, field, value) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, field) DO UPDATE SET value = excluded.value`, user, field, string(value))
}

func deleteField(tx *store.Tx, user, field string) error {
	return tx.Exec(`DELETE FROM profile WHERE user_id = $1 AND field = $2`, user, field)
}

func deleteFields(tx *store.Tx, user string) error {
	return tx.Exec(`DELETE FROM profile WHERE user_id = $1`, user)
}
