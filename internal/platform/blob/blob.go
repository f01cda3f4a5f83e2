// Package blob keeps files by the hash of their content: what is stored once is never changed, and the same content is
// stored once. It knows nothing of whose the files are or who may read them: package media does.
package blob

import (
	"context"
	"io"
	"time"
)

// Store keeps contents by their SHA-256, written as 64 lower-case hexadecimal digits. It is safe for concurrent use.
type Store interface {
	// Put stores what r gives until its end and returns when it is on disk. More than max bytes are
	// errs.TooLarge (M_TOO_LARGE), a full or read-only disk is errs.Unavailable; nothing is kept then.
	// A reader that fails has its error returned as it is.
	Put(ctx context.Context, r io.Reader, max int64) (hash string, size int64, err error)
	// Open opens a content. One that is not there is errs.NotFound. Close it.
	Open(ctx context.Context, hash string) (io.ReadSeekCloser, int64, error)
	// Delete removes a content unless it has been Put (again) since the given time: somebody may have stored the same
	// content after it was found to be unused. Removing what is not there is no error.
	Delete(ctx context.Context, hash string, since time.Time) error
	// Walk calls fn for each content, in the order of their hashes, until it fails.
	Walk(ctx context.Context, fn func(hash string, size int64) error) error
	// Verify reads a content and tells whether it still has its hash.
	Verify(ctx context.Context, hash string) error
}
