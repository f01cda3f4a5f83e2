package account

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/matrix/account/credential"
	"github.com/wardline/wardline/internal/platform/errs"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/platform/store/storetest"
)

// code gives the Matrix code of an error and whether it says soft_logout.
func code(err error) (string, bool) {
	var e *errs.Error
	if !errors.As(err, &e) {
		return "", false
	}
	soft, _ := e.Fields["soft_logout"].(bool)
	return e.Code, soft
}

func (r *rig) refused(token, want string, soft bool) {
	r.t.Helper()
	_, err := r.Authenticate(r.t.Context(), token, ward7)
	if got, gotSoft := code(err); got != want || gotSoft != soft {
		r.t.Fatalf("token answered by %v (soft %v), want %s (soft %v)", err, gotSoft, want, soft)
	}
}

func TestSignInAndOut(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		for _, typed := range []string{"alice", "Alice ", alice, strings.ToUpper(alice)} {
			s := r.login(typed, SignIn{Name: "Ward phone"})
			if s.User != alice || len(s.Device) != 10 || s.Refresh != "" || s.Expires != 0 {
				t.Fatalf("%q signed in as %+v", typed, s)
			}
		}
		first, second := r.login("alice", SignIn{}), r.login("alice", SignIn{})
		who := r.who(first.Access)
		if who.User != alice || who.Device != first.Device || who.Addr != ward7 || who.Admin || who.Token == 0 {
			t.Fatalf("the token stands for %+v", who)
		}
		if err := r.Logout(t.Context(), who); err != nil {
			t.Fatal(err)
		}
		r.refused(first.Access, "M_UNKNOWN_TOKEN", false)
		if err := r.LogoutAll(t.Context(), r.who(second.Access)); err != nil {
			t.Fatal(err)
		}
		r.refused(second.Access, "M_UNKNOWN_TOKEN", false)
		if devices, err := r.Devices(t.Context(), alice); err != nil || len(devices) != 0 {
			t.Fatalf("devices after signing out everywhere: %v, %v", devices, err)
		}
		for action, n := range map[string]int{"account.login": 6, "account.logout": 1, "account.logout_all": 1} {
			if got := r.recorded(action); got != n {
				t.Errorf("%d records of %s, want %d", got, action, n)
			}
		}
	})
}

func TestOnlyHashesAreKept(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		s := r.login("alice", SignIn{Refresh: true})
		var all strings.Builder
		err := r.db.Read(t.Context(), func(tx *store.Tx) error {
			for _, q := range []string{"SELECT hash FROM token", "SELECT password FROM account", "SELECT detail FROM audit"} {
				rows, err := tx.Query(q)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					var text string
					if err := rows.Scan(&text); err != nil {
						return err
					}
					all.WriteString(text + "\n")
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, plain := range []string{s.Access, s.Refresh, password} {
			if strings.Contains(all.String(), plain) {
				t.Errorf("the database holds %q", plain)
			}
		}
		if !strings.Contains(all.String(), hashOf(s.Access)) || !strings.Contains(all.String(), "$argon2id$") {
			t.Error("the hashes are missing")
		}
	})
}

func TestTokensThatAreNone(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		s := r.login("alice", SignIn{Refresh: true})
		for _, token := range []string{
			"", "x", s.Access + "x", s.Access[:len(s.Access)-1], strings.ToUpper(s.Access), s.Refresh, hashOf(s.Access),
			strings.Repeat("a", 100_000), "\x00", "wlat_",
		} {
			r.refused(token, "M_UNKNOWN_TOKEN", false)
		}
		r.who(s.Access)
	})
}

func TestSameDeviceReplacesTokens(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		r.add("bob")
		old := r.login("alice", SignIn{Device: "PHONE", Name: "First name", Refresh: true})
		r.who(old.Access)
		other := r.login("bob", SignIn{Device: "PHONE"})
		again := r.login("alice", SignIn{Device: "PHONE", Name: "Another name"})
		r.refused(old.Access, "M_UNKNOWN_TOKEN", false)
		if _, err := r.Refresh(t.Context(), operator, old.Refresh); err == nil {
			t.Error("the replaced refresh token is still good")
		}
		if who := r.who(again.Access); who.Device != "PHONE" {
			t.Errorf("signed in on %s", who.Device)
		}
		if who := r.who(other.Access); who.User != bob {
			t.Errorf("bob's token stands for %s", who.User)
		}
		if d, err := r.Device(t.Context(), alice, "PHONE"); err != nil || d.Name != "First name" {
			t.Errorf("the device is %+v, %v", d, err)
		}
	})
}

