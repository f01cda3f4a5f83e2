package audit

import (
	"database/sql"
	"time"

	"github.com/wardline/wardline/internal/platform/store"
)

func insertRecord(tx *store.Tx, r *record) error {
	return tx.Exec(`INSERT INTO audit (seq, ts, actor, device, addr, action, object, detail, prev, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		r.seq, r.ts.UnixMilli(), r.actor, r.device, r.addr, r.action, r.object, r.detail, r.prev, r.hash)
}

func writeHead(tx *store.Tx, h *head) error {
	return tx.Exec(`INSERT INTO audit_head (one, seq, hash, pos, commits, signature) VALUES (1, $1, $2, $3, $4, $5)
		ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, pos = excluded.pos,
			commits = excluded.commits, signature = excluded.signature`,
		h.seq, h.hash, h.pos, h.commits, h.signature)
}

// readEnd gives the signed head and the newest record's number and hash in one question; zero what there is none of.
func readEnd(tx *store.Tx) (h head, seq int64, hash []byte, err error) {
	var hseq, hpos, hcommits, last sql.NullInt64
	err = tx.Row(`SELECT h.seq, h.hash, h.pos, h.commits, h.signature, l.seq, l.hash FROM (SELECT 1 AS one) AS x
		LEFT JOIN audit_head AS h ON h.one = x.one
		LEFT JOIN (SELECT 1 AS one, seq, hash FROM audit ORDER BY seq DESC LIMIT 1) AS l ON l.one = x.one`,
		nil, &hseq, &h.hash, &hpos, &hcommits, &h.signature, &last, &hash)
	h.seq, h.pos, h.commits = hseq.Int64, hpos.Int64, hcommits.Int64
	return h, last.Int64, hash, err
}

// readHead gives the signed head; errs.NotFound when there is none.
func readHead(tx *store.Tx) (h head, err error) {
	err = tx.Row(`SELECT seq, hash, pos, commits, signature FROM audit_head`, nil, &h.seq, &h.hash, &h.pos, &h.commits, &h.signature)
	return h, err
}

// recordsAfter gives at most limit records with numbers above seq, in order.
func recordsAfter(tx *store.Tx, seq int64, limit int) (list []record, err error) {
	rows, err := tx.Query(`SELECT seq, ts, actor, device, addr, action, object, detail, prev, hash FROM audit
		WHERE seq > $1 ORDER BY seq LIMIT $2`, seq, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r record
		var ts int64
		if err := rows.Scan(&r.seq, &ts, &r.actor, &r.device, &r.addr, &r.action, &r.object, &r.detail, &r.prev, &r.hash); err != nil {
			return nil, err
		}
		r.ts = time.UnixMilli(ts)
		list = append(list, r)
	}
	return list, rows.Err()
}

// counters gives what the store's own counter says.
func counters(tx *store.Tx) (pos, commits int64, err error) {
	err = tx.Row(`SELECT pos, commits FROM position`, nil, &pos, &commits)
	return pos, commits, err
}
