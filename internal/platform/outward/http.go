package outward

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// Patience is how long one request may take, all told.
const Patience = 15 * time.Second

// NewClient gives a client that follows no redirects, uses no proxy, keeps at most perHost idle connections to a host, and
// unless private connects to public addresses only: what is checked is the address that is dialled, whatever a name
// resolved to before.
func NewClient(private bool, perHost int) *http.Client {
	dialer := &net.Dialer{Timeout: Patience / 3, KeepAlive: time.Minute}
	if !private {
		dialer.Control = onlyPublic
	}
	return &http.Client{
		Timeout:       Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, MaxIdleConnsPerHost: perHost, MaxIdleConns: 256, IdleConnTimeout: 2 * time.Minute,
			TLSHandshakeTimeout: Patience / 3, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 16 << 10,
		},
	}
}

func onlyPublic(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !Public(at.Addr()) {
		return ErrPrivate
	}
	return nil
}

// Unwelcome is an answer other than the one hoped for.
type Unwelcome struct {
	Status int
	Retry  time.Duration // that it asked for, at most an hour; 0: none
}

// Refused makes an Unwelcome of an answer.
func Refused(res *http.Response) *Unwelcome {
	seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
	return &Unwelcome{res.StatusCode, time.Duration(min(max(seconds, 0), 3600)) * time.Second}
}

// Error gives the status.
func (u *Unwelcome) Error() string {
	return fmt.Sprintf("outward: the other server answered %d", u.Status)
}

// Hopeless reports whether the same request will never be welcome.
func (u *Unwelcome) Hopeless() bool {
	return u.Status == http.StatusBadRequest || u.Status == http.StatusRequestEntityTooLarge
}
