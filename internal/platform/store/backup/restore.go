package backup

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Read gives the manifest of a backup.
func Read(dir string) (m Manifest, err error) {
	f, err := os.Open(filepath.Join(dir, manifestName))
	if errors.Is(err, os.ErrNotExist) {
		return m, errs.Absent("The folder %s holds no finished backup: there is no %s.", dir, manifestName)
	}
	if err != nil {
		return m, err
	}
	text, err := io.ReadAll(io.LimitReader(f, 4<<20))
	if err := errors.Join(err, f.Close()); err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("backup: %s is damaged: %w", manifestName, err)
	}
	if m.Format != format {
		return m, errs.New(errs.Invalid, "", "The backup is of format %d; this version of Wardline reads format %d.", m.Format, format)
	}
	return m, nil
}

// Restore makes a database from a backup: all of it, or nothing. The database of o must be empty; it may be of the other engine.
// What is derived (the search index) is made anew by whoever owns it. Opening the database afterwards brings it up to date.
func Restore(ctx context.Context, o store.Options, dir string) (Manifest, error) {
	m, err := Read(dir)
	if err != nil {
		return m, err
	}
	if o.ServerName != "" && o.ServerName != m.ServerName {
		return m, errs.New(errs.Conflict, "", "The backup is of the server %s, not of %s.", m.ServerName, o.ServerName)
	}
	err = store.Fill(ctx, o, m.Migrations, func(f *store.Filler) error {
		for _, t := range m.Tables {
			if err := known(t.Name); err != nil {
				return err
			}
			if err := restoreTable(f, dir, t); err != nil {
				return fmt.Errorf("backup: table %s: %w", t.Name, err)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return nil
	})
	return m, err
}

// known makes sure that a name is one of ours before it becomes part of a statement or a path.
func known(name string) error {
	if !slices.ContainsFunc(store.Catalog, func(t store.Table) bool { return t.Name == name && kept(t) }) {
		return errs.New(errs.Invalid, "", "The backup holds a table that this version of Wardline does not know.")
	}
	return nil
}

// source is a compressed file whose hash is taken as it is read.
type source struct {
	file *os.File
	sum  hash.Hash
	tee  *bufio.Reader
	zip  *gzip.Reader
}

func newSource(path string) (*source, error) {
	f, err := os.Open(path) //nolint:gosec // a name of the catalog in the operator's folder
	if err != nil {
		return nil, err
	}
	s := &source{file: f, sum: sha256.New()}
	s.tee = bufio.NewReaderSize(io.TeeReader(f, s.sum), 64<<10)
	if s.zip, err = gzip.NewReader(s.tee); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// close reads what is left and compares the hash.
func (s *source) close(want string) error {
	_, err := io.Copy(io.Discard, s.tee)
	if err = errors.Join(err, s.file.Close()); err == nil && hex.EncodeToString(s.sum.Sum(nil)) != want {
		err = errors.New("the file is not the one that was written: its hash differs")
	}
	return err
}

func restoreTable(f *store.Filler, dir string, t Table) error {
	types, err := columnTypes(f, t)
	if err != nil {
		return err
	}
	in, err := newSource(tablePath(dir, t.Name))
	if err != nil {
		return err
	}
	n, err := insertRows(f, t, types, jsontext.NewDecoder(in.zip))
	if err == nil && n != t.Rows {
		err = fmt.Errorf("it has %d rows, the manifest says %d", n, t.Rows)
	}
	return errors.Join(err, in.close(t.SHA256))
}

// columnTypes gives the types of a backup's columns in the new database; each column must be there.
func columnTypes(f *store.Filler, t Table) ([]string, error) {
	found, err := f.Columns(selectNothing(t.Name))
	if err != nil {
		return nil, err
	}
	types := make([]string, len(t.Columns))
	for i, name := range t.Columns {
		j := slices.IndexFunc(found, func(c *sql.ColumnType) bool { return c.Name() == name })
		if j < 0 {
			return nil, fmt.Errorf("there is no column %q", name)
		}
		types[i] = found[j].DatabaseTypeName()
	}
	return types, nil
}

func insertRows(f *store.Filler, t Table, types []string, in *jsontext.Decoder) (n int64, err error) {
	if err := f.Exec(deleteAll(t.Name)); err != nil { // what migrations put there
		return 0, err
	}
	query := insertInto(t.Name, t.Columns)
	for {
		values, err := readRow(in, types)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("row %d: %w", n+1, err)
		}
		if err := f.Exec(query, values...); err != nil {
			return n, fmt.Errorf("row %d: %w", n+1, err)
		}
		n++
	}
}

// readRow reads one row; io.EOF after the last.
func readRow(in *jsontext.Decoder, types []string) ([]any, error) {
	tok, err := in.ReadToken()
	if err != nil {
		return nil, err
	}
	if tok.Kind() != '[' {
		return nil, errors.New("a row is a JSON array")
	}
	values := make([]any, 0, len(types))
	for in.PeekKind() != ']' {
		if len(values) == len(types) {
			return nil, errors.New("it has more values than columns")
		}
		v, err := readValue(in, types[len(values)])
		if err != nil {
			return nil, truncated(err)
		}
		values = append(values, v)
	}
	if len(values) != len(types) {
		return nil, errors.New("it has fewer values than columns")
	}
	_, err = in.ReadToken()
	return values, truncated(err)
}

// truncated keeps the end of a file in the middle of a row from passing for the end of the table.
func truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func readValue(in *jsontext.Decoder, kind string) (any, error) {
	tok, err := in.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return tok.Bool(), nil
	case '"':
		return tok.String(), nil
	case '0':
		return number(tok.String(), kind)
	case '{':
		return readBytes(in)
	}
	return nil, errors.New("a value is null, a number, a text or bytes")
}

// number reads a number as the column wants it: SQLite has no type for yes and no.
func number(s, kind string) (any, error) {
	isFloat := strings.HasPrefix(kind, "FLOAT") || kind == "REAL"
	if isFloat || strings.ContainsAny(s, ".eE") {
		return strconv.ParseFloat(s, 64)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if kind == "BOOL" {
		return n != 0, err
	}
	return n, err
}

// readBytes reads the rest of {"base64":"…"}.
func readBytes(in *jsontext.Decoder) ([]byte, error) {
	var texts [2]string
	for i := range texts {
		tok, err := in.ReadToken()
		if err != nil {
			return nil, err
		}
		if tok.Kind() != '"' {
			return nil, errors.New(`bytes are {"base64":"…"}`)
		}
		texts[i] = tok.String()
	}
	end, err := in.ReadToken()
	if err != nil {
		return nil, err
	}
	if texts[0] != "base64" || end.Kind() != '}' {
		return nil, errors.New(`bytes are {"base64":"…"}`)
	}
	return base64.StdEncoding.DecodeString(texts[1])
}
