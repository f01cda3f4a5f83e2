// Package demo fills a server with a fictional hospital trust, so that whoever tries Wardline meets people at work and not
// an empty list: staff in recognisable jobs, their teams and wards, and a week of talk that ends just now. Everyone in it
// is invented; patients appear as bed and initials, and NHS numbers come from the 999 range, which is never issued.
//
// It goes through the verbs that a client's requests call, and knows no table. What is said lies in trust/: see script.go
// for its form. It is no generator of load; that is bench/.
package demo

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

// The trust.
const (
	ServerName = "northbrook.example"
	TrustName  = "Northbrook University Hospitals NHS Trust"
)

//go:embed trust
var trust embed.FS

// cast is the whole trust as it is written down.
type cast struct {
	staff []*Person
	rooms []*scene
}

// read parses the embedded trust, once.
var read = sync.OnceValues(func() (*cast, error) {
	text, err := trust.ReadFile("trust/staff.txt")
	if err != nil {
		return nil, err
	}
	c := new(cast)
	if c.staff, err = parseStaff(string(text)); err != nil {
		return nil, err
	}
	names, err := fs.Glob(trust, "trust/rooms/*.txt")
	if err != nil {
		return nil, err
	}
	var wrong []error
	for _, name := range names {
		text, err := trust.ReadFile(name)
		if err != nil {
			return nil, err
		}
		scenes, err := parseScript(string(text), newRoll(c.staff))
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		}
		c.rooms = append(c.rooms, scenes...)
	}
	return c, errors.Join(wrong...)
})

// SignIn is how one of the staff signs in.
type SignIn struct {
	UserID      string `json:"user_id"`
	Password    string `json:"password"`
	DisplayName string `json:"display_name"`
	Job         string `json:"job"`
	Ward        string `json:"ward"`
}

// Featured is how many of the sign-ins, the first ones, are of people with a part in the story.
const Featured = 5

// SignIns lists everyone who can sign in, all with the one password: first the featured, then by name.
func SignIns(password string) ([]SignIn, error) {
	c, err := read()
	if err != nil {
		return nil, err
	}
	var out []SignIn
	for _, p := range c.staff {
		out = append(out, SignIn{UserID: p.UserID(), Password: password, DisplayName: p.Name, Job: p.Job, Ward: p.Ward})
	}
	return out, nil
}

// each calls fn for every item, some at a time, and gives the first error: what is written together shares a commit.
func each[T any](ctx context.Context, atOnce int, items []T, fn func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan T)
	var wg sync.WaitGroup
	for range min(atOnce, len(items)) {
		wg.Go(func() {
			for item := range queue {
				if err := fn(ctx, item); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for _, item := range items {
		select {
		case queue <- item:
		case <-ctx.Done():
		}
	}
	close(queue)
	wg.Wait()
	return context.Cause(ctx)
}

// lines gives the lines of a text that say something, with their numbers; # begins a comment.
func lines(text string, fn func(n int, line string) error) error {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := fn(i+1, line); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}
