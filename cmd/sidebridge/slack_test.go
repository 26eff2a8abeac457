package main

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
)

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
