// Package export writes what the server holds of one conversation, or of one person, into a folder in open formats: to
// disclose it, to file it, to take it elsewhere. A folder holds
//
//	index.html      to read, in any browser, without the server
//	events.jsonl    each event as it is signed in the log, with its id, in the order of the log
//	NAME.jsonl      of a person: each row that is kept about them, by table
//	media/          the files
//	manifest.json   what it is an export of, and the SHA-256 of every file; written last
//
// It reads everything, whoever may see it: only an operator can call it, and each call is recorded in the audit. It is no
// backup (package store/backup is), and decides nothing about what may be disclosed.
package export

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/blob"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// format is the version of what the package comment describes.
const format = 1

// Manifest says what a folder holds.
type Manifest struct {
	Format     int       `json:"format"`
	ServerName string    `json:"server_name"`
	Taken      time.Time `json:"taken"`
	Position   int64     `json:"position"` // of the log: nothing after it is in the export
	Room       string    `json:"room,omitempty"`
	Person     string    `json:"person,omitempty"`
	Events     int64     `json:"events"`
	Files      []File    `json:"files"`
	Missing    []string  `json:"missing,omitempty"` // mxc:// addresses whose content was not found, or is not what was stored
}

// File is one file of an export.
type File struct {
	Path   string `json:"path"` // with slashes, relative to the manifest
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Media  string `json:"media,omitempty"` // its mxc:// address
	Name   string `json:"name,omitempty"`  // as the uploader called it
	Type   string `json:"type,omitempty"`  // as the uploader said
}

// Exporter exports from one server.
type Exporter struct {
	db     *store.DB
	files  blob.Store
	server string
}

// New makes an exporter for a database, its files and the name of the server.
func New(db *store.DB, files blob.Store, server string) *Exporter {
	return &Exporter{db, files, server}
}

// Room exports a conversation, by its id or an alias: everything ever said in it that has not been redacted.
func (x *Exporter) Room(ctx context.Context, who *audit.Caller, idOrAlias, dir string) (Manifest, error) {
	var r roomRow
	err := x.db.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = roomCalled(tx, idOrAlias)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return Manifest{}, errs.Absent("There is no conversation %s here. Its id or an alias is needed.", idOrAlias)
	}
	if err != nil {
		return Manifest{}, err
	}
	if err := x.record(ctx, who, "export.room", r.id); err != nil {
		return Manifest{}, err
	}
	w := &writer{Exporter: x, dir: dir, Manifest: Manifest{Room: r.id}, selected: roomEvents(r.nr), media: roomMedia(r.id)}
	return w.write(ctx)
}

// Person exports what is kept about somebody: their profile, settings, devices and receipts, what the audit says they
// did, every event they sent or that set their membership, and the files they uploaded. Secrets are left out.
func (x *Exporter) Person(ctx context.Context, who *audit.Caller, user, dir string) (Manifest, error) {
	err := x.db.Read(ctx, func(tx *store.Tx) error { return known(tx, user) })
	if errs.Is(err, errs.NotFound) {
		return Manifest{}, errs.Absent("There is nobody called %s here.", user)
	}
	if err != nil {
		return Manifest{}, err
	}
	if err := x.record(ctx, who, "export.person", user); err != nil {
		return Manifest{}, err
	}
	w := &writer{Exporter: x, dir: dir, Manifest: Manifest{Person: user}, selected: personEvents(user), media: personMedia(user)}
	for _, t := range store.Catalog {
		if t.Class == store.Personal && store.OneEngine[t.Name] == "" {
			w.tables = append(w.tables, selection{name: t.Name, query: personRows(t.Name), arg: user})
		}
	}
	w.tables = append(w.tables, personAudit(user))
	return w.write(ctx)
}

// record says in the audit that somebody is about to export: before it, so that one that is broken off is recorded too.
func (x *Exporter) record(ctx context.Context, who *audit.Caller, action, object string) error {
	return x.db.Write(ctx, func(tx *store.Tx) error {
		return audit.Record(tx, who, audit.Entry{Action: action, Object: object})
	})
}

// writer writes one export.
type writer struct {
	*Exporter
	Manifest
	dir      string
	selected selection
	media    selection
	tables   []selection
}

const manifestName = "manifest.json"

