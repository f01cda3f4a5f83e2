package server

import "github.com/wardline/wardline/internal/platform/store"

// serverName gives the name of the server that a database belongs to.
func serverName(tx *store.Tx) (name string, err error) {
	err = tx.Row(`SELECT value FROM setting WHERE name = 'server_name'`, nil, &name)
	return name, err
}
