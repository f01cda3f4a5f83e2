package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/wardline/wardline/internal/platform/store"
)

// template is a migrated database that each test's database is a copy of.
const template = "wardline_template"

// startOnce starts one PostgreSQL for the test process and gives the folder of its socket. WARDLINE_TEST_POSTGRES, a
// postgres:// URL of a server where databases may be created, is used instead when it is set.
var startOnce = sync.OnceValues(func() (base string, err error) {
	base = os.Getenv("WARDLINE_TEST_POSTGRES")
	if base == "" {
		if base, err = startPostgres(); err != nil {
			return "", err
		}
	}
	name := template + "_" + strings.ToLower(rand.Text()[:8])
	if err := execAll("pgx", base, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8'"); err != nil {
		return "", err
	}
	templateName = name
	db, err := store.Open(context.Background(), store.Options{URL: withDatabase(base, name), NoSync: true})
	if err != nil {
		return "", err
	}
	return base, db.Close()
})

var templateName string

// database creates a database that is dropped when the test ends, and gives its URL.
func database(t testing.TB) string {
	t.Helper()
	base, err := startOnce()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %v", err)
	}
	name := "t_" + strings.ToLower(rand.Text())
	if err := execAll("pgx", base, "CREATE DATABASE "+name+" TEMPLATE "+templateName); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execAll("pgx", base, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return withDatabase(base, name)
}

func withDatabase(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + name
	return u.String()
}

// supervise runs PostgreSQL until its own standard input ends, which it does when the test process ends in whatever
// way; then it removes the folder.
const supervise = `"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c shared_buffers=32MB \
	-c max_connections=300 -c autovacuum=off -c jit=off -c max_wal_size=256MB >"$2/log" 2>&1 &
pid=$!; cat >/dev/null; kill -QUIT $pid; wait $pid; rm -rf "$2"`

// startPostgres starts a server in a temporary folder, reachable only through a socket there, and gives the URL of its database postgres.
func startPostgres() (string, error) {
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "wardline-pg-")
	if err != nil {
		return "", err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "wardline", "-A", "trust", "-E", "UTF8", "--locale=C", "-N") //nolint:gosec // our own folder
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	server := exec.Command("sh", "-c", supervise, "sh", bin, dir) //nolint:gosec // our own folder
	server.SysProcAttr, server.Dir = attr, dir
	server.SysProcAttr.Setsid = true
	lifeline, err := server.StdinPipe() // never closed by us: it lives as long as the process
	if err != nil {
		return "", err
	}
	keep = append(keep, lifeline)
	if err := server.Start(); err != nil {
		return "", err
	}
	base := "postgres://wardline@/postgres?host=" + url.QueryEscape(dir)
	return base, waitFor(base, dir)
}

// keep holds what must not be closed by the garbage collector.
var keep []any

func waitFor(base, dir string) error {
	var err error
	for range 600 {
		if err = execAll("pgx", base, "SELECT 1"); err == nil {
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log")) //nolint:gosec // our own folder
	return fmt.Errorf("the server did not start: %w: %s", err, log)
}

// binaries finds the newest PostgreSQL installed, where Debian puts it or in the PATH.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	if len(found) > 0 {
		version := func(path string) int {
			n, _ := strconv.Atoi(strings.Split(path, "/")[4])
			return n
		}
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL is not installed (apt-get install postgresql); or set WARDLINE_TEST_ENGINES=sqlite")
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	return filepath.Dir(path), nil
}

// unprivileged gives the folder to the user postgres when we are root, as whom PostgreSQL refuses to run.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(uerr, gerr, os.Chown(dir, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
