package quiet

import (
	"testing"
	"time"
)

func TestAt(t *testing.T) {
	const night = `{"enabled":true,"from":"21:30","to":"07:00","time_zone":"Europe/London"}`
	for _, c := range []struct {
		name, content, at string
		want              bool
	}{
		{"before it begins", night, "2026-01-14T21:29:59Z", false},
		{"as it begins", night, "2026-01-14T21:30:00Z", true},
		{"after midnight", night, "2026-01-15T03:00:00Z", true},
		{"last minute", night, "2026-01-15T06:59:59Z", true},
		{"as it ends", night, "2026-01-15T07:00:00Z", false},
		{"summer time: an hour ahead of UTC", night, "2026-07-14T20:30:00Z", true},
		{"summer time, morning", night, "2026-07-15T06:00:00Z", false},
		{"another zone", `{"enabled":true,"from":"21:30","to":"07:00","time_zone":"Asia/Kolkata"}`, "2026-01-14T16:00:00Z", true},
		{"within a day", `{"enabled":true,"from":"09:00","to":"17:00","time_zone":"UTC"}`, "2026-01-14T12:00:00Z", true},
		{"within a day, the evening", `{"enabled":true,"from":"09:00","to":"17:00","time_zone":"UTC"}`, "2026-01-14T20:00:00Z", false},
		{"equal: all day", `{"enabled":true,"from":"09:00","to":"09:00","time_zone":"UTC"}`, "2026-01-14T08:59:00Z", true},
		{"begins on a Wednesday", `{"enabled":true,"from":"21:00","to":"07:00","days":["wed"],"time_zone":"UTC"}`, "2026-01-14T22:00:00Z", true},
		{"and goes on on Thursday", `{"enabled":true,"from":"21:00","to":"07:00","days":["wed"],"time_zone":"UTC"}`, "2026-01-15T06:00:00Z", true},
		{"but does not begin on Thursday", `{"enabled":true,"from":"21:00","to":"07:00","days":["wed"],"time_zone":"UTC"}`, "2026-01-15T22:00:00Z", false},
		{"nor went on from Tuesday", `{"enabled":true,"from":"21:00","to":"07:00","days":["wed"],"time_zone":"UTC"}`, "2026-01-14T06:00:00Z", false},
	} {
		now, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		h, ok := Parse([]byte(c.content))
		if !ok || h.At(now) != c.want {
			t.Errorf("%s: quiet is %v (understood: %v)", c.name, !c.want, ok)
		}
	}
}

// TestNeverQuiet: what is switched off or cannot be understood silences nobody.
func TestNeverQuiet(t *testing.T) {
	for _, content := range []string{
		``, `{}`, `[]`, `{"enabled":false,"from":"21:30","to":"07:00","time_zone":"UTC"}`, `{"enabled":true,"from":"25:30","to":"07:00","time_zone":"UTC"}`,
		`{"enabled":true,"from":"21:30","to":"7","time_zone":"UTC"}`, `{"enabled":true,"from":"21:30","to":"07:00"}`,
		`{"enabled":true,"from":"21:30","to":"07:00","time_zone":"Local"}`, `{"enabled":true,"from":"21:30","to":"07:00","time_zone":"../../etc/passwd"}`,
		`{"enabled":true,"from":"21:30","to":"07:00","days":["noday"],"time_zone":"UTC"}`, `{"enabled":"yes","from":"21:30","to":"07:00","time_zone":"UTC"}`,
	} {
		if h, ok := Parse([]byte(content)); ok {
			t.Errorf("%s: %+v", content, h)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"enabled":true,"from":"21:30","to":"07:00","days":["wed"],"time_zone":"Europe/London"}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		if h, ok := Parse(content); ok && h.At(time.UnixMilli(0)) && !h.Enabled {
			t.Errorf("%q: quiet although switched off", content)
		}
	})
}
