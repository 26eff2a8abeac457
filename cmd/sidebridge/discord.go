package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

// threadsAtOnce is how many threads of one channel a guild's relay writes at the same
// time. Discord counts posts by thread and not by the channel around it
// (https://docs.discord.com/developers/topics/rate-limits).
const threadsAtOnce = 4

// addDiscord adds every enabled Discord bot.
func (a *app) addDiscord() error {
	byGuild := workspaces{}
	for _, c := range a.cfg.Discord {
		if !c.Enabled {
			continue
		}
		adapter, err := a.addBot(c)
		if err != nil {
			return fmt.Errorf("bot %s: %w", c.Name, err)
		}
		for _, g := range adapter.Guilds() {
			byGuild[g.Workspace()] = g
		}
		a.probers[discord.Surface] = byGuild
	}
	return nil
}

// addBot adds a bot with one connection, and a relay for each of its guilds: a lease,
// a lost permission and the names of channels are a guild's own.
func (a *app) addBot(c config.Discord) (*discord.Adapter, error) {
	guilds := guildWatchers{}
	o := discordOptions(c)
	o.Inbox, o.Requests, o.Desk, o.Threads, o.Watcher, o.Log = a.inbox, requests{a}, a.desk, a.store, guilds, a.log
	o.Leases, o.Sessions = a.store, a.store
	o.Policy, o.Mention = a.rules.policy, func(guild, target string) (string, bool) {
		return a.rules.mention(discord.Surface, guild)(target)
	}
	o.TicketURL, o.Count = a.ticketURL, a.metrics.countSurface(discord.Surface, c.Name)
	adapter, err := discord.New(o)
	if err != nil {
		return nil, err
	}
	for _, g := range adapter.Guilds() {
		log := a.log.With("surface", discord.Surface, "workspace", c.Name, "guild", g.Workspace())
		w := &watcher{store: a.store, rules: a.rules, log: log}
		w.relay = a.addRelay(bridge.Port{Surface: g, Workspace: g.Workspace(), PerChannel: threadsAtOnce}, bridge.RelayOptions{
			Doubt: c.Doubt, ParkUncertain: c.Ambiguous == config.AmbiguousPark, MaxFile: maxFile(c.MaxFileBytes),
		})
		w.channels = newChannelLister(discordChannels(g), a.store, log)
		guilds[g.Workspace()] = w
		a.tellers[bridge.Place{Surface: discord.Surface, Workspace: g.Workspace()}] = g
		a.receiving = append(a.receiving, worker{"channels of discord " + c.Name + " " + g.Workspace(), w.channels.run})
		a.names[bridge.Place{Surface: discord.Surface, Workspace: g.Workspace()}] = guildName(c, g.Workspace())
	}
	a.receiving = append(a.receiving, worker{"discord " + c.Name, func(ctx context.Context) error {
		return guilds.ended(ctx, "[[discord]] "+c.Name, adapter.Run(ctx))
	}})
	a.links = append(a.links, adapter)
	a.connections = append(a.connections, discordConnection(c.Name, adapter))
	return adapter, nil
}

// discordChannels lists a guild's channels. Discord shares none with other organisations.
func discordChannels(g *discord.Guild) listChannels {
	return func(ctx context.Context, keep func([]store.Channel) error) error {
		return g.Channels(ctx, func(page []discord.Channel) error {
			channels := make([]store.Channel, len(page))
			for i, c := range page {
				channels[i] = store.Channel{
					Place: bridge.Place{Surface: discord.Surface, Workspace: g.Workspace(), Channel: c.ID},
					Name:  c.Name, Private: c.Private, Member: c.Member,
				}
			}
			return keep(channels)
		})
	}
}

// guildName is what pages call a guild: the bot's name in the configuration, with the
// guild's id when it serves several.
func guildName(c config.Discord, guild string) string {
	if len(c.Guilds) == 1 {
		return c.Name
	}
	return c.Name + " " + guild
}

// discordOptions are what the configuration alone says of a bot.
func discordOptions(c config.Discord) discord.Options {
	o := discord.Options{
		Token: c.Token.Reveal(), Guilds: c.Guilds, APIURL: c.APIURL, Bots: c.AllowBots, Identity: c.Identity,
		LockClosed: c.LockClosed, AutoArchive: c.AutoArchiveMinutes, MaxFile: maxFile(c.MaxFileBytes),
	}
	if c.APIURL != "" {
		o.FileHosts = append(o.FileHosts, hostOf(c.APIURL)) // a simulator has its files beside its API
	}
	return o
}

// guildWatchers hear what one bot's connection says of each of its guilds.
type guildWatchers map[string]*watcher

var _ discord.Watcher = guildWatchers{}

// Recovered implements discord.Watcher.
func (g guildWatchers) Recovered(ctx context.Context, place bridge.Place) error {
	if w := g[place.Workspace]; w != nil {
		return w.Recovered(ctx, place)
	}
	return nil
}

// Blocked implements discord.Watcher.
func (g guildWatchers) Blocked(ctx context.Context, place bridge.Place, reason, remedy string) error {
	if w := g[place.Workspace]; w != nil {
		return w.Blocked(ctx, place, reason, remedy)
	}
	return nil
}

// MembersChanged implements discord.Watcher.
func (g guildWatchers) MembersChanged(ctx context.Context, place bridge.Place) error {
	if w := g[place.Workspace]; w != nil {
		return w.MembersChanged(ctx, place)
	}
	return nil
}

// ended takes the end of the bot's connection, for all its guilds.
func (g guildWatchers) ended(ctx context.Context, table string, err error) error {
	var errs []error
	for guild, w := range g {
		errs = append(errs, w.ended(ctx, bridge.Place{Surface: discord.Surface, Workspace: guild}, table, err))
	}
	return errors.Join(errs...)
}

// requests is what people ask for in a chat. The pages answer, which are made after
// the chats and before anybody is heard.
type requests struct{ a *app }

var (
	_ discord.Requests = requests{}
	_ slack.Requests   = requests{}
)

// Ask implements discord.Requests and slack.Requests.
func (r requests) Ask(ctx context.Context, ask bridge.Ask) (bridge.Result, error) {
	return r.a.inbox.receiver.Ask(ctx, ask)
}

// LinkURL implements discord.Requests and slack.Requests.
func (r requests) LinkURL(ctx context.Context, account bridge.Account, name string) (string, error) {
	return r.a.pages.LinkURL(ctx, account, name)
}

// Reads implements discord.Requests and slack.Requests.
func (r requests) Reads(ctx context.Context, account bridge.Account, name string, m bridge.Mirror) error {
	by := bridge.Actor{Account: account, Name: name, Role: bridge.RoleExpert}
	return r.a.store.RecordAccess(ctx, by, bridge.AccessChat, bridge.Access{Ticket: m.ID.Ticket, Item: "Show ticket"})
}

// hostOf is the host and port of an address that was validated.
func hostOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}
