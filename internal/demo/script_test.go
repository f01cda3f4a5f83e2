package demo

import (
	"strings"
	"testing"
	"time"
)

// three are enough people to talk.
const three = "*Dr Amara Okafor; Registrar; amu\nSiân Morgan; Site manager; amu site\nTom Hall; Doctor; amu admin\n"

func staffOf(t testing.TB, text string) []*Person {
	t.Helper()
	staff, err := parseStaff(text)
	if err != nil {
		t.Fatal(err)
	}
	return staff
}

func TestParseStaff(t *testing.T) {
	staff := staffOf(t, "Zoë O'Hara-Nowicka; Sister; ed\n# a comment\n\n"+three)
	var names []string
	for _, p := range staff {
		names = append(names, p.Local)
	}
	if got := strings.Join(names, " "); got != "amara.okafor sian.morgan tom.hall zoe.ohara-nowicka" {
		t.Errorf("in order: %s", got)
	}
	posts := staffOf(t, "@amu Acute unit\n@rad Imaging\nAda One; Nurse, ward 7; amu\nBo Two; Porter; port rad amu\nCy Three; Chaplain; chap\n")
	for i, want := range []string{"Nurse/Ward 7", "Porter/Imaging", "Chaplain/"} {
		if got := posts[i].Job + "/" + posts[i].Ward; got != want {
			t.Errorf("%s is %s, want %s", posts[i].Name, got, want)
		}
	}
	for text, says := range map[string]string{
		"Amara Okafor; Registrar":                      "of the form",
		"Amara; Registrar; amu":                        "surname",
		"Amara Okafor; ; amu":                          "job",
		"Amara Øæ; Registrar; amu":                     "surname", // a letter that has no plain form
		"Ada One; Nurse; amu\nMrs Ada Two; Nurse; amu": "line 2: there are two called ada",
	} {
		if _, err := parseStaff(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}

func TestParseScript(t *testing.T) {
	r := newRoll(staffOf(t, three))
	head := "room a\nname A\nwith @amu\n"
	scenes, err := parseScript(head+`lead sian
for social
unread tom 1
favourite amara tom
archive sian
-2 07:45
amara #x: one\ntwo @tom
+5m tom >x: 4.5 ok: fine
sian ^1: 👍
amara *x: three
now 5m
tom: {nhs 3}
room b
kind direct
with amara tom
`, r)
	if err != nil {
		t.Fatal(err)
	}
	a := scenes[0]
	if a.purpose != "social" || len(a.favourite) != 2 || a.archive[0].handle() != "sian" || scenes[1].purpose != "clinical" {
		t.Errorf("for %s, kept by %d, put away by %d; the other for %s", a.purpose, len(a.favourite), len(a.archive), scenes[1].purpose)
	}
	if len(scenes) != 2 || len(a.talks) != 2 || len(a.people) != 3 || len(a.leads) != 1 || a.unread[r.byHandle["tom"]] != 1 {
		t.Fatalf("parsed: %+v", a)
	}
	first := a.talks[0]
	if first.day != -2 || first.clock != 7*time.Hour+45*time.Minute || a.talks[1].before != 5*time.Minute {
		t.Errorf("times: %+v", first)
	}
	l := first.lines
	if l[0].text != "one\ntwo @tom" || l[1].act != replies || l[1].about != l[0] || l[1].gap != 5*time.Minute ||
		l[1].text != "4.5 ok: fine" || l[2].about != l[1] || l[3].act != edits {
		t.Errorf("lines: %+v %+v %+v %+v", l[0], l[1], l[2], l[3])
	}
	for text, says := range map[string]string{
		"name A":                                          "begins with a room",
		"room a\ncolour red":                              "no setting colour",
		"room a\nwith @night":                             "no team night",
		"room a\nwith ada":                                "nobody called ada",
		"room a\nunread ada 1":                            "nobody called ada",
		"room a\nunread tom x":                            "invalid syntax",
		"room a\nname A\nwith amara":                      "two people",
		"room a\nkind club":                               "not known",
		head + "0 24:00":                                  "no setting 0",
		head + "0 10:00\nwhat":                            "of the form",
		head + "0 10:00\nada: hello":                      "nobody called ada",
		head + "0 10:00\ntom >x: a":                       "nothing is called x",
		head + "0 10:00\ntom ^1: a":                       "nothing is called 1",
		head + "0 10:00\namara #x: a\n0 11:00\ntom >x: b": "nothing is called x", // labels end with their talk
		head + "0 10:00\ntom #x: a\ntom ^x: b":            "applauds themselves",
		head + "0 10:00\namara #x: a\ntom *x: b":          "changes what somebody else said",
		"room a\nname A\nkind direct\nwith amara tom\n0 10:00\nsian: hello":   "speaks, but is not in it",
		"room a\nname A\nkind direct\nwith amara tom\nunread sian 1\n0 10:00": "Siân Morgan is not in it",
	} {
		if _, err := parseScript(text, r); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add("room a\nname A\nwith @amu\n-2 07:45\namara #x: one @tom {nhs 4}\n+5m tom >x: two\nsian ^1: 👍\nnow 5m\ntom: x")
	r := newRoll(staffOf(f, three))
	now := time.Date(2026, 3, 29, 13, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		scenes, err := parseScript(text, r)
		if err != nil {
			return
		}
		for _, s := range scenes {
			st := &stage{scene: s, ids: map[*said]string{}}
			for _, l := range s.week(now) {
				if l.at.After(now) {
					t.Errorf("%q is said at %v, after now", l.text, l.at)
				}
				l.event(st)
			}
		}
	})
}

func FuzzParseStaff(f *testing.F) {
	f.Add(three)
	f.Fuzz(func(t *testing.T, text string) {
		staff, err := parseStaff(text)
		if err != nil {
			return
		}
		for _, p := range staff {
			if !strings.HasPrefix(p.UserID(), "@"+p.handle()) {
				t.Errorf("%q is called %q", p.UserID(), p.handle())
			}
		}
	})
}

// A week is a circle cut at now: whatever the hour, nothing lies in the future, nothing is lost, and talks stay whole.
func TestWeek(t *testing.T) {
	r := newRoll(staffOf(t, three))
	scenes, err := parseScript("room a\nname A\nwith @amu\n-6 00:05\namara: a\n0 14:00\namara: b\n+60m tom: c\nnow 1m\ntom: d\n+30m sian: e\n", r)
	if err != nil {
		t.Fatal(err)
	}
	zone := time.FixedZone("BST", 3600)
	for _, one := range []struct {
		hour int
		want string
	}{{9, "b c a d e"}, {14, "b c a d e"}, {16, "a b c d e"}, {0, "b c a d e"}} {
		now := time.Date(2026, 3, 4, one.hour, 30, 0, 0, zone)
		var said []string
		for _, l := range scenes[0].week(now) {
			said = append(said, l.text)
			if l.at.After(now) || l.at.Before(now.Add(-8*24*time.Hour)) {
				t.Errorf("at %d: %s is said at %v", one.hour, l.text, l.at)
			}
		}
		if got := strings.Join(said, " "); got != one.want {
			t.Errorf("at %d: %s, want %s", one.hour, got, one.want)
		}
	}
}

func TestNHSNumber(t *testing.T) {
	seen := map[string]bool{}
	for n := range 1000 {
		number := NHSNumber(n)
		digits := strings.ReplaceAll(number, " ", "")
		if !strings.HasPrefix(number, "999 ") || len(number) != 12 || len(digits) != 10 {
			t.Fatalf("%d: %s", n, number)
		}
		sum := 0
		for i, d := range digits[:9] {
			sum += int(d-'0') * (10 - i)
		}
		if check := (11 - sum%11) % 11; check != int(digits[9]-'0') {
			t.Errorf("%s has the check digit %d", number, check)
		}
		seen[number] = true
	}
	if len(seen) < 990 {
		t.Errorf("%d different numbers of 1000", len(seen))
	}
}

func TestMessage(t *testing.T) {
	staff := staffOf(t, three)
	plain := message("NEWS 6 <now>, NHS {nhs 3}", staff)
	if plain["body"] != "NEWS 6 <now>, NHS "+NHSNumber(3) || plain["formatted_body"] != nil || len(plain["m.mentions"].(map[string]any)) != 0 {
		t.Errorf("plain: %v", plain)
	}
	called := message("@sian <3\nplease", staff)
	if called["body"] != "Siân Morgan <3\nplease" ||
		called["formatted_body"] != `<a href="https://matrix.to/#/@sian.morgan:northbrook.example">Siân Morgan</a> &lt;3<br>please` {
		t.Errorf("mention: %v", called)
	}
	if ids := called["m.mentions"].(map[string]any)["user_ids"].([]string); len(ids) != 1 || ids[0] != "@sian.morgan:northbrook.example" {
		t.Errorf("mentions %v", ids)
	}
}
