package store

import (
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// sqlErrBadConn is what database/sql takes as the word that a connection must not be used again.
var sqlErrBadConn = driver.ErrBadConn

// clean makes an error fit for a log: PostgreSQL quotes values in some messages, and a value may be content.
// Constraint violations name only the constraint.
func clean(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && len(pg.Code) == 5 && pg.Code[:2] == "22" {
		return fmt.Errorf("store: PostgreSQL refused a value (SQLSTATE %s)", pg.Code)
	}
	return err
}
