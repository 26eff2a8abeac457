package slacksim

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// maxConnections is how many sockets an app may hold.
// https://docs.slack.dev/apis/events-api/using-socket-mode
const maxConnections = 10

// maxAnswer is the size from which Slack drops a frame silently.
const maxAnswer = 20 << 10

// conn is one open socket of the app.
type conn struct {
	sim  *Sim
	ws   *websocket.Conn
	out  chan frame
	quit chan struct{}
	once sync.Once

	// The rest is guarded by queue.mu.
	unacked   map[string]*delivery
	blackHole bool
	closing   bool
}

// frame is one thing to write: raw text, or a delivery.
type frame struct {
	text     []byte
	delivery *delivery
	envelope string
	last     bool
}

// sent remembers when an envelope has to be acknowledged.
type sent struct {
	envelope string
	due      time.Time
}

type envelope struct {
	EnvelopeID             string          `json:"envelope_id"`
	Payload                json.RawMessage `json:"payload"`
	Type                   string          `json:"type"`
	AcceptsResponsePayload bool            `json:"accepts_response_payload"`
	RetryAttempt           *int            `json:"retry_attempt,omitempty"`
	RetryReason            *string         `json:"retry_reason,omitempty"`
}

// feed hands ready deliveries to the open sockets in turn.
func (q *queue) feed() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed {
		if !q.socket || q.ready.len() == 0 || !q.feedOne() {
			q.cond.Wait()
		}
	}
}

// feedOne gives the first delivery to the next socket with room and says
// whether there was one. The caller holds mu.
func (q *queue) feedOne() bool {
	for range q.conns {
		q.nextConn++
		c := q.conns[q.nextConn%len(q.conns)]
		if c.closing || len(c.out) == cap(c.out) {
			continue
		}
		d := q.ready.pop()
		if q.expired(d) {
			q.giveUp(d)
			return true
		}
		q.begin(d)
		id := newUUID(q.rng)
		c.unacked[id] = d
		c.out <- frame{delivery: d, envelope: id}
		return true
	}
	return false
}

// serveSocket is the other end of a wss URL given out by apps.connections.open.
func (s *Sim) serveSocket(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	s.mu.Lock()
	known := s.tickets[ticket]
	delete(s.tickets, ticket)
	s.mu.Unlock()
	if !known {
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &conn{
		sim: s, ws: ws, out: make(chan frame, 256), quit: make(chan struct{}),
		unacked: map[string]*delivery{},
	}
	s.queue.run(c)
}

// run serves one socket until it ends.
func (q *queue) run(c *conn) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		_ = c.ws.Close()
		return
	}
	if len(q.conns) >= maxConnections {
		q.mu.Unlock()
		_ = c.ws.WriteMessage(websocket.TextMessage, encode(disconnect("too_many_websockets")))
		_ = c.ws.Close()
		return
	}
	q.sim.wg.Add(1)
	defer q.sim.wg.Done()
	q.conns = append(slices.Clone(q.conns), c)
	c.out <- frame{text: encode(fields{
		"type": "hello", "num_connections": len(q.conns),
		"debug_info":      fields{"host": "applink-sim-1", "build_number": 1, "approximate_connection_time": 18060},
		"connection_info": fields{"app_id": q.sim.opts.AppID},
	})}
	q.mu.Unlock()
	q.cond.Broadcast()
	q.sim.changed()

	var writing sync.WaitGroup
	writing.Go(func() { q.write(c) })
	c.read()
	c.end()
	writing.Wait()
	q.gone(c)
}

func (c *conn) end() {
	c.once.Do(func() { close(c.quit) })
	_ = c.ws.Close()
}

