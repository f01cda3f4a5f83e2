package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteFloor is the first release without the WAL-reset bug, which could lose a committed transaction.
const sqliteFloor = "3.51.3"

// sqliteEngine is a database file in the data directory, in WAL mode with full sync.
type sqliteEngine struct {
	write, read *sql.DB
	path        string
}

func openSQLite(ctx context.Context, o Options) (engine, error) {
	path := filepath.Join(o.Dir, "wardline.db")
	common := "_pragma=busy_timeout(" + o.lockWait(5*time.Second) + ")&_pragma=cache_size(-16000)&_pragma=foreign_keys(1)&_pragma=temp_store(2)"
	write := common + "&_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(" + o.sync() + ")&_pragma=wal_autocheckpoint(" + strconv.Itoa(walPages) + ")&_pragma=journal_size_limit(67108864)"
	read := common + "&_pragma=query_only(1)"
	if o.ReadOnly {
		e, err := connectSQLite(ctx, path, common+"&mode=ro", read)
		if err != nil {
			still := stillFile(path)
			if e, again := connectSQLite(ctx, path, still, still); again == nil {
				return e, nil
			}
		}
		return e, err
	}
	if err := keepPrivate(path); err != nil {
		return nil, errNotOpened(path, err)
	}
	return connectSQLite(ctx, path, write, read)
}

// errNotOpened says what to look at when the database file cannot be opened.
func errNotOpened(path string, err error) error {
	return fmt.Errorf("store: %s cannot be opened; check that the directory exists and may be written: %w", path, err)
}

// stillFile gives the parameters for a database on a file system that nobody can write, where SQLite cannot make the index of
// its WAL: with a WAL the index is in the memory of each connection, and without one nothing can change. The size of the cache is not
// among them: the driver would set it first, and setting it reads the file.
func stillFile(path string) string {
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		return "mode=ro&vfs=unix-none&_pragma=locking_mode(EXCLUSIVE)&_pragma=temp_store(2)"
	}
	return "mode=ro&immutable=1&_pragma=temp_store(2)"
}

// connectSQLite opens the file with the parameters of each of the two ways it is used.
func connectSQLite(ctx context.Context, path, write, read string) (engine, error) {
	e := &sqliteEngine{path: path}
	var err error
	if e.write, err = sql.Open("sqlite", sqliteURI(path, write)); err != nil {
		return nil, err
	}
	if e.read, err = sql.Open("sqlite", sqliteURI(path, read)); err != nil {
		return nil, err
	}
	var version string
	if err := e.write.QueryRowContext(ctx, sqlSQLiteVersion).Scan(&version); err != nil {
		return nil, errors.Join(errNotOpened(path, err), e.close())
	}
	if versionLess(version, sqliteFloor) {
		return nil, errors.Join(fmt.Errorf("store: SQLite %s has a bug that can lose data; at least %s is needed", version, sqliteFloor), e.close())
	}
	return e, nil
}

// keepPrivate lets nobody but the server's own account read the database. SQLite gives the files beside it the mode of the first.
func keepPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		at, err := os.Stat(name)
		if err != nil || at.Mode().Perm()&0o077 == 0 {
			continue // not there, or as it should be
		}
		if err := os.Chmod(name, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// walPages is the length of the WAL, in pages of 4 KiB, at which a commit itself copies it into the database. Mostly
// keepTidy has done so before, off the writer's path.
const walPages = 16384

// keepTidy copies the WAL into the database once a second, on a connection of its own and without holding up writers or readers, so
// that the writer seldom has to. The function it gives ends it.
func (e *sqliteEngine) keepTidy() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for last := int64(0); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			info, err := os.Stat(e.path + "-wal")
			if err != nil || info.ModTime().UnixNano() == last {
				continue
			}
			last = info.ModTime().UnixNano()
			_, _ = e.write.ExecContext(ctx, sqlCheckpoint) // if it fails, so will the next commit, and say why
		}
	}()
	return func() { cancel(); <-ended }
}

// sqliteURI names the file in SQLite's URI form; a path may hold characters that a URI may not.
func sqliteURI(path, params string) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: params}).String()
}

func versionLess(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, _ := strconv.Atoi(as[i])
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return len(as) < len(bs)
}

func (e *sqliteEngine) name() string { return "sqlite" }

func (e *sqliteEngine) writer(ctx context.Context) (session, error) {
	s, err := newSQLiteSession(ctx, e.write)
	if err != nil {
		return nil, err
	}
	s.write = true
	return s, nil
}

func (e *sqliteEngine) reader(ctx context.Context) (session, error) {
	s, err := newSQLiteSession(ctx, e.read)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (e *sqliteEngine) close() error { return errors.Join(e.read.Close(), e.write.Close()) }

// sqliteSession is a connection and its prepared statements, by text.
type sqliteSession struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	dead  bool
	write bool // nothing it does waits longer than busy_timeout
}

