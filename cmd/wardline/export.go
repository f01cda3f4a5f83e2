package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/wardline/wardline/internal/matrix/export"
	"github.com/wardline/wardline/internal/server"
)

// exportCommand writes what is held of a conversation or a person.
type exportCommand struct {
	Room   exportRoom   `cmd:"" help:"Export a conversation: events, a page to read, and files."`
	Person exportPerson `cmd:"" help:"Export what is held about a person, and what they wrote."`
}

// exportRoom exports a conversation.
type exportRoom struct {
	place
	Room   string `arg:"" help:"Room id, or alias."`
	Folder string `arg:"" help:"New folder for the export." type:"path"`
}

// Run exports.
func (e exportRoom) Run(c *console) error {
	return e.export(c, e.Folder, func(ctx context.Context, s *server.Server) (export.Manifest, error) {
		return s.Exporter().Room(ctx, operator(), e.Room, e.Folder)
	})
}

// exportPerson exports a person.
type exportPerson struct {
	place
	Name   string `arg:"" help:"Name or user id."`
	Folder string `arg:"" help:"New folder for the export." type:"path"`
}

// Run exports.
func (e exportPerson) Run(c *console) error {
	return e.export(c, e.Folder, func(ctx context.Context, s *server.Server) (export.Manifest, error) {
		user, err := s.Accounts().UserID(e.Name)
		if err != nil {
			return export.Manifest{}, err
		}
		return s.Exporter().Person(ctx, operator(), user, e.Folder)
	})
}

// export opens the installation, which may be running, and says what was written.
func (p place) export(c *console, folder string, do func(context.Context, *server.Server) (export.Manifest, error)) error {
	conf, err := c.configure(p, p.overrides())
	if err != nil {
		return err
	}
	s, err := server.Offline(c.ctx, conf, logger(c.err, conf.Log))
	if err != nil {
		return err
	}
	m, err := do(c.ctx, s)
	if err := errors.Join(err, s.Stop(context.WithoutCancel(c.ctx))); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "exported %s%s: %d events, %d files, in %s\n", m.Room, m.Person, m.Events, len(m.Files), folder)
	if err == nil && len(m.Missing) > 0 {
		err = fmt.Errorf("%d uploaded files are missing or damaged: %v", len(m.Missing), m.Missing)
	}
	return err
}
