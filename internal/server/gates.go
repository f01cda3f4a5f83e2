package server

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/push"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/webpush"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/job"
	"github.com/wardline/wardline/internal/platform/store"
)

// people tells rooms what they need to know of accounts.
type people struct {
	db   *store.DB
	keep *accountdata.Keep
}

// Profile implements room.People. Who has an account may have an empty profile; who has been deactivated is nobody.
func (p people) Profile(ctx context.Context, user string) (name, avatar string, err error) {
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		u, err := account.Find(tx, user)
		if err != nil {
			return err
		}
		if !u.Active() {
			return errs.Absent("This account has been deactivated.")
		}
		of, err := profile.Read(tx, user)
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		name, avatar = of.Name, of.Avatar
		return err
	})
	return name, avatar, err
}

// The promises that accounts make about rooms.
const (
	jobRename = "profile.rooms" // carry a new name or picture into the rooms
	jobLeave  = "account.leave" // leave the rooms of a closed account
)

// subject is the payload of both: about whom, and who asked.
type subject struct {
	User string `json:"user"`
	By   string `json:"by"`
}

// joinAccounts ties accounts to what hangs on them: in the transaction that changes an account its devices' keys and waiting
// messages go, and what its rooms must hear of is promised.
func (s *Server) joinAccounts() {
	s.rooms.AddGate(suspension{s.rooms})
	s.rooms.AddGate(invitations{s.keep})
	s.accounts.DeviceRefused = s.keys.RefuseDevice
	s.accounts.DeviceGone = func(tx *store.Tx, user, device string) error {
		return errors.Join(s.keys.Forget(tx, user, device), s.inbox.Forget(tx, user, device), push.DeviceGone(tx, user, device),
			webpush.DeviceGone(tx, user, device))
	}
	s.profiles.Changed = func(tx *store.Tx, who *audit.Caller, user string) error {
		return errors.Join(s.showAvatar(tx, user), job.Promise(tx, job.Job{Kind: jobRename, Payload: subject{user, who.User}}))
	}
	s.accounts.Deactivated = func(tx *store.Tx, who *audit.Caller, user string, _ bool) error {
		return errors.Join(s.keys.ForgetUser(tx, user), s.backups.ForgetUser(tx, user), push.Erase(tx, user), webpush.Erase(tx, user),
			job.Promise(tx, job.Job{Kind: jobLeave, Payload: subject{user, who.User}}))
	}
	s.jobs.Handle(jobRename, job.Policy{}, func(ctx context.Context, r *job.Run) (func(*store.Tx) error, error) {
		var about subject
		if err := r.Payload(&about); err != nil {
			return nil, err
		}
		err := s.members.RefreshProfile(ctx, &audit.Caller{User: about.User}, about.User)
		if errs.Is(err, errs.NotFound) {
			err = nil // deactivated since: they leave
		}
		return nil, err
	})
	s.jobs.Handle(jobLeave, job.Policy{}, func(ctx context.Context, r *job.Run) (func(*store.Tx) error, error) {
		var about subject
		if err := r.Payload(&about); err != nil {
			return nil, err
		}
		return nil, s.members.LeaveAll(ctx, &audit.Caller{User: about.By}, about.User, "")
	})
}

// confirmIdentity is keys.Hooks.Confirm: a change of identity needs the password.
func (s *Server) confirmIdentity(ctx context.Context, who *audit.Caller, auth jsontext.Value) error {
	given, err := account.ParseAuth(auth)
	if err != nil {
		return err
	}
	return s.accounts.Confirm(ctx, who, given, "cross_signing")
}

// suspension is a room.Gate: a suspended person may leave and take back what they wrote, and otherwise not act
// (client-server API, "Account suspension").
type suspension struct{ rooms *room.Rooms }

// May implements room.Gate.
func (s suspension) May(ctx context.Context, who *audit.Caller, in *room.Live, d *room.Draft) error {
	refused := who.MayAct()
	if refused == nil {
		return nil
	}
	switch d.Type {
	case "m.room.member":
		if d.StateKey == nil || *d.StateKey != who.User || gjson.GetBytes(d.Content, "membership").Str != "leave" {
			return refused
		}
		return nil
	case "m.room.redaction":
		r, err := s.rooms.OpenNumber(ctx, who, in.NR, room.Belonging)
		if err != nil {
			return err
		}
		ev, err := s.rooms.EventByID(ctx, r, gjson.GetBytes(d.Content, "redacts").Str)
		if err != nil || ev.Sender == who.User {
			return err
		}
	}
	return refused
}

// invitations is a room.Gate: who has said that they want to be asked into no room, is not (client-server API, "Invite
// permission", M_INVITE_BLOCKED).
type invitations struct{ keep *accountdata.Keep }

// May implements room.Gate.
func (i invitations) May(ctx context.Context, _ *audit.Caller, _ *room.Live, d *room.Draft) error {
	if d.Type != "m.room.member" || d.StateKey == nil || gjson.GetBytes(d.Content, "membership").Str != "invite" {
		return nil
	}
	shelf, err := i.keep.Of(ctx, *d.StateKey)
	if err != nil {
		return err
	}
	wish, _ := shelf.Find("", "m.invite_permission_config")
	if gjson.GetBytes(wish.Content, "default_action").Str == "block" {
		return errs.New(errs.Forbidden, "M_INVITE_BLOCKED", "This person takes no invitations.")
	}
	return nil
}
