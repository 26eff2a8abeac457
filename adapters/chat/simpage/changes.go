package simpage

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Changes wakes those who wait for a change of a simulator. The zero value is ready.
type Changes struct {
	mu      sync.Mutex
	waiters map[chan struct{}]struct{}
}

// Changed wakes everybody who waits.
func (c *Changes) Changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for wake := range c.waiters {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// Watch returns a channel that gets a value after every change, where several changes
// may share one, until stop is called.
func (c *Changes) Watch() (wake <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiters == nil {
		c.waiters = map[chan struct{}]struct{}{}
	}
	c.waiters[ch] = struct{}{}
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiters, ch)
	}
}

// WaitFor returns when cond is true, which is asked again after every change, or with
// the error of ctx, or when ended is closed. Cond may call the simulator.
func (c *Changes) WaitFor(ctx context.Context, ended <-chan struct{}, cond func() bool) error {
	wake, stop := c.Watch()
	defer stop()
	for !cond() {
		select {
		case <-wake:
		case <-ctx.Done():
			return fmt.Errorf("wait for the simulator: %w", context.Cause(ctx))
		case <-ended:
			return fmt.Errorf("wait for the simulator: %w", http.ErrServerClosed)
		}
	}
	return nil
}

// Live tells a page that something changed, at most a few times a second, until ended
// is closed.
func (c *Changes) Live(ended <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out := http.NewResponseController(w)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		wake, stop := c.Watch()
		defer stop()
		pause := time.NewTicker(200 * time.Millisecond)
		defer pause.Stop()
		_, _ = io.WriteString(w, "retry: 1000\n\n")
		for out.Flush() == nil {
			if !next(r, ended, wake) || !next(r, ended, pause.C) {
				return
			}
			if _, err := io.WriteString(w, "data: changed\n\n"); err != nil {
				return
			}
		}
	}
}

// next waits for a value, and reports false when the reader has left or all ends.
func next[T any](r *http.Request, ended <-chan struct{}, values <-chan T) bool {
	select {
	case <-values:
		return true
	case <-r.Context().Done():
		return false
	case <-ended:
		return false
	}
}
