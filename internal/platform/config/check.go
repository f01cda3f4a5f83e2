package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Check says what is wrong with the settings, each fault on a line that names the key and what to do.
func (c *Config) Check() error {
	return errors.Join(c.checkServer(), c.checkAccounts(), c.checkRest())
}

func (c *Config) checkServer() error {
	var all []error
	fault := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	if _, _, err := net.SplitHostPort(c.Server.Listen); err != nil {
		fault("server.listen: %q is not an address and a port, such as 127.0.0.1:8448", c.Server.Listen)
	}
	if c.Server.Name != "" && !validName(c.Server.Name) {
		fault("server.server_name: %q is not a domain name", c.Server.Name)
	}
	if c.Server.Data == "" {
		fault("server.data: name a directory")
	}
	if (c.Server.TLSCert == "") != (c.Server.TLSKey == "") {
		fault("server.tls_cert and server.tls_key: set both or neither")
	}
	if u, err := url.Parse(c.Server.PublicURL); c.Server.PublicURL != "" &&
		(err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "") {
		fault("server.public_url: %q is not an address such as https://chat.trust.example", c.Server.PublicURL)
	}
	if db := c.Server.Database; db != "" && !strings.HasPrefix(db, "postgres://") && !strings.HasPrefix(db, "postgresql://") {
		fault("server.database: must begin with postgres:// (empty: SQLite in the data directory)") // may hold a password: not repeated
	}
	if _, err := c.Server.Proxies(); err != nil {
		fault("server.trusted_proxies: %w", err)
	}
	return errors.Join(all...)
}

func (c *Config) checkAccounts() error {
	var all []error
	if c.Accounts.OpenRegistration && !Loopback(c.Server.Listen) {
		all = append(all, fmt.Errorf("accounts.open_registration: refused, because the server would listen on %s for everyone to register; it is for test rigs on loopback, such as 127.0.0.1", c.Server.Listen))
	}
	if c.Accounts.PasswordMin < 8 || c.Accounts.PasswordMin > 128 {
		all = append(all, errors.New("accounts.password_min: must be 8 to 128"))
	}
	if c.Accounts.AccessTokenLife < Duration(time.Minute) || c.Accounts.RefreshTokenLife < c.Accounts.AccessTokenLife {
		all = append(all, errors.New("accounts.access_token_life: must be a minute or more, and not longer than refresh_token_life"))
	}
	if c.Accounts.MaxDevices < 1 {
		all = append(all, errors.New("accounts.max_devices: must be 1 or more"))
	}
	return errors.Join(all...)
}

func (c *Config) checkRest() error {
	var all []error
	if v := c.Rooms.DefaultVersion; v != "11" && v != "12" {
		all = append(all, fmt.Errorf("rooms.default_version: %q is not 11 or 12", v))
	}
	if c.Media.MaxUpload < 1<<20 || c.Media.MaxUpload > 4<<30 {
		all = append(all, errors.New("media.max_upload: must be 1MiB to 4GiB"))
	}
	if c.Media.MaxPixels < 1_000_000 || c.Media.MaxPixels > 400_000_000 {
		all = append(all, errors.New("media.max_pixels: must be 1000000 to 400000000"))
	}
	if c.Ops.Listen != "" && !Loopback(c.Ops.Listen) {
		all = append(all, fmt.Errorf("ops.listen: %s is not on loopback; metrics and profiles are for this machine only", c.Ops.Listen))
	}
	if !strings.Contains(" debug info warn error ", " "+c.Log.Level+" ") {
		all = append(all, fmt.Errorf("log.level: %q is not debug, info, warn or error", c.Log.Level))
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		all = append(all, fmt.Errorf("log.format: %q is not text or json", c.Log.Format))
	}
	return errors.Join(all...)
}

// Loopback reports whether an address to listen on can be reached from this machine only.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// Proxies gives the networks of the trusted proxies.
func (s Server) Proxies() (list []netip.Prefix, err error) {
	for _, one := range s.Trusted {
		p, err := netip.ParsePrefix(one)
		if a, notOne := netip.ParseAddr(one); err != nil && notOne == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%q is not an address or a network", one)
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

// URL gives where clients reach the server, without a slash at the end.
func (s Server) URL() string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	return "https://" + s.Name
}

// validName checks a server name (Matrix appendices, "Server Name"): a host or IP literal, and perhaps a port.
func validName(name string) bool {
	if len(name) > 230 {
		return false
	}
	host := name
	if strings.HasPrefix(name, "[") || strings.Count(name, ":") == 1 {
		if h, port, err := net.SplitHostPort(name); err == nil {
			if len(port) == 0 || len(port) > 5 || strings.Trim(port, "0123456789") != "" {
				return false
			}
			host = h
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		literal, _, _ := strings.Cut(inner, "]")
		a, err := netip.ParseAddr(literal)
		return err == nil && a.Is6() && a.Zone() == ""
	}
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == ""
}
