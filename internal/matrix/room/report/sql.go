package report

import "github.com/wardline/wardline/internal/platform/store"

func insertReport(tx *store.Tx, id, reporter string, room any, event, user, reason string, now int64) error {
	return tx.Exec(`INSERT INTO report (id, reporter, room, event_id, user_id, reason, created) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, reporter, room, event, user, reason, now)
}
