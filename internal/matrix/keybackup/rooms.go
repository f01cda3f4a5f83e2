package keybackup

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
)

// Key is the key of one session in one room. Client-server API, "KeyBackupData".
type Key struct {
	FirstIndex int64          `json:"first_message_index"`
	Forwarded  int64          `json:"forwarded_count"`
	Verified   bool           `json:"is_verified"`
	Session    jsontext.Value `json:"session_data"`
}

// Sessions are the keys of a room by session id.
type Sessions struct {
	Sessions map[string]Key `json:"sessions"`
}

// Scope says which keys of a backup are meant: all, those of a room, or that of one session in it.
type Scope struct{ Room, Session string }

// better reports whether a key should take the place of one that is stored: verified first, then the lower first index,
// then the fewer forwardings. Client-server API, "Server-side key backups".
func better(fresh, old Key) bool {
	switch {
	case fresh.Verified != old.Verified:
		return fresh.Verified
	case fresh.FirstIndex != old.FirstIndex:
		return fresh.FirstIndex < old.FirstIndex
	}
	return fresh.Forwarded < old.Forwarded
}

// Put stores keys in the current backup, each unless a better one is stored. nr must be its version; else
// M_WRONG_ROOM_KEYS_VERSION, with the current one in current_version. Client-server API, PUT /room_keys/keys.
func (b *Backups) Put(ctx context.Context, who *audit.Caller, nr string, rooms map[string]Sessions) (Stand, error) {
	if err := checkKeys(rooms); err != nil {
		return Stand{}, err
	}
	var stand Stand
	err := b.db.Write(ctx, func(tx *store.Tx) error {
		v, err := current(tx, who, nr)
		if err != nil {
			return err
		}
		changed := false
		for _, room := range slices.Sorted(maps.Keys(rooms)) {
			put, err := putRoom(tx, v, room, rooms[room].Sessions)
			if err != nil {
				return err
			}
			changed = changed || put
		}
		if v.held > maxKeys {
			return errs.New(errs.TooLarge, "M_TOO_LARGE", "A backup holds at most %d keys.", maxKeys)
		}
		stand, err = settle(tx, v, changed)
		return err
	})
	return stand, err
}

// checkKeys bounds what is to be stored.
func checkKeys(rooms map[string]Sessions) error {
	total := 0
	for room, keys := range rooms {
		if total += len(keys.Sessions); total > maxAtOnce {
			return errs.New(errs.TooLarge, "M_TOO_LARGE", "More than %d keys at once.", maxAtOnce)
		}
		for session, key := range keys.Sessions {
			if err := checkKey(room, session, key); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkKey(room, session string, key Key) error {
	switch {
	case room == "" || len(room) > maxName || session == "" || len(session) > maxName:
		return errs.BadParam("A room id or session id is empty or longer than %d bytes.", maxName)
	case key.Session.Kind() != '{':
		return errs.BadJSON("The session_data of a key must be an object.")
	case len(key.Session) > maxSession:
		return errs.New(errs.TooLarge, "M_TOO_LARGE", "A key is larger than %d bytes.", maxSession)
	case key.FirstIndex < 0 || key.Forwarded < 0:
		return errs.BadParam("first_message_index and forwarded_count must not be negative.")
	}
	return nil
}

// current opens the newest backup, which must be the one the caller means.
func current(tx *store.Tx, who *audit.Caller, nr string) (*version, error) {
	v, err := open(tx, who, "")
	if err != nil {
		return nil, err
	}
	if now := strconv.FormatInt(v.nr, 10); now != nr {
		wrong := errs.New(errs.Forbidden, "M_WRONG_ROOM_KEYS_VERSION", "Keys can be written to the current backup only.")
		wrong.Fields = map[string]any{"current_version": now}
		return nil, wrong
	}
	return v, nil
}

// putRoom stores the keys of a room, and reports whether any was taken.
func putRoom(tx *store.Tx, v *version, room string, sessions map[string]Key) (bool, error) {
	ids := slices.Sorted(maps.Keys(sessions))
	changed := false
	for part := range slices.Chunk(ids, 512) {
		before, err := keysOf(tx, v, room, part)
		if err != nil {
			return false, err
		}
		for _, id := range part {
			old, known := before[id]
			if known && !better(sessions[id], old) {
				continue
			}
			if !known {
				v.held++
			}
			changed = true
			if err := putKey(tx, v, Entry{room, id, sessions[id]}); err != nil {
				return false, err
			}
		}
	}
	return changed, nil
}

// settle writes what a backup holds after a change.
func settle(tx *store.Tx, v *version, changed bool) (Stand, error) {
	if !changed {
		return v.stand(), nil
	}
	v.etag++
	return v.stand(), updateStand(tx, v)
}

// One gives one key. Client-server API, GET /room_keys/keys/{roomId}/{sessionId}.
func (b *Backups) One(ctx context.Context, who *audit.Caller, nr string, at Scope) (Key, error) {
	var key Key
	err := b.db.Read(ctx, func(tx *store.Tx) error {
		v, err := needed(tx, who, nr)
		if err != nil {
			return err
		}
		found, err := keysOf(tx, v, at.Room, []string{at.Session})
		if err != nil {
			return err
		}
		var ok bool
		if key, ok = found[at.Session]; !ok {
			return errs.Absent("The backup holds no such key.")
		}
		return nil
	})
	return key, err
}

// needed opens a numbered backup.
func needed(tx *store.Tx, who *audit.Caller, nr string) (*version, error) {
	if nr == "" {
		return nil, errs.Missing("The version of the backup is missing.")
	}
	return open(tx, who, nr)
}

// pageSize is how many keys are read at once.
const pageSize = 2000

// Walk gives the keys of a scope to visit, in order of room and session, a page of bounded size at a time; a backup may
// hold more than fits in memory. visit is called at least once when the backup exists, with an empty page when it holds
// nothing. Client-server API, GET /room_keys/keys.
func (b *Backups) Walk(ctx context.Context, who *audit.Caller, nr string, at Scope, visit func([]Entry) error) error {
	var after Scope
	for first := true; ; first = false {
		var page []Entry
		err := b.db.Read(ctx, func(tx *store.Tx) error {
			v, err := needed(tx, who, nr)
			if err != nil {
				return err
			}
			page, err = keysAfter(tx, v, at.Room, after, pageSize)
			return err
		})
		if err != nil {
			return err
		}
		if len(page) == 0 && !first {
			return nil
		}
		if err := visit(page); err != nil {
			return err
		}
		if len(page) < pageSize {
			return nil
		}
		last := page[len(page)-1]
		after = Scope{last.Room, last.Session}
	}
}

// Entry is a key with its place.
type Entry struct {
	Room, Session string
	Key           Key
}

// Remove deletes the keys of a scope from a backup. Client-server API, DELETE /room_keys/keys.
func (b *Backups) Remove(ctx context.Context, who *audit.Caller, nr string, at Scope) (Stand, error) {
	var stand Stand
	err := b.db.Write(ctx, func(tx *store.Tx) error {
		v, err := needed(tx, who, nr)
		if err != nil {
			return err
		}
		gone, err := deleteKeys(tx, v, at)
		if err != nil {
			return err
		}
		v.held -= gone
		if stand, err = settle(tx, v, gone > 0); err != nil || gone == 0 {
			return err
		}
		return record(tx, who, "keybackup.remove", v.nr)
	})
	return stand, err
}
