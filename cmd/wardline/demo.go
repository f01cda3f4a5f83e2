package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/wardline/wardline/internal/demo"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/server"
)

// demoCommand serves a fictional trust.
type demoCommand struct {
	Listen string `help:"Address and port to serve on." default:"127.0.0.1:8448" placeholder:"HOST:PORT"`
	Data   string `help:"Keep the data in this directory, for another time. Otherwise it is removed at the end." type:"path" placeholder:"DIR"`
	JSON   bool   `name:"json" help:"Print address and sign-ins as one line of JSON."`
	Near   bool   `name:"private-gateways" hidden:"" help:"Allow push services at loopback, as tests have them."`
}

// noteFile, in the data directory, says that the trust is complete, and what its password is.
const noteFile = "demo.json"

// note is the content of noteFile.
type note struct {
	Password string `json:"password"`
}

// announcement is what --json prints.
type announcement struct {
	URL        string        `json:"url"`
	ServerName string        `json:"server_name"`
	Users      []demo.SignIn `json:"users"`
}

// Run serves the trust until it is told to stop.
func (d demoCommand) Run(c *console) (err error) {
	temporary := d.Data == ""
	if temporary {
		if d.Data, err = os.MkdirTemp("", "wardline-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(d.Data)) }()
	}
	l, err := new(net.ListenConfig).Listen(c.ctx, "tcp", d.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // closed already, unless something failed before Serve
	said := announcement{URL: "http://" + reachable(l.Addr()), ServerName: demo.ServerName}
	// Neither a file nor the environment: they are of another installation.
	conf, err := config.Load("", nil, map[string]string{
		"server.data": d.Data, "server.server_name": demo.ServerName, "server.listen": d.Listen, "server.public_url": said.URL, "log.level": "warn", "server.demonstration": "true",
		"push.private_gateways": strconv.FormatBool(d.Near),
	})
	if err != nil {
		return err
	}
	srv, err := server.New(c.ctx, conf, logger(c.err, conf.Log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Stop(context.WithoutCancel(c.ctx))) }()
	password, err := d.prepare(c, srv)
	if err != nil {
		return err
	}
	if said.Users, err = demo.SignIns(password); err != nil {
		return err
	}
	if err := d.announce(c.out, said, temporary); err != nil {
		return err
	}
	return srv.Serve(c.ctx, l)
}

// prepare starts the server, fills it unless it is filled already, and gives the password.
func (d demoCommand) prepare(c *console, srv *server.Server) (string, error) {
	if err := srv.Start(c.ctx); err != nil {
		return "", err
	}
	path := filepath.Join(d.Data, noteFile)
	text, err := os.ReadFile(path)
	if err == nil {
		var n note
		if err := json.Unmarshal(text, &n); err != nil {
			return "", fmt.Errorf("%s is damaged: %w", path, err)
		}
		return n.Password, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	slices := srv.Slices()
	if others, err := slices.Accounts.Users(c.ctx, "", 1); err != nil || len(others) > 0 {
		return "", errors.Join(err, fmt.Errorf("%s holds people already, but no complete demonstration: name a new directory, or remove this one", d.Data))
	}
	if !d.JSON {
		fmt.Fprintf(c.out, "Filling %s …\n", demo.TrustName)
	}
	word, _, err := password{}.obtain(c.in)
	if err != nil {
		return "", err
	}
	if err := demo.Fill(c.ctx, slices, word, time.Now()); err != nil {
		return "", err
	}
	if text, err = json.Marshal(note{word}); err != nil {
		return "", err
	}
	return word, os.WriteFile(path, text, 0o600)
}

// reachable gives the address at which a browser on this machine reaches a listener.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func (d demoCommand) announce(w io.Writer, a announcement, temporary bool) error {
	if d.JSON {
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		_, err = w.Write(append(text, '\n'))
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\nA demonstration: everyone in it is invented.\n\n", demo.TrustName)
	fmt.Fprintf(&b, "  Open      %s\n  Password  %s   (the same for everyone)\n\n", a.URL, a.Users[0].Password)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, u := range a.Users[:demo.Featured] {
		name, _, _ := strings.Cut(strings.TrimPrefix(u.UserID, "@"), ":")
		fmt.Fprintf(table, "  %s\t%s\t%s\n", name, u.DisplayName, strings.TrimSuffix(u.Job+", "+u.Ward, ", "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&b, "  … and %d colleagues. Sign in as two people, the second in a private window, and let them talk.\n", len(a.Users)-demo.Featured)
	fmt.Fprintf(&b, "  Any Matrix client can be used as well: its home server is %s\n\n", a.URL)
	if temporary {
		fmt.Fprintf(&b, "Ctrl-C stops it and removes its data (%s).\n", d.Data)
	} else {
		fmt.Fprintf(&b, "Ctrl-C stops it. Its data stays in %s.\n", d.Data)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
