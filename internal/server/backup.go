package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/wardline/wardline/internal/platform/blob"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/backup"
)

// What a data directory and a backup hold besides the database. A backup's files and key are those of a data directory.
const (
	filesFolder    = "files"
	databaseFolder = "database"
)

// Backup is what was backed up or restored.
type Backup struct {
	backup.Manifest
	Files, Bytes int64
}

// WriteBackup writes a backup of an installation, which may be running, into a new folder: the database as one snapshot in an
// open format, then the files, each read whole and held against its hash, then the signing key. It is as confidential as the
// installation itself.
func WriteBackup(ctx context.Context, conf *config.Config, dir string) (b Backup, err error) {
	db, err := openReadOnly(ctx, conf)
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	key, err := openKey(conf.Server.Data, false)
	if err != nil {
		return b, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return b, fmt.Errorf("the folder for the backup cannot be made: %w", err)
	}
	if b.Manifest, err = backup.Write(ctx, db, filepath.Join(dir, databaseFolder)); err != nil {
		return b, err
	}
	// A file that the snapshot speaks of was stored before it; those stored since do no harm.
	if err := b.copyFiles(ctx, conf.Server.Data, dir); err != nil {
		return b, err
	}
	return b, writeKey(filepath.Join(dir, keyFile), key)
}

// Restore makes an installation of a backup, in a data directory and a database that hold none yet. The database may be
// of the other engine.
func Restore(ctx context.Context, conf *config.Config, dir string) (b Backup, err error) {
	key, err := openKey(dir, false)
	if err != nil {
		return b, err
	}
	if err := os.MkdirAll(conf.Server.Data, 0o700); err != nil {
		return b, fmt.Errorf("server.data: the data directory cannot be made: %w", err)
	}
	path := filepath.Join(conf.Server.Data, keyFile)
	if _, err := os.Stat(path); err == nil {
		return b, errs.New(errs.Conflict, "", "there is an installation in %s already: name another data directory", conf.Server.Data)
	}
	// The database comes last: without it, what is there is no installation, and restoring can be tried again.
	if err := b.copyFiles(ctx, dir, conf.Server.Data); err != nil {
		return b, err
	}
	b.Manifest, err = backup.Restore(ctx, store.Options{
		Dir: conf.Server.Data, URL: conf.Server.Database, ServerName: conf.Server.Name,
	}, filepath.Join(dir, databaseFolder))
	if err != nil {
		return b, err
	}
	return b, writeKey(path, key)
}

// copyFiles copies all files from one folder's store to another's.
func (b *Backup) copyFiles(ctx context.Context, from, to string) error {
	source, err := blob.OpenDisk(filepath.Join(from, filesFolder))
	if err != nil {
		return err
	}
	sink, err := blob.OpenDisk(filepath.Join(to, filesFolder))
	if err != nil {
		return err
	}
	return source.Walk(ctx, func(hash string, size int64) error {
		err := copyFile(ctx, source, sink, hash)
		if errs.Is(err, errs.NotFound) {
			return nil // removed meanwhile
		}
		b.Files++
		b.Bytes += size
		return err
	})
}

func copyFile(ctx context.Context, source, sink blob.Store, hash string) error {
	r, size, err := source.Open(ctx, hash)
	if err != nil {
		return err
	}
	got, _, err := sink.Put(ctx, io.LimitReader(r, size), size)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if got != hash {
		return fmt.Errorf("the file %s has been changed: its content now has the hash %s. wardline verify lists all such files", hash, got)
	}
	return nil
}
