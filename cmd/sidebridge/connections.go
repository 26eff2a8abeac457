package main

import (
	"context"
	"maps"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

// slackConnection lets the page of surfaces check a workspace as sidebridge check does,
// by the adapter that runs.
func slackConnection(name string, adapter *slack.Adapter) web.Connection {
	return web.Connection{Surface: slack.Surface, Name: name, Check: func(ctx context.Context, mapped []bridge.Place) []web.Finding {
		var channels []string
		for _, p := range mapped {
			if p.Surface == slack.Surface && p.Workspace == adapter.Workspace() {
				channels = append(channels, p.Channel)
			}
		}
		var out []web.Finding
		for _, f := range adapter.Check(ctx, channels) {
			out = append(out, shownFinding(f.What, f.OK, f.Remedy))
		}
		return out
	}}
}

// discordConnection is the same for a bot and its guilds.
func discordConnection(name string, adapter *discord.Adapter) web.Connection {
	return web.Connection{Surface: discord.Surface, Name: name, Check: func(ctx context.Context, mapped []bridge.Place) []web.Finding {
		var out []web.Finding
		for _, f := range adapter.Check(ctx, mapped) {
			out = append(out, shownFinding(f.What, f.OK, f.Remedy))
		}
		return out
	}}
}

// shownFinding takes what looks like a secret out of what goes to a page: nothing should
// have put one there, but a library's error may quote an address.
func shownFinding(what string, ok bool, remedy string) web.Finding {
	hide := newHider(nil)
	return web.Finding{What: hide.text(what), OK: ok, Remedy: hide.text(remedy)}
}

// held are the channels that any of the relays leaves alone now.
func (a *app) held() map[bridge.Place]time.Time {
	out := map[bridge.Place]time.Time{}
	for _, r := range a.relays {
		maps.Copy(out, r.Held())
	}
	return out
}
