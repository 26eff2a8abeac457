package main

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
)

// world is a wired daemon beside a simulated Slack. It runs after serve.
type world struct {
	*demo
	t    *testing.T
	app  *app
	stop context.CancelFunc
	done chan error
}

func newWorld(t *testing.T, change func(*config.Config)) *world {
	t.Helper()
	w := &world{demo: newDemo(t.TempDir()), t: t}
	if err := w.startSlack("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sim.Close() })
	cfg, err := w.configure("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Metrics.Listen = "127.0.0.1:0"
	if change != nil {
		change(cfg)
	}
	if w.app, err = newApp(t.Context(), cfg, quietLogger(cfg, &program{stderr: io.Discard})); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.app.close(); err != nil {
			t.Error(err)
		}
	})
	if err := w.seed(t.Context(), w.app.store); err != nil {
		t.Fatal(err)
	}
	return w
}

// serve runs the daemon until the test ends, or halt.
func (w *world) serve() {
	ctx, stop := context.WithCancel(w.t.Context())
	w.stop, w.done = stop, make(chan error, 1)
	go func() { w.done <- w.app.run(ctx) }() // halt waits for it
	w.t.Cleanup(w.halt)
}

func (w *world) halt() {
	w.t.Helper()
	if w.stop == nil {
		return
	}
	w.stop()
	w.stop = nil
	if err := <-w.done; err != nil {
		w.t.Errorf("run: %v", err)
	}
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	w.t.Cleanup(cancel)
	return ctx
}

// until waits for something that a commit brings about.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	ctx := w.ctx()
	for {
		rung := w.app.store.Bell().Any()
		if ok() {
			return
		}
		select {
		case <-rung:
		case <-ctx.Done():
			w.t.Fatalf("waiting until %s: %v", what, ctx.Err())
		}
	}
}

func (w *world) place(channel string) bridge.Place {
	return bridge.Place{Surface: slack.Surface, Workspace: w.sim.TeamID(), Channel: channel}
}

// get returns status and body of a page of the daemon.
func (w *world) get(url string) (int, string) {
	w.t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (w *world) talk() (bridge.ID, string) {
	w.t.Helper()
	id, err := w.ask(w.ctx(), w.app.store, 1, w.billing, "Second charge", "Is it ours?")
	if err != nil {
		w.t.Fatal(err)
	}
	root, err := w.thread(w.ctx(), w.billing.channel, "Second charge")
	if err != nil {
		w.t.Fatal(err)
	}
	return id, root
}
