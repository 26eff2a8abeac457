package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
)

// P3: a scope or a permission is taken away, and the page names it with the remedy.
func TestThePageOfSurfacesNamesARevokedScopeAndPermission(t *testing.T) {
	w := newBoth(t)
	w.serve()
	b, err := newBrowser(w.app.cfg.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.post(w.ctx(), "/sign-in", url.Values{"email": {w.alice.email}, "password": {w.password}}); err != nil {
		t.Fatal(err)
	}
	check := func(lack string, want ...string) {
		t.Helper()
		_, page, err := b.do(w.ctx(), http.MethodPost, "/admin/surfaces/check", "application/x-www-form-urlencoded", nil, http.StatusOK)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("the page lacks %q in\n%s", text, page)
			}
		}
		if lack != "" && strings.Contains(page, lack) {
			t.Errorf("the page has %q", lack)
		}
		if strings.Contains(page, w.guild.Token()) || strings.Contains(page, w.sim.BotToken()) || strings.Contains(page, w.sim.AppToken()) {
			t.Error("a token is shown")
		}
	}
	check("Not so", "Everything is right", "the bot token works", "#billing", "#logistics")
	w.sim.RemoveScope("files:write")
	if err := w.guild.Deny(w.logistics.discord, discordsim.SendMessages|discordsim.SendMessagesInThreads); err != nil {
		t.Fatal(err)
	}
	check("Everything is right", "Add files:write", "OAuth &amp; Permissions", "Send Messages in Threads", "#logistics, Permissions")
	w.sim.RevokeToken()
	check("", "Not so: the bot token works", "Install the Slack app")
}
