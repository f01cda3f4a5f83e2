package search_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/search"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// staff is a directory of people with accounts.
type staff struct {
	*search.People
	t        testing.TB
	db       *store.DB
	accounts *account.Accounts
	profiles *profile.Profiles
}

func openStaff(t testing.TB, db *store.DB) *staff {
	s := &staff{People: search.NewPeople(db), t: t, db: db, profiles: profile.New(db)}
	s.accounts = account.New(db, account.Config{ServerName: storetest.ServerName}, s.profiles)
	if err := s.accounts.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.accounts.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *staff) add(names ...[2]string) {
	s.t.Helper()
	for _, n := range names {
		if _, err := s.accounts.AddUser(s.t.Context(), &audit.Caller{}, account.NewUser{Name: n[0], DisplayName: n[1]}); err != nil {
			s.t.Fatal(err)
		}
	}
}

func id(local string) string { return "@" + local + ":" + storetest.ServerName }

// finds expects these localparts in this order.
func (s *staff) finds(term string, want ...string) {
	s.t.Helper()
	found, _, err := s.Find(s.t.Context(), term, 10)
	if err != nil {
		s.t.Fatal(err)
	}
	got := []string{}
	for _, p := range found {
		got = append(got, strings.TrimSuffix(strings.TrimPrefix(p.User, "@"), ":"+storetest.ServerName))
	}
	if !slices.Equal(got, append([]string{}, want...)) {
		s.t.Errorf("%q finds %v, want %v", term, got, want)
	}
}

func TestFindPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		s := openStaff(t, open())
		s.add([2]string{"aokafor", "Dr Amara Okafor"}, [2]string{"zlund", "Zoë Lund-Bråthen"}, [2]string{"jsmith", "Jane Smith"},
			[2]string{"jsmith2", "John Smith"}, [2]string{"psmythe", "Priya Smythe"}, [2]string{"role-med-reg", "Medical Registrar on call"},
			[2]string{"cobrien", "Ciarán O’Brien"})
		for term, want := range map[string][]string{
			"okafor":             {"aokafor"},
			"OKA":                {"aokafor"},
			"dr ama":             {"aokafor"},
			"okafor amara":       {"aokafor"},
			"zoe":                {"zlund"},
			"brathen":            {"zlund"},
			"ZOË lund":           {"zlund"},
			"smith":              {"jsmith", "jsmith2"},
			"john smith":         {"jsmith2"},
			"jsmith":             {"jsmith", "jsmith2"},
			id("jsmith2"):        {"jsmith2"},
			"smitth":             {"jsmith", "jsmith2"},
			"simth":              {"jsmith", "jsmith2"},
			"okaffor":            {"aokafor"},
			"regsitrra":          {"role-med-reg"},
			"med reg":            {"role-med-reg"},
			"obrien":             {"cobrien"},
			"ciaran o'brien":     {"cobrien"},
			"kafo":               {"aokafor"},
			"smith okafor":       nil,
			"xq":                 nil,
			"":                   nil,
			"!?":                 nil,
			storetest.ServerName: nil,
		} {
			s.finds(term, want...)
		}
		_, limited, err := s.Find(t.Context(), "smith", 1)
		if err != nil || !limited {
			t.Errorf("one of two: limited %v, %v", limited, err)
		}
		if _, limited, err = s.Find(t.Context(), "smith", 2); err != nil || limited {
			t.Errorf("two of two: limited %v, %v", limited, err)
		}
		for name, ask := range map[string]func() error{
			"long": func() error { _, _, err := s.Find(t.Context(), strings.Repeat("x", 300), 1); return err },
			"none": func() error { _, _, err := s.Find(t.Context(), "x", 0); return err },
		} {
			if err := ask(); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestFindByPost: people are found by what they do and where, alone or with a name; whom the name fits comes first, and a new
// ward shows at once.
func TestFindByPost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		s := openStaff(t, open())
		s.add([2]string{"amensah", "Grace Mensah"}, [2]string{"bward", "Nell Ward"}, [2]string{"oek", "Ola Ek"})
		s.add([2]string{account.ServerLocalpart, "Ward Trust"})
		s.place("amensah", "Staff nurse", "Ward 7 Surgical")
		s.place("bward", "Porter", "Portering")
		s.place("oek", "Charge nurse", "Emergency department")
		for term, want := range map[string][]string{
			"nurse":          {"amensah", "oek"},
			"ward 7":         {"amensah"},
			"ward":           {"bward", "amensah"},
			"grace surgical": {"amensah"},
			"nurse grace":    {"amensah"},
			"porter grace":   nil,
			"emergancy":      {"oek"},
			"wardline":       nil,
			"trust":          nil,
			"NURSE emerg":    {"oek"},
		} {
			s.finds(term, want...)
		}
		s.place("amensah", "Sister", "Ward 9")
		s.finds("ward 9", "amensah")
		s.finds("ward 7")
		got := post(t, handler(search.API{People: s.People}), "ben", peoplePath, `{"search_term":"sister"}`, 200)
		if one := got.Get("results.0"); one.Get(`org\.wardline\.job`).Str != "Sister" || one.Get(`org\.wardline\.ward`).Str != "Ward 9" {
			t.Error(got.Raw)
		}
	})
}

