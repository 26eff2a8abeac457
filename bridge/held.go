package bridge

import "time"

// Held returns the channels that this relay leaves alone now, because their platform
// asked for it, and until when. Another daemon may hold the workspace; then it knows.
func (r *Relay) Held() map[Place]time.Time {
	r.mu.Lock()
	holders := make([]*holder, 0, len(r.holders))
	for _, h := range r.holders {
		holders = append(holders, h)
	}
	r.mu.Unlock()
	out := map[Place]time.Time{}
	now := time.Now()
	for _, h := range holders {
		h.mu.Lock()
		for p, until := range h.held {
			if p != (Place{}) && until.After(now) { // the zero one is the probe of a blocked workspace
				out[p] = until
			}
		}
		h.mu.Unlock()
	}
	return out
}
