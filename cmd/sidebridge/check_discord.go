package main

import (
	"context"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
)

// checkDiscord lets the adapter look at one bot's token, intents, guilds and mapped
// channels. It opens no connection: each would be one of the thousand of a day.
func checkDiscord(ctx context.Context, r *report, c config.Discord, mapped []bridge.Place) {
	what := "discord " + c.Name
	o := discordOptions(c)
	o.Inbox = inbox{} // nothing is received: the adapter is not run
	adapter, err := discord.New(o)
	if err != nil {
		r.bad(what, err.Error(), "Correct [[discord]] "+c.Name+" in the configuration.")
		return
	}
	var channels []bridge.Place
	seen := map[bridge.Place]bool{}
	for _, p := range mapped {
		if p.Surface == discord.Surface && !seen[p] {
			seen[p] = true
			channels = append(channels, p)
		}
	}
	for _, f := range adapter.Check(ctx, channels) {
		if f.OK {
			r.good(what, f.What)
		} else {
			r.bad(what, "it is not true that "+f.What, f.Remedy)
		}
	}
}
