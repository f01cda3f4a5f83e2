package creation_test

import (
	"context"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var ctx = context.Background()

func each(t *testing.T, test func(t *testing.T, w *roomtest.Ward)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { test(t, roomtest.Open(t, open())) })
}

func TestUpgradeCarriesTheRoomOver(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		old := w.RoomOf(creation.Creation{Version: "11", Name: "AMU", Alias: "amu"}, "amira", "ben")
		if err := w.Ban(ctx, roomtest.Who("amira"), old.ID, roomtest.Who("mallory").User, ""); err != nil {
			t.Fatal(err)
		}
		fresh, err := w.Upgrade(ctx, roomtest.Who("amira"), old.ID, "12", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := gjson.GetBytes(old.State("m.room.tombstone", "").Content, "replacement_room").Str; got != fresh.ID {
			t.Errorf("the tombstone names %s", got)
		}
		if fresh.Membership(roomtest.Who("mallory").User) != "ban" || gjson.GetBytes(fresh.State("m.room.name", "").Content, "name").Str != "AMU" {
			t.Error("state was not carried over")
		}
		if l, err := w.Aliased(ctx, "#amu:"+roomtest.Server); err != nil || l != fresh {
			t.Errorf("the alias was not moved: %v", err)
		}
		_, err = w.Rooms.Send(ctx, roomtest.Who("ben"), old.ID, &room.Draft{Type: "m.room.message", Content: []byte(`{}`), Txn: room.Txn{ID: "1"}})
		if errs.Of(err) != errs.Forbidden {
			t.Errorf("the old room still takes messages: %v", err)
		}
	})
}
