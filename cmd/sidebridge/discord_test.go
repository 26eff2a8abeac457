package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
)

// newBoth is a wired daemon beside both simulated chats.
func newBoth(t *testing.T, more ...func(*config.Config)) *world {
	t.Helper()
	w := &world{demo: newDemo(t.TempDir()), t: t}
	if err := w.startSlack("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sim.Close() })
	if err := w.startDiscord("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.guild.Close() })
	cfg, err := w.configure("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Metrics.Listen = "127.0.0.1:0"
	for _, change := range more {
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

// heard waits until the ticket's log has a message with these words, and returns it.
func (w *world) heard(ticket int64, words string) (found *bridge.Entry) {
	w.t.Helper()
	w.until("the log has "+words, func() bool {
		entries, err := w.app.store.Entries(w.ctx(), bridge.SeesAll, ticket, 0, 1000)
		for _, e := range entries {
			if e.Kind == bridge.MessagePosted && e.Words.Body == words {
				found = e
			}
		}
		return err == nil && found != nil
	})
	return found
}

func TestDiscordIsCountedListedAndNamed(t *testing.T) {
	w := newBoth(t)
	w.serve()
	conv, err := w.ask(w.ctx(), w.app.store, 1, w.logistics, "Parcel", "Where is it?")
	if err != nil {
		t.Fatal(err)
	}
	thread, err := w.post(w.ctx(), w.logistics.discord, "Where is it?")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.sanne.discord.Say(thread, "In Odense."); err != nil {
		t.Fatal(err)
	}
	if e := w.heard(1, "In Odense."); e.Words.Name != w.sanne.name || e.Facts.Source.Place() != w.inGuild(w.logistics.discord) {
		t.Errorf("heard %+v", e)
	}
	// Her answer is counted once, whether it came by the connection or by a listing.
	if _, err := w.app.store.Append(w.ctx(), &bridge.PostMessage{Actor: w.alices(), Conversation: conv, Body: "Thanks!"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.post(w.ctx(), w.logistics.discord, "Thanks!"); err != nil {
		t.Fatal(err)
	}
	_, figures := w.get("http://" + w.app.metricsListener.Addr().String() + "/metrics")
	port := `port="discord/` + w.guild.GuildID() + `"`
	for _, want := range []string{
		`sidebridge_mirrors{` + port + `,state="parked"} 0`, `sidebridge_inbound_total{outcome="echo",surface="discord"}`, `sidebridge_inbound_total{outcome="accepted",surface="discord"} 1`,
		`surface="discord",workspace="acme"`,
	} {
		if !strings.Contains(figures, want) {
			t.Errorf("metrics lack %s in\n%s", want, figures)
		}
	}
	var names []string
	w.until("the channels are listed", func() bool {
		names = nil
		err := w.app.store.Channels(w.ctx(), "", 10, func(p bridge.Place, name string, _, _, member bool) {
			if p.Surface == discord.Surface && member {
				names = append(names, name)
			}
		})
		return err == nil && slices.Equal(names, []string{"engineering", "logistics"})
	})
	if got := w.app.names[bridge.Place{Surface: discord.Surface, Workspace: w.guild.GuildID()}]; got != "acme" {
		t.Errorf("the guild is called %q", got)
	}
	// The very moment may be one in which the bot waits for its budget.
	if err := w.app.probers[discord.Surface].Probe(w.ctx(), w.inGuild(w.logistics.discord)); err != nil && bridge.AsSurfaceError(err).Class != bridge.RateLimited {
		t.Errorf("posts would not work: %v", err)
	}
	if err := w.app.probers[discord.Surface].Probe(w.ctx(), bridge.Place{Surface: discord.Surface, Workspace: "9"}); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("a guild that is not configured: %v", err)
	}
}

// E1 and C11: an agent links their Discord account by themselves, and begins a
// conversation there.
func TestAnAgentLinksTheirAccountAndAsksFromDiscord(t *testing.T) {
	w := newBoth(t)
	w.serve()
	w.alice.discord = w.guild.AddUser(discordsim.UserSpec{Name: "alice", Global: "alice b"})
	account := bridge.Account{Surface: discord.Surface, Workspace: w.guild.GuildID(), ID: w.alice.discord.ID()}
	answer := func(options map[string]any, command string) string {
		t.Helper()
		var text string
		err := w.guild.WaitFor(w.ctx(), func() bool { // the commands come soon after the start
			_, err := w.alice.discord.Command(w.logistics.discord, command, options)
			return err == nil
		})
		if err == nil {
			err = w.guild.WaitFor(w.ctx(), func() bool {
				for _, e := range w.guild.Ephemerals() {
					if e.User == w.alice.discord.ID() {
						text = e.Content
					}
				}
				return text != ""
			})
		}
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		return text
	}
	address := regexp.MustCompile(`https?://[^)\s]+/link/[\w-]+`).FindString(answer(nil, "link"))
	path, ok := strings.CutPrefix(address, w.app.cfg.PublicURL)
	if !ok {
		t.Fatalf("no address of ours in the answer: %q", address)
	}
	b, err := newBrowser(w.app.cfg.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.post(w.ctx(), "/sign-in", url.Values{"email": {w.alice.email}, "password": {w.password}}); err != nil {
		t.Fatal(err)
	}
	if page, err := b.get(w.ctx(), path); err != nil || !strings.Contains(page, "This is me: alice b on Discord") {
		t.Fatalf("the question: %v", err)
	}
	if _, err := b.post(w.ctx(), path, nil); err != nil {
		t.Fatal(err)
	}
	if k, err := w.app.store.Identify(w.ctx(), account); err != nil || k.Person != w.alice.id || k.Role != bridge.RoleAdmin {
		t.Fatalf("the account is %+v, %v", k, err)
	}
	const question = "Where is Emma's parcel?"
	if _, err := w.alice.discord.Command(w.logistics.discord, "side-conversation", map[string]any{"question": question, "ticket": 3}); err != nil {
		t.Fatal(err)
	}
	if e := w.heard(3, question); e.Facts.Person != w.alice.id {
		t.Errorf("asked by %+v", e.Facts)
	}
	if _, err := w.post(w.ctx(), w.logistics.discord, question); err != nil {
		t.Error(err)
	}
}

func TestAThreadInDiscordIsAttachedByItsLink(t *testing.T) {
	w := newBoth(t)
	w.serve()
	first, err := w.anders.discord.Say(w.logistics.discord, "Does anybody know why parcels to Funen are late?")
	if err != nil {
		t.Fatal(err)
	}
	thread, err := w.anders.discord.StartThread(w.logistics.discord, first, "Late parcels")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.sanne.discord.Say(thread, "The bridge is closed."); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(w.ctx(), stepTime)
	defer cancel()
	body := fmt.Sprintf(`{"thread_url": "https://discord.com/channels/%s/%s"}`, w.guild.GuildID(), thread)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.app.cfg.PublicURL+"/api/v1/tickets/3/conversations", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusCreated {
		t.Fatalf("attach: %d %s %v", resp.StatusCode, text, err)
	}
	if e := w.heard(3, "The bridge is closed."); e.Words.Name != w.sanne.name {
		t.Errorf("what was said before is %+v", e.Words)
	}
}

func TestCheckAsksDiscordAboutTokenGuildAndPermissions(t *testing.T) {
	w := newBoth(t)
	if err := w.app.close(); err != nil {
		t.Fatal(err)
	}
	w.app = &app{} // closed
	file := w.configFile()
	out := must(t, "", "check", "--config", file)
	if !strings.Contains(out, "discord acme: the bot token works") || !strings.Contains(out, "#logistics") {
		t.Errorf("all is right:\n%s", out)
	}
	for _, c := range []struct {
		breakIt, want string
		do            func() error
	}{
		{"a permission is missing", "Send Messages", func() error {
			return w.guild.Deny(w.logistics.discord, discordsim.SendMessages|discordsim.SendMessagesInThreads)
		}},
		{"the token is reset", "token", func() error { w.guild.RevokeToken(); return nil }},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		code, out, _ := command(t, "", "check", "--config", file)
		if code == 0 || !strings.Contains(out, c.want) || !strings.Contains(out, "WRONG") {
			t.Errorf("%s: %d\n%s", c.breakIt, code, out)
		}
		if strings.Contains(out, w.guild.Token()) {
			t.Error("the token is shown")
		}
	}
}
