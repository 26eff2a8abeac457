package discordsim

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// The gateway's opcodes. https://docs.discord.com/developers/topics/opcodes-and-status-codes
const (
	opDispatch   = 0
	opHeartbeat  = 1
	opIdentify   = 2
	opPresence   = 3
	opVoice      = 4
	opResume     = 6
	opReconnect  = 7
	opMembers    = 8
	opInvalid    = 9
	opHello      = 10
	opAck        = 11
	maxClientMsg = 4096
)

// The intents that decide what an app is sent.
const (
	intentGuilds    = 1 << 0
	intentWebhooks  = 1 << 5
	intentMessages  = 1 << 9
	intentReactions = 1 << 10
	intentContent   = 1 << 15
)

// packet is one message of the gateway.
type packet struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  *int64          `json:"s"`
	Type *string         `json:"t"`
}

// session is what an Identify makes. It outlives its connection for a while.
type session struct {
	sim     *Sim
	id      string
	intents int
	// log is what was dispatched and can be replayed; last is the last sequence number.
	log    []packet
	last   int64
	conn   *socket
	lostAt time.Time
	dead   bool
}

func (s *Sim) serveGateway(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("encoding") != "json" {
		http.Error(w, "the simulator speaks encoding=json", http.StatusBadRequest)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &socket{ws: ws, wake: make(chan struct{}, 1), end: make(chan struct{})}
	s.mu.Lock()
	s.noteBase(r)
	s.stats.Connections++
	out := s.outage || s.ctx.Err() != nil
	s.mu.Unlock()
	if out {
		_ = ws.Close()
		return
	}
	var writing sync.WaitGroup
	writing.Go(func() { c.write(s.changed) })
	if r.URL.Query().Get("v") != "10" {
		c.finish(4012)
		writing.Wait()
		s.do(func() { s.stats.Connections-- })
		return
	}
	c.put(packet{Op: opHello, Data: encode(fields{"heartbeat_interval": s.opts.Heartbeat.Milliseconds()})})
	s.hear(c, r.URL.Path == "/resume/")
	c.finish(-1)
	writing.Wait()
	s.do(func() {
		s.stats.Connections--
		for _, ses := range s.sessions {
			if ses.conn == c {
				ses.conn, ses.lostAt = nil, s.now()
			}
		}
	})
}

// hear reads what the client sends until the connection ends. A client that was not
// heard from for a heartbeat and a half is closed with 4009, and its session is gone.
// https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
func (s *Sim) hear(c *socket, resuming bool) {
	c.ws.SetReadLimit(1 << 20)
	for {
		_ = c.ws.SetReadDeadline(time.Now().Add(s.opts.Heartbeat*3/2 + time.Second))
		_, raw, err := c.ws.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			s.do(func() { s.closedByClient(c, closed.Code) })
			return
		}
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			s.do(func() { s.timedOut(c) })
			return
		}
		if err != nil {
			return
		}
		if c.tooFast(s.now(), s.opts.Heartbeat) {
			c.finish(4008)
			return
		}
		c.mu.Lock()
		silent := c.silent
		c.mu.Unlock()
		if silent {
			continue
		}
		var p packet
		if len(raw) > maxClientMsg || json.Unmarshal(raw, &p) != nil {
			c.finish(4002)
			return
		}
		if !s.obeyPacket(c, p, resuming) {
			return
		}
	}
}

// closedByClient: 1000 and 1001 end the session, everything else keeps it.
// https://docs.discord.com/developers/events/gateway#initiating-a-disconnect
func (s *Sim) closedByClient(c *socket, code int) {
	s.stats.Closes = append(s.stats.Closes, code)
	for _, ses := range s.sessions {
		if ses.conn == c && (code == 1000 || code == 1001) {
			ses.dead = true
		}
	}
}

// timedOut closes a connection on which no heartbeat came. The caller holds mu.
func (s *Sim) timedOut(c *socket) {
	for _, ses := range s.sessions {
		if ses.conn == c {
			ses.dead = true
		}
	}
	c.finish(4009)
}

func (s *Sim) obeyPacket(c *socket, p packet, resuming bool) bool {
	switch p.Op {
	case opHeartbeat:
		s.do(func() { s.stats.Heartbeats++ })
		c.put(packet{Op: opAck})
	case opIdentify:
		return s.identify(c, p.Data)
	case opResume:
		if !resuming {
			c.put(packet{Op: opInvalid, Data: encode(false)}) // resume_gateway_url is to be used
			return true
		}
		return s.resume(c, p.Data)
	case opPresence, opVoice, opMembers:
		known := false
		s.do(func() { known = s.withConn(c) != nil })
		if !known {
			c.finish(4003)
		}
		return known
	default:
		c.finish(4001)
		return false
	}
	return true
}

