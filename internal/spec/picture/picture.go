// Package picture takes out of photographs and videos what says where, when and with which device they were made: Exif,
// XMP and IPTC, comments, maker notes, positions, thumbnails, motion clips, trailing data. It never re-encodes: the bytes
// that decode to pixels or sound stay exactly as they were, and so does the way up (orientation). Each format is read by
// a list of what rendering needs, so that what is unknown goes. A file that is damaged, or of a format that cannot be
// cleaned this way, is refused and not passed on as it is.
//
// It decodes no pixels, makes no thumbnails, and does not look inside coded picture, sound or ICC data. Captions of a video
// are kept: they are for those who cannot hear it.
package picture

import (
	"errors"
	"fmt"
	"slices"
)

// Kind is a file format as far as cleaning it goes.
type Kind string

// The formats told apart. Every other file is Unknown, and not this package's business.
const (
	Unknown Kind = ""
	JPEG    Kind = "jpeg"
	PNG     Kind = "png"
	GIF     Kind = "gif"
	WebP    Kind = "webp"
	HEIF    Kind = "heif" // HEIC and other HEIF images
	AVIF    Kind = "avif"
	MP4     Kind = "mp4"  // MP4, QuickTime, 3GP, M4A
	TIFF    Kind = "tiff" // and the raw formats built on it; refused
	JXL     Kind = "jxl"  // JPEG XL; refused
	Raw     Kind = "raw"  // raw formats of cameras; refused
)

var (
	// ErrMalformed is the error for a file that is cut short or is not what its format demands.
	ErrMalformed = errors.New("the file is damaged")
	// ErrUnsupported is the error for a format, or a feature of one, that cannot be cleaned without re-encoding.
	ErrUnsupported = errors.New("location and device data cannot be removed from this kind of file")
)

// What [Strip] reports as removed. The words are for an audit record: kinds of data, never the data.
const (
	exifData      = "Exif"
	position      = "position"
	makerNote     = "maker note"
	xmpData       = "XMP"
	iptcData      = "IPTC"
	comment       = "comment"
	textData      = "text"
	times         = "times"
	preview       = "preview"
	trailing      = "trailing data"
	application   = "application data"
	userData      = "user data"
	metadata      = "metadata"
	metadataTrack = "metadata track"
	deviceNames   = "device names"
	unusedSpace   = "unused space"
	unknownData   = "unknown data"
)

// report collects what was removed.
type report map[string]struct{}

func (r report) add(what string) { r[what] = struct{}{} }

func (r report) list() []string {
	out := make([]string, 0, len(r))
	for what := range r {
		out = append(out, what)
	}
	slices.Sort(out)
	return out
}

// Strip returns the file without location and device data, and the kinds of data that it removed, sorted; nothing removed
// is an empty list. in is not changed; out may share its memory when there was nothing to do. It needs memory for one
// copy of the file: for large videos use [StripFile]. The error is [ErrMalformed], or [ErrUnsupported] for kinds that
// cannot be cleaned.
func Strip(kind Kind, in []byte) (out []byte, removed []string, err error) {
	found := make(report)
	switch kind {
	case JPEG:
		out, err = stripJPEG(in, found)
	case PNG:
		out, err = stripPNG(in, found)
	case GIF:
		out, err = stripGIF(in, found)
	case WebP:
		out, err = stripWebP(in, found)
	case HEIF, AVIF, MP4:
		out, err = stripBoxes(in, found)
	default:
		err = fmt.Errorf("%w (%s)", ErrUnsupported, kind)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("picture: %w", err)
	}
	return out, found.list(), nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}
