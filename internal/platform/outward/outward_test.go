package outward

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "127.0.0.1": false, "0.0.0.0": false, "10.0.0.1": false, "172.16.0.1": false,
		"172.32.0.1": true, "192.168.1.1": false, "169.254.169.254": false, "100.64.0.1": false, "100.128.0.1": true, "224.0.0.1": false,
		"255.255.255.255": false, "::": false, "::1": false, "fe80::1": false, "fc00::1": false, "ff02::1": false, "::ffff:127.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "198.18.0.1": false, "fe80::1%eth0": false,
	} {
		if Public(netip.MustParseAddr(addr)) != want {
			t.Errorf("%s: public is %v", addr, !want)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		text           string
		open, inPublic error
	}{
		{"https://push.example.org/send/abc?x=1", nil, nil},
		{"http://push.example.org/send", nil, ErrScheme},
		{"ftp://push.example.org/send", ErrScheme, ErrScheme},
		{"https://127.0.0.1/send", nil, ErrPrivate},
		{"https://LOCALHOST./send", nil, ErrPrivate},
		{"https://[::1]/send", nil, ErrPrivate},
		{"https://user:word@push.example.org/", ErrAddress, ErrAddress},
		{"https://push.example.org/#part", ErrAddress, ErrAddress},
		{"/send", ErrAddress, ErrAddress},
		{"https://push.example.org/" + strings.Repeat("a", maxAddress), ErrAddress, ErrAddress},
		{"https://a\x00b/", ErrAddress, ErrAddress},
	} {
		if _, err := Address(c.text, true); err != c.open {
			t.Errorf("%.60q, private: %v, want %v", c.text, err, c.open)
		}
		if _, err := Address(c.text, false); err != c.inPublic {
			t.Errorf("%.60q: %v, want %v", c.text, err, c.inPublic)
		}
	}
}

// TestClient: nothing is asked at a private address without leave, and nobody sends us elsewhere.
func TestClient(t *testing.T) {
	asked := 0
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer there.Close()
	name := strings.Replace(there.URL, "127.0.0.1", "localhost", 1)
	if res, err := NewClient(false, 1).Get(name); err == nil || Plain(err).Error() == err.Error() || asked != 0 {
		t.Errorf("a private address was asked %d times: %v, %v", asked, res, err)
	}
	res, err := NewClient(true, 1).Get(name)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusTemporaryRedirect || asked != 1 {
		t.Errorf("followed: %d after %d requests", res.StatusCode, asked)
	}
}

func TestRefused(t *testing.T) {
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-1": 0, "99999": time.Hour, "soon": 0} {
		got := Refused(&http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {header}}})
		if got.Status != 429 || got.Retry != want || got.Hopeless() {
			t.Errorf("%q: %+v", header, got)
		}
	}
	for status, want := range map[int]bool{400: true, 413: true, 404: false, 500: false} {
		if (&Unwelcome{Status: status}).Hopeless() != want {
			t.Errorf("%d: hopeless is %v", status, !want)
		}
	}
}
