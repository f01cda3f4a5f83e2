package picture

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Bounds on what a file of boxes may make us do. Real files stay far below: two hours of fragments have some 70,000 boxes.
const (
	maxBoxes = 1 << 18
	maxTable = 32 << 20 // bytes of one table read into memory
	maxSpans = 1 << 20  // stretches of sample data kept in mind
)

// StripFile is [Strip] for HEIF, AVIF, MP4 and QuickTime files of any length, in place and in bounded memory. What goes is
// overwritten, so that the length of the file and every offset in it stay as they are. The file is untouched when the
// error is [ErrMalformed] or [ErrUnsupported]; after any other error it may be half cleaned and must be thrown away.
func StripFile(kind Kind, file io.ReadWriteSeeker) (removed []string, err error) {
	if kind != HEIF && kind != AVIF && kind != MP4 {
		return nil, fmt.Errorf("picture: %w (%s, in place)", ErrUnsupported, kind)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	c := newCleaner(seekReader{file}, size, make(report))
	if err := c.file(); err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	err = c.apply(func(at int64, data []byte) error {
		if _, err := file.Seek(at, io.SeekStart); err != nil {
			return err
		}
		_, err := file.Write(data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	return c.found.list(), nil
}

// stripBoxes is StripFile in memory, on a copy.
func stripBoxes(in []byte, found report) ([]byte, error) {
	c := newCleaner(bytes.NewReader(in), int64(len(in)), found)
	if err := c.file(); err != nil {
		return nil, err
	}
	if len(c.edits) == 0 {
		return in, nil
	}
	out := slices.Clone(in)
	return out, c.apply(func(at int64, data []byte) error {
		copy(out[at:], data)
		return nil
	})
}

// seekReader reads at a place of a file that can only seek.
type seekReader struct{ file io.ReadSeeker }

func (s seekReader) ReadAt(p []byte, at int64) (int, error) {
	if _, err := s.file.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	return io.ReadFull(s.file, p)
}

// cleaner reads a file of boxes (ISO/IEC 14496-12) to its end and collects what is to be overwritten; only then is
// anything written.
type cleaner struct {
	src     io.ReaderAt
	size    int64
	found   report
	edits   []edit
	boxes   int
	buffer  []byte
	media   []span // payloads of mdat and idat, where samples and items may lie
	tracks  []*track
	dropped []erasure // data of tracks and items that go
	kept    []span    // data of those that stay
	last    []edit    // to be made over what was erased
	pieces  bool      // there are movie fragments
	image   bool      // there is a meta box of an image file
}

// edit is a stretch to be overwritten: with data, or with zeros.
type edit struct {
	span
	data []byte
}

// span is a stretch of the file, its end excluded.
type span struct{ at, end int64 }

// erasure is a stretch of media data to be overwritten with zeros, and what is in it.
type erasure struct {
	span
	what string
}

// box is one box: its name, where its header begins, and the stretch of what is in it.
type box struct {
	name  string
	start int64
	span
}

func newCleaner(src io.ReaderAt, size int64, found report) *cleaner {
	return &cleaner{src: src, size: size, found: found, buffer: make([]byte, 64<<10)}
}

// file goes through the boxes of the outermost level. Those that neither playing nor showing needs are emptied.
func (c *cleaner) file() error {
	top, err := c.children(span{0, c.size})
	if err != nil {
		return err
	}
	for _, b := range top {
		if b.name == "mdat" {
			c.media = append(c.media, b.span)
		}
		c.pieces = c.pieces || b.name == "moof"
	}
	for _, b := range top {
		if err := c.outermost(b); err != nil {
			return err
		}
	}
	if !c.image && !slices.ContainsFunc(c.tracks, (*track).stays) {
		return malformed("nothing to see or to hear")
	}
	return c.erase()
}

func (c *cleaner) outermost(b box) error {
	switch b.name {
	case "ftyp", "styp", "mdat", "mfra", "sidx", "ssix", "pdin":
		return nil
	case "moov":
		return c.movie(b)
	case "moof":
		return c.fragment(b)
	case "meta":
		return c.meta(b)
	}
	return c.empty(b)
}

// fragment goes through a movie fragment (8.8.4).
func (c *cleaner) fragment(moof box) error {
	return c.each(moof.span, func(b box) error {
		switch b.name {
		case "mfhd":
			return nil
		case "traf":
			return c.emptyExcept(b.span, "tfhd", "tfdt", "trun", "saiz", "saio", "sbgp", "sgpd", "subs", "senc")
		}
		return c.empty(b)
	})
}

// children lists the boxes in a stretch.
func (c *cleaner) children(in span) ([]box, error) {
	var list []box
	for at := in.at; at < in.end; {
		if in.end-at < 8 { // QuickTime ends some lists with four zeros
			rest, err := c.read(at, in.end-at)
			if err == nil && !allZero(rest) {
				err = malformed("a box is cut short")
			}
			return list, err
		}
		b, err := c.box(at, in.end)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
		at = b.end
	}
	return list, nil
}

// each calls visit with every box in a stretch.
func (c *cleaner) each(in span, visit func(box) error) error {
	list, err := c.children(in)
	if err != nil {
		return err
	}
	for _, b := range list {
		if err := visit(b); err != nil {
			return err
		}
	}
	return nil
}

func (c *cleaner) emptyExcept(in span, keep ...string) error {
	return c.each(in, func(b box) error {
		if slices.Contains(keep, b.name) {
			return nil
		}
		return c.empty(b)
	})
}

// box reads the header of the box at a place (4.2).
func (c *cleaner) box(at, end int64) (box, error) {
	if c.boxes++; c.boxes > maxBoxes {
		return box{}, unsupported("more than %d boxes", maxBoxes)
	}
	head, err := c.read(at, min(16, end-at))
	if err != nil {
		return box{}, err
	}
	b := box{name: string(head[4:8]), start: at, span: span{at + 8, 0}}
	size := uint64(binary.BigEndian.Uint32(head))
	switch {
	case size == 0 && end == c.size:
		size = uint64(end - at)
	case size == 1 && len(head) == 16:
		b.at, size = at+16, binary.BigEndian.Uint64(head[8:])
	}
	if size < uint64(b.at-at) || size > uint64(end-at) {
		return box{}, malformed("a box does not fit in its place")
	}
	b.end = at + int64(size)
	return b, nil
}

// read returns n bytes. They are valid until the caller is done with them: each call has its own.
func (c *cleaner) read(at, n int64) ([]byte, error) {
	if n < 0 || n > maxTable {
		return nil, unsupported("a table of %d bytes", n)
	}
	if at < 0 || at > c.size-n {
		return nil, malformed("the file is cut short")
	}
	p := make([]byte, n)
	return p, c.readInto(p, at)
}

// readInto fills p. A file that ends although it was longer a moment ago is not malformed: something is wrong with it now.
func (c *cleaner) readInto(p []byte, at int64) error {
	n, err := c.src.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// payload returns what is in a box, at least so many bytes of it.
func (c *cleaner) payload(b box, least int) ([]byte, error) {
	if b.end-b.at < int64(least) {
		return nil, malformed("box %q is too short", b.name)
	}
	return c.read(b.at, b.end-b.at)
}

// emptyNames says what the boxes that are emptied are.
var emptyNames = map[string]string{
	"udta": userData, "meta": metadata, "prft": times, "pnot": preview, "PICT": preview, "mpvd": preview, "gps ": position,
	"free": unusedSpace, "skip": unusedSpace, "wide": unusedSpace, "Exif": exifData, "xml ": xmpData, "XMP_": xmpData,
	"crtt": times, "mdft": times, "udes": textData, "cmin": metadata, "cmex": metadata,
}

// empty turns a box into free space (8.1.2) that holds nothing but zeros.
func (c *cleaner) empty(b box) error {
	what, ok := emptyNames[b.name]
	if !ok {
		what = unknownData
	}
	some, err := c.zero(b.span)
	if err != nil {
		return err
	}
	switch b.name {
	case "free", "skip", "wide":
	default:
		c.edits = append(c.edits, edit{span{b.start + 4, b.start + 8}, []byte("free")})
		some = true
	}
	if some {
		c.found.add(what)
	}
	return nil
}

// zero plans to overwrite a stretch, and says whether there was anything but zeros.
func (c *cleaner) zero(s span) (bool, error) {
	for at := s.at; at < s.end; {
		p := c.buffer[:min(int64(len(c.buffer)), s.end-at)]
		if err := c.readInto(p, at); err != nil {
			return false, err
		}
		if i := slices.IndexFunc(p, func(b byte) bool { return b != 0 }); i >= 0 {
			c.edits = append(c.edits, edit{span: span{at + int64(i), s.end}})
			return true, nil
		}
		at += int64(len(p))
	}
	return false, nil
}

// blank is zero for a field that says something of a kind.
func (c *cleaner) blank(s span, what string) error {
	some, err := c.zero(s)
	if some {
		c.found.add(what)
	}
	return err
}

// apply carries out the plan.
func (c *cleaner) apply(write func(at int64, data []byte) error) error {
	zeros := make([]byte, len(c.buffer))
	for _, e := range c.edits {
		if e.data != nil {
			if err := write(e.at, e.data); err != nil {
				return err
			}
			continue
		}
		for at := e.at; at < e.end; at += int64(len(zeros)) {
			if err := write(at, zeros[:min(int64(len(zeros)), e.end-at)]); err != nil {
				return err
			}
		}
	}
	return nil
}

// erase plans to overwrite the data of tracks and items that go. Data that something else shares, or that lies where no
// media data is, is the mark of a file that wants to have something else overwritten.
func (c *cleaner) erase() error {
	if err := c.sampleSpans(); err != nil {
		return err
	}
	shared, inMedia := overlaps(c.kept), within(c.media)
	for _, d := range c.dropped {
		if shared(d.span) {
			return malformed("metadata and picture share their bytes")
		}
		if !inMedia(d.span) {
			return malformed("metadata lies outside the media data")
		}
	}
	torn, err := c.zeroDropped()
	if err != nil {
		return err
	}
	isTorn := overlaps(torn)
	for _, e := range c.last {
		if !isTorn(e.span) {
			c.edits = append(c.edits, e)
		}
	}
	return nil
}

// zeroDropped plans the zeros, each stretch once however many share it, and returns the stretches that are shared.
func (c *cleaner) zeroDropped() (torn []span, err error) {
	slices.SortFunc(c.dropped, func(a, b erasure) int { return cmp.Compare(a.at, b.at) })
	for list := c.dropped; len(list) > 0; {
		whole, n, shared := list[0].span, 1, false
		for ; n < len(list) && list[n].at <= whole.end; n++ {
			shared = shared || list[n].at < whole.end
			whole.end = max(whole.end, list[n].end)
		}
		if shared {
			torn = append(torn, whole)
		}
		some, err := c.zero(whole)
		if err != nil {
			return nil, err
		}
		for _, d := range list[:n] {
			if some {
				c.found.add(d.what)
			}
		}
		list = list[n:]
	}
	return torn, nil
}

// overlaps returns a function that tells whether a stretch shares bytes with any of these.
func overlaps(spans []span) func(span) bool {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.at, b.at) })
	reach := make([]int64, len(spans)) // the furthest end of the stretches up to each
	furthest := int64(0)
	for i, s := range spans {
		furthest = max(furthest, s.end)
		reach[i] = furthest
	}
	return func(d span) bool {
		before, _ := slices.BinarySearchFunc(spans, d.end, func(s span, end int64) int { return cmp.Compare(s.at, end) })
		return before > 0 && reach[before-1] > d.at
	}
}

// within returns a function that tells whether a stretch lies within one of these, which share nothing.
func within(spans []span) func(span) bool {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.at, b.at) })
	return func(d span) bool {
		after, _ := slices.BinarySearchFunc(spans, d.at+1, func(s span, at int64) int { return cmp.Compare(s.at, at) })
		return after > 0 && d.end <= spans[after-1].end
	}
}
