package bridgetest

import (
	"context"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// World is what daemons live in: one disk, some chats, and what goes wrong.
type World struct {
	Faults *Faults
	Memory *Memory
	Chats  []*Chat
	// Options are the settings that daemons start with.
	Options bridge.RelayOptions
}

// NewWorld returns a world in which nothing has happened, with one chat named
// "chat" that has the given channels.
func NewWorld(channels ...string) *World {
	f := &Faults{}
	w := &World{Faults: f, Memory: NewMemory(f)}
	w.AddChat("chat", channels...)
	return w
}

// AddChat adds a chat with channels.
func (w *World) AddChat(name string, channels ...string) *Chat {
	c := NewChat(name, "W1", w.Faults, channels...)
	w.Chats = append(w.Chats, c)
	return c
}

// Daemon is a running daemon: a relay on a view of the disk, and its connections.
type Daemon struct {
	Memory *Memory
	Relay  *bridge.Relay
	chats  []*Chat
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// Start starts a daemon. It runs until Stop or Crash, or until a fault kills it.
func (w *World) Start(ctx context.Context) *Daemon {
	m := w.Memory.Reopen()
	ctx, cancel := context.WithCancel(ctx)
	d := &Daemon{Memory: m, chats: w.Chats, cancel: cancel}
	o := w.Options
	o.Store, o.Desk, o.Bell = m, m.Desk(), m.Bell()
	recv := &bridge.Receiver{Log: m, Desk: m.Desk(), Directory: m}
	var ports []bridge.Port
	for _, c := range w.Chats {
		s := c.Connect(m.Life(), recv)
		ports = append(ports, s.Port())
		d.wg.Go(func() { _ = s.Run(ctx) })
	}
	d.Relay = bridge.NewRelay(o, ports...)
	d.wg.Go(func() { _ = d.Relay.Run(ctx) })
	d.wg.Go(func() {
		select {
		case <-m.Life().Dead():
			cancel()
		case <-ctx.Done():
		}
	})
	return d
}

// Stop ends the daemon as a signal does: calls under way are finished.
func (d *Daemon) Stop() {
	d.cancel()
	d.wg.Wait()
	d.hangup()
}

// Crash ends the daemon at this instruction.
func (d *Daemon) Crash() {
	d.Memory.Life().Kill()
	d.Stop()
}

// Crashed reports whether the daemon is dead.
func (d *Daemon) Crashed() bool { return d.Memory.Life().over() }

func (d *Daemon) hangup() {
	for _, c := range d.chats {
		c.Hangup()
	}
}

// Until waits until a condition holds, looking whenever the disk changes and each
// second. It reports false when it did not hold in time.
func (w *World) Until(limit time.Duration, holds func() bool) bool {
	deadline := time.After(limit)
	for {
		rung := w.Memory.Bell().Any()
		if holds() {
			return true
		}
		select {
		case <-rung:
		case <-time.After(time.Second):
		case <-deadline:
			return holds()
		}
	}
}
