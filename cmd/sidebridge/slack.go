package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

// addSlack adds every enabled Slack workspace with a relay of its own, since doubt
// and the size of files are settings of the workspace.
func (a *app) addSlack() error {
	byWorkspace, overHTTP := workspaces{}, map[string]http.Handler{}
	for _, c := range a.cfg.Slack {
		if !c.Enabled {
			continue
		}
		adapter, err := a.addWorkspace(c)
		if err != nil {
			return fmt.Errorf("workspace %s: %w", c.Name, err)
		}
		byWorkspace[c.TeamID] = adapter
		a.probers[slack.Surface] = byWorkspace
		if c.Mode == config.ModeHTTP {
			overHTTP[c.Name] = adapter.EventsHandler()
		}
	}
	a.routes = append(a.routes, slackRoutes(overHTTP)...)
	return nil
}

func (a *app) addWorkspace(c config.Slack) (*slack.Adapter, error) {
	log := a.log.With("surface", slack.Surface, "workspace", c.Name)
	w := &watcher{store: a.store, rules: a.rules, log: log}
	o := slackOptions(c)
	o.Inbox, o.Requests, o.Desk, o.Threads, o.Watcher, o.Log = a.inbox, requests{a}, a.desk, a.store, w, a.log
	o.Forbidden, o.ThreadsIn = a.rules.forbidden, a.store.ThreadsIn
	o.Policy, o.Mention = a.rules.policy, a.rules.mention(slack.Surface, c.TeamID)
	o.TicketURL, o.Seen = a.ticketURL, a.store.SeeAccount
	o.Count = a.metrics.countSurface(slack.Surface, c.Name)
	adapter, err := slack.New(o)
	if err != nil {
		return nil, err
	}
	w.relay = a.addRelay(bridge.Port{Surface: adapter, Workspace: c.TeamID}, bridge.RelayOptions{
		Doubt: c.Doubt, ParkUncertain: c.Ambiguous == config.AmbiguousPark, MaxFile: maxFile(c.MaxFileBytes),
	})
	w.channels = newChannelLister(slackChannels(adapter), a.store, log)
	a.names[bridge.Place{Surface: slack.Surface, Workspace: c.TeamID}] = c.Name
	a.tellers[bridge.Place{Surface: slack.Surface, Workspace: c.TeamID}] = adapter
	place, table := bridge.Place{Surface: slack.Surface, Workspace: c.TeamID}, "[[slack]] "+c.Name
	a.receiving = append(a.receiving,
		worker{"slack " + c.Name, func(ctx context.Context) error { return w.ended(ctx, place, table, adapter.Run(ctx)) }},
		worker{"channels of slack " + c.Name, w.channels.run})
	a.links = append(a.links, adapter)
	a.connections = append(a.connections, slackConnection(c.Name, adapter))
	return adapter, nil
}

// maxFile is the largest file that is carried. No files at all is one byte, since
// zero means the default to those who are told.
func maxFile(configured int64) int64 { return max(configured, 1) }

// slackChannels lists a workspace's channels in pages.
func slackChannels(adapter *slack.Adapter) listChannels {
	return func(ctx context.Context, keep func([]store.Channel) error) error {
		return adapter.Channels(ctx, func(page []slack.Channel) error {
			channels := make([]store.Channel, len(page))
			for i, c := range page {
				channels[i] = store.Channel{
					Place: bridge.Place{Surface: slack.Surface, Workspace: adapter.Workspace(), Channel: c.ID},
					Name:  c.Name, Private: c.Private, External: c.External, Archived: c.Archived, Member: c.Member,
				}
			}
			return keep(channels)
		})
	}
}

// slackRoutes are the addresses that Slack posts to. Each workspace has its own; a
// single one has the short address as well. Slack asks for one address for events and
// one for interactivity, and either takes both.
func slackRoutes(handlers map[string]http.Handler) (out []route) {
	for name, h := range handlers {
		prefixes := []string{"/slack/" + name}
		if len(handlers) == 1 {
			prefixes = append(prefixes, "/slack")
		}
		for _, prefix := range prefixes {
			out = append(out, route{"POST " + prefix + "/events", h}, route{"POST " + prefix + "/interactivity", h})
		}
	}
	return out
}

// slackOptions are what the configuration alone says of a workspace.
func slackOptions(c config.Slack) slack.Options {
	o := slack.Options{
		Workspace: c.TeamID, BotToken: c.BotToken.Reveal(), APIURL: c.APIURL,
		Teams: append([]string{c.TeamID}, c.AllowTeams...), Bots: c.AllowBots, Identity: c.Identity, Join: c.JoinChannels,
		HistoryPageSize: c.HistoryPageSize, MaxFile: maxFile(c.MaxFileBytes),
		Budget: slack.Budget{PostsPerMinute: c.PostsPerMinute, PostInterval: c.PostInterval},
	}
	if c.HistoryPageSize <= 15 {
		// Whoever gets 15 messages a page gets one page a minute.
		// https://docs.slack.dev/apis/web-api/rate-limits
		o.Budget.History = 1
	}
	if c.Mode == config.ModeSocket {
		o.AppToken = c.AppToken.Reveal()
	}
	for _, secret := range c.SigningSecrets {
		o.SigningSecrets = append(o.SigningSecrets, secret.Reveal())
	}
	return o
}
