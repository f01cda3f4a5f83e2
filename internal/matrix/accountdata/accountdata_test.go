package accountdata

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

const (
	alice = "@alice:" + storetest.ServerName
	bob   = "@bob:" + storetest.ServerName
	room  = "!ward7:" + storetest.ServerName
	side  = "!sideroom:" + storetest.ServerName
)

var asAlice = &audit.Caller{User: alice}

func each(t *testing.T, test func(t *testing.T, k *Keep, db *store.DB)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		test(t, New(db), db)
	})
}

func code(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestPut(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, _ *store.DB) {
		ctx := t.Context()
		large := `{"a":"` + strings.Repeat("x", maxContent) + `"}`
		for _, c := range []struct {
			name, user, room, typ, content, code string
			kind                                 errs.Kind
		}{
			{"global", alice, "", "m.direct", `{"@b:x":["!r:x"]}`, "", 0},
			{"of a room", alice, room, "org.example.setting", `{}`, "", 0},
			{"of a room of version 12", alice, "!" + strings.Repeat("a", 43), "a", `{}`, "", 0},
			{"someone else's", bob, "", "m.direct", `{}`, "M_FORBIDDEN", errs.Forbidden},
			{"someone else's, of a room", bob, room, "m.direct", `{}`, "M_FORBIDDEN", errs.Forbidden},
			{"read marker", alice, room, "m.fully_read", `{}`, "M_BAD_JSON", errs.NotAllowed},
			{"push rules", alice, "", "m.push_rules", `{}`, "M_BAD_JSON", errs.NotAllowed},
			{"no object", alice, "", "a", `[]`, "M_BAD_JSON", errs.Invalid},
			{"null", alice, "", "a", `null`, "M_BAD_JSON", errs.Invalid},
			{"no room id", alice, "ward7", "a", `{}`, "M_INVALID_PARAM", errs.Invalid},
			{"a user for a room", alice, bob, "a", `{}`, "M_INVALID_PARAM", errs.Invalid},
			{"a line feed in the room", alice, "!a\nb:" + storetest.ServerName, "a", `{}`, "M_INVALID_PARAM", errs.Invalid},
			{"type of 255 bytes", alice, "", strings.Repeat("a", 255), `{}`, "", 0},
			{"type of 256 bytes", alice, "", strings.Repeat("a", 256), `{}`, "M_INVALID_PARAM", errs.Invalid},
			{"no type", alice, "", "", `{}`, "M_INVALID_PARAM", errs.Invalid},
			{"too large", alice, "", "a", large, "M_TOO_LARGE", errs.TooLarge},
		} {
			err := k.Put(ctx, asAlice, c.user, c.room, c.typ, jsontext.Value(c.content))
			if code(err) != c.code || err != nil && errs.Of(err) != c.kind {
				t.Errorf("%s: %v, want %q", c.name, err, c.code)
			}
			got, err := k.Entry(ctx, asAlice, c.user, c.room, c.typ)
			if c.code == "" && (err != nil || string(got) != c.content) {
				t.Errorf("%s: reads as %s (%v)", c.name, got, err)
			}
		}
		if _, err := k.Entry(ctx, asAlice, alice, "", "absent"); !errs.Is(err, errs.NotFound) {
			t.Errorf("absent: %v", err)
		}
		if _, err := k.Entry(ctx, asAlice, alice, room, "m.direct"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a global entry asked of a room: %v", err)
		}
		if _, err := k.Entry(ctx, asAlice, bob, "", "m.direct"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("someone else's: %v", err)
		}
	})
}

func TestAnnouncedOnce(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, db *store.DB) {
		ctx := t.Context()
		var seen []store.Change
		db.Follow(func(b store.Batch) { seen = append(seen, b.Changes...) })
		for _, content := range []string{`{"a":1}`, `{"a":1}`, `{"a":2}`} {
			if err := k.Put(ctx, asAlice, alice, room, "t", jsontext.Value(content)); err != nil {
				t.Fatal(err)
			}
		}
		if len(seen) != 2 {
			t.Fatalf("announced %d times, want 2", len(seen))
		}
		e, ok := seen[1].Body.(*Entry)
		if !ok || e.Pos != seen[1].Pos || e.Room != room || e.Type != "t" || string(e.Content) != `{"a":2}` {
			t.Errorf("announced %+v", seen[1])
		}
		if r, typ := SplitKey(seen[1].Key); r != room || typ != "t" || seen[1].Scope != alice || seen[1].Kind != Kind {
			t.Errorf("announced %+v", seen[1])
		}
		shelf, err := k.Of(ctx, alice)
		if err != nil || len(shelf.Since(seen[0].Pos)) != 1 || len(shelf.Since(seen[1].Pos)) != 0 || len(shelf.Since(0)) != 1 {
			t.Errorf("since: %+v (%v)", shelf, err)
		}
	})
}