// gone forgets a socket and makes what it had not acknowledged due again: the
// acknowledgement may have been lost with the socket, so duplicates are normal.
func (q *queue) gone(c *conn) {
	q.mu.Lock()
	q.conns = slices.DeleteFunc(slices.Clone(q.conns), func(other *conn) bool { return other == c })
	var back []*delivery
	for _, d := range c.unacked {
		q.inflight--
		back = append(back, d)
	}
	slices.SortFunc(back, func(a, b *delivery) int { return a.seq - b.seq })
	for _, d := range back {
		if d.kind != "events_api" {
			q.giveUp(d)
			continue
		}
		d.attempt++
		d.reason = "timeout"
		q.ready.push(d)
	}
	c.unacked = nil
	q.mu.Unlock()
	q.cond.Broadcast()
	q.sim.changed()
}

// read takes acknowledgements until the socket ends.
func (c *conn) read() {
	c.ws.SetReadLimit(1 << 20)
	pong := c.ws.PingHandler()
	c.ws.SetPingHandler(func(data string) error {
		if c.sim.queue.hole(c) {
			return nil
		}
		return pong(data)
	})
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			return
		}
		if c.sim.queue.hole(c) || len(data) >= maxAnswer {
			continue
		}
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(data, &ack) == nil && ack.EnvelopeID != "" {
			c.sim.queue.ack(c, ack.EnvelopeID, ack.Payload)
		}
	}
}

func (q *queue) ack(c *conn, id string, payload []byte) {
	q.mu.Lock()
	d := c.unacked[id]
	if d != nil {
		delete(c.unacked, id)
		q.inflight--
		d.answer = payload
		q.finish(d, true)
	}
	q.mu.Unlock()
	q.sim.changed()
}

// write sends frames and pings, and takes back envelopes that were not
// acknowledged in time.
func (q *queue) write(c *conn) {
	defer c.end()
	ping := time.NewTicker(q.sim.opts.PingInterval)
	defer ping.Stop()
	overdue := time.NewTimer(time.Hour)
	defer overdue.Stop()
	var waiting []sent
	for {
		select {
		case <-c.quit:
			return
		case f := <-c.out:
			if f.delivery != nil {
				due := time.Now().Add(q.sim.opts.AckTimeout)
				waiting = append(waiting, sent{envelope: f.envelope, due: due})
				if len(waiting) == 1 {
					overdue.Reset(q.sim.opts.AckTimeout)
				}
			}
			if q.hole(c) {
				continue
			}
			if err := c.send(f); err != nil || f.last {
				return
			}
			q.cond.Broadcast()
		case <-ping.C:
			if q.hole(c) {
				continue
			}
			if err := c.ws.WriteControl(websocket.PingMessage, []byte("Ping from simulated Slack"), time.Now().Add(time.Second)); err != nil {
				return
			}
		case <-overdue.C:
			waiting = q.expire(c, waiting)
			if len(waiting) > 0 {
				overdue.Reset(time.Until(waiting[0].due))
			}
		}
	}
}

func (c *conn) send(f frame) error {
	text := f.text
	if d := f.delivery; d != nil {
		e := envelope{EnvelopeID: f.envelope, Payload: d.payload, Type: d.kind}
		if d.kind == "events_api" {
			e.RetryAttempt, e.RetryReason = &d.attempt, &d.reason
		} else {
			e.AcceptsResponsePayload = true
		}
		text = encode(e)
	}
	_ = c.ws.SetWriteDeadline(time.Now().Add(5 * time.Second))
	return c.ws.WriteMessage(websocket.TextMessage, text)
}

// expire takes back the envelopes whose time is over.
func (q *queue) expire(c *conn, waiting []sent) []sent {
	q.mu.Lock()
	for len(waiting) > 0 && !waiting[0].due.After(time.Now()) {
		if d := c.unacked[waiting[0].envelope]; d != nil {
			delete(c.unacked, waiting[0].envelope)
			q.inflight--
			q.retry(d, "timeout")
		}
		waiting = waiting[1:]
	}
	q.mu.Unlock()
	q.sim.changed()
	return waiting
}

func (q *queue) hole(c *conn) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return c.blackHole
}
