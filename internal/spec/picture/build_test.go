package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

// secrets are planted in every file made here; none may be in a cleaned one.
var secrets = []string{
	"PLANTED-MAKE", "PLANTED-SERIAL", "PLANTED-GPS", "PLANTED-XMP", "PLANTED-IPTC", "PLANTED-COMMENT", "PLANTED-THUMB", "PLANTED-NOTE",
	"PLANTED-TRAILER", "PLANTED-MPF", "PLANTED-TEXT", "PLANTED-APP", "+51.5007-000.1246/", "PLANTED-UNKNOWN", "PLANTED-TRACK", "PLANTED-NAME",
}

func sweep(t *testing.T, out []byte) {
	t.Helper()
	for _, secret := range secrets {
		if bytes.Contains(out, []byte(secret)) {
			t.Errorf("%s is still in the file", secret)
		}
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// sampleImage is a picture with enough in it that a byte lost would show.
func sampleImage(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetNRGBA(x, y, color.NRGBA{uint8(x * 7), uint8(y * 5), uint8(x * y), 255})
		}
	}
	return m
}

// makeExif is what a phone writes: maker, orientation, a maker note and a position.
func makeExif(order binary.AppendByteOrder, orientation uint16) []byte {
	u16, u32 := order.AppendUint16, order.AppendUint32
	b := []byte("MM")
	if order.String() == "LittleEndian" {
		b = []byte("II")
	}
	b = u32(u16(b, 42), 8)
	entry := func(tag, typ uint16, n, value uint32) { b = u32(u32(u16(u16(b, tag), typ), n), value) }
	short := func(tag uint16, value uint16) { b = u16(u16(u32(u16(u16(b, tag), 3), 1), value), 0) }
	b = u16(b, 4) // entries; the directories follow each other, then the texts
	entry(0x010f, 2, 12, 8+2+4*12+4+2+12+4+2+12+4)
	short(tagOrientation, orientation)
	entry(tagExifIFD, 4, 1, 8+2+4*12+4)
	entry(tagGPSIFD, 4, 1, 8+2+4*12+4+2+12+4)
	b = u32(b, 0)
	b = u16(b, 1)
	entry(tagMakerNote, 7, 12, 8+2+4*12+4+2+12+4+2+12+4+12)
	b = u32(b, 0)
	b = u16(b, 1)
	entry(29, 2, 11, 8+2+4*12+4+2+12+4+2+12+4+24)
	b = u32(b, 0)
	return append(b, "PLANTED-MAKEPLANTED-NOTEPLANTED-GPS PLANTED-SERIAL"...)
}

func makeJPEG(t testing.TB) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, sampleImage(61, 47), &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// splice puts segments right behind the first two bytes.
func splice(file []byte, segments ...[]byte) []byte {
	return join(file[:2], join(segments...), file[2:])
}

func seg(m byte, body string) []byte { return jpegSegment(m, []byte(body)) }

