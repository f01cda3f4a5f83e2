package storetest

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Cluster is a PostgreSQL of a test's own, which it may kill, freeze and start again.
type Cluster struct {
	URL string // of an empty database

	t         testing.TB
	bin, dir  string
	attr      *syscall.SysProcAttr
	server    *exec.Cmd
	ended     chan struct{} // closed when server has
	atRunning string        // URL of the database postgres
}

// NewCluster makes and starts one; it is gone when the test ends.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	dir, err := os.MkdirTemp("", "wardline-pg-") // not the test's: PostgreSQL's user could not get there
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{t: t, bin: bin, dir: dir, atRunning: "postgres://wardline@/postgres?host=" + url.QueryEscape(dir)}
	t.Cleanup(c.remove)
	if c.attr, err = unprivileged(dir); err != nil {
		t.Fatal(err)
	}
	c.attr.Pdeathsig = syscall.SIGQUIT                                                                                                      // no server may outlive the test process
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", c.data(), "-U", "wardline", "-A", "trust", "-E", "UTF8", "--locale=C", "-N") //nolint:gosec // our own folder
	initdb.SysProcAttr, initdb.Dir = c.attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	c.Start()
	if err := execAll("pgx", c.atRunning, "CREATE DATABASE ward TEMPLATE template0 ENCODING 'UTF8'"); err != nil {
		t.Fatal(err)
	}
	c.URL = withDatabase(c.atRunning, "ward")
	return c
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) remove() {
	if c.server != nil {
		c.Thaw()
		c.Kill()
	}
	_ = os.RemoveAll(c.dir) // a folder left behind fails no test
}

// Start starts the server, and waits until it answers.
func (c *Cluster) Start() {
	c.t.Helper()
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()                                                     // the server has its own
	c.server = exec.Command(filepath.Join(c.bin, "postgres"), "-D", c.data(), "-k", c.dir, //nolint:gosec // our own folder
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=32MB", "-c", "autovacuum=off", "-c", "jit=off")
	c.server.SysProcAttr, c.server.Dir, c.server.Stdout, c.server.Stderr = c.attr, c.dir, log, log
	if err := c.server.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.ended = make(chan struct{})
	go func() { _ = c.server.Wait(); close(c.ended) }()
	if err := waitFor(c.atRunning, c.dir); err != nil {
		c.t.Fatal(err)
	}
}

// Kill ends the server and every process of it at once.
func (c *Cluster) Kill() {
	c.signal(syscall.SIGKILL)
	<-c.ended
}

// Freeze halts the server without ending it: connections stay, and nothing answers.
func (c *Cluster) Freeze() { c.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (c *Cluster) Thaw() { c.signal(syscall.SIGCONT) }

// signal reaches the postmaster first, so that it starts no more, then all that it has started.
func (c *Cluster) signal(s syscall.Signal) {
	parent := c.server.Process.Pid
	children := childrenOf(parent)
	_ = syscall.Kill(parent, s) // it may have ended
	for _, pid := range append(children, childrenOf(parent)...) {
		_ = syscall.Kill(pid, s) // likewise
	}
}

func childrenOf(parent int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, path := range stats {
		text, err := os.ReadFile(path) //nolint:gosec // of the kernel's
		if err != nil {
			continue // it has ended
		}
		var state string
		var of int
		rest := text[bytes.LastIndexByte(text, ')')+1:] // the name before it may hold anything
		if _, err := fmt.Sscan(string(rest), &state, &of); err != nil || of != parent {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(path, "/")[2]); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
