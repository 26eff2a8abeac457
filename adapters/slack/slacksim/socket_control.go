package slacksim

func disconnect(reason string) fields {
	return fields{"type": "disconnect", "reason": reason, "debug_info": fields{"host": "applink-sim-1"}}
}

// RefreshConnections ends the n oldest sockets (0: all) as Slack does every few
// hours: it sends disconnect with refresh_requested and closes.
func (s *Sim) RefreshConnections(n int) {
	s.queue.farewell(n, "refresh_requested")
}

// WarnConnections announces the end of the n oldest sockets (0: all) with a
// disconnect of reason warning. They go on until Options.WarningGrace is over.
func (s *Sim) WarnConnections(n int) {
	q := s.queue
	q.mu.Lock()
	conns := q.oldest(n)
	for _, c := range conns {
		c.tell(frame{text: encode(disconnect("warning"))})
	}
	q.mu.Unlock()
	q.after(s.opts.WarningGrace, func() {
		for _, c := range conns {
			c.end()
		}
	})
}

// DropConnections closes the n oldest sockets (0: all) without a word.
func (s *Sim) DropConnections(n int) {
	s.queue.mu.Lock()
	conns := s.queue.oldest(n)
	s.queue.mu.Unlock()
	for _, c := range conns {
		c.end()
	}
}

// BlackHole makes the n oldest sockets (0: all) silent without closing them:
// nothing is read, pinged or written any more, though events are still given
// to them and time out there.
func (s *Sim) BlackHole(n int) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	for _, c := range s.queue.oldest(n) {
		c.blackHole = true
	}
}

// SetSocketMode switches Socket Mode in the app's settings. Off ends every
// socket with link_disabled, and deliveries go to the events URL if there is one.
func (s *Sim) SetSocketMode(on bool) {
	s.queue.mu.Lock()
	s.queue.socket = on
	s.queue.mu.Unlock()
	s.queue.cond.Broadcast()
	if !on {
		s.queue.farewell(0, "link_disabled")
	}
}

// Connections returns how many sockets are open.
func (s *Sim) Connections() int {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return len(s.queue.conns)
}

// farewell sends a disconnect and closes.
func (q *queue) farewell(n int, reason string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.oldest(n) {
		c.closing = true
		c.tell(frame{text: encode(disconnect(reason)), last: true})
	}
}

// tell writes a control frame, or ends a socket that does not take any more.
// The caller holds queue.mu, which is the only place that fills out.
func (c *conn) tell(f frame) {
	if len(c.out) == cap(c.out) {
		c.end()
		return
	}
	c.out <- f
}

// oldest returns the first n open sockets, all if n is 0. The caller holds mu.
func (q *queue) oldest(n int) []*conn {
	if n <= 0 || n > len(q.conns) {
		n = len(q.conns)
	}
	return q.conns[:n:n]
}

// DropPending throws away every event that waits for delivery and returns how
// many: what an outage longer than Slack's retries amounts to.
func (s *Sim) DropPending() int {
	q := s.queue
	q.mu.Lock()
	dropped := 0
	for q.ready.len() > 0 {
		q.finish(q.ready.pop(), false)
		dropped++
	}
	q.later, dropped = q.dropLater(dropped)
	q.waiting = 0
	q.stats.Dropped += dropped
	q.mu.Unlock()
	s.changed()
	return dropped
}
