package discord

import (
	"context"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Plan implements bridge.Surface.
func (g *Guild) Plan(bridge.View) []bridge.Call { return nil }

// Deliver implements bridge.Surface.
func (g *Guild) Deliver(context.Context, bridge.Attempt) (bridge.Receipt, error) {
	return bridge.Receipt{}, nil
}

// Find implements bridge.Surface.
func (g *Guild) Find(context.Context, bridge.Attempt) (bridge.Receipt, bool, error) {
	return bridge.Receipt{}, false, nil
}

// Probe implements bridge.Surface.
func (g *Guild) Probe(context.Context, bridge.Place) error { return nil }

// Wait implements bridge.Budgeted.
func (g *Guild) Wait(bridge.Mirror, bridge.Call) (time.Duration, bool) { return 0, false }
