// Package job keeps promises: something that must happen later, promised in the same transaction as the change that calls
// for it, and kept across restarts, node failures and errors. It is not a queue for work that may be lost, nor a scheduler
// of recurring work: a job that recurs promises its next run when it completes.
package job

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Job is a promise.
type Job struct {
	Kind    string    // which handler keeps it: "urgent.escalate"
	Due     time.Time // not before; zero: now
	Payload any       // what the handler needs, encoded as JSON, at most 64 KiB. Ids, not content.

	// Once makes the promise one that is made at most once at a time: while a job of the same kind and key is open (waiting, running
	// or given up), another Promise does nothing. Empty: no such key.
	Once string
	// Replace says that a waiting job of the same kind and Once takes this Due and Payload instead.
	Replace bool
}

const maxPayload = 64 << 10

// change is the kind of change in the log that wakes runners.
const change = "job"

// Promise makes a promise in the verb's transaction: it is made if and only if the verb's changes are.
func Promise(tx *store.Tx, j Job) error {
	if j.Kind == "" || j.Replace && j.Once == "" {
		return fmt.Errorf("job: a promise needs a kind, and to replace another a key")
	}
	payload, err := json.Marshal(j.Payload)
	if err != nil {
		return fmt.Errorf("job: payload of %s: %w", j.Kind, err)
	}
	if len(payload) > maxPayload {
		return errs.New(errs.TooLarge, "", "This is too large to be done later.")
	}
	now := tx.Now().UnixMilli()
	due := now
	if !j.Due.IsZero() {
		due = j.Due.UnixMilli()
	}
	row := row{id: rand.Text(), kind: j.Kind, due: due, once: j.Once, payload: string(payload), created: now}
	if err := insert(tx, &row, j.Replace); err != nil {
		return err
	}
	tx.Log(change, j.Kind, row.id, due)
	return nil
}

// Cancel takes a promise back, in the verb's transaction. If it is being kept at this moment, what the handler wants to write
// at its end is refused, so that only one of the two takes effect. No such promise is no error.
func Cancel(tx *store.Tx, kind, once string) error { return remove(tx, kind, once) }

// Revive lets a job that was given up be tried again now, with all its attempts. errs.NotFound if there is none.
func Revive(tx *store.Tx, id string) error {
	n, err := revive(tx, id, tx.Now().UnixMilli())
	if err == nil && n == 0 {
		return errs.Absent("There is no failed job of this id.")
	}
	if err == nil {
		tx.Log(change, "", id, tx.Now().UnixMilli())
	}
	return err
}

// Count says how many jobs of a kind there are.
type Count struct {
	Kind    string
	Waiting int64 // to be done now or later, or being done
	Late    int64 // of these, due for more than a minute and not being done
	Dead    int64 // given up after too many attempts; kept until revived
}

// Counts gives the number of jobs by kind: for metrics, and for the doctor.
func Counts(tx *store.Tx) ([]Count, error) {
	return counts(tx, tx.Now().UnixMilli(), time.Minute.Milliseconds())
}

// Failure is a job that was given up.
type Failure struct {
	ID, Kind string
	Attempts int64
	Due      time.Time
	Reason   string // the last error
}

// Failures gives jobs that were given up, the oldest first, at most limit.
func Failures(tx *store.Tx, limit int) ([]Failure, error) { return failures(tx, limit) }

// storable makes an error's text fit for the database.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
