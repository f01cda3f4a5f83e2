package store

import "sync/atomic"

// Stats says what the writer has done since the database was opened, and what it has before it: for metrics.
type Stats struct {
	Commits int64 // physical commits that changed something
	Verbs   int64 // verbs that were run, also those that failed by themselves; by Commits: how well commits are shared
	Waiting int   // verbs in the queue now
	Room    int   // verbs that the queue holds at most
	Readers int   // Reads under way now
}

type stats struct{ commits, verbs atomic.Int64 }

func (s *stats) count(b *batch, verbs int) {
	if b.dirty {
		s.commits.Add(1)
	}
	s.verbs.Add(int64(verbs))
}

// Stats gives the figures as of now.
func (db *DB) Stats() Stats {
	return Stats{
		Commits: db.stats.commits.Load(), Verbs: db.stats.verbs.Load(),
		Waiting: len(db.queue), Room: cap(db.queue), Readers: cap(db.readers) - len(db.readers),
	}
}
