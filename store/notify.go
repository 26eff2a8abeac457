package store

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/lib/pq"
)

// notifyChannel is the Postgres channel on which daemons tell each other of commits.
const notifyChannel = "sidebridge"

// notifyEvery is the least time between two NOTIFYs. NOTIFY inside a writing
// transaction takes a lock over all commits (measured: it caps them at under
// 2,000/s), so it is sent afterwards, and for many commits at once.
const notifyEvery = 2 * time.Millisecond

// maxNotified bounds the payload, which Postgres limits to 8,000 bytes.
const maxNotified = 500

// committed wakes those who wait for the tickets, here and in the other daemons.
func (s *Store) committed(tickets []int64) {
	s.bell.Ring(tickets...)
	if s.announcer != nil {
		s.announcer.add(tickets)
	}
}

// announcer tells other daemons of commits. Losing an announcement in a crash
// costs a second: the others poll.
type announcer struct {
	mu      sync.Mutex
	tickets map[int64]bool
	wake    chan struct{}
	quit    chan struct{}
	wg      sync.WaitGroup
}

func newAnnouncer(send func(payload string)) *announcer {
	a := &announcer{tickets: map[int64]bool{}, wake: make(chan struct{}, 1), quit: make(chan struct{})}
	a.wg.Go(func() { a.run(send) })
	return a
}

func (a *announcer) add(tickets []int64) {
	a.mu.Lock()
	for _, id := range tickets {
		a.tickets[id] = true
	}
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *announcer) run(send func(string)) {
	for {
		select {
		case <-a.quit:
			return
		case <-a.wake:
		}
		send(a.payload())
		select {
		case <-a.quit:
			return
		case <-time.After(notifyEvery):
		}
	}
}

// payload is the JSON list of tickets, or empty for "many: look at everything".
func (a *announcer) payload() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	ids := make([]int64, 0, len(a.tickets))
	for id := range a.tickets {
		ids = append(ids, id)
	}
	clear(a.tickets)
	if len(ids) > maxNotified {
		return ""
	}
	text, _ := json.Marshal(ids) // unreachable error: numbers always marshal
	return string(text)
}

func (a *announcer) close() {
	close(a.quit)
	a.wg.Wait()
}

func (s *Store) notify(payload string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := s.exec(ctx, "SELECT pg_notify(?, ?)", notifyChannel, payload+"@"+s.holder); err != nil {
		s.log.Warn("other daemons were not told of commits", "error", err)
	}
}

// Listen rings the bell for what other daemons commit, until ctx ends. On SQLite
// there are none.
func (s *Store) Listen(ctx context.Context) error {
	if s.dialect.name != "postgres" {
		<-ctx.Done()
		return nil
	}
	l := pq.NewListener(s.opts.DSN, 100*time.Millisecond, 10*time.Second, nil)
	defer l.Close()
	if err := l.Listen(notifyChannel); err != nil {
		return err
	}
	check := time.NewTicker(90 * time.Second)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case n := <-l.Notify:
			s.heard(n)
		case <-check.C:
			// A dead connection shows only when it is used (lib/pq, Listener.Ping).
			if err := l.Ping(); err != nil {
				s.log.Warn("the listening connection was lost, it is being made again", "error", err)
			}
		}
	}
}

// heard rings for one notification. A nil one says that some may have been missed.
func (s *Store) heard(n *pq.Notification) {
	if n == nil {
		s.bell.RingAll()
		return
	}
	payload, from, _ := cutLast(n.Extra, "@")
	if from == s.holder {
		return
	}
	var ids []int64
	if err := json.Unmarshal([]byte(payload), &ids); err != nil {
		s.bell.RingAll()
		return
	}
	s.bell.Ring(ids...)
}

func cutLast(s, sep string) (before, after string, found bool) {
	for i := len(s) - len(sep); i >= 0; i-- {
		if s[i:i+len(sep)] == sep {
			return s[:i], s[i+len(sep):], true
		}
	}
	return s, "", false
}
