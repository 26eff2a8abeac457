package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/sidebridge/sidebridge/adapters/chat"
)

const (
	writeTime = 10 * time.Second
	// maxFrame is far above the GUILD_CREATE of a large guild.
	maxFrame = 32 << 20
	// maxQueued and maxQueuedBytes are how much may wait to be accepted. When there is
	// more we stop reading, and Discord finds us dead and repeats it later.
	maxQueued      = 1024
	maxQueuedBytes = 2 * maxFrame
	// closeResumable ends a connection without ending its session, as 1000 and 1001
	// would. https://docs.discord.com/developers/events/gateway#initiating-a-disconnect
	closeResumable = 4000
	// intents: guilds, messages and their content are 33281; without the reactions'
	// own intent none of them would be told.
	// https://docs.discord.com/developers/events/gateway#list-of-intents
	intents = 1<<0 | 1<<9 | 1<<15 | 1<<10
)

// The gateway's opcodes.
// https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway
const (
	opDispatch  = 0
	opHeartbeat = 1
	opIdentify  = 2
	opResume    = 6
	opReconnect = 7
	opInvalid   = 9
	opHello     = 10
	opAck       = 11
)

// frame is one packet of the gateway.
type frame struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  *int64          `json:"s"`
	Type string          `json:"t"`
}

// event is one dispatch: what happened, and its place in the session.
type event struct {
	Type    string
	Seq     int64
	Session string // the session it came in
	Data    json.RawMessage
}

// connection is one connection to the gateway, from Hello to its end. One goroutine
// reads, one sends heartbeats, and one accepts events in their order, so that a slow
// database neither stops the heartbeats nor hides their answers.
type connection struct {
	a       *Adapter
	ws      *websocket.Conn
	session string // what it resumes, until READY says another
	heard   int64  // when Discord was heard before, as position.At
	resume  bool
	every   time.Duration // between heartbeats

	writing sync.Mutex
	sends   *rate.Limiter
	last    atomic.Int64 // the last sequence received; zero: none
	acked   atomic.Bool
	ready   atomic.Int64 // when READY or RESUMED came, in nanoseconds; zero: not yet

	events chan event
	room   *semaphore.Weighted
	// alive ends with the connection, or with what it was made for.
	alive context.Context
	kill  context.CancelFunc
	ended chan struct{}
	once  sync.Once
	end   ending
}

// connect makes one connection and stays with it until it has ended and what it
// brought is accepted, or cannot be.
func (a *Adapter) connect(ctx context.Context, address string, p position) ending {
	c := &connection{
		a: a, session: p.ID, heard: p.At, resume: p.ID != "",
		sends:  rate.NewLimiter(rate.Limit(110.0/60), 20), // of 120 a minute
		events: make(chan event, maxQueued), room: semaphore.NewWeighted(maxQueuedBytes),
		ended: make(chan struct{}),
	}
	c.alive, c.kill = context.WithCancel(ctx)
	defer c.kill()
	c.last.Store(p.Seq)
	c.acked.Store(true)
	if err := c.dial(ctx, address); err != nil {
		return ending{reason: "not connected", err: err}
	}
	defer func() { _ = c.ws.Close() }()
	stop := context.AfterFunc(ctx, func() { c.finish(ending{reason: "stopped", ours: true}) })
	defer stop()
	c.run(ctx, p)
	<-c.ended
	if at := c.ready.Load(); at != 0 {
		c.end.ready = time.Now().Add(-time.Duration(time.Now().UnixNano() - at))
	}
	return c.end
}

func (c *connection) dial(ctx context.Context, address string) error {
	target, err := c.a.socketAddress(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.a.Timing.Handshake)
	defer cancel()
	ws, resp, err := c.a.dialer.DialContext(ctx, target, nil)
	if err != nil {
		status := 0
		if resp != nil {
			status = resp.StatusCode
		}
		return fmt.Errorf("connect to the gateway (status %d): %w", status, chat.WithoutAddress(err))
	}
	ws.SetReadLimit(maxFrame)
	c.ws = ws
	return nil
}

// run brings the connection from Hello to its end.
func (c *connection) run(ctx context.Context, p position) {
	var beside sync.WaitGroup
	defer beside.Wait()
	defer close(c.events)
	c.extend(c.a.Timing.Handshake)
	if !c.hello() {
		return
	}
	beside.Go(c.beat)
	beside.Go(func() { c.work(ctx) })
	if err := c.introduce(p); err != nil {
		c.finish(ending{reason: "not written", err: err})
		return
	}
	c.extend(c.a.Timing.Handshake)
	for c.read() {
	}
}

// extend gives the connection until then to say something.
func (c *connection) extend(d time.Duration) { _ = c.ws.SetReadDeadline(time.Now().Add(d)) }

// hello waits for the first packet and takes the rhythm of the heartbeats from it.
func (c *connection) hello() bool {
	for {
		f, ok := c.next()
		if !ok {
			return false
		}
		if f.Op != opHello {
			if !c.command(f) {
				return false
			}
			continue
		}
		var hello struct {
			Every int64 `json:"heartbeat_interval"`
		}
		if err := decode(f.Data, &hello); err != nil {
			c.finish(ending{reason: "unreadable", err: err})
			return false
		}
		c.every = time.Duration(hello.Every) * time.Millisecond
		if c.every <= 0 || c.every > 10*time.Minute {
			c.every = 41250 * time.Millisecond
		}
		return true
	}
}

