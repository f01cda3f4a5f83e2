package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
)

// Disk is a Store of files in 256 folders: ab/<hash>. A file is whole or not there: it is written and synced in
// the folder tmp, then renamed. After a crash only files in tmp can be left over.
type Disk struct {
	dir string
	// mu keeps Delete's look at a file and its removal together against a Put of the same content, and the making of
	// folders together.
	mu sync.Mutex
}

// abandoned is how long a file in tmp must have been left alone to be the remains of a crash.
const abandoned = time.Hour

// OpenDisk opens the store in dir, makes it if need be, and removes the remains of crashes.
func OpenDisk(dir string) (*Disk, error) {
	d := &Disk{dir: dir}
	if err := os.MkdirAll(d.tmp(), 0o700); err != nil {
		return nil, fmt.Errorf("blob: the folder for files cannot be made: %w", err)
	}
	left, err := os.ReadDir(d.tmp())
	if err != nil {
		return nil, fmt.Errorf("blob: the folder for files cannot be read: %w", err)
	}
	for _, f := range left {
		if at, err := f.Info(); err == nil && time.Since(at.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(d.tmp(), f.Name())) // another process may have removed it
		}
	}
	return d, nil
}

func (d *Disk) tmp() string { return filepath.Join(d.dir, "tmp") }

func (d *Disk) folder(hash string) string { return filepath.Join(d.dir, hash[:2]) }

func (d *Disk) path(hash string) string { return filepath.Join(d.folder(hash), hash) }

// Put stores a content.
func (d *Disk) Put(ctx context.Context, r io.Reader, max int64) (hash string, size int64, err error) {
	f, err := os.CreateTemp(d.tmp(), "put-*") // mode 0600
	if err != nil {
		return "", 0, fault(err)
	}
	defer func() {
		_ = f.Close()
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	sum := sha256.New()
	source := &source{ctx: ctx, r: io.LimitReader(r, max+1)}
	size, err = io.Copy(io.MultiWriter(f, sum), source)
	switch {
	case source.err != nil:
		return "", 0, source.err
	case err != nil:
		return "", 0, fault(err)
	case size > max:
		return "", 0, errs.New(errs.TooLarge, "M_TOO_LARGE", "the file is larger than %d bytes", max)
	}
	hash = hex.EncodeToString(sum.Sum(nil))
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return "", 0, fault(err)
	}
	return hash, size, fault(d.settle(f.Name(), hash))
}

// source remembers a reader's own failure, to tell it from the disk's.
type source struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	if s.err = s.ctx.Err(); s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// settle moves a finished file to its place, and makes sure that the move itself is on disk. A file that is
// there already is replaced by its like: that tells Delete that it is wanted again.
func (d *Disk) settle(from, hash string) error {
	if err := d.move(from, hash); err != nil {
		return err
	}
	return syncFolder(d.folder(hash))
}

// move renames a file into its folder. A folder made for it is on disk before any other file can get there.
func (d *Disk) move(from, hash string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := os.Rename(from, d.path(hash))
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Mkdir(d.folder(hash), 0o700); err != nil {
		return err
	}
	if err := syncFolder(d.dir); err != nil {
		return err
	}
	return os.Rename(from, d.path(hash))
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open opens a content.
func (d *Disk) Open(_ context.Context, hash string) (io.ReadSeekCloser, int64, error) {
	if !valid(hash) {
		return nil, 0, errs.Absent("no such file")
	}
	f, err := os.Open(d.path(hash))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, errs.Absent("no such file")
	}
	if err != nil {
		return nil, 0, fault(err)
	}
	at, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, 0, fault(err)
	}
	return f, at.Size(), nil
}

// Delete removes a content that has not been Put since the given time.
func (d *Disk) Delete(_ context.Context, hash string, since time.Time) error {
	if !valid(hash) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at, err := os.Stat(d.path(hash))
	if errors.Is(err, fs.ErrNotExist) || err == nil && at.ModTime().After(since) {
		return nil
	}
	if err != nil {
		return fault(err)
	}
	if err := os.Remove(d.path(hash)); err != nil {
		return fault(err)
	}
	return fault(syncFolder(d.folder(hash)))
}

// Walk calls fn for each content.
func (d *Disk) Walk(ctx context.Context, fn func(hash string, size int64) error) error {
	return filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed meanwhile
		case err != nil:
			return fault(err)
		case ctx.Err() != nil:
			return ctx.Err()
		case e.IsDir() && path == d.tmp():
			return filepath.SkipDir
		case e.IsDir() || !valid(e.Name()) || path != d.path(e.Name()):
			return nil
		}
		at, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fault(err)
		}
		return fn(e.Name(), at.Size())
	})
}

// Verify reads a content whole.
func (d *Disk) Verify(ctx context.Context, hash string) error {
	f, _, err := d.Open(ctx, hash)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	sum := sha256.New()
	if _, err := io.Copy(sum, &source{ctx: ctx, r: f}); err != nil {
		return fmt.Errorf("blob: file %s cannot be read: %w", hash, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != hash {
		return fmt.Errorf("blob: file %s has been changed: its content now has the hash %s", hash, got)
	}
	return nil
}

// valid keeps anything but a hash out of a path.
func valid(hash string) bool {
	return len(hash) == 2*sha256.Size && strings.Trim(hash, "0123456789abcdef") == ""
}

// fault turns an error of the disk into one that a caller can act on.
func fault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EMFILE),
		errors.Is(err, syscall.EIO):
		return errs.Busy(30*time.Second, err, "files cannot be stored just now: try again later")
	}
	return fmt.Errorf("blob: %w", err)
}
