// Package quiet reads the hours in which somebody does not want to be disturbed. They are account data, so that every
// client sees and may change them; the server goes by them when it decides whom to tell. It knows no events: what is
// urgent enough to break through is for package push to ask.
package quiet

import (
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // the containers this runs in have no zones of their own

	"github.com/go-json-experiment/json"
)

// Type is the type of the account data.
const Type = "org.wardline.quiet_hours"

// Hours is a span of the day by the person's own clock.
type Hours struct {
	Enabled bool     `json:"enabled"`
	From    string   `json:"from"`                // "21:30"
	To      string   `json:"to"`                  // "07:00"; not after From: on the next day
	Days    []string `json:"days,omitzero"`       // days on which the span begins: "mon" to "sun"; none: every day
	Zone    string   `json:"time_zone,omitempty"` // of the IANA database: "Europe/London"

	from, to time.Duration // since midnight
	zone     *time.Location
}

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // as time.Weekday counts

// Parse reads the content of the account data. ok is false when nothing is ever quiet by it: switched off, or not to be
// understood. Of the two mistakes, to disturb is the one that harms no patient.
func Parse(content []byte) (h Hours, ok bool) {
	if err := json.Unmarshal(content, &h); err != nil || !h.Enabled {
		return Hours{}, false
	}
	from, err := time.Parse("15:04", h.From)
	if err != nil {
		return Hours{}, false
	}
	to, err := time.Parse("15:04", h.To)
	if err != nil {
		return Hours{}, false
	}
	for _, d := range h.Days {
		if !slices.Contains(days, d) {
			return Hours{}, false
		}
	}
	if h.zone, ok = zone(h.Zone); !ok {
		return Hours{}, false
	}
	h.from, h.to = sinceMidnight(from), sinceMidnight(to)
	return h, true
}

// At reports whether it is quiet at a time. The span is by the wall clock: on the night the clocks change it is an hour
// longer or shorter.
func (h *Hours) At(now time.Time) bool {
	here := now.In(h.zone)
	clock := sinceMidnight(here)
	today, yesterday := h.begins(here.Weekday()), h.begins((here.Weekday()+6)%7)
	if h.from < h.to {
		return today && h.from <= clock && clock < h.to
	}
	return today && h.from <= clock || yesterday && clock < h.to
}

func (h *Hours) begins(on time.Weekday) bool {
	return len(h.Days) == 0 || slices.Contains(h.Days, days[on])
}

func sinceMidnight(t time.Time) time.Duration {
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// zones remembers zones by name: reading one takes longer than all else here. There are some six hundred.
var zones sync.Map

func zone(name string) (*time.Location, bool) {
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), true
	}
	if name == "" || name == "Local" { // which would be the server's own
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	zones.Store(name, loc)
	return loc, true
}
