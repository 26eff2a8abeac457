package slack

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sidebridge/sidebridge/adapters/chat"
)

const (
	// drainTime is how long an old connection is still read after Slack announced
	// its end; Slack closes it about ten seconds after the warning.
	drainTime = 30 * time.Second
	helloTime = 10 * time.Second
	writeTime = 10 * time.Second
	// maxFrame is above maxEnvelope, since a frame that is refused comes back for ever.
	maxFrame = 8 << 20
)

// socket is one connection. Frames of one thread are accepted in the order they
// came, those of different threads at the same time, so that many waiting appends
// can go into one transaction.
type socket struct {
	a    *Adapter
	conn *websocket.Conn

	writing sync.Mutex
	lanes   [16]chan job
}

type job struct {
	frame *frame
	raw   []byte
	until time.Time
}

// connectSocket asks for an address, connects, and waits for Slack's hello.
// The address holds a single-use ticket and is never logged.
func (a *Adapter) connectSocket(ctx context.Context) (*socket, error) {
	var address string
	err := a.call(ctx, "apps.connections.open", "", func(ctx context.Context) error {
		var err error
		_, address, err = a.api.StartSocketModeContext(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	conn, resp, err := a.dialer.DialContext(ctx, address, nil)
	if err != nil {
		status := 0
		if resp != nil {
			status = resp.StatusCode
			_ = resp.Body.Close()
		}
		return nil, fmt.Errorf("connect a socket (status %d): %w", status, chat.WithoutAddress(err))
	}
	s := &socket{a: a, conn: conn}
	conn.SetReadLimit(maxFrame)
	_ = conn.SetReadDeadline(time.Now().Add(helloTime))
	conn.SetPingHandler(func(data string) error {
		s.alive()
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeTime))
	})
	if err := s.hello(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

// alive gives the connection until two pings have been missed.
func (s *socket) alive() { _ = s.conn.SetReadDeadline(time.Now().Add(2 * s.a.ping)) }

func (s *socket) hello(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.conn.Close() })
	defer stop()
	_, raw, err := s.conn.ReadMessage()
	if err != nil {
		return fmt.Errorf("wait for hello: %w", err)
	}
	var f frame
	if err := decode(raw, &f); err != nil || f.Type != "hello" {
		return fmt.Errorf("the first frame is %q, not hello", f.Type)
	}
	s.alive()
	return nil
}

// read takes frames until the connection ends. It says once why another one is
// needed: when Slack announces the end, or when it has come.
func (s *socket) read(ctx context.Context, ended chan<- string) {
	stop := context.AfterFunc(ctx, func() { _ = s.conn.Close() })
	defer stop()
	defer func() { _ = s.conn.Close() }()
	var working sync.WaitGroup
	defer working.Wait()
	for i := range s.lanes {
		s.lanes[i] = make(chan job, 64)
		working.Go(func() { s.work(ctx, s.lanes[i]) })
	}
	defer func() {
		for _, lane := range s.lanes {
			close(lane)
		}
	}()
	announced := false
	for {
		_, raw, err := s.conn.ReadMessage()
		if err != nil {
			if !announced {
				ended <- "closed"
			}
			return
		}
		if !announced {
			s.alive()
		}
		reason := s.take(raw)
		if reason != "" && !announced {
			announced = true
			_ = s.conn.SetReadDeadline(time.Now().Add(drainTime))
			s.conn.SetPingHandler(func(data string) error {
				return s.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeTime))
			})
			ended <- reason
		}
	}
}

// take puts a frame into its thread's lane and returns why the connection is
// about to end, or "".
func (s *socket) take(raw []byte) string {
	f := &frame{}
	if err := decode(raw, f); err != nil {
		s.a.count("ignored", "unreadable frame")
		return ""
	}
	if f.Type == "disconnect" {
		return cmp.Or(f.Reason, "disconnect")
	}
	if f.EnvelopeID == "" {
		return ""
	}
	if f.Attempt > 0 {
		s.a.count("redelivered", "socket")
	}
	s.lanes[lane(f, len(s.lanes))] <- job{frame: f, raw: raw, until: time.Now().Add(s.a.acceptance)}
	return ""
}

// lane returns the same number for all frames about one thread. What people ask for
// waits for nothing else.
func lane(f *frame, lanes int) int {
	e := &f.Payload.Event
	m, channel := &e.message, string(e.Channel)
	switch {
	case e.Item.TS != "":
		m, channel = &message{TS: e.Item.TS}, string(e.Item.Channel)
	case f.Payload.Type != "event_callback" && f.Payload.Type != "block_actions":
		m = &message{TS: f.EnvelopeID}
	case e.Changed != nil:
		m = e.Changed
	case e.Previous != nil:
		m = e.Previous
	}
	h := uint32(2166136261) // FNV-1a
	for _, s := range []string{channel, threadOf(m.TS, m.ThreadTS)} {
		for i := range len(s) {
			h = (h ^ uint32(s[i])) * 16777619
		}
	}
	return int(h % uint32(lanes))
}

// work accepts frames and acknowledges what is committed. What is not is sent
// again by Slack, on this connection or another.
func (s *socket) work(ctx context.Context, jobs <-chan job) {
	for j := range jobs {
		ctx, cancel := context.WithDeadline(ctx, j.until)
		reply, err := s.a.receive(ctx, &j.frame.Payload, j.raw)
		cancel()
		if err == nil {
			s.ack(j.frame.EnvelopeID, reply)
		}
	}
}

// ack acknowledges a frame, with what is told to the person who waits for it.
func (s *socket) ack(id string, reply any) {
	s.writing.Lock()
	defer s.writing.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(writeTime))
	err := s.conn.WriteJSON(struct {
		ID    string `json:"envelope_id"`
		Reply any    `json:"payload,omitempty"`
	}{id, reply})
	if err != nil {
		s.a.count("ack failed", "")
	}
}
