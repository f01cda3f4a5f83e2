// Package thumb makes small pictures out of large ones: JPEG, PNG, GIF (the first frame) and WebP in, JPEG or PNG out,
// the right way up. It bounds what it decodes by what the picture says of itself before any pixel is read.
//
// It stores nothing and knows nothing of who asks.
package thumb

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/wardline/wardline/internal/spec/picture"
)

// ErrNoPicture is the error for what is no picture this package can read, or is damaged.
var ErrNoPicture = errors.New("no thumbnail can be made of this")

const quality = 82 // of JPEG: a photograph at a third of the bytes of 95, with no difference seen at these sizes

// Picture is what a picture says of itself.
type Picture struct {
	Kind          picture.Kind
	Width, Height int   // pixels, the right way up
	Memory        int64 // bytes that decoding takes, roughly
	turn          int   // orientation as Exif counts, 1 to 8
}

// headBytes is how much is read to find out a picture's size and orientation: metadata has been taken out, but colour
// profiles stay.
const headBytes = 4 << 20

// Look reads what a picture says of itself, and no pixel.
func Look(r io.ReadSeeker) (p Picture, err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return p, err
	}
	head, err := io.ReadAll(io.LimitReader(r, headBytes))
	if err != nil {
		return p, err
	}
	p.Kind = picture.Sniff(head)
	c, ok := codecs[p.Kind]
	if !ok {
		return p, ErrNoPicture
	}
	var config image.Config
	err = careful(func() (err error) {
		config, err = c.config(bytes.NewReader(head))
		return err
	})
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return p, fmt.Errorf("%w: %v", ErrNoPicture, err)
	}
	p.turn = orientation(p.Kind, head)
	p.Width, p.Height = config.Width, config.Height
	p.Memory = int64(config.Width) * int64(config.Height) * perPixel(p.Kind, config.ColorModel)
	if p.turn > 4 {
		p.Width, p.Height = p.Height, p.Width
	}
	return p, nil
}

// perPixel is how many bytes a pixel takes while it is decoded.
func perPixel(kind picture.Kind, model color.Model) int64 {
	if kind == picture.JPEG || model == color.RGBA64Model || model == color.NRGBA64Model {
		return 8
	}
	return 4
}

type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var codecs = map[picture.Kind]codec{
	picture.JPEG: {jpeg.DecodeConfig, jpeg.Decode},
	picture.PNG:  {png.DecodeConfig, png.Decode},
	picture.GIF:  {gif.DecodeConfig, gif.Decode},
	picture.WebP: {webp.DecodeConfig, webp.Decode},
}

// careful turns a panic of a decoder into an error: pictures come from anybody.
func careful(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: the decoder failed: %v", ErrNoPicture, v)
		}
	}()
	return fn()
}

// Size is what a thumbnail should be: at most Width by Height pixels in the picture's own proportions, or (Crop) cut to
// those proportions. Nothing is ever made larger than the picture.
type Size struct {
	Width, Height int
	Crop          bool
}

// AsItIs reports whether a picture can serve as its own thumbnail: it is small enough, needs no cutting, and is a JPEG, which
// neither moves nor is anything but what it looks like.
func (p Picture) AsItIs(want Size) bool {
	fits := p.Width <= want.Width && p.Height <= want.Height
	return p.Kind == picture.JPEG && fits && (!want.Crop || p.Width == p.Height)
}

// Make decodes a picture that Look has looked at and gives it in a size, with its content type.
func (p Picture) Make(r io.ReadSeeker, want Size) (out []byte, contentType string, err error) {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, "", err
	}
	var full image.Image
	err = careful(func() (err error) {
		full, err = codecs[p.Kind].decode(r)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("%w: %v", ErrNoPicture, err)
	}
	if b := full.Bounds(); b.Empty() || int64(b.Dx())*int64(b.Dy()) > int64(p.Width)*int64(p.Height) {
		return nil, "", fmt.Errorf("%w: it is larger than it says", ErrNoPicture)
	}
	if p.turn > 4 {
		want.Width, want.Height = want.Height, want.Width
	}
	small := turned(shrink(full, want), p.turn)
	return encode(small, p.Kind == picture.PNG && small.Bounds().Dx() == p.Width)
}

// shrink scales a picture down to a size.
func shrink(full image.Image, want Size) *image.RGBA {
	src := full.Bounds()
	if want.Crop {
		src = centre(src, want)
	}
	w, h := fit(src.Dx(), src.Dy(), want.Width, want.Height)
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), full, src, draw.Src, nil)
	return small
}

// fit gives the largest size of the same proportions within bounds, and never a larger one than the picture's.
func fit(w, h, maxW, maxH int) (int, int) {
	if w <= maxW && h <= maxH {
		return w, h
	}
	if int64(w)*int64(maxH) > int64(h)*int64(maxW) {
		return maxW, max(1, int(int64(h)*int64(maxW)/int64(w)))
	}
	return max(1, int(int64(w)*int64(maxH)/int64(h))), maxH
}

// centre gives the middle of a picture in the proportions wanted.
func centre(b image.Rectangle, want Size) image.Rectangle {
	w, h := b.Dx(), b.Dy()
	if int64(w)*int64(want.Height) > int64(h)*int64(want.Width) {
		w = max(1, int(int64(h)*int64(want.Width)/int64(want.Height)))
	} else {
		h = max(1, int(int64(w)*int64(want.Height)/int64(want.Width)))
	}
	at := b.Min.Add(image.Pt((b.Dx()-w)/2, (b.Dy()-h)/2))
	return image.Rectangle{at, at.Add(image.Pt(w, h))}
}

// encode writes a picture as JPEG, or as PNG where something shines through or (exact) nothing was scaled.
func encode(img *image.RGBA, exact bool) ([]byte, string, error) {
	var out bytes.Buffer
	if exact || !img.Opaque() {
		err := png.Encode(&out, img)
		return out.Bytes(), "image/png", err
	}
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	return out.Bytes(), "image/jpeg", err
}
