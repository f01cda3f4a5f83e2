// Package accountdata keeps what clients and slices of the server store for one person: settings, tags, push rules, the
// list of the ignored (client-server API, "Client Config", "Room Tagging"), and filters ("Filtering"). It does not know
// what the settings mean, but for the tags and the ignored.
package accountdata

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/maypok86/otter/v2"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
)

// Kind is the kind under which changes are announced: the scope is the user, the key what Key makes, the body an *Entry.
const Kind = "account_data"

// The types that this package or its callers give a meaning.
const (
	Tags      = "m.tag"               // of a room
	Ignored   = "m.ignored_user_list" // global
	FullyRead = "m.fully_read"        // of a room; written by package receipt
	PushRules = "m.push_rules"        // global; written by package push
)

// Limits: of a name in bytes, of one entry, and of one person's all.
const (
	maxType    = 255
	maxContent = 256 << 10
	maxEntries = 10_000
	maxTotal   = 16 << 20
)

// Entry is one thing kept for a person.
type Entry struct {
	Room    string         // empty: for the whole account
	Type    string         // "m.direct"
	Content jsontext.Value // an object; do not change it
	Pos     int64          // position of the last change
}

// Shelf is everything kept for one person. Do not change it.
type Shelf struct {
	Entries []Entry // in no order

	bytes   int
	ignored map[string]bool
}

// Keep is the account data of a server.
type Keep struct {
	db      *store.DB
	filters *otter.Cache[filterKey, string]

	mu      sync.Mutex // orders what followers saw before what readers remember
	epoch   int64      // counts changes seen
	shelves *otter.Cache[string, *Shelf]
}

// New gives the account data of a database. Call it before the first write: it follows the log.
func New(db *store.DB) *Keep {
	k := &Keep{
		db: db,
		shelves: otter.Must(&otter.Options[string, *Shelf]{
			MaximumWeight: 64 << 20,
			Weigher:       func(user string, s *Shelf) uint32 { return uint32(len(user) + s.bytes + 256) },
		}),
		filters: otter.Must(&otter.Options[filterKey, string]{
			MaximumWeight: 8 << 20,
			Weigher:       func(key filterKey, content string) uint32 { return uint32(len(key.user) + len(content) + 128) },
		}),
	}
	db.Follow(k.follow)
	return k
}

// Key is the key of a change in the log.
func Key(room, typ string) string { return room + "\n" + typ }

// SplitKey is the reverse of Key.
func SplitKey(key string) (room, typ string) {
	room, typ, _ = strings.Cut(key, "\n")
	return room, typ
}

