package main

import (
	"context"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// inbox is where surfaces hand in what they receive: the receiver, and the
// quarantine for what it can never take.
type inbox struct {
	receiver *bridge.Receiver
	store    *store.Store
}

// Accept commits what was received.
func (i inbox) Accept(ctx context.Context, in bridge.Inbound) (bridge.Result, error) {
	return i.receiver.Accept(ctx, in)
}

// Quarantine keeps an envelope that cannot be accepted, for an admin to look at.
func (i inbox) Quarantine(ctx context.Context, surface, reason string, raw []byte) error {
	return i.store.Quarantine(ctx, surface, reason, raw)
}
