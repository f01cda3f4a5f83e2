// Package media keeps the files of the conversation: photographs, recordings, documents. What says where and with which
// device a picture was made is taken out before it is stored; each file remembers which events use it, and is readable by
// those who may read one of them, and by nobody else.
//
// The bytes themselves are package blob's. It does not look for viruses, transcode, or fetch anything from elsewhere.
// Client-server API, "Content repository".
package media

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/wardline/wardline/internal/platform/blob"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// KindUploaded is the kind of change logged when the content of a reserved file has come: scope the owner, key the id.
const KindUploaded = "media"

// Bounds.
const (
	maxPending = 50               // reserved files of a person without content
	maxLinks   = 100              // files one event may use
	maxPlaces  = 1000             // events looked at when deciding whether somebody may read a file: the newest
	maxType    = 100              // bytes of a content type
	maxName    = 255              // bytes of a file name
	maxWait    = 60 * time.Second // for content that has not come yet
	gracePlain = 7 * 24 * time.Hour
)

// Options is what of the configuration concerns files.
type Options struct {
	Server    string        // the server's name, the authority of mxc:// URIs
	Dir       string        // for files on their way in
	MaxUpload int64         // bytes of a file
	MaxPixels int           // of a picture that is scaled down
	Unused    time.Duration // how long a file may wait to be sent before it is removed
	Grace     time.Duration // how long a file is kept after nothing uses it any more; 0: 7 days
	Quota     int64         // bytes a person may upload in 24 hours; 0: no bound
	// Encrypted says that rooms may be encrypted end to end. The events that use a file cannot be seen then, so a file that
	// no event is known to use is readable by everybody who knows its id, and is never removed for being unused.
	Encrypted bool
}

// Place is an event that uses a file.
type Place struct {
	Room string
	Pos  int64
	Type string // of the event
}

// MayRead reports whether a user may read an event. It is supplied by the server.
type MayRead func(ctx context.Context, user string, at Place) (bool, error)

// Media is all files of the server.
type Media struct {
	db      *store.DB
	files   blob.Store
	opt     Options
	mayRead MayRead

	cleaning *semaphore.Weighted // bytes of pictures in memory while they are cleaned
	decoding *semaphore.Weighted // bytes of pictures in memory while they are scaled down
	making   singleflight.Group  // thumbnails

	mu      sync.Mutex
	waiting map[string][]chan struct{} // readers of files without content, by id
	drained chan struct{}
	drain   sync.Once
}

// cleaningBytes bounds the memory for pictures that are being cleaned.
const cleaningBytes = 256 << 20

// New makes it and follows the log: call it before the first Write. What an earlier process left in Options.Dir, which
// must be this process's own, is removed.
func New(db *store.DB, files blob.Store, opt Options, may MayRead) (*Media, error) {
	if opt.Grace == 0 {
		opt.Grace = gracePlain
	}
	if err := emptied(opt.Dir); err != nil {
		return nil, fmt.Errorf("media: the folder for uploads: %w", err)
	}
	m := &Media{
		db: db, files: files, opt: opt, mayRead: may,
		cleaning: semaphore.NewWeighted(cleaningBytes),
		decoding: semaphore.NewWeighted(int64(opt.MaxPixels) * bytesPerPixel),
		waiting:  map[string][]chan struct{}{},
		drained:  make(chan struct{}),
	}
	db.Follow(m.follow)
	return m, nil
}

// emptied makes a folder, and empties it of uploads that were never finished.
func emptied(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(dir, "upload-*"))
	if err != nil {
		return err
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// Drain ends waiting for content: the server is about to stop.
func (m *Media) Drain() { m.drain.Do(func() { close(m.drained) }) }

// MaxUpload is the largest file, in bytes.
func (m *Media) MaxUpload() int64 { return m.opt.MaxUpload }

// uri gives the mxc:// URI of a file.
func (m *Media) uri(id string) string { return "mxc://" + m.opt.Server + "/" + id }

// file is a row of the table of files.
type file struct {
	id, user         string
	created, expires int64
	hash             string
	size             int64
	typ, name        string
	used             bool
	gone             int64
}

// errNoFile is the answer when there is no such file, or none that this caller may know of.
func errNoFile() error { return errs.Absent("There is no such file, or you may not see it.") }

// local checks the two parts of an mxc:// URI. Files of other servers are not there.
func (m *Media) local(server, id string) error {
	if server != m.opt.Server || !validID(id) {
		return errNoFile()
	}
	return nil
}

// validID reports whether text can be the id of a file. Client-server API, "Matrix Content (mxc://) URIs".
func validID(id string) bool {
	if id == "" || len(id) > 255 {
		return false
	}
	for i := range len(id) {
		if !idChar(id[i]) {
			return false
		}
	}
	return true
}

func idChar(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
