// Package backup writes the whole database into files of an open format while it is in use, and makes a database of either
// engine from them: to recover, and to move from SQLite to PostgreSQL. It does not know of media, which are files already.
//
// A backup is a folder: manifest.json, and for each table of the catalog that is not derived a file tables/NAME.jsonl.gz with a
// JSON array for each row, in the order of the manifest's columns. Numbers are JSON numbers (64-bit integers are exact), texts are
// strings, bytes are {"base64":"…"}, absent values null. manifest.json is written last: a folder without it is no backup.
package backup

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// format is the version of what the package comment describes.
const format = 1

// Manifest says what a backup holds.
type Manifest struct {
	Format     int             `json:"format"`
	ServerName string          `json:"server_name"`
	Taken      time.Time       `json:"taken"`
	Position   int64           `json:"position"` // everything up to it is in the backup, nothing after it
	Migrations []store.Applied `json:"migrations"`
	Tables     []Table         `json:"tables"`
}

// Table is one file of a backup.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
	SHA256  string   `json:"sha256"` // of the compressed file, hexadecimal
}

const manifestName = "manifest.json"

func tablePath(dir, name string) string { return filepath.Join(dir, "tables", name+".jsonl.gz") }

// kept says whether a table belongs into a backup. What is derived, or of one engine only, is made anew; migrations are applied.
func kept(t store.Table) bool {
	return t.Class != store.Derived && store.OneEngine[t.Name] == "" && t.Name != "migration"
}

// Write takes a backup into a folder that does not exist yet or is empty. It is one consistent snapshot, and holds up nobody.
func Write(ctx context.Context, db *store.DB, dir string) (Manifest, error) {
	m := Manifest{Format: format, Taken: time.Now().UTC().Truncate(time.Second)}
	if err := emptyFolder(dir); err != nil {
		return m, err
	}
	err := db.Read(ctx, func(tx *store.Tx) (err error) {
		if m.Position, err = tx.Position(); err != nil {
			return err
		}
		if m.ServerName, err = serverName(tx); err != nil {
			return err
		}
		if m.Migrations, err = migrations(tx); err != nil {
			return err
		}
		for _, t := range store.Catalog {
			if !kept(t) {
				continue
			}
			file, err := writeTable(tx, dir, t.Name)
			if err != nil {
				return fmt.Errorf("backup: table %s: %w", t.Name, err)
			}
			m.Tables = append(m.Tables, file)
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	return m, writeManifest(dir, m)
}

func emptyFolder(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "tables"), 0o700); err != nil {
		return fmt.Errorf("backup: the folder cannot be made: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, manifestName)); err == nil {
		return errs.New(errs.Conflict, "", "The folder %s holds a backup already. Name another.", dir)
	}
	found, err := os.ReadDir(filepath.Join(dir, "tables"))
	if err == nil && len(found) > 0 {
		return errs.New(errs.Conflict, "", "The folder %s holds an unfinished backup. Remove it, or name another.", dir)
	}
	return err
}

// sink is a compressed file whose hash is taken as it is written.
type sink struct {
	file *os.File
	sum  hash.Hash
	buf  *bufio.Writer
	zip  *gzip.Writer
}

func newSink(path string) (*sink, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, err
	}
	s := &sink{file: f, sum: sha256.New()}
	s.buf = bufio.NewWriterSize(io.MultiWriter(f, s.sum), 64<<10)
	s.zip, err = gzip.NewWriterLevel(s.buf, gzip.BestSpeed)
	return s, err
}

// close brings everything to disk and gives the hash.
func (s *sink) close() (string, error) {
	err := errors.Join(s.zip.Close(), s.buf.Flush(), s.file.Sync(), s.file.Close())
	return hex.EncodeToString(s.sum.Sum(nil)), err
}

func writeTable(tx *store.Tx, dir, name string) (t Table, err error) {
	out, err := newSink(tablePath(dir, name))
	if err != nil {
		return t, err
	}
	t.Name = name
	t.Columns, t.Rows, err = copyRows(tx, name, jsontext.NewEncoder(out.zip))
	sum, cerr := out.close()
	t.SHA256 = sum
	return t, errors.Join(err, cerr)
}

func copyRows(tx *store.Tx, name string, out *jsontext.Encoder) (columns []string, n int64, err error) {
	rows, err := allRows(tx, name)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	if columns, err = rows.Columns(); err != nil {
		return nil, 0, err
	}
	values, dest := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(dest...); err != nil {
			return nil, 0, err
		}
		if err := writeRow(out, values); err != nil {
			return nil, 0, err
		}
	}
	return columns, n, rows.Err()
}

func writeRow(out *jsontext.Encoder, values []any) error {
	err := out.WriteToken(jsontext.BeginArray)
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			err = errors.Join(err, out.WriteToken(jsontext.Null))
		case int64:
			err = errors.Join(err, out.WriteToken(jsontext.Int(v)))
		case float64:
			err = errors.Join(err, out.WriteToken(jsontext.Float(v)))
		case bool:
			err = errors.Join(err, out.WriteToken(jsontext.Bool(v)))
		case string:
			err = errors.Join(err, out.WriteToken(jsontext.String(v)))
		case []byte:
			err = errors.Join(err, out.WriteToken(jsontext.BeginObject), out.WriteToken(jsontext.String("base64")),
				out.WriteToken(jsontext.String(base64.StdEncoding.EncodeToString(v))), out.WriteToken(jsontext.EndObject))
		default:
			return fmt.Errorf("a value of type %T has no place in a backup", v)
		}
	}
	return errors.Join(err, out.WriteToken(jsontext.EndArray))
}

func writeManifest(dir string, m Manifest) error {
	text, err := json.Marshal(m, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	path := filepath.Join(dir, manifestName)
	f, err := os.OpenFile(path+".partial", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".partial", path); err != nil {
		return err
	}
	return errors.Join(syncFolder(filepath.Join(dir, "tables")), syncFolder(dir))
}

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
