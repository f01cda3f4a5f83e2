// Command floor is the yardstick of the benchmark: the least a Go program can do that takes a message over HTTP, makes
// it durable, and hands it to everybody waiting in the room. It speaks just enough of the Matrix client-server API for
// the load generator to drive it, with answers of the same shape and about the same size as a real server's.
//
// What it does honestly: HTTP by net/http, one fdatasync shared by all sends that wait for it, an answer of 200 only
// after that, one order of positions, and long-polls that miss nothing. What it leaves out is everything else: it
// authorises nobody, checks, hashes and signs nothing, keeps no state of rooms, evaluates no filter, counts no unread
// messages, and forgets nothing of the last 2,000 events of a room. It is not a server for anyone's messages.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

// run takes the flags of `wardline serve`, of which only the data folder and the address mean something here.
func run(arguments []string) error {
	flags := flag.NewFlagSet("floor serve", flag.ContinueOnError)
	data := flags.String("data", "", "folder of the log")
	listen := flags.String("listen", "127.0.0.1:8009", "address")
	for _, name := range []string{"server-name", "database", "registration-secret"} {
		flags.String(name, "", "taken, and ignored")
	}
	for _, name := range []string{"open-registration", "no-rate-limits"} {
		flags.Bool(name, false, "taken, and ignored")
	}
	if len(arguments) > 0 && arguments[0] == "serve" {
		arguments = arguments[1:]
	}
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if err := os.MkdirAll(*data, 0o755); err != nil {
		return err
	}
	f, err := openFloor(filepath.Join(*data, "log"))
	if err != nil {
		return err
	}
	go f.commit()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server := &http.Server{
		Handler: f.routes(), ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	go func() {
		<-ctx.Done()
		shutdown, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(shutdown)
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
