package server

import (
	"context"

	"github.com/wardline/wardline/internal/matrix/push"
)

// buildPush builds what decides whom an event disturbs, and what tells push gateways.
func (s *Server) buildPush() {
	conf := push.Config{IncludeContent: s.conf.Push.IncludeContent, PrivateGateways: s.conf.Push.PrivateGateways}
	s.rules = push.NewRules(s.db, s.keep)
	s.counter = push.NewCounter(s.rooms, s.receipts, s.rules)
	s.pushers = push.NewPushers(s.db, conf)
	s.delivery = push.NewDelivery(s.db, s.rooms, s.counter, conf, s.log)
	s.onStart(s.startPush)
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
