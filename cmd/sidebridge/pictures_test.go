package main

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
)

// D2: what an agent writes on the pages is in each chat under their name, with the
// picture of the account that they have linked there.
func TestAnAgentsWordsHaveTheirPictureInEachChat(t *testing.T) {
	w := newBoth(t, func(cfg *config.Config) {
		cfg.Slack[0].Identity, cfg.Discord[0].Identity = config.IdentityAgent, config.IdentityAgent
	})
	inSlack := w.sim.AddUser(slacksim.UserSpec{Name: "aberg", Picture: "portrait"})
	inDiscord := w.guild.AddUser(discordsim.UserSpec{Name: "aberg", Avatar: "0a11ce"})
	for _, a := range []bridge.Account{
		{Surface: slack.Surface, Workspace: w.sim.TeamID(), ID: inSlack.ID()},
		{Surface: discord.Surface, Workspace: w.guild.GuildID(), ID: inDiscord.ID()},
	} {
		if err := w.app.store.TakeAccount(w.ctx(), a, "aberg", w.alice.id); err != nil {
			t.Fatal(err)
		}
	}
	w.serve()
	conv, err := w.ask(w.ctx(), w.app.store, 1, w.engineering, "Broken", "What is broken?")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.app.store.Append(w.ctx(), &bridge.PostMessage{Actor: w.alices(), Conversation: conv, Body: "With a picture"}); err != nil {
		t.Fatal(err)
	}
	var slackPost slacksim.Message
	var discordPost discordsim.Message
	w.until("both chats have it", func() bool {
		for _, m := range w.sim.Channel(w.engineering.channel) {
			for _, r := range w.sim.Thread(w.engineering.channel, m.TS) {
				if r.Text == "With a picture" {
					slackPost = r
				}
			}
		}
		for _, id := range w.guild.Threads(w.engineering.discord) {
			for _, m := range w.guild.Channel(id) {
				if m.Content == "With a picture" {
					discordPost = m
				}
			}
		}
		return slackPost.TS != "" && discordPost.ID != ""
	})
	if slackPost.Username != "Alice Berg (agent)" || !strings.HasPrefix(slackPost.IconURL, "https://avatars.slack-edge.com/") || !strings.Contains(slackPost.IconURL, "portrait") {
		t.Errorf("Slack shows %q with %q", slackPost.Username, slackPost.IconURL)
	}
	if want := "https://cdn.discordapp.com/avatars/" + inDiscord.ID() + "/0a11ce.png"; discordPost.Username != "Alice Berg (agent)" || discordPost.Avatar != want {
		t.Errorf("Discord shows %q with %q", discordPost.Username, discordPost.Avatar)
	}
}
