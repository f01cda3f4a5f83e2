package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// How patient the server is with connections. Answers have no limit: a client may wait for news, or fetch a film over a
// poor network.
const (
	headerTime = 10 * time.Second
	idleTime   = 3 * time.Minute // longer than clients wait for news, so that they keep their connection
	headerSize = 16 << 10
)

// Serve answers requests on a listener until ctx is done, and then stops gracefully: no new requests, waiting ones are
// ended, those under way are finished within server.stop_within. The listener is closed. Stop is left to the caller.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	web := s.newHTTP(s.handler)
	if s.conf.Server.TLSCert != "" {
		certs, err := loadCertificate(s.conf.Server.TLSCert, s.conf.Server.TLSKey, s.log)
		if err != nil {
			return errors.Join(err, l.Close())
		}
		web.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certs.current}
		defer certs.reloadOnHangup()()
	}
	ops, err := s.serveOps()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer ops()
	s.log.Info("serving", "address", l.Addr().String(), "server_name", s.conf.Server.Name, "tls", web.TLSConfig != nil)
	failed := make(chan error, 1)
	go func() {
		if web.TLSConfig != nil {
			failed <- web.ServeTLS(l, "", "")
		} else {
			failed <- web.Serve(l)
		}
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("the listener failed: %w", err)
	case <-ctx.Done():
		return s.finish(ctx, web)
	}
}

func (s *Server) newHTTP(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerSize,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // broken handshakes and the like
	}
}

// finish lets requests under way end.
func (s *Server) finish(ctx context.Context, web *http.Server) error {
	s.log.Info("stopping")
	s.drain()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(s.conf.Server.StopWithin))
	defer cancel()
	if err := web.Shutdown(ctx); err != nil {
		s.log.Warn("some requests were cut off", "error", err)
		return web.Close()
	}
	return nil
}
