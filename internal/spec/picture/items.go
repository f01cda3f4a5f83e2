package picture

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// pictureItems are the items of an image file that decode to a picture or compose one (ISO/IEC 23008-12). What else a
// file holds as an item (Exif, XMP, anything unknown) is overwritten.
var pictureItems = []string{"hvc1", "hev1", "lhv1", "av01", "avc1", "vvc1", "evc1", "jpeg", "j2k1", "unci", "mski", "grid", "iovl", "iden", "tmap"}

// item is one item of an image file.
type item struct {
	id          uint32
	kind        string
	contentType string
	spans       []span
	unplaced    bool // its data cannot be found in this file
}

// items collects what the boxes of a meta box say.
type items struct {
	primary uint32
	list    []item
	places  box  // iloc
	data    span // payload of idat
	spans   int  // of all items
	picture bool // the handler is that of images
	rest    []box
}

// meta goes through a meta box of the file's own level (14496-12, 8.11). Only that of an image file stays.
func (c *cleaner) meta(meta box) error {
	full, err := c.payloadStart(meta)
	if err != nil {
		return err
	}
	var it items
	if err := c.each(span{full, meta.end}, func(b box) error { return c.metaBox(&it, b) }); err != nil {
		return err
	}
	if !it.picture {
		return c.empty(meta)
	}
	c.image = true
	for _, b := range it.rest {
		if err := c.empty(b); err != nil {
			return err
		}
	}
	if it.data.end > 0 {
		c.media = append(c.media, it.data)
	}
	if err := c.locate(&it); err != nil {
		return err
	}
	return c.dropItems(&it)
}

// payloadStart finds the first box in a meta box: QuickTime's has no version before it.
func (c *cleaner) payloadStart(meta box) (int64, error) {
	if meta.end-meta.at < 12 {
		return meta.at, nil
	}
	head, err := c.read(meta.at, 12)
	if err != nil {
		return 0, err
	}
	if string(head[4:8]) == "hdlr" {
		return meta.at, nil
	}
	return meta.at + 4, nil
}

func (c *cleaner) metaBox(it *items, b box) error {
	switch b.name {
	case "hdlr":
		head, err := c.payload(b, 12)
		if err != nil {
			return err
		}
		it.picture = string(head[8:12]) == "pict"
	case "pitm":
		return c.primaryItem(it, b)
	case "iinf":
		return c.itemInformation(it, b)
	case "iloc":
		it.places = b
	case "idat":
		it.data = b.span
	case "iprp":
		return c.properties(b)
	case "iref", "dinf", "grpl", "ipro":
	default:
		it.rest = append(it.rest, b)
	}
	return nil
}

func (c *cleaner) primaryItem(it *items, b box) error {
	data, err := c.payload(b, 6)
	if err != nil {
		return err
	}
	r := fields{data: data[4:]}
	it.primary = uint32(r.number(idSize(data[0] > 0)))
	return r.err(b)
}

// properties empties those that say when, by whom and with which camera (23008-12, 6.5). Emptied boxes keep their place,
// as properties are referred to by their number.
func (c *cleaner) properties(iprp box) error {
	return c.each(iprp.span, func(b box) error {
		if b.name != "ipco" {
			return nil
		}
		return c.each(b.span, func(p box) error {
			if slices.Contains([]string{"udes", "crtt", "mdft", "uuid", "cmin", "cmex"}, p.name) {
				return c.empty(p)
			}
			return nil
		})
	})
}

// itemInformation reads the item information box (8.11.6).
func (c *cleaner) itemInformation(it *items, iinf box) error {
	head, err := c.read(iinf.at, min(6, iinf.end-iinf.at))
	if err != nil {
		return err
	}
	if len(head) < 6 {
		return malformed("box %q is too short", iinf.name)
	}
	first := iinf.at + 6
	if head[0] > 0 {
		first += 2
	}
	return c.each(span{min(first, iinf.end), iinf.end}, func(b box) error {
		data, err := c.payload(b, 12)
		if err != nil || b.name != "infe" {
			return err
		}
		if data[0] < 2 {
			return unsupported("item entries of version %d", data[0])
		}
		r := fields{data: data[4:]}
		entry := item{id: uint32(r.number(idSize(data[0] > 2)))}
		r.number(2) // protection
		entry.kind = string(r.bytes(4))
		_, rest, _ := bytes.Cut(r.data, []byte{0}) // the name
		contentType, _, _ := bytes.Cut(rest, []byte{0})
		entry.contentType = string(contentType)
		it.list = append(it.list, entry)
		return r.err(b)
	})
}

func idSize(wide bool) int {
	if wide {
		return 4
	}
	return 2
}

