// Package server is the wiring: it opens the database, builds every slice, hands each its settings and what it asks of
// others, and serves them. It holds no rules of its own; only cmd and tests import it.
//
// Three pages: routes.go lists every endpoint, gates.go what the slices ask of each other, this one the order in which
// all is built, started and stopped.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wardline/wardline/internal/matrix/account"
	"github.com/wardline/wardline/internal/matrix/accountdata"
	"github.com/wardline/wardline/internal/matrix/delivery"
	"github.com/wardline/wardline/internal/matrix/discovery"
	"github.com/wardline/wardline/internal/matrix/history"
	"github.com/wardline/wardline/internal/matrix/keybackup"
	"github.com/wardline/wardline/internal/matrix/keys"
	"github.com/wardline/wardline/internal/matrix/media"
	"github.com/wardline/wardline/internal/matrix/profile"
	"github.com/wardline/wardline/internal/matrix/push"
	"github.com/wardline/wardline/internal/matrix/receipt"
	"github.com/wardline/wardline/internal/matrix/relation"
	"github.com/wardline/wardline/internal/matrix/room"
	"github.com/wardline/wardline/internal/matrix/room/creation"
	"github.com/wardline/wardline/internal/matrix/room/listing"
	"github.com/wardline/wardline/internal/matrix/room/membership"
	"github.com/wardline/wardline/internal/matrix/room/report"
	"github.com/wardline/wardline/internal/matrix/search"
	"github.com/wardline/wardline/internal/matrix/space"
	engine "github.com/wardline/wardline/internal/matrix/sync" // not to hide the standard library's
	"github.com/wardline/wardline/internal/matrix/todevice"
	"github.com/wardline/wardline/internal/matrix/typing"
	"github.com/wardline/wardline/internal/matrix/webpush"
	"github.com/wardline/wardline/internal/platform/audit"
	"github.com/wardline/wardline/internal/platform/blob"
	"github.com/wardline/wardline/internal/platform/config"
	"github.com/wardline/wardline/internal/platform/endpoint"
	"github.com/wardline/wardline/internal/platform/job"
	"github.com/wardline/wardline/internal/platform/metric"
	"github.com/wardline/wardline/internal/platform/store"
	"github.com/wardline/wardline/internal/spec/matrix"
	"github.com/wardline/wardline/web"
)

// Server is one node of an installation.
type Server struct {
	conf    *config.Config
	log     *slog.Logger
	metrics *metric.Registry
	db      *store.DB
	key     matrix.Key
	files   blob.Store
	alone   bool // a server, not a command beside one

	profiles *profile.Profiles
	keep     *accountdata.Keep
	accounts *account.Accounts
	about    discovery.Server
	rooms    *room.Rooms
	listing  *listing.Listing
	members  *membership.Members
	maker    *creation.Maker
	reports  *report.Reports
	receipts *receipt.Receipts
	ledger   *delivery.Ledger
	typing   *typing.Typing
	rules    *push.Rules
	counter  *push.Counter
	pushers  *push.Pushers
	delivery *push.Delivery
	browsers *webpush.Subscriptions
	relation *relation.Relations
	history  *history.History
	spaces   *space.Spaces
	search   *search.Search
	people   *search.People
	keys     *keys.Keys
	inbox    *todevice.ToDevice
	backups  *keybackup.Backups
	media    *media.Media
	engine   *engine.Engine
	jobs     *job.Runner

	handler  http.Handler
	starts   []func(context.Context) error
	drains   []func()
	stops    []func(context.Context) error
	ready    atomic.Bool
	stopOnce sync.Once
	stopErr  error
}

// New opens the installation that conf describes, creating it when it is not there yet, and builds every slice.
// Nothing runs until Start. Stop it in any case.
func New(ctx context.Context, conf *config.Config, log *slog.Logger) (*Server, error) {
	return build(ctx, &Server{conf: conf, log: log, metrics: metric.New(), alone: true})
}

