// Package outward makes requests to servers elsewhere whose addresses clients have named: push gateways and push services.
// Such an address may be an attempt to have this server ask, in its own name, what lies inside the trust's network: what
// leaves here goes by HTTPS to public addresses, and follows nobody elsewhere. It does not know what is said.
package outward

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// Address judges the text of an address: absolute, HTTPS, without a user or a fragment, at most 2,048 bytes long, not
// plainly inside a private network. private allows HTTP and private addresses, for test rigs. What a name resolves to is
// judged when it is dialled. Errors say what is wrong, without the address.
func Address(text string, private bool) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxAddress || u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, ErrAddress
	case u.Scheme != "https" && !(private && u.Scheme == "http"):
		return nil, ErrScheme
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	addr, err := netip.ParseAddr(host)
	if !private && (err == nil && !Public(addr) || strings.EqualFold(host, "localhost")) {
		return nil, ErrPrivate
	}
	return u, nil
}

const maxAddress = 2048 // bytes

// What is wrong with an address.
var (
	ErrAddress = errors.New("outward: not an address that can be asked")
	ErrScheme  = errors.New("outward: the address must begin with https://")
	ErrPrivate = errors.New("outward: the address leads into a private network")
)

// reserved are the special networks that netip does not tell: shared address space, benchmarks, translations of IPv4,
// documentation, and what is kept for the future.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
	netip.MustParsePrefix("2001:db8::/32"),
}

// Public reports whether an address is on the internet at large.
func Public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, net := range reserved {
		if net.Contains(a) {
			return false
		}
	}
	return true
}

// Plain takes the address out of an error of a request: it may hold a key.
func Plain(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
