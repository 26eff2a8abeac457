package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// The ids of a small guild.
const (
	testGuild   = "1000000000000000"
	testChannel = "1100000000000000"
	testThread  = "1200000000000000"
	testBot     = "1300000000000000"
	testApp     = "1400000000000000"
	testAnders  = "1500000000000000"
)

// quick is a gateway's time made a few hundred times faster.
var quick = Timing{
	Reconnect: 5 * time.Millisecond, ReconnectMost: 40 * time.Millisecond,
	Identify: 5 * time.Millisecond, IdentifyMost: 300 * time.Millisecond,
	Handshake: 400 * time.Millisecond, Lease: 800 * time.Millisecond,
}

// scripted is a gateway of a few lines whose every packet a test decides. The
// simulator is the judge of whole conversations; this one is of single packets.
type scripted struct {
	t   *testing.T
	srv *httptest.Server

	mu sync.Mutex
	// log has the events that the session has had, by sequence.
	log       []frame
	session   int // the present session's number; 0: none
	conns     int
	intros    []intro
	closed    []int // the codes with which we closed
	remaining int
	rest      map[string]any // answers by method and path
	calls     []string
	// script is what the nth connection does; nil is what a healthy one does.
	script func(n int, c *conn)
}

type intro struct {
	op      int
	session string
	seq     int64
}

func newScripted(t *testing.T) *scripted {
	s := &scripted{t: t, remaining: 1000, rest: map[string]any{
		"GET users/@me":                 user{ID: testBot, Username: "sidebridge"},
		"GET applications/@me":          map[string]any{"id": testApp},
		"GET channels/" + testThread:    channel{ID: testThread, GuildID: testGuild, Type: 11, Parent: testChannel, Name: "ticket 12"},
		"GET channels/" + testChannel:   channel{ID: testChannel, GuildID: testGuild, Name: "billing"},
		"GET guilds/1000000000000000/x": nil,
	}}
	s.srv = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.srv.Close)
	return s
}

func (s *scripted) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ws/" {
		s.socket(w, r)
		return
	}
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v10/")
	var body json.RawMessage
	_ = json.NewDecoder(r.Body).Decode(&body)
	s.mu.Lock()
	s.calls = append(s.calls, strings.TrimSpace(call+" "+string(body)))
	answer, ok := s.rest[call]
	remaining := s.remaining
	s.mu.Unlock()
	switch {
	case call == "GET gateway/bot":
		answer = map[string]any{
			"url":                 "ws" + strings.TrimPrefix(s.srv.URL, "http") + "/ws/",
			"session_start_limit": map[string]any{"total": 1000, "remaining": remaining, "reset_after": 100},
		}
	case !ok && (r.Method == http.MethodGet):
		w.WriteHeader(http.StatusNotFound)
		answer = map[string]any{"code": 10003, "message": "Unknown Channel"}
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch f := answer.(type) {
	case answerFunc:
		var status int
		if status, answer = f(); status != http.StatusOK {
			w.WriteHeader(status)
		}
	case pageFunc:
		answer = f(r)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// answerFunc and pageFunc are answers that a test makes when it is asked.
type (
	answerFunc func() (int, any)
	pageFunc   func(*http.Request) any
)

// nowhere is a network that nothing comes through.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("there is no network")
}

// conn is one connection as the gateway sees it.
type conn struct {
	s       *scripted
	ws      *websocket.Conn
	writing sync.Mutex
	sent    int64 // the last sequence
}

func (s *scripted) socket(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.Close() }()
	s.mu.Lock()
	s.conns++
	n, script := s.conns, s.script
	s.mu.Unlock()
	c := &conn{s: s, ws: ws}
	if q := r.URL.Query(); q.Get("v") != "10" || q.Get("encoding") != "json" {
		s.t.Errorf("connected with %q, not v=10&encoding=json", r.URL.RawQuery)
	}
	if script != nil {
		script(n, c)
		return
	}
	c.healthy()
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

// append adds an event to the session.
func (s *scripted) append(kind, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := int64(len(s.log) + 1)
	f := frame{Op: opDispatch, Type: kind, Seq: &seq, Data: json.RawMessage(data)}
	s.log = append(s.log, f)
}

// say has a person write in the thread. Without a connection it is only in the log.
func (s *scripted) say(n int) {
	s.append("MESSAGE_CREATE", fmt.Sprintf(`{"id":"%d","channel_id":%q,"guild_id":%q,"type":0,"content":"message %d",
		"author":{"id":%q,"username":"anders","global_name":"Anders"},"member":{"nick":"Anders H"}}`,
		2000000000000000+n, testThread, testGuild, n, testAnders))
}

func (s *scripted) look(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

// options are those of an adapter that is connected to it.
func (s *scripted) options(in *heardInbox) Options {
	return Options{
		Token: "test-token", Guilds: []string{testGuild}, APIURL: s.srv.URL + "/api/v10/", Inbox: in, Timing: quick,
		Watcher: in, Leases: &sharedLeases{holder: "one", held: map[string]lease{}}, Sessions: &sharedSessions{saved: map[string]string{}},
		Policy: func(string) (mapping.Policy, bool) { return mapping.DefaultPolicy(), false },
	}
}

// start runs an adapter and returns what stops it.
func (s *scripted) start(o Options) (*Adapter, func()) {
	s.t.Helper()
	a, err := New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := a.Run(ctx); err != nil {
			s.t.Errorf("Run: %v", err)
		}
	})
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			running.Wait()
			a.client.http.CloseIdleConnections()
			a.files.CloseIdleConnections()
		})
	}
	s.t.Cleanup(stop)
	return a, stop
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	if !waited(fn) {
		t.Fatalf("it did not come about that %s", what)
	}
}