func build(ctx context.Context, s *Server) (*Server, error) {
	conf := s.conf
	if conf.Server.Name == "" {
		return nil, errors.New("server.server_name is not set: give the domain for user ids, such as trust.example (--server-name)")
	}
	if err := os.MkdirAll(conf.Server.Data, 0o700); err != nil {
		return nil, fmt.Errorf("server.data: the data directory cannot be made: %w", err)
	}
	for _, build := range []func(context.Context) error{s.buildPlatform, s.buildSlices, s.buildRoutes} {
		if err := build(ctx); err != nil {
			return nil, errors.Join(err, s.Stop(ctx))
		}
	}
	return s, nil
}

// buildPlatform opens what everything stands on.
func (s *Server) buildPlatform(ctx context.Context) (err error) {
	s.db, err = store.Open(ctx, store.Options{
		Dir: s.conf.Server.Data, URL: s.conf.Server.Database, ServerName: s.conf.Server.Name, Serve: s.alone,
	})
	if err != nil {
		return err
	}
	s.onStop(func(context.Context) error { return s.db.Close() })
	if s.key, err = openKey(s.conf.Server.Data, s.db.Position() == 0); err != nil {
		return err
	}
	if err := audit.Start(s.db, s.key.Private); err != nil {
		return err
	}
	s.files, err = blob.OpenDisk(filepath.Join(s.conf.Server.Data, filesFolder))
	return err
}

// buildSlices builds the slices from the lowest floor up: each follower of the log is told after those below it.
func (s *Server) buildSlices(context.Context) error {
	s.about = discovery.New(discovery.Config{
		ServerName:  s.conf.Server.Name,
		PublicURL:   s.conf.Server.PublicURL,
		RoomVersion: s.conf.Rooms.DefaultVersion,
		Encryption:  s.conf.Rooms.Encryption,
		Demo:        s.conf.Server.Demo,
	})
	s.profiles = profile.New(s.db)
	s.keep = accountdata.New(s.db)
	s.accounts = account.New(s.db, account.Config{
		ServerName:         s.conf.Server.Name,
		PublicURL:          s.conf.Server.PublicURL,
		MinPassword:        s.conf.Accounts.PasswordMin,
		RegistrationSecret: s.conf.Accounts.RegistrationSecret,
		OpenRegistration:   s.conf.Accounts.OpenRegistration,
		AccessLifetime:     time.Duration(s.conf.Accounts.AccessTokenLife),
		RefreshLifetime:    time.Duration(s.conf.Accounts.RefreshTokenLife),
		MaxDevices:         s.conf.Accounts.MaxDevices,
		GuessesPerSecond:   s.conf.Limits.LoginAccount.PerSecond,
		GuessBurst:         s.conf.Limits.LoginAccount.Burst,
		NoLimits:           s.conf.Limits.Off,
	}, s.profiles)
	s.rooms = room.New(s.db, room.Config{
		ServerName: s.conf.Server.Name,
		Key:        s.key,
		Encryption: s.conf.Rooms.Encryption,
	}, people{s.db, s.keep}, s.log)
	s.listing = listing.New(s.db, s.rooms)
	s.rooms.AddGate(s.listing)
	s.members = membership.New(s.rooms, s.listing)
	s.maker = creation.New(creation.Config{
		Version:    matrix.RoomVersion(s.conf.Rooms.DefaultVersion),
		Encryption: s.conf.Rooms.Encryption,
	}, s.rooms, s.listing, s.log)
	s.reports = report.New(s.db, s.rooms)
	s.receipts = receipt.New(s.db, s.rooms)
	s.ledger = delivery.New(s.db, s.rooms, s.receipts)
	s.onStop(s.ledger.Stop)
	s.typing = typing.New(s.rooms)
	s.buildPush()
	s.relation = relation.New(s.db, s.rooms, s.keep)
	s.rooms.AddGate(s.relation)
	s.history = history.New(s.db, s.rooms, s.keep, s.relation)
	s.spaces = space.New(s.rooms, s.listing)
	s.buildSearch()
	s.keys = keys.New(s.db, s.keyHooks())
	s.inbox = todevice.New(s.db)
	s.backups = keybackup.New(s.db)
	if err := s.buildMedia(); err != nil {
		return err
	}
	s.engine = engine.New(engine.Sources{
		DB: s.db, Rooms: s.rooms, Data: s.keep, Receipts: s.receipts, Delivery: s.ledger, Typing: s.typing, Accounts: s.accounts, Rules: s.rules, Counter: s.counter,
		Keys: s.keys, Inbox: s.inbox, Relations: s.relation, Log: s.log,
	})
	s.onDrain(s.engine.Stop)
	s.jobs = job.NewRunner(s.db, s.log)
	s.joinAccounts()
	s.takeOn(s.chores())
	s.catchUpSearch()
	s.onStart(s.accounts.Start)
	s.onStop(s.accounts.Stop)
	s.onStart(s.startJobs)
	s.onStart(s.watchRest)
	return nil
}

