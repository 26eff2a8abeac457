package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// channelsEvery is how often a workspace's channels are listed for the pickers of
// the admin pages. channelsRest is the least time between two listings, since a
// large workspace's takes minutes of Slack's budget.
const (
	channelsEvery = time.Hour
	channelsRest  = time.Minute
)

// channelLister keeps the names of a workspace's channels in the store. What may be
// sent to a channel is never decided by these: the adapter asks at each post.
type channelLister struct {
	adapter *slack.Adapter
	store   *store.Store
	log     *slog.Logger
	stale   chan struct{} // something about channels changed
}

func newChannelLister(a *slack.Adapter, s *store.Store, log *slog.Logger) *channelLister {
	return &channelLister{adapter: a, store: s, log: log, stale: make(chan struct{}, 1)}
}

// changed says that the list is no longer true.
func (l *channelLister) changed() {
	select {
	case l.stale <- struct{}{}:
	default:
	}
}

// run lists the channels now, every hour, and soon after a change.
func (l *channelLister) run(ctx context.Context) error {
	for {
		if err := l.adapter.Channels(ctx, func(page []slack.Channel) error { return l.keep(ctx, page) }); err != nil && ctx.Err() == nil {
			l.log.Warn("channels were not listed; pickers show those known before", "error", err)
		}
		rest, next := time.After(channelsRest), time.After(channelsEvery)
		select {
		case <-ctx.Done():
			return nil
		case <-rest:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-next:
		case <-l.stale:
		}
	}
}

func (l *channelLister) keep(ctx context.Context, page []slack.Channel) error {
	channels := make([]store.Channel, len(page))
	for i, c := range page {
		channels[i] = store.Channel{
			Place: bridge.Place{Surface: slack.Surface, Workspace: l.adapter.Workspace(), Channel: c.ID},
			Name:  c.Name, Private: c.Private, External: c.External, Archived: c.Archived, Member: c.Member,
		}
	}
	return l.store.PutChannels(ctx, channels)
}