// waited waits until something is so, and says whether it is.
func waited(fn func() bool) bool {
	deadline := time.After(20 * time.Second)
	for !fn() {
		select {
		case <-time.After(2 * time.Millisecond):
		case <-deadline:
			return false
		}
	}
	return true
}

// heardInbox records what was accepted and reported. It knows a message once, as the
// real one does.
type heardInbox struct {
	mu          sync.Mutex
	all         []bridge.Inbound
	refs        []string // of posts, each once, in their order
	quarantined []string
	lines       []string
	// fail is asked before each accept and its error returned.
	fail func(bridge.Inbound) error
	// down makes quarantine fail, as when the database is away.
	down   bool
	result bridge.Result
}

func (h *heardInbox) Accept(ctx context.Context, in bridge.Inbound) (bridge.Result, error) {
	h.mu.Lock()
	fail := h.fail
	h.mu.Unlock()
	if fail != nil {
		if err := fail(in); err != nil {
			return bridge.Result{}, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, in)
	res := h.result
	res.Outcome = first2(res.Outcome, bridge.Accepted)
	if in.Kind == bridge.InPost {
		for _, ref := range h.refs {
			if ref == in.Source.Ref {
				res.Outcome = bridge.Duplicate
				return res, nil
			}
		}
		h.refs = append(h.refs, in.Source.Ref)
	}
	return res, nil
}

func first2(a, b bridge.Outcome) bridge.Outcome {
	if a != "" {
		return a
	}
	return b
}

func (h *heardInbox) Quarantine(_ context.Context, _, reason string, raw []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return errors.New("the database is away")
	}
	h.quarantined = append(h.quarantined, reason+"\n"+string(raw))
	return nil
}

func (h *heardInbox) Recovered(_ context.Context, p bridge.Place) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, "recovered "+p.Workspace+" "+p.Channel)
	return nil
}

func (h *heardInbox) Blocked(_ context.Context, p bridge.Place, reason, remedy string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, "blocked "+p.Workspace+" "+p.Channel+" "+reason+": "+remedy)
	return nil
}

func (h *heardInbox) look(fn func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fn()
}

// posts returns the refs of what was said, each once, in their order.
func (h *heardInbox) posts() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.refs...)
}

func (h *heardInbox) told(words string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, line := range h.lines {
		if strings.Contains(line, words) {
			return true
		}
	}
	return false
}

// wantPosts are the refs of the first n messages.
func wantPosts(n int) []string {
	var out []string
	for i := 1; i <= n; i++ {
		out = append(out, fmt.Sprint(2000000000000000+i))
	}
	return out
}

// sharedSessions and sharedLeases are what several daemons share.
type sharedSessions struct {
	mu    sync.Mutex
	saved map[string]string
}

func (s *sharedSessions) LoadSession(_ context.Context, name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saved[name], nil
}

func (s *sharedSessions) SaveSession(_ context.Context, name, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved[name] = value
	return nil
}

type lease struct {
	holder string
	until  time.Time
}

type sharedLeases struct {
	holder string
	mu     *sync.Mutex
	held   map[string]lease
	dead   *bool
}

func (l *sharedLeases) lock() func() {
	if l.mu == nil {
		return func() {}
	}
	l.mu.Lock()
	return l.mu.Unlock
}

func (l *sharedLeases) Acquire(_ context.Context, name string, ttl time.Duration) (bridge.Fence, bool, error) {
	defer l.lock()()
	if l.dead != nil && *l.dead {
		return bridge.Fence{}, false, errors.New("the database cannot be reached")
	}
	have := l.held[name]
	if have.holder != l.holder && time.Now().Before(have.until) {
		return bridge.Fence{}, false, nil
	}
	l.held[name] = lease{l.holder, time.Now().Add(ttl)}
	return bridge.Fence{Lease: name, Number: 1}, true, nil
}

func (l *sharedLeases) Release(_ context.Context, name string) error {
	defer l.lock()()
	if l.held[name].holder == l.holder {
		delete(l.held, name)
	}
	return nil
}
