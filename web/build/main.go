// Command build bundles the web app: web/src and its npm dependencies into web/dist, under names that carry the hash of
// what is in them. It is not part of the server, which embeds dist as it was committed.
//
//	go run ./web/build          write web/dist
//	go run ./web/build -check   fail if web/dist is not what web/src makes
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	check := flag.Bool("check", false, "compare with dist instead of writing it")
	dir := flag.String("dir", "web", "the folder that holds src and dist")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "web/build:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	files, err := bundle(dir)
	if err != nil {
		return err
	}
	if check {
		return compare(dir, files)
	}
	return write(dir, files)
}
