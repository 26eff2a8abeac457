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
