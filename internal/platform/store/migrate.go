package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// A migration is one file of the schema folder.
type migration struct {
	number   int64
	name     string
	text     string
	checksum string // SHA-256 of the file, hexadecimal
}

// migrations reads the schema folder in order of number.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	var list []migration
	for _, path := range names { // fs.Glob sorts, and numbers have four digits
		name := strings.TrimSuffix(strings.TrimPrefix(path, "schema/"), ".sql")
		digits, _, ok := strings.Cut(name, "_")
		number, err := strconv.ParseInt(digits, 10, 64)
		if !ok || err != nil || len(digits) != 4 {
			return nil, fmt.Errorf("store: migration %s is not named like 0001_platform.sql", path)
		}
		if len(list) > 0 && list[len(list)-1].number == number {
			return nil, fmt.Errorf("store: two migrations have number %d", number)
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		list = append(list, migration{number, name, string(text), hex.EncodeToString(sum[:])})
	}
	return list, nil
}

// prepare brings the database to this binary's schema and makes sure that it belongs to this server.
func prepare(ctx context.Context, s session, o Options, engine string) error {
	known, err := migrations(schemaFiles)
	if err != nil {
		return err
	}
	if o.ReadOnly {
		err = compare(ctx, s, known, nil)
	} else {
		err = migrate(ctx, s, known, engine)
	}
	if err != nil {
		return err
	}
	return claim(ctx, s, o)
}

// migrate applies what is missing, each file in a transaction of its own.
func migrate(ctx context.Context, s session, known []migration, engine string) (err error) {
	if engine == "postgres" {
		if err := s.script(ctx, sqlMigrateLock); err != nil {
			return fmt.Errorf("store: waiting for another node to migrate: %w", err)
		}
		defer func() { err = errors.Join(err, s.script(ctx, sqlMigrateUnlock)) }()
	}
	if err := s.script(ctx, migrationTable(engine)); err != nil {
		return fmt.Errorf("store: the schema cannot be created: %w", err)
	}
	return compare(ctx, s, known, func(m migration) error {
		if err := apply(ctx, s, m, engine); err != nil {
			return fmt.Errorf("store: migration %s failed and was undone: %w", m.name, clean(err))
		}
		return nil
	})
}

// compare holds the migrations that were applied against those of this binary. missing is called for each that was
// not applied; nil: that is an error.
func compare(ctx context.Context, s session, known []migration, missing func(migration) error) error {
	applied, err := appliedMigrations(ctx, s)
	if err != nil {
		return fmt.Errorf("store: this is not a Wardline database, or one that was never opened for writing: %w", err)
	}
	var lacking []migration
	for _, m := range known {
		was, ok := applied[m.number]
		delete(applied, m.number)
		switch {
		case ok && was.checksum != m.checksum:
			return fmt.Errorf("store: migration %s was applied to this database with other contents; run the binary that created it, or restore a backup", m.name)
		case !ok && missing == nil:
			return fmt.Errorf("store: the database lacks migration %s; start the server once to bring it up to date", m.name)
		case !ok:
			lacking = append(lacking, m)
		}
	}
	for _, was := range applied {
		return fmt.Errorf("store: the database has migration %s, which this binary does not know: it was used by a newer Wardline; run that version or newer", was.name)
	}
	for _, m := range lacking { // only now: a database that is refused is not touched
		if err := missing(m); err != nil {
			return err
		}
	}
	return nil
}

func appliedMigrations(ctx context.Context, s session) (map[int64]migration, error) {
	rows, err := s.query(ctx, sqlMigrations, nil)
	if err != nil {
		return nil, err
	}
	found := map[int64]migration{}
	for rows.Next() && err == nil {
		var m migration
		err = rows.Scan(&m.number, &m.name, &m.checksum)
		found[m.number] = m
	}
	return found, errors.Join(err, rows.Err(), rows.Close())
}

