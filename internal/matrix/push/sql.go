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