func TestIgnores(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, _ *store.DB) {
		ctx := t.Context()
		if k.Ignores(ctx, alice, bob) {
			t.Error("ignores before anything was said")
		}
		for content, want := range map[string]bool{
			`{"ignored_users":{"` + bob + `":{}}}`: true, `{"ignored_users":{}}`: false, `{"ignored_users":["` + bob + `"]}`: false, `{}`: false,
		} {
			if err := k.Put(ctx, asAlice, alice, "", Ignored, jsontext.Value(content)); err != nil {
				t.Fatal(err)
			}
			if k.Ignores(ctx, alice, bob) != want || k.Ignores(ctx, bob, alice) {
				t.Errorf("%s: want %v", content, want)
			}
		}
	})
}

func TestErase(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, db *store.DB) {
		ctx := t.Context()
		if err := k.Put(ctx, asAlice, alice, "", "m.direct", jsontext.Value(`{}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Of(ctx, alice); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, func(tx *store.Tx) error { return Erase(tx, alice) }); err != nil {
			t.Fatal(err)
		}
		if shelf, err := k.Of(ctx, alice); err != nil || len(shelf.Entries) != 0 {
			t.Errorf("remains: %+v (%v)", shelf, err)
		}
	})
}

// What memory says equals what the database says, after any changes by any path, seen by this node or another.
func TestMemoryEqualsDatabase(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, db *store.DB) {
		ctx := t.Context()
		rapid.Check(t, func(rt *rapid.T) {
			for range rapid.IntRange(1, 8).Draw(rt, "changes") {
				in := rapid.SampledFrom([]string{"", room, side}).Draw(rt, "room")
				typ := rapid.SampledFrom([]string{"a", "b", Ignored}).Draw(rt, "type")
				content := jsontext.Value(fmt.Sprintf(`{"n":%d}`, rapid.IntRange(0, 3).Draw(rt, "n")))
				err := error(nil)
				switch rapid.IntRange(0, 5).Draw(rt, "how") {
				case 0:
					err = db.Write(ctx, func(tx *store.Tx) error { return Set(tx, alice, in, typ, content) })
				case 1:
					err = db.Write(ctx, func(tx *store.Tx) error { return Erase(tx, alice) })
				case 3:
					k.follow(store.Batch{Foreign: true, Gap: true})
				case 2:
					k.follow(store.Batch{Foreign: true, Changes: []store.Change{{Kind: Kind, Scope: alice, Key: Key(in, typ)}}})
				default:
					err = k.Put(ctx, asAlice, alice, in, typ, content)
				}
				if err != nil {
					rt.Fatal(err)
				}
				got, err := k.Of(ctx, alice)
				if err != nil {
					rt.Fatal(err)
				}
				want := read(rt, db)
				order := func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Room, b.Room), cmp.Compare(a.Type, b.Type)) }
				have := slices.SortedFunc(slices.Values(got.Entries), order)
				slices.SortFunc(want, order)
				if fmt.Sprint(have) != fmt.Sprint(want) {
					rt.Fatalf("memory %v, database %v", have, want)
				}
			}
		})
	})
}

func read(t *rapid.T, db *store.DB) (out []Entry) {
	err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
		out, err = entriesOf(tx, alice)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Readers and writers at once: who reads after a change was answered sees it.
func TestReadYourWrite(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, _ *store.DB) {
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				typ := fmt.Sprint("t", i)
				for n := range 20 {
					content := fmt.Sprintf(`{"n":%d}`, n)
					if err := k.Put(t.Context(), asAlice, alice, "", typ, jsontext.Value(content)); err != nil {
						t.Error(err)
						return
					}
					if got, err := k.Entry(t.Context(), asAlice, alice, "", typ); err != nil || string(got) != content {
						t.Errorf("%s reads as %s (%v)", content, got, err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestTags(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, _ *store.DB) {
		ctx := t.Context()
		for _, c := range []struct{ name, user, room, tag, content, code string }{
			{"favourite", alice, room, "m.favourite", `{"order":0.5}`, ""},
			{"without order", alice, room, "u.Customers", `{}`, ""},
			{"order 0", alice, room, "u.first", `{"order":0}`, ""},
			{"order 1", alice, room, "u.last", `{"order":1}`, ""},
			{"order 2", alice, room, "u.x", `{"order":2}`, "M_INVALID_PARAM"},
			{"order below 0", alice, room, "u.x", `{"order":-0.1}`, "M_INVALID_PARAM"},
			{"order in words", alice, room, "u.x", `{"order":"0.5"}`, "M_BAD_JSON"},
			{"no tag", alice, room, "", `{}`, "M_INVALID_PARAM"},
			{"long", alice, room, "u." + strings.Repeat("x", 254), `{}`, "M_INVALID_PARAM"},
			{"someone else's", bob, room, "u.x", `{}`, "M_FORBIDDEN"},
			{"no room", alice, "ward7", "u.x", `{}`, "M_INVALID_PARAM"},
		} {
			if err := k.Tag(ctx, asAlice, c.user, c.room, c.tag, jsontext.Value(c.content)); code(err) != c.code {
				t.Errorf("%s: %v, want %q", c.name, err, c.code)
			}
		}
		tags, err := k.RoomTags(ctx, asAlice, alice, room)
		if err != nil || len(tags) != 4 || string(tags["m.favourite"]) != `{"order":0.5}` {
			t.Errorf("tags %v (%v)", tags, err)
		}
		content, err := k.Entry(ctx, asAlice, alice, room, Tags)
		if err != nil || !strings.HasPrefix(string(content), `{"tags":{"m.favourite":{"order":0.5}`) {
			t.Errorf("as account data: %s (%v)", content, err)
		}
		for range 2 {
			if err := k.Untag(ctx, asAlice, alice, room, "m.favourite"); err != nil {
				t.Error(err)
			}
		}
		if err := k.Untag(ctx, asAlice, bob, room, "m.favourite"); !errs.Is(err, errs.Forbidden) {
			t.Errorf("someone else's: %v", err)
		}
		if tags, err = k.RoomTags(ctx, asAlice, alice, room); err != nil || len(tags) != 3 {
			t.Errorf("tags %v (%v)", tags, err)
		}
		if tags, err = k.RoomTags(ctx, asAlice, alice, side); err != nil || tags == nil || len(tags) != 0 {
			t.Errorf("tags of another room %v (%v)", tags, err)
		}
	})
}

func TestTagsAreBounded(t *testing.T) {
	k, ctx := New(storetest.Open(t)), t.Context()
	large := jsontext.Value(`{"a":"` + strings.Repeat("x", maxContent-100) + `"}`)
	for i := range maxTotal/maxContent - 1 {
		if err := k.Tag(ctx, asAlice, alice, fmt.Sprintf("!r%d:%s", i, storetest.ServerName), "a", large); err != nil {
			t.Fatalf("room %d: %v", i, err)
		}
	}
	if err := k.Tag(ctx, asAlice, alice, room, "a", large); code(err) != "M_TOO_LARGE" {
		t.Errorf("one more: %v", err)
	}
	if err := k.Untag(ctx, asAlice, alice, "!r0:"+storetest.ServerName, "a"); err != nil {
		t.Errorf("making room: %v", err)
	}
	if err := k.Tag(ctx, asAlice, alice, room, "a", large); err != nil {
		t.Errorf("with room made: %v", err)
	}
}

func TestTagsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, _ *store.DB) {
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := k.Tag(t.Context(), asAlice, alice, room, fmt.Sprint("u.", i), jsontext.Value(`{}`)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if tags, err := k.RoomTags(t.Context(), asAlice, alice, room); err != nil || len(tags) != 20 {
			t.Errorf("%d tags of 20 (%v)", len(tags), err)
		}
		for i := 20; ; i++ {
			err := k.Tag(t.Context(), asAlice, alice, room, fmt.Sprint("u.", i), jsontext.Value(`{}`))
			if i == maxTags {
				if !errs.Is(err, errs.TooLarge) {
					t.Errorf("one tag too many: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, k *Keep, db *store.DB) {
		ctx := t.Context()
		keep := func(content string) (string, error) {
			return k.StoreFilter(ctx, asAlice, alice, jsontext.Value(content))
		}
		id, err := keep(`{"room": {"timeline": {"limit": 20}}}`)
		if err != nil || strings.HasPrefix(id, "{") || id == "" {
			t.Fatalf("id %q (%v)", id, err)
		}
		if again, err := keep(`{"room":{"timeline":{"limit":20}}}`); err != nil || again != id {
			t.Errorf("the same filter is %q, not %q (%v)", again, id, err)
		}
		for range 2 { // from the database, then from memory
			got, err := k.Filter(ctx, asAlice, alice, id)
			if err != nil || string(got) != `{"room":{"timeline":{"limit":20}}}` {
				t.Errorf("reads as %s (%v)", got, err)
			}
		}
		for name, c := range map[string]struct{ content, code string }{
			"limit in words": {`{"room":{"timeline":{"limit":"x"}}}`, "M_BAD_JSON"},
			"types no list":  {`{"room":{"timeline":{"types":7}}}`, "M_BAD_JSON"},
			"no object":      {`[]`, "M_BAD_JSON"},
			"too large":      {`{"x":"` + strings.Repeat("x", maxFilter) + `"}`, "M_TOO_LARGE"},
		} {
			if _, err := keep(c.content); code(err) != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := k.Filter(ctx, asAlice, alice, "nonsense"); !errs.Is(err, errs.NotFound) {
			t.Errorf("absent: %v", err)
		}
		if _, err := k.Filter(ctx, asAlice, bob, id); !errs.Is(err, errs.Forbidden) {
			t.Errorf("someone else's: %v", err)
		}
		if _, err := k.Filter(ctx, &audit.Caller{User: bob}, bob, id); !errs.Is(err, errs.NotFound) {
			t.Errorf("an id of another person: %v", err)
		}
		for i := range maxFilters + 5 {
			if _, err := keep(fmt.Sprintf(`{"room":{"timeline":{"limit":%d}}}`, i+100)); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		err = db.Read(ctx, func(tx *store.Tx) error { return tx.Row(`SELECT COUNT(*) FROM sync_filter`, nil, &n) })
		if err != nil || n != maxFilters {
			t.Errorf("%d filters are kept (%v)", n, err)
		}
	})
}
