package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/server"
)

// backupCommand writes a backup while the server runs.
type backupCommand struct {
	place
	Folder string `arg:"" help:"New folder for the backup." type:"path"`
}

// Run writes the backup.
func (b backupCommand) Run(c *console) error {
	return transfer(c, b.place, b.Folder, "backed up", server.WriteBackup)
}

// restoreCommand makes an installation of a backup.
type restoreCommand struct {
	place
	Folder string `arg:"" help:"Folder of the backup." type:"existingdir"`
}

// Run restores.
func (r restoreCommand) Run(c *console) error {
	return transfer(c, r.place, r.Folder, "restored", server.Restore)
}

func transfer(c *console, p place, folder, done string,
	do func(ctx context.Context, conf *config.Config, dir string) (server.Backup, error)) error {
	conf, err := c.configure(p, p.overrides())
	if err != nil {
		return err
	}
	b, err := do(c.ctx, conf, folder)
	if err != nil {
		return err
	}
	rows := int64(0)
	for _, t := range b.Tables {
		rows += t.Rows
	}
	_, err = fmt.Fprintf(c.out, "%s: %s as of %s, %d rows of %d tables, %d files (%d bytes)\n",
		done, b.ServerName, b.Taken.Format(time.RFC3339), rows, len(b.Tables), b.Files, b.Bytes)
	return err
}

// verifyCommand proves that an installation's records are what was written.
type verifyCommand struct {
	place
	Checkpoint []string `help:"What an earlier verify printed as its checkpoint: proves that the audit up to it is still the same." placeholder:"N:HASH"`
}

// errBroken makes the command fail when it has found what it looked for.
var errBroken = errors.New("records are broken: see above")

// Run prints what is wrong, or a checkpoint to keep elsewhere.
func (v verifyCommand) Run(c *console) error {
	conf, err := c.configure(v.place, v.overrides())
	if err != nil {
		return err
	}
	var known []audit.Checkpoint
	for _, text := range v.Checkpoint {
		point, err := audit.ParseCheckpoint(text)
		if err != nil {
			return err
		}
		known = append(known, point)
	}
	found, err := server.Verify(c.ctx, conf, known...)
	if err != nil {
		return err
	}
	return printVerdict(c.out, found)
}

func printVerdict(w io.Writer, v server.Verdict) error {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) } // a broken pipe is no finding
	if v.Audit.OK() {
		p("audit: %d records, none broken", v.Audit.Records)
	} else {
		p("audit: BROKEN at record %d: %s", v.Audit.Broken, v.Audit.Why)
	}
	for _, f := range v.Rooms.Faults {
		p("BROKEN: %v", f)
	}
	p("rooms: %d, with %d events; %d faults", v.Rooms.Rooms, v.Rooms.Events, len(v.Rooms.Faults))
	for _, f := range v.BadFiles {
		p("BROKEN: %s", f)
	}
	p("files: %d; %d faults", v.Files, len(v.BadFiles))
	if !v.OK() {
		return errBroken
	}
	p("checkpoint, to be kept elsewhere: %v", v.Audit.Head)
	return nil
}
