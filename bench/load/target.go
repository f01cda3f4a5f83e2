package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// target is the server under load: one that runs already, or a binary that is started, and may be started again.
type target struct {
	binary   string
	database string // passed on as --database; empty leaves the server its own
	data     string
	address  string
	process  process
	// helper is another process whose CPU time counts as the server's: PostgreSQL's postmaster. Zero is none.
	helper process
	errors *os.File
	child  *exec.Cmd
}

// running is a target that runs already, at a base URL, as a process with that id.
func running(base string, pid int) (*target, error) {
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" {
		return nil, fmt.Errorf("%q is not a base URL such as http://127.0.0.1:8008", base)
	}
	return &target{address: parsed.Host, process: process(pid)}, nil
}

// launch starts a binary that takes the flags of `wardline serve`, on a free port, with its data in a new folder.
func launch(binary, database string, helper int) (*target, error) {
	data, err := os.MkdirTemp("", "wardline-bench-")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(data, "server.log"))
	if err != nil {
		return nil, err
	}
	t := &target{binary: binary, database: database, data: data, address: address, helper: process(helper), errors: log}
	_, err = t.start()
	return t, err
}

// start runs the binary and waits until it says that it is ready; it answers how long that took.
func (t *target) start() (time.Duration, error) {
	arguments := []string{
		"serve", "--data", filepath.Join(t.data, "data"), "--listen", t.address, "--server-name", "bench.local",
		"--open-registration", "--registration-secret", "bench", "--no-rate-limits",
	}
	if t.database != "" {
		arguments = append(arguments, "--database", t.database)
	}
	t.child = exec.Command(t.binary, arguments...) //nolint:gosec // the binary is the one named on the command line
	t.child.Stdout, t.child.Stderr = t.errors, t.errors
	began := time.Now()
	if err := t.child.Start(); err != nil {
		return 0, err
	}
	t.process = process(t.child.Process.Pid)
	probe := newWire(t.address)
	defer probe.close()
	for time.Since(began) < time.Minute {
		status, _, err := probe.call("GET", "/_wardline/ready", "", nil)
		if err == nil && status == 200 {
			return time.Since(began), nil
		}
		if state, err := t.process.stat(); err != nil || state[0] == "Z" {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, errors.Join(fmt.Errorf("%s did not become ready; see %s", t.binary, t.errors.Name()), t.stop())
}

// stop ends the process gracefully and waits for it.
func (t *target) stop() error {
	if t.child == nil {
		return nil
	}
	if err := t.child.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	kill := time.AfterFunc(20*time.Second, func() { _ = t.child.Process.Kill() })
	defer kill.Stop()
	err := t.child.Wait()
	t.child = nil
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("the server ended with %s; see %s", exit, t.errors.Name())
	}
	return err
}

// remove stops the target and deletes what it stored.
func (t *target) remove() error {
	if t.binary == "" {
		return nil
	}
	err := t.stop()
	return errors.Join(err, t.errors.Close(), os.RemoveAll(t.data))
}

// cpu is the processor time the server has used, with its database's.
func (t *target) cpu() (time.Duration, error) {
	if t.process == 0 {
		return 0, nil
	}
	total, err := t.process.cpu()
	if err != nil || t.helper == 0 {
		return total, err
	}
	helper, err := t.helper.familyCPU()
	return total + helper, err
}

// memory is the server's resident memory in bytes, without its database's.
func (t *target) memory() (now, peak int64, err error) {
	if t.process == 0 {
		return 0, 0, nil
	}
	return t.process.memory()
}

// stored is the size of what the server keeps on disk in its data folder, in bytes.
func (t *target) stored() (size int64) {
	_ = filepath.WalkDir(filepath.Join(t.data, "data"), func(_ string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // a file that went away while walking does not count
		}
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size
}
