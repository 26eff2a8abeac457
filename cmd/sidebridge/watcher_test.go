package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

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
