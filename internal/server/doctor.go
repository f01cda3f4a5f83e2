package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/platform/job"
	"github.com/wardline/wardline/internal/platform/store"
)

// Grade is how much a finding matters.
type Grade uint8

// The grades.
const (
	Good    Grade = iota
	Warning       // works, and should be looked at
	Bad           // does not work, or is dangerous
)

// Finding is one thing the doctor looked at.
type Finding struct {
	Grade  Grade
	What   string // what was looked at, and what was found
	Remedy string // what to do; empty when Good
}

func good(format string, args ...any) Finding { return Finding{What: fmt.Sprintf(format, args...)} }

func warn(what, remedy string) Finding { return Finding{Grade: Warning, What: what, Remedy: remedy} }

func bad(what, remedy string) Finding { return Finding{Grade: Bad, What: what, Remedy: remedy} }

// Examine says what is wrong with an installation and how to mend it. It changes nothing.
func Examine(ctx context.Context, conf *config.Config) (all []Finding) {
	if conf.Server.Name == "" {
		known := *conf
		known.Server.Name, _ = nameOfInstallation(ctx, conf) // lookAtDatabase says why it cannot be known
		conf = &known
	}
	for _, look := range []func(context.Context, *config.Config) []Finding{
		lookAtDirectory, lookAtKey, lookAtDatabase, lookAtListener, lookAtCertificate, lookAtAddress, lookAtSettings, lookAtLimits,
	} {
		all = append(all, look(ctx, conf)...)
	}
	return all
}

func lookAtDirectory(_ context.Context, conf *config.Config) (all []Finding) {
	dir := conf.Server.Data
	at, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{bad("there is no data directory "+dir, "start wardline serve once, or name the right directory with --data")}
	case err != nil:
		return []Finding{bad("the data directory cannot be looked at: "+err.Error(), "run as the user that wardline runs as")}
	case at.Mode().Perm()&0o077 != 0:
		all = append(all, bad("the data directory can be read by other users of this machine", "chmod 700 "+dir))
	}
	probe, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return append(all, bad("nothing can be written to the data directory: "+err.Error(), "give it to the user that wardline runs as, and look at the disk"))
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		all = append(all, bad("the data directory cannot be written to properly: "+err.Error(), "look at the disk"))
	}
	return append(all, lookAtSpace(dir))
}

func lookAtSpace(dir string) Finding {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		return warn("the free space cannot be told: "+err.Error(), "look with df")
	}
	free := disk.Bavail * uint64(disk.Bsize) //nolint:gosec // block sizes are positive
	remedy := "make room: nothing can be sent once the disk is full"
	switch what := fmt.Sprintf("%d MiB are free in %s", free>>20, dir); {
	case free < 200<<20:
		return bad(what, remedy)
	case free < 2<<30:
		return warn(what, remedy)
	default:
		return good("%s", what)
	}
}

func lookAtKey(_ context.Context, conf *config.Config) []Finding {
	path := filepath.Join(conf.Server.Data, keyFile)
	if _, err := openKey(conf.Server.Data, false); err != nil {
		return []Finding{bad("the signing key: "+err.Error(), "put "+path+" back from a backup")}
	}
	if at, err := os.Stat(path); err == nil && at.Mode().Perm()&0o077 != 0 {
		return []Finding{bad("the signing key can be read by other users of this machine", "chmod 600 "+path)}
	}
	return []Finding{good("the signing key is there")}
}

func lookAtDatabase(ctx context.Context, conf *config.Config) []Finding {
	db, err := openReadOnly(ctx, conf)
	if err != nil {
		return []Finding{bad("the database cannot be opened: "+err.Error(), "see what it says; a schema older than this program is brought up to date by wardline serve")}
	}
	defer func() { _ = db.Close() }() // only read
	var name string
	var admins int64
	var failures []job.Failure
	err = db.Read(ctx, func(tx *store.Tx) (err error) {
		if name, err = serverName(tx); err != nil {
			return err
		}
		if admins, err = countAdmins(tx); err != nil {
			return err
		}
		failures, err = job.Failures(tx, 100)
		return err
	})
	if err != nil {
		return []Finding{bad("the database cannot be read: "+err.Error(), "look at its log and its disk; wardline restore makes a new one of a backup")}
	}
	all := []Finding{good("the database (%s) of %s answers", db.Engine(), name)}
	if admins == 0 {
		all = append(all, warn("nobody may administer the server", "wardline user add NAME --admin"))
	}
	if len(failures) > 0 {
		all = append(all, warn(fmt.Sprintf("%d jobs were given up after many attempts, such as %s", len(failures), failures[0].Kind), "see the log for why"))
	}
	return all
}

