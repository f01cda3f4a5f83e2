package media

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
)

const (
	sweepAtOnce = 200       // files removed in one transaction
	walkAtOnce  = 500       // contents looked up at once
	settling    = time.Hour // a content this young may belong to a row that is about to be written
)

// Sweep removes files whose time has come: reserved and never uploaded, uploaded and never used, used and let go of longer
// ago than the time of grace. It says how many. Call it hourly.
func (m *Media) Sweep(ctx context.Context) (removed int, err error) {
	for {
		n, err := m.sweepSome(ctx)
		removed += n
		if err != nil || n < sweepAtOnce {
			return removed, err
		}
	}
}

func (m *Media) sweepSome(ctx context.Context) (int, error) {
	var old []file
	var free []string
	err := m.db.Write(ctx, func(tx *store.Tx) (err error) {
		now := tx.Now()
		unused := now.Add(-m.opt.Unused)
		if m.opt.Encrypted {
			unused = time.UnixMilli(0)
		}
		old, err = ripe(tx, now.UnixMilli(), unused.UnixMilli(), now.Add(-m.opt.Grace).UnixMilli(), sweepAtOnce)
		if err != nil {
			return err
		}
		free, err = m.remove(tx, old)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(old), m.deleteContents(ctx, free)
}

// remove deletes files and gives the contents that nothing needs any more.
func (m *Media) remove(tx *store.Tx, files []file) (free []string, err error) {
	var hashes []string
	for _, f := range files {
		if err := deleteFile(tx, f.id); err != nil {
			return nil, err
		}
		if f.hash == "" {
			continue // a reservation
		}
		hashes = append(hashes, f.hash)
		if err := audit.Record(tx, nil, audit.Entry{Action: "media.remove", Object: m.uri(f.id)}); err != nil {
			return nil, err
		}
	}
	if len(hashes) == 0 {
		return nil, nil
	}
	thumbs, err := deleteThumbnails(tx, hashes)
	if err != nil {
		return nil, err
	}
	return unneeded(tx, append(hashes, thumbs...))
}

// deleteContents deletes contents unless they have been stored again just now.
func (m *Media) deleteContents(ctx context.Context, hashes []string) error {
	since := time.Now().Add(-settling)
	for _, hash := range hashes {
		if err := m.files.Delete(ctx, hash, since); err != nil {
			return err
		}
	}
	return nil
}

// Reconcile deletes contents that no record speaks of: what a process that died between two steps has left. It walks the
// whole store: call it weekly.
func (m *Media) Reconcile(ctx context.Context) error {
	var some []string
	look := func() error {
		if len(some) == 0 {
			return nil
		}
		var free []string
		err := m.db.Read(ctx, func(tx *store.Tx) (err error) {
			free, err = unneeded(tx, some)
			return err
		})
		some = some[:0]
		if err != nil {
			return err
		}
		return m.deleteContents(ctx, free)
	}
	err := m.files.Walk(ctx, func(hash string, _ int64) error {
		if some = append(some, hash); len(some) < walkAtOnce {
			return nil
		}
		return look()
	})
	if err != nil {
		return err
	}
	return look()
}
