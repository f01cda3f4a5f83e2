package store

import (
	"context"
	"errors"
	"time"
)

// answerTime bounds how long the database may take to begin a snapshot, or to answer a Glance. Without it a database that is frozen,
// or behind a network that swallows packets, would hold each request for as long as its client waits.
const answerTime = 10 * time.Second

// Read runs fn in a read-only snapshot. The number of concurrent readers is bounded; fn must not call Write, nor Read.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	s, err := db.borrow(ctx)
	if err != nil {
		return err
	}
	defer db.giveBack(s)
	return db.read(ctx, s, fn, false)
}

// Glance is a Read whose fn asks one query only (a second one is refused): it needs no snapshot, which on PostgreSQL saves one
// round trip of two. fn may be run twice.
func (db *DB) Glance(ctx context.Context, fn func(*Tx) error) error {
	s, err := db.slot(ctx)
	if err != nil {
		return err
	}
	held, fresh := true, s == nil
	defer func() {
		if held {
			db.free(s)
		}
	}()
	if fresh {
		if s, err = db.connect(ctx, nil); err != nil {
			held = false
			return err
		}
	}
	err = db.read(ctx, s, fn, true)
	if s.alive() || fresh || ctx.Err() != nil {
		return err
	}
	if s, err = db.connect(ctx, s); err != nil { // it had died unnoticed: once more on a new one
		held = false
		return err
	}
	return db.read(ctx, s, fn, true)
}

// read runs fn on a session. once: it may ask one query.
func (db *DB) read(ctx context.Context, s session, fn func(*Tx) error, once bool) error {
	tx := &Tx{ctx: ctx, now: time.Now().UTC().Truncate(time.Millisecond), sess: s, once: once}
	if once && db.opts.URL != "" {
		bounded, cancel := context.WithTimeout(ctx, answerTime)
		defer cancel()
		tx.ctx = bounded
	}
	defer tx.end()
	err := db.hands.run(func() error { return fn(tx) })
	if tx.rows != nil {
		err = errors.Join(err, errOpenRows)
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var l *lost
	if errors.As(err, &l) || err != nil && !s.alive() {
		return away(err)
	}
	return err
}

// slot waits for its turn and gives an idle session, nil when one has to be made.
func (db *DB) slot(ctx context.Context) (session, error) {
	select {
	case s := <-db.readers:
		return s, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// connect makes a session for the slot that the caller has, in place of one of no use. If it cannot, the slot is free again.
func (db *DB) connect(ctx context.Context, old session) (session, error) {
	if old != nil {
		_ = old.close() // it is of no use
	}
	s, err := db.eng.reader(ctx)
	if err == nil {
		return s, nil
	}
	db.readers <- nil
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, away(err)
}

// borrow takes a session with an open snapshot.
func (db *DB) borrow(ctx context.Context) (session, error) {
	s, err := db.slot(ctx)
	if err != nil {
		return nil, err
	}
	if s != nil && s.snapshot(ctx) == nil {
		return s, nil
	}
	if s, err = db.connect(ctx, s); err != nil { // there was none, or it had died unnoticed
		return nil, err
	}
	if err := s.snapshot(ctx); err != nil {
		db.endSnapshot(s)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, away(err)
	}
	return s, nil
}

// giveBack ends the snapshot and returns the session. On PostgreSQL that is a round trip, for which nobody waits.
func (db *DB) giveBack(s session) {
	if db.opts.URL == "" {
		db.endSnapshot(s)
		return
	}
	go db.endSnapshot(s)
}

// endSnapshot has a context of its own: the caller's may be done by now.
func (db *DB) endSnapshot(s session) {
	if s.alive() && s.rollback(context.Background()) != nil {
		_ = s.close() // it is of no use
		s = nil
	}
	db.free(s)
}

func (db *DB) free(s session) {
	if s != nil && !s.alive() {
		_ = s.close() // it is of no use
		s = nil
	}
	db.readers <- s
}
