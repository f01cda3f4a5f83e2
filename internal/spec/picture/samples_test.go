package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// TestSpans places samples by tables of every form (14496-12, 8.7).
func TestSpans(t *testing.T) {
	runs := be32(1, 2, 1, 3, 1, 1) // chunks 1 and 2 hold two samples each, those from 3 on one
	for name, c := range map[string]struct {
		tab  tables
		want []span
	}{
		"sizes of 32 bits": {tables{chunks: be32(100, 200, 300), runs: runs, sizes: be32(1, 2, 3, 4, 5), bits: 32, samples: 5}, []span{{100, 103}, {200, 207}, {300, 305}}},
		"sizes of 16 bits": {tables{chunks: be32(100, 200, 300), runs: runs, sizes: be16(1, 2, 3, 4, 5), bits: 16, samples: 5}, []span{{100, 103}, {200, 207}, {300, 305}}},
		"sizes of 8 bits":  {tables{chunks: be32(100, 200, 300), runs: runs, sizes: []byte{1, 2, 3, 4, 5}, bits: 8, samples: 5}, []span{{100, 103}, {200, 207}, {300, 305}}},
		"sizes of 4 bits":  {tables{chunks: be32(100, 200, 300), runs: runs, sizes: []byte{0x12, 0x34, 0x50}, bits: 4, samples: 5}, []span{{100, 103}, {200, 207}, {300, 305}}},
		"one size for all": {tables{chunks: be32(100, 200, 300), runs: runs, size: 10, bits: 32, samples: 5}, []span{{100, 120}, {200, 220}, {300, 310}}},
		"offsets of 64":    {tables{chunks: be32(1, 0, 1, 64, 1, 128), wide: true, runs: runs, size: 10, bits: 32, samples: 5}, []span{{1 << 32, 1<<32 + 20}, {1<<32 + 64, 1<<32 + 84}, {1<<32 + 128, 1<<32 + 138}}},
		"the last is cut":  {tables{chunks: be32(100, 200, 300), runs: be32(1, 9, 1), size: 1, bits: 32, samples: 5}, []span{{100, 105}}},
		"no samples":       {tables{chunks: be32(100), runs: runs}, nil},
	} {
		if got, err := c.tab.spans(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
	for name, tab := range map[string]tables{
		"samples without chunks":  {runs: runs, size: 1, bits: 32, samples: 1},
		"chunks without runs":     {chunks: be32(100), size: 1, bits: 32, samples: 1},
		"a chunk beyond the file": {chunks: be32(1<<31, 0), wide: true, runs: runs, size: 1, bits: 32, samples: 1},
	} {
		if got, err := tab.spans(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestSampleSizeTables(t *testing.T) {
	for name, c := range map[string]struct {
		box  []byte
		want error
	}{
		"stsz":                {fullBox("stsz", 0, be32(0, 1, 7)), nil},
		"stsz without sizes":  {fullBox("stsz", 0, be32(0, 2, 7)), ErrMalformed},
		"stsz of one size":    {fullBox("stsz", 0, be32(9, 1<<31)), nil},
		"stz2":                {fullBox("stz2", 0, be32(16, 2), be16(1, 2)), nil},
		"stz2 of odd width":   {fullBox("stz2", 0, be32(12, 2), be16(1, 2)), ErrMalformed},
		"stz2 cut short":      {fullBox("stz2", 0, be32(4, 5), be16(1)), ErrMalformed},
		"no more than a name": {bx("stsz"), ErrMalformed},
	} {
		cl := newCleaner(bytes.NewReader(c.box), int64(len(c.box)), make(report))
		b, err := cl.box(0, cl.size)
		if err != nil {
			t.Fatal(err)
		}
		if err := cl.sizes(new(tables), b); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestFragments cleans a fragmented movie of picture and sound, as browsers record them.
func TestFragments(t *testing.T) {
	v := makeVideo(func(v *video) { v.handlers[2] = "soun" })
	fragment := bx("moof", fullBox("mfhd", 0, be32(1)), bx("traf", fullBox("tfhd", 0, be32(1)), fullBox("trun", 0, be32(0)), bx("udta", []byte("PLANTED-GPS"))), bx("meta", []byte("PLANTED-TEXT")))
	in := join(v.file, fragment, bx("mdat", []byte("more picture")), fullBox("prft", 0, []byte("PLANTED-APP")))
	out, removed, err := Strip(MP4, in)
	if err != nil {
		t.Fatal(err)
	}
	expectRemoved(t, removed, userData, metadata, times, deviceNames, unusedSpace, unknownData, position)
	sameLayout(t, in, out, "more picture", "trun", "sound-1", "PLANTED-TRACK-1")
	for _, gone := range []string{"PLANTED-GPS", "PLANTED-TEXT\x00", "PLANTED-APP"} {
		if bytes.Contains(out, []byte(gone)) {
			t.Errorf("%q is still in the file", gone)
		}
	}
}

// TestTimesOnly: a video without anything but times and names of programs.
func TestTimesOnly(t *testing.T) {
	in := join(bx("ftyp", []byte("qt  \x00\x00\x00\x00qt  ")), bx("wide"), bx("mdat", []byte("x")), bx("moov",
		fullBox("mvhd", 0, be32(1, 2, 3, 4)), bx("trak", bx("mdia", fullBox("hdlr", 0, []byte("mhlrvide\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0bDataHandler"))), be32(0))))
	out, removed, err := Strip(MP4, in)
	if err != nil {
		t.Fatal(err)
	}
	expectRemoved(t, removed, times, deviceNames)
	sameLayout(t, in, out, "mhlrvide")
	for _, broken := range [][]byte{
		join(bx("ftyp"), bx("mdat", []byte("x"))),
		bx("moov", fullBox("mvhd", 1, be32(0, 0, 0))),
		bx("moov", bx("trak", bx("mdia", fullBox("hdlr", 0, make([]byte, 9))))),
		bx("moov", bx("trak", bx("mdia", fullBox("hdlr", 0, make([]byte, 21))))), // no handler: nothing to see
		bx("moov", bx("trak", fullBox("tkhd", 0))),
	} {
		if _, _, err := Strip(MP4, broken); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", broken, err)
		}
	}
}

// TestPhotoWide cleans an image file with 32-bit item numbers and its metadata within the meta box (construction method 1).
func TestPhotoWide(t *testing.T) {
	exifItem := join(be32(0), makeExif(binary.BigEndian, 3))
	idat := join(exifItem, []byte("PLANTED-XMP"))
	infe := func(id uint32, kind, rest string) []byte {
		return fullBox("infe", 3, be32(id), be16(0), []byte(kind+"\x00"+rest))
	}
	place := func(id uint32, method uint16, at, length uint32) []byte {
		return join(be32(id), be16(method, 0), be32(0, at/2), be16(1), be32(at-at/2, length)) // half in the base, half in the offset
	}
	build := func(coded uint32) []byte {
		return join(bx("ftyp", []byte("heic\x00\x00\x00\x00heic")), fullBox("meta", 0,
			fullBox("hdlr", 0, []byte("\x00\x00\x00\x00pict"), make([]byte, 13)),
			fullBox("pitm", 1, be32(70000)),
			fullBox("iinf", 1, be32(3), infe(70000, "av01", ""), infe(70001, "Exif", ""), infe(70002, "mime", "application/rdf+xml\x00")),
			fullBox("iloc", 2, []byte{0x44, 0x80}, be32(3), place(70000, 0, coded, 5),
				place(70001, 1, 0, uint32(len(exifItem))), place(70002, 1, uint32(len(exifItem)), 11)),
			bx("idat", idat),
		), bx("mdat", []byte("coded")))
	}
	in := build(0)
	in = build(uint32(len(in)) - 5)
	out, removed := clean(t, HEIF, in)
	expectRemoved(t, removed, exifData, position, makerNote, xmpData)
	sameLayout(t, in, out, "coded")
	at := bytes.Index(in, idat)
	if e := readExif(out[at+4:at+30], make(report)); e.orientation != 3 {
		t.Errorf("orientation %d, want 3", e.orientation)
	}
}
