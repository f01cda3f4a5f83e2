package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/proof"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/blob"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/metric"
	"github.com/wardline/wardline/internal/platform/store"
)

// Offline opens an installation for a command of the operator's: beside the running server, if there is one, which hears of
// what the command changes. Nothing is served and no job is done. Stop it in any case.
func Offline(ctx context.Context, conf *config.Config, log *slog.Logger) (*Server, error) {
	if conf.Server.Name == "" {
		name, err := nameOfInstallation(ctx, conf)
		if err != nil {
			return nil, err
		}
		conf.Server.Name = name
	}
	s, err := build(ctx, &Server{conf: conf, log: log, metrics: metric.New()})
	if err != nil {
		return nil, err
	}
	if err := s.accounts.Start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop(ctx))
	}
	return s, nil
}

// Accounts gives the accounts, for the commands that manage them.
func (s *Server) Accounts() *account.Accounts { return s.accounts }

// openReadOnly opens the database of an installation to look at it only.
func openReadOnly(ctx context.Context, conf *config.Config) (*store.DB, error) {
	if _, err := os.Stat(filepath.Join(conf.Server.Data, "wardline.db")); conf.Server.Database == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, errs.Absent("there is no installation in %s: name its data directory with --data", conf.Server.Data)
	}
	return store.Open(ctx, store.Options{
		Dir: conf.Server.Data, URL: conf.Server.Database, ServerName: conf.Server.Name, ReadOnly: true,
	})
}

func nameOfInstallation(ctx context.Context, conf *config.Config) (name string, err error) {
	db, err := openReadOnly(ctx, conf)
	if err != nil {
		return "", err
	}
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		name, err = serverName(tx)
		return err
	})
	return name, errors.Join(err, db.Close())
}

// Verdict is what Verify found.
type Verdict struct {
	Audit    audit.Report
	Rooms    proof.Report
	Files    int64    // read
	BadFiles []string // what is wrong with each
}

// OK reports whether nothing is wrong.
func (v *Verdict) OK() bool { return v.Audit.OK() && v.Rooms.OK() && len(v.BadFiles) == 0 }

// Verify proves the audit, every room and every file of an installation, which may be running. known are checkpoints of the audit
// kept elsewhere. An error means that the installation could not be read.
func Verify(ctx context.Context, conf *config.Config, known ...audit.Checkpoint) (v Verdict, err error) {
	db, err := openReadOnly(ctx, conf)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	key, err := openKey(conf.Server.Data, false)
	if err != nil {
		return v, err
	}
	var name string
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		name, err = serverName(tx)
		return err
	})
	if err != nil {
		return v, err
	}
	if v.Audit, err = audit.Verify(ctx, db, key.Public(), known...); err != nil {
		return v, fmt.Errorf("the audit cannot be read: %w", err)
	}
	if v.Rooms, err = proof.Verify(ctx, db, name, key.Public()); err != nil {
		return v, fmt.Errorf("the rooms cannot be read: %w", err)
	}
	return v, v.verifyFiles(ctx, filepath.Join(conf.Server.Data, filesFolder))
}

// verifyFiles reads every file. One that is removed meanwhile is no fault.
func (v *Verdict) verifyFiles(ctx context.Context, dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	files, err := blob.OpenDisk(dir)
	if err != nil {
		return err
	}
	return files.Walk(ctx, func(hash string, _ int64) error {
		v.Files++
		err := files.Verify(ctx, hash)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && !errs.Is(err, errs.NotFound) {
			v.BadFiles = append(v.BadFiles, err.Error())
		}
		return nil
	})
}
