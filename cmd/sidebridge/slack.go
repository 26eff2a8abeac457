package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

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
	o.Inbox, o.Desk, o.Threads, o.Watcher, o.Log = a.inbox, a.desk, a.store, w, a.log
	o.Policy, o.Mention = a.rules.policy, a.rules.mention(slack.Surface, c.TeamID)
	o.TicketURL = func(ticket int64) string { return fmt.Sprintf("%s/tickets/%d", a.cfg.PublicURL, ticket) }
	o.Count = a.metrics.countSlack(c.Name)
	adapter, err := slack.New(o)
	if err != nil {
		return nil, err
	}
	w.relay = a.addRelay(bridge.Port{Surface: adapter, Workspace: c.TeamID}, bridge.RelayOptions{
		Doubt: c.Doubt, ParkUncertain: c.Ambiguous == config.AmbiguousPark, MaxFile: maxFile(c),
	})
	w.channels = newChannelLister(adapter, a.store, log)
	a.receiving = append(a.receiving,
		worker{"slack " + c.Name, func(ctx context.Context) error { return w.ended(ctx, c, adapter.Run(ctx)) }},
		worker{"channels of slack " + c.Name, w.channels.run})
	return adapter, nil
}

// maxFile is the largest file that is carried. No files at all is one byte, since
// zero means the default to those who are told.
func maxFile(c config.Slack) int64 { return max(c.MaxFileBytes, 1) }

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
		HistoryPageSize: c.HistoryPageSize, MaxFile: maxFile(c),
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

// addRelay adds a relay for one port, with what all relays have in common.
func (a *app) addRelay(p bridge.Port, o bridge.RelayOptions) *bridge.Relay {
	o.Store, o.Desk, o.Bell, o.Log = a.store, a.desk, a.store.Bell(), a.log
	o.Count, o.CatchUpEvery = a.metrics.countRelay, a.cfg.CatchUp.Every
	r := bridge.NewRelay(o, p)
	name := p.Surface.Name() + "/" + p.Workspace
	a.ports = append(a.ports, name)
	a.sending = append(a.sending, worker{"relay " + name, r.Run})
	return r
}

// workspaces asks the surface of the workspace that a place is in.
type workspaces map[string]bridge.Surface

// Probe reports whether posts to the place would work now.
func (w workspaces) Probe(ctx context.Context, place bridge.Place) error {
	s := w[place.Workspace]
	if s == nil {
		return fmt.Errorf("workspace %s is not configured: %w", place.Workspace, bridge.ErrNotFound)
	}
	return s.Probe(ctx, place)
}

// watcher hears what changes about a workspace and its channels.
type watcher struct {
	store *store.Store
	rules *rules
	relay *bridge.Relay
	log   *slog.Logger

	channels *channelLister
}

var _ slack.Watcher = (*watcher)(nil)

// Recovered implements slack.Watcher.
func (w *watcher) Recovered(ctx context.Context, place bridge.Place) error {
	w.log.Info("posts may work again", "channel", place.Channel)
	if place.Channel == "" {
		if err := w.store.Block(ctx, place.Surface, place.Workspace, "", ""); err != nil {
			return fmt.Errorf("record that the workspace works: %w", err)
		}
	}
	w.relay.Recovered(place)
	w.channels.changed()
	return nil
}

// Blocked implements slack.Watcher. A channel's mirrors are parked at once: without
// us in the channel nobody's answers are heard, and waiting for the next post to
// find out would hide that.
func (w *watcher) Blocked(ctx context.Context, place bridge.Place, reason, remedy string) error {
	w.log.Warn("posts cannot work", "channel", place.Channel, "reason", reason, "remedy", remedy)
	if place.Channel == "" {
		if err := w.store.Block(ctx, place.Surface, place.Workspace, reason, remedy); err != nil {
			return fmt.Errorf("record that the workspace is blocked: %w", err)
		}
		if reason != slack.NotReceiving { // then sending works still
			w.relay.Blocked(place, reason)
		}
		return nil
	}
	w.channels.changed()
	mirrors, err := w.store.Threads(ctx, place.Surface, place.Workspace, time.Now())
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range mirrors {
		if m.Place == place && m.Parked == "" {
			_, err := w.store.Append(ctx, &bridge.Park{Key: bridge.DeliveryKey{Mirror: m.ID}, Reason: reason, Remedy: remedy, Uncertain: true})
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Renamed implements slack.Watcher. The mapping and the mirrors follow the channel
// to its new id, so that answers in the old threads are heard there.
func (w *watcher) Renamed(ctx context.Context, from, to bridge.Place) error {
	w.log.Warn("a channel has another id", "from", from.Channel, "to", to.Channel)
	if err := w.rules.movePlace(ctx, from, to); err != nil {
		return fmt.Errorf("put the channel's new id into the mapping: %w", err)
	}
	mirrors, err := w.store.MirrorsIn(ctx, from)
	if err != nil {
		return err
	}
	for _, m := range mirrors {
		if _, err := w.store.Append(ctx, &bridge.MoveMirror{Mirror: m.ID, To: to}); err != nil {
			return fmt.Errorf("follow the channel's new id: %w", err)
		}
	}
	w.channels.changed()
	w.relay.Recovered(to)
	return nil
}

// ended takes the end of a workspace's loop. One that is set up wrongly is blocked
// and shown to the admin; it does not take the others with it.
func (w *watcher) ended(ctx context.Context, c config.Slack, err error) error {
	if err == nil || ctx.Err() != nil {
		return nil
	}
	place := bridge.Place{Surface: slack.Surface, Workspace: c.TeamID}
	remedy := "Correct the tokens of [[slack]] " + c.Name + " in the configuration and start again: " + err.Error()
	if err := w.Blocked(ctx, place, "configuration", remedy); err != nil {
		w.log.Error("a wrong workspace was not recorded", "error", err)
	}
	return nil
}