// apply runs one migration. Another process may have been quicker: the lock is taken first, then the table read again.
func apply(ctx context.Context, s session, m migration, engine string) error {
	if err := s.run(ctx, []statement{{query: beginMigration(engine)}}); err != nil {
		return err
	}
	applied, err := appliedMigrations(ctx, s)
	if _, done := applied[m.number]; err != nil || done {
		return errors.Join(err, s.rollback(ctx))
	}
	if err := s.script(ctx, translate(m.text, engine)); err != nil {
		return errors.Join(err, s.rollback(ctx))
	}
	_, err = s.finish(ctx, []statement{{query: sqlMigrated, args: []any{m.number, m.name, m.checksum, time.Now().UnixMilli()}}})
	if err != nil {
		return errors.Join(err, s.rollback(ctx))
	}
	return nil
}

func beginMigration(engine string) string {
	if engine == "sqlite" {
		return sqlBeginImmediate
	}
	return sqlBegin
}

func migrationTable(engine string) string { return translate(sqlMigrationTable+";\n", engine) }

// claim writes the server's name into a new database and compares it in an old one: ids and signatures hold the name,
// so that the data of one server is of no use to another.
func claim(ctx context.Context, s session, o Options) error {
	rows, err := s.query(ctx, sqlSetting, []any{"server_name"})
	if err != nil {
		return err
	}
	name := ""
	for rows.Next() && err == nil {
		err = rows.Scan(&name)
	}
	if err := errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return err
	}
	switch {
	case o.ServerName == "" || name == o.ServerName:
		return nil
	case name == "" && o.ReadOnly:
		return nil
	case name == "":
		return s.run(ctx, []statement{{query: sqlSetSetting, args: []any{"server_name", o.ServerName}}})
	}
	return fmt.Errorf("store: this database belongs to the server %s, not to %s; a server cannot be renamed: use its own name, or another data directory", name, o.ServerName)
}

var (
	textType = regexp.MustCompile(`(?m)((?:^|[(,])\s*(?:ALTER TABLE \w+ ADD COLUMN )?\w+)\s+TEXT\b`)
	bigint   = regexp.MustCompile(`\b(BIGINT|BOOLEAN)\b`)
	bytea    = regexp.MustCompile(`\bBYTEA\b`)
	created  = regexp.MustCompile(`(?s)^\s*(--[^\n]*\n\s*)*CREATE TABLE\b.*\)(\s*WITHOUT ROWID)?\s*$`)
)

// translate turns a migration's text into one engine's. Lines of the other engine are left out: a line that ends with
// "-- only: sqlite" (or postgres), or all lines after one that is nothing else, up to an empty line. For SQLite, BIGINT and BOOLEAN
// become INTEGER (so that a BIGINT PRIMARY KEY is the rowid), BYTEA becomes BLOB, and tables become STRICT: it then
// refuses a value of the wrong type, as PostgreSQL does. For PostgreSQL, TEXT is compared by bytes, as SQLite does.
func translate(text, engine string) string {
	text = selectLines(text, engine)
	if engine != "sqlite" {
		return textType.ReplaceAllString(text, `$1 TEXT COLLATE "C"`)
	}
	text = bytea.ReplaceAllString(bigint.ReplaceAllString(text, "INTEGER"), "BLOB")
	parts := strings.SplitAfter(text, ";\n")
	for i, part := range parts {
		body, ended := strings.CutSuffix(part, ";\n")
		m := created.FindStringSubmatch(body)
		switch {
		case !ended || m == nil:
		case m[2] != "":
			parts[i] = body + ", STRICT;\n"
		default:
			parts[i] = body + " STRICT;\n"
		}
	}
	return strings.Join(parts, "")
}

func selectLines(text, engine string) string {
	var out strings.Builder
	block := ""
	for line := range strings.Lines(text) {
		before, only, marked := strings.Cut(line, "-- only: ")
		only = strings.TrimSpace(only)
		switch {
		case strings.TrimSpace(line) == "":
			block = ""
		case marked && strings.TrimSpace(before) == "":
			block = only
			continue
		}
		if (block == "" || block == engine) && (!marked || only == engine) {
			out.WriteString(line)
		}
	}
	return out.String()
}
