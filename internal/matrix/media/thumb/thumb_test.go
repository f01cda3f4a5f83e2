package thumb_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/wardline/wardline/internal/matrix/media/thumb"
)

// corners makes a picture whose four corners are red, green, blue and white, clockwise from the top left.
func corners(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{A: 255}
			switch {
			case x < w/2 && y < h/2:
				c.R = 255
			case y < h/2:
				c.G = 255
			case x >= w/2:
				c.B = 255
			default:
				c.R, c.G, c.B = 255, 255, 255
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// name says which corner's colour stands at a place.
func name(c color.Color) string {
	r, g, b, a := c.RGBA()
	on := func(v uint32) bool { return v > 0x8000 }
	switch {
	case a == 0:
		return "clear"
	case on(r) && on(g) && on(b):
		return "white"
	case on(r):
		return "red"
	case on(g):
		return "green"
	case on(b):
		return "blue"
	}
	return "black"
}

// seen reads the corners of a picture, clockwise from the top left.
func seen(img image.Image) string {
	b := img.Bounds()
	l, r, t, d := b.Min.X+b.Dx()/4, b.Min.X+b.Dx()*3/4, b.Min.Y+b.Dy()/4, b.Min.Y+b.Dy()*3/4
	return name(img.At(l, t)) + " " + name(img.At(r, t)) + " " + name(img.At(r, d)) + " " + name(img.At(l, d))
}

func encodeJPEG(t testing.TB, img image.Image, turn byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(turn) + "\x00\x00\x00\x00\x00\x00"
	seg := append([]byte{0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	return append(append(append([]byte{}, b.Bytes()[:2]...), seg...), b.Bytes()[2:]...)
}

func make1(t *testing.T, in []byte, want thumb.Size) (image.Image, string) {
	t.Helper()
	r := bytes.NewReader(in)
	p, err := thumb.Look(r)
	if err != nil {
		t.Fatal(err)
	}
	out, typ, err := p.Make(r, want)
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return img, typ
}

func TestOrientations(t *testing.T) {
	for turn, want := range map[byte]string{
		1: "red green blue white",
		2: "green red white blue",
		3: "blue white red green",
		4: "white blue green red",
		5: "red white blue green",
		6: "white red green blue",
		7: "blue green red white",
		8: "green blue white red",
	} {
		img, _ := make1(t, encodeJPEG(t, corners(160, 80), turn), thumb.Size{Width: 40, Height: 40})
		w, h := 40, 20
		if turn > 4 {
			w, h = 20, 40
		}
		if b := img.Bounds(); b.Dx() != w || b.Dy() != h || seen(img) != want {
			t.Errorf("orientation %d: %v %s, want %dx%d %s", turn, b, seen(img), w, h, want)
		}
	}
}

func TestFormats(t *testing.T) {
	var p, g bytes.Buffer
	clear := corners(80, 80)
	for y := range 40 {
		for x := range 40 {
			clear.SetNRGBA(x, y, color.NRGBA{})
		}
	}
	if err := png.Encode(&p, clear); err != nil {
		t.Fatal(err)
	}
	frames := &gif.GIF{Delay: []int{1, 1}}
	for i := range 2 {
		pal := image.NewPaletted(image.Rect(0, 0, 80, 80), color.Palette{color.Black, color.White, color.NRGBA{R: 255, A: 255}})
		for n := range pal.Pix {
			pal.Pix[n] = byte(2 - i)
		}
		frames.Image = append(frames.Image, pal)
	}
	if err := gif.EncodeAll(&g, frames); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		in        []byte
		typ, seen string
	}{
		"a PNG one can see through": {p.Bytes(), "image/png", "clear green blue white"},
		"a GIF, its first frame":    {g.Bytes(), "image/jpeg", "red red red red"},
	} {
		img, typ := make1(t, c.in, thumb.Size{Width: 32, Height: 32, Crop: true})
		if typ != c.typ || seen(img) != c.seen || img.Bounds().Dx() != 32 {
			t.Errorf("%s: %s %s %v, want %s %s", what, typ, seen(img), img.Bounds(), c.typ, c.seen)
		}
	}
}

func TestCropTakesTheMiddle(t *testing.T) {
	img := corners(400, 100) // the middle square holds all four colours
	got, _ := make1(t, encodeJPEG(t, img, 1), thumb.Size{Width: 32, Height: 32, Crop: true})
	if b := got.Bounds(); b.Dx() != 32 || b.Dy() != 32 || seen(got) != "red green blue white" {
		t.Errorf("%v %s", b, seen(got))
	}
	got, _ = make1(t, encodeJPEG(t, corners(20, 10), 1), thumb.Size{Width: 32, Height: 32, Crop: true})
	if b := got.Bounds(); b.Dx() != 10 || b.Dy() != 10 {
		t.Errorf("a small picture was made larger: %v", b)
	}
}

func TestExtremeProportions(t *testing.T) {
	got, _ := make1(t, encodeJPEG(t, corners(4000, 2), 1), thumb.Size{Width: 320, Height: 240})
	if b := got.Bounds(); b.Dx() != 320 || b.Dy() != 1 {
		t.Errorf("%v", b)
	}
}

func FuzzMake(f *testing.F) {
	f.Add(encodeJPEG(f, corners(16, 8), 6))
	var p bytes.Buffer
	if err := png.Encode(&p, corners(8, 8)); err != nil {
		f.Fatal(err)
	}
	f.Add(p.Bytes())
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		p, err := thumb.Look(r)
		if err != nil || int64(p.Width)*int64(p.Height) > 1<<20 {
			if err != nil && !errors.Is(err, thumb.ErrNoPicture) {
				t.Errorf("look: %v", err)
			}
			return
		}
		out, _, err := p.Make(r, thumb.Size{Width: 32, Height: 32})
		if err != nil {
			if !errors.Is(err, thumb.ErrNoPicture) {
				t.Errorf("make: %v", err)
			}
			return
		}
		c, _, err := image.DecodeConfig(bytes.NewReader(out))
		if err != nil || c.Width > 32 || c.Height > 32 {
			t.Errorf("made %dx%d: %v", c.Width, c.Height, err)
		}
	})
}
