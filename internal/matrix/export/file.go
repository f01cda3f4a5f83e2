package export

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/wardline/wardline/internal/platform/errs"
)

const mediaFolder = "media"

// sink is a file whose hash is taken as it is written.
type sink struct {
	path string // with slashes, relative to the folder
	file *os.File
	buf  *bufio.Writer
	sum  hash.Hash
	size int64
}

// create makes a new file of the export.
func (w *writer) create(name string) (*sink, error) {
	f, err := os.OpenFile(filepath.Join(w.dir, filepath.FromSlash(name)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return &sink{path: name, file: f, buf: bufio.NewWriterSize(f, 64<<10), sum: sha256.New()}, nil
}

// Write implements io.Writer.
func (s *sink) Write(b []byte) (int, error) {
	_, _ = s.sum.Write(b) // never fails
	n, err := s.buf.Write(b)
	s.size += int64(n)
	return n, err
}

// close brings the file to disk and gives its hash.
func (s *sink) close() (string, error) {
	err := errors.Join(s.buf.Flush(), s.file.Sync(), s.file.Close())
	return hex.EncodeToString(s.sum.Sum(nil)), err
}

// finish closes a file and enters it in the manifest.
func (w *writer) finish(s *sink, f File) error {
	sum, err := s.close()
	f.Path, f.Bytes, f.SHA256 = s.path, s.size, sum
	w.Files = append(w.Files, f)
	return err
}

// copyMedia copies one uploaded file. One that is not there, or not what was uploaded, is told in the manifest and does not
// stop the rest.
func (w *writer) copyMedia(ctx context.Context, m mediaRow) error {
	uri := "mxc://" + w.server + "/" + m.id
	body, size, err := w.files.Open(ctx, m.hash)
	if errs.Is(err, errs.NotFound) {
		w.Missing = append(w.Missing, uri)
		return nil
	}
	if err != nil {
		return err
	}
	s, err := w.create(m.path())
	if err != nil {
		return errors.Join(err, body.Close())
	}
	_, err = io.Copy(s, io.LimitReader(body, size))
	err = errors.Join(err, body.Close(), w.finish(s, File{Media: uri, Name: m.name, Type: m.typ}))
	if err == nil && w.Files[len(w.Files)-1].SHA256 != m.hash {
		w.Missing = append(w.Missing, uri)
	}
	return err
}

// path is where an uploaded file lies in the export: its id, and of its name what is safe as a name everywhere.
func (m *mediaRow) path() string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, m.name)
	if len(name) > 60 {
		name = name[len(name)-60:] // the end says what kind of file it is
	}
	return path.Join(mediaFolder, strings.TrimSuffix(m.id+"-"+strings.TrimLeft(name, "."), "-"))
}
