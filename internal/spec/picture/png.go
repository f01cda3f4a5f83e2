package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngKept are the chunks that rendering uses (PNG, third edition, 11; APNG included). All other ancillary chunks go.
var pngKept = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "IEND": true,
	"tRNS": true, "gAMA": true, "cHRM": true, "sRGB": true, "iCCP": true, "cICP": true, "mDCV": true, "cLLI": true,
	"sBIT": true, "bKGD": true, "hIST": true, "pHYs": true, "acTL": true, "fcTL": true, "fdAT": true,
}

// pngNames says what the chunks that go are.
var pngNames = map[string]string{"tEXt": textData, "zTXt": textData, "iTXt": textData, "tIME": times, "caBX": metadata}

// stripPNG copies the chunks that rendering uses, byte for byte. An orientation that is not upright is written back before
// the image.
func stripPNG(in []byte, found report) ([]byte, error) {
	if !bytes.HasPrefix(in, []byte(pngSignature)) {
		return nil, malformed("no PNG signature")
	}
	out := append(make([]byte, 0, len(in)+64), pngSignature...)
	orientation, image := upright, 0
	for at, first := len(pngSignature), true; ; first = false {
		name, chunk, err := pngChunk(in[at:])
		if err != nil {
			return nil, err
		}
		if first != (name == "IHDR") {
			return nil, malformed("the header of the PNG is out of place")
		}
		at += len(chunk)
		if name == "IDAT" && image == 0 {
			image = len(out)
		}
		switch {
		case pngKept[name]:
			out = append(out, chunk...)
		case name[0]&0x20 == 0: // upper case: critical, decoders may not pass over it
			return nil, unsupported("PNG chunk %q", name)
		case name == "eXIf":
			orientation = readExif(chunk[8:len(chunk)-4], found).orientation
		default:
			found.add(pngName(name, chunk))
		}
		if name != "IEND" {
			continue
		}
		if image == 0 {
			return nil, malformed("the PNG has no image")
		}
		if at < len(in) {
			found.add(trailing)
		}
		return withPNGOrientation(out, image, orientation), nil
	}
}

// pngChunk returns the chunk at the start of in with its length, name and checksum.
func pngChunk(in []byte) (name string, chunk []byte, err error) {
	if len(in) < 12 {
		return "", nil, malformed("the PNG is cut short")
	}
	n := binary.BigEndian.Uint32(in)
	if uint64(n)+12 > uint64(len(in)) {
		return "", nil, malformed("a PNG chunk is cut short")
	}
	for _, c := range in[4:8] {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return "", nil, malformed("a PNG chunk without a name")
		}
	}
	return string(in[4:8]), in[:n+12], nil
}

func pngName(name string, chunk []byte) string {
	if name == "iTXt" && bytes.HasPrefix(chunk[8:], []byte("XML:com.adobe.xmp\x00")) {
		return xmpData
	}
	if what, ok := pngNames[name]; ok {
		return what
	}
	return unknownData
}

func withPNGOrientation(out []byte, at, orientation int) []byte {
	if orientation == upright {
		return out
	}
	body := append([]byte("eXIf"), minimalExif(orientation)...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = append(chunk, body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(body))
	return append(out[:at:at], append(chunk, out[at:]...)...)
}
