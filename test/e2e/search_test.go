package e2e

import (
	"slices"
	"testing"

	"github.com/wardline/wardline/client"
)

// searching finds a term and gives the texts.
func searching(t *testing.T, c *client.Client, s client.Search) []string {
	t.Helper()
	var out []string
	for next, i := "", 0; i < 20; i++ {
		found, err := c.Search(t.Context(), s, next)
		ok(t, err)
		for _, r := range found.Results {
			out = append(out, r.Result.Body())
		}
		if next = found.NextBatch; next == "" {
			break
		}
	}
	return out
}

func TestSearch(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben", "cara")
		amira, ben, cara := people[0], people[1], people[2]
		ward, clinic := Room(t, amira, ben), Room(t, amira, ben)
		Say(t, amira, ward, "The haemoglobin is low")
		Say(t, ben, ward, "Repeat the HAEMOGLOBIN at six")
		Say(t, amira, clinic, "Haemoglobin normal in clinic")
		gone := Say(t, amira, ward, "haemoglobin of another patient")
		_, err := amira.Redact(ctx, ward, gone, "")
		ok(t, err)
		edited := Say(t, amira, ward, "glucose is 4")
		_, err = amira.Send(ctx, ward, "m.room.message", client.Edit("potassium is 4", edited))
		ok(t, err)

		newest := []string{"Haemoglobin normal in clinic", "Repeat the HAEMOGLOBIN at six", "The haemoglobin is low"}
		for _, c := range []struct {
			what   string
			who    *client.Client
			search client.Search
			want   []string
		}{
			{"newest first", ben, client.Search{Term: "haemoglobin", OrderBy: "recent"}, newest},
			{"one room", ben, client.Search{Term: "haemoglobin", OrderBy: "recent", Filter: client.Object{"rooms": []string{ward}}}, newest[1:]},
			{"one sender", ben, client.Search{Term: "haemoglobin", OrderBy: "recent", Filter: client.Object{"senders": []string{ben.UserID()}}}, newest[1:2]},
			{"page by page", ben, client.Search{Term: "haemoglobin", OrderBy: "recent", Filter: client.Object{"limit": 1}}, newest},
			{"all the words", ben, client.Search{Term: "haemoglobin low", OrderBy: "recent"}, newest[2:]},
			{"nothing of the kind", ben, client.Search{Term: "sodium"}, nil},
			{"what a stranger may not read", cara, client.Search{Term: "haemoglobin"}, nil},
		} {
			if out := searching(t, c.who, c.search); !slices.Equal(out, c.want) {
				t.Errorf("%s: %q, want %q", c.what, out, c.want)
			}
		}
		if out := searching(t, ben, client.Search{Term: "potassium"}); len(out) == 0 {
			t.Error("what an edit says is not found")
		}
		around := got[client.Found](t)(ben.Search(ctx, client.Search{Term: "repeat six", EventContext: client.Object{"before_limit": 1, "after_limit": 1, "include_profile": true}}, ""))
		if around.Count != 1 || len(around.Results) != 1 || !slices.Equal(bodies(around.Results[0].Context.EventsBefore), []string{"The haemoglobin is low"}) || len(around.Highlights) == 0 {
			t.Errorf("with what is around: %+v", around)
		}
		ok(t, ben.Leave(ctx, clinic))
		if out := searching(t, ben, client.Search{Term: "clinic"}); len(out) != 1 {
			t.Errorf("in a room that was left: %q; what one has read is still found", out)
		}
	})
}

func TestPeopleSearch(t *testing.T) {
	Each(t, func(t *testing.T, s *Trust) {
		ctx := t.Context()
		people := s.Staff(t, "amira", "ben")
		ok(t, people[0].SetDisplayName(ctx, "Amira Khan"))
		Room(t, people[0], people[1])
		for term, want := range map[string]int{"amira": 1, "KHAN": 1, "nobody of that name": 0} {
			found, _, err := people[1].SearchUsers(ctx, term, 10)
			ok(t, err)
			if len(found) != want {
				t.Errorf("%q: %+v", term, found)
			}
		}
	})
}
