package main

import (
	"context"
	"errors"
	"net"

	"github.com/wardline/wardline/internal/server"
)

// serveCommand runs the server until it is told to stop.
type serveCommand struct {
	place
	Listen             *string `help:"Address and port to serve on." placeholder:"HOST:PORT"`
	ServerName         *string `help:"The domain in user and room ids." placeholder:"NAME"`
	OpenRegistration   bool    `help:"Test rigs only: anyone may register. Loopback only."`
	RegistrationSecret *string `help:"Secret by which tools may make accounts." placeholder:"SECRET"`
	NoRateLimits       bool    `help:"Test rigs only: no rate limits."`
}

// Run serves.
func (s serveCommand) Run(c *console) error {
	o := s.overrides()
	override(o, "server.listen", s.Listen)
	override(o, "server.server_name", s.ServerName)
	override(o, "accounts.registration_secret", s.RegistrationSecret)
	if s.OpenRegistration {
		o["accounts.open_registration"] = "true"
	}
	if s.NoRateLimits {
		o["limits.off"] = "true"
	}
	conf, err := c.configure(s.place, o)
	if err != nil {
		return err
	}
	log := logger(c.err, conf.Log)
	srv, err := server.New(c.ctx, conf, log)
	if err != nil {
		return err
	}
	return errors.Join(serve(c.ctx, srv, conf.Server.Listen), srv.Stop(context.WithoutCancel(c.ctx)))
}

// serve listens before it starts: what asks too early waits for a moment, in place of being refused.
func serve(ctx context.Context, srv *server.Server, listen string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	if err := srv.Start(ctx); err != nil {
		return errors.Join(err, l.Close())
	}
	return srv.Serve(ctx, l)
}
