package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// health answers that the process is alive: for whatever would restart it.
func (s *Server) health(context.Context, *audit.Caller, struct{}) (state, error) {
	return state{State: "alive"}, nil
}

// isReady answers whether this node can serve: for load balancers and scripts that wait for a start.
func (s *Server) isReady(ctx context.Context, _ *audit.Caller, _ struct{}) (state, error) {
	if !s.ready.Load() {
		return state{}, errs.Busy(time.Second, nil, "starting or stopping")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := errors.Join(s.db.Fault(), s.db.Read(ctx, func(*store.Tx) error { return nil })); err != nil {
		return state{}, errs.Busy(2*time.Second, err, "the database does not answer")
	}
	return state{State: "ready"}, nil
}

type state struct {
	State string `json:"state"`
}

// serveOps serves metrics and profiles to operators, on a listener of their own.
func (s *Server) serveOps() (stop func(), err error) {
	if s.conf.Ops.Listen == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", s.conf.Ops.Listen)
	if err != nil {
		return nil, fmt.Errorf("ops.listen: %w", err)
	}
	web := s.newHTTP(s.opsHandler())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("the operators' listener failed", "error", err)
		}
	}()
	s.log.Info("metrics and profiles", "address", l.Addr().String())
	return func() { _ = web.Close(); <-done }, nil // nothing worth waiting for is served there
}

func (s *Server) opsHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
