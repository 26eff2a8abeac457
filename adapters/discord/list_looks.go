package discord

import (
	"sync"
	"time"
)

// looks remembers which threads were looked back into since something may have been
// missed.
type looks struct {
	mu  sync.Mutex
	gen int
	at  map[string]time.Time
}

// all makes every thread due for a long look back.
func (l *looks) all() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gen++
	l.at = nil
}

// last returns when a thread was looked back into, and a number to be given to done.
func (l *looks) last(thread string) (at time.Time, gen int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at[thread], l.gen
}

// done takes note that a thread was looked back into, unless something may have been
// missed meanwhile.
func (l *looks) done(thread string, began time.Time, gen int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if gen != l.gen {
		return
	}
	if l.at == nil || len(l.at) >= maxPlaces {
		l.at = map[string]time.Time{}
	}
	l.at[thread] = began
}
