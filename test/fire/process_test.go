package fire

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// binary builds the program as it is shipped, once for the test process, and gives its path.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "wardline-fire-")
	if err != nil {
		return "", err
	}
	atEnd = append(atEnd, func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "wardline")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "github.com/wardline/wardline/cmd/wardline")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w: %s", err, out)
	}
	return path, nil
})

// atEnd is what TestMain does last.
var atEnd []func()

// installation is a data directory and a database, and the server process that serves them, when one does.
type installation struct {
	t              *testing.T
	program        string
	data, database string
	addr           string
	extra          []string // flags
	env            []string
	process        *process
}

// process is one run of the program.
type process struct {
	cmd   *exec.Cmd
	log   *tail
	ended chan struct{} // closed when it has
}

// newInstallation prepares one on an engine; nothing runs yet.
func newInstallation(t *testing.T, engine string) *installation {
	t.Helper()
	o := storetest.OptionsOn(t, engine)
	return installationAt(t, o.Dir, o.URL)
}

func installationAt(t *testing.T, data, database string) *installation {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	i := &installation{t: t, program: program, data: data, database: database, addr: freeAddr(t)}
	t.Cleanup(i.kill)
	return i
}

// freeAddr finds a port for a server that will be started many times: below those that outgoing connections use.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(10000))
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

func (i *installation) url() string { return "http://" + i.addr }

// place are the flags that name the installation.
func (i *installation) place() []string {
	flags := []string{"--data", i.data}
	if i.database != "" {
		flags = append(flags, "--database", i.database)
	}
	return flags
}

// start runs a server and gives how long it took until it answered.
func (i *installation) start() time.Duration {
	i.t.Helper()
	begun := time.Now()
	i.launch()
	i.answers()
	return time.Since(begun)
}

// launch runs a server without waiting for it.
func (i *installation) launch() {
	i.t.Helper()
	args := append([]string{"serve", "--listen", i.addr, "--server-name", serverName, "--open-registration", "--no-rate-limits"}, i.place()...)
	p := &process{cmd: exec.Command(i.program, append(args, i.extra...)...), log: &tail{}, ended: make(chan struct{})} //nolint:gosec // our own program
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Env = append(os.Environ(), i.env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	i.process = p
}

// answers waits until the server does.
func (i *installation) answers() {
	i.t.Helper()
	for range 6000 {
		if i.status("/_wardline/health") == http.StatusOK {
			return
		}
		select {
		case <-i.process.ended:
			i.t.Fatalf("the server ended: %s", i.process.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
	i.t.Fatalf("the server does not answer: %s", i.process.log)
}

// status asks a path and gives the status; 0 is no answer.
func (i *installation) status(path string) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, i.url()+path, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// kill ends the server as a power cut would, if it runs.
func (i *installation) kill() {
	if p := i.process; p != nil {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.ended
	}
}

// stop ends the server gracefully and gives its exit status.
func (i *installation) stop() int {
	i.t.Helper()
	if err := i.process.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		i.t.Fatal(err)
	}
	select {
	case <-i.process.ended:
	case <-time.After(time.Minute):
		i.t.Fatalf("the server does not stop: %s", i.process.log)
	}
	return i.process.cmd.ProcessState.ExitCode()
}

// verify proves the installation with the program's own command.
func (i *installation) verify() {
	i.t.Helper()
	out, err := exec.Command(i.program, append([]string{"verify"}, i.place()...)...).CombinedOutput() //nolint:gosec // our own program
	if err != nil {
		i.t.Fatalf("verify: %v: %s", err, out)
	}
}

// unexpected gives the lines of the server's log that say what must never happen.
func (p *process) unexpected() []string {
	var found []string
	for line := range strings.Lines(p.log.String()) {
		for _, sign := range []string{"panic", "DATA RACE", "fatal error", "internal error", "request failed"} {
			if strings.Contains(line, sign) {
				found = append(found, strings.TrimSpace(line))
				break
			}
		}
	}
	return found
}

// tail keeps the first and the last of what a process says.
type tail struct {
	mu         sync.Mutex
	head, last bytes.Buffer
}

const tailSize = 256 << 10

// Write implements io.Writer.
func (l *tail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head.Len() < tailSize {
		return l.head.Write(b)
	}
	if l.last.Len() > tailSize {
		l.last.Next(l.last.Len() - tailSize/2)
	}
	return l.last.Write(b)
}

// String gives what was kept.
func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head.String() + l.last.String()
}

// TestServerHoldsItsDirectory: a second server on one SQLite directory is refused, and says why; when the first has been killed, the
// next one may have it.
func TestServerHoldsItsDirectory(t *testing.T) {
	i := newInstallation(t, "sqlite")
	i.start()
	second := installationAt(t, i.data, i.database)
	second.launch()
	<-second.process.ended
	if says := second.process.log.String(); !strings.Contains(says, "another Wardline server") {
		t.Errorf("the second server said: %s", says)
	}
	i.kill()
	second.start()
	if code := second.stop(); code != 0 {
		t.Errorf("stopping gave status %d: %s", code, second.process.log)
	}
	if second.status("/_wardline/health") != 0 {
		t.Error("it still answers")
	}
}
