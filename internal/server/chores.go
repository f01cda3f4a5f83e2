package server

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/platform/job"
	"github.com/wardline/wardline/internal/platform/store"
)

// chore is what must be done again and again, by one node at a time.
type chore struct {
	kind  string
	every time.Duration
	do    func(context.Context) error
}

// chores lists them.
func (s *Server) chores() []chore {
	const day = 24 * time.Hour
	return []chore{
		{"store.trim", time.Hour, s.db.Trim},
		{"media.sweep", time.Hour, func(ctx context.Context) error { _, err := s.media.Sweep(ctx); return err }},
		{"media.reconcile", 7 * day, s.media.Reconcile},
		{"keys.tidy", day, s.keys.Tidy},
		{"todevice.tidy", day, s.inbox.Tidy},
	}
}

// takeOn makes the runner do the chores. Each run promises the next; the first is promised when the server starts.
func (s *Server) takeOn(chores []chore) {
	// A chore is never given up: it would not come round again.
	policy := job.Policy{Parallel: 1, Lease: time.Hour, Attempts: 1 << 40, Backoff: time.Minute}
	for _, c := range chores {
		s.jobs.Handle(c.kind, policy, func(ctx context.Context, _ *job.Run) (func(*store.Tx) error, error) {
			return c.next, c.do(ctx)
		})
	}
	s.onStart(func(ctx context.Context) error {
		return s.db.Write(ctx, func(tx *store.Tx) error {
			for _, c := range chores {
				if err := c.next(tx); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// next promises the next run, unless it is promised.
func (c chore) next(tx *store.Tx) error {
	return job.Promise(tx, job.Job{Kind: c.kind, Once: "chore", Due: tx.Now().Add(c.every)})
}
