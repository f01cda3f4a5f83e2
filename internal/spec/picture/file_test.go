package picture

import (
	"bytes"
	"errors"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestStripFile(t *testing.T) {
	for kind, in := range map[Kind][]byte{MP4: makeVideo(nil).file, HEIF: makePhoto(7, 1).file} {
		want, words, err := Strip(kind, in)
		if err != nil {
			t.Fatal(err)
		}
		file := openTemp(t, in)
		removed, err := StripFile(kind, file)
		if err != nil || !slices.Equal(removed, words) {
			t.Errorf("%s: removed %q, %v; want %q", kind, removed, err, words)
		}
		if got := contents(t, file); !bytes.Equal(got, want) {
			t.Errorf("%s: the file on disk is cleaned differently than the one in memory", kind)
		}
	}
}

func TestStripFileRefusesUntouched(t *testing.T) {
	in := append(makeVideo(nil).file, "\x00\x00\x01\x00junkjunk"...)
	file := openTemp(t, in)
	if _, err := StripFile(MP4, file); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v, want %v", err, ErrMalformed)
	}
	if !bytes.Equal(contents(t, file), in) {
		t.Error("a refused file was changed")
	}
	if _, err := StripFile(JPEG, file); !errors.Is(err, ErrUnsupported) {
		t.Errorf("%v, want %v", err, ErrUnsupported)
	}
}

// TestStripFileFaults takes the disk away while a file is cleaned: an error that is not the file's fault.
func TestStripFileFaults(t *testing.T) {
	in := makeVideo(nil).file
	counting := &faulty{ReadWriteSeeker: openTemp(t, in), left: 1 << 30}
	if _, err := StripFile(MP4, counting); err != nil {
		t.Fatal(err)
	}
	for n := range 1<<30 - counting.left {
		_, err := StripFile(MP4, &faulty{ReadWriteSeeker: openTemp(t, in), left: n})
		if !errors.Is(err, errDisk) {
			t.Fatalf("fault after %d operations: %v", n, err)
		}
	}
}

var errDisk = errors.New("the disk is gone")

// faulty is a file whose operations fail once so many have succeeded.
type faulty struct {
	io.ReadWriteSeeker
	left int
}

func (f *faulty) spend() error {
	if f.left == 0 {
		return errDisk
	}
	f.left--
	return nil
}

func (f *faulty) Read(p []byte) (int, error) {
	if err := f.spend(); err != nil {
		return 0, err
	}
	return f.ReadWriteSeeker.Read(p)
}

func (f *faulty) Write(p []byte) (int, error) {
	if err := f.spend(); err != nil {
		return 0, err
	}
	return f.ReadWriteSeeker.Write(p)
}

// TestLargeVideo cleans a video of sparse gigabytes, which no memory could hold twice.
func TestLargeVideo(t *testing.T) {
	v := makeVideo(func(v *video) { v.handlers[2] = "soun" })
	file := openTemp(t, v.file)
	const hole = 3 << 30
	at, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(join(be32(1), []byte("mdat"), be32(0, hole))); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(at+hole, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(bx("udta", []byte("PLANTED-GPS"))); err != nil {
		t.Fatal(err)
	}
	if _, err := StripFile(MP4, file); err != nil {
		t.Fatal(err)
	}
	tail := make([]byte, 19)
	if _, err := file.ReadAt(tail, at+hole); err != nil || !bytes.Equal(tail, bx("free", make([]byte, 11))) {
		t.Errorf("behind the hole: %q, %v", tail, err)
	}
}

func openTemp(t *testing.T, data []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}

func contents(t *testing.T, file *os.File) []byte {
	t.Helper()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// fuzz checks what holds for every input: no panic, an error of ours or a file that is clean by our own measure, and of
// bounded size.
func fuzz(f *testing.F, kind Kind, seeds ...[]byte) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		Sniff(in)
		out, _, err := Strip(kind, in)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		if len(out) > len(in)+64 {
			t.Fatalf("%d bytes became %d", len(in), len(out))
		}
		again, more, err := Strip(kind, out)
		if err != nil || len(more) != 0 || !bytes.Equal(again, out) {
			t.Fatalf("a second cleaning removed %q, %v", more, err)
		}
	})
}

func FuzzJPEG(f *testing.F) { fuzz(f, JPEG, sampleJPEG(f)) }
func FuzzPNG(f *testing.F)  { fuzz(f, PNG, samplePNG(f)) }
func FuzzGIF(f *testing.F)  { fuzz(f, GIF, gifMake(f)) }
func FuzzWebP(f *testing.F) {
	frame := riff("ANMF", join(make([]byte, 16), riff("VP8L", webpLossless(2, 2, color.NRGBA{A: 255}))))
	fuzz(f, WebP, sampleWebP(), webpFile(vp8x(2, 2, 2), frame))
}
func FuzzBoxes(f *testing.F) {
	fuzz(f, MP4, makeVideo(nil).file, makePhoto(6, 0).file, makePhoto(1, 1).file, bx("moof", bx("traf", bx("tfhd"), bx("udta"))))
}
