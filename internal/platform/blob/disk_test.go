package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
)

var _ Store = (*Disk)(nil)

func open(t *testing.T) *Disk {
	t.Helper()
	d, err := OpenDisk(filepath.Join(t.TempDir(), "media"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func put(t *testing.T, d *Disk, content string) string {
	t.Helper()
	hash, size, err := d.Put(t.Context(), strings.NewReader(content), 1<<20)
	if err != nil || size != int64(len(content)) {
		t.Fatalf("%d bytes, %v", size, err)
	}
	return hash
}

func read(t *testing.T, d *Disk, hash string) string {
	t.Helper()
	f, size, err := d.Open(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil || int64(len(b)) != size {
		t.Fatalf("%d bytes of %d, %v", len(b), size, err)
	}
	return string(b)
}

// files gives what lies in the store's folder.
func files(t *testing.T, d *Disk) (list []string) {
	t.Helper()
	err := filepath.Walk(d.dir, func(path string, at os.FileInfo, err error) error {
		if err == nil && !at.IsDir() {
			list = append(list, path)
			if at.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", path, at.Mode())
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestContentIsKeptOnceByItsHash(t *testing.T) {
	d := open(t)
	a, again, b := put(t, d, "x-ray"), put(t, d, "x-ray"), put(t, d, "")
	sum := sha256.Sum256([]byte("x-ray"))
	if a != hex.EncodeToString(sum[:]) || a != again {
		t.Errorf("hashes %s, %s", a, again)
	}
	if got := read(t, d, a); got != "x-ray" {
		t.Errorf("read %q", got)
	}
	if got := read(t, d, b); got != "" {
		t.Errorf("read %q", got)
	}
	if list := files(t, d); len(list) != 2 {
		t.Errorf("files: %v", list)
	}
	var walked []string
	if err := d.Walk(t.Context(), func(hash string, _ int64) error { walked = append(walked, hash); return nil }); err != nil {
		t.Fatal(err)
	}
	want := []string{a, b}
	slices.Sort(want)
	if !slices.Equal(walked, want) {
		t.Errorf("walked %v", walked)
	}
}

func TestRefusalsLeaveNothing(t *testing.T) {
	d := open(t)
	broken := errors.New("the line went dead")
	if _, _, err := d.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), 100); !errors.Is(err, broken) {
		t.Errorf("broken reader: %v", err)
	}
	if _, _, err := d.Put(t.Context(), strings.NewReader("12345"), 4); !errs.Is(err, errs.TooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, _, err := d.Put(t.Context(), strings.NewReader("1234"), 4); err != nil {
		t.Errorf("exactly as large as allowed: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := d.Put(ctx, strings.NewReader("x"), 4); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if list := files(t, d); len(list) != 1 {
		t.Errorf("left: %v", list)
	}
}

func TestFullDiskIsUnavailable(t *testing.T) {
	for _, no := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EDQUOT} {
		err := fault(&os.PathError{Op: "write", Path: "x", Err: no})
		if !errs.Is(err, errs.Unavailable) || !errors.Is(err, no) {
			t.Errorf("%v: %v", no, err)
		}
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	_, err = full.WriteString("x")
	if got := fault(err); !errs.Is(got, errs.Unavailable) {
		t.Errorf("/dev/full: %v", got)
	}
}

func TestNotThere(t *testing.T) {
	d := open(t)
	for _, hash := range []string{strings.Repeat("0", 64), "", "../../etc/passwd", strings.Repeat("A", 64), strings.Repeat("/", 64)} {
		if _, _, err := d.Open(t.Context(), hash); !errs.Is(err, errs.NotFound) {
			t.Errorf("%q: %v", hash, err)
		}
		if err := d.Delete(t.Context(), hash, time.Now()); err != nil {
			t.Errorf("delete %q: %v", hash, err)
		}
	}
}

func TestDeleteSparesWhatIsWantedAgain(t *testing.T) {
	d := open(t)
	hash := put(t, d, "photograph")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(d.path(hash), old, old); err != nil {
		t.Fatal(err)
	}
	unused := time.Now().Add(-time.Minute)
	put(t, d, "photograph")
	if err := d.Delete(t.Context(), hash, unused); err != nil {
		t.Fatal(err)
	}
	if got := read(t, d, hash); got != "photograph" {
		t.Errorf("lost: %q", got)
	}
	if err := d.Delete(t.Context(), hash, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Open(t.Context(), hash); !errs.Is(err, errs.NotFound) {
		t.Errorf("still there: %v", err)
	}
}

func TestVerifyFindsChange(t *testing.T) {
	d := open(t)
	hash := put(t, d, "wound, left heel")
	if err := d.Verify(t.Context(), hash); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.path(hash), []byte("wound, left knee"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Verify(t.Context(), hash); err == nil || !strings.Contains(err.Error(), hash) {
		t.Errorf("changed content passes: %v", err)
	}
}

func TestCrashRemainsAreRemoved(t *testing.T) {
	d := open(t)
	kept := put(t, d, "kept")
	dead, live := filepath.Join(d.tmp(), "put-dead"), filepath.Join(d.tmp(), "put-live")
	for _, path := range []string{dead, live} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(dead, old, old); err != nil {
		t.Fatal(err)
	}
	again, err := OpenDisk(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	if list := files(t, again); slices.Contains(list, dead) || !slices.Contains(list, live) {
		t.Errorf("left: %v", list)
	}
	if got := read(t, again, kept); got != "kept" {
		t.Errorf("%q", got)
	}
}

func TestManyAtOnce(t *testing.T) {
	d := open(t)
	same := bytes.Repeat([]byte("same"), 10000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			hash, _, err := d.Put(t.Context(), bytes.NewReader(same), 1<<20)
			if err == nil {
				err = d.Verify(t.Context(), hash)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list := files(t, d); len(list) != 1 {
		t.Errorf("files: %v", list)
	}
}
