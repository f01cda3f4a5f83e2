package server

import (
	"context"
	"time"

	"github.com/wardline/wardline/internal/matrix/search"
	"github.com/wardline/wardline/internal/platform/job"
	"github.com/wardline/wardline/internal/platform/store"
)

// buildSearch makes the slice of search and has every event indexed as it is written.
func (s *Server) buildSearch() {
	s.search = search.New(s.db, s.rooms, s.keep, s.history, s.relation)
	s.people = search.NewPeople(s.db)
	s.rooms.AddCompanion(s.search.Index)
}

// catchUpSearch sees to it that events from before there was an index are indexed: a backup holds none.
func (s *Server) catchUpSearch() {
	policy := job.Policy{Parallel: 1, Lease: 10 * time.Minute, Attempts: 1 << 40}
	s.jobs.Handle(search.JobCatchUp, policy, func(ctx context.Context, _ *job.Run) (func(*store.Tx) error, error) {
		return nil, s.search.CatchUp(ctx)
	})
	s.onStart(func(ctx context.Context) error {
		return s.search.Start(ctx, func(tx *store.Tx) error {
			return job.Promise(tx, job.Job{Kind: search.JobCatchUp, Once: "index"})
		})
	})
}
