package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wardline/wardline/internal/matrix/media/thumb"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// bytesPerPixel is what decoding a pixel takes at worst.
const bytesPerPixel = 8

// makingTime bounds how long a thumbnail may be in the making.
const makingTime = 30 * time.Second

// variants are the sizes thumbnails are made in, smallest first of each kind: those of the standard and one each for
// screens with twice the pixels. Client-server API, "Thumbnails".
var variants = []thumb.Size{
	{Width: 32, Height: 32, Crop: true},
	{Width: 96, Height: 96, Crop: true},
	{Width: 192, Height: 192, Crop: true},
	{Width: 320, Height: 240},
	{Width: 640, Height: 480},
	{Width: 800, Height: 600},
	{Width: 1600, Height: 1200},
}

// unscaled is the variant for those who want more than the largest.
var unscaled = thumb.Size{Width: 1 << 20, Height: 1 << 20}

// variant gives the smallest size that is not below the one asked for. Cutting is done to squares alone: what another
// shape should show is better left to who shows it.
func variant(want thumb.Size) thumb.Size {
	if want.Width != want.Height {
		want.Crop = false
	}
	for _, v := range variants {
		if v.Crop == want.Crop && v.Width >= want.Width && v.Height >= want.Height {
			return v
		}
	}
	if want.Crop {
		return variant(thumb.Size{Width: want.Width, Height: want.Height})
	}
	return unscaled
}

// Thumbnail opens a small form of a picture, made when first asked for. Never animated.
// Client-server API, GET /_matrix/client/v1/media/thumbnail. Errors as Open; M_UNKNOWN (400) for what is no picture,
// M_TOO_LARGE for one with too many pixels.
func (m *Media) Thumbnail(ctx context.Context, who *audit.Caller, server, id string, want thumb.Size, wait time.Duration) (*Content, error) {
	if want.Width <= 0 || want.Height <= 0 {
		return nil, errs.BadParam("The width and height of a thumbnail must be positive.")
	}
	f, avatar, err := m.find(ctx, who, server, id, wait)
	if err != nil {
		return nil, err
	}
	t, err := m.thumbnail(ctx, f.hash, variant(want))
	if err != nil {
		return nil, err
	}
	c, err := m.open(ctx, t.hash)
	if err != nil {
		return nil, err
	}
	c.Type, c.Avatar, c.Name = t.typ, avatar, "thumbnail.jpg"
	if t.typ == "image/png" {
		c.Name = "thumbnail.png"
	}
	return c, nil
}

// thumbnail finds or makes a variant. Those who ask for the same at once wait for the same.
func (m *Media) thumbnail(ctx context.Context, hash string, size thumb.Size) (t thumbnail, err error) {
	name := fmt.Sprintf("scale %dx%d", size.Width, size.Height)
	if size.Crop {
		name = fmt.Sprintf("crop %dx%d", size.Width, size.Height)
	}
	err = m.db.Read(ctx, func(tx *store.Tx) error {
		t, err = storedThumbnail(tx, hash, name)
		return err
	})
	if !errs.Is(err, errs.NotFound) {
		return t, err
	}
	made := m.making.DoChan(hash+" "+name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), makingTime)
		defer cancel()
		return m.make(ctx, hash, name, size)
	})
	select {
	case r := <-made:
		if r.Err != nil {
			return thumbnail{}, r.Err
		}
		return r.Val.(thumbnail), nil
	case <-ctx.Done():
		return thumbnail{}, errs.Busy(time.Second, ctx.Err(), "The thumbnail is still being made.")
	}
}

// make makes and stores a variant.
func (m *Media) make(ctx context.Context, hash, name string, size thumb.Size) (thumbnail, error) {
	c, err := m.open(ctx, hash)
	if err != nil {
		return thumbnail{}, err
	}
	defer func() { _ = c.Body.Close() }()
	pic, err := thumb.Look(c.Body)
	if err != nil {
		return thumbnail{}, errNoThumbnail(err)
	}
	if int64(pic.Width)*int64(pic.Height) > int64(m.opt.MaxPixels) {
		return thumbnail{}, errs.New(errs.TooLarge, "M_TOO_LARGE", "The picture has too many pixels to make a thumbnail of it.")
	}
	t := thumbnail{hash, "image/jpeg"}
	if !pic.AsItIs(size) {
		if t, err = m.draw(ctx, c, pic, size); err != nil {
			return thumbnail{}, err
		}
	}
	return t, m.db.Write(ctx, func(tx *store.Tx) error { return putThumbnail(tx, hash, name, t) })
}

// draw decodes a picture, when there is memory for it, and stores it in a size.
func (m *Media) draw(ctx context.Context, c *Content, pic thumb.Picture, size thumb.Size) (thumbnail, error) {
	weight := min(pic.Memory, int64(m.opt.MaxPixels)*bytesPerPixel)
	if err := m.decoding.Acquire(ctx, weight); err != nil {
		return thumbnail{}, errs.Busy(time.Second, err, "Too many thumbnails are being made just now.")
	}
	out, contentType, err := pic.Make(c.Body, size)
	m.decoding.Release(weight)
	if err != nil {
		return thumbnail{}, errNoThumbnail(err)
	}
	hash, _, err := m.files.Put(ctx, bytes.NewReader(out), int64(len(out)))
	return thumbnail{hash, contentType}, err
}

// errNoThumbnail is the answer to what no thumbnail can be made of.
func errNoThumbnail(err error) error {
	if !errors.Is(err, thumb.ErrNoPicture) {
		return err
	}
	return &errs.Error{Kind: errs.Invalid, Code: "M_UNKNOWN", Message: "No thumbnail can be made of this file.", Cause: err}
}
