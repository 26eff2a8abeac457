package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// saveEvery is how often a session that moves is saved.
const saveEvery = 250 * time.Millisecond

// position is how far which session was followed. It is kept over a restart, so that
// Discord tells what happened meanwhile. An old one only makes Discord repeat events.
// https://docs.discord.com/developers/events/gateway#resuming
type position struct {
	ID  string `json:"id,omitempty"`
	URL string `json:"url,omitempty"`
	// Seq is the last event that is committed, with all before it.
	Seq int64 `json:"seq,omitempty"`
	// At is when Discord was last heard, in milliseconds since 1970.
	At int64 `json:"at,omitempty"`
	// Gaps counts how often something may have been missed.
	Gaps int64 `json:"gaps,omitempty"`
}

func loadPosition(ctx context.Context, from Sessions, name string) (position, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	text, err := from.LoadSession(ctx, name)
	if err != nil {
		return position{}, fmt.Errorf("read the gateway session: %w", err)
	}
	var p position
	if text != "" && json.Unmarshal([]byte(text), &p) != nil {
		return position{}, nil // it is not worth more than a new session costs
	}
	if p.ID == "" || p.URL == "" || p.Seq < 0 {
		p = position{At: p.At, Gaps: p.Gaps}
	}
	return p, nil
}

// keeper has the present position and saves it.
type keeper struct {
	clock func() time.Time
	bell  chan struct{}

	mu  sync.Mutex
	pos position
	// moved: there is something to save.
	moved bool
}

func newKeeper(clock func() time.Time) *keeper {
	return &keeper{clock: clock, bell: make(chan struct{}, 1)}
}

// load reads where the last holder of the lease ended. Without an answer we begin a
// new session, which costs more and loses nothing.
func (k *keeper) load(ctx context.Context, a *Adapter) {
	p, err := loadPosition(ctx, a.Sessions, a.leaseName())
	if err != nil {
		a.Log.Warn("the gateway session was not read", "err", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pos, k.moved = p, false
}

// now returns the present position.
func (k *keeper) now() position {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pos
}

func (k *keeper) change(what func(*position)) {
	k.mu.Lock()
	what(&k.pos)
	k.moved = true
	k.mu.Unlock()
	select {
	case k.bell <- struct{}{}:
	default:
	}
}

// begin takes a new session.
func (k *keeper) begin(id, url string) {
	k.change(func(p *position) { p.ID, p.URL, p.Seq, p.Gaps = id, url, 0, p.Gaps+1 })
}

// commit takes note that an event is committed.
func (k *keeper) commit(seq int64) {
	k.change(func(p *position) { p.Seq, p.At = max(p.Seq, seq), k.clock().UnixMilli() })
}

// heard takes note of a sign of life.
func (k *keeper) heard() {
	k.change(func(p *position) { p.At = k.clock().UnixMilli() })
}

// gap takes note that something may have been missed.
func (k *keeper) gap() { k.change(func(p *position) { p.Gaps++ }) }

// drop gives the session up: both its id and its sequence.
func (k *keeper) drop() { k.change(func(p *position) { p.ID, p.URL, p.Seq = "", "", 0 }) }

// since returns how long ago a position's At was.
func (k *keeper) since(at int64) time.Duration {
	return time.Duration(k.clock().UnixMilli()-at) * time.Millisecond
}

// keepSaved saves the position whenever it has moved, until ctx ends.
func (k *keeper) keepSaved(ctx context.Context, a *Adapter) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.bell:
			k.save(ctx, a)
			a.rest(ctx, saveEvery)
		}
	}
}

// save stores the position. If we crash before it, events are repeated to us, and the
// inbox knows them.
func (k *keeper) save(ctx context.Context, a *Adapter) {
	k.mu.Lock()
	p, moved := k.pos, k.moved
	k.moved = false
	k.mu.Unlock()
	if !moved {
		return
	}
	text, err := json.Marshal(p)
	if err == nil {
		err = a.Sessions.SaveSession(ctx, a.leaseName(), string(text))
	}
	if err != nil {
		k.mu.Lock()
		k.moved = true // the next move has it saved
		k.mu.Unlock()
		if ctx.Err() == nil {
			a.Log.Warn("the gateway session was not saved", "err", err)
		}
	}
}
