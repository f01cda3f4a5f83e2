package server

import "github.com/wardline/wardline/internal/platform/store"

// serverName gives the name of the server that a database belongs to.
func serverName(tx *store.Tx) (name string, err error) {
	err = tx.Row(`SELECT value FROM setting WHERE name = 'server_name'`, nil, &name)
	return name, err
}

// countAdmins counts those who may administer the server.
func countAdmins(tx *store.Tx) (n int64, err error) {
	err = tx.Row(`SELECT COUNT(*) FROM account WHERE admin = 1 AND deactivated = 0`, nil, &n)
	return n, err
}
