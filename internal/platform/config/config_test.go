package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wardline.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLaterSourcesOverruleEarlier(t *testing.T) {
	path := file(t, "[server]\nlisten = \"127.0.0.1:1\"\ndata = \"/file\"\nserver_name = \"file.example\"\n"+
		"trusted_proxies = [\"10.0.0.0/8\"]\n[limits]\nwrite = \"30/m burst 5\"\n[media]\nmax_upload = \"10MiB\"\n")
	c, err := Load(path,
		[]string{"WARDLINE_SERVER_DATA=/env", "WARDLINE_SERVER_SERVER_NAME=env.example", "WARDLINE_TEST_ENGINES=sqlite",
			"WARDLINE_ACCOUNTS_ACCESS_TOKEN_LIFE=2h", "WARDLINE_LIMITS_OFF=true", "HOME=/root"},
		map[string]string{"server.server_name": "flag.example"})
	if err != nil {
		t.Fatal(err)
	}
	want := Defaults()
	want.Server.Listen, want.Server.Data, want.Server.Name = "127.0.0.1:1", "/env", "flag.example"
	want.Server.Trusted = []string{"10.0.0.0/8"}
	want.Accounts.AccessTokenLife = Duration(2 * time.Hour)
	want.Limits.Off, want.Limits.Write = true, Rate{PerSecond: 0.5, Burst: 5}
	want.Media.MaxUpload = 10 << 20
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		file      string
		env       []string
		overrides map[string]string
		says      []string
	}{
		"unknown key":     {file: "[server]\n\nlisen = \"x\"\n[oops]\na = 1\n", says: []string{"line 3", "server.lisen", "line 4", "oops"}},
		"wrong type":      {file: "[server]\nlisten = 5\n", says: []string{"line 2"}},
		"bad duration":    {file: "[accounts]\naccess_token_life = \"soon\"\n", says: []string{"line 2", "soon"}},
		"not TOML":        {file: "[server\n", says: []string{"line 1"}},
		"unknown env":     {env: []string{"WARDLINE_SERVER_LISEN=x"}, says: []string{"WARDLINE_SERVER_LISEN"}},
		"bad env":         {env: []string{"WARDLINE_LIMITS_WRITE=fast"}, says: []string{"WARDLINE_LIMITS_WRITE", "fast"}},
		"unknown flag":    {overrides: map[string]string{"server.nothing": "x"}, says: []string{"server.nothing"}},
		"address":         {overrides: map[string]string{"server.listen": "8448"}, says: []string{"server.listen", "8448"}},
		"name":            {overrides: map[string]string{"server.server_name": "a b"}, says: []string{"server.server_name"}},
		"half TLS":        {overrides: map[string]string{"server.tls_cert": "x"}, says: []string{"tls_key"}},
		"URL":             {overrides: map[string]string{"server.public_url": "chat.example"}, says: []string{"public_url"}},
		"proxies":         {overrides: map[string]string{"server.trusted_proxies": "10.0.0.0/8, here"}, says: []string{"here"}},
		"ops for all":     {overrides: map[string]string{"ops.listen": "0.0.0.0:9"}, says: []string{"ops.listen", "loopback"}},
		"version":         {overrides: map[string]string{"rooms.default_version": "10"}, says: []string{"rooms.default_version"}},
		"short passwords": {overrides: map[string]string{"accounts.password_min": "4"}, says: []string{"password_min"}},
		"two mistakes": {overrides: map[string]string{"log.level": "loud", "log.format": "xml"},
			says: []string{"log.level", "log.format"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := ""
			if c.file != "" {
				path = file(t, c.file)
			}
			_, err := Load(path, c.env, c.overrides)
			if err == nil {
				t.Fatal("taken")
			}
			for _, word := range c.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q does not name %q", err, word)
				}
			}
		})
	}
}

func TestDatabasePasswordIsNotRepeated(t *testing.T) {
	_, err := Load("", nil, map[string]string{"server.database": "mysql://wardline:hunter2@db/x"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestOpenRegistrationOnLoopbackOnly(t *testing.T) {
	for listen, allowed := range map[string]bool{
		"127.0.0.1:0": true, "localhost:8448": true, "[::1]:8448": true, "127.9.9.9:1": true,
		"0.0.0.0:8448": false, ":8448": false, "[::]:8448": false, "192.0.2.1:8448": false, "ward.example:8448": false,
	} {
		_, err := Load("", nil, map[string]string{"server.listen": listen, "accounts.open_registration": "true"})
		if (err == nil) != allowed {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

func TestPrintedFileIsTheDefaults(t *testing.T) {
	var b strings.Builder
	if err := Print(&b); err != nil {
		t.Fatal(err)
	}
	plain := regexp.MustCompile(`(?m)^#(\w+ = )`).ReplaceAllString(b.String(), "$1")
	c, err := Load(file(t, plain), nil, nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, plain)
	}
	c.Server.Trusted = nil // an empty list
	if diff := cmp.Diff(Defaults(), c); diff != "" {
		t.Error(diff)
	}
	if asIs, err := Load(file(t, b.String()), nil, nil); err != nil || !cmp.Equal(asIs, Defaults()) {
		t.Errorf("as printed: %v", err)
	}
}

func TestEverySettingIsExplained(t *testing.T) {
	for _, k := range keysOf(Defaults()) {
		if len(k.doc) < 8 || strings.HasSuffix(k.name, ".") {
			t.Errorf("%s is not explained", k.name)
		}
	}
}

func TestServerNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"trust.example": true, "trust.example:8448": true, "192.0.2.1": true, "[2001:db8::1]:8448": true, "[2001:db8::1]": true,
		"": false, "a b": false, "trust.example:": false, "trust.example:port": false, "https://trust.example": false,
		"[192.0.2.1]": false, "trüst.example": false, "a:b:c": false,
	} {
		if got := validName(name); got != ok {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func FuzzKinds(f *testing.F) {
	for _, s := range []string{"10/s burst 5", "off", "50MiB", "90d", "1h30m", "0.5/m burst 1", "-1KiB", "NaN/s burst 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r, r2 Rate
		if r.UnmarshalText([]byte(s)) == nil {
			text, _ := r.MarshalText()
			if err := r2.UnmarshalText(text); err != nil || !reflect.DeepEqual(r, r2) {
				t.Errorf("rate %q: %v %v %v", s, r, r2, err)
			}
		}
		var z, z2 Size
		if z.UnmarshalText([]byte(s)) == nil {
			text, _ := z.MarshalText()
			if err := z2.UnmarshalText(text); err != nil || z != z2 || z < 0 {
				t.Errorf("size %q: %v %v %v", s, z, z2, err)
			}
		}
		var d, d2 Duration
		if d.UnmarshalText([]byte(s)) == nil {
			text, _ := d.MarshalText()
			if err := d2.UnmarshalText(text); err != nil || d != d2 || d < 0 {
				t.Errorf("duration %q: %v %v %v", s, d, d2, err)
			}
		}
	})
}
