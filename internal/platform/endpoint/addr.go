package endpoint

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

type addrKey struct{}

// Addr gives the client's address on routes whose caller may be nil (Open, Optional, Secret); callers of the others carry
// theirs. It is invalid when not known.
func Addr(ctx context.Context) netip.Addr {
	a, _ := ctx.Value(addrKey{}).(netip.Addr)
	return a
}

// addr gives the client's address: the peer's, or what trusted proxies say of it. X-Forwarded-For is read from the right:
// each proxy appends whom it heard from, and what an untrusted one has written to the left is hearsay.
func (m *router) addr(r *http.Request) netip.Addr {
	port, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	peer := port.Addr().Unmap()
	if !m.trusts(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return peer
		}
		if peer = hop.Unmap(); !m.trusts(peer) {
			return peer
		}
	}
	return peer
}

func (m *router) trusts(a netip.Addr) bool {
	for _, p := range m.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
