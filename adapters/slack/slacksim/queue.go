package slacksim

import (
	"math/rand/v2"
	"sync"
	"time"
)

// delivery is one event or interaction on its way to the app.
type delivery struct {
	kind    string // events_api, interactive or slash_commands
	id      string // event id
	payload []byte
	// attempt counts tries as the retry headers do, failures only those that
	// use up RetryDelays: a socket that closes costs none.
	attempt, failures int
	reason            string
	seq               int
	born              time.Time
	// done is closed when the app acknowledged it or Slack gave up; nil when
	// nobody asks.
	done   chan struct{}
	acked  bool
	answer []byte
}

// EventStats count what happened to events since the start.
type EventStats struct {
	// Raised events, duplicates by fault included.
	Raised int
	// Attempts to hand one over, Acked events, and Redelivered attempts.
	Attempts, Acked, Redelivered int
	// GivenUp events failed every attempt or grew too old; Dropped ones were
	// dropped by a fault, a rate limit or DropPending.
	GivenUp, Dropped int
	// Undeliverable events were raised with neither a URL nor Socket Mode set.
	Undeliverable int
	// Waiting, InFlight and Held are what is under way now.
	Waiting, InFlight, Held int
	// Connections is the number of open sockets.
	Connections int
}

// queue holds what is to be delivered now and what is to be done later, and
// runs the goroutines that deliver. HTTP deliveries are made by workers that
// take from it; sockets are fed by one goroutine in turn.
type queue struct {
	sim *Sim

	mu       sync.Mutex
	cond     *sync.Cond
	ready    fifo
	later    timers
	timer    *time.Timer
	inflight int
	waiting  int // deliveries among later
	tasks    int // other tasks among later, or running
	closed   bool
	stats    EventStats
	url      string
	actURL   string
	socket   bool
	rng      *rand.Rand
	seq      int
	conns    []*conn
	nextConn int
}

func newQueue(s *Sim) *queue {
	q := &queue{sim: s, url: s.opts.EventsURL, actURL: s.opts.InteractivityURL, socket: s.opts.SocketMode}
	q.rng = rand.New(rand.NewPCG(s.opts.Seed, 0xe4e1))
	q.cond = sync.NewCond(&q.mu)
	q.timer = time.AfterFunc(time.Hour, q.fire)
	return q
}

func (q *queue) start() {
	for range q.sim.opts.Workers {
		q.sim.wg.Go(q.work)
	}
	q.sim.wg.Go(q.feed)
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.timer.Stop()
	conns := q.conns
	q.mu.Unlock()
	q.cond.Broadcast()
	for _, c := range conns {
		c.end()
	}
}

// put makes a delivery due now.
func (q *queue) put(d *delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	switch {
	case !q.socket && q.url == "":
		q.stats.Undeliverable++
		q.finish(d, false)
		return
	case q.socket && len(q.conns) == 0 && d.kind != "events_api":
		// Slack does not keep a press for later: the person sees an error.
		q.finish(d, false)
		return
	}
	q.seq++
	d.seq = q.seq
	q.ready.push(d)
	q.cond.Broadcast()
}

// count adds events that were raised.
func (q *queue) count(n int) {
	q.mu.Lock()
	q.stats.Raised += n
	q.mu.Unlock()
}

// countDropped adds events that will never be sent.
func (q *queue) countDropped(n int) {
	q.mu.Lock()
	q.stats.Dropped += n
	q.mu.Unlock()
}

// finish settles a delivery. The caller holds mu; waitMu may be taken inside it.
func (q *queue) finish(d *delivery, acked bool) {
	d.acked = acked
	if acked && d.kind == "events_api" {
		q.stats.Acked++
	}
	if d.done != nil {
		close(d.done)
	}
	q.sim.changed()
}

// giveUp settles a delivery that will not be tried again. The caller holds mu.
func (q *queue) giveUp(d *delivery) {
	if d.kind == "events_api" {
		q.stats.GivenUp++
	}
	q.finish(d, false)
}

// retry plans the next attempt after a failed one, or gives up. Interactions
// are never repeated: Slack shows the person an error. The caller holds mu.
func (q *queue) retry(d *delivery, reason string) {
	delay, again := q.delay(d.failures)
	if d.kind != "events_api" || !again {
		q.giveUp(d)
		return
	}
	d.attempt++
	d.failures++
	d.reason = reason
	if delay <= 0 {
		q.ready.push(d)
		q.cond.Broadcast()
		return
	}
	q.postpone(delay, d)
}

// postpone makes a delivery due after a pause. The caller holds mu.
func (q *queue) postpone(pause time.Duration, d *delivery) {
	q.waiting++
	q.plan(pause, task{delivery: d})
}

// delay returns the pause after so many earlier failures.
func (q *queue) delay(failures int) (pause time.Duration, again bool) {
	opts := &q.sim.opts
	switch {
	case failures < len(opts.RetryDelays):
		return opts.RetryDelays[failures], true
	case opts.DelayedEvents && failures < len(opts.RetryDelays)+24:
		return opts.DelayedEvery, true
	}
	return 0, false
}

// expired says whether Slack would no longer send the delivery.
func (q *queue) expired(d *delivery) bool {
	return !q.sim.opts.DelayedEvents && q.sim.now().Sub(d.born) > q.sim.opts.EventTTL
}
