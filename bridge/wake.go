package bridge

import "sync"

// Bell wakes whoever waits for something new. Ringing costs nothing when nobody
// waits, never blocks, and never queues: a waiter that was rung looks for itself
// what there is. Polling is the truth; the bell only makes it quick.
type Bell struct {
	mu      sync.Mutex
	all     chan struct{}
	tickets map[int64]chan struct{}
}

// NewBell returns a bell nobody has rung.
func NewBell() *Bell {
	return &Bell{all: make(chan struct{}), tickets: map[int64]chan struct{}{}}
}

// Ring wakes those who wait for any of the tickets, and those who wait for all.
func (b *Bell) Ring(tickets ...int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.all)
	b.all = make(chan struct{})
	for _, t := range tickets {
		if ch := b.tickets[t]; ch != nil {
			close(ch)
			delete(b.tickets, t)
		}
	}
}

// Any returns a channel that is closed at the next ring. Take it before looking.
func (b *Bell) Any() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all
}

// Ticket returns a channel that is closed when the ticket is rung. Take it before looking.
func (b *Bell) Ticket(id int64) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := b.tickets[id]
	if ch == nil {
		ch = make(chan struct{})
		b.tickets[id] = ch
	}
	return ch
}

// RingAll wakes everybody, when it is not known what changed.
func (b *Bell) RingAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.all)
	b.all = make(chan struct{})
	for id, ch := range b.tickets {
		close(ch)
		delete(b.tickets, id)
	}
}
