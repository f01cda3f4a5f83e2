package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/webp"
)

// clean strips a file, sweeps it for what was planted, and checks that cleaning it again finds nothing.
func clean(t *testing.T, kind Kind, in []byte) (out []byte, removed []string) {
	t.Helper()
	before := bytes.Clone(in)
	if got := Sniff(in); got != kind {
		t.Errorf("taken for %q, want %q", got, kind)
	}
	out, removed, err := Strip(kind, in)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(in, before) {
		t.Error("the input was changed")
	}
	sweep(t, out)
	again, more, err := Strip(kind, out)
	if err != nil || !bytes.Equal(again, out) || len(more) != 0 {
		t.Errorf("cleaning a second time: removed %q, same file %v, %v", more, bytes.Equal(again, out), err)
	}
	return out, removed
}

func expectRemoved(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("removed %q, want %q", got, want)
	}
}

// samePixels compares what two files decode to.
func samePixels(t *testing.T, decode func([]byte) image.Image, a, b []byte) {
	t.Helper()
	x, y := decode(a), decode(b)
	if x.Bounds() != y.Bounds() || x.ColorModel() != y.ColorModel() && !isPalette(x) {
		t.Fatalf("%v %T, and %v %T", x.Bounds(), x, y.Bounds(), y)
	}
	for py := x.Bounds().Min.Y; py < x.Bounds().Max.Y; py++ {
		for px := x.Bounds().Min.X; px < x.Bounds().Max.X; px++ {
			if x.At(px, py) != y.At(px, py) {
				t.Fatalf("the pixel at %d, %d changed", px, py)
			}
		}
	}
}

func isPalette(m image.Image) bool { _, ok := m.(*image.Paletted); return ok }

