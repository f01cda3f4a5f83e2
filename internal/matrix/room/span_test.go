package room

import (
	"fmt"
	"testing"
)

// The table of "Room History Visibility": what somebody may read, for each visibility and each course of membership.
func TestVisible(t *testing.T) {
	// The room is created at 10 and the visibility set at 12. The reader is invited at 20, joins at 30, leaves at 40,
	// joins again at 50.
	invite, join, leave, again := change{pos: 20, membership: "invite"}, change{pos: 30, membership: "join"},
		change{pos: 40, membership: "leave"}, change{pos: 50, membership: "join"}
	courses := map[string][]change{
		"stranger": {}, "invited": {invite}, "joined": {invite, join}, "left": {invite, join, leave},
		"rejoined": {invite, join, leave, again}, "refused": {invite, {pos: 40, membership: "leave"}},
		"banned": {invite, join, {pos: 40, membership: "ban"}}, "knocking": {{pos: 20, membership: "knock"}},
	}
	all := fmt.Sprint(Spans{{10, Forever}})
	early := "[{10 12}]" // before the visibility is set it is shared; the event that sets it is judged both ways
	for visibility, want := range map[string]map[string]string{
		"world_readable": {
			"stranger": "[{12 9223372036854775807}]", "invited": "[{12 9223372036854775807}]", "joined": all, "left": all, "rejoined": all,
			"refused": "[{12 9223372036854775807}]", "banned": all, "knocking": "[{12 9223372036854775807}]",
		},
		"shared": {
			"stranger": "[]", "invited": "[]", "joined": all, "left": "[{10 40}]", "rejoined": all,
			"refused": "[]", "banned": "[{10 40}]", "knocking": "[]",
		},
		"invited": {
			"stranger": "[]", "invited": "[{20 9223372036854775807}]", "joined": early[:len(early)-1] + " {20 9223372036854775807}]",
			"left": early[:len(early)-1] + " {20 40}]", "rejoined": early[:len(early)-1] + " {20 40} {50 9223372036854775807}]",
			"refused": "[{20 40}]", "banned": early[:len(early)-1] + " {20 40}]", "knocking": "[]",
		},
		"joined": {
			"stranger": "[]", "invited": "[]", "joined": early[:len(early)-1] + " {30 9223372036854775807}]",
			"left": early[:len(early)-1] + " {30 40}]", "rejoined": early[:len(early)-1] + " {30 40} {50 9223372036854775807}]",
			"refused": "[]", "banned": early[:len(early)-1] + " {30 40}]", "knocking": "[]",
		},
	} {
		for course, changes := range courses {
			got := visible(append([]change{{pos: 10}, {pos: 12, visibility: visibility}}, changes...))
			if fmt.Sprint(got) != want[course] {
				t.Errorf("%s, %s: %v, want %s", visibility, course, got, want[course])
			}
		}
	}
}

func TestSpansHas(t *testing.T) {
	s := Spans{{10, 20}, {30, Forever}}
	for pos, want := range map[int64]bool{9: false, 10: true, 20: true, 21: false, 29: false, 30: true, Forever: true} {
		if s.Has(pos) != want {
			t.Errorf("Has(%d) is %v", pos, !want)
		}
	}
}
