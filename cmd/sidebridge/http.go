package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

// requestTime bounds one request, reading and writing, where it moves files. Streams
// have no bound: a ticket page may be open all day.
const requestTime = 15 * time.Minute

// addPages builds the pages and the one ServeMux.
func (a *app) addPages(ctx context.Context) error {
	has, err := a.store.HasAdmin(ctx)
	if err != nil {
		return fmt.Errorf("look for an admin: %w", err)
	}
	if !has {
		a.setupCode = rand.Text()
	}
	provider, err := ssoOf(a.cfg)
	if err != nil {
		return err
	}
	if provider != nil {
		a.names[bridge.Place{Surface: web.SurfaceOIDC, Workspace: a.cfg.OIDC.Issuer}] = a.cfg.OIDC.Name
	}
	notices := a.cfg.Notices.Default()
	a.pages, err = web.New(web.Options{
		Log: a.store, Desk: a.desk, Store: a.store, Sessions: a.store.Sessions(), Bell: a.store.Bell(),
		Probers: a.probers, Connections: a.connections, Held: a.held, Links: a.links, Workspaces: a.names, PublicURL: a.cfg.PublicURL, SetupCode: a.setupCode, Logger: a.log,
		TrustedProxies: a.cfg.TrustedProxies, SSO: provider, Passwords: a.cfg.SignIn.Passwords, TwoFactor: a.cfg.SignIn.RequireTwoFactor, Notices: &notices, NoDirectMessages: !a.cfg.Notices.DirectMessages,
	})
	if err != nil {
		return fmt.Errorf("build the pages: %w", err)
	}
	a.inbox.receiver.Starter = a.pages
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.serveHealth)
	mux.HandleFunc("GET /readyz", a.serveReady)
	for _, r := range a.routes {
		mux.Handle(r.pattern, r.handler)
	}
	mux.Handle("/", a.pages.Handler())
	a.handler = bounded(mux)
	return nil
}

// serveHealth says that the process is alive, whatever the database does: to be
// restarted would not help it.
func (a *app) serveHealth(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") }

// serveReady says whether requests should come here.
func (a *app) serveReady(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	switch err := a.store.Ping(ctx); {
	case a.stopping.Load():
		answer(w, http.StatusServiceUnavailable, "stopping")
	case err != nil:
		a.log.Warn("not ready: the database does not answer", "error", err)
		answer(w, http.StatusServiceUnavailable, "the database does not answer")
	default:
		answer(w, http.StatusOK, "ready")
	}
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client may be gone
}

// bounded gives every request a deadline, except a ticket page's stream, which sets
// its own for every write.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/stream") {
			end, c := time.Now().Add(requestTime), http.NewResponseController(w)
			// Only a test's recorder has no deadlines.
			_ = errors.Join(c.SetReadDeadline(end), c.SetWriteDeadline(end))
		}
		next.ServeHTTP(w, r)
	})
}

// servers are the HTTP servers that run.
type servers struct {
	list []*http.Server
	wg   sync.WaitGroup
}

// serve starts the HTTP servers on the listeners.
func (a *app) serve(fail chan<- error) *servers {
	s := &servers{}
	s.add(a.listener, a.handler, fail)
	if a.metricsListener != nil {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", a.metrics.handler())
		s.add(a.metricsListener, mux, fail)
	}
	return s
}

func (s *servers) add(l net.Listener, h http.Handler, fail chan<- error) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	s.list = append(s.list, srv)
	s.wg.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			select {
			case fail <- fmt.Errorf("serve %s: %w", l.Addr(), err):
			default: // the daemon stops already
			}
		}
	})
}

// stop accepts nothing more and waits for the requests under way.
func (s *servers) stop(grace context.Context) error {
	var errs []error
	for _, srv := range s.list {
		if err := srv.Shutdown(grace); err != nil {
			errs = append(errs, fmt.Errorf("end requests: %w", errors.Join(err, srv.Close())))
		}
	}
	s.wg.Wait()
	return errors.Join(errs...)
}
