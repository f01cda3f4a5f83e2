package membership_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/roomtest"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

var (
	ctx   = context.Background()
	amira = roomtest.Who("amira")
	ben   = roomtest.Who("ben")
	cara  = roomtest.Who("cara")
)

func each(t *testing.T, test func(t *testing.T, w *roomtest.Ward)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { test(t, roomtest.Open(t, open())) })
}

func TestComingAndGoing(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		l := w.Room("amira")
		for _, step := range []struct {
			what string
			do   func() error
			is   string // what Ben is then
			kind errs.Kind
		}{
			{"leaves what he is not in", func() error { return w.Leave(ctx, ben, l.ID, "") }, "leave", errs.Forbidden},
			{"joins uninvited", func() error { _, err := w.Join(ctx, ben, l.ID, ""); return err }, "leave", errs.Forbidden},
			{"is invited", func() error { return w.Invite(ctx, amira, l.ID, ben.User, "") }, "invite", 0},
			{"refuses", func() error { return w.Leave(ctx, ben, l.ID, "on leave") }, "leave", 0},
			{"refuses again", func() error { return w.Leave(ctx, ben, l.ID, "") }, "leave", 0},
			{"is invited again", func() error { return w.Invite(ctx, amira, l.ID, ben.User, "") }, "invite", 0},
			{"joins", func() error { _, err := w.Join(ctx, ben, l.ID, ""); return err }, "join", 0},
			{"joins again", func() error { _, err := w.Join(ctx, ben, l.ID, ""); return err }, "join", 0},
			{"is removed by a stranger", func() error { return w.Kick(ctx, cara, l.ID, ben.User, "") }, "join", errs.Forbidden},
			{"is removed", func() error { return w.Kick(ctx, amira, l.ID, ben.User, "") }, "leave", 0},
			{"is removed again", func() error { return w.Kick(ctx, amira, l.ID, ben.User, "") }, "leave", errs.Forbidden},
			{"is banned", func() error { return w.Ban(ctx, amira, l.ID, ben.User, "") }, "ban", 0},
			{"is invited while banned", func() error { return w.Invite(ctx, amira, l.ID, ben.User, "") }, "ban", errs.Forbidden},
			{"leaves the ban", func() error { return w.Leave(ctx, ben, l.ID, "") }, "ban", errs.Forbidden},
			{"is let go", func() error { return w.Unban(ctx, amira, l.ID, ben.User, "") }, "leave", 0},
		} {
			err := step.do()
			if (err == nil) != (step.kind == 0) || err != nil && errs.Of(err) != step.kind {
				t.Errorf("%s: %v", step.what, err)
			}
			if is := l.Membership(ben.User); is != step.is {
				t.Errorf("%s: now %s, want %s", step.what, is, step.is)
			}
		}
	})
}

func TestAnInvitationOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		l := w.Room("amira")
		w.Set("amira", l, "m.room.history_visibility", "", `{"history_visibility":"joined"}`)
		if err := w.Invite(ctx, amira, l.ID, ben.User, ""); err != nil {
			t.Fatal(err)
		}
		for _, want := range []room.Want{room.Reading, room.Belonging} {
			if _, err := w.Rooms.Open(ctx, ben, l.ID, want); errs.Of(err) != errs.Forbidden {
				t.Errorf("opened for %d by an invitation: %v", want, err)
			}
		}
		r, err := w.Rooms.Open(ctx, ben, l.ID, room.Leaving)
		if err != nil {
			t.Fatal(err)
		}
		if r.Sees(l.State("m.room.create", "")) || r.Until >= l.NR {
			t.Errorf("who only may leave sees %v, until %d", r.Spans, r.Until)
		}
		if _, err := w.Rooms.Open(ctx, cara, l.ID, room.Leaving); errs.Of(err) != errs.Forbidden {
			t.Errorf("a stranger may leave: %v", err)
		}
	})
}

func TestRestrictedRoomLetsInMembersOfAnother(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		staff := w.Room("amira", "ben")
		l := w.RoomOf(creation.Creation{Alias: "ward", State: []creation.Initial{{
			Type:    "m.room.join_rules",
			Content: fmt.Appendf(nil, `{"join_rule":"restricted","allow":[{"type":"m.room_membership","room_id":%q}]}`, staff.ID),
		}}}, "amira")
		if _, err := w.Join(ctx, cara, l.ID, ""); errs.Of(err) != errs.Forbidden {
			t.Errorf("somebody of no room was let in: %v", err)
		}
		if _, err := w.Join(ctx, ben, "#ward:"+roomtest.Server, ""); err != nil {
			t.Fatal(err)
		}
		if by := gjson.GetBytes(l.State("m.room.member", ben.User).Content, room.Vouched).Str; by != amira.User {
			t.Errorf("let in by %q", by)
		}
		for _, name := range []string{"#none:" + roomtest.Server, "ward"} {
			if _, err := w.Join(ctx, ben, name, ""); err == nil {
				t.Errorf("joined %q", name)
			}
		}
	})
}

func TestLeaveAllEndsEveryMembership(t *testing.T) {
	each(t, func(t *testing.T, w *roomtest.Ward) {
		in, asked := w.Room("amira", "ben"), w.Room("amira")
		if err := w.Invite(ctx, amira, asked.ID, ben.User, ""); err != nil {
			t.Fatal(err)
		}
		if err := w.LeaveAll(ctx, amira, ben.User, ""); err != nil {
			t.Fatal(err)
		}
		if a, b := in.Membership(ben.User), asked.Membership(ben.User); a != "leave" || b != "leave" {
			t.Errorf("still %s and %s", a, b)
		}
	})
}