// lookAtListener asks the running server whether it is ready.
func lookAtListener(ctx context.Context, conf *config.Config) []Finding {
	scheme := "http"
	if conf.Server.TLSCert != "" {
		scheme = "https"
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // asks its own machine; the certificate is looked at apart
	}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+reachable(conf.Server.Listen)+"/_wardline/ready", nil)
	if err != nil {
		return []Finding{bad("server.listen: "+err.Error(), "correct it")}
	}
	res, err := client.Do(r)
	if err != nil {
		return []Finding{warn("no server answers on "+conf.Server.Listen, "start it, if it should be running: wardline serve, or systemctl start wardline")}
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return []Finding{bad("the server on "+conf.Server.Listen+" is not ready: "+res.Status, "see its log")}
	}
	return []Finding{good("the server on %s is ready", conf.Server.Listen)}
}

// reachable gives an address to reach a listener by: that of loopback for one that listens everywhere.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("localhost", port)
	}
	return listen
}

func lookAtCertificate(_ context.Context, conf *config.Config) []Finding {
	if conf.Server.TLSCert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(conf.Server.TLSCert, conf.Server.TLSKey)
	if err != nil {
		return []Finding{bad("the TLS certificate cannot be used: "+err.Error(), "correct server.tls_cert and server.tls_key")}
	}
	var all []Finding
	left := time.Until(pair.Leaf.NotAfter)
	what := "the TLS certificate is good until " + pair.Leaf.NotAfter.UTC().Format(time.RFC3339)
	switch {
	case left < 0:
		all = append(all, bad("the TLS certificate has run out", "renew it"))
	case left < 14*24*time.Hour:
		all = append(all, warn(what, "renew it; the server reads it again by itself"))
	default:
		all = append(all, good("%s", what))
	}
	if u, err := url.Parse(conf.Server.URL()); err == nil && u.Hostname() != "" {
		if err := pair.Leaf.VerifyHostname(u.Hostname()); err != nil {
			all = append(all, bad("the TLS certificate is not for "+u.Hostname(), "get one that is, or correct server.public_url"))
		}
	}
	return all
}

func lookAtAddress(_ context.Context, conf *config.Config) []Finding {
	u, err := url.Parse(conf.Server.URL())
	if err != nil || u.Host == "" {
		return []Finding{warn("clients are not told where the server is", "set server.public_url")}
	}
	if u.Scheme != "https" && !config.Loopback(net.JoinHostPort(u.Hostname(), "0")) {
		return []Finding{bad("clients are told to use "+conf.Server.URL()+", where anyone on the way can read along", "use https")}
	}
	return nil
}

// lookAtSettings looks for what is meant for tests, or lets content out of the trust.
func lookAtSettings(_ context.Context, conf *config.Config) (all []Finding) {
	behindProxy := conf.Server.TLSCert == "" && len(conf.Server.Trusted) == 0
	for _, c := range []struct {
		is bool
		f  Finding
	}{
		{conf.Accounts.OpenRegistration, bad("anyone may register", "set accounts.open_registration = false: it is for test rigs")},
		{conf.Limits.Off, bad("there are no rate limits: passwords can be guessed at any speed", "set limits.off = false: it is for test rigs")},
		{conf.Accounts.RegistrationSecret != "", warn("accounts can be made by whoever knows accounts.registration_secret", "remove it when the tool that needs it has done its work")},
		{conf.Push.IncludeContent, warn("pushes may carry message text through Apple's and Google's servers", "set push.include_content = false unless the trust has decided otherwise")},
		{conf.Push.PrivateGateways, warn("clients may have the server send requests to addresses inside the trust", "set push.private_gateways = false unless the push gateway is there")},
		{conf.Rooms.Encryption, warn("conversations may be encrypted: the trust cannot search, audit or disclose those", "set rooms.encryption = false unless the trust has decided otherwise")},
		{behindProxy, warn("behind a proxy, all callers have the proxy's address: they share one limit on sign-ins, and the audit cannot tell them apart",
			"set server.trusted_proxies, or server.tls_cert if there is no proxy")},
	} {
		if c.is {
			all = append(all, c.f)
		}
	}
	return all
}

// lookAtLimits looks at how many connections the system allows.
func lookAtLimits(context.Context, *config.Config) []Finding {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return nil
	}
	const few = 8192 // each client that waits for news holds a connection
	if l.Max < few {
		return []Finding{warn(fmt.Sprintf("the system allows %d open files: that many clients can be connected", l.Max), "raise it: LimitNOFILE=65536 in the systemd unit")}
	}
	return []Finding{good("the system allows %d open files", l.Max)}
}

// Ill reports whether any finding is Bad, as an error to end with.
func Ill(all []Finding) error {
	for _, f := range all {
		if f.Grade == Bad {
			return errors.New("something needs mending: see above")
		}
	}
	return nil
}
