package discord

import "context"

// gateway is the one connection by which Discord tells us what happens.
type gateway struct {
	a *Adapter
}

func (g *gateway) init(a *Adapter) { g.a = a }

func (g *gateway) keepConnected(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