func (s *Sim) identify(c *socket, raw json.RawMessage) (ok bool) {
	var d struct {
		Token      string `json:"token"`
		Intents    int    `json:"intents"`
		Properties fields `json:"properties"`
		Shard      []int  `json:"shard"`
	}
	s.do(func() {
		s.identifies++
		s.stats.Identifies++
		early := s.opts.IdentifyEvery > 0 && !s.identified.IsZero() && s.now().Sub(s.identified) < s.opts.IdentifyEvery
		s.identified = s.now()
		err := json.Unmarshal(raw, &d)
		code := 0
		switch {
		case d.Shard != nil && (len(d.Shard) != 2 || d.Shard[0] < 0 || d.Shard[0] >= d.Shard[1]):
			code = 4010
		case err != nil:
			code = 4002
		case d.Token != s.opts.Token || s.revoked:
			code = 4004
		case s.identifies > s.opts.Identifies:
			s.revoked, code = true, 4004 // the token is reset
		case s.withConn(c) != nil:
			code = 4005
		case d.Intents < 0 || d.Intents >= 1<<26:
			code = 4013
		case s.opts.NoContent && d.Intents&intentContent != 0:
			code = 4014
		}
		if code != 0 {
			c.finish(code)
			return
		}
		ok = true
		s.forget()
		if early { // more than max_concurrency in five seconds
			c.put(packet{Op: opInvalid, Data: encode(false)})
			return
		}
		ses := &session{sim: s, id: s.newID(), intents: d.Intents, conn: c}
		s.sessions = append(s.sessions, ses)
		guilds := []fields{}
		for _, g := range s.guilds {
			if !g.kicked {
				guilds = append(guilds, fields{"id": g.id, "unavailable": true})
			}
		}
		ses.dispatch("READY", fields{
			"v": 10, "user": showUser(s.bot), "guilds": guilds, "session_id": ses.id, "session_type": "normal",
			"resume_gateway_url": "ws" + s.base[len("http"):] + "/resume/", "application": fields{"id": s.appID, "flags": s.appFlags()}, "shard": []int{0, 1},
		})
		for _, g := range s.guilds {
			if !g.kicked && !g.out && d.Intents&intentGuilds != 0 {
				ses.dispatch("GUILD_CREATE", s.showGuild(g))
			}
		}
	})
	return ok
}

func (s *Sim) withConn(c *socket) *session {
	for _, ses := range s.sessions {
		if ses.conn == c && !ses.dead {
			return ses
		}
	}
	return nil
}

// resume replays what a session missed. Without all of it there is no resuming.
// https://docs.discord.com/developers/events/gateway#resuming
func (s *Sim) resume(c *socket, raw json.RawMessage) (ok bool) {
	var d struct {
		Token   string `json:"token"`
		Session string `json:"session_id"`
		Seq     int64  `json:"seq"`
	}
	s.do(func() {
		if json.Unmarshal(raw, &d) != nil {
			c.finish(4002)
			return
		}
		if d.Token != s.opts.Token || s.revoked {
			c.finish(4004)
			return
		}
		ok = true
		ses := s.session(d.Session)
		if ses == nil {
			c.put(packet{Op: opInvalid, Data: encode(false)})
			return
		}
		if d.Seq < 0 || d.Seq > ses.last {
			ses.dead = true
			c.finish(4007)
			ok = false
			return
		}
		missed := ses.last - d.Seq
		if missed > int64(len(ses.log)) {
			ses.dead = true
			c.put(packet{Op: opInvalid, Data: encode(false)})
			return
		}
		if ses.conn != nil && ses.conn != c {
			ses.conn.finish(4000)
		}
		s.stats.Resumes++
		ses.conn = c
		for _, p := range ses.log[int64(len(ses.log))-missed:] {
			c.put(p)
		}
		ses.dispatch("RESUMED", fields{})
	})
	return ok
}

// session returns a session that can be resumed.
func (s *Sim) session(id string) *session {
	for _, ses := range s.sessions {
		if ses.id == id && !ses.dead && (ses.conn != nil || s.now().Sub(ses.lostAt) < s.opts.SessionTTL) {
			return ses
		}
	}
	return nil
}

// dispatch gives a session its next event. The caller holds mu.
func (ses *session) dispatch(kind string, data any) {
	ses.last++
	seq := ses.last
	p := packet{Op: opDispatch, Data: encode(data), Seq: &seq, Type: &kind}
	if ses.log = append(ses.log, p); len(ses.log) > ses.sim.opts.Replay {
		ses.log = ses.log[1:]
	}
	ses.sim.stats.Events++
	if ses.conn != nil {
		ses.conn.put(p)
	}
}

// flushed says whether every event was written. The caller holds mu.
func (s *Sim) flushed() bool {
	for _, ses := range s.live() {
		if !ses.conn.idle() {
			return false
		}
	}
	return true
}

// flush waits, a second at most, until every event was written.
func (s *Sim) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = s.WaitFor(ctx, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.flushed()
	})
}

// forget drops sessions that nobody can resume any more. The caller holds mu.
func (s *Sim) forget() {
	s.sessions = slices.DeleteFunc(s.sessions, func(ses *session) bool {
		return ses.conn == nil && (ses.dead || s.now().Sub(ses.lostAt) >= s.opts.SessionTTL)
	})
}

// drop ends the session's connection without a word. The caller holds mu.
func (ses *session) drop() {
	if ses.conn != nil {
		ses.conn.finish(-1)
		_ = ses.conn.ws.Close()
	}
}
