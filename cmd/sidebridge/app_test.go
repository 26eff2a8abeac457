package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
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

func TestChannelWithoutUsIsParkedAtOnceAndComesBackByItself(t *testing.T) {
	w := newWorld(t, nil)
	w.serve()
	conv, root := w.talk()
	mirror := func() bridge.Mirror {
		m, err := w.app.store.MirrorByThread(w.ctx(), w.place(w.billing.channel), root)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if err := w.sim.KickBot(w.billing.channel); err != nil {
		t.Fatal(err)
	}
	w.until("the mirror is parked", func() bool { return mirror().Parked == "not_in_channel" })
	if m := mirror(); !strings.Contains(m.Remedy, "invite") && !strings.Contains(m.Remedy, "Invite") {
		t.Errorf("remedy %q", m.Remedy)
	}
	_, err := w.app.store.Append(w.ctx(), &bridge.PostMessage{Actor: w.alices(), Conversation: conv, Body: "Are you there?"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.sim.InviteBot(w.billing.channel); err != nil {
		t.Fatal(err)
	}
	err = w.sim.WaitFor(w.ctx(), func() bool {
		return slices.ContainsFunc(w.sim.Thread(w.billing.channel, root), func(m slacksim.Message) bool { return strings.Contains(m.Text, "Are you there?") })
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRevokedTokenBlocksTheWorkspaceForTheAdmin(t *testing.T) {
	w := newWorld(t, nil)
	w.serve()
	w.talk()
	x := watcherOf(w)
	if err := x.Blocked(w.ctx(), w.place(""), "token_revoked", "Install the app again."); err != nil {
		t.Fatal(err)
	}
	if reason, remedy, err := w.app.store.Blocked(w.ctx(), slack.Surface, w.sim.TeamID()); err != nil || reason != "token_revoked" || remedy == "" {
		t.Errorf("blocked %q %q %v", reason, remedy, err)
	}
	if err := x.Recovered(w.ctx(), w.place("")); err != nil {
		t.Fatal(err)
	}
	if reason, _, err := w.app.store.Blocked(w.ctx(), slack.Surface, w.sim.TeamID()); err != nil || reason != "" {
		t.Errorf("still blocked: %q %v", reason, err)
	}
}

// watcherOf returns a watcher as addWorkspace makes it.
func watcherOf(w *world) *watcher {
	adapter := w.app.probers[slack.Surface].(workspaces)[w.sim.TeamID()].(*slack.Adapter)
	return &watcher{
		store: w.app.store, rules: w.app.rules, log: w.app.log, relay: bridge.NewRelay(bridge.RelayOptions{Store: w.app.store}),
		channels: newChannelLister(slackChannels(adapter), w.app.store, w.app.log),
	}
}

func TestRenamedChannelKeepsItsMapping(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.app.store.Append(w.ctx(), &bridge.StartConversation{
		Actor: bridge.System(), Ticket: 1, Subject: "Question", Body: "?", Targets: []bridge.Target{{Place: w.place(w.billing.channel)}},
	}); err != nil {
		t.Fatal(err)
	}
	before, err := w.app.store.MirrorsIn(w.ctx(), w.place(w.billing.channel))
	if err != nil || len(before) == 0 {
		t.Fatalf("mirrors in the channel: %v, %v", before, err)
	}
	if err := watcherOf(w).Renamed(w.ctx(), w.place(w.billing.channel), w.place("C9NEW")); err != nil {
		t.Fatal(err)
	}
	if after, err := w.app.store.MirrorsIn(w.ctx(), w.place("C9NEW")); err != nil || len(after) != len(before) {
		t.Errorf("%d mirrors followed of %d, %v", len(after), len(before), err)
	}
	list, err := w.app.store.Rules(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	if list[0].Channels[0].ID != "C9NEW" || list[1].Channels[0].ID != w.engineering.channel {
		t.Errorf("rules %+v", list)
	}
}

func TestWrongWorkspaceIsBlockedAndTheDaemonGoesOn(t *testing.T) {
	w := newWorld(t, nil)
	err := watcherOf(w).ended(w.ctx(), w.place(""), "[[slack]] acme", errors.New("the bot token belongs to workspace T0OTHER"))
	if err != nil {
		t.Errorf("one workspace ends the daemon: %v", err)
	}
	reason, remedy, err := w.app.store.Blocked(w.ctx(), slack.Surface, w.sim.TeamID())
	if err != nil || reason != "configuration" || !strings.Contains(remedy, "acme") || !strings.Contains(remedy, "T0OTHER") {
		t.Errorf("blocked %q %q %v", reason, remedy, err)
	}
}

func TestChannelsAreListedForThePickers(t *testing.T) {
	w := newWorld(t, nil)
	x := watcherOf(w).channels
	ctx, cancel := context.WithCancel(w.ctx())
	defer cancel()
	if err := x.once(ctx); err != nil {
		t.Fatal(err)
	}
	var names []string
	err := w.app.store.Channels(ctx, "", 10, func(_ bridge.Place, name string, _, _, member bool) {
		if member {
			names = append(names, name)
		}
	})
	if err != nil || !slices.Equal(names, []string{"billing", "engineering"}) {
		t.Errorf("channels %v, %v", names, err)
	}
}

func TestWhatIsShownFollowsTheRuleAndAGoneRuleShowsNothing(t *testing.T) {
	w := newWorld(t, nil)
	fields, external := w.app.rules.policy("billing")
	if fields != mapping.DefaultPolicy() || external {
		t.Errorf("billing shows %+v, external %v", fields, external)
	}
	if fields, external := w.app.rules.policy("gone"); fields != (mapping.Policy{}) || external {
		t.Errorf("a rule that is gone shows %+v, external %v", fields, external)
	}
}

func TestMentionsReachThePersonsAccountInThatWorkspaceOnly(t *testing.T) {
	w := newWorld(t, nil)
	w.serve()
	_, root := w.talk()
	if _, err := w.anders.slack.Reply(w.billing.channel, root, "Here."); err != nil {
		t.Fatal(err)
	}
	if err := w.link(w.ctx(), w.app.store, w.anders, w.slackAccount(w.anders)); err != nil {
		t.Fatal(err)
	}
	mention := newRules(w.app.store, w.app.log).mention(slack.Surface, w.sim.TeamID())
	for target, want := range map[string]string{
		"person/" + w.anders.id:                         w.anders.slack.ID(),
		"slack/" + w.sim.TeamID() + "/U5":               "U5",
		"person/" + w.maria.id:                          "",
		"slack/T0OTHER/U5":                              "",
		"slack/" + w.sim.TeamID() + "/":                 "",
		"discord/" + w.sim.TeamID() + "/" + w.anders.id: "",
		"": "",
	} {
		if id, ok := mention(target); id != want || ok != (want != "") {
			t.Errorf("%q rings %q, %v; want %q", target, id, ok, want)
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

func TestSlackAddressesAreShortForOneWorkspaceOnly(t *testing.T) {
	patterns := func(names ...string) (out []string) {
		handlers := map[string]http.Handler{}
		for _, n := range names {
			handlers[n] = http.NotFoundHandler()
		}
		for _, r := range slackRoutes(handlers) {
			out = append(out, r.pattern)
		}
		slices.Sort(out)
		return out
	}
	if got := patterns("acme"); !slices.Equal(got, []string{
		"POST /slack/acme/events", "POST /slack/acme/interactivity", "POST /slack/events", "POST /slack/interactivity",
	}) {
		t.Errorf("one workspace: %v", got)
	}
	if got := patterns("a", "b"); len(got) != 4 || slices.Contains(got, "POST /slack/events") {
		t.Errorf("two workspaces: %v", got)
	}
}

func TestSlackOverHTTPArrives(t *testing.T) {
	w := newWorld(t, func(c *config.Config) {
		c.Slack[0].Mode = config.ModeHTTP
		c.Slack[0].SigningSecrets = []config.Secret{config.NewSecret("simulated0signing0secret00000000")}
	})
	w.sim.SetSocketMode(false)
	w.sim.SetEventsURL(w.app.cfg.PublicURL + "/slack/events")
	w.serve()
	_, root := w.talk()
	if _, err := w.anders.slack.Reply(w.billing.channel, root, "By HTTP."); err != nil {
		t.Fatal(err)
	}
	w.until("the answer is accepted", func() bool {
		entries, err := w.app.store.Entries(w.ctx(), bridge.SeesAll, 1, 0, 1000)
		return err == nil && slices.ContainsFunc(entries, func(e *bridge.Entry) bool { return e.Words.Body == "By HTTP." })
	})
}

func TestCheckAsksSlackAboutTokensScopesAndChannels(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.app.close(); err != nil {
		t.Fatal(err)
	}
	w.app = &app{} // closed
	file := w.configFile()
	out := must(t, "", "check", "--config", file)
	if !strings.Contains(out, "#billing") || !strings.Contains(out, "Socket Mode connects") {
		t.Errorf("all is right:\n%s", out)
	}
	for _, c := range []struct {
		breakIt, want string
		do            func()
	}{
		{"the bot leaves", "invite", func() { _ = w.sim.KickBot(w.billing.channel) }},
		{"a scope is missing", "files:write", func() { w.sim.RemoveScope("files:write") }},
		{"the token is revoked", "Install the Slack app", func() { w.sim.RevokeToken() }},
	} {
		c.do()
		code, out, _ := command(t, "", "check", "--config", file)
		if code == 0 || !strings.Contains(out, c.want) || !strings.Contains(out, "WRONG") {
			t.Errorf("%s: %d\n%s", c.breakIt, code, out)
		}
	}
}

// C6: posts under an agent's own name are offered only where they can be deleted,
// which the simulated Slack forbids as Slack's documentation does.
func TestCheckTellsWhetherPostsUnderAnAgentsNameCanBeDeleted(t *testing.T) {
	w := newWorld(t, nil)
	if err := w.app.close(); err != nil {
		t.Fatal(err)
	}
	w.app = &app{} // closed
	text, err := os.ReadFile(w.configFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.configFile(), append(text, "identity = \"agent\"\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ := command(t, "", "check", "--config", w.configFile())
	if code == 0 || !strings.Contains(out, `set identity = "app"`) {
		t.Errorf("code %d\n%s", code, out)
	}
}

var _ troubled = (*store.Store)(nil)