// locate reads the item location box (8.11.3) and gives every item its stretches.
func (c *cleaner) locate(it *items) error {
	if it.places.name == "" {
		return malformed("an image file without item locations")
	}
	data, err := c.payload(it.places, 8)
	if err != nil {
		return err
	}
	version := data[0]
	r := fields{data: data[6:]}
	sizes := locationSizes{int(data[4] >> 4), int(data[4] & 15), int(data[5] >> 4), int(data[5] & 15)}
	if version == 0 {
		sizes.index = 0
	}
	if !sizes.sensible() || version > 2 {
		return malformed("item locations of no known form")
	}
	byID := make(map[uint32]*item, len(it.list))
	for i := range it.list {
		byID[it.list[i].id] = &it.list[i]
	}
	for n := r.number(idSize(version == 2)); n > 0 && !r.short; n-- {
		id := uint32(r.number(idSize(version == 2)))
		to := byID[id]
		if to == nil {
			to = new(item) // a place without an item
		}
		c.place(&r, to, it, version, sizes)
		if it.spans > maxSpans {
			return unsupported("items in more than %d pieces", maxSpans)
		}
	}
	return r.err(it.places)
}

// locationSizes are the sizes in bytes of the fields of an item location.
type locationSizes struct{ offset, length, base, index int }

func (s locationSizes) sensible() bool {
	for _, n := range []int{s.offset, s.length, s.base, s.index} {
		if n != 0 && n != 4 && n != 8 {
			return false
		}
	}
	return true
}

func (c *cleaner) place(r *fields, to *item, it *items, version byte, sizes locationSizes) {
	method := uint64(0)
	if version > 0 {
		method = r.number(2) & 15
	}
	elsewhere := r.number(2) != 0
	base := r.number(sizes.base)
	n := r.number(2)
	if n > 1 && sizes.index+sizes.offset+sizes.length == 0 {
		n = 1 // entries of no bytes are all alike
	}
	for ; n > 0 && !r.short; n-- {
		r.number(sizes.index)
		offset, length := r.number(sizes.offset), r.number(sizes.length)
		at := base + offset
		if method == 1 {
			at += uint64(it.data.at)
		}
		end := at + length
		if elsewhere || method > 1 || length == 0 || at < base || end < at || end > uint64(c.size) {
			to.unplaced = true
			continue
		}
		to.spans = append(to.spans, span{int64(at), int64(end)})
		it.spans++
	}
}

// dropItems overwrites the items that are not pictures.
func (c *cleaner) dropItems(it *items) error {
	for i := range it.list {
		entry := &it.list[i]
		if slices.Contains(pictureItems, entry.kind) {
			c.kept = append(c.kept, entry.spans...)
			continue
		}
		if entry.id == it.primary {
			return unsupported("an image of kind %q", entry.kind)
		}
		if entry.unplaced {
			return unsupported("metadata of kind %q out of reach", entry.kind)
		}
		if err := c.dropItem(entry); err != nil {
			return err
		}
	}
	return nil
}

func (c *cleaner) dropItem(entry *item) error {
	if entry.kind == "Exif" {
		return c.dropExif(entry)
	}
	what := unknownData
	switch {
	case entry.contentType == "application/rdf+xml":
		what = xmpData
	case entry.kind == "mime" || entry.kind == "uri ":
		what = metadata
	}
	c.drop(entry, what)
	return nil
}

func (c *cleaner) drop(entry *item, what string) {
	for _, s := range entry.spans {
		c.dropped = append(c.dropped, erasure{s, what})
	}
}

// dropExif overwrites an item of Exif (23008-12, A.2.1), and leaves in its place one that tells only the orientation.
func (c *cleaner) dropExif(entry *item) error {
	old, err := c.itemData(entry)
	if err != nil || allZero(old) {
		return err
	}
	e, inside := exif{orientation: upright}, make(report)
	if len(old) >= 4 {
		if skip := uint64(binary.BigEndian.Uint32(old)) + 4; skip <= uint64(len(old)) {
			e = readExif(old[skip:], inside)
		}
	}
	left := append(make([]byte, 4), minimalExif(e.orientation)...)
	if len(entry.spans) != 1 || len(left) > len(old) {
		left = nil
	}
	if rest, ok := bytes.CutPrefix(old, left); ok && allZero(rest) {
		return nil // cleaned before
	}
	for what := range inside {
		c.found.add(what)
	}
	c.drop(entry, exifData)
	if left != nil {
		c.last = append(c.last, edit{span{entry.spans[0].at, entry.spans[0].at + int64(len(left))}, left})
	}
	return nil
}

func (c *cleaner) itemData(entry *item) ([]byte, error) {
	var data []byte
	for _, s := range entry.spans {
		part, err := c.read(s.at, s.end-s.at)
		if err != nil {
			return nil, err
		}
		if data = append(data, part...); len(data) > maxTable {
			return nil, unsupported("an item of more than %d bytes", maxTable)
		}
	}
	return data, nil
}

func allZero(p []byte) bool {
	return !slices.ContainsFunc(p, func(b byte) bool { return b != 0 })
}

// fields reads numbers one after the other from a table; once it is short it stays so, and they are zero.
type fields struct {
	data  []byte
	short bool
}

func (f *fields) bytes(n int) []byte {
	if n > len(f.data) {
		f.data, f.short = nil, true
		return nil
	}
	out := f.data[:n]
	f.data = f.data[n:]
	return out
}

func (f *fields) number(size int) uint64 {
	var n uint64
	for _, b := range f.bytes(size) {
		n = n<<8 | uint64(b)
	}
	return n
}

func (f *fields) err(b box) error {
	if f.short {
		return malformed("box %q is cut short", b.name)
	}
	return nil
}
