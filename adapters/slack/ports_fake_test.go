package slack

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sidebridge/sidebridge/bridge"
)

// Context implements Desk.
func (w *world) Context(context.Context, int64) (bridge.TicketContext, error) { return ticket(), nil }

// MirrorByThread implements Threads.
func (w *world) MirrorByThread(_ context.Context, place bridge.Place, thread string) (bridge.Mirror, error) {
	if place != w.mirror.Place || thread != w.mirror.Thread {
		return bridge.Mirror{}, bridge.ErrNotFound
	}
	return w.mirror, nil
}

// memoryInbox records what was accepted.
type memoryInbox struct {
	mu          sync.Mutex
	all         []bridge.Inbound
	quarantined []string
	// fail is asked before each accept; its error is returned.
	fail func(bridge.Inbound) error
	// result is returned for accepted inbounds.
	result bridge.Result
	// down makes quarantine fail too, as when the database is away.
	down bool
}

func newMemoryInbox() *memoryInbox {
	return &memoryInbox{result: bridge.Result{Outcome: bridge.Accepted}}
}

func (m *memoryInbox) Accept(_ context.Context, in bridge.Inbound) (bridge.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		if err := m.fail(in); err != nil {
			return bridge.Result{}, err
		}
	}
	m.all = append(m.all, in)
	return m.result, nil
}

func (m *memoryInbox) Quarantine(_ context.Context, _, reason string, _ []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return errors.New("the database is down")
	}
	m.quarantined = append(m.quarantined, reason)
	return nil
}

// set changes the inbox under its lock.
func (m *memoryInbox) set(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fn()
}

// theirs returns what people said and did, without our own echoes.
func (m *memoryInbox) theirs() []bridge.Inbound {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []bridge.Inbound
	for _, in := range m.all {
		if !in.Ours {
			out = append(out, in)
		}
	}
	return out
}

func (m *memoryInbox) ours() []bridge.Inbound {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []bridge.Inbound
	for _, in := range m.all {
		if in.Ours {
			out = append(out, in)
		}
	}
	return out
}

// memoryRequests records what was asked for.
type memoryRequests struct {
	mu    sync.Mutex
	asks  []bridge.Ask
	reads []string // who was shown which mirror's ticket
	// result and err are what is answered, hold what is waited for first.
	result bridge.Result
	err    error
	hold   chan struct{}
}

func (m *memoryRequests) Ask(ctx context.Context, ask bridge.Ask) (bridge.Result, error) {
	m.mu.Lock()
	hold := m.hold
	m.asks = append(m.asks, ask)
	m.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return bridge.Result{}, ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.result, m.err
}

func (m *memoryRequests) Reads(_ context.Context, account bridge.Account, _ string, mirror bridge.Mirror) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads = append(m.reads, account.ID+" "+mirror.ID.String())
	return m.err
}

func (m *memoryRequests) LinkURL(_ context.Context, account bridge.Account, name string) (string, error) {
	return "https://desk.example.org/link?a=" + account.ID + "&name=" + name, nil
}

func (m *memoryRequests) all() []bridge.Ask {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]bridge.Ask(nil), m.asks...)
}

// answer sets what is answered from now on.
func (m *memoryRequests) answer(result bridge.Result, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.result, m.err = result, err
}

type memoryWatcher struct {
	mu    sync.Mutex
	lines []string
}

func (m *memoryWatcher) add(format string, args ...any) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, fmt.Sprintf(format, args...))
	return nil
}

func (m *memoryWatcher) Recovered(_ context.Context, p bridge.Place) error {
	return m.add("recovered %s", p.Channel)
}

func (m *memoryWatcher) Blocked(_ context.Context, p bridge.Place, reason, remedy string) error {
	return m.add("blocked %s %s: %s", p.Channel, reason, remedy)
}

func (m *memoryWatcher) MembersChanged(_ context.Context, p bridge.Place) error {
	return m.add("members of %s changed", p.Channel)
}

func (m *memoryWatcher) Renamed(_ context.Context, from, to bridge.Place) error {
	return m.add("renamed %s %s", from.Channel, to.Channel)
}

func (m *memoryWatcher) Opened(_ context.Context, from, to bridge.Place, name string) error {
	return m.add("opened %s for %s %s", to.Channel, from.Channel, name)
}

func (m *memoryWatcher) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.lines...)
}

// counts is the counter of a test.
type counts struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counts) add(name, label string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[name+" "+label]++
}

func (c *counts) of(name, label string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[name+" "+label]
}

func (*world) DraftAt(context.Context, bridge.Place, string) (bridge.DraftText, error) {
	return bridge.DraftText{}, bridge.ErrNotFound
}
