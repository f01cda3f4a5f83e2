// Package fire tests what must hold while everything goes wrong: the process killed, the disk full, the database away, hostile
// requests, a node lost, and people who look where they may not. From outside, through HTTP, on each engine; the long
// parts are shortened by -short. It holds no production code.
package fire

import (
	"os"
	"testing"
)

// serverName is the server of the processes, as package e2e's is of the servers within the test.
const serverName = "northbrook.test"

func TestMain(m *testing.M) {
	code := m.Run()
	for _, fn := range atEnd {
		fn()
	}
	os.Exit(code)
}

// times gives how often to do something: fewer under -short.
func times(full, short int) int {
	if testing.Short() {
		return short
	}
	return full
}
