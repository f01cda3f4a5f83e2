package fire

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wardline/wardline/client"
	"github.com/wardline/wardline/internal/platform/config"
)

// disk is a small file system of the test's own.
type disk struct {
	t   *testing.T
	dir string
}

// newDisk mounts one. Who may not mount runs the test again in a namespace where they may; the test has then been done, and done
// is true.
func newDisk(t *testing.T, megabytes int) (d *disk, done bool) {
	t.Helper()
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", megabytes))
	if err == nil {
		t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
		return &disk{t: t, dir: dir}, false
	}
	if os.Getenv("WARDLINE_FIRE_NAMESPACE") != "" {
		t.Fatalf("no file system can be mounted here, not even in a namespace: %v", err)
	}
	again := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v") //nolint:gosec // ourselves
	again.Env = append(os.Environ(), "WARDLINE_FIRE_NAMESPACE=1")
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("in a namespace: %v: %s", err, out)
	}
	return nil, true
}

// fill takes all the room that there is, and gives how to free it.
func (d *disk) fill() (free func()) {
	d.t.Helper()
	f, err := os.Create(filepath.Join(d.dir, "other"))
	if err != nil {
		d.t.Fatal(err)
	}
	_, err = io.Copy(f, zeros{})
	if !strings.Contains(fmt.Sprint(err), "no space left") {
		d.t.Fatalf("filling the disk: %v", err)
	}
	_ = f.Close()
	return func() {
		if err := os.Remove(f.Name()); err != nil {
			d.t.Error(err)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// protect makes the file system read-only, or no longer.
func (d *disk) protect(on bool) {
	d.t.Helper()
	flags := uintptr(unix.MS_REMOUNT)
	if on {
		flags |= unix.MS_RDONLY
	}
	if err := unix.Mount("tmpfs", d.dir, "tmpfs", flags, ""); err != nil {
		d.t.Fatal(err)
	}
}

// TestFullDisk: what does not fit is refused as a whole and says so; reading goes on; with room again so does all else.
func TestFullDisk(t *testing.T) {
	d, done := newDisk(t, 24)
	if done {
		return
	}
	w := openWard(t, func(c *config.Config) { c.Server.Data = filepath.Join(d.dir, "data") })
	free := d.fill()
	// The journal may have room of its own for a while.
	var err error
	for n := range 2000 {
		text := fmt.Sprintf("%d %s", n, strings.Repeat("x", 8000))
		if err = w.try(text[:8], text); err != nil {
			break
		}
	}
	w.refused("sending", err)
	w.refused("being ready", w.ready())
	_, err = w.amira.CreateRoom(t.Context(), client.NewRoom{Topic: strings.Repeat("x", 8000)})
	w.refused("making a room", err)
	_, err = w.amira.Upload(t.Context(), "scan", "application/octet-stream", bytes.Repeat([]byte("x"), 1<<20))
	w.refused("uploading", err)
	if _, err := w.ben.History(t.Context(), w.room); err != nil {
		t.Errorf("reading, while the disk is full: %v", err)
	}
	if _, err := w.device.Step(t.Context(), 0); err != nil {
		t.Errorf("sync, while the disk is full: %v", err)
	}
	free()
	w.recovers("with room again")
	if _, err := w.amira.Upload(t.Context(), "scan", "application/octet-stream", bytes.Repeat([]byte("x"), 1<<20)); err != nil {
		t.Errorf("uploading, with room again: %v", err)
	}
	w.stands()
	if err := w.ready(); err != nil {
		t.Errorf("not ready again: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(w.Conf.Server.Data, "files", "tmp", "*")); err != nil || len(left) > 0 {
		t.Errorf("half a file was left behind: %v", left)
	}
}

// TestFilesReadOnly: the file system of the files alone becomes read-only. Uploads are refused, all else goes on.
func TestFilesReadOnly(t *testing.T) {
	d, done := newDisk(t, 8)
	if done {
		return
	}
	data := t.TempDir()
	if err := os.Symlink(d.dir, filepath.Join(data, "files")); err != nil {
		t.Fatal(err)
	}
	w := openWard(t, func(c *config.Config) { c.Server.Data = data })
	uri, err := w.amira.Upload(t.Context(), "scan", "application/octet-stream", []byte("a scan"))
	if err != nil {
		t.Fatal(err)
	}
	d.protect(true)
	_, err = w.amira.Upload(t.Context(), "scan", "application/octet-stream", []byte("another scan"))
	w.refused("uploading", err)
	if f, err := w.amira.Download(t.Context(), uri); err != nil || string(f.Bytes) != "a scan" {
		t.Errorf("downloading: %q, %v", f.Bytes, err)
	}
	w.say("meanwhile")
	d.protect(false)
	if _, err := w.amira.Upload(t.Context(), "scan", "application/octet-stream", []byte("another scan")); err != nil {
		t.Errorf("uploading again: %v", err)
	}
	w.stands()
}

// TestInstallationReadOnly: a server does not start on what it cannot write, and says where; when it may be written again, nothing
// was lost.
func TestInstallationReadOnly(t *testing.T) {
	d, done := newDisk(t, 24)
	if done {
		return
	}
	w := openWard(t, func(c *config.Config) { c.Server.Data = filepath.Join(d.dir, "data") })
	w.stands()
	w.Stop()
	d.protect(true)
	i := installationAt(t, w.Conf.Server.Data, "")
	i.launch()
	<-i.process.ended
	if says := i.process.log.String(); i.process.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(says, d.dir) {
		t.Errorf("status %d: %s", i.process.cmd.ProcessState.ExitCode(), says)
	}
	i.verify() // looking needs no writing
	d.protect(false)
	i.start()
	i.verify()
	i.kill() // what was committed last is in the write-ahead log only, and the index of that log may be gone
	if err := os.Remove(filepath.Join(w.Conf.Server.Data, "wardline.db-shm")); err != nil {
		t.Fatal(err)
	}
	d.protect(true)
	i.verify()
	d.protect(false)
}
