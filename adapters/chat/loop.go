package chat

import (
	"slices"
	"sync"
	"time"
)

// Two bridges in one thread answer one another for ever. What an allow-listed bot
// says is therefore taken up to LoopMost messages in loopWindow of one thread; then
// the bot is not heard there for LoopPause, while people are.
const (
	LoopMost   = 20
	loopWindow = time.Minute
	LoopPause  = 10 * time.Minute
	// maxPauses is how many of them are remembered for a bot in a thread: more than
	// what a listing reaches back to can hold.
	maxPauses = 16
	maxLoops  = 1024
)

// Breaker counts what bots say. It goes by the platform's own times, in microseconds,
// and not by when something comes: the same messages, once more or from a listing, get
// the same answer. The zero value is ready.
type Breaker struct {
	mu   sync.Mutex
	bots map[Bot]*botCount
}

// Bot is a bot in a thread, by the platform's ids.
type Bot struct{ Channel, Thread, Bot string }

type botCount struct {
	recent []int64 // the newest that were taken, at most LoopMost
	pauses [][2]int64
}

// May says whether a bot's message may be taken, and whether its pause begins with it.
func (b *Breaker) May(key Bot, us int64) (ok, begins bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.bots[key]
	if c == nil || slices.Contains(c.recent, us) {
		return true, false // the first, or once more
	}
	if c.paused(us) {
		return false, false
	}
	near := 0
	for _, other := range c.recent {
		if max(other-us, us-other) < loopWindow.Microseconds() {
			near++
		}
	}
	if near < LoopMost {
		return true, false
	}
	if us < slices.Max(c.recent) {
		return false, false // a late one; the pause begins with the next
	}
	c.pauses = append(c.pauses, [2]int64{us, us + LoopPause.Microseconds()})
	c.pauses = c.pauses[max(0, len(c.pauses)-maxPauses):]
	return false, true
}

func (c *botCount) paused(us int64) bool {
	return slices.ContainsFunc(c.pauses, func(p [2]int64) bool { return us >= p[0] && us < p[1] })
}

// Paused says whether a bot was not heard at a moment.
func (b *Breaker) Paused(key Bot, us int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.bots[key]
	return c != nil && c.paused(us)
}

// Took counts a bot's message that was taken.
func (b *Breaker) Took(key Bot, us int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.bots[key]
	if c == nil {
		b.makeRoom(us)
		c = &botCount{}
		b.bots[key] = c
	}
	switch {
	case slices.Contains(c.recent, us):
	case len(c.recent) < LoopMost:
		c.recent = append(c.recent, us)
	default:
		if oldest := slices.Index(c.recent, slices.Min(c.recent)); us > c.recent[oldest] {
			c.recent[oldest] = us
		}
	}
}

// makeRoom drops what has been silent for an hour, or else anything.
func (b *Breaker) makeRoom(us int64) {
	if b.bots == nil {
		b.bots = map[Bot]*botCount{}
	}
	if len(b.bots) < maxLoops {
		return
	}
	var any Bot
	for key, c := range b.bots {
		any = key
		if us-slices.Max(c.recent) > time.Hour.Microseconds() {
			delete(b.bots, key)
		}
	}
	if len(b.bots) >= maxLoops {
		delete(b.bots, any)
	}
}