// introduce resumes the session, or begins one.
func (c *connection) introduce(p position) error {
	if c.resume {
		return c.send(opResume, map[string]any{"token": c.a.Token, "session_id": p.ID, "seq": p.Seq})
	}
	return c.send(opIdentify, map[string]any{
		"token": c.a.Token, "intents": intents, "large_threshold": 50,
		"properties": map[string]string{"os": runtime.GOOS, "browser": "sidebridge", "device": "sidebridge"},
	})
}

// next reads one packet; false means that the connection has ended.
func (c *connection) next() (frame, bool) {
	kind, raw, err := c.ws.ReadMessage()
	if err != nil {
		c.finish(readEnding(err, c.ready.Load() != 0))
		return frame{}, false
	}
	var f frame
	if kind != websocket.TextMessage {
		err = errors.New("a binary frame")
	} else {
		err = json.Unmarshal(raw, &f)
	}
	if err != nil {
		c.finish(ending{reason: "unreadable", err: err})
		return frame{}, false
	}
	return f, true
}

// read takes one packet after the handshake.
func (c *connection) read() bool {
	f, ok := c.next()
	if !ok {
		return false
	}
	if f.Op == opDispatch {
		return c.dispatch(f)
	}
	return c.command(f)
}

// command takes a packet that is no event; false means that the connection ends.
func (c *connection) command(f frame) bool {
	switch f.Op {
	case opHeartbeat:
		if c.sends.Allow() {
			c.heartbeat()
		}
	case opAck:
		c.acked.Store(true)
		c.a.place.heard()
	case opReconnect:
		c.finish(ending{reason: "asked to reconnect"})
		return false
	case opInvalid:
		resumable := false
		_ = json.Unmarshal(f.Data, &resumable)
		c.finish(ending{reason: "invalid session", invalid: true, fresh: !resumable})
		return false
	}
	if c.ready.Load() != 0 {
		c.extend(2*c.every + writeTime)
	}
	return true
}

// dispatch queues an event. Until the session stands, only events give it more time.
func (c *connection) dispatch(f frame) bool {
	if f.Seq != nil {
		c.last.Store(*f.Seq)
	}
	e := event{Type: f.Type, Seq: c.last.Load(), Data: f.Data}
	switch f.Type {
	case "READY", "RESUMED":
		c.ready.Store(time.Now().UnixNano())
		c.a.Count("connected", f.Type)
	case "INTERACTION_CREATE":
		c.a.hurry(f.Data)
	}
	if c.ready.Load() != 0 {
		c.extend(2*c.every + writeTime)
	} else {
		c.extend(c.a.Timing.Handshake)
	}
	size := min(int64(len(f.Data)), maxFrame)
	if c.room.Acquire(c.alive, size) != nil {
		return false
	}
	select {
	case c.events <- e:
		return true
	case <-c.alive.Done():
		return false
	}
}

// work accepts events one after the other. The sequence moves when one is committed.
// When the connection ends, what it brought is still accepted; when one cannot be, the
// connection ends, and Discord repeats it to the next.
func (c *connection) work(ctx context.Context) {
	for e := range c.events {
		c.room.Release(min(int64(len(e.Data)), maxFrame))
		e.Session = c.session
		if err := c.take(ctx, e); err != nil {
			c.finish(ending{reason: "not accepted", err: err, ours: true, slow: true})
			return // the reader ends with the connection
		}
		c.a.place.commit(e.Seq)
	}
}

// take accepts one event; READY and RESUMED are about the session itself.
func (c *connection) take(ctx context.Context, e event) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !c.a.ours():
		return errLeaseLost
	}
	switch e.Type {
	case "READY":
		id, err := c.a.begun(ctx, e.Data)
		c.session = id
		return err
	case "RESUMED":
		c.a.resumed(ctx, c.heard)
		return nil
	}
	return c.a.receive(ctx, e)
}

// beat sends heartbeats, the first after a random part of the interval. One that was
// not answered before the next is due means that the connection is dead.
// https://docs.discord.com/developers/events/gateway#sending-heartbeats
func (c *connection) beat() {
	timer := time.NewTimer(time.Duration(rand.Float64() * float64(c.every)))
	defer timer.Stop()
	for {
		select {
		case <-c.alive.Done():
			return
		case <-timer.C:
		}
		if !c.acked.Swap(false) {
			c.finish(ending{reason: "no heartbeat"})
			return
		}
		c.heartbeat()
		timer.Reset(c.every)
	}
}

func (c *connection) heartbeat() {
	var last any
	if n := c.last.Load(); n > 0 {
		last = n
	}
	if err := c.send(opHeartbeat, last); err != nil {
		c.finish(ending{reason: "not written", err: err})
	}
}

func (c *connection) send(op int, data any) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.ws.SetWriteDeadline(time.Now().Add(writeTime))
	err := c.ws.WriteJSON(struct {
		Op   int `json:"op"`
		Data any `json:"d"`
	}{op, data})
	if err != nil {
		return fmt.Errorf("write to the gateway: %w", err)
	}
	return nil
}

// finish ends the connection for the first reason it is given. Whatever side ends it,
// the session stays resumable.
func (c *connection) finish(e ending) {
	c.once.Do(func() {
		c.end = e
		if e.code == 0 {
			note := websocket.FormatCloseMessage(closeResumable, "")
			_ = c.ws.WriteControl(websocket.CloseMessage, note, time.Now().Add(time.Second))
		}
		_ = c.ws.Close()
		c.kill()
		close(c.ended)
	})
}