func TestRefresh(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.add("alice")
		first := r.login("alice", SignIn{Refresh: true})
		if first.Expires != time.Hour {
			t.Fatalf("the access token is good for %v", first.Expires)
		}
		session := r.who(first.Access).Token

		lost, err := r.Refresh(ctx, operator, first.Refresh) // its answer never arrived
		if err != nil {
			t.Fatal(err)
		}
		second, err := r.Refresh(ctx, operator, first.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		r.who(first.Access) // still good: nothing new has been used

		if who := r.who(second.Access); who.Device != first.Device || who.Token != session {
			t.Fatalf("the new token stands for %+v", who)
		}
		r.refused(first.Access, "M_UNKNOWN_TOKEN", false)
		r.refused(lost.Access, "M_UNKNOWN_TOKEN", false)
		for _, spent := range []string{first.Refresh, lost.Refresh} {
			_, err := r.Refresh(ctx, operator, spent)
			if got, soft := code(err); got != "M_UNKNOWN_TOKEN" || soft {
				t.Fatalf("a spent refresh token is answered by %v", err)
			}
		}
		if n := r.recorded("account.refresh_refused"); n != 2 {
			t.Errorf("%d replays recorded, want 2", n)
		}
		r.who(second.Access) // a replay does not end the session

		third, err := r.Refresh(ctx, operator, second.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		fourth, err := r.Refresh(ctx, operator, third.Refresh) // using the refresh token alone confirms the pair, too
		if err != nil {
			t.Fatal(err)
		}
		r.refused(second.Access, "M_UNKNOWN_TOKEN", false)
		r.who(fourth.Access)
	})
}

