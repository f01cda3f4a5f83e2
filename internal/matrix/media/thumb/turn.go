package thumb

import (
	"bytes"
	"encoding/binary"
	"image"

	"github.com/wardline/wardline/internal/spec/picture"
)

// orientation finds how a picture must be turned: 1 to 8 as Exif 2.32 counts (4.6.4), 1 where nothing says.
func orientation(kind picture.Kind, head []byte) int {
	switch kind {
	case picture.JPEG:
		return tiffOrientation(jpegExif(head))
	case picture.PNG:
		return tiffOrientation(chunk(head, 8, "eXIf", binary.BigEndian, 4))
	case picture.WebP:
		return tiffOrientation(chunk(head, 12, "EXIF", binary.LittleEndian, 0))
	}
	return 1
}

// jpegExif finds the Exif block among the segments before the first scan (ITU-T T.81, B.1.1.4).
func jpegExif(head []byte) []byte {
	for at := 2; at+4 <= len(head) && head[at] == 0xff && head[at+1] != 0xda; {
		end := at + 2 + int(binary.BigEndian.Uint16(head[at+2:]))
		if end > len(head) || end < at+4 {
			return nil
		}
		if tiff, ok := bytes.CutPrefix(head[at+4:end], []byte("Exif\x00\x00")); ok && head[at+1] == 0xe1 {
			return tiff
		}
		at = end
	}
	return nil
}

// chunk finds a chunk of PNG (length, name, body, check) or RIFF (name, length, body, padding).
func chunk(head []byte, at int, name string, order binary.ByteOrder, check int) []byte {
	for at+8 <= len(head) {
		size, label := order.Uint32(head[at:]), string(head[at+4:at+8])
		if check == 0 { // RIFF
			size, label = order.Uint32(head[at+4:]), string(head[at:at+4])
		}
		end := int64(at) + 8 + int64(size)
		if end > int64(len(head)) {
			return nil
		}
		if label == name {
			return bytes.TrimPrefix(head[at+8:end], []byte("Exif\x00\x00"))
		}
		at = int(end) + check
		if check == 0 {
			at += int(size & 1)
		}
	}
	return nil
}

const tagOrientation = 0x0112

// tiffOrientation reads the orientation from the first directory of a block of Exif.
func tiffOrientation(tiff []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if len(tiff) < 8 {
		return 1
	}
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	n := int(order.Uint16(tiff[at:]))
	for entries := tiff[at+2:]; n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		if order.Uint16(entries) != tagOrientation {
			continue
		}
		if v := int(order.Uint16(entries[8:])); 1 <= v && v <= 8 {
			return v
		}
	}
	return 1
}

// turned gives a picture the right way up. Of the eight orientations, those above 4 change rows for columns.
func turned(img *image.RGBA, turn int) *image.RGBA {
	if turn < 2 || turn > 8 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	outW, outH := w, h
	if turn > 4 {
		outW, outH = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, outW, outH))
	for y := range outH {
		for x := range outW {
			sx, sy := from(turn, x, y, w, h)
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

// from says which stored pixel stands at a place of the upright picture; w and h are those of the stored one.
func from(turn, x, y, w, h int) (int, int) {
	switch turn {
	case 2: // mirrored left to right
		return w - 1 - x, y
	case 3: // upside down
		return w - 1 - x, h - 1 - y
	case 4: // mirrored top to bottom
		return x, h - 1 - y
	case 5: // rows are columns
		return y, x
	case 6: // to be turned a quarter clockwise
		return y, h - 1 - x
	case 7: // rows are columns, from the other end
		return w - 1 - y, h - 1 - x
	case 8: // to be turned a quarter anticlockwise
		return w - 1 - y, x
	}
	return x, y
}
