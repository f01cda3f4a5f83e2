package media

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/spec/picture"
)

// kept is a content that has been cleaned and stored.
type kept struct {
	hash    string
	size    int64
	removed []string // kinds of data taken out
}

// source reads what a client sends, and remembers why it could not.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// keep takes what must not be known out of a content and stores the rest. It needs memory for a picture, but not for any
// other file, whatever its length.
func (m *Media) keep(ctx context.Context, body io.Reader) (kept, error) {
	src := &source{r: body}
	k, err := m.keepFrom(ctx, src)
	if src.err != nil {
		return kept{}, &errs.Error{Kind: errs.Invalid, Code: "M_UNKNOWN", Message: "The upload was cut short.", Cause: src.err}
	}
	return k, err
}

func (m *Media) keepFrom(ctx context.Context, src io.Reader) (kept, error) {
	head := make([]byte, picture.SniffBytes)
	n, err := io.ReadFull(src, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return kept{}, err
	}
	whole := io.MultiReader(bytes.NewReader(head[:n]), src)
	switch kind := picture.Sniff(head[:n]); kind {
	case picture.Unknown:
		return m.put(ctx, whole, nil)
	case picture.JPEG, picture.PNG, picture.GIF, picture.WebP:
		return m.keepPicture(ctx, kind, whole)
	default:
		return m.keepBoxes(ctx, kind, whole)
	}
}

func (m *Media) put(ctx context.Context, r io.Reader, removed []string) (kept, error) {
	hash, size, err := m.files.Put(ctx, r, m.opt.MaxUpload)
	return kept{hash, size, removed}, err
}

// keepPicture cleans a picture in memory. It is read to disk first: a slow client must not hold memory.
func (m *Media) keepPicture(ctx context.Context, kind picture.Kind, r io.Reader) (kept, error) {
	f, size, err := m.spool(r)
	if err != nil {
		return kept{}, err
	}
	defer discard(f)
	weight := min(2*size, cleaningBytes)
	if err := m.cleaning.Acquire(ctx, weight); err != nil {
		return kept{}, errs.Busy(time.Second, err, "Too many pictures are being uploaded just now.")
	}
	defer m.cleaning.Release(weight)
	in := make([]byte, size)
	if _, err := f.ReadAt(in, 0); err != nil {
		return kept{}, errFull(err)
	}
	out, removed, err := picture.Strip(kind, in)
	if err != nil {
		return kept{}, errUnclean(err)
	}
	return m.put(ctx, bytes.NewReader(out), removed)
}

// keepBoxes cleans a video, or another file of boxes, on disk.
func (m *Media) keepBoxes(ctx context.Context, kind picture.Kind, r io.Reader) (kept, error) {
	f, _, err := m.spool(r)
	if err != nil {
		return kept{}, err
	}
	defer discard(f)
	removed, err := picture.StripFile(kind, f)
	if err != nil {
		return kept{}, errUnclean(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return kept{}, errFull(err)
	}
	return m.put(ctx, f, removed)
}

// spool writes a content to a file of its own.
func (m *Media) spool(r io.Reader) (*os.File, int64, error) {
	f, err := os.CreateTemp(m.opt.Dir, "upload-*") // mode 0600
	if err != nil {
		return nil, 0, errFull(err)
	}
	size, err := io.Copy(f, io.LimitReader(r, m.opt.MaxUpload+1))
	switch {
	case err != nil:
		err = errFull(err)
	case size > m.opt.MaxUpload:
		err = errs.New(errs.TooLarge, "M_TOO_LARGE", "The file is larger than %d bytes.", m.opt.MaxUpload)
	}
	if err != nil {
		discard(f)
		return nil, 0, err
	}
	return f, size, nil
}

func discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name()) // left over at worst; the folder is emptied at start
}

// errFull is the answer when the disk does not take or give a file.
func errFull(cause error) error {
	return errs.Busy(30*time.Second, cause, "The file cannot be stored just now. Please try again.")
}

// errUnclean is the answer to a picture that cannot be freed of where and how it was made.
func errUnclean(err error) error {
	switch {
	case errors.Is(err, picture.ErrUnsupported):
		return errs.Forbid("This kind of picture is not accepted, because its location cannot be removed. Send it as JPEG or PNG.")
	case errors.Is(err, picture.ErrMalformed):
		return errs.BadParam("This picture or video is damaged.")
	}
	return errFull(err)
}
