// Command load puts a Matrix homeserver under load over real HTTP and says what it costs: latencies of sending and of
// delivery, deliveries per second, processor time per delivery, memory; and it proves that no message was lost, came
// twice or out of order.
//
//	load -server ./wardline -scenarios open,saturate     start the server, and stop it afterwards
//	load -url http://127.0.0.1:8008 -pid 1234            measure one that runs
//	load -table results.jsonl                            compare what -results has collected, as Markdown
//
// It is a measuring device, not a test suite and not a client: it reads answers as bytes, by hand-written HTTP, so as
// to cost little beside the server it shares the machine with. A sample of the answers is decoded in full to check it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := command(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// options are the flags that are not about size.
type options struct {
	server, database, url, name, results, table string
	pid, helper                                 int
	scenarios                                   string
}

func flags() (options, size) {
	var o options
	var s size
	flag.StringVar(&o.server, "server", "", "binary to start, with the flags of `wardline serve`")
	flag.StringVar(&o.database, "database", "", "database URL to pass on")
	flag.IntVar(&o.helper, "database-pid", 0, "process whose CPU time, with its children's, counts as the server's")
	flag.StringVar(&o.url, "url", "", "base URL of a server that runs already")
	flag.IntVar(&o.pid, "pid", 0, "its process id")
	flag.StringVar(&o.name, "name", "", "name of the server in the results")
	flag.StringVar(&o.results, "results", "", "file to append results to, a JSON object a line")
	flag.StringVar(&o.table, "table", "", "file of results to print as a table, instead of measuring")
	flag.StringVar(&o.scenarios, "scenarios", "open,saturate,big,idle", "which: open, saturate, big, idle, growth")
	flag.IntVar(&s.people, "users", 1000, "users of open and saturate")
	flag.IntVar(&s.rooms, "rooms", 50, "their rooms")
	flag.IntVar(&s.members, "members", 50, "members of each")
	flag.Float64Var(&s.rate, "rate", 50, "messages a second in open loop")
	flag.DurationVar(&s.length, "length", 10*time.Second, "how long to send")
	flag.IntVar(&s.senders, "senders", 64, "sending connections")
	flag.IntVar(&s.big, "big", 2000, "members of the large room")
	flag.IntVar(&s.bigRepeats, "big-repeats", 20, "messages into it")
	flag.IntVar(&s.idle, "idle", 10000, "idle clients")
	flag.DurationVar(&s.idleLength, "idle-length", 20*time.Second, "how long to watch them")
	flag.DurationVar(&s.settle, "settle", 10*time.Second, "how long to let them come")
	flag.StringVar(&s.growth, "growth", "10000,1000000", "numbers of stored events to compare")
	flag.BoolVar(&s.sliding, "sliding", false, "listen by simplified sliding sync")
	flag.Parse()
	return o, s
}

func command() error {
	o, s := flags()
	if o.table != "" {
		records, err := load(o.table)
		if err != nil {
			return err
		}
		table(os.Stdout, records)
		return nil
	}
	debug.SetGCPercent(400) // the generator has memory to spare, and no processor time
	for _, name := range strings.Split(o.scenarios, ",") {
		index := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
		if index < 0 {
			return fmt.Errorf("no scenario is called %q", name)
		}
		if err := measureOne(o, s, scenarios[index]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// measureOne runs a scenario, on a server of its own where the generator starts it.
func measureOne(o options, s size, one scenario) (err error) {
	var t *target
	if o.server != "" {
		t, err = launch(o.server, o.database, o.helper)
	} else {
		t, err = running(o.url, o.pid)
	}
	if err != nil {
		return err
	}
	measured, err := one.measure(t, s)
	if err != nil {
		return errors.Join(err, t.stop()) // its data and its log stay, to be looked at
	}
	r := record{o.name, one.name, measured}
	show(os.Stdout, r)
	if o.results != "" {
		if err := save(o.results, r); err != nil {
			return err
		}
	}
	return t.remove()
}
