package picture

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Flags of the chunk VP8X (RFC 9649, 2.7.1).
const (
	webpHasXMP  = 0x04
	webpHasExif = 0x08
)

// webpKept are the chunks that rendering uses (RFC 9649, 2.7); the second list those within a frame of an animation.
var (
	webpKept  = []string{"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"}
	frameKept = []string{"VP8 ", "VP8L", "ALPH"}
)

// stripWebP copies the chunks that rendering uses; the coded images stay byte for byte. An orientation that is not upright
// is written back.
func stripWebP(in []byte, found report) ([]byte, error) {
	if len(in) < 12 || string(in[:4]) != "RIFF" || string(in[8:12]) != "WEBP" {
		return nil, malformed("no WebP signature")
	}
	size := uint64(binary.LittleEndian.Uint32(in[4:])) + 8
	if size < 12 || size > uint64(len(in)) {
		return nil, malformed("the WebP is cut short")
	}
	if size < uint64(len(in)) {
		found.add(trailing)
	}
	w := webpReader{found: found, orientation: upright}
	if err := w.chunks(in[12:size], webpKept); err != nil {
		return nil, err
	}
	if !w.image {
		return nil, malformed("the WebP has no image")
	}
	return w.finish(in), nil
}

type webpReader struct {
	out         []byte // the chunks kept
	flags       int    // where in out the flags of VP8X are; 0 without VP8X
	found       report
	orientation int
	image       bool
}

func (w *webpReader) chunks(in []byte, kept []string) error {
	for len(in) > 0 {
		if len(in) < 8 {
			return malformed("a WebP chunk is cut short")
		}
		name, n := string(in[:4]), uint64(binary.LittleEndian.Uint32(in[4:]))
		if n+8 > uint64(len(in)) {
			return malformed("a WebP chunk is cut short")
		}
		body := in[8 : 8+n]
		in = in[min(8+n+n&1, uint64(len(in))):]
		if !slices.Contains(kept, name) {
			w.drop(name, body)
			continue
		}
		if err := w.keep(name, body); err != nil {
			return err
		}
	}
	return nil
}

func (w *webpReader) keep(name string, body []byte) error {
	switch name {
	case "VP8 ", "VP8L":
		w.image = true
	case "VP8X":
		if len(body) != 10 || len(w.out) != 0 {
			return malformed("the header of the WebP is out of place")
		}
		w.flags = 8
	case "ANMF":
		return w.frame(body)
	}
	w.append(name, body)
	return nil
}

func (w *webpReader) append(name string, body []byte) {
	w.out = append(w.out, name...)
	w.out = binary.LittleEndian.AppendUint32(w.out, uint32(len(body)))
	w.out = append(w.out, body...)
	if len(body)&1 == 1 {
		w.out = append(w.out, 0)
	}
}

// frame cleans a frame of an animation: sixteen bytes of place and time, then chunks of its own.
func (w *webpReader) frame(body []byte) error {
	if len(body) < 16 {
		return malformed("a WebP frame is cut short")
	}
	inner := webpReader{found: w.found}
	if err := inner.chunks(body[16:], frameKept); err != nil {
		return err
	}
	w.image = w.image || inner.image
	w.append("ANMF", append(slices.Clone(body[:16]), inner.out...))
	return nil
}

func (w *webpReader) drop(name string, body []byte) {
	switch name {
	case "EXIF":
		w.orientation = readExif(bytes.TrimPrefix(body, []byte(exifHeader)), w.found).orientation
	case "XMP ":
		w.found.add(xmpData)
	default:
		w.found.add(unknownData)
	}
}

// finish writes the header over the chunks. Only a file with VP8X can carry an orientation.
func (w *webpReader) finish(in []byte) []byte {
	if w.flags > 0 {
		w.out[w.flags] &^= webpHasXMP | webpHasExif
		if w.orientation != upright {
			w.out[w.flags] |= webpHasExif
			w.append("EXIF", minimalExif(w.orientation))
		}
	}
	out := append(make([]byte, 0, len(w.out)+12), in[:12]...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(w.out)+4))
	return append(out, w.out...)
}
