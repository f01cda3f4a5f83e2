// Command wardline is the whole product: the server, and what an operator does with an installation. This package reads
// the command line and prints; what is done lies in package server and the slices.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commands is the command line.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Demo    demoCommand    `cmd:"" help:"Serve a fictional hospital trust, to try things out."`
	User    userCommand    `cmd:"" help:"Manage accounts."`
	Backup  backupCommand  `cmd:"" help:"Write a backup, while the server runs."`
	Export  exportCommand  `cmd:"" help:"Write a conversation, or what is held about a person, in open formats."`
	Restore restoreCommand `cmd:"" help:"Make an installation of a backup."`
	Verify  verifyCommand  `cmd:"" help:"Prove that audit, conversations and files are what was written."`
	Doctor  doctorCommand  `cmd:"" help:"Say what is wrong with an installation and how to mend it."`
	Config  configCommand  `cmd:"" help:"Print a configuration file with every setting explained."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// console is what a command reads from and writes to.
type console struct {
	ctx     context.Context
	in      io.Reader
	out     io.Writer // results
	err     io.Writer // log and complaints
	environ []string
}

// exit is the error of kong having printed help, with the status it asks for.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// run runs one command and gives the exit status: 0, 1 when it failed, 2 when it was not understood.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	defer func() {
		if v := recover(); v != nil {
			e, ok := v.(exit)
			if !ok {
				panic(v)
			}
			status = int(e)
		}
	}()
	var cli commands
	parser, err := kong.New(&cli, kong.Name("wardline"),
		kong.Description("Wardline, the messenger a hospital trust can approve."),
		kong.Writers(stdout, stderr), kong.UsageOnError(),
		kong.Exit(func(code int) { panic(exit(code)) })) // kong wants Exit not to return: help is printed from within the parser
	if err != nil {
		panic(err) // the struct above is wrong
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "wardline: %v\nTry: wardline --help\n", err)
		return 2
	}
	err = command.Run(&console{ctx: ctx, in: stdin, out: stdout, err: stderr, environ: os.Environ()})
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "wardline: %v\n", err)
		return 1
	}
	return 0
}
