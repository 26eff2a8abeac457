package bridge

import "sync"

// Bell wakes whoever waits for something new. Ringing costs nothing when nobody
// waits, never blocks, and never queues: a waiter that was rung looks for itself
// what there is. Polling is the truth; the bell only makes it quick.
type Bell struct {
	mu      sync.Mutex
	all     chan struct{}
	tickets map[int64]chan struct{}

	// recent are the last tickets that were rung, in a circle; rings counts all of them.
	// Which tickets changed before the count was blurred is not known any more.
	recent  [bellMemory]int64
	rings   uint64
	blurred uint64
}

// bellMemory is how many rings a bell remembers. Who looks less often than that looks
// at everything.
const bellMemory = 1024

// NewBell returns a bell nobody has rung.
func NewBell() *Bell {
	return &Bell{all: make(chan struct{}), tickets: map[int64]chan struct{}{}, rings: 1}
}

// Ring wakes those who wait for any of the tickets, and those who wait for all.
func (b *Bell) Ring(tickets ...int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.all)
	b.all = make(chan struct{})
	for _, t := range tickets {
		b.recent[b.rings%bellMemory] = t
		b.rings++
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
	b.rings++
	b.blurred = b.rings
	for id, ch := range b.tickets {
		close(ch)
		delete(b.tickets, id)
	}
}

// Since returns the tickets that were rung after a mark, each once, and the mark of now.
// known is false when the bell cannot tell: then anything may have changed. The mark of
// who has never asked is zero.
func (b *Bell) Since(mark uint64) (tickets map[int64]bool, now uint64, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if mark == 0 || mark < b.blurred || b.rings-mark > bellMemory {
		return nil, b.rings, false
	}
	tickets = map[int64]bool{}
	for i := mark; i < b.rings; i++ {
		tickets[b.recent[i%bellMemory]] = true
	}
	return tickets, b.rings, true
}
