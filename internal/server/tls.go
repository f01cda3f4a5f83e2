package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// certificate is a TLS certificate that is read again when its files change: renewed ones take effect without a restart.
type certificate struct {
	certPath, keyPath string
	log               *slog.Logger

	mu     sync.Mutex
	cert   *tls.Certificate
	stamp  [2]time.Time // when the files were changed
	looked time.Time
}

// lookEvery is how often, at most, the files are looked at.
const lookEvery = 5 * time.Second

func loadCertificate(certPath, keyPath string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certPath: certPath, keyPath: keyPath, log: log}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("server.tls_cert: %w", err)
	}
	return c, nil
}

// current gives the certificate for a handshake. Files that are half replaced, or gone, leave the old one in use.
func (c *certificate) current(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) > lookEvery {
		c.reload()
	}
	return c.cert, nil
}

func (c *certificate) reload() {
	if err := c.load(); err != nil {
		c.log.Error("the TLS certificate cannot be read again: the old one stays in use", "error", err)
	}
}

// reloadOnHangup looks at the files whenever the process gets SIGHUP, which would end it otherwise: renewal tools send it.
func (c *certificate) reloadOnHangup() (stop func()) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		for range hangup {
			c.mu.Lock()
			c.reload()
			c.mu.Unlock()
		}
	}()
	return func() { signal.Stop(hangup); close(hangup) }
}

func (c *certificate) load() error {
	c.looked = time.Now()
	stamp, err := c.stamps()
	if err != nil {
		return err
	}
	if c.cert != nil && stamp == c.stamp {
		return nil
	}
	cert, err := tls.LoadX509KeyPair(c.certPath, c.keyPath)
	if err != nil {
		return err
	}
	c.cert, c.stamp = &cert, stamp
	return nil
}

func (c *certificate) stamps() (stamp [2]time.Time, err error) {
	for i, path := range []string{c.certPath, c.keyPath} {
		at, err := os.Stat(path)
		if err != nil {
			return stamp, err
		}
		stamp[i] = at.ModTime()
	}
	return stamp, nil
}
