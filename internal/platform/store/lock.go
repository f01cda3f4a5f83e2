package store

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockDir makes sure that one server has the data directory: two on one SQLite file would each remember what the other
// changes. Short commands (user add, backup) need no lock; the server notices their commits.
func lockDir(o Options) (unlock func() error, err error) {
	if !o.Serve || o.URL != "" {
		return func() error { return nil }, nil
	}
	path := filepath.Join(o.Dir, "wardline.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return nil, fmt.Errorf("store: the data directory cannot be locked; check that %s exists and may be written: %w", o.Dir, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("store: another Wardline server is running on %s; stop it first, or give this one another --data directory", o.Dir)
	}
	return f.Close, nil
}
