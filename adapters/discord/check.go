package discord

import (
	"context"
	"net/http"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// Finding is one thing that Check looked at.
type Finding struct {
	What string
	OK   bool
	// Remedy says what to do when it is not OK.
	Remedy string
}

// Check looks at everything an installation needs: the token, the application's right
// to read messages, the guilds, whether commands can be made in them, and the given
// channels, which are of any of the guilds. It reports each with what to do about it,
// and goes on after a failure. It needs no Run, and posts nothing.
func (a *Adapter) Check(ctx context.Context, channels []bridge.Place) []Finding {
	var found []Finding
	add := func(what string, err error) bool {
		f := Finding{What: what, OK: err == nil}
		if err != nil {
			f.Remedy = remedyOf(err)
			if _, yes := chat.Unreachable("Discord", err); yes {
				f.What = "Discord can be reached"
			}
		}
		found = append(found, f)
		return f.OK
	}
	if !add("the bot token works", a.askWho(ctx)) {
		return found
	}
	found = append(found, a.checkIntents(ctx))
	for _, g := range a.Guilds() {
		if !add("the bot is in the server "+g.id, g.probeGuild(ctx)) {
			continue
		}
		add("the bot may offer its commands in the server "+g.id, g.checkCommands(ctx))
		for _, place := range channels {
			if place.Surface == Surface && place.Workspace == g.id {
				err := g.Probe(ctx, place)
				add("conversations can be opened in "+a.labels.of(place.Channel), err)
			}
		}
	}
	return found
}

// The flags of an application that may read what messages say. The second is that of
// one in few guilds.
// https://docs.discord.com/developers/resources/application#application-object-application-flags
const (
	flagContent        = 1 << 18
	flagContentLimited = 1 << 19
)

// checkIntents looks whether messages come with their words.
func (a *Adapter) checkIntents(ctx context.Context) Finding {
	f := Finding{What: "the bot may read what messages say"}
	var app struct {
		Flags int `json:"flags"`
	}
	err := a.client.do(ctx, request{method: http.MethodGet, path: "applications/@me"}, &app)
	switch {
	case err != nil:
		f.Remedy = remedyOf(err)
	case app.Flags&(flagContent|flagContentLimited) == 0:
		f.Remedy = "Open the application's page Bot " + portal + ", switch on Message Content Intent under Privileged Gateway Intents, and save."
	default:
		f.OK = true
	}
	return f
}

// checkCommands looks whether the bot was invited with the right to have commands.
// https://docs.discord.com/developers/interactions/application-commands#authorizing-your-application
func (g *Guild) checkCommands(ctx context.Context) error {
	err := g.client.do(ctx, request{
		method: http.MethodGet, path: "applications/" + g.self().app + "/guilds/" + g.id + "/commands",
	}, nil)
	if codeOf(err) != codeMissingAccess {
		return err
	}
	return &bridge.SurfaceError{Class: bridge.Gone, Code: codeMissingAccess, Remedy: "Invite the bot to the server again, with the scope applications.commands: " + inviteURL(g.self().app)}
}

// remedyOf returns what to do about an error.
func remedyOf(err error) string { return chat.RemedyOf("Discord", "https://discordstatus.com", err) }
