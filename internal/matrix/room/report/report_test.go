package report_test

import (
	"context"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/matrix/room/report"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

func TestWhatMayBeReported(t *testing.T) {
	ctx := context.Background()
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		w := roomtest.Open(t, open())
		reports := report.New(w.DB, w.Rooms)
		ben, cara := roomtest.Who("ben"), roomtest.Who("cara")
		l, elsewhere := w.Room("amira", "ben"), w.Room("amira")
		said, unseen := w.Say("amira", l, "hello"), w.Say("amira", elsewhere, "hello")
		for name, c := range map[string]struct {
			err  error
			kind errs.Kind
		}{
			"a room by a stranger":         {reports.File(ctx, cara, l.ID, "", "", "x"), errs.NotFound},
			"an event by a stranger":       {reports.File(ctx, cara, l.ID, said, "", "x"), errs.NotFound},
			"an event of another room":     {reports.File(ctx, ben, l.ID, unseen, "", "x"), errs.NotFound},
			"a reason as long as a report": {reports.File(ctx, ben, l.ID, said, "", strings.Repeat("x", 5001)), errs.Invalid},
		} {
			if c.err == nil || errs.Of(c.err) != c.kind {
				t.Errorf("%s: %v", name, c.err)
			}
		}
		for _, err := range []error{
			reports.File(ctx, ben, l.ID, said, "", "to the wrong ward"),
			reports.File(ctx, ben, l.ID, "", "", "not ours"),
			reports.File(ctx, ben, "", "", roomtest.Who("amira").User, "not herself"),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		var kept int
		err := w.DB.Read(ctx, func(tx *store.Tx) error {
			return tx.Row(`SELECT count(*) FROM report WHERE reporter = $1`, []any{ben.User}, &kept)
		})
		if err != nil || kept != 3 {
			t.Errorf("%d reports are kept (%v), want 3", kept, err)
		}
	})
}
