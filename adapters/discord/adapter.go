package discord

import (
	"context"
	"fmt"
	"net/url"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/bridge"
)

// Adapter is one bot. Its guilds are the surfaces that the relay serves.
type Adapter struct {
	Options
	apiURL *url.URL
	guilds map[string]*Guild

	// rest.go makes the clients and budgets, gateway.go the connection.
	client
	gateway
}

// Guild is one guild of a bot. It is a bridge.Surface.
type Guild struct {
	*Adapter
	id          string
	reconnected atomic.Bool // what was said may have to be listed
}

var (
	_ bridge.Surface      = (*Guild)(nil)
	_ bridge.Budgeted     = (*Guild)(nil)
	_ bridge.Reconnecting = (*Guild)(nil)
)

// New returns an adapter that has not called Discord yet.
func New(o Options) (*Adapter, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	u, err := url.Parse(o.APIURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, fmt.Errorf("discord: api url %q: want https://host/api/v10/", o.APIURL)
	}
	o.Log = o.Log.With("surface", Surface)
	a := &Adapter{Options: o, apiURL: u, guilds: map[string]*Guild{}}
	for _, id := range o.Guilds {
		a.guilds[id] = &Guild{Adapter: a, id: id}
	}
	a.client.init(a)
	a.gateway.init(a)
	return a, nil
}

// Guilds returns the guilds in the order of the options.
func (a *Adapter) Guilds() []*Guild {
	out := make([]*Guild, len(a.Options.Guilds))
	for i, id := range a.Options.Guilds {
		out[i] = a.guilds[id]
	}
	return out
}

// Run keeps the gateway connected while this daemon holds its lease, until ctx
// ends. It returns nil then. What a person has to mend is reported to the Watcher
// meanwhile.
func (a *Adapter) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return a.keepConnected(running) })
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// Name implements bridge.Surface.
func (g *Guild) Name() string { return Surface }

// Workspace returns the guild's id, which is what bridge.Place.Workspace has.
func (g *Guild) Workspace() string { return g.id }

// Reconnected implements bridge.Reconnecting.
func (g *Guild) Reconnected() bool { return g.reconnected.Swap(false) }
