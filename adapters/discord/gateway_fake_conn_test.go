package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// conn is one connection as the gateway sees it.
type conn struct {
	s       *scripted
	ws      *websocket.Conn
	writing sync.Mutex
	sent    int64 // the last sequence
}

// healthy does what Discord does on a good day.
func (c *conn) healthy() {
	c.hello(50 * time.Millisecond)
	c.accept(c.introduced())
	c.stay()
}

func (c *conn) send(f frame) {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.write(f)
}

// write sends a packet. The caller holds writing.
func (c *conn) write(f frame) {
	if f.Seq != nil {
		c.sent = max(c.sent, *f.Seq)
	}
	_ = c.ws.WriteJSON(f)
}

// flush sends what the session has had since.
func (c *conn) flush() {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.s.mu.Lock()
	more := c.s.log[min(int(c.sent), len(c.s.log)):]
	c.s.mu.Unlock()
	for _, f := range more {
		c.write(f)
	}
}

func (c *conn) hello(every time.Duration) {
	c.send(frame{Op: opHello, Data: json.RawMessage(fmt.Sprintf(`{"heartbeat_interval":%d}`, every.Milliseconds()))})
}

// next returns the next packet that is no heartbeat; those are answered.
func (c *conn) next() (frame, error) {
	for {
		_, raw, err := c.ws.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) {
			c.s.mu.Lock()
			c.s.closed = append(c.s.closed, closed.Code)
			c.s.mu.Unlock()
		}
		if err != nil {
			return frame{}, err
		}
		var f frame
		if err := json.Unmarshal(raw, &f); err != nil {
			c.s.t.Errorf("the adapter sent no JSON: %v", err)
		}
		if len(raw) > 4096 {
			c.s.t.Errorf("the adapter sent %d bytes of 4096", len(raw))
		}
		if f.Op == opHeartbeat {
			c.send(frame{Op: opAck})
			continue
		}
		return f, nil
	}
}

// introduced waits for identify or resume.
func (c *conn) introduced() intro {
	f, err := c.next()
	if err != nil {
		return intro{}
	}
	var d struct {
		Token   string `json:"token"`
		Session string `json:"session_id"`
		Seq     int64  `json:"seq"`
		Intents int    `json:"intents"`
	}
	_ = json.Unmarshal(f.Data, &d)
	if d.Token != "test-token" || f.Op == opIdentify && d.Intents != intents {
		c.s.t.Errorf("introduced by %s", f.Data)
	}
	in := intro{op: f.Op, session: d.Session, seq: d.Seq}
	c.s.mu.Lock()
	c.s.intros = append(c.s.intros, in)
	c.s.mu.Unlock()
	return in
}

// accept answers an introduction: with READY, or with what was missed.
func (c *conn) accept(in intro) {
	switch {
	case in.op == opIdentify:
		c.ready()
	case in.op == opResume && in.session == c.s.current():
		c.sent = in.seq
		c.s.append("RESUMED", "{}")
		c.flush()
	case in.op == opResume:
		c.send(frame{Op: opInvalid, Data: json.RawMessage("false")})
	}
}

func (c *conn) ready() {
	c.s.mu.Lock()
	c.s.session++
	c.s.log = nil
	id := c.s.session
	c.s.mu.Unlock()
	url := "ws" + strings.TrimPrefix(c.s.srv.URL, "http") + "/ws/"
	c.s.append("READY", fmt.Sprintf(`{"session_id":"session-%d","resume_gateway_url":%q,"user":{"id":%q},"guilds":[{"id":%q,"unavailable":true}]}`,
		id, url, testBot, testGuild))
	c.s.append("GUILD_CREATE", fmt.Sprintf(`{"id":%q,"channels":[{"id":%q,"type":0,"name":"billing"}],"threads":[{"id":%q,"type":11,"parent_id":%q,"guild_id":%q}]}`,
		testGuild, testChannel, testThread, testChannel, testGuild))
	c.flush()
}

// stay answers heartbeats and sends what is said, until the connection ends.
func (c *conn) stay() {
	done := make(chan struct{})
	var pushing sync.WaitGroup
	pushing.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
				c.flush()
			}
		}
	})
	_, _ = c.next()
	close(done)
	pushing.Wait()
}

// close ends the connection with a code.
func (c *conn) close(code int) {
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
}
