package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/platform/config"
)

func settings(t *testing.T) *config.Config {
	t.Helper()
	c := config.Defaults()
	c.Server.Name, c.Server.Data = "trust.example", filepath.Join(t.TempDir(), "data")
	return c
}

// start gives a started server on the settings, stopped at the end of the test.
func start(t *testing.T, c *config.Config) *Server {
	t.Helper()
	s, err := New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func TestReadyFollowsTheLifeOfTheServer(t *testing.T) {
	s, err := New(t.Context(), settings(t), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	wants := func(when string, status int) {
		t.Helper()
		if got := get(s.Handler(), "/_wardline/ready"); got.Code != status {
			t.Errorf("%s: %d %s", when, got.Code, got.Body)
		}
		if got := get(s.Handler(), "/_wardline/health"); got.Code != 200 {
			t.Errorf("%s: health %d", when, got.Code)
		}
	}
	wants("before the start", 503)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants("started", 200)
	s.drain()
	wants("stopping", 503)
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error("stopped twice: ", err)
	}
	s.ready.Store(true)
	wants("database closed", 503)
}

// serving serves s on a free port until stop, which gives what Serve returned.
func serving(t *testing.T, s *Server) (addr string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	return l.Addr().String(), func() error { cancel(); return <-done }
}

func TestStopFinishesRequestsAndEndsWaitingOnes(t *testing.T) {
	s := start(t, settings(t))
	working, waiting, drained := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.onDrain(func() { close(drained) })
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			close(waiting)
			<-drained
		} else {
			close(working)
			<-drained
			time.Sleep(20 * time.Millisecond) // a write that takes its time
			if r.Context().Err() != nil {
				t.Error("a request under way was cancelled")
			}
		}
		_, _ = io.WriteString(w, "done")
	})
	addr, stop := serving(t, s)
	answers := make(chan string, 2)
	for _, path := range []string{"/wait", "/work"} {
		go func() {
			res, err := http.Get("http://" + addr + path)
			if err != nil {
				answers <- err.Error()
				return
			}
			defer res.Body.Close()
			b, _ := io.ReadAll(res.Body)
			answers <- string(b)
		}()
	}
	<-working
	<-waiting
	if err := stop(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if got := <-answers; got != "done" {
			t.Error(got)
		}
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("still listening")
	}
}

func TestSecondServerOnOneDirectoryIsRefused(t *testing.T) {
	c := settings(t)
	start(t, c)
	if s, err := New(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("two servers on one database", s.Stop(t.Context()))
	}
}

func TestSettingsThatCannotServe(t *testing.T) {
	c := settings(t)
	c.Server.Name = ""
	if _, err := New(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "server_name") {
		t.Errorf("no name: %v", err)
	}
	c = settings(t)
	start(t, c).Stop(t.Context())
	c.Server.Name = "other.example"
	if _, err := New(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "trust.example") {
		t.Errorf("another name: %v", err)
	}
}

func TestSigningKeyIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := openKey(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := openKey(dir, false)
	if err != nil || again.ID != first.ID || again.Seed() != first.Seed() {
		t.Errorf("%v, %v", again.ID, err)
	}
	path := filepath.Join(dir, keyFile)
	if at, err := os.Stat(path); err != nil || at.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", at.Mode(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
	for name, text := range map[string]string{"empty": "", "one word": "ed25519:x", "no seed": "ed25519:x !!!", "three words": "a b c"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openKey(dir, true); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := openKey(dir, false); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("lost key of an old installation: %v", err)
	}
}

// writeCertificate writes a self-signed certificate with a serial number.
func writeCertificate(t *testing.T, dir string, serial int64, at time.Time) (certPath, keyPath string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPath, keyPath = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{
		certPath: {Type: "CERTIFICATE", Bytes: cert}, keyPath: {Type: "PRIVATE KEY", Bytes: pkcs8},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return certPath, keyPath
}

func TestRenewedCertificateIsUsed(t *testing.T) {
	dir := t.TempDir()
	c := settings(t)
	c.Server.TLSCert, c.Server.TLSKey = writeCertificate(t, dir, 1, time.Now().Add(-time.Hour))
	certs, err := loadCertificate(c.Server.TLSCert, c.Server.TLSKey, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		t.Helper()
		certs.looked = time.Time{}
		cert, err := certs.current(nil)
		if err != nil {
			t.Fatal(err)
		}
		return cert.Leaf.SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("serial %d", got)
	}
	writeCertificate(t, dir, 2, time.Now().Add(-time.Minute))
	if got := serial(); got != 2 {
		t.Errorf("renewed: serial %d", got)
	}
	if err := os.WriteFile(c.Server.TLSCert, []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 {
		t.Errorf("half replaced: serial %d", got)
	}
	if err := os.Remove(c.Server.TLSCert); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 {
		t.Errorf("gone: serial %d", got)
	}
}

func TestServesTLS(t *testing.T) {
	c := settings(t)
	c.Server.TLSCert, c.Server.TLSKey = writeCertificate(t, t.TempDir(), 1, time.Now())
	addr, stop := serving(t, start(t, c))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	res, err := client.Get("https://" + addr + "/_wardline/ready")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	client.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestOperatorsSeeMetricsAndProfiles(t *testing.T) {
	s := start(t, settings(t))
	get(s.Handler(), "/_wardline/ready")
	if got := get(s.opsHandler(), "/metrics"); !strings.Contains(got.Body.String(), `wardline_http_requests_total{route="GET /_wardline/ready",status="200"} 1`) {
		t.Errorf("%d %.300s", got.Code, got.Body)
	}
	if got := get(s.opsHandler(), "/debug/pprof/goroutine?debug=1"); got.Code != 200 {
		t.Errorf("profile: %d", got.Code)
	}
	for _, path := range []string{"/metrics", "/debug/pprof/"} {
		if got := get(s.Handler(), path); strings.Contains(got.Body.String(), "goroutine") {
			t.Errorf("%s is served to clients: %d %.200s", path, got.Code, got.Body)
		}
	}
}