func pngMake(t testing.TB) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, sampleImage(33, 21)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngPiece(name, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// afterHeader puts chunks right behind IHDR.
func afterHeader(file []byte, chunks ...[]byte) []byte {
	const header = 8 + 25
	return join(file[:header], join(chunks...), file[header:])
}

func gifMake(t testing.TB) []byte {
	var all gif.GIF
	for i := range 3 {
		m := image.NewPaletted(image.Rect(0, 0, 20, 12), palette.Plan9)
		for k := range m.Pix {
			m.Pix[k] = uint8(k*3 + i*40)
		}
		all.Image, all.Delay = append(all.Image, m), append(all.Delay, 7+i)
		all.Disposal = append(all.Disposal, gif.DisposalBackground)
	}
	all.LoopCount = 5
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &all); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gifExtensionBlock is an extension with one sub-block for each text.
func gifExtensionBlock(label byte, texts ...string) []byte {
	b := []byte{gifExtension, label}
	for _, text := range texts {
		b = append(append(b, byte(len(text))), text...)
	}
	return append(b, 0)
}

// webpLossless is a picture of one colour: each of its five prefix codes has one symbol, so that pixels take no bits.
func webpLossless(w, h int, c color.NRGBA) []byte {
	var bits uint64
	var n uint
	var out []byte
	put := func(value uint64, width uint) {
		bits |= value << n
		for n += width; n >= 8; n -= 8 {
			out = append(out, byte(bits))
			bits >>= 8
		}
	}
	put(0x2f, 8)
	put(uint64(w-1), 14)
	put(uint64(h-1), 14)
	put(0, 1+3+1+1+1) // no alpha hint, version 0, no transform, no colour cache, no meta prefix codes
	for _, symbol := range []uint8{c.G, c.R, c.B, c.A, 0} {
		put(1, 1) // simple code
		put(0, 1) // of one symbol
		put(1, 1) // of eight bits
		put(uint64(symbol), 8)
	}
	put(0, 7) // to a whole byte
	return out
}

func riff(name string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	b = append(b, body...)
	if len(body)&1 == 1 {
		b = append(b, 0)
	}
	return b
}

func webpFile(chunks ...[]byte) []byte {
	return riff("RIFF", append([]byte("WEBP"), join(chunks...)...))
}

func vp8x(flags byte, w, h int) []byte {
	return riff("VP8X", []byte{flags, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0})
}

// bx is a box of ISO/IEC 14496-12.
func bx(name string, parts ...[]byte) []byte {
	body := join(parts...)
	return join(be32(uint32(len(body)+8)), []byte(name), body)
}

// fullBox is a box with a version and flags.
func fullBox(name string, version byte, parts ...[]byte) []byte {
	return bx(name, append([][]byte{{version, 0, 0, 0}}, parts...)...)
}

func be32(n ...uint32) (b []byte) {
	for _, v := range n {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func be16(n ...uint16) (b []byte) {
	for _, v := range n {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// video is an MP4 with a picture, a sound and a position track, whose samples are mixed in the media data.
type video struct {
	file     []byte
	kept     []string // stretches that must survive, byte for byte
	handlers [3]string
}

func makeVideo(edit func(*video)) video {
	v := video{handlers: [3]string{"vide", "soun", "meta"}}
	if edit != nil {
		edit(&v)
	}
	ftyp := bx("ftyp", []byte("isom\x00\x00\x02\x00isomiso2mp41"))
	samples := []string{"picture-1;", "sound-1;", "PLANTED-TRACK-1", "picture-2-longer;", "sound-2;", "PLANTED-TRACK-22"}
	v.kept = []string{samples[0], samples[1], samples[3], samples[4]}
	first := uint32(len(ftyp) + 8)
	offset := func(i int) uint32 { return first + uint32(len(strings.Join(samples[:i], ""))) }
	tracks := make([][]byte, 3)
	for i := range 3 {
		tracks[i] = v.track(uint32(i+1), v.handlers[i], samples[i], samples[i+3], offset(i), offset(i+3))
	}
	v.file = join(ftyp, bx("mdat", []byte(strings.Join(samples, ""))), bx("moov",
		fullBox("mvhd", 0, be32(3_800_000_000, 3_800_000_001, 1000, 9), make([]byte, 80)),
		join(tracks...),
		bx("udta", bx("\xa9xyz", []byte("\x00\x12\x15\xc7+51.5007-000.1246/")), bx("\xa9mak", []byte("PLANTED-MAKE")), []byte{0, 0, 0, 0}),
		bx("meta", fullBox("hdlr", 0, []byte("\x00\x00\x00\x00mdta")), bx("keys", []byte("com.apple.quicktime.location.ISO6709 +51.5007-000.1246/"))),
		bx("free", []byte("PLANTED-TEXT")),
	), bx("uuid", []byte("\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xacPLANTED-XMP")), bx("gps ", []byte("PLANTED-GPS")))
	return v
}

func (v *video) track(id uint32, handler, one, two string, at, at2 uint32) []byte {
	entry := map[string][]byte{
		"vide": bx("avc1", make([]byte, 12), []byte("APPL"), make([]byte, 26), []byte("\x10PLANTED-NAME    "), make([]byte, 15), make([]byte, 4), bx("avcC", []byte("config"))),
		"soun": bx("mp4a", make([]byte, 28)),
	}[handler]
	if entry == nil {
		entry = bx("mebx", []byte("PLANTED-TEXT"))
	}
	refs := []byte{}
	if handler == "vide" {
		refs = bx("tref", bx("cdsc", be32(3)), bx("chap", be32(2)))
	}
	return bx("trak",
		fullBox("tkhd", 0, be32(3_800_000_000, 3_800_000_001, id, 0, 9), make([]byte, 60)),
		refs,
		bx("udta", bx("name", []byte("PLANTED-NAME"))),
		bx("mdia",
			fullBox("mdhd", 1, be32(0, 3_800_000_000, 0, 3_800_000_001, 1000, 0, 9, 0)),
			fullBox("hdlr", 0, []byte("\x00\x00\x00\x00"+handler+"appl\x00\x00\x00\x00\x00\x00\x00\x00PLANTED-NAME\x00")),
			bx("minf", bx("dinf", fullBox("dref", 0, be32(1), fullBox("url ", 0))), bx("stbl",
				fullBox("stsd", 0, be32(1), entry),
				fullBox("stts", 0, be32(1, 2, 1)),
				fullBox("stsc", 0, be32(1, 1, 1, 1)),
				fullBox("stsz", 0, be32(0, 2, uint32(len(one)), uint32(len(two)))),
				fullBox("stco", 0, be32(2, at, at2)),
			)),
		))
}

// photo is a HEIC with a coded picture, Exif, XMP and an unknown item in its media data.
type photo struct {
	file  []byte
	coded string
	exif  span // of the Exif item
}

func makePhoto(orientation uint16, version byte) photo {
	p := photo{coded: "coded picture data"}
	exifItem := join(be32(6), []byte(exifHeader), makeExif(binary.BigEndian, orientation))
	contents := []string{p.coded, string(exifItem), "<x>PLANTED-XMP</x>", "PLANTED-UNKNOWN"}
	infe := func(id uint16, kind, rest string) []byte {
		return fullBox("infe", 2, be16(id, 0), []byte(kind+"\x00"+rest))
	}
	ftyp := bx("ftyp", []byte("heic\x00\x00\x00\x00mif1heic"))
	build := func(first uint32) []byte {
		iloc := []byte{0x44, 0x00}
		iloc = append(iloc, be16(4)...)
		at := first
		for i, content := range contents {
			iloc = append(iloc, be16(uint16(i+1))...)
			if version == 1 {
				iloc = append(iloc, be16(0)...)
			}
			iloc = append(iloc, be16(0, 1)...)
			iloc = append(iloc, be32(at, uint32(len(content)))...)
			at += uint32(len(content))
		}
		return fullBox("meta", 0,
			fullBox("hdlr", 0, []byte("\x00\x00\x00\x00pict"), make([]byte, 13)),
			fullBox("pitm", 0, be16(1)),
			fullBox("iloc", version, iloc),
			fullBox("iinf", 0, be16(4), infe(1, "hvc1", ""), infe(2, "Exif", ""), infe(3, "mime", "application/rdf+xml\x00"), infe(4, "abcd", "")),
			bx("iprp", bx("ipco", bx("ispe", make([]byte, 12)), bx("udes", []byte("PLANTED-TEXT")), bx("irot", []byte{1})), fullBox("ipma", 0, be32(0))),
			bx("xml ", []byte("PLANTED-XMP")),
		)
	}
	first := uint32(len(ftyp)+len(build(0))) + 8
	p.exif = span{int64(first) + int64(len(p.coded)), int64(first) + int64(len(p.coded)+len(exifItem))}
	p.file = join(ftyp, build(first), bx("mdat", []byte(strings.Join(contents, ""))), bx("mpvd", []byte("PLANTED-TRAILER")))
	return p
}
