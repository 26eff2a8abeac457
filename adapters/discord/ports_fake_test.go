package discord

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// eventually waits until something is so.
func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	if !waited(fn) {
		t.Fatalf("it did not come about that %s", what)
	}
}

// waited waits until something is so, and says whether it is.
func waited(fn func() bool) bool {
	deadline := time.After(20 * time.Second)
	for !fn() {
		select {
		case <-time.After(2 * time.Millisecond):
		case <-deadline:
			return false
		}
	}
	return true
}

// heardInbox records what was accepted and reported. It knows a message once, as the
// real one does.
type heardInbox struct {
	mu          sync.Mutex
	all         []bridge.Inbound
	refs        []string // of posts, each once, in their order
	quarantined []string
	lines       []string
	// fail is asked before each accept and its error returned.
	fail func(bridge.Inbound) error
	// down makes quarantine fail, as when the database is away.
	down   bool
	result bridge.Result
}

func (h *heardInbox) Accept(ctx context.Context, in bridge.Inbound) (bridge.Result, error) {
	h.mu.Lock()
	fail := h.fail
	h.mu.Unlock()
	if fail != nil {
		if err := fail(in); err != nil {
			return bridge.Result{}, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, in)
	res := h.result
	res.Outcome = cmp.Or(res.Outcome, bridge.Accepted)
	if in.Kind == bridge.InPost {
		for _, ref := range h.refs {
			if ref == in.Source.Ref {
				res.Outcome = bridge.Duplicate
				return res, nil
			}
		}
		h.refs = append(h.refs, in.Source.Ref)
	}
	return res, nil
}

func (h *heardInbox) Quarantine(_ context.Context, _, reason string, raw []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return errors.New("the database is away")
	}
	h.quarantined = append(h.quarantined, reason+"\n"+string(raw))
	return nil
}

func (h *heardInbox) Recovered(_ context.Context, p bridge.Place) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, "recovered "+p.Workspace+" "+p.Channel)
	return nil
}

func (*heardInbox) MembersChanged(context.Context, bridge.Place) error { return nil }

func (h *heardInbox) Blocked(_ context.Context, p bridge.Place, reason, remedy string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, "blocked "+p.Workspace+" "+p.Channel+" "+reason+": "+remedy)
	return nil
}

func (h *heardInbox) look(fn func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fn()
}

// posts returns the refs of what was said, each once, in their order.
func (h *heardInbox) posts() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.refs...)
}

func (h *heardInbox) told(words string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, line := range h.lines {
		if strings.Contains(line, words) {
			return true
		}
	}
	return false
}

// wantPosts are the refs of the first n messages.
func wantPosts(n int) []string {
	var out []string
	for i := 1; i <= n; i++ {
		out = append(out, fmt.Sprint(2000000000000000+i))
	}
	return out
}

// sharedSessions and sharedLeases are what several daemons share.
type sharedSessions struct {
	mu    sync.Mutex
	saved map[string]string
}

func (s *sharedSessions) LoadSession(_ context.Context, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saved[name], nil
}

func (s *sharedSessions) SaveSession(_ context.Context, name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved[name] = value
	return nil
}

type lease struct {
	holder string
	until  time.Time
}

type sharedLeases struct {
	holder string
	mu     *sync.Mutex
	held   map[string]lease
	dead   *bool
}

func (l *sharedLeases) lock() func() {
	if l.mu == nil {
		return func() {}
	}
	l.mu.Lock()
	return l.mu.Unlock
}

func (l *sharedLeases) Acquire(_ context.Context, name string, ttl time.Duration) (bridge.Fence, bool, error) {
	defer l.lock()()
	if l.dead != nil && *l.dead {
		return bridge.Fence{}, false, errors.New("the database cannot be reached")
	}
	have := l.held[name]
	if have.holder != l.holder && time.Now().Before(have.until) {
		return bridge.Fence{}, false, nil
	}
	l.held[name] = lease{l.holder, time.Now().Add(ttl)}
	return bridge.Fence{Lease: name, Number: 1}, true, nil
}

func (l *sharedLeases) Release(_ context.Context, name string) error {
	defer l.lock()()
	if l.held[name].holder == l.holder {
		delete(l.held, name)
	}
	return nil
}