func decoder(t *testing.T, kind Kind) func([]byte) image.Image {
	return func(file []byte) image.Image {
		t.Helper()
		var m image.Image
		var err error
		switch kind {
		case JPEG:
			m, err = jpeg.Decode(bytes.NewReader(file))
		case PNG:
			m, err = png.Decode(bytes.NewReader(file))
		default:
			m, err = webp.Decode(bytes.NewReader(file))
		}
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

func TestJPEG(t *testing.T) {
	plain := makeJPEG(t)
	icc := seg(0xe2, "ICC_PROFILE\x00\x01\x01profile")
	file := splice(plain,
		seg(0xe0, "JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x04\x01PLANTED-THUMB"),
		seg(0xe0, "JFXX\x00\x10PLANTED-THUMB"),
		seg(0xe1, exifHeader+string(makeExif(binary.LittleEndian, 6))),
		seg(0xe1, exifHeader+string(makeExif(binary.BigEndian, 3))),
		seg(0xe1, "http://ns.adobe.com/xap/1.0/\x00PLANTED-XMP"),
		icc,
		seg(0xe2, "MPF\x00PLANTED-MPF"),
		[]byte{0xff, 0xff}, // fill
		seg(0xed, "Photoshop 3.0\x00PLANTED-IPTC"),
		seg(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x01"),
		seg(0xeb, "PLANTED-APP"),
		seg(0xfe, "PLANTED-COMMENT"),
	)
	file = append(file, "PLANTED-TRAILER"...)
	out, removed := clean(t, JPEG, file)
	expectRemoved(t, removed, exifData, position, makerNote, xmpData, iptcData, comment, preview, application, trailing)
	samePixels(t, decoder(t, JPEG), plain, out)
	want := splice(plain, seg(0xe0, "JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x00\x00"), seg(0xe1, exifHeader+string(minimalExif(6))), icc,
		seg(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x01"))
	if !bytes.Equal(out, want) {
		t.Errorf("%d bytes, want %d: not exactly what rendering needs", len(out), len(want))
	}
}

func TestJPEGUpright(t *testing.T) {
	plain := makeJPEG(t)
	for name, segment := range map[string][]byte{
		"upright":            seg(0xe1, exifHeader+string(makeExif(binary.BigEndian, 1))),
		"no such way up":     seg(0xe1, exifHeader+string(makeExif(binary.BigEndian, 9))),
		"damaged Exif":       seg(0xe1, exifHeader+"MM\x00*\x00\x00\x00\xffPLANTED-MAKE"),
		"Exif cut short":     seg(0xe1, exifHeader+"II"),
		"Exif without order": seg(0xe1, exifHeader+"XX\x00*\x00\x00\x00\x08PLANTED-MAKE"),
	} {
		out, removed := clean(t, JPEG, splice(plain, segment))
		if !bytes.Equal(out, plain) || !slices.Contains(removed, exifData) {
			t.Errorf("%s: %d bytes, want the %d without Exif; removed %q", name, len(out), len(plain), removed)
		}
	}
	if out, removed := clean(t, JPEG, plain); !bytes.Equal(out, plain) || len(removed) != 0 {
		t.Errorf("a clean file changed, removed %q", removed)
	}
}

func TestPNG(t *testing.T) {
	plain := pngMake(t)
	gamma := pngPiece("gAMA", "\x00\x00\xb1\x8f")
	file := afterHeader(plain, gamma,
		pngPiece("tEXt", "Comment\x00PLANTED-COMMENT"), pngPiece("zTXt", "x\x00\x00PLANTED-TEXT"),
		pngPiece("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00PLANTED-XMP"), pngPiece("tIME", "\x07\xe9\x01\x01\x01\x01\x01"),
		pngPiece("eXIf", string(makeExif(binary.BigEndian, 8))), pngPiece("prVt", "PLANTED-UNKNOWN"))
	file = append(file, "PLANTED-TRAILER"...)
	out, removed := clean(t, PNG, file)
	expectRemoved(t, removed, textData, xmpData, times, exifData, position, makerNote, unknownData, trailing)
	samePixels(t, decoder(t, PNG), plain, out)
	if want := afterHeader(plain, gamma, pngPiece("eXIf", string(minimalExif(8)))); !bytes.Equal(out, want) {
		t.Errorf("%d bytes, want %d: not exactly what rendering needs", len(out), len(want))
	}
}

func TestGIF(t *testing.T) {
	plain := gifMake(t)
	at := 13 + gifTable(plain[10])
	file := join(plain[:at],
		gifExtensionBlock(gifComment, "PLANTED-COMMENT", "PLANTED-GPS"),
		gifExtensionBlock(gifApplication, "XMP DataXMP", "PLANTED-XMP"),
		gifExtensionBlock(gifApplication, "MGKIPTC0000", "PLANTED-IPTC"),
		gifExtensionBlock(gifApplication, "ICCRGBG1012", "profile"),
		gifExtensionBlock(gifPlainText, "............", "PLANTED-TEXT"),
		gifExtensionBlock(0x42, "PLANTED-UNKNOWN"),
		plain[at:], []byte("PLANTED-TRAILER"))
	out, removed := clean(t, GIF, file)
	expectRemoved(t, removed, comment, xmpData, application, textData, unknownData, trailing)
	if want := join(plain[:at], gifExtensionBlock(gifApplication, "ICCRGBG1012", "profile"), plain[at:]); !bytes.Equal(out, want) {
		t.Errorf("%d bytes, want %d: not exactly what rendering needs", len(out), len(want))
	}
	a, err := gif.DecodeAll(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	b, err := gif.DecodeAll(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if a.LoopCount != b.LoopCount || !slices.Equal(a.Delay, b.Delay) || !slices.Equal(a.Disposal, b.Disposal) || len(a.Image) != len(b.Image) {
		t.Error("the animation runs differently")
	}
	for i := range a.Image {
		if !bytes.Equal(a.Image[i].Pix, b.Image[i].Pix) {
			t.Errorf("frame %d changed", i)
		}
	}
}

func TestWebP(t *testing.T) {
	coded := webpLossless(17, 9, color.NRGBA{200, 30, 90, 255})
	plain := webpFile(vp8x(0, 17, 9), riff("VP8L", coded))
	file := webpFile(vp8x(webpHasExif|webpHasXMP|0x20, 17, 9), riff("ICCP", []byte("profile")), riff("VP8L", coded),
		riff("EXIF", append([]byte(exifHeader), makeExif(binary.LittleEndian, 5)...)), riff("XMP ", []byte("PLANTED-XMP")), riff("ABCD", []byte("PLANTED-UNKNOWN")))
	file = append(file, "PLANTED-TRAILER"...)
	out, removed := clean(t, WebP, file)
	expectRemoved(t, removed, exifData, position, makerNote, xmpData, unknownData, trailing)
	samePixels(t, decoder(t, WebP), plain, out)
	if want := webpFile(vp8x(webpHasExif|0x20, 17, 9), riff("ICCP", []byte("profile")), riff("VP8L", coded), riff("EXIF", minimalExif(5))); !bytes.Equal(out, want) {
		t.Errorf("%d bytes, want %d: not exactly what rendering needs", len(out), len(want))
	}
	if m := decoder(t, WebP)(out); m.At(16, 8) != (color.NRGBA{200, 30, 90, 255}) {
		t.Errorf("the picture is of colour %v", m.At(16, 8))
	}
}

func TestWebPSimpleAndAnimated(t *testing.T) {
	coded := webpLossless(5, 4, color.NRGBA{1, 2, 3, 255})
	out, removed := clean(t, WebP, webpFile(riff("VP8L", coded), riff("EXIF", makeExif(binary.BigEndian, 1)), riff("XMP ", []byte("PLANTED-XMP"))))
	expectRemoved(t, removed, exifData, position, makerNote, xmpData)
	if !bytes.Equal(out, webpFile(riff("VP8L", coded))) {
		t.Error("the simple form was not kept")
	}
	place := make([]byte, 16)
	frame := func(more ...[]byte) []byte { return riff("ANMF", join(place, riff("VP8L", coded), join(more...))) }
	out, removed = clean(t, WebP, webpFile(vp8x(0x02|webpHasXMP, 5, 4), riff("ANIM", make([]byte, 6)), frame(riff("WXYZ", []byte("PLANTED-UNKNOWN"))), frame(), riff("XMP ", []byte("PLANTED-XMP"))))
	expectRemoved(t, removed, xmpData, unknownData)
	if !bytes.Equal(out, webpFile(vp8x(0x02, 5, 4), riff("ANIM", make([]byte, 6)), frame(), frame())) {
		t.Error("the animation is not exactly its frames")
	}
}

func TestVideo(t *testing.T) {
	v := makeVideo(nil)
	out, removed := clean(t, MP4, v.file)
	expectRemoved(t, removed, userData, metadata, metadataTrack, times, deviceNames, unusedSpace, unknownData, position)
	sameLayout(t, v.file, out, v.kept...)
	for _, gone := range []string{"\xa9xyz", "mebx", "APPL", "appl", "cdsc"} {
		if bytes.Contains(out, []byte(gone)) {
			t.Errorf("%q is still in the file", gone)
		}
	}
	for _, stays := range []string{"vide", "soun", "avcC\x63\x6f\x6e", "chap", "stco"} {
		if !bytes.Contains(out, []byte(stays)) {
			t.Errorf("%q is lost", stays)
		}
	}
	if bytes.Contains(out, be32(3_800_000_000)) || bytes.Contains(out, be32(3_800_000_001)) {
		t.Error("a time is still in the file")
	}
	if bytes.Count(out, []byte("trak")) != 2 {
		t.Error("two of the three tracks must stay")
	}
}

// sameLayout checks that cleaning in place moved nothing, and left media data as it was.
func sameLayout(t *testing.T, in, out []byte, kept ...string) {
	t.Helper()
	if len(in) != len(out) {
		t.Fatalf("%d bytes became %d", len(in), len(out))
	}
	for _, data := range kept {
		if at := bytes.Index(in, []byte(data)); at < 0 || at != bytes.Index(out, []byte(data)) {
			t.Errorf("%q moved or is lost", data)
		}
	}
	c := newCleaner(bytes.NewReader(out), int64(len(out)), make(report))
	if _, err := c.children(span{0, c.size}); err != nil {
		t.Errorf("the boxes do not hold together: %v", err)
	}
}

func TestPhoto(t *testing.T) {
	for _, version := range []byte{0, 1} {
		for orientation := uint16(1); orientation <= 8; orientation++ {
			p := makePhoto(orientation, version)
			out, removed := clean(t, HEIF, p.file)
			expectRemoved(t, removed, exifData, position, makerNote, xmpData, unknownData, textData, preview)
			sameLayout(t, p.file, out, p.coded, "irot", "ispe", "hvc1")
			left := out[p.exif.at:p.exif.end]
			if e := readExif(left[4:30], make(report)); e.orientation != int(orientation) || !allZero(left[30:]) {
				t.Errorf("orientation %d became %d", orientation, e.orientation)
			}
		}
	}
	avif := bytes.Replace(makePhoto(1, 0).file, []byte("heic\x00\x00\x00\x00mif1heic"), []byte("avif\x00\x00\x00\x00mif1avif"), 1)
	clean(t, AVIF, bytes.Replace(avif, []byte("hvc1"), []byte("av01"), 1))
}

// TestHostileBoxes holds files that want something else overwritten, or that cannot be cleaned.
func TestHostileBoxes(t *testing.T) {
	p, v := makePhoto(6, 0), makeVideo(nil)
	replace := func(file, old, with []byte) []byte {
		t.Helper()
		if bytes.Count(file, old) != 1 {
			t.Fatalf("%d places to change", bytes.Count(file, old))
		}
		return bytes.Replace(file, old, with, 1)
	}
	coded := be32(uint32(p.exif.at)-uint32(len(p.coded)), uint32(len(p.coded)))
	exifPlace := be32(uint32(p.exif.at), uint32(p.exif.end-p.exif.at))
	kind := func(name string) []byte {
		return replace(p.file, []byte("\x00\x00Exif\x00"), []byte("\x00\x00"+name+"\x00"))
	}
	track := bytes.Index(v.file, []byte("PLANTED-TRACK-1"))
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"Exif where the picture is":       {replace(p.file, exifPlace, coded), ErrMalformed},
		"Exif over the picture's end":     {replace(p.file, exifPlace, be32(uint32(p.exif.at)-1, 5)), ErrMalformed},
		"Exif in the header":              {replace(p.file, exifPlace, be32(4, 20)), ErrMalformed},
		"Exif beyond the end":             {replace(p.file, exifPlace, be32(uint32(p.exif.at), 1<<30)), ErrUnsupported},
		"Exif without a length":           {replace(p.file, exifPlace, be32(uint32(p.exif.at), 0)), ErrUnsupported},
		"the first item is no picture":    {replace(p.file, []byte("hvc1"), []byte("zzzz")), ErrUnsupported},
		"no places":                       {replace(p.file, []byte("iloc"), []byte("free")), ErrMalformed},
		"another form of metadata":        {kind("uri "), nil},
		"a compressed movie":              {replace(v.file, []byte("mvhd"), []byte("cmov")), ErrUnsupported},
		"fragments with a position track": {join(v.file, bx("moof", bx("mfhd", be32(0, 1)))), ErrUnsupported},
		"a position where the picture is": {replace(v.file, be32(2, uint32(track)), be32(2, uint32(track)-18)), ErrMalformed},
		"a position in the header":        {replace(v.file, be32(2, uint32(track)), be32(2, 3)), ErrMalformed},
		"a box beyond the end":            {join(v.file, be32(100), []byte("free")), ErrMalformed},
		"a box of no length":              {join(v.file, be32(4), []byte("freexxxx")), ErrMalformed},
		"a box to the end":                {join(v.file, be32(0), []byte("abcdPLANTED-UNKNOWN")), nil},
		"a box of 64 bits":                {join(v.file, be32(1), []byte("abcd"), be32(0, 28), []byte("PLANTED-APP ")), nil},
		"a box of too many bits":          {join(v.file, be32(1), []byte("abcd"), be32(1<<31, 28), []byte("PLANTED-APP ")), ErrMalformed},
		"no boxes":                        {nil, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			out, _, err := Strip(MP4, c.file)
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil {
				sweep(t, out)
				sameLayout(t, c.file, out)
			}
		})
	}
}

// TestTruncated cuts every file at every place: an error each time, or at least nothing that was planted.
func TestTruncated(t *testing.T) {
	for kind, file := range map[Kind][]byte{JPEG: sampleJPEG(t), PNG: samplePNG(t), GIF: gifMake(t), WebP: sampleWebP(), HEIF: makePhoto(6, 1).file, MP4: makeVideo(nil).file} {
		for n := range file {
			out, _, err := Strip(kind, file[:n])
			switch {
			case err == nil && kind != HEIF && kind != MP4:
				t.Fatalf("%s cut to %d of %d bytes was accepted", kind, n, len(file))
			case err == nil:
				sweep(t, out)
			case !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnsupported):
				t.Fatalf("%s cut to %d bytes: %v", kind, n, err)
			}
		}
	}
}

func sampleJPEG(t testing.TB) []byte {
	return splice(makeJPEG(t), seg(0xe1, exifHeader+string(makeExif(binary.LittleEndian, 6))), seg(0xfe, "PLANTED-COMMENT"))
}

func samplePNG(t testing.TB) []byte {
	return afterHeader(pngMake(t), pngPiece("tEXt", "x\x00PLANTED-TEXT"), pngPiece("eXIf", string(makeExif(binary.BigEndian, 8))))
}

func sampleWebP() []byte {
	return webpFile(vp8x(webpHasExif, 3, 3), riff("VP8L", webpLossless(3, 3, color.NRGBA{A: 255})), riff("EXIF", makeExif(binary.BigEndian, 2)))
}

func TestMalformed(t *testing.T) {
	j, p := makeJPEG(t), pngMake(t)
	for name, c := range map[string]struct {
		kind Kind
		file []byte
		want error
	}{
		"JPEG of another kind":        {JPEG, p, ErrMalformed},
		"JPEG without an image":       {JPEG, []byte("\xff\xd8\xff\xd9"), ErrMalformed},
		"JPEG within the JPEG":        {JPEG, join(j[:2], j), ErrMalformed},
		"JPEG with an odd marker":     {JPEG, splice(j, seg(0xf7, "x")), ErrUnsupported},
		"JPEG segment of length 1":    {JPEG, splice(j, []byte{0xff, 0xfe, 0, 1}), ErrMalformed},
		"JPEG with a stray restart":   {JPEG, splice(j, []byte{0xff, 0xd0, 0, 0, 0xff, 0}), nil},
		"PNG of another kind":         {PNG, j, ErrMalformed},
		"PNG without an image":        {PNG, join(p[:33], pngPiece("IEND", "")), ErrMalformed},
		"PNG without a header":        {PNG, join(p[:8], p[33:]), ErrMalformed},
		"PNG with two headers":        {PNG, afterHeader(p, p[8:33]), ErrMalformed},
		"PNG with a critical unknown": {PNG, afterHeader(p, pngPiece("CgBI", "x")), ErrUnsupported},
		"PNG chunk of odd name":       {PNG, afterHeader(p, pngPiece("t\x00Xt", "x")), ErrMalformed},
		"GIF of another kind":         {GIF, p, ErrMalformed},
		"GIF without an image":        {GIF, []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), ErrMalformed},
		"GIF with an odd block":       {GIF, []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00\x99;"), ErrMalformed},
		"WebP of another kind":        {WebP, p, ErrMalformed},
		"WebP without an image":       {WebP, webpFile(vp8x(0, 1, 1)), ErrMalformed},
		"WebP with a late header":     {WebP, webpFile(riff("ICCP", nil), vp8x(0, 1, 1), riff("VP8L", nil)), ErrMalformed},
		"WebP with half a frame":      {WebP, webpFile(riff("ANMF", []byte("x"))), ErrMalformed},
		"TIFF":                        {TIFF, makeExif(binary.BigEndian, 1), ErrUnsupported},
		"JPEG XL":                     {JXL, []byte("\xff\x0a"), ErrUnsupported},
		"unknown":                     {Unknown, []byte("hello"), ErrUnsupported},
	} {
		if _, _, err := Strip(c.kind, c.file); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestSniff(t *testing.T) {
	for start, want := range map[string]Kind{
		"\xff\xd8\xff\xe0": JPEG, "\xff\xd8": Unknown, "": Unknown, "GIF87a": GIF, "II*\x00": TIFF, "MM\x00*": TIFF, "II+\x00": TIFF,
		"RIFF\x00\x00\x00\x00WEBPVP8 ": WebP, "RIFF\x00\x00\x00\x00WAVEfmt ": Unknown,
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic": HEIF, "\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic": HEIF,
		"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1avif": AVIF, "\x00\x00\x00\x10ftypmif1\x00\x00\x00\x00": HEIF,
		"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ": MP4, "\x00\x00\x00\x14ftypM4A \x00\x00\x00\x00M4A ": MP4,
		"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x00crx isom": Raw, "\x00\x00\x00\x08wide\x00\x00": MP4, "\x00\x00\x10\x00moov": MP4,
		"\x00\x00\x00\x0cJXL \r\n\x87\n": JXL, "\xff\x0a": JXL, "FUJIFILMCCD-RAW 0201": Raw, "hello world": Unknown, "%PDF-1.7": Unknown,
		"\x00\x00\x00\x18ftyp" + strings.Repeat("\x00", 4): MP4,
	} {
		if got := Sniff([]byte(start)); got != want {
			t.Errorf("%q: %q, want %q", start, got, want)
		}
	}
}
