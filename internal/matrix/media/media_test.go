package media_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/matrix/media"
	"github.com/wardline/wardline/internal/matrix/media/thumb"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/blob"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

const server = storetest.ServerName

// ward is a store of files with rooms reduced to who may read them.
type ward struct {
	t     *testing.T
	db    *store.DB
	dir   string // of the contents
	spool string // of uploads on their way
	files *blob.Disk
	*media.Media
	mu      sync.Mutex
	members map[string]bool // "user in room"
}

func open(t *testing.T, db *store.DB, change func(*media.Options)) *ward {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "files")
	files, err := blob.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	o := media.Options{
		Server: server, Dir: filepath.Join(t.TempDir(), "uploads"), MaxUpload: 1 << 20, MaxPixels: 4_000_000,
		Unused: 24 * time.Hour, Grace: time.Hour,
	}
	if change != nil {
		change(&o)
	}
	w := &ward{t: t, db: db, dir: dir, spool: o.Dir, files: files, members: map[string]bool{}}
	w.Media, err = media.New(db, files, o, func(_ context.Context, user string, at media.Place) (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.members[user+" in "+at.Room], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func each(t *testing.T, test func(w *ward)) {
	storetest.Each(t, func(t *testing.T, openDB func() *store.DB) { test(open(t, openDB(), nil)) })
}

func person(name string) *audit.Caller {
	return &audit.Caller{User: "@" + name + ":" + server, Device: "D"}
}

var asha, ben, mallory = person("asha"), person("ben"), person("mallory")

func (w *ward) write(fn func(*store.Tx) error) {
	w.t.Helper()
	if err := w.db.Write(ctx, fn); err != nil {
		w.t.Fatal(err)
	}
}

// upload stores a file and gives its id.
func (w *ward) upload(who *audit.Caller, content string) string {
	w.t.Helper()
	uri, err := w.Store(ctx, who, media.Upload{Type: "text/plain", Name: "note.txt", Length: -1, Body: strings.NewReader(content)})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimPrefix(uri, "mxc://"+server+"/")
}

// send appends an event with a file to a room, as far as this package is concerned, and gives its id.
func (w *ward) send(who *audit.Caller, room, content string) (event string) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		pos := tx.Next()
		event = fmt.Sprintf("$event%d", pos)
		if err := tx.Exec(`INSERT INTO event (pos, room, id, type, sender, ts, json) VALUES ($1, 1, $2, 'm.room.message', $3, 0, '{}')`,
			pos, event, who.User); err != nil {
			return err
		}
		return w.Link(tx, media.Use{Place: media.Place{Room: room, Pos: pos, Type: "m.room.message"}, EventID: event, Sender: who.User, Content: []byte(content)})
	})
	return event
}

func image1(id string) string { return `{"msgtype":"m.image","url":"mxc://` + server + "/" + id + `"}` }

func (w *ward) redact(event string) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		if err := tx.Exec(`UPDATE event SET redacted_by = 1 WHERE id = $1`, event); err != nil {
			return err
		}
		return w.Unlink(tx, event)
	})
}

func (w *ward) join(who *audit.Caller, room string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.members[who.User+" in "+room] = true
}

// reads checks who may read a file.
func (w *ward) reads(id string, who *audit.Caller, want bool) {
	w.t.Helper()
	c, err := w.Open(ctx, who, server, id, 0)
	if err == nil {
		_ = c.Body.Close()
	}
	if got := err == nil; got != want || err != nil && !errs.Is(err, errs.NotFound) {
		w.t.Errorf("%s reads the file: %v (%v), want %v", who.User, got, err, want)
	}
}

func wantCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != want {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

func TestOnlyReadersOfAnEventReadItsFile(t *testing.T) {
	each(t, func(w *ward) {
		w.join(ben, "!ward")
		id := w.upload(asha, "x-ray")
		w.reads(id, asha, true)
		w.reads(id, ben, false) // not sent yet
		first := w.send(asha, "!ward", image1(id))
		second := w.send(asha, "!ward", `{"body":"again","formatted_body":"<img src=\"mxc://`+server+`/`+id+`\">"}`)
		w.reads(id, ben, true)
		w.reads(id, mallory, false)
		w.redact(first)
		w.reads(id, ben, true) // the second event stands
		w.redact(second)
		w.reads(id, ben, false)
		w.reads(id, asha, false) // redacted is redacted
	})
}

func TestNamingAFileGivesNoSightOfIt(t *testing.T) {
	each(t, func(w *ward) {
		w.join(mallory, "!mine")
		w.join(ben, "!ward")
		id := w.upload(asha, "x-ray")
		w.send(mallory, "!mine", image1(id))
		w.write(func(tx *store.Tx) error { return w.SetAvatar(tx, mallory.User, "mxc://"+server+"/"+id) })
		w.reads(id, mallory, false)
		// Ben may, so he can forward it.
		w.send(asha, "!ward", image1(id))
		w.send(ben, "!mine", image1(id))
		w.reads(id, mallory, true)
	})
}

func TestAnEditEndsWithWhatItEdits(t *testing.T) {
	each(t, func(w *ward) {
		w.join(ben, "!ward")
		id := w.upload(asha, "x-ray")
		original := w.send(asha, "!ward", image1(id))
		edit := w.send(asha, "!ward", image1(id))
		w.write(func(tx *store.Tx) error {
			return tx.Exec(`UPDATE event SET relates = $1, rel_type = 'm.replace' WHERE id = $2`, original, edit)
		})
		w.redact(edit)
		w.reads(id, ben, true)
		other := w.send(asha, "!ward", image1(id))
		w.write(func(tx *store.Tx) error {
			return tx.Exec(`UPDATE event SET relates = $1, rel_type = 'm.replace' WHERE id = $2`, original, other)
		})
		w.redact(original)
		w.reads(id, ben, false)
		w.reads(id, asha, false)
	})
}

func TestUnlinkNeedsARedaction(t *testing.T) {
	each(t, func(w *ward) {
		w.join(ben, "!ward")
		id := w.upload(asha, "x-ray")
		event := w.send(asha, "!ward", image1(id))
		w.write(func(tx *store.Tx) error { return w.Unlink(tx, event) }) // a redaction the room did not apply
		w.reads(id, ben, true)
	})
}

func TestAvatars(t *testing.T) {
	each(t, func(w *ward) {
		first, second := w.upload(asha, "portrait"), w.upload(asha, "another portrait")
		set := func(uri string) {
			w.t.Helper()
			w.write(func(tx *store.Tx) error { return w.SetAvatar(tx, asha.User, uri) })
		}
		set("mxc://" + server + "/" + first)
		w.reads(first, ben, true)
		set("mxc://" + server + "/" + second)
		w.reads(first, ben, false)
		w.reads(second, ben, true)
		set("see mxc://" + server + "/" + first) // no URI
		w.reads(second, ben, false)
	})
}

func TestWithdraw(t *testing.T) {
	each(t, func(w *ward) {
		w.join(ben, "!ward")
		id := w.upload(asha, "the wrong patient")
		w.send(asha, "!ward", image1(id))
		if err := w.Withdraw(ctx, asha, id); err != nil {
			w.t.Fatal(err)
		}
		w.reads(id, ben, false)
		w.reads(id, asha, false)
		w.send(asha, "!ward", image1(id))
		w.reads(id, ben, false)
		wantCode(w.t, "what is not there", w.Withdraw(ctx, asha, "none"), "M_NOT_FOUND")
	})
}

func TestEncryptedRoomsHideLinks(t *testing.T) {
	w := open(t, storetest.Open(t), func(o *media.Options) { o.Encrypted = true })
	id := w.upload(asha, "ciphertext")
	w.reads(id, ben, true)
	w.send(asha, "!ward", image1(id))
	w.reads(id, ben, false) // once an event is known to use it, that counts
}

func TestReserveAndFill(t *testing.T) {
	each(t, func(w *ward) {
		uri, until, err := w.Reserve(ctx, asha)
		if err != nil || time.Until(until) < 23*time.Hour {
			w.t.Fatalf("%s until %v: %v", uri, until, err)
		}
		id := strings.TrimPrefix(uri, "mxc://"+server+"/")
		_, err = w.Open(ctx, asha, server, id, 0)
		wantCode(w.t, "not there yet", err, "M_NOT_YET_UPLOADED")
		up := func() media.Upload {
			return media.Upload{Type: "text/plain", Length: -1, Body: strings.NewReader("late")}
		}
		wantCode(w.t, "somebody else's", w.Fill(ctx, ben, server, id, up()), "M_FORBIDDEN")
		wantCode(w.t, "never reserved", w.Fill(ctx, asha, server, "none", up()), "M_NOT_FOUND")
		wantCode(w.t, "another server's", w.Fill(ctx, asha, "other.example", id, up()), "M_NOT_FOUND")

		// Whoever waits gets it as it comes.
		got := make(chan string, 1)
		go func() {
			c, err := w.Open(ctx, asha, server, id, time.Minute)
			if err != nil {
				got <- err.Error()
				return
			}
			defer c.Body.Close()
			b, _ := io.ReadAll(c.Body)
			got <- string(b)
		}()
		if err := w.Fill(ctx, asha, server, id, up()); err != nil {
			w.t.Fatal(err)
		}
		if text := <-got; text != "late" {
			w.t.Errorf("the one who waited got %q", text)
		}
		wantCode(w.t, "filled already", w.Fill(ctx, asha, server, id, up()), "M_CANNOT_OVERWRITE_MEDIA")
	})
}

func TestReservationsAreBounded(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	for range 50 {
		if _, _, err := w.Reserve(ctx, asha); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := w.Reserve(ctx, asha)
	wantCode(t, "one too many", err, "M_LIMIT_EXCEEDED")
	if _, _, err := w.Reserve(ctx, ben); err != nil {
		t.Errorf("another person’s: %v", err)
	}
}

func TestExpiredReservation(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	uri, _, err := w.Reserve(ctx, asha)
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimPrefix(uri, "mxc://"+server+"/")
	w.write(func(tx *store.Tx) error { return tx.Exec(`UPDATE media SET expires = 1`) })
	err = w.Fill(ctx, asha, server, id, media.Upload{Body: strings.NewReader("too late")})
	wantCode(t, "expired", err, "M_NOT_FOUND")
	_, err = w.Open(ctx, asha, server, id, time.Minute)
	wantCode(t, "waiting for what cannot come", err, "M_NOT_FOUND")
}

func TestDrainEndsWaiting(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	uri, _, err := w.Reserve(ctx, asha)
	if err != nil {
		t.Fatal(err)
	}
	w.Drain()
	_, err = w.Open(ctx, asha, server, strings.TrimPrefix(uri, "mxc://"+server+"/"), time.Hour)
	wantCode(t, "the server stops", err, "M_NOT_YET_UPLOADED")
}

// cut is a body whose client goes away.
type cut struct{ io.Reader }

func (c cut) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func TestUploadRefuses(t *testing.T) {
	w := open(t, storetest.Open(t), func(o *media.Options) { o.Quota = 3 << 20 })
	photo := jpegOf(64, 64)
	for what, c := range map[string]struct {
		upload media.Upload
		code   string
	}{
		"announced too long":   {media.Upload{Length: 2 << 20, Body: strings.NewReader("x")}, "M_TOO_LARGE"},
		"too long":             {media.Upload{Length: -1, Body: strings.NewReader(strings.Repeat("x", 1<<20+1))}, "M_TOO_LARGE"},
		"a picture too long":   {media.Upload{Length: -1, Body: io.MultiReader(bytes.NewReader(photo), strings.NewReader(strings.Repeat("x", 1<<20)))}, "M_TOO_LARGE"},
		"a damaged picture":    {media.Upload{Length: -1, Body: bytes.NewReader(photo[:len(photo)/3])}, "M_INVALID_PARAM"},
		"a raw photograph":     {media.Upload{Length: -1, Body: strings.NewReader("II*\x00\x08\x00\x00\x00")}, "M_FORBIDDEN"},
		"a client that left":   {media.Upload{Length: 100, Body: cut{strings.NewReader("half")}}, "M_UNKNOWN"},
		"a picture that broke": {media.Upload{Length: 100, Body: cut{bytes.NewReader(photo[:200])}}, "M_UNKNOWN"},
	} {
		_, err := w.Store(ctx, asha, c.upload)
		wantCode(t, what, err, c.code)
	}
	for range 3 {
		w.upload(asha, strings.Repeat("x", 1<<20))
	}
	_, err := w.Store(ctx, asha, media.Upload{Length: 10, Body: strings.NewReader("0123456789")})
	wantCode(t, "over quota", err, "M_FORBIDDEN")
	if left, err := os.ReadDir(w.spool); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// jpegOf makes a photograph: its left half red, its right half blue.
func jpegOf(w, h int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, halves(w, h), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func halves(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 255, A: 255}
			if x >= w/2 {
				c = color.RGBA{B: 255, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// withExif puts a block of Exif with an orientation and a maker note into a JPEG.
func withExif(photo []byte, turn byte) []byte {
	tiff := "MM\x00*\x00\x00\x00\x08\x00\x02" +
		"\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(turn) + "\x00\x00" +
		"\x01\x0f\x00\x02\x00\x00\x00\x10\x00\x00\x00\x26" + "\x00\x00\x00\x00" + "Ward phone 7 SN9\x00"
	body := "Exif\x00\x00" + tiff
	seg := []byte{0xff, 0xe1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}
	return append(append(append([]byte{}, photo[:2]...), append(seg, body...)...), photo[2:]...)
}

func (w *ward) uploadBytes(who *audit.Caller, typ string, content []byte) string {
	w.t.Helper()
	uri, err := w.Store(ctx, who, media.Upload{Type: typ, Length: int64(len(content)), Body: bytes.NewReader(content)})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimPrefix(uri, "mxc://"+server+"/")
}

func (w *ward) bytes(c *media.Content, err error) []byte {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Body.Close()
	b, err := io.ReadAll(c.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func TestPhotographsLoseTheirOrigin(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	photo := withExif(jpegOf(640, 320), 6)
	id := w.uploadBytes(asha, "image/jpeg", photo)
	stored := w.bytes(w.Open(ctx, asha, server, id, 0))
	if bytes.Contains(stored, []byte("Ward phone")) {
		t.Error("the stored photograph says which phone took it")
	}
	again := w.uploadBytes(ben, "application/octet-stream", withExif(jpegOf(640, 320), 6))
	if id == again {
		t.Error("two uploads have one id")
	}
	if n := w.contents(); n != 1 {
		t.Errorf("the same photograph is stored %d times", n)
	}
	// The thumbnail is the right way up: what was left is on top.
	c, err := w.Thumbnail(ctx, asha, server, id, thumb.Size{Width: 320, Height: 240}, 0)
	img, err := jpeg.Decode(bytes.NewReader(w.bytes(c, err)))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	if b.Dx() != 120 || b.Dy() != 240 {
		t.Fatalf("the thumbnail is %v", b)
	}
	top, _, _, _ := img.At(60, 40).RGBA()
	_, _, bottom, _ := img.At(60, 200).RGBA()
	if top < 0xc000 || bottom < 0xc000 {
		t.Errorf("red at the top: %x, blue at the bottom: %x", top, bottom)
	}
}

// contents counts what is stored.
func (w *ward) contents() (n int) {
	w.t.Helper()
	if err := w.files.Walk(ctx, func(string, int64) error { n++; return nil }); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestThumbnails(t *testing.T) {
	each(t, func(w *ward) {
		id := w.uploadBytes(asha, "image/jpeg", jpegOf(1000, 500))
		for _, c := range []struct {
			want thumb.Size
			w, h int
		}{
			{thumb.Size{Width: 30, Height: 30, Crop: true}, 32, 32},
			{thumb.Size{Width: 96, Height: 96, Crop: true}, 96, 96},
			{thumb.Size{Width: 90, Height: 40, Crop: true}, 320, 160}, // no square: scaled
			{thumb.Size{Width: 500, Height: 500, Crop: true}, 800, 400},
			{thumb.Size{Width: 100, Height: 100}, 320, 160},
			{thumb.Size{Width: 640, Height: 480}, 640, 320},
			{thumb.Size{Width: 1600, Height: 1200}, 1000, 500}, // never larger than it is
			{thumb.Size{Width: 9000, Height: 9000}, 1000, 500},
		} {
			for range 2 { // made, then found
				content, err := w.Thumbnail(ctx, asha, server, id, c.want, 0)
				got, _, err := image.DecodeConfig(bytes.NewReader(w.bytes(content, err)))
				if err != nil || got.Width != c.w || got.Height != c.h {
					w.t.Errorf("%v gives %dx%d (%v), want %dx%d", c.want, got.Width, got.Height, err, c.w, c.h)
				}
			}
		}
		_, err := w.Thumbnail(ctx, ben, server, id, thumb.Size{Width: 32, Height: 32}, 0)
		wantCode(w.t, "a stranger", err, "M_NOT_FOUND")
		_, err = w.Thumbnail(ctx, asha, server, id, thumb.Size{Width: 0, Height: 32}, 0)
		wantCode(w.t, "no width", err, "M_INVALID_PARAM")
	})
}

func TestThumbnailsTogether(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	id := w.uploadBytes(asha, "image/jpeg", jpegOf(400, 400))
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			c, err := w.Thumbnail(ctx, asha, server, id, thumb.Size{Width: 96, Height: 96, Crop: true}, 0)
			if err != nil {
				t.Error(err)
				return
			}
			_ = c.Body.Close()
		})
	}
	wg.Wait()
	if n := w.contents(); n != 2 {
		t.Errorf("%d contents, want the picture and one thumbnail", n)
	}
}

func TestNoThumbnail(t *testing.T) {
	w := open(t, storetest.Open(t), nil)
	size := thumb.Size{Width: 32, Height: 32}
	_, err := w.Thumbnail(ctx, asha, server, w.upload(asha, "no picture"), size, 0)
	wantCode(t, "text", err, "M_UNKNOWN")

	// A bomb: a few hundred bytes that say they are 30,000 pixels wide and high.
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	id := w.uploadBytes(asha, "image/png", pngSaying(b.Bytes(), 30_000, 30_000))
	_, err = w.Thumbnail(ctx, asha, server, id, size, 0)
	wantCode(t, "a bomb", err, "M_TOO_LARGE")
	id = w.uploadBytes(asha, "image/png", pngSaying(b.Bytes(), 1000, 1000))
	_, err = w.Thumbnail(ctx, asha, server, id, size, 0)
	wantCode(t, "a picture with most of it missing", err, "M_UNKNOWN")
}

// pngSaying gives a PNG whose header says another size.
func pngSaying(png []byte, w, h uint32) []byte {
	out := slices.Clone(png)
	binary.BigEndian.PutUint32(out[16:], w)
	binary.BigEndian.PutUint32(out[20:], h)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

func TestSweep(t *testing.T) {
	each(t, func(w *ward) {
		w.join(ben, "!ward")
		kept, redacted := w.upload(asha, "kept"), w.upload(asha, "redacted")
		twin := w.upload(ben, "redacted") // the same content, another file
		w.upload(asha, "never sent")
		w.send(asha, "!ward", image1(kept))
		w.send(ben, "!ward", image1(twin))
		w.redact(w.send(asha, "!ward", image1(redacted)))
		if _, _, err := w.Reserve(ctx, asha); err != nil {
			w.t.Fatal(err)
		}
		w.sweep(0) // nothing is old enough
		w.age()
		w.sweep(3) // the redacted one, the unsent one, the reservation
		w.reads(kept, ben, true)
		w.reads(twin, ben, true)
		if n := w.contents(); n != 2 {
			w.t.Errorf("%d contents left, want 2", n)
		}
	})
}

func (w *ward) sweep(want int) {
	w.t.Helper()
	if got, err := w.Sweep(ctx); err != nil || got != want {
		w.t.Errorf("%d removed, %v, want %d", got, err, want)
	}
}

// age makes everything two days older.
func (w *ward) age() {
	w.t.Helper()
	const days = 2 * 24 * 60 * 60 * 1000
	w.write(func(tx *store.Tx) error {
		if err := tx.Exec(`UPDATE media SET gone = gone - $1 WHERE gone > 0`, days); err != nil {
			return err
		}
		if err := tx.Exec(`UPDATE media SET expires = expires - $1 WHERE expires > 0`, days); err != nil {
			return err
		}
		return tx.Exec(`UPDATE media SET created = created - $1`, days)
	})
	w.ageFiles()
}

// ageFiles makes the contents two days older.
func (w *ward) ageFiles() {
	w.t.Helper()
	then := time.Now().Add(-48 * time.Hour)
	err := filepath.Walk(w.dir, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, then, then)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestReconcile(t *testing.T) {
	each(t, func(w *ward) {
		id := w.uploadBytes(asha, "image/jpeg", jpegOf(400, 400))
		c, err := w.Thumbnail(ctx, asha, server, id, thumb.Size{Width: 32, Height: 32, Crop: true}, 0)
		w.bytes(c, err)
		if _, _, err := w.files.Put(ctx, strings.NewReader("left by a process that died"), 100); err != nil {
			w.t.Fatal(err)
		}
		if err := w.Reconcile(ctx); err != nil {
			w.t.Fatal(err)
		}
		if n := w.contents(); n != 3 {
			w.t.Errorf("%d contents, want 3: what is young may be on its way", n)
		}
		w.ageFiles()
		if err := w.Reconcile(ctx); err != nil {
			w.t.Fatal(err)
		}
		if n := w.contents(); n != 2 {
			w.t.Errorf("%d contents, want the picture and its thumbnail", n)
		}
	})
}

func TestFilesAreForgottenAtStart(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "upload-123"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, storetest.Open(t), func(o *media.Options) { o.Dir = dir })
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
