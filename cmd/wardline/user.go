package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/server"
)

// userCommand manages accounts, beside the running server or without one.
type userCommand struct {
	Add        userAdd        `cmd:"" help:"Make an account."`
	List       userList       `cmd:"" help:"List the accounts."`
	Reset      userReset      `cmd:"" help:"Give a person a new password, and sign their devices out."`
	Deactivate userDeactivate `cmd:"" help:"End an account for ever."`
}

// installation is the flags of commands that work on an installation.
type installation struct {
	place
	ServerName *string `help:"The domain in user and room ids. Needed before the first start only." placeholder:"NAME"`
}

// with opens the installation for a command.
func (i installation) with(c *console, do func(context.Context, *account.Accounts) error) error {
	o := i.overrides()
	override(o, "server.server_name", i.ServerName)
	conf, err := c.configure(i.place, o)
	if err != nil {
		return err
	}
	s, err := server.Offline(c.ctx, conf, logger(c.err, conf.Log))
	if err != nil {
		return err
	}
	return errors.Join(do(c.ctx, s.Accounts()), s.Stop(context.WithoutCancel(c.ctx)))
}

// operator is who the audit says did it.
func operator() *audit.Caller { return &audit.Caller{} }

// password is how a command comes by one. It is never a flag: other users of the machine could read it.
type password struct {
	PasswordStdin bool `help:"Read the password from the standard input; otherwise one is made and printed."`
}

func (p password) obtain(in io.Reader) (word string, made bool, err error) {
	if !p.PasswordStdin {
		letters := strings.ToLower(rand.Text())
		return letters[:5] + "-" + letters[5:10] + "-" + letters[10:15] + "-" + letters[15:20], true, nil
	}
	line, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", false, err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", false, errors.New("there is no password on the standard input")
	}
	return line, false, nil
}

// userAdd makes an account.
type userAdd struct {
	installation
	password
	Name        string `arg:"" help:"Name to sign in with, or the whole user id."`
	DisplayName string `help:"Name that others see."`
	Admin       bool   `help:"May administer the server."`
}

// Run makes the account and prints its user id, and the password if it was made.
func (u userAdd) Run(c *console) error {
	word, made, err := u.obtain(c.in)
	if err != nil {
		return err
	}
	return u.with(c, func(ctx context.Context, accounts *account.Accounts) error {
		id, err := accounts.AddUser(ctx, operator(), account.NewUser{
			Name: u.Name, Password: word, DisplayName: u.DisplayName, Admin: u.Admin,
		})
		if err != nil {
			return err
		}
		return tellPassword(c.out, id, word, made)
	})
}

func tellPassword(w io.Writer, id, word string, made bool) error {
	text := id + "\n"
	if made {
		text = fmt.Sprintf("%s\npassword: %s\n", id, word)
	}
	_, err := io.WriteString(w, text)
	return err
}

// userReset gives a new password.
type userReset struct {
	installation
	password
	Name string `arg:"" help:"Name or user id."`
}

// Run resets the password.
func (u userReset) Run(c *console) error {
	word, made, err := u.obtain(c.in)
	if err != nil {
		return err
	}
	return u.with(c, func(ctx context.Context, accounts *account.Accounts) error {
		id, err := accounts.UserID(u.Name)
		if err != nil {
			return err
		}
		if err := accounts.ResetPassword(ctx, operator(), id, word); err != nil {
			return err
		}
		return tellPassword(c.out, id, word, made)
	})
}

// userDeactivate ends an account.
type userDeactivate struct {
	installation
	Name  string `arg:"" help:"Name or user id."`
	Erase bool   `help:"Erase what the person stored and said of themselves. What they wrote in conversations is the trust's record."`
}

// Run deactivates the account.
func (u userDeactivate) Run(c *console) error {
	return u.with(c, func(ctx context.Context, accounts *account.Accounts) error {
		id, err := accounts.UserID(u.Name)
		if err != nil {
			return err
		}
		if err := accounts.Deactivate(ctx, operator(), id, u.Erase); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "%s is deactivated\n", id)
		return err
	})
}

// userList lists accounts.
type userList struct {
	installation
	JSON bool `name:"json" help:"One JSON object for each account."`
}

// userLine is an account in the list.
type userLine struct {
	ID          string    `json:"user_id"`
	Created     time.Time `json:"created"`
	Admin       bool      `json:"admin"`
	Locked      bool      `json:"locked"`
	Suspended   bool      `json:"suspended"`
	Deactivated bool      `json:"deactivated"`
}

// Run prints the list by user id.
func (u userList) Run(c *console) error {
	return u.with(c, func(ctx context.Context, accounts *account.Accounts) error {
		table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		write := func(l userLine) error { return l.row(table) }
		if u.JSON {
			write = func(l userLine) error { return l.json(c.out) }
		}
		for after := ""; ; {
			page, err := accounts.Users(ctx, after, 1000)
			if err != nil || len(page) == 0 {
				return errors.Join(err, table.Flush())
			}
			for _, a := range page {
				after = a.ID
				if err := write(lineOf(a)); err != nil {
					return err
				}
			}
		}
	})
}

func lineOf(a account.User) userLine {
	return userLine{
		ID: a.ID, Created: a.Created.UTC().Truncate(time.Second), Admin: a.Admin,
		Locked: !a.Locked.IsZero(), Suspended: !a.Suspended.IsZero(), Deactivated: !a.Deactivated.IsZero(),
	}
}

func (l userLine) row(w io.Writer) error {
	var marks []string
	for _, m := range []struct {
		name string
		is   bool
	}{{"admin", l.Admin}, {"locked", l.Locked}, {"suspended", l.Suspended}, {"deactivated", l.Deactivated}} {
		if m.is {
			marks = append(marks, m.name)
		}
	}
	_, err := fmt.Fprintf(w, "%s\t%s\t%s\n", l.ID, l.Created.Format(time.DateOnly), strings.Join(marks, ", "))
	return err
}

func (l userLine) json(w io.Writer) error {
	if err := json.MarshalWrite(w, l); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
