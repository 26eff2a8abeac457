package discord

import (
	"sync"
)

// maxLabels is how many channels' names are remembered for remedies.
const maxLabels = 5000

// labels remembers what channels are called.
type labels struct {
	mu    sync.Mutex
	names map[string]string
}

func newLabels() *labels { return &labels{names: map[string]string{}} }

// learn takes note of a channel's name.
func (l *labels) learn(id, name string) {
	if id == "" || name == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.names) >= maxLabels {
		clear(l.names) // they are only a help
	}
	l.names[id] = name
}

// of returns "#name" of a channel that is known, else its id.
func (l *labels) of(id string) string {
	if id == "" {
		return "the channel"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if name := l.names[id]; name != "" {
		return "#" + name
	}
	return "the channel " + id
}
