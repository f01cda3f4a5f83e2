package picture

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// SniffBytes is how much of a file [Sniff] needs to be sure of its kind; it manages with less if the file is shorter.
const SniffBytes = 512

// signatures are the first bytes of the formats that have fixed ones.
var signatures = []struct {
	start string
	kind  Kind
}{
	{"\xff\xd8\xff", JPEG},
	{pngSignature, PNG},
	{"GIF87a", GIF},
	{"GIF89a", GIF},
	{"II*\x00", TIFF}, {"MM\x00*", TIFF}, {"II+\x00", TIFF}, {"MM\x00+", TIFF},
	{"\xff\x0a", JXL}, {"\x00\x00\x00\x0cJXL \r\n\x87\n", JXL},
	{"FUJIFILMCCD-RAW", Raw}, {"IIRO", Raw}, {"IIRS", Raw}, {"MMOR", Raw}, {"IIU\x00", Raw}, {"\x00MRM", Raw}, {"FOVb", Raw},
}

// Sniff tells the kind of a file by its first bytes, never by its name or the type that somebody claims.
func Sniff(start []byte) Kind {
	for _, s := range signatures {
		if bytes.HasPrefix(start, []byte(s.start)) {
			return s.kind
		}
	}
	switch {
	case len(start) >= 12 && string(start[:4]) == "RIFF" && string(start[8:12]) == "WEBP":
		return WebP
	case len(start) >= 12 && string(start[4:8]) == "ftyp":
		return sniffBrands(start)
	case len(start) >= 8 && slices.Contains(quickTimeFirst, string(start[4:8])) && binary.BigEndian.Uint32(start) != 0:
		return MP4
	}
	return Unknown
}

// quickTimeFirst are the boxes with which a QuickTime file from before ftyp begins.
var quickTimeFirst = []string{"moov", "mdat", "wide", "pnot"}

// sniffBrands reads the ftyp box: the major brand, then the compatible ones (ISO/IEC 14496-12, 4.3).
func sniffBrands(start []byte) Kind {
	end := min(int(min(binary.BigEndian.Uint32(start), SniffBytes)), len(start))
	for at := 8; at+4 <= end; at += 4 {
		if at == 12 {
			continue // the minor version
		}
		switch string(start[at : at+4]) {
		case "crx ":
			return Raw
		case "avif", "avis":
			return AVIF
		case "heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs":
			return HEIF
		}
	}
	if brand := string(start[8:12]); brand == "mif1" || brand == "msf1" || brand == "mif2" {
		return HEIF
	}
	return MP4
}
