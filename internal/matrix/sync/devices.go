package sync

import (
	"context"
	"strconv"

	"github.com/wardline/wardline/internal/matrix/keys"
	"github.com/wardline/wardline/internal/matrix/room"
)

// deviceLists gives those whose devices have changed as far as the person shares a room with them, and those with whom
// they share an encrypted room no more: client-server API, "Tracking the device list for a user".
func (e *Engine) deviceLists(ctx context.Context, p *person, fresh bool, since, now int64) (changed, left []string, err error) {
	if fresh || since >= now {
		return nil, nil, nil
	}
	all, err := e.Keys.Changed(ctx, p.id, since, now)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, user := range all {
		if user == p.id || e.share(p, user, false) {
			changed, seen[user] = append(changed, user), true
		}
	}
	for _, t := range p.all() {
		if t.pos <= since && t.room.Last() <= since || !encrypted(t.room) {
			continue
		}
		met, gone, err := e.membersChanged(ctx, p, t, since)
		if err != nil {
			return nil, nil, err
		}
		for _, user := range met {
			if !seen[user] && user != p.id {
				changed, seen[user] = append(changed, user), true
			}
		}
		for _, user := range gone {
			if user != p.id && !seen[user] && !e.share(p, user, true) {
				left, seen[user] = append(left, user), true
			}
		}
	}
	return changed, left, nil
}

func encrypted(l *room.Live) bool { return l.State("m.room.encryption", "") != nil }

// share reports whether two people are joined to the same room, of the encrypted ones only if asked so.
func (e *Engine) share(p *person, user string, onlyEncrypted bool) bool {
	for _, t := range p.all() {
		if t.membership == "join" && (!onlyEncrypted || encrypted(t.room)) && t.room.Membership(user) == "join" {
			return true
		}
	}
	return false
}

// membersChanged gives who has come to share an encrypted room and who has left it since a position.
func (e *Engine) membersChanged(ctx context.Context, p *person, t tie, since int64) (met, gone []string, err error) {
	if err := e.Rooms.Load(ctx, t.room); err != nil {
		return nil, nil, err
	}
	switch {
	case t.membership == "join" && t.pos > since:
		return t.room.Members("join"), nil, nil
	case t.membership != "join" && t.pos > since:
		return nil, t.room.Members("join"), nil
	case t.membership != "join":
		return nil, nil, nil
	}
	if enc := t.room.State("m.room.encryption", ""); enc.Pos > since {
		met = t.room.Members("join")
	}
	for _, ev := range t.room.States() {
		if ev.Type != "m.room.member" || ev.Pos <= since {
			continue
		}
		if ev.Membership() == "join" {
			met = append(met, *ev.StateKey)
		} else {
			gone = append(gone, *ev.StateKey)
		}
	}
	return met, gone, nil
}

func appendDeviceLists(b []byte, changed, left []string) []byte {
	b = append(b, `{"changed":`...)
	b = appendStrings(b, changed)
	b = append(b, `,"left":`...)
	b = appendStrings(b, left)
	return append(b, '}')
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = room.AppendString(b, s)
	}
	return append(b, ']')
}

// appendCounts writes how well the device is stocked with keys. The algorithm that clients look for is always there.
func appendCounts(b []byte, c keys.Counts) []byte {
	b = append(b, `,"device_one_time_keys_count":`...)
	b = appendOneTime(b, c)
	b = append(b, `,"device_unused_fallback_key_types":`...)
	return appendStrings(b, c.Fallback)
}

func appendOneTime(b []byte, c keys.Counts) []byte {
	b = append(b, `{"signed_curve25519":`...)
	b = strconv.AppendInt(b, c.OneTime["signed_curve25519"], 10)
	for algorithm, n := range c.OneTime {
		if algorithm != "signed_curve25519" {
			b = append(b, ',')
			b = room.AppendString(b, algorithm)
			b = append(b, ':')
			b = strconv.AppendInt(b, n, 10)
		}
	}
	return append(b, '}')
}