// Of gives everything kept for a person, from memory in the steady state. A person without any has an empty shelf.
func (k *Keep) Of(ctx context.Context, user string) (*Shelf, error) {
	if s, ok := k.shelves.GetIfPresent(user); ok {
		return s, nil
	}
	k.mu.Lock()
	epoch := k.epoch
	k.mu.Unlock()
	var entries []Entry
	err := k.db.Glance(ctx, func(tx *store.Tx) (err error) {
		entries, err = entriesOf(tx, user)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("accountdata: of a person: %w", err)
	}
	s := shelve(entries)
	k.mu.Lock()
	defer k.mu.Unlock()
	if epoch == k.epoch { // else a change may be missing from what was read
		k.shelves.Set(user, s)
	}
	return s, nil
}

// Since gives the entries that changed after a position.
func (s *Shelf) Since(pos int64) []Entry {
	var out []Entry
	for _, e := range s.Entries {
		if e.Pos > pos {
			out = append(out, e)
		}
	}
	return out
}

// Find gives one entry; ok is false when there is none.
func (s *Shelf) Find(room, typ string) (e Entry, ok bool) {
	for i := range s.Entries {
		if s.Entries[i].Type == typ && s.Entries[i].Room == room {
			return s.Entries[i], true
		}
	}
	return Entry{}, false
}

// Ignores reports whether the person ignores another ("Ignoring Users").
func (s *Shelf) Ignores(other string) bool { return s.ignored[other] }

// Ignores reports whether a person ignores another. A failing database answers no: a message too many does no harm.
func (k *Keep) Ignores(ctx context.Context, user, other string) bool {
	s, err := k.Of(ctx, user)
	return err == nil && s.Ignores(other)
}

// Entry gives one entry of the caller's own; errs.NotFound when there is none.
func (k *Keep) Entry(ctx context.Context, who *audit.Caller, user, room, typ string) (jsontext.Value, error) {
	if err := checkName(who, user, room, typ); err != nil {
		return nil, err
	}
	s, err := k.Of(ctx, user)
	if err != nil {
		return nil, err
	}
	e, ok := s.Find(room, typ)
	if !ok {
		return nil, errs.Absent("No account data of this type has been stored.")
	}
	return e.Content, nil
}

// Put stores an entry for a client. Types that the server manages are refused (405), as are other people's data.
func (k *Keep) Put(ctx context.Context, who *audit.Caller, user, room, typ string, content jsontext.Value) error {
	if err := checkName(who, user, room, typ); err != nil {
		return err
	}
	if typ == FullyRead || typ == PushRules {
		return errs.New(errs.NotAllowed, "M_BAD_JSON", "%s is managed by the server and has an endpoint of its own.", typ)
	}
	if content.Kind() != '{' {
		return errs.BadJSON("Account data must be a JSON object.")
	}
	if len(content) > maxContent {
		return errs.New(errs.TooLarge, "M_TOO_LARGE", "An entry of account data may be at most %d KiB.", maxContent>>10)
	}
	s, err := k.Of(ctx, user)
	if err != nil {
		return err
	}
	old, exists := s.Find(room, typ)
	if exists && bytes.Equal(old.Content, content) {
		return nil // clients store the same again and again: nobody needs to hear of it
	}
	if err := s.spare(exists, len(content)-len(old.Content)); err != nil {
		return err
	}
	return k.db.Write(ctx, func(tx *store.Tx) error {
		if err := Set(tx, user, room, typ, content); err != nil {
			return err
		}
		return audit.Record(tx, who, audit.Entry{Action: "accountdata.put", Object: room, Detail: known(typ)})
	})
}

// spare refuses what would be too much for one person.
func (s *Shelf) spare(exists bool, more int) error {
	if !exists && len(s.Entries) >= maxEntries || s.bytes+more > maxTotal {
		return errs.New(errs.TooLarge, "M_TOO_LARGE", "There is too much account data. Remove some before you store more.")
	}
	return nil
}

// Set stores an entry in the transaction of another verb: push rules, read markers, tags. The caller has checked it.
func Set(tx *store.Tx, user, room, typ string, content jsontext.Value) error {
	e := &Entry{Room: room, Type: typ, Content: bytes.Clone(content)}
	e.Pos = tx.Log(Kind, user, Key(room, typ), e)
	return putEntry(tx, user, e)
}

// Erase removes everything kept for a person in the transaction of another verb.
func Erase(tx *store.Tx, user string) error {
	tx.Log(Kind, user, Key("", ""), nil)
	if err := deleteEntries(tx, user); err != nil {
		return err
	}
	return deleteFilters(tx, user)
}

// follow keeps the shelves in step with the log.
func (k *Keep) follow(b store.Batch) {
	if b.Gap {
		k.mu.Lock()
		k.epoch++
		k.shelves.InvalidateAll()
		k.mu.Unlock()
	}
	for _, c := range b.Changes {
		if c.Kind != Kind {
			continue
		}
		k.mu.Lock()
		k.epoch++
		if s, ok := k.shelves.GetIfPresent(c.Scope); ok {
			if e, ok := c.Body.(*Entry); ok && !b.Foreign {
				k.shelves.Set(c.Scope, s.with(*e))
			} else {
				k.shelves.Invalidate(c.Scope)
			}
		}
		k.mu.Unlock()
	}
}

// with gives a shelf with an entry put in.
func (s *Shelf) with(e Entry) *Shelf {
	entries := make([]Entry, 0, len(s.Entries)+1)
	for _, old := range s.Entries {
		if old.Type != e.Type || old.Room != e.Room {
			entries = append(entries, old)
		}
	}
	return shelve(append(entries, e))
}

func shelve(entries []Entry) *Shelf {
	s := &Shelf{Entries: entries}
	for _, e := range entries {
		s.bytes += len(e.Room) + len(e.Type) + len(e.Content) + 80
		if e.Type == Ignored && e.Room == "" {
			s.ignored = ignoredIn(e.Content)
		}
	}
	return s
}

// ignoredIn reads m.ignored_user_list; what is malformed ignores nobody.
func ignoredIn(content jsontext.Value) map[string]bool {
	var list struct {
		Users map[string]jsontext.Value `json:"ignored_users"`
	}
	if json.Unmarshal(content, &list) != nil {
		return nil
	}
	ignored := make(map[string]bool, len(list.Users))
	for user := range list.Users {
		ignored[user] = true
	}
	return ignored
}

// checkName: one's own data only, under a name and in a room that can be.
func checkName(who *audit.Caller, user, room, typ string) error {
	if who.User != user {
		return errs.Forbid("You cannot see or change the account data of someone else.")
	}
	if room != "" && !validRoom(room) {
		return errs.BadParam("This is not a valid room id.")
	}
	if typ == "" || len(typ) > maxType {
		return errs.BadParam("The type of account data must be 1 to %d bytes long.", maxType)
	}
	return nil
}

// validRoom judges the form of a room id: whether there is such a room, only package room knows, and data about a room one
// has left is still one's own. Key needs ids without line feeds.
func validRoom(room string) bool { return matrix.ValidRoomID(room) && !strings.Contains(room, "\n") }

// known keeps names that a client made up out of the record.
func known(typ string) string {
	if strings.HasPrefix(typ, "m.") && len(typ) <= 64 {
		return typ
	}
	return "other"
}
