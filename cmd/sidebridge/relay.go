package main

import (
	"context"
	"fmt"

	"github.com/sidebridge/sidebridge/bridge"
)

// addRelay adds a relay for one port, with what all relays have in common.
func (a *app) addRelay(p bridge.Port, o bridge.RelayOptions) *bridge.Relay {
	o.Store, o.Desk, o.Bell, o.Log = a.store, a.desk, a.store.Bell(), a.log
	o.Count, o.CountInbound, o.CatchUpEvery = a.metrics.countRelay, a.metrics.countInbound, a.cfg.CatchUp.Every
	r := bridge.NewRelay(o, p)
	name := p.Surface.Name() + "/" + p.Workspace
	a.ports, a.relays = append(a.ports, name), append(a.relays, r)
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

// ticketURL is a ticket's address in the ticket view.
func (a *app) ticketURL(ticket int64) string {
	return fmt.Sprintf("%s/tickets/%d", a.cfg.PublicURL, ticket)
}
