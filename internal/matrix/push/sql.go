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
