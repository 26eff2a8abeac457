package discord

import (
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// refusedAge is how long a refusal for want of a permission stands for the next calls
// to the channel: a thousand threads there ask once, and who has given the permission
// need not wait.
const refusedAge = 10 * time.Second

// refusals remembers which channels may not be posted to. Each refusal counts towards
// a ban of our address. https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
type refusals struct {
	now func() time.Time

	mu    sync.Mutex
	known map[bridge.Place]refusal
}

type refusal struct {
	err   *bridge.SurfaceError
	until time.Time
}

func newRefusals(now func() time.Time) *refusals {
	return &refusals{now: now, known: map[bridge.Place]refusal{}}
}

// put takes note of a refusal.
func (r *refusals) put(p bridge.Place, err *bridge.SurfaceError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for place, old := range r.known {
		if !old.until.After(now) {
			delete(r.known, place)
		}
	}
	r.known[p] = refusal{err: err, until: now.Add(refusedAge)}
}

// get returns the refusal that still stands, nil when there is none.
func (r *refusals) get(p bridge.Place) *bridge.SurfaceError {
	r.mu.Lock()
	defer r.mu.Unlock()
	if have, ok := r.known[p]; ok && have.until.After(r.now()) {
		return have.err
	}
	return nil
}

// forget lets the channel be tried again.
func (r *refusals) forget(p bridge.Place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, p)
}