func newSQLiteSession(ctx context.Context, db *sql.DB) (*sqliteSession, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &sqliteSession{conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

// stmtBound is how many statements a connection keeps prepared; when they are more, all are dropped and made anew,
// which keeps the rule simple: a program has a few hundred texts.
const stmtBound = 512

func (s *sqliteSession) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	if len(s.stmts) >= stmtBound {
		for text, st := range s.stmts {
			_ = st.Close() // a statement that cannot be closed is dropped with its connection
			delete(s.stmts, text)
		}
	}
	st, err := s.conn.PrepareContext(ctx, steady(query))
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

var limitParameter = regexp.MustCompile(`\bLIMIT (\$\d+)`)

// steady keeps SQLite from compiling a statement again at each use: it looks into a parameter that stands alone after LIMIT
// to plan by its value, and so throws the plan away whenever another is bound.
func steady(query string) string {
	return limitParameter.ReplaceAllString(query, "LIMIT CAST($1 AS INTEGER)")
}

// exec watches no context: a writer's statement waits no longer than busy_timeout, a reader's only begins and ends a snapshot. Watching
// costs the driver a goroutine and half a kilobyte of garbage for each statement.
func (s *sqliteSession) exec(query string, args []any) (sql.Result, error) {
	ctx := context.Background()
	st, err := s.prepare(ctx, query)
	if err != nil {
		return nil, s.classify(err)
	}
	res, err := st.ExecContext(ctx, args...)
	return res, s.classify(err)
}

func (s *sqliteSession) begin(ctx context.Context) (head, error) {
	if _, err := s.exec(sqlBeginImmediate, nil); err != nil {
		return head{}, err
	}
	return readHead(ctx, s, sqlHead)
}

func (s *sqliteSession) snapshot(context.Context) error {
	_, err := s.exec(sqlBegin, nil)
	return err
}

func (s *sqliteSession) run(_ context.Context, list []statement) error {
	for i := range list {
		res, err := s.exec(list[i].query, list[i].args)
		if err == nil && list[i].one {
			err = wantOne(res.RowsAffected())
		}
		if err != nil {
			return at(err, i)
		}
	}
	return nil
}

// wantOne checks what ExecOne promises.
func wantOne(n int64, err error) error {
	if err == nil && n != 1 {
		return &refusal{err: ErrStale}
	}
	return err
}

// at fills in which statement of a run was refused.
func at(err error, i int) error {
	var r *refusal
	if errors.As(err, &r) {
		r.at = i
	}
	return err
}

func (s *sqliteSession) finish(ctx context.Context, list []statement) (bool, error) {
	if err := s.run(ctx, list); err != nil {
		return false, err
	}
	_, err := s.exec(sqlCommit, nil)
	if err == nil {
		return false, nil
	}
	var r *refusal
	if errors.As(err, &r) { // a deferred constraint: nobody's statement in particular
		r.at = -1
		return false, err
	}
	// A failed write or sync of the WAL: whether the commit's last frame is on disk is for a fresh connection to say.
	var l *lost
	full := errors.As(err, &l) && sqliteCode(l.err)&0xff != sqlite3.SQLITE_IOERR
	return !full, err
}

func (s *sqliteSession) count(_ context.Context, st statement) (int64, error) {
	res, err := s.exec(st.query, st.args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (s *sqliteSession) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if s.write {
		ctx = context.Background() // as in exec
	}
	st, err := s.prepare(ctx, query)
	if err != nil {
		return nil, s.classify(err)
	}
	rows, err := st.QueryContext(ctx, args...)
	return rows, s.classify(err)
}

func (s *sqliteSession) soon(_ context.Context, query string, args []any) (*sql.Rows, error) {
	return s.query(context.Background(), query, args) // as in exec
}

func (s *sqliteSession) script(ctx context.Context, text string) error {
	_, err := s.conn.ExecContext(ctx, text)
	return s.classify(err)
}

func (s *sqliteSession) undo(ctx context.Context) error {
	return s.run(ctx, []statement{{query: sqlUndo}, {query: sqlRelease}})
}

func (s *sqliteSession) rollback(context.Context) error {
	_, err := s.exec(sqlRollback, nil)
	var r *refusal
	if errors.As(err, &r) { // SQLite has rolled back by itself: a full disk does that
		return nil
	}
	return err
}

func (s *sqliteSession) alive() bool { return !s.dead }

func (s *sqliteSession) close() error {
	for _, st := range s.stmts {
		_ = st.Close() // the connection goes back clean or not at all
	}
	_ = s.conn.Raw(func(any) error { return sqlErrBadConn }) // not back into the pool: it may hold a transaction
	err := s.conn.Close()
	if errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// classify tells a statement that was wrong (a refusal) from a database that cannot be used (lost).
func (s *sqliteSession) classify(err error) error {
	if err == nil {
		return nil
	}
	switch sqliteCode(err) & 0xff {
	case 0:
		if errors.Is(err, sqlErrBadConn) || errors.Is(err, sql.ErrConnDone) {
			s.dead = true
			return &lost{err}
		}
		return &refusal{err: err} // a parameter that cannot be stored, a cancelled reader
	case sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_AUTH:
		return &refusal{err: err}
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_INTERRUPT:
		return &lost{err}
	default:
		s.dead = true
		return &lost{err}
	}
}

func sqliteConflict(err error) bool {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return true
	}
	return false
}
