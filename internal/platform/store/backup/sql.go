package backup

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// columnRows are rows that tell their columns' names.
type columnRows interface {
	store.Rows
	Columns() ([]string, error)
}

// allRows reads a table of the catalog.
func allRows(tx *store.Tx, table string) (columnRows, error) {
	rows, err := tx.Query(`SELECT * FROM ` + quote(table))
	if err != nil {
		return nil, err
	}
	with, ok := rows.(columnRows)
	if !ok {
		return nil, errors.Join(fmt.Errorf("backup: rows of type %T", rows), rows.Close())
	}
	return with, nil
}

func serverName(tx *store.Tx) (name string, err error) {
	err = tx.Row(`SELECT value FROM setting WHERE name = 'server_name'`, nil, &name)
	if errs.Is(err, errs.NotFound) {
		return "", nil
	}
	return name, err
}

func migrations(tx *store.Tx) (list []store.Applied, err error) {
	rows, err := tx.Query(`SELECT number, name, checksum FROM migration ORDER BY number`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a store.Applied
		if err := rows.Scan(&a.Number, &a.Name, &a.Checksum); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}

// Names below are of the catalog, or columns found in the new database.

func selectNothing(table string) string { return `SELECT * FROM ` + quote(table) + ` WHERE 1 = 0` }

func deleteAll(table string) string { return `DELETE FROM ` + quote(table) }

func insertInto(table string, columns []string) string {
	names, places := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		names[i], places[i] = quote(c), fmt.Sprintf("$%d", i+1)
	}
	return `INSERT INTO ` + quote(table) + ` (` + strings.Join(names, ", ") + `) VALUES (` + strings.Join(places, ", ") + `)`
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
