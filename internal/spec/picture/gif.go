package picture

import "bytes"

// Block introducers and extension labels of GIF89a (sections 20 to 27).
const (
	gifExtension   = 0x21
	gifImage       = 0x2c
	gifTrailer     = 0x3b
	gifPlainText   = 0x01
	gifControl     = 0xf9
	gifComment     = 0xfe
	gifApplication = 0xff
)

// gifKept are the application extensions that rendering uses: looping, and the ICC profile.
var gifKept = []string{"NETSCAPE2.0", "ANIMEXTS1.0", "ICCRGBG1012"}

// stripGIF copies images and their timing, byte for byte, and drops comments, plain text and application data.
func stripGIF(in []byte, found report) ([]byte, error) {
	if !bytes.HasPrefix(in, []byte("GIF87a")) && !bytes.HasPrefix(in, []byte("GIF89a")) {
		return nil, malformed("no GIF signature")
	}
	g := gifReader{in: in, found: found}
	if err := g.skip(13); err != nil {
		return nil, err
	}
	if err := g.skip(gifTable(in[10])); err != nil {
		return nil, err
	}
	g.out = append(make([]byte, 0, len(in)), in[:g.at]...)
	for !g.done {
		if err := g.block(); err != nil {
			return nil, err
		}
	}
	if !g.image {
		return nil, malformed("the GIF has no image")
	}
	if g.at < len(in) {
		found.add(trailing)
	}
	return g.out, nil
}

type gifReader struct {
	in, out []byte
	at      int
	found   report
	image   bool
	done    bool
}

// gifTable is the length of the colour table that packed fields announce.
func gifTable(packed byte) int {
	if packed&0x80 == 0 {
		return 0
	}
	return 3 << (packed&7 + 1)
}

func (g *gifReader) skip(n int) error {
	if g.at+n > len(g.in) {
		return malformed("the GIF is cut short")
	}
	g.at += n
	return nil
}

// subBlocks passes over data sub-blocks to their terminator (section 15).
func (g *gifReader) subBlocks() error {
	for {
		if g.at >= len(g.in) {
			return malformed("the GIF is cut short")
		}
		n := int(g.in[g.at])
		if err := g.skip(1 + n); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

func (g *gifReader) block() error {
	start := g.at
	if err := g.skip(1); err != nil {
		return err
	}
	switch g.in[start] {
	case gifTrailer:
		g.out = append(g.out, gifTrailer)
		g.done = true
		return nil
	case gifImage:
		return g.picture(start)
	case gifExtension:
		return g.extension(start)
	}
	return malformed("the GIF has a block of no known kind")
}

// picture copies an image: descriptor, local colours, code size, data.
func (g *gifReader) picture(start int) error {
	if err := g.skip(9); err != nil {
		return err
	}
	if err := g.skip(gifTable(g.in[g.at-1]) + 1); err != nil {
		return err
	}
	if err := g.subBlocks(); err != nil {
		return err
	}
	g.image = true
	g.out = append(g.out, g.in[start:g.at]...)
	return nil
}

func (g *gifReader) extension(start int) error {
	if err := g.skip(1); err != nil {
		return err
	}
	body := g.at
	if err := g.subBlocks(); err != nil {
		return err
	}
	switch g.in[start+1] {
	case gifControl:
		g.out = append(g.out, g.in[start:g.at]...)
	case gifComment:
		g.found.add(comment)
	case gifPlainText:
		g.found.add(textData)
	case gifApplication:
		g.application(start, g.in[body:g.at])
	default:
		g.found.add(unknownData)
	}
	return nil
}

func (g *gifReader) application(start int, body []byte) {
	for _, name := range gifKept {
		if bytes.HasPrefix(body, []byte("\x0b"+name)) {
			g.out = append(g.out, g.in[start:g.at]...)
			return
		}
	}
	if bytes.HasPrefix(body, []byte("\x0bXMP DataXMP")) {
		g.found.add(xmpData)
		return
	}
	g.found.add(application)
}