// startJobs keeps promises until the server stops; those under way are finished or given back.
func (s *Server) startJobs(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.jobs.Run(ctx)
	}()
	s.onStop(func(context.Context) error {
		cancel()
		<-done
		return nil
	})
	return nil
}

// buildRoutes makes the handler of all routes.
func (s *Server) buildRoutes(context.Context) error {
	proxies, err := s.conf.Server.Proxies()
	if err != nil {
		return fmt.Errorf("server.trusted_proxies: %w", err)
	}
	s.handler = endpoint.Mux(s.routes(), endpoint.Options{
		Authenticate: s.accounts.Authenticate,
		Limit:        s.limits(),
		Log:          s.log,
		Metrics:      s.metrics,
		Trusted:      proxies,
		GzipMin:      int(s.conf.Server.GzipMin),
		Fallback:     web.Handler(),
	})
	return nil
}

// limits gives the rate limits, or nil when they are off.
func (s *Server) limits() endpoint.Limiter {
	l := s.conf.Limits
	if l.Off {
		return nil
	}
	rate := func(r config.Rate) endpoint.Rate { return endpoint.Rate(r) }
	stranger := rate(l.Stranger)
	return endpoint.NewLimits(endpoint.Rates{
		User: map[endpoint.Class]endpoint.Rate{
			endpoint.Read: rate(l.Read), endpoint.Write: rate(l.Write), endpoint.Media: rate(l.Media), endpoint.Sync: rate(l.Sync),
			endpoint.Search: rate(l.Search), endpoint.Ops: rate(l.Ops), endpoint.Login: rate(l.LoginAccount),
		},
		Open: map[endpoint.Class]endpoint.Rate{
			endpoint.Login: rate(l.Login), endpoint.Read: stranger, endpoint.Write: stranger, endpoint.Media: stranger,
			endpoint.Sync: stranger, endpoint.Search: stranger,
		},
	})
}

// onStart registers what runs before the first request.
func (s *Server) onStart(fn func(context.Context) error) { s.starts = append(s.starts, fn) }

// onDrain registers what ends waiting requests when the server is about to stop.
func (s *Server) onDrain(fn func()) { s.drains = append(s.drains, fn) }

// onStop registers what is closed at the end: last registered, first closed.
func (s *Server) onStop(fn func(context.Context) error) { s.stops = append(s.stops, fn) }

// Start loads what must be in memory and starts what runs by itself. The server is ready afterwards.
func (s *Server) Start(ctx context.Context) error {
	for _, start := range s.starts {
		if err := start(ctx); err != nil {
			return err
		}
	}
	s.ready.Store(true)
	return nil
}

// Handler answers every request to the server; Start it first.
func (s *Server) Handler() http.Handler { return s.handler }

// Stop ends waiting requests, lets the slices finish, and closes the database. It may be called more than once.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.drain()
		for _, stop := range slices.Backward(s.stops) {
			s.stopErr = errors.Join(s.stopErr, stop(ctx))
		}
	})
	return s.stopErr
}

// drain turns new work away from this node and ends requests that only wait.
func (s *Server) drain() {
	s.ready.Store(false)
	for _, fn := range s.drains {
		fn()
	}
	s.drains = nil
}
