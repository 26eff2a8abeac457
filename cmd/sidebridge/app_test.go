package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestHealthReadinessAndMetricsAreServed(t *testing.T) {
	w := newWorld(t, nil)
	w.serve()
	base := w.app.cfg.PublicURL
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := w.get(base + path); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := w.get(base + "/metrics"); status == http.StatusOK {
		t.Error("metrics are served to everybody")
	}
	_, root := w.talk()
	if _, err := w.anders.slack.Reply(w.billing.channel, root, "Yes."); err != nil {
		t.Fatal(err)
	}
	w.until("the answer is accepted", func() bool {
		entries, err := w.app.store.Entries(w.ctx(), bridge.SeesAll, 1, 0, 1000)
		return err == nil && slices.ContainsFunc(entries, func(e *bridge.Entry) bool { return e.Words.Body == "Yes." })
	})
	_, figures := w.get("http://" + w.app.metricsListener.Addr().String() + "/metrics")
	port := `port="slack/` + w.sim.TeamID() + `"`
	for _, want := range []string{
		`sidebridge_mirrors{` + port + `,state="parked"} 0`, `sidebridge_relay_total{event="delivered",` + port + `} 2`,
		`sidebridge_deliveries_uncertain{` + port + `} 0`,
		// The answer may have come by a listing first; then the event is a duplicate.
		`sidebridge_inbound_total{outcome="echo",surface="slack"}`, `sidebridge_build_info`, `go_goroutines`,
	} {
		if !strings.Contains(figures, want) {
			t.Errorf("metrics lack %s in\n%s", want, figures)
		}
	}
}

func TestStoppingEndsOpenPagesAndNotRequests(t *testing.T) {
	w := newWorld(t, nil)
	w.serve()
	b, err := newBrowser(w.app.cfg.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.post(w.ctx(), "/sign-in", map[string][]string{"email": {w.alice.email}, "password": {w.password}}); err != nil {
		t.Fatal(err)
	}
	s := openStream(w.ctx(), b, 1, 0)
	defer s.close()
	if err := s.connected(w.ctx(), 1); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	w.halt()
	if took := time.Since(start); took > stopTime/2 {
		t.Errorf("an open page held the daemon up for %v", took)
	}
}

func TestNotReadyWhileStopping(t *testing.T) {
	w := newWorld(t, nil)
	w.app.stopping.Store(true)
	w.serve()
	if status, body := w.get(w.app.cfg.PublicURL + "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "stopping") {
		t.Errorf("%d %s", status, body)
	}
}

func TestSetupCodeIsMadeOnlyWhileNobodyCanSignIn(t *testing.T) {
	file := configured(t, "")
	cfg := loaded(t, file)
	for _, want := range []bool{true, false} {
		a, err := newApp(t.Context(), cfg, quietLogger(cfg, &program{stderr: io.Discard}))
		if err != nil {
			t.Fatal(err)
		}
		if (a.setupCode != "") != want {
			t.Errorf("code %q, want one: %v", a.setupCode, want)
		}
		if want {
			_, err = a.store.CreateFirstAdmin(t.Context(), bridge.Known{Name: "Ada", Account: bridge.Account{Surface: "web", ID: "ada@example.com"}}, "hash")
		}
		if err = errors.Join(err, a.close()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoDaemonsOnPostgresShareTheWorkAndTakeOver(t *testing.T) {
	dsn := config.NewSecret(storetest.Postgres(t))
	w := newWorld(t, func(c *config.Config) { c.Database.Postgres = dsn })
	other := *w.app.cfg
	other.DataDir = t.TempDir()
	second, err := newApp(t.Context(), &other, w.app.log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	w.serve()
	conv, root := w.talk()
	go func() { ended <- second.run(ctx) }() // waited for below
	defer func() {
		stop()
		if err := errors.Join(<-ended, second.close()); err != nil {
			t.Error(err)
		}
	}()
	var want []string
	say := func(s *store.Store, text string) {
		t.Helper()
		want = append(want, text)
		if _, err := s.Append(w.ctx(), &bridge.PostMessage{Actor: w.alices(), Conversation: conv, Body: text}); err != nil {
			t.Fatal(err)
		}
	}
	say(w.app.store, "by the first")
	say(second.store, "by the second")
	shown := func() (texts []string) {
		for _, l := range threadLines(w.sim.Thread(w.billing.channel, root), w.sim.BotUserID(), nil) {
			texts = append(texts, l.text)
		}
		return texts
	}
	all := func() bool { return len(shown()) >= len(want)+1 }
	if err := w.sim.WaitFor(w.ctx(), all); err != nil {
		t.Fatal(err)
	}
	w.halt() // the first gives its lease up
	say(second.store, "after the first has gone")
	if err := w.sim.WaitFor(w.ctx(), all); err != nil {
		t.Fatal(err)
	}
	if got := shown()[1:]; !slices.Equal(got, want) {
		t.Errorf("the thread has %q, want %q", got, want)
	}
}

var _ troubled = (*store.Store)(nil)
