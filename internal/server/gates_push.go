package server

import (
	"context"
	"strings"

	"github.com/wardline/wardline/internal/matrix/push"
	"github.com/wardline/wardline/internal/matrix/webpush"
)

// buildPush builds what decides whom an event disturbs, and what tells push gateways and browsers.
func (s *Server) buildPush() {
	conf := push.Config{IncludeContent: s.conf.Push.IncludeContent, PrivateGateways: s.conf.Push.PrivateGateways}
	s.rules = push.NewRules(s.db, s.keep)
	s.counter = push.NewCounter(s.rooms, s.receipts, s.rules)
	s.pushers = push.NewPushers(s.db, conf)
	s.delivery = push.NewDelivery(s.db, s.rooms, s.counter, conf, s.log)
	s.browsers = webpush.New(s.db, webpush.Config{Contact: s.contact(), Private: s.conf.Push.PrivateGateways})
	s.delivery.Carrier = s.browsers
	total := func(which int) func() float64 {
		return func() float64 {
			sent, failed, dropped, rejected := s.delivery.Totals()
			return float64([...]int64{sent, failed, dropped, rejected}[which])
		}
	}
	s.metrics.CounterOf("push_sent_total", "Notifications that push gateways have taken.", total(0))
	s.metrics.CounterOf("push_failures_total", "Attempts to reach a push gateway that failed and are made again.", total(1))
	s.metrics.CounterOf("push_dropped_total", "Notifications given up: too old, too many, or refused by the gateway.", total(2))
	s.metrics.CounterOf("push_rejected_total", "Pushers removed because their gateway knew them no more.", total(3))
	s.onStart(s.startPush)
}

// contact is whom a push service may turn to about this server (RFC 8292, section 2.1).
func (s *Server) contact() string {
	if at := s.conf.Server.URL(); strings.HasPrefix(at, "https:") {
		return at
	}
	return "postmaster@" + s.conf.Server.Name
}

// startPush delivers until the server stops; what is under way then is finished, or told again by the next node.
func (s *Server) startPush(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.delivery.Run(ctx)
	}()
	s.onStop(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
	return nil
}
