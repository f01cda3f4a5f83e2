package main

import (
	"io"
	"log/slog"
	"strings"

	"github.com/wardline/wardline/internal/platform/config"
)

// place is the flags by which every command finds an installation.
type place struct {
	Config   string  `help:"Configuration file." type:"path" env:"WARDLINE_CONFIG" placeholder:"FILE"`
	Data     *string `help:"Data directory." placeholder:"DIR"`
	Database *string `help:"PostgreSQL to use in place of SQLite in the data directory." placeholder:"URL"`
}

// overrides gives the flags that were set as settings.
func (p place) overrides() map[string]string {
	o := map[string]string{}
	override(o, "server.data", p.Data)
	override(o, "server.database", p.Database)
	return o
}

func override(o map[string]string, key string, value *string) {
	if value != nil {
		o[key] = *value
	}
}

// configure reads the settings: file, environment, and the flags over them.
func (c *console) configure(p place, overrides map[string]string) (*config.Config, error) {
	return config.Load(p.Config, c.environ, overrides)
}

// logger makes the log the settings ask for.
func logger(w io.Writer, l config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(strings.ToUpper(l.Level))); err != nil {
		level = slog.LevelInfo // Config.Check has refused anything else
	}
	o := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// configCommand prints the settings.
type configCommand struct{}

// Run prints a configuration file.
func (configCommand) Run(c *console) error { return config.Print(c.out) }
