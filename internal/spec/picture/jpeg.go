package picture

import (
	"bytes"
	"slices"
)

// JPEG markers (ITU-T T.81, table B.1).
const (
	markTEM   = 0x01
	markSOF0  = 0xc0
	markSOF15 = 0xcf
	markRST0  = 0xd0
	markRST7  = 0xd7
	markSOI   = 0xd8
	markEOI   = 0xd9
	markSOS   = 0xda
	markDQT   = 0xdb
	markEXP   = 0xdf
	markAPP0  = 0xe0
	markAPP15 = 0xef
	markCOM   = 0xfe
)

const exifHeader = "Exif\x00\x00"

// stripJPEG keeps the segments that decoding needs, with the scans between them byte for byte, and of the application
// segments only JFIF, ICC profiles and Adobe's colour transform. What follows the end of the image goes: motion clips,
// further images, notes that cameras append.
func stripJPEG(in []byte, found report) ([]byte, error) {
	j := jpegReader{in: in, found: found, orientation: upright}
	if len(in) < 2 || in[0] != 0xff || in[1] != markSOI {
		return nil, malformed("no JPEG signature")
	}
	j.at = 2
	j.out = append(make([]byte, 0, len(in)+64), in[:2]...)
	j.head = 2
	for !j.done {
		if err := j.segment(); err != nil {
			return nil, err
		}
	}
	if !j.scanned {
		return nil, malformed("the JPEG has no image")
	}
	if j.at < len(in) {
		found.add(trailing)
	}
	if j.orientation != upright {
		j.out = slices.Insert(j.out, j.head, jpegSegment(markAPP0+1, append([]byte(exifHeader), minimalExif(j.orientation)...))...)
	}
	return j.out, nil
}

type jpegReader struct {
	in, out     []byte
	at          int // in in
	head        int // in out: where a segment of Exif belongs, after SOI and JFIF
	found       report
	orientation int
	oriented    bool // an Exif segment has been read; later ones do not count
	scanned     bool
	done        bool
}

// marker reads the next marker, passing over fill bytes and stray ones.
func (j *jpegReader) marker() (byte, error) {
	for {
		i := bytes.IndexByte(j.in[j.at:], 0xff)
		if i < 0 {
			return 0, malformed("the JPEG is cut short")
		}
		if j.at += i; i > 0 {
			j.found.add(unknownData)
		}
		for j.at < len(j.in) && j.in[j.at] == 0xff {
			j.at++ // any number of fill bytes may precede a marker (T.81, B.1.1.2)
		}
		if j.at == len(j.in) {
			return 0, malformed("the JPEG is cut short")
		}
		m := j.in[j.at]
		if j.at++; m != 0 { // 0xff 0x00 is no marker, and means something only within a scan
			return m, nil
		}
		j.found.add(unknownData)
	}
}

func (j *jpegReader) segment() error {
	m, err := j.marker()
	if err != nil {
		return err
	}
	switch {
	case m == markEOI:
		j.out = append(j.out, 0xff, markEOI)
		j.done = true
		return nil
	case m == markSOI:
		return malformed("a JPEG begins within the JPEG")
	case m == markTEM || markRST0 <= m && m <= markRST7:
		return nil // stand-alone, and without meaning outside a scan
	}
	body, err := j.body()
	if err != nil {
		return err
	}
	switch {
	case markAPP0 <= m && m <= markAPP15:
		j.application(m, body)
	case m == markCOM:
		j.found.add(comment)
	case m == markSOS:
		j.out = append(j.out, jpegSegment(m, body)...)
		return j.scan()
	case markSOF0 <= m && m <= markEXP:
		j.out = append(j.out, jpegSegment(m, body)...)
	default:
		return unsupported("JPEG marker %#02x", m)
	}
	return nil
}

// body reads the length of a segment and returns what follows it.
func (j *jpegReader) body() ([]byte, error) {
	if j.at+2 > len(j.in) {
		return nil, malformed("the JPEG is cut short")
	}
	n := int(j.in[j.at])<<8 | int(j.in[j.at+1])
	if n < 2 || j.at+n > len(j.in) {
		return nil, malformed("a JPEG segment is cut short")
	}
	body := j.in[j.at+2 : j.at+n]
	j.at += n
	return body, nil
}

// scan copies the coded data that follows SOS, up to the next marker that is not part of it.
func (j *jpegReader) scan() error {
	j.scanned = true
	for from := j.at; ; {
		i := bytes.IndexByte(j.in[j.at:], 0xff)
		if i < 0 || j.at+i+1 >= len(j.in) {
			return malformed("the JPEG is cut short")
		}
		j.at += i
		if m := j.in[j.at+1]; m == 0 || markRST0 <= m && m <= markRST7 {
			j.at += 2
			continue
		}
		j.out = append(j.out, j.in[from:j.at]...)
		return nil
	}
}

// application decides about an application segment by its number and the name it begins with.
func (j *jpegReader) application(m byte, body []byte) {
	name := func(s string) bool { return bytes.HasPrefix(body, []byte(s)) }
	switch {
	case m == markAPP0 && name("JFIF\x00") && len(body) >= 14:
		j.jfif(body)
	case m == markAPP0:
		j.found.add(preview) // JFXX holds a thumbnail
	case m == markAPP0+1 && name(exifHeader):
		if e := readExif(body[len(exifHeader):], j.found); !j.oriented {
			j.orientation, j.oriented = e.orientation, true
		}
	case m == markAPP0+1:
		j.found.add(xmpData)
	case m == markAPP0+2 && name("ICC_PROFILE\x00"), m == markAPP0+14 && name("Adobe") && len(body) >= 12:
		j.out = append(j.out, jpegSegment(m, body)...)
	case m == markAPP0+2 && name("MPF\x00"):
		j.found.add(preview)
	case m == markAPP0+13:
		j.found.add(iptcData)
	default:
		j.found.add(application)
	}
}

// jfif keeps the header of JFIF without its thumbnail.
func (j *jpegReader) jfif(body []byte) {
	if len(body) > 14 {
		j.found.add(preview)
	}
	header := slices.Clone(body[:14])
	header[12], header[13] = 0, 0 // size of the thumbnail
	atHead := len(j.out) == j.head
	j.out = append(j.out, jpegSegment(markAPP0, header)...)
	if atHead {
		j.head = len(j.out)
	}
}

func jpegSegment(m byte, body []byte) []byte {
	n := len(body) + 2
	return append([]byte{0xff, m, byte(n >> 8), byte(n)}, body...)
}
