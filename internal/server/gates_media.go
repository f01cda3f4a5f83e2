package server

import (
	"context"
	"path/filepath"
	"time"

	"github.com/tidwall/gjson"

	"github.com/wardline/wardline/internal/matrix/keys"
	"github.com/wardline/wardline/internal/matrix/media"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// keyHooks is what keys ask of accounts and of sync.
func (s *Server) keyHooks() keys.Hooks {
	return keys.Hooks{
		Confirm: s.confirmIdentity,
		Changes: func(ctx context.Context, who *audit.Caller, from, to string) (changed, left []string, err error) {
			return s.engine.DeviceChanges(ctx, who, from, to)
		},
	}
}

// buildMedia makes the slice of files and joins it to the rooms whose events use them.
func (s *Server) buildMedia() (err error) {
	s.media, err = media.New(s.db, s.files, media.Options{
		Server:    s.conf.Server.Name,
		Dir:       filepath.Join(s.conf.Server.Data, "uploads"),
		MaxUpload: int64(s.conf.Media.MaxUpload),
		MaxPixels: s.conf.Media.MaxPixels,
		Unused:    time.Duration(s.conf.Media.UnusedFor),
		Quota:     int64(s.conf.Media.Quota),
		Encrypted: s.conf.Rooms.Encryption,
	}, s.mayReadEvent)
	if err != nil {
		return err
	}
	s.rooms.AddCompanion(s.linkMedia)
	s.onDrain(s.media.Drain)
	return nil
}

// linkMedia notes which files an event uses, and lets go of those of an event that has been redacted.
func (s *Server) linkMedia(tx *store.Tx, ev *room.Event) error {
	if ev.Type == "m.room.redaction" && ev.Redacts != "" {
		return s.media.Unlink(tx, ev.Redacts)
	}
	return s.media.Link(tx, media.Use{
		Place:   media.Place{Room: ev.Room.ID, Pos: ev.Pos, Type: ev.Type},
		EventID: ev.ID, Sender: ev.Sender, Content: ev.Content,
	})
}

// mayReadEvent reports whether a person may read an event. The picture of a room is also for those it is shown to before
// they are in it.
func (s *Server) mayReadEvent(ctx context.Context, user string, at media.Place) (bool, error) {
	l, err := s.rooms.Find(ctx, at.Room)
	if err != nil {
		return false, err
	}
	spans, err := s.rooms.Visible(ctx, l, user)
	if err != nil || spans.Has(at.Pos) {
		return err == nil, err
	}
	return at.Type == "m.room.avatar" && beckons(l, user), nil
}

// beckons reports whether a room shows itself to a person who is not in it: by an invitation, or by being open to those
// who ask.
func beckons(l *room.Live, user string) bool {
	switch l.Membership(user) {
	case "invite", "knock":
		return true
	case "ban":
		return false
	}
	rules := l.State("m.room.join_rules", "")
	if rules == nil {
		return false
	}
	rule := gjson.GetBytes(rules.Content, "join_rule").Str
	return rule == "public" || rule == "knock" || rule == "knock_restricted"
}

// showAvatar lets everybody see a person's picture, once the profile says which it is.
func (s *Server) showAvatar(tx *store.Tx, user string) error {
	of, err := profile.Read(tx, user)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	return s.media.SetAvatar(tx, user, of.Avatar)
}