func TestRefreshIsBounded(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		s := r.login("alice", SignIn{Refresh: true})
		var last Session
		for range 3 * maxSiblings {
			var err error
			if last, err = r.Refresh(t.Context(), operator, s.Refresh); err != nil {
				t.Fatal(err)
			}
			r.pass(time.Second)
		}
		var n int
		err := r.db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM token`, nil, &n)
		})
		if err != nil || n > 2*(maxSiblings+1) {
			t.Errorf("%d tokens of one session (%v)", n, err)
		}
		r.who(last.Access)
	})
}

func TestExpiry(t *testing.T) {
	each(t, func(c *Config) { c.RefreshLifetime, c.PlainLifetime = 48*time.Hour, 12*time.Hour }, func(t *testing.T, r *rig) {
		r.add("alice")
		s, plain := r.login("alice", SignIn{Refresh: true}), r.login("alice", SignIn{})
		r.who(s.Access)
		r.pass(time.Hour - time.Millisecond)
		r.who(s.Access)
		r.pass(time.Millisecond)
		r.refused(s.Access, "M_UNKNOWN_TOKEN", true)
		r.who(plain.Access)
		r.pass(11 * time.Hour)
		r.refused(plain.Access, "M_UNKNOWN_TOKEN", true)
		s, err := r.Refresh(t.Context(), operator, s.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		r.who(s.Access)
		r.pass(48 * time.Hour)
		_, err = r.Refresh(t.Context(), operator, s.Refresh)
		if got, soft := code(err); got != "M_UNKNOWN_TOKEN" || !soft {
			t.Errorf("an expired refresh token is answered by %v", err)
		}
	})
}

func TestFailedSignIns(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.add("alice")
		if _, err := r.AddUser(ctx, operator, NewUser{Name: "role-med-reg"}); err != nil {
			t.Fatal(err)
		}
		gone := r.add("carol")
		if err := r.Deactivate(ctx, operator, gone, false); err != nil {
			t.Fatal(err)
		}
		for name, try := range map[string][2]string{
			"wrong password":       {"alice", "wrong"},
			"empty password":       {"alice", ""},
			"huge password":        {"alice", strings.Repeat("a", 10_000)},
			"unknown":              {"nobody", password},
			"impossible name":      {"no body\x00", password},
			"other server":         {"@alice:elsewhere.example", password},
			"no password set":      {"role-med-reg", ""},
			"deactivated":          {"carol", password},
			"password for a name":  {password, password},
			"name of another case": {"@alice", password},
		} {
			_, err := r.Login(ctx, operator, try[0], try[1], SignIn{})
			var e *errs.Error
			if !errors.As(err, &e) || e.Kind != errs.Forbidden || e.Message != wrongPassword().Error() {
				t.Errorf("%s: answered by %v", name, err)
			}
		}
	})
}

func TestGuessesAreLimited(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.add("alice")
		r.add("bob")
		for _, name := range []string{"alice", "nobody"} {
			for i := range guessBurst {
				if _, err := r.Login(ctx, operator, name, "wrong", SignIn{}); !errs.Is(err, errs.Forbidden) {
					t.Fatalf("guess %d at %s: %v", i, name, err)
				}
			}
			_, err := r.Login(ctx, operator, name, password, SignIn{})
			var e *errs.Error
			if !errors.As(err, &e) || e.Kind != errs.Limited || e.Retry <= 0 || e.Retry > guessEvery {
				t.Fatalf("one guess too many at %s: %v", name, err)
			}
		}
		r.login("bob", SignIn{}) // others are not concerned
		r.pass(guessEvery)
		for range 3 * guessBurst {
			r.login("alice", SignIn{Device: "D"}) // who knows the password is never limited
		}
	})
}

func TestUnknownNamesAreNotRecorded(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		for _, name := range []string{"hunter2hunter2", "alice"} {
			if _, err := r.Login(t.Context(), operator, name, "wrong", SignIn{}); err == nil {
				t.Fatal("signed in")
			}
		}
		r.login("alice", SignIn{}) // its commit comes after the record's
		if n := r.recorded("account.wrong_password"); n != 1 {
			t.Errorf("%d failures recorded, want 1", n)
		}
	})
}

func TestRehash(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		id := r.add("alice")
		before, err := r.User(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		r.hasher = credential.New(credential.Cost{Time: 2, Memory: 64, Lanes: 1})
		r.login("alice", SignIn{})
		after, err := r.User(t.Context(), id)
		if err != nil || after.hash == before.hash || !strings.Contains(after.hash, "t=2") {
			t.Fatalf("the hash became %q (%v)", after.hash, err)
		}
		r.login("alice", SignIn{})
		if again, _ := r.User(t.Context(), id); again.hash != after.hash {
			t.Error("hashed again for nothing")
		}
	})
}

func TestLock(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.add("alice")
		s, other := r.login("alice", SignIn{Refresh: true}), r.login("alice", SignIn{})
		r.who(s.Access)
		if err := r.Lock(ctx, operator, alice, true); err != nil {
			t.Fatal(err)
		}
		r.refused(s.Access, "M_USER_LOCKED", true)
		if _, err := r.Refresh(ctx, operator, s.Refresh); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("refreshing a locked account: %v", err)
		}
		_, err := r.Login(ctx, operator, "alice", password, SignIn{})
		if got, soft := code(err); got != "M_USER_LOCKED" || !soft {
			t.Errorf("signing in to a locked account: %v", err)
		}
		r.want(401, "M_USER_LOCKED", "GET", v3+"/account/whoami", other.Access, nil)
		r.want(200, "", "POST", v3+"/logout", other.Access, "{}")
		if err := r.Lock(ctx, operator, alice, false); err != nil {
			t.Fatal(err)
		}
		r.who(s.Access) // the session has survived
		r.refused(other.Access, "M_UNKNOWN_TOKEN", false)
	})
}

func TestSuspend(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.add("alice")
		s := r.login("alice", SignIn{})
		r.who(s.Access)
		if err := r.Suspend(ctx, operator, alice, true); err != nil {
			t.Fatal(err)
		}
		who := r.who(s.Access)
		if !who.Suspended {
			t.Fatal("the session does not know that it is suspended")
		}
		err := r.profiles.Set(ctx, who, alice, "displayname", []byte(`"Dr A"`))
		if got, _ := code(err); got != "M_USER_SUSPENDED" {
			t.Errorf("changing a profile while suspended: %v", err)
		}
		r.login("alice", SignIn{})
		if err := r.Suspend(ctx, operator, alice, false); err != nil {
			t.Fatal(err)
		}
		if r.who(s.Access).Suspended {
			t.Error("still suspended")
		}
	})
}

func TestPasswordResetEndsSessions(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.add("alice")
		s := r.login("alice", SignIn{})
		if err := r.ResetPassword(ctx, operator, alice, "another three words"); err != nil {
			t.Fatal(err)
		}
		r.refused(s.Access, "M_UNKNOWN_TOKEN", false)
		if _, err := r.Login(ctx, operator, "alice", password, SignIn{}); err == nil {
			t.Error("the old password is still good")
		}
		if _, err := r.Login(ctx, operator, "alice", "another three words", SignIn{}); err != nil {
			t.Error(err)
		}
	})
}

// A password that was verified just before it was changed must not sign anyone in after.
func TestSignInAfterPasswordHasChanged(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		known, err := r.User(ctx, r.add("alice"))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.ResetPassword(ctx, operator, alice, "another three words"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.signIn(ctx, operator, known, SignIn{}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("signed in with a password that is no more: %v", err)
		}
	})
}

func TestTooManyDevices(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		var gone []string
		r.DeviceGone = func(_ *store.Tx, _, device string) error {
			gone = append(gone, device)
			return nil
		}
		first := r.login("alice", SignIn{Device: "FIRST"})
		for range fewDevices {
			r.pass(time.Minute)
			r.login("alice", SignIn{})
		}
		devices, err := r.Devices(t.Context(), alice)
		if err != nil || len(devices) != fewDevices {
			t.Fatalf("%d devices (%v)", len(devices), err)
		}
		r.refused(first.Access, "M_UNKNOWN_TOKEN", false)
		if len(gone) != 1 || gone[0] != "FIRST" {
			t.Errorf("gone: %v", gone)
		}
	})
}

func TestSeen(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		ctx := t.Context()
		r.add("alice")
		r.seen.timer = time.NewTimer(time.Hour) // nothing is written but by this test
		s := r.login("alice", SignIn{Device: "PHONE"})
		r.pass(time.Hour)
		position := r.db.Position()
		for range 100 {
			r.who(s.Access)
		}
		if n := len(r.seen.waiting); n != 1 {
			t.Fatalf("%d sightings wait after 100 requests of a device", n)
		}
		if err := r.seen.write(ctx, r.seen.take()); err != nil {
			t.Fatal(err)
		}
		d, err := r.Device(ctx, alice, "PHONE")
		if err != nil || d.Addr != ward7.String() || !d.Seen.Equal(r.now()) {
			t.Errorf("the device was seen as %+v (%v)", d, err)
		}
		if r.db.Position() != position {
			t.Error("seeing a device took a position")
		}
	})
}

// Requests, sign-outs and refreshes at once: no token outlives its sign-out.
func TestConcurrentSignOut(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					s, err := r.Login(t.Context(), operator, "alice", password, SignIn{})
					if err != nil {
						t.Error(err)
						return
					}
					who, err := r.Authenticate(t.Context(), s.Access, ward7)
					if err != nil {
						t.Error(err)
						return
					}
					if err := r.Logout(t.Context(), who); err != nil {
						t.Error(err)
						return
					}
					if _, err := r.Authenticate(t.Context(), s.Access, ward7); !errs.Is(err, errs.Unauthenticated) {
						t.Errorf("a token is good after its sign-out: %v", err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestDeviceIDs(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		r.DeviceRefused = func(_ *store.Tx, _, device string) error {
			if device == "CROSSSIGNING" {
				return errs.Forbid("taken")
			}
			return nil
		}
		for id, want := range map[string]errs.Kind{
			strings.Repeat("D", 256): errs.Invalid, "a\x00b": errs.Invalid, "line\nfeed": errs.Invalid, "CROSSSIGNING": errs.Forbidden,
		} {
			_, err := r.Login(t.Context(), operator, "alice", password, SignIn{Device: id})
			if !errs.Is(err, want) {
				t.Errorf("device %q: %v", id, err)
			}
		}
		_, err := r.Login(t.Context(), operator, "alice", password, SignIn{Name: strings.Repeat("n", 256)})
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("a name of 256 bytes: %v", err)
		}
	})
}

// Another node learns from the log that sessions have ended.
func TestForeignChange(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		s := r.login("alice", SignIn{})
		r.who(s.Access)
		err := r.db.Write(t.Context(), func(tx *store.Tx) error { return deleteTokens(tx, alice, s.Device) })
		if err != nil {
			t.Fatal(err)
		}
		r.who(s.Access) // from memory: no query in the steady state
		r.sessions.follow(store.Batch{Foreign: true, Changes: []store.Change{{Kind: KindSession, Scope: alice}}})
		r.refused(s.Access, "M_UNKNOWN_TOKEN", false)
	})
}

// A node that was cut off for too long knows nothing any more.
func TestGap(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		s := r.login("alice", SignIn{})
		r.who(s.Access)
		r.sessions.follow(store.Batch{Foreign: true, Gap: true})
		if len(r.sessions.byHash) != 0 || len(r.sessions.byUser) != 0 {
			t.Error("sessions are remembered over a gap in the log")
		}
		r.who(s.Access)
	})
}

func TestSessionCacheIsBounded(t *testing.T) {
	c := newSessionCache()
	for i := range maxSessions + 10 {
		var hash tokenHash
		hash[0], hash[1], hash[2] = byte(i), byte(i>>8), byte(i>>16)
		c.keep(newSession(hash, tokenRow{user: alice}), 0)
	}
	if n := len(c.byHash); n > maxSessions || n != len(c.byUser[alice]) {
		t.Errorf("%d sessions in memory, %d by user", n, len(c.byUser[alice]))
	}
	c.follow(store.Batch{Changes: []store.Change{{Kind: KindSession, Scope: alice}}})
	if len(c.byHash) != 0 || len(c.byUser) != 0 {
		t.Error("sessions remain")
	}
	c.keep(newSession(tokenHash{}, tokenRow{user: alice}), 0)
	if c.find(tokenHash{}) != nil {
		t.Error("kept what was read before the change")
	}
}

// Of many who want a name at once, one gets it.
func TestRegisterAtOnce(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		made, taken := 0, 0
		for range 10 {
			wg.Go(func() {
				_, err := r.AddUser(t.Context(), operator, NewUser{Name: "alice", Password: password})
				mu.Lock()
				defer mu.Unlock()
				if got, _ := code(err); got == "M_USER_IN_USE" {
					taken++
				} else if err == nil {
					made++
				}
			})
		}
		wg.Wait()
		if made != 1 || taken != 9 {
			t.Errorf("%d made, %d refused", made, taken)
		}
	})
}

// One refresh token used many times at once: every answer is a pair, and the first that is used is the one that stays.
func TestRefreshAtOnce(t *testing.T) {
	each(t, nil, func(t *testing.T, r *rig) {
		r.add("alice")
		s := r.login("alice", SignIn{Refresh: true})
		var wg sync.WaitGroup
		pairs := make([]Session, maxSiblings)
		for i := range pairs {
			wg.Go(func() {
				var err error
				if pairs[i], err = r.Refresh(t.Context(), operator, s.Refresh); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		r.who(pairs[0].Access)
		for _, p := range pairs[1:] {
			r.refused(p.Access, "M_UNKNOWN_TOKEN", false)
		}
		r.who(pairs[0].Access)
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	r := newRig(b, storetest.Open(b), nil)
	r.add("alice")
	s := r.login("alice", SignIn{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Authenticate(b.Context(), s.Access, ward7); err != nil {
			b.Fatal(err)
		}
	}
}
