package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

// app is a daemon: everything wired together, made by newApp, run by run, and
// ended by close.
type app struct {
	cfg     *config.Config
	log     *slog.Logger
	lock    *lock // on the data folder
	store   *store.Store
	desk    *web.Desk
	inbox   inbox
	metrics *metrics
	rules   *rules

	probers map[string]web.Prober
	relays  []*bridge.Relay
	tellers map[bridge.Place]bridge.Teller // by workspace
	// connections are what the page of surfaces checks.
	connections []web.Connection
	links       []web.LinkReader
	names       map[bridge.Place]string // of workspaces, by the configuration
	ports       []string                // the relays' ports, as metrics name them
	routes      []route
	// receiving are the surfaces' own loops, sending the relays, keeping what goes
	// on until the end. They are stopped in this order.
	receiving, sending, keeping []worker

	listener, metricsListener net.Listener
	handler                   http.Handler
	setupCode                 string
	pages                     *web.Server
	stopping                  atomic.Bool
}

// worker is one loop that runs until its ctx ends.
type worker struct {
	name string
	run  func(ctx context.Context) error
}

// route is one more handler beside the pages.
type route struct {
	pattern string
	handler http.Handler
}

// newApp opens, locks and wires everything, and listens; nothing runs yet. After an
// error nothing is left open.
func newApp(ctx context.Context, cfg *config.Config, log *slog.Logger) (*app, error) {
	a := &app{cfg: cfg, log: log, metrics: newMetrics(), probers: map[string]web.Prober{}, tellers: map[bridge.Place]bridge.Teller{}, names: map[bridge.Place]string{}}
	if err := a.wire(ctx); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *app) wire(ctx context.Context) error {
	if err := os.MkdirAll(a.cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if err := a.openStore(ctx); err != nil {
		return err
	}
	if err := a.listen(); err != nil {
		return err
	}
	a.desk = &web.Desk{Tickets: a.store, Directory: a.store, Log: a.store, PublicURL: a.cfg.PublicURL}
	a.rules = newRules(a.store, a.log)
	a.inbox = inbox{store: a.store, receiver: &bridge.Receiver{
		Log: a.store, Desk: a.desk, Directory: a.store, Count: a.metrics.countInbound,
	}}
	for _, step := range []func() error{a.addSlack, a.addDiscord, a.addWebhook, a.addNotifier, a.addKeepers} {
		if err := step(); err != nil {
			return err
		}
	}
	return a.addPages(ctx)
}

// openStore takes the data folder, and opens and migrates the database. Every
// daemon has a folder of its own, with Postgres too: its name is there.
func (a *app) openStore(ctx context.Context) (err error) {
	if a.lock, err = lockFolder(a.cfg.DataDir); err != nil {
		return err
	}
	if a.store, err = openStore(ctx, a.cfg, a.log, a.lock.name); err != nil {
		return err
	}
	if err := migrate(ctx, a.store); err != nil {
		return err
	}
	// The folder is ours, so the earlier life with our name has ended.
	if err := a.store.FreeLeases(ctx); err != nil {
		return fmt.Errorf("free the leases of an earlier run: %w", err)
	}
	return nil
}

// openStore opens the database that the configuration names.
// holder is the daemon's name in leases; a tool that takes none has none.
func openStore(ctx context.Context, cfg *config.Config, log *slog.Logger, holder string) (*store.Store, error) {
	o := store.Options{
		Holder: holder,
		Driver: "sqlite", DSN: cfg.Database.SQLite, Log: log,
		ManyPeople: cmp.Or(cfg.Desk.ManyPeople, -1), RecordOnly: !cfg.Desk.ReopenOnReply, NoReactionRules: !cfg.Desk.ReactionRules, CustomerWebhook: cfg.Webhook.URL != "",
		NoticeGrace: cfg.Notices.Grace,
	}
	if dsn := cfg.Database.Postgres; dsn.IsSet() {
		o.Driver, o.DSN = "postgres", dsn.Reveal()
	}
	return store.Open(ctx, o)
}

// listen opens the addresses first, so that a port taken by somebody else is found
// before anything is sent. Port 0 becomes the port that was given.
func (a *app) listen() (err error) {
	if a.listener, err = net.Listen("tcp", a.cfg.Listen); err != nil {
		return fmt.Errorf("listen for pages: %w", err)
	}
	if _, port, err := net.SplitHostPort(a.cfg.Listen); err == nil && port == "0" {
		if base, ok := strings.CutSuffix(a.cfg.PublicURL, ":0"); ok {
			a.cfg.PublicURL = fmt.Sprintf("%s:%d", base, a.listener.Addr().(*net.TCPAddr).Port)
		}
	}
	if a.cfg.Metrics.Listen == "" {
		return nil
	}
	if a.metricsListener, err = net.Listen("tcp", a.cfg.Metrics.Listen); err != nil {
		return fmt.Errorf("listen for metrics: %w", err)
	}
	return nil
}

// addKeepers adds what runs until the very end: checkpoints over the audit trails,
// and the removal of expired sign-ins and old readings.
func (a *app) addKeepers() error {
	key, err := bridge.CheckpointKey(a.cfg.Audit.CheckpointKeyFile)
	if err != nil {
		return err
	}
	if err := publishKey(a.cfg, key.Public().(ed25519.PublicKey)); err != nil {
		return err
	}
	a.metrics.registry.MustRegister(newLag(a.store, a.ports))
	points := &bridge.Checkpointer{
		Source: a.store, Path: a.cfg.Audit.CheckpointFile, Key: key, Every: a.cfg.Audit.Every, Log: a.log,
	}
	a.keeping = append(a.keeping, worker{"checkpoints", points.Run}, worker{"sign-ins and readings", a.sweep})
	return nil
}

// sweepEvery is how often expired sign-ins, and readings that are too old, are removed.
const sweepEvery = time.Hour

func (a *app) sweep(ctx context.Context) error {
	for {
		if err := a.store.Sessions().Sweep(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("expired sign-ins were not removed", "error", err)
		}
		a.dropAccesses(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(sweepEvery):
		}
	}
}

// dropAccesses removes the readings that are older than the configuration keeps.
func (a *app) dropAccesses(ctx context.Context) {
	if a.cfg.Audit.AccessLogDays == 0 {
		return
	}
	dropped, err := a.store.DropAccesses(ctx, time.Now().AddDate(0, 0, -a.cfg.Audit.AccessLogDays))
	switch {
	case err != nil && ctx.Err() == nil:
		a.log.Warn("old readings were not removed from the access log", "error", err)
	case dropped > 0:
		a.log.Info("old readings were removed from the access log", "readings", dropped)
	}
}

// stopTime is how long requests and calls under way may take to end. What is cut
// off then is taken up at the next start, as after a crash.
const stopTime = 30 * time.Second

// run serves until ctx ends or something breaks that it cannot work without, and
// then stops in order: nothing new is accepted, calls under way end, the last
// checkpoint is written.
func (a *app) run(ctx context.Context) error {
	fail := make(chan error, 16)
	receiving := a.start(ctx, a.receiving, fail)
	sending := a.start(ctx, a.sending, fail)
	keeping := a.start(ctx, a.keeping, fail)
	servers := a.serve(fail)
	a.log.Info("serving", "listen", a.listener.Addr().String(), "public_url", a.cfg.PublicURL, "version", version())

	var err error
	select {
	case <-ctx.Done():
	case err = <-fail:
	}
	a.log.Info("stopping", "grace", stopTime.String())
	a.stopping.Store(true)
	a.pages.Close() // ends open ticket pages' streams, which would never end by themselves
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	err = errors.Join(err, servers.stop(grace))
	for _, g := range []*group{receiving, sending, keeping} {
		if !g.stop(grace) {
			a.log.Warn("calls under way were cut off; the next start takes them up", "worker", g.name())
		}
	}
	a.log.Info("stopped")
	return err
}

// close ends what newApp opened, the store last.
func (a *app) close() error {
	var errs []error
	for _, l := range []net.Listener{a.listener, a.metricsListener} {
		if l != nil {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.release())
	}
	return errors.Join(errs...)
}

// group is workers that are stopped together.
type group struct {
	workers []worker
	cancel  context.CancelFunc
	wg      sync.WaitGroup
}

// start runs workers. They end with the group, not with ctx: stopping has an order.
func (a *app) start(ctx context.Context, workers []worker, fail chan<- error) *group {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	g := &group{workers: workers, cancel: cancel}
	for _, w := range workers {
		g.wg.Go(func() {
			if err := w.run(ctx); err != nil {
				select {
				case fail <- fmt.Errorf("%s: %w", w.name, err):
				default: // the daemon stops already
				}
			}
		})
	}
	return g
}

// stop ends the workers and reports whether they ended in time.
func (g *group) stop(grace context.Context) bool {
	g.cancel()
	done := make(chan struct{})
	var waiter sync.WaitGroup
	waiter.Go(func() { g.wg.Wait(); close(done) })
	select {
	case <-done:
		waiter.Wait()
		return true
	case <-grace.Done():
		return false // the process ends, and the goroutines with it
	}
}

func (g *group) name() string {
	names := make([]string, len(g.workers))
	for i, w := range g.workers {
		names[i] = w.name
	}
	return strings.Join(names, ", ")
}