// place gives somebody a job and a ward, as an administrator does.
func (s *staff) place(local, job, ward string) {
	s.t.Helper()
	who := &audit.Caller{User: id("it"), Admin: true}
	for field, value := range map[string]string{profile.Job: job, profile.Ward: ward} {
		if err := s.profiles.Set(s.t.Context(), who, id(local), field, profile.Text(value)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestPeopleFollow: new people, new names and closed accounts show at once.
func TestPeopleFollow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		s := openStaff(t, open())
		s.add([2]string{"amara", "Amara"})
		s.finds("amara", "amara")
		s.add([2]string{"ben", "Ben"})
		s.finds("ben", "ben")
		who := &audit.Caller{User: id("ben")}
		if err := s.profiles.Set(t.Context(), who, who.User, profile.DisplayName, profile.Text("Benedict Hale")); err != nil {
			t.Fatal(err)
		}
		if err := s.profiles.Set(t.Context(), who, who.User, profile.AvatarURL, profile.Text("mxc://northbrook.test/ben")); err != nil {
			t.Fatal(err)
		}
		s.finds("hale", "ben")
		found, _, err := s.Find(t.Context(), "hale", 1)
		if want := (search.Person{User: who.User, Name: "Benedict Hale", Avatar: "mxc://northbrook.test/ben"}); err != nil || found[0] != want {
			t.Errorf("found %v (%v)", found, err)
		}
		if err := s.accounts.Deactivate(t.Context(), &audit.Caller{}, who.User, false); err != nil {
			t.Fatal(err)
		}
		s.finds("ben")
		s.finds("amara", "amara")
	})
}

// seed adds many people at once, as an import does.
func (s *staff) seed(n int) {
	s.t.Helper()
	first := []string{"Amara", "Ben", "Chloe", "Dev", "Esme", "Farid", "Grace", "Hugo", "Imani", "Jonas", "Kwame", "Leila", "Mateus", "Nadia"}
	last := []string{"Okafor", "Lindqvist", "Harrington", "Osei", "Petrov", "Ramanathan", "Silva", "Thornbury", "Umarov", "Vance", "Whitcombe"}
	err := s.db.Write(s.t.Context(), func(tx *store.Tx) error {
		for i := range n {
			user := id(fmt.Sprintf("user%d", i))
			err := tx.Exec(`INSERT INTO account (user_id, password, admin, locked, suspended, deactivated, created) VALUES ($1, '', 0, 0, 0, 0, 0)`, user)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("%s %s%c %s", first[i%len(first)], last[i%len(last)], 'a'+rune(i%26), last[(i/7)%len(last)])
			if err := profile.Begin(tx, user, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func BenchmarkFindPeople(b *testing.B) {
	s := openStaff(b, storetest.Open(b))
	s.seed(30_000)
	for _, term := range []string{"okaforc", "am", "harringtonx petrov", "thronbrury"} {
		if _, _, err := s.Find(b.Context(), term, 10); err != nil {
			b.Fatal(err)
		}
		b.Run(strings.ReplaceAll(term, " ", "+"), func(b *testing.B) {
			for b.Loop() {
				if _, _, err := s.Find(b.Context(), term, 10); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
