package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/wardline/wardline/internal/platform/errs"
)

// Applied is a migration that a database has had.
type Applied struct {
	Number   int64  `json:"number"`
	Name     string `json:"name"`
	Checksum string `json:"checksum"` // SHA-256 of the file, hexadecimal
}

// Filler writes rows into a new database: only Fill makes one.
type Filler struct {
	ctx   context.Context
	sess  session
	queue []statement
	bytes int
}

const fillStep = 500

// Fill brings a database that nobody has used to exactly the migrations given, then runs fill in one transaction: all of it, or nothing.
// It is for restoring a backup, whose rows fit that schema; Open afterwards applies newer migrations.
func Fill(ctx context.Context, o Options, schema []Applied, fill func(*Filler) error) error {
	o.ServerName = "" // the rows bring it
	list, err := pick(schema)
	if err != nil {
		return err
	}
	eng, err := openEngine(ctx, o)
	if err != nil {
		return err
	}
	sess, err := eng.writer(ctx)
	if err != nil {
		return errors.Join(err, eng.close())
	}
	err = migrate(ctx, sess, list, eng.name())
	if err == nil {
		err = fillIn(ctx, sess, fill)
	}
	return errors.Join(clean(err), sess.close(), eng.close())
}

// pick finds the migrations of a backup among this binary's.
func pick(schema []Applied) ([]migration, error) {
	known, err := migrations(schemaFiles)
	if err != nil {
		return nil, err
	}
	byNumber := map[int64]migration{}
	for _, m := range known {
		byNumber[m.number] = m
	}
	var list []migration
	for _, a := range schema {
		m, ok := byNumber[a.Number]
		if !ok || m.checksum != a.Checksum {
			return nil, errs.New(errs.Invalid, "", "The backup has migration %s, which this version of Wardline does not know in that form. Restore it with the version that made it, or a newer one.", a.Name)
		}
		list = append(list, m)
	}
	return list, nil
}

func fillIn(ctx context.Context, s session, fill func(*Filler) error) error {
	h, err := s.begin(ctx)
	if err != nil {
		return err
	}
	f := &Filler{ctx: ctx, sess: s}
	if h.commits > 0 {
		err = errs.New(errs.Conflict, "", "This database is in use already. A backup is restored into an empty one.")
	}
	if err == nil {
		err = fill(f)
	}
	if err != nil {
		return errors.Join(err, s.rollback(ctx))
	}
	if _, err := s.finish(ctx, f.queue); err != nil {
		return errors.Join(err, s.rollback(ctx))
	}
	return nil
}

// Exec queues a statement.
func (f *Filler) Exec(query string, args ...any) error {
	if err := check(args); err != nil {
		return err
	}
	st := statement{query: query, args: args}
	f.queue = append(f.queue, st)
	f.bytes += st.size()
	if len(f.queue) < fillStep && f.bytes < batchBytes {
		return nil
	}
	err := f.sess.run(f.ctx, f.queue)
	f.queue, f.bytes = f.queue[:0], 0
	return err
}

// Columns gives the columns of a query's result, with the names of their types in this engine.
func (f *Filler) Columns(query string) ([]*sql.ColumnType, error) {
	rows, err := f.sess.query(f.ctx, query, nil)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	types, err := rows.ColumnTypes()
	return types, errors.Join(err, rows.Close())
}
