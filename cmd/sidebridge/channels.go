package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/sidebridge/sidebridge/store"
)

// channelsEvery is how often a workspace's channels are listed for the pickers of
// the admin pages. channelsRest is the least time between two listings, since a
// large workspace's takes minutes of its platform's budget.
const (
	channelsEvery = time.Hour
	channelsRest  = time.Minute
)

// listChannels gives a workspace's channels, in pages.
type listChannels func(ctx context.Context, keep func([]store.Channel) error) error

// channelLister keeps the names of a workspace's channels in the store. What may be
// sent to a channel is never decided by these: the adapter asks at each post.
type channelLister struct {
	list  listChannels
	store *store.Store
	log   *slog.Logger
	stale chan struct{} // something about channels changed
}

func newChannelLister(list listChannels, s *store.Store, log *slog.Logger) *channelLister {
	return &channelLister{list: list, store: s, log: log, stale: make(chan struct{}, 1)}
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
		if err := l.once(ctx); err != nil && ctx.Err() == nil {
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

func (l *channelLister) once(ctx context.Context) error {
	return l.list(ctx, func(page []store.Channel) error { return l.store.PutChannels(ctx, page) })
}
