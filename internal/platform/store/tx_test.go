package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

type named string

func TestArgumentsAreAlikeOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		text, absent := "pointer", (*string)(nil)
		good := map[string]struct {
			arg  any
			want string
		}{
			"string": {"plain", "plain"}, "named": {named("named"), "named"}, "pointer": {&text, "pointer"},
			"valuer": {sql.NullString{String: "valuer", Valid: true}, "valuer"}, "empty": {"", ""}, "wide": {"çé漢🚑", "çé漢🚑"},
		}
		for name, c := range good {
			if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, name, c.arg) }); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if got := setting(t, db, name); got != c.want {
				t.Errorf("%s: stored %q", name, got)
			}
		}
		bad := map[string]struct {
			arg  any
			kind errs.Kind
		}{
			"NUL": {"a\x00b", errs.Invalid}, "not UTF-8": {"a\xffb", errs.Invalid}, "named NUL": {named("\x00"), errs.Invalid},
			"time": {time.Now(), errs.Internal}, "map": {map[string]int{}, errs.Internal}, "too large": {uint64(math.MaxUint64), errs.Invalid},
			"null": {nil, errs.Internal}, "absent": {absent, errs.Internal}, "bytes as text": {func() {}, errs.Internal},
		}
		for name, c := range bad {
			if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, "bad "+name, c.arg) }); err == nil || errs.Of(err) != c.kind {
				t.Errorf("%s: %v", name, err)
			}
		}
		var n int64
		err := db.Read(ctx, func(tx *store.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM log WHERE pos IN ($1, $2, $3)`, []any{uint8(1), 2, int32(3)}, &n)
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		err := db.Write(ctx, func(tx *store.Tx) error {
			for i := range 20 {
				if err := tx.Exec(insertSetting, fmt.Sprint("n", i), fmt.Sprint(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1, 2, 3, 5, 8, 20} {
			names := make([]string, n)
			for i := range names {
				names[i] = fmt.Sprint("n", i)
			}
			var found int
			args := []any{"n%"}
			query := `SELECT COUNT(*) FROM setting WHERE name LIKE $1 AND name IN ` + store.In(&args, names)
			if err := db.Read(ctx, func(tx *store.Tx) error { return tx.Row(query, args, &found) }); err != nil || found != n {
				t.Errorf("%d names: found %d, %v", n, found, err)
			}
		}
	})
}

func TestOneQueryAtATime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		nested := func(tx *store.Tx) error {
			rows, err := tx.Query(`SELECT name FROM setting`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := tx.Row(`SELECT 1`, nil, new(int)); err == nil {
					return errors.New("a second query was let through")
				}
			}
			if err := rows.Err(); err != nil {
				return err
			}
			return tx.Row(`SELECT 1`, nil, new(int)) // read to the end: free again
		}
		if err := db.Read(ctx, nested); err != nil {
			t.Errorf("read: %v", err)
		}
		if err := db.Write(ctx, nested); err != nil {
			t.Errorf("write: %v", err)
		}
		left := func(tx *store.Tx) error { _, err := tx.Query(`SELECT name FROM setting`); return err }
		if db.Read(ctx, left) == nil || db.Write(ctx, left) == nil {
			t.Error("rows left open went unnoticed")
		}
		if err := db.Write(ctx, nested); err != nil {
			t.Errorf("after rows left open: %v", err)
		}
	})
}

func TestReadCannotWrite(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		for name, fn := range map[string]func(*store.Tx) error{
			"exec":  func(tx *store.Tx) error { return tx.Exec(insertSetting, "a", "b") },
			"count": func(tx *store.Tx) error { _, err := tx.ExecCount(insertSetting, "a", "b"); return err },
			"query": func(tx *store.Tx) error {
				return tx.Row(insertSetting+` RETURNING name`, []any{"a", "b"}, new(string))
			},
			"log": func(tx *store.Tx) error { tx.Log("k", "s", "", nil); return tx.Row(`SELECT 1`, nil, new(int)) },
		} {
			if err := db.Read(ctx, fn); err == nil {
				t.Errorf("%s: a Read wrote", name)
			}
		}
		if got := setting(t, db, "a"); got != "" {
			t.Error("a Read left a row")
		}
	})
}

func TestGlance(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, "a", "1") }); err != nil {
			t.Fatal(err)
		}
		one := func(tx *store.Tx) error {
			var v string
			return tx.Row(`SELECT value FROM setting WHERE name = 'a'`, nil, &v)
		}
		for range 10 {
			if err := db.Glance(ctx, one); err != nil {
				t.Error(err)
			}
		}
		if err := db.Glance(ctx, func(tx *store.Tx) error { return errors.Join(one(tx), one(tx)) }); err == nil {
			t.Error("asked twice")
		}
		if err := db.Glance(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, "b", "1") }); err == nil {
			t.Error("wrote")
		}
		if err := db.Glance(ctx, func(tx *store.Tx) error {
			return tx.Row(insertSetting+` RETURNING value`, []any{"b", "1"}, new(string))
		}); err == nil {
			t.Error("wrote by a query")
		}
		done, cancel := context.WithCancel(ctx)
		cancel()
		if err := db.Glance(done, one); !errors.Is(err, context.Canceled) {
			t.Errorf("when the caller has left: %v", err)
		}
	})
}

func TestReadIsASnapshot(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		err := db.Read(ctx, func(tx *store.Tx) error {
			var before, after int
			if err := tx.Row(`SELECT COUNT(*) FROM setting`, nil, &before); err != nil {
				return err
			}
			done := make(chan error)
			go func() {
				done <- db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, "new", "1") })
			}()
			if err := <-done; err != nil {
				return err
			}
			if err := tx.Row(`SELECT COUNT(*) FROM setting`, nil, &after); err != nil || before != after {
				return fmt.Errorf("%d rows, then %d: %w", before, after, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestTextIsOrderedByBytes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		err := db.Write(ctx, func(tx *store.Tx) error {
			for _, s := range []string{"o-b", "o-B", "o_a", "oé", "o a"} {
				if err := tx.Exec(insertSetting, s, ""); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = db.Read(ctx, func(tx *store.Tx) error {
			rows, err := tx.Query(`SELECT name FROM setting WHERE name LIKE 'o%' ORDER BY name`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var s string
				if err := rows.Scan(&s); err != nil {
					return err
				}
				got = append(got, s)
			}
			return rows.Err()
		})
		if s := strings.Join(got, "|"); err != nil || s != "o a|o-B|o-b|o_a|oé" {
			t.Errorf("order %s, %v", s, err)
		}
	})
}

// TestBadStatementFailsOnlyItsVerb: SQL that does not parse, in company.
func TestBadStatementFailsOnlyItsVerb(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		hold := make(chan struct{})
		results := make(chan error, 10)
		if err := db.Submit(func(*store.Tx) error { <-hold; return nil }, func(error) {}); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			err := db.Submit(func(tx *store.Tx) error {
				if err := tx.Exec(insertSetting, fmt.Sprint("b", i), ""); err != nil {
					return err
				}
				switch i {
				case 3:
					return tx.Exec(`INSERT INTO no_such_table VALUES (1)`)
				case 5:
					return tx.Row(`SELECT nonsense FROM nowhere`, nil, new(int))
				case 7:
					_, err := tx.ExecCount(`DELETE FROM`)
					return err
				}
				return nil
			}, func(err error) { results <- err })
			if err != nil {
				t.Fatal(err)
			}
		}
		close(hold)
		for i := range 10 {
			if err := <-results; (err != nil) != (i == 3 || i == 5 || i == 7) {
				t.Errorf("verb %d: %v", i, err)
			}
		}
		var n int
		if err := db.Read(ctx, func(tx *store.Tx) error { return tx.Row(`SELECT COUNT(*) FROM setting WHERE name LIKE 'b%'`, nil, &n) }); err != nil || n != 7 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// TestSwallowedErrorStillFails: a verb cannot carry on over a statement that was refused.
func TestSwallowedErrorStillFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		err := db.Write(ctx, func(tx *store.Tx) error {
			if err := tx.Exec(insertSetting, "twice", ""); err != nil {
				return err
			}
			_, _ = tx.ExecCount(insertSetting, "twice", "")
			return nil
		})
		if !store.IsConflict(err) || setting(t, db, "twice") != "" {
			t.Errorf("got %v", err)
		}
	})
}

func TestTimeDoesNotRunBackwards(t *testing.T) {
	db := storetest.Open(t)
	var last time.Time
	for range 100 {
		err := db.Write(ctx, func(tx *store.Tx) error {
			if tx.Now().Before(last) || tx.Now().Nanosecond()%1e6 != 0 || tx.Now().Location() != time.UTC {
				t.Errorf("%v after %v", tx.Now(), last)
			}
			last = tx.Now()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
