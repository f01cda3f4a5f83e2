package store

import (
	"context"
	"errors"
	"fmt"
)

// Batch is a span of the log, (From, To]: what one physical commit held, or what other processes committed.
type Batch struct {
	From, To int64
	Changes  []Change // in order of position
	// Foreign says that another process wrote this span: Body is nil in each change, and changes logged by
	// their own table (Tx.Announce) are missing; the follower reads them by position.
	Foreign bool
	// Gap says that the log no longer holds all of this (foreign) span, because this process was cut off for longer than
	// the log is kept: a follower forgets what it remembers and reads anew.
	Gap bool
}

// Change is one durable change that a client can see.
type Change struct {
	Pos   int64
	Kind  string // what changed: "event", "receipt", "account_data", …
	Scope string // where: a room id or a user id
	Key   string // which, within the scope; the kind says what it means
	Body  any    // the change itself, for followers in this process; must be immutable
}

// publish tells everybody in this process about a commit: the verbs' hooks first, then the followers.
func (w *writer) publish(b *batch) {
	for _, fn := range b.hooks {
		fn()
	}
	if b.pos > b.base.pos {
		w.announce(Batch{From: b.base.pos, To: b.pos, Changes: b.changes})
	}
	w.db.setFault(nil)
}

func (w *writer) announce(b Batch) {
	for _, fn := range w.db.followers() {
		fn(b)
	}
	w.db.position.Store(b.To)
}

// peek looks whether another process has committed, without a transaction.
func (w *writer) peek() error {
	ctx, cancel := context.WithTimeout(context.Background(), batchTime)
	defer cancel()
	if err := w.connect(ctx); err != nil {
		return err
	}
	h, err := readHead(ctx, w.sess, sqlHead)
	if err == nil {
		err = w.catchUp(ctx, h)
	}
	if err != nil && !w.sess.alive() {
		w.drop()
	}
	return err
}

// catchUp announces what other processes have committed up to h, so that what this process remembers is current
// before its verbs run.
func (w *writer) catchUp(ctx context.Context, h head) error {
	if h.pos < w.head.pos || h.commits < w.head.commits {
		return &lost{fmt.Errorf("store: the database is older (commit %d) than what this process has seen (commit %d); it was replaced while running: restart", h.commits, w.head.commits)}
	}
	if h.commits == w.head.commits {
		return nil
	}
	w.own = false
	for w.head.pos < h.pos {
		b := Batch{From: w.head.pos, To: h.pos, Foreign: true, Gap: w.head.pos < h.floor}
		if err := w.readSpan(ctx, &b); err != nil {
			return err
		}
		w.announce(b)
		w.head.pos = b.To
	}
	w.head = h
	return nil
}

// readSpan fills a foreign batch from the log, and shortens its span when the log holds more than a chunk.
func (w *writer) readSpan(ctx context.Context, b *Batch) error {
	rows, err := w.sess.query(ctx, sqlLogSpan, []any{b.From, b.To, int64(logChunk)})
	if err != nil {
		return err
	}
	for rows.Next() && err == nil {
		var c Change
		err = rows.Scan(&c.Pos, &c.Kind, &c.Scope, &c.Key)
		b.Changes = append(b.Changes, c)
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return &lost{err}
	}
	if len(b.Changes) == logChunk {
		b.To = b.Changes[logChunk-1].Pos
	}
	return nil
}

// readHead reads the position table's row.
func readHead(ctx context.Context, s session, query string) (head, error) {
	rows, err := s.query(ctx, query, nil)
	if err != nil {
		return head{}, err
	}
	var h head
	found := false
	for rows.Next() {
		found = true
		err = errors.Join(err, rows.Scan(&h.pos, &h.commits, &h.floor))
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return head{}, &lost{err}
	}
	if !found {
		return head{}, &lost{errors.New("store: the position table is empty; restore the database from a backup")}
	}
	return h, nil
}
