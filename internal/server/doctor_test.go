package server

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wardline/wardline/internal/platform/config"
)

// grades gives the worst grade among the findings that speak of a thing.
func grades(all []Finding, of string) (worst Grade, found bool) {
	for _, f := range all {
		if strings.Contains(f.What, of) {
			worst, found = max(worst, f.Grade), true
		}
	}
	return worst, found
}

// copyOf gives the settings of a copy of an installation.
func copyOf(t *testing.T, c *config.Config) *config.Config {
	t.Helper()
	again := *c
	again.Server.Data = filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(again.Server.Data, os.DirFS(c.Server.Data)); err != nil {
		t.Fatal(err)
	}
	chmod(t, again.Server.Data, 0o700)
	chmod(t, filepath.Join(again.Server.Data, keyFile), 0o600)
	return &again
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	well := settings(t)
	well.Server.Listen = "127.0.0.1:1" // nothing listens there
	if err := start(t, well).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, of string
		spoil    func(t *testing.T, c *config.Config)
		grade    Grade
	}{
		{"no data", "no data directory", func(_ *testing.T, c *config.Config) { c.Server.Data += "-elsewhere" }, Bad},
		{"open directory", "other users", func(t *testing.T, c *config.Config) { chmod(t, c.Server.Data, 0o755) }, Bad},
		{"open key", "signing key", func(t *testing.T, c *config.Config) { chmod(t, filepath.Join(c.Server.Data, keyFile), 0o644) }, Bad},
		{"lost key", "signing key", func(t *testing.T, c *config.Config) {
			if err := os.Remove(filepath.Join(c.Server.Data, keyFile)); err != nil {
				t.Fatal(err)
			}
		}, Bad},
		{"lost database", "database cannot be opened", func(t *testing.T, c *config.Config) {
			if err := os.Remove(filepath.Join(c.Server.Data, "wardline.db")); err != nil {
				t.Fatal(err)
			}
		}, Bad},
		{"another server's database", "database cannot be opened", func(_ *testing.T, c *config.Config) { c.Server.Name = "other.example" }, Bad},
		{"nobody in charge", "administer", func(*testing.T, *config.Config) {}, Warning},
		{"not running", "no server answers", func(*testing.T, *config.Config) {}, Warning},
		{"plain HTTP", "read along", func(_ *testing.T, c *config.Config) { c.Server.PublicURL = "http://chat.trust.example" }, Bad},
		{"open registration", "register", func(_ *testing.T, c *config.Config) { c.Accounts.OpenRegistration = true }, Bad},
		{"no limits", "rate limits", func(_ *testing.T, c *config.Config) { c.Limits.Off = true }, Bad},
		{"content in pushes", "pushes", func(_ *testing.T, c *config.Config) { c.Push.IncludeContent = true }, Warning},
		{"certificate that is none", "certificate", func(_ *testing.T, c *config.Config) { c.Server.TLSCert, c.Server.TLSKey = "/none", "/none" }, Bad},
		{"certificate of another, soon over", "is not for trust.example", func(t *testing.T, c *config.Config) {
			c.Server.TLSCert, c.Server.TLSKey = writeCertificate(t, t.TempDir(), 1, time.Now())
		}, Bad},
	} {
		t.Run(c.name, func(t *testing.T) {
			spoilt := copyOf(t, well)
			c.spoil(t, spoilt)
			all := Examine(t.Context(), spoilt)
			if got, found := grades(all, c.of); !found || got != c.grade {
				t.Errorf("found %v with grade %d, want %d: %+v", found, got, c.grade, all)
			}
			if (c.grade == Bad) != (Ill(all) != nil) {
				t.Errorf("ends with %v", Ill(all))
			}
			for _, f := range all {
				if (f.Grade == Good) != (f.Remedy == "") {
					t.Errorf("a fault without a remedy, or the reverse: %+v", f)
				}
			}
		})
	}
}

func TestDoctorFindsARunningServerWell(t *testing.T) {
	c := settings(t)
	s := start(t, c)
	addr, stop := serving(t, s)
	seen := *c
	seen.Server.Listen = addr
	all := Examine(context.Background(), &seen)
	if err := Ill(all); err != nil {
		t.Errorf("%v: %+v", err, all)
	}
	if got, found := grades(all, "is ready"); !found || got != Good {
		t.Errorf("the running server: %+v", all)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
