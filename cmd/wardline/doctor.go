package main

import (
	"fmt"

	"github.com/wardline/wardline/internal/server"
)

// doctorCommand examines an installation.
type doctorCommand struct {
	installation
	Listen *string `help:"Address and port the server listens on." placeholder:"HOST:PORT"`
}

// Run prints what was found; it fails when something is bad. Settings that cannot be used are told by the error itself.
func (d doctorCommand) Run(c *console) error {
	o := d.overrides()
	override(o, "server.server_name", d.ServerName)
	override(o, "server.listen", d.Listen)
	conf, err := c.configure(d.place, o)
	if err != nil {
		return err
	}
	found := server.Examine(c.ctx, conf)
	marks := map[server.Grade]string{server.Good: "ok  ", server.Warning: "WARN", server.Bad: "BAD "}
	for _, f := range found {
		if _, err := fmt.Fprintf(c.out, "%s  %s\n", marks[f.Grade], f.What); err != nil {
			return err
		}
		if f.Remedy != "" {
			if _, err := fmt.Fprintf(c.out, "      → %s\n", f.Remedy); err != nil {
				return err
			}
		}
	}
	return server.Ill(found)
}
