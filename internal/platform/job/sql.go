package job

import (
	"database/sql"
	"time"

	"github.com/wardline/wardline/internal/platform/store"
)

// row is a row of the job table. Times in milliseconds.
type row struct {
	id, kind, once, payload string
	due, created, attempts  int64
}

// insert adds a job; one of the same kind and key stays, or takes the new due time and payload if replace says so.
func insert(tx *store.Tx, r *row, replace bool) error {
	var once *string
	if r.once != "" {
		once = &r.once
	}
	query := `INSERT INTO job (id, kind, due, lease, holder, attempts, dead, once, payload, failure, created)
		VALUES ($1, $2, $3, 0, '', 0, 0, $4, $5, '', $6) ON CONFLICT (kind, once) DO NOTHING`
	if replace {
		query = `INSERT INTO job (id, kind, due, lease, holder, attempts, dead, once, payload, failure, created)
			VALUES ($1, $2, $3, 0, '', 0, 0, $4, $5, '', $6)
			ON CONFLICT (kind, once) DO UPDATE SET due = excluded.due, payload = excluded.payload, lease = 0, holder = '', attempts = 0, dead = 0`
	}
	return tx.Exec(query, r.id, r.kind, r.due, once, r.payload, r.created)
}

func remove(tx *store.Tx, kind, once string) error {
	return tx.Exec(`DELETE FROM job WHERE kind = $1 AND once = $2`, kind, once)
}

func revive(tx *store.Tx, id string, now int64) (int64, error) {
	return tx.ExecCount(`UPDATE job SET dead = 0, attempts = 0, due = $2, lease = 0, holder = '' WHERE id = $1 AND dead = 1`, id, now)
}

// due gives the jobs of a kind that may be begun now, the longest due first.
func due(tx *store.Tx, kind string, now int64, limit int) (list []row, err error) {
	rows, err := tx.Query(`SELECT id, kind, due, attempts, payload FROM job
		WHERE dead = 0 AND due <= $1 AND lease <= $1 AND kind = $2 ORDER BY due LIMIT $3`, now, kind, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.id, &r.kind, &r.due, &r.attempts, &r.payload); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// next gives when a job of the kind can be begun, 0 if there is none.
func next(tx *store.Tx, kind string) (int64, error) {
	var at sql.NullInt64
	err := tx.Row(`SELECT MIN(CASE WHEN lease > due THEN lease ELSE due END) FROM job WHERE dead = 0 AND kind = $1`, []any{kind}, &at)
	return at.Int64, err
}

func lease(tx *store.Tx, id, holder string, until int64) error {
	return tx.ExecOne(`UPDATE job SET lease = $2, holder = $3, attempts = attempts + 1 WHERE id = $1`, id, until, holder)
}

// finish removes a job that this holder still has; another's is store.ErrStale.
func finish(tx *store.Tx, id, holder string) error {
	return tx.ExecOne(`DELETE FROM job WHERE id = $1 AND holder = $2`, id, holder)
}

// postpone gives a job back after a failure.
func postpone(tx *store.Tx, id, holder string, due int64, dead bool, reason string) error {
	gone := 0
	if dead {
		gone = 1
	}
	return tx.Exec(`UPDATE job SET due = $3, dead = $4, failure = $5, lease = 0, holder = '' WHERE id = $1 AND holder = $2`, id, holder, due, gone, reason)
}

func counts(tx *store.Tx, now, late int64) (list []Count, err error) {
	rows, err := tx.Query(`SELECT kind, COUNT(*) FILTER (WHERE dead = 0), COUNT(*) FILTER (WHERE dead = 0 AND due < $1 AND lease < $2),
		COUNT(*) FILTER (WHERE dead = 1) FROM job GROUP BY kind ORDER BY kind`, now-late, now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var c Count
		if err := rows.Scan(&c.Kind, &c.Waiting, &c.Late, &c.Dead); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

func failures(tx *store.Tx, limit int) (list []Failure, err error) {
	rows, err := tx.Query(`SELECT id, kind, attempts, due, failure FROM job WHERE dead = 1 ORDER BY due, id LIMIT $1`, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f Failure
		var due int64
		if err := rows.Scan(&f.ID, &f.Kind, &f.Attempts, &due, &f.Reason); err != nil {
			return nil, err
		}
		f.Due = time.UnixMilli(due).UTC()
		list = append(list, f)
	}
	return list, rows.Err()
}
