package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord"
	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// watcher hears what changes about a workspace and its channels, from its adapter.
type watcher struct {
	store *store.Store
	rules *rules
	relay *bridge.Relay
	log   *slog.Logger

	channels *channelLister
}

var (
	_ slack.Watcher   = (*watcher)(nil)
	_ discord.Watcher = (*watcher)(nil)
)

// Recovered implements slack.Watcher and discord.Watcher.
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

// Blocked implements slack.Watcher and discord.Watcher. A channel's mirrors are parked at once: without
// us in the channel nobody's answers are heard, and waiting for the next post to
// find out would hide that.
func (w *watcher) Blocked(ctx context.Context, place bridge.Place, reason, remedy string) error {
	w.log.Warn("posts cannot work", "channel", place.Channel, "reason", reason, "remedy", remedy)
	if place.Channel == "" {
		if err := w.store.Block(ctx, place.Surface, place.Workspace, reason, remedy); err != nil {
			return fmt.Errorf("record that the workspace is blocked: %w", err)
		}
		if reason != slack.NotReceiving && reason != discord.NotReceiving { // then sending works still
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

// MembersChanged implements slack.Watcher and discord.Watcher.
func (w *watcher) MembersChanged(ctx context.Context, place bridge.Place) error {
	return w.relay.MembersChanged(ctx, place)
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

// Opened implements slack.Watcher. The name is what pages call the direct message.
func (w *watcher) Opened(ctx context.Context, from, to bridge.Place, name string) error {
	return w.store.PutChannels(ctx, []store.Channel{
		{Place: from, Name: name, Private: true, Member: true},
		{Place: to, Name: name, Private: true, Member: true},
	})
}

// ended takes the end of a workspace's loop. One that is set up wrongly is blocked
// and shown to the admin; it does not take the others with it. table is what of the
// configuration it was made from.
func (w *watcher) ended(ctx context.Context, place bridge.Place, table string, err error) error {
	if err == nil || ctx.Err() != nil {
		return nil
	}
	remedy := "Correct the tokens of " + table + " in the configuration and start again: " + err.Error()
	if err := w.Blocked(ctx, place, "configuration", remedy); err != nil {
		w.log.Error("a wrong workspace was not recorded", "error", err)
	}
	return nil
}
