package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresEngine is a PostgreSQL server that several nodes may share. The row of the position table is the lock that
// lets one physical commit run at a time.
type postgresEngine struct {
	write, read *sql.DB
}

func openPostgres(ctx context.Context, o Options) (engine, error) {
	config, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("store: the database URL cannot be understood: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	setDefault(config.RuntimeParams, "application_name", "wardline")
	config.RuntimeParams["client_encoding"] = "UTF8"
	write := config.Copy()
	// A node that stops in the middle of a commit must not keep the others waiting.
	write.RuntimeParams["idle_in_transaction_session_timeout"] = "30000"
	write.RuntimeParams["lock_timeout"] = o.lockWait(10 * time.Second)
	if o.NoSync {
		write.RuntimeParams["synchronous_commit"] = "off"
	}
	read := config.Copy()
	read.RuntimeParams["default_transaction_read_only"] = "on"
	e := &postgresEngine{write: stdlib.OpenDB(*write), read: stdlib.OpenDB(*read)}
	e.read.SetMaxIdleConns(o.readers())
	if err := e.check(ctx); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func setDefault(m map[string]string, key, value string) {
	if _, ok := m[key]; !ok {
		m[key] = value
	}
}

// check makes sure that the server is one we can rely on.
func (e *postgresEngine) check(ctx context.Context) error {
	var version int
	var encoding string
	if err := e.write.QueryRowContext(ctx, sqlPostgresVersion).Scan(&version, &encoding); err != nil {
		return fmt.Errorf("store: PostgreSQL cannot be reached: %w", err)
	}
	if version < 130000 {
		return fmt.Errorf("store: PostgreSQL 13 or newer is needed; this server reports %d", version)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("store: the database's encoding is %s; create one with ENCODING 'UTF8'", encoding)
	}
	return nil
}

func (e *postgresEngine) name() string { return "postgres" }

func (e *postgresEngine) writer(ctx context.Context) (session, error) {
	return newPostgresSession(ctx, e.write)
}

func (e *postgresEngine) reader(ctx context.Context) (session, error) {
	return newPostgresSession(ctx, e.read)
}

func (e *postgresEngine) close() error { return errors.Join(e.read.Close(), e.write.Close()) }

// postgresSession is a connection: queries go through database/sql, so that they scan as SQLite's do; statements
// go to pgx in batches. pgx keeps statements prepared, by text, a bounded number of them.
type postgresSession struct {
	conn *sql.Conn
	pg   *pgx.Conn
}

func newPostgresSession(ctx context.Context, db *sql.DB) (session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &postgresSession{conn: conn}
	err = conn.Raw(func(c any) error {
		std, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("store: the driver gave a %T", c)
		}
		s.pg = std.Conn()
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

func (s *postgresSession) begin(ctx context.Context) (h head, err error) {
	b := &pgx.Batch{}
	b.Queue(sqlBegin)
	b.Queue(sqlHeadLocked).QueryRow(func(row pgx.Row) error { return row.Scan(&h.pos, &h.commits, &h.floor) })
	if err := s.pg.SendBatch(ctx, b).Close(); err != nil {
		return head{}, &lost{err}
	}
	return h, nil
}

// snapshot gives up after answerTime, and leaves a session of no use.
func (s *postgresSession) snapshot(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	_, err := s.pg.Exec(ctx, sqlBeginSnapshot)
	return s.classify(err)
}

func (s *postgresSession) run(ctx context.Context, list []statement) error {
	_, err := s.send(ctx, list, false)
	return err
}

// send runs statements, and COMMIT if asked, in one round trip. committing says that the error came when only the commit was left,
// or when it is not known how far the server got.
func (s *postgresSession) send(ctx context.Context, list []statement, commit bool) (committing bool, err error) {
	b := &pgx.Batch{}
	for i := range list {
		b.Queue(list[i].query, list[i].args...)
	}
	if commit {
		b.Queue(sqlCommit)
	}
	results := s.pg.SendBatch(ctx, b)
	for i := range list {
		tag, err := results.Exec()
		if err == nil && list[i].one && !commit {
			err = wantOne(tag.RowsAffected(), nil)
		}
		if err != nil {
			err = s.classify(err)
			_ = results.Close() // says the same again
			return !s.alive(), s.locate(err, list, i)
		}
	}
	if commit {
		tag, err := results.Exec()
		if err == nil && tag.String() != "COMMIT" {
			err = &lost{errors.New("store: PostgreSQL rolled back instead of committing")}
		}
		if err != nil {
			err = at(s.classify(err), -1)
			_ = results.Close() // says the same again
			return !s.alive(), err
		}
	}
	return false, s.classify(results.Close())
}

// locate says which statement of a run was refused. When pgx could not prepare or encode one it tells the text only.
func (s *postgresSession) locate(err error, list []statement, i int) error {
	var pre pgx.ErrPreprocessingBatch
	if errors.As(err, &pre) {
		for j := range list {
			if list[j].query == pre.SQL() {
				return at(err, j)
			}
		}
	}
	return at(err, i)
}

func (s *postgresSession) finish(ctx context.Context, list []statement) (bool, error) {
	for i := range list {
		if list[i].one && list[i].verb != nil {
			// The number of rows must be known before the commit: two round trips.
			if err := s.run(ctx, list); err != nil {
				return false, err
			}
			return s.send(ctx, nil, true)
		}
	}
	return s.send(ctx, list, true)
}

func (s *postgresSession) count(ctx context.Context, st statement) (int64, error) {
	tag, err := s.pg.Exec(ctx, st.query, st.args...)
	return tag.RowsAffected(), s.classify(err)
}

func (s *postgresSession) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	rows, err := s.conn.QueryContext(ctx, query, args...)
	return rows, s.classify(err)
}

func (s *postgresSession) soon(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return s.query(ctx, query, args)
}

func (s *postgresSession) script(ctx context.Context, text string) error {
	_, err := s.pg.PgConn().Exec(ctx, text).ReadAll()
	return s.classify(err)
}

func (s *postgresSession) undo(ctx context.Context) error {
	return s.script(ctx, sqlUndo+"; "+sqlRelease)
}

func (s *postgresSession) rollback(ctx context.Context) error {
	if s.pg.PgConn().TxStatus() == 'I' {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, batchTime)
	defer cancel()
	_, err := s.pg.Exec(ctx, sqlRollback)
	return s.classify(err)
}

func (s *postgresSession) alive() bool { return !s.pg.IsClosed() }

func (s *postgresSession) close() error {
	_ = s.conn.Raw(func(any) error { return sqlErrBadConn }) // not back into the pool: it holds one session's settings and statements
	if err := s.conn.Close(); !errors.Is(err, sql.ErrConnDone) {
		return err
	}
	return nil
}

// classify tells a statement that was wrong (a refusal) from a database that cannot be used (lost), by the class of the SQLSTATE.
func (s *postgresSession) classify(err error) error {
	var pg *pgconn.PgError
	var r *refusal
	var l *lost
	switch {
	case err == nil, errors.As(err, &r), errors.As(err, &l):
		return err
	case errors.As(err, &pg):
		if pg.Severity == "FATAL" || pg.Severity == "PANIC" || !statementFault[pg.Code[:min(2, len(pg.Code))]] || pg.Code == "25006" || pg.Code == "25P03" {
			return &lost{err}
		}
		return &refusal{err: err}
	case s.pg.IsClosed(), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &lost{err}
	}
	return &refusal{err: err} // pgx could not encode an argument or read an answer
}

// statementFault are the classes of SQLSTATE for which the statement is to blame and not the server's condition.
var statementFault = map[string]bool{
	"0A": true, "21": true, "22": true, "23": true, "25": true, "26": true, "2F": true, "38": true, "39": true, "42": true, "44": true, "54": true, "P0": true,
}

func postgresConflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}
