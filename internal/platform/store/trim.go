package store

import (
	"context"
	"time"
)

// LogKept is how long the log table keeps changes for processes that were cut off; one that was longer sees a Batch with Gap.
const LogKept = time.Hour

// trimStep bounds one transaction of Trim.
const trimStep = 5000

// Trim deletes what the log table need not keep any longer, in steps small enough that no verb waits long. A job calls it.
func (db *DB) Trim(ctx context.Context) error {
	for {
		var floor, upTo int64
		err := db.Write(ctx, func(tx *Tx) error {
			now := tx.Now()
			if err := tx.Row(sqlLogOld, []any{now.Add(-LogKept).UnixMilli()}, &upTo); err != nil {
				return err
			}
			h := head{}
			if err := tx.Row(sqlHead, nil, &h.pos, &h.commits, &h.floor); err != nil {
				return err
			}
			if floor = upTo; upTo > h.floor {
				if err := tx.Row(sqlLogStep, []any{upTo, int64(trimStep)}, &floor); err != nil {
					return err
				}
				if err := tx.Exec(sqlLogTrim, floor); err != nil {
					return err
				}
				if err := tx.Exec(sqlLogFloor, floor); err != nil {
					return err
				}
			}
			return tx.Exec(sqlForgetNodes, now.Add(-24*time.Hour).UnixMilli())
		})
		if err != nil || floor >= upTo {
			return err
		}
	}
}
