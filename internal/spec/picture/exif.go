package picture

import (
	"bytes"
	"encoding/binary"
)

// Tags of the first directory (Exif 2.32, 4.6) that matter here.
const (
	tagOrientation = 0x0112
	tagExifIFD     = 0x8769
	tagGPSIFD      = 0x8825
	tagMakerNote   = 0x927c
	typeShort      = 3
)

// upright is the orientation of a picture whose rows are stored from the top and its columns from the left.
const upright = 1

// exif is what is worth knowing of a block of Exif before it goes.
type exif struct {
	orientation int // 1 to 8, as Exif counts; upright where the block says nothing sensible
}

// readExif reads a block of Exif, which is a TIFF file of its own, and reports what it holds: nothing, if it is one of
// ours. Damaged blocks are no error: they go too.
func readExif(tiff []byte, found report) exif {
	e := exif{orientation: upright}
	if len(tiff) == minimalLength {
		if v := int(tiff[minimalValue]); 1 <= v && v <= 8 && bytes.Equal(tiff, minimalExif(v)) {
			return exif{orientation: v}
		}
	}
	found.add(exifData)
	var order binary.ByteOrder = binary.BigEndian
	if len(tiff) < 8 {
		return e
	}
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	if tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M') || order.Uint16(tiff[2:]) != 42 {
		return e
	}
	eachEntry(tiff, order, order.Uint32(tiff[4:]), func(tag, typ uint16, value []byte) {
		switch tag {
		case tagOrientation:
			if v := int(order.Uint16(value)); typ == typeShort && 1 <= v && v <= 8 {
				e.orientation = v
			}
		case tagGPSIFD:
			found.add(position)
		case tagExifIFD:
			eachEntry(tiff, order, order.Uint32(value), func(tag, _ uint16, _ []byte) {
				if tag == tagMakerNote {
					found.add(makerNote)
				}
			})
		}
	})
	return e
}

// eachEntry calls visit with the entries of the directory at offset, each with the four bytes of its value or offset.
func eachEntry(tiff []byte, order binary.ByteOrder, offset uint32, visit func(tag, typ uint16, value []byte)) {
	if uint64(offset)+2 > uint64(len(tiff)) {
		return
	}
	n := int(order.Uint16(tiff[offset:]))
	entries := tiff[offset+2:]
	for ; n > 0 && len(entries) >= 12; n-- {
		visit(order.Uint16(entries), order.Uint16(entries[2:]), entries[8:12])
		entries = entries[12:]
	}
}

// Of minimalExif: its length, and where the orientation stands.
const (
	minimalLength = 26
	minimalValue  = 19
)

// minimalExif is a block of Exif that says which way up the picture is, and nothing else.
func minimalExif(orientation int) []byte {
	return []byte{
		'M', 'M', 0, 42, 0, 0, 0, 8, // big-endian TIFF, its first directory directly after this header
		0, 1, // one entry
		tagOrientation >> 8, tagOrientation & 0xff, 0, typeShort, 0, 0, 0, 1, 0, byte(orientation), 0, 0,
		0, 0, 0, 0, // no second directory
	}
}
