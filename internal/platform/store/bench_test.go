package store_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// BenchmarkWrite has 1, 16 and 256 writers insert 1 KB rows with full sync, each row its own verb with a position and an audit record.
func BenchmarkWrite(b *testing.B) {
	body := strings.Repeat("x", 1024)
	for _, engine := range storetest.Engines() {
		for _, writers := range []int{1, 16, 256} {
			b.Run(fmt.Sprintf("%s/writers=%d", engine, writers), func(b *testing.B) {
				o := storetest.OptionsOn(b, engine)
				o.NoSync = false
				db, err := store.Open(ctx, o)
				if err != nil {
					b.Fatal(err)
				}
				defer db.Close()
				if err := audit.Start(db, storetest.Key); err != nil {
					b.Fatal(err)
				}
				var left atomic.Int64
				left.Store(int64(b.N))
				var wg sync.WaitGroup
				b.ResetTimer()
				for range writers {
					wg.Go(func() {
						for {
							n := left.Add(-1)
							if n < 0 {
								return
							}
							err := db.Write(ctx, func(tx *store.Tx) error {
								tx.Log("k", "s", "", nil)
								if err := audit.Record(tx, nil, audit.Entry{Action: "bench"}); err != nil {
									return err
								}
								return tx.Exec(insertSetting, fmt.Sprint(n), body)
							})
							if err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// BenchmarkRead reads one row: in a snapshot, and by a glance.
func BenchmarkRead(b *testing.B) {
	type reader = func(*store.DB, func(*store.Tx) error) error
	for _, engine := range storetest.Engines() {
		for name, read := range map[string]reader{
			"read":   func(db *store.DB, fn func(*store.Tx) error) error { return db.Read(ctx, fn) },
			"glance": func(db *store.DB, fn func(*store.Tx) error) error { return db.Glance(ctx, fn) },
		} {
			b.Run(engine+"/"+name, func(b *testing.B) {
				db := storetest.OpenOn(b, engine)
				if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Exec(insertSetting, "a", "1") }); err != nil {
					b.Fatal(err)
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						var v string
						if err := read(db, func(tx *store.Tx) error {
							return tx.Row(`SELECT value FROM setting WHERE name = $1`, []any{"a"}, &v)
						}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	}
}