// write writes everything as of one moment. Memory is bounded: one page of events at a time.
func (w *writer) write(ctx context.Context) (Manifest, error) {
	if err := emptyFolder(w.dir); err != nil {
		return w.Manifest, err
	}
	w.Format, w.ServerName, w.Taken = format, w.server, time.Now().UTC().Truncate(time.Second)
	var media []mediaRow
	err := w.db.Read(ctx, func(tx *store.Tx) (err error) {
		if w.Position, err = tx.Position(); err != nil {
			return err
		}
		if media, err = mediaOf(tx, w.media); err != nil {
			return err
		}
		for _, t := range w.tables {
			if err := w.writeTable(tx, t); err != nil {
				return fmt.Errorf("export: table %s: %w", t.name, err)
			}
		}
		return w.writeEvents(ctx, tx, media)
	})
	if err != nil {
		return w.Manifest, err
	}
	for _, m := range media {
		if err := w.copyMedia(ctx, m); err != nil {
			return w.Manifest, err
		}
	}
	return w.Manifest, w.writeManifest()
}

// emptyFolder makes the folder, or makes sure that nothing is in it.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, mediaFolder), 0o700); err != nil {
		return fmt.Errorf("export: the folder cannot be made: %w", err)
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	inside, err := os.ReadDir(filepath.Join(dir, mediaFolder))
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if len(found) > 1 || len(inside) > 0 {
		return errs.New(errs.Conflict, "", "The folder %s is not empty. Name another.", dir)
	}
	return nil
}

func (w *writer) writeManifest() error {
	text, err := json.Marshal(w.Manifest, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	s, err := w.create(manifestName)
	if err != nil {
		return err
	}
	_, err = s.Write(append(text, '\n'))
	_, cerr := s.close()
	return errors.Join(err, cerr)
}

// writeTable writes the rows of a table as objects, bytes as base64.
func (w *writer) writeTable(tx *store.Tx, t selection) error {
	s, err := w.create(t.name + ".jsonl")
	if err != nil {
		return err
	}
	err = rowsOf(tx, t, func(columns []string, values []any) error { return writeRow(s, columns, values) })
	return errors.Join(err, w.finish(s, File{}))
}

func writeRow(s *sink, columns []string, values []any) error {
	b := []byte{'{'}
	for i, name := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		v := values[i]
		if raw, ok := v.([]byte); ok {
			v = base64.StdEncoding.EncodeToString(raw)
		}
		value, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if b, err = jsontext.AppendQuote(b, name); err != nil {
			return err
		}
		b = append(append(b, ':'), value...)
	}
	_, err := s.Write(append(b, "}\n"...))
	return err
}

// pageSize is how many events are in memory at a time.
const pageSize = 500

// writeEvents writes the events, as they are and to read.
func (w *writer) writeEvents(ctx context.Context, tx *store.Tx, media []mediaRow) error {
	plain, err := w.create("events.jsonl")
	if err != nil {
		return err
	}
	page, err := w.create("index.html")
	if err != nil {
		return errors.Join(err, w.finish(plain, File{}))
	}
	p := newPage(page, w.Manifest, media)
	err = p.begin()
	for after := (place{}); err == nil; {
		var batch []eventRow
		if err = ctx.Err(); err == nil {
			batch, err = eventsAfter(tx, w.selected, after, pageSize)
		}
		if len(batch) == 0 {
			break
		}
		for i := 0; i < len(batch) && err == nil; i++ {
			err = errors.Join(batch[i].write(plain), p.event(&batch[i]))
			w.Events++
		}
		after = batch[len(batch)-1].place
	}
	if err == nil {
		err = p.end(w.Events)
	}
	return errors.Join(err, w.finish(plain, File{}), w.finish(page, File{}))
}

// write writes an event as a line of JSON: its id, which is its hash and therefore not in it, its position and the signed event.
func (e *eventRow) write(s *sink) error {
	b := append([]byte(`{"event_id":`), quoted(e.id)...)
	b = append(b, `,"room_id":`...)
	b = append(b, quoted(e.roomID)...)
	b = fmt.Appendf(b, `,"position":%d`, e.pos)
	if e.redaction != "" {
		b = append(b, `,"redacted_because":`...)
		b = append(b, quoted(e.redactionID)...)
	}
	b = append(b, `,"event":`...)
	b = append(b, e.json...)
	_, err := s.Write(append(b, "}\n"...))
	return err
}

func quoted(s string) []byte {
	b, _ := jsontext.AppendQuote(nil, s) // bad UTF-8, which cannot be here, is replaced
	return b
}

// content gives a member of an event's content.
func (e *eventRow) content(path string) string { return gjson.Get(e.json, "content."+path).String() }
