package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"github.com/sidebridge/sidebridge/bridge"
)

// after waits until n messages were heard, in their order and each once.
func (h *heardInbox) after(t *testing.T, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d messages were heard", n), func() bool { return len(h.posts()) >= n })
	if diff := cmp.Diff(wantPosts(n), h.posts()); diff != "" {
		t.Fatalf("messages (-want +got):\n%s", diff)
	}
}

func TestEventsAreAcceptedInOrderAndOurSessionIsKept(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	o := s.options(in)
	a, stop := s.start(o)
	eventually(t, "it is connected", func() bool { return a.place.now().Seq == 2 })
	for n := 1; n <= 20; n++ {
		s.say(n)
	}
	in.after(t, 20)
	in.look(func() {
		got := in.all[len(in.all)-1]
		if got.Kind != bridge.InPost || got.Body != "message 20" || got.AuthorName != "Anders H" ||
			got.Source.Channel != testChannel || got.Source.Thread != testThread || got.Source.Workspace != testGuild {
			t.Errorf("the last message came as %+v", got)
		}
	})
	stop()
	s.look(func() {
		for _, code := range s.closed {
			if code != 4000 {
				t.Errorf("closed with %d, which ends the session", code)
			}
		}
	})
	saved, _ := o.Sessions.LoadSession(t.Context(), a.leaseName())
	if !strings.Contains(saved, `"seq":22`) || !strings.Contains(saved, `"session-1"`) {
		t.Errorf("saved %s", saved)
	}
}

// A session is resumed by the next process, from what was committed.
func TestSessionIsResumedAcrossARestart(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	o := s.options(in)
	a, stop := s.start(o)
	eventually(t, "it is connected", func() bool { return a.place.now().Seq == 2 })
	s.say(1)
	in.after(t, 1)
	stop()
	s.say(2)
	s.say(3)
	o.Leases = &sharedLeases{holder: "one", held: map[string]lease{}}
	s.start(o)
	in.after(t, 3)
	s.look(func() {
		want := []intro{{op: opIdentify}, {op: opResume, session: "session-1", seq: 3}}
		if diff := cmp.Diff(want, s.intros, cmp.AllowUnexported(intro{})); diff != "" {
			t.Errorf("introductions (-want +got):\n%s", diff)
		}
	})
}

// What each close code leads to, after the session stood.
func TestEveryCloseCodeIsFollowedAsDiscordSays(t *testing.T) {
	const resumes, begins, parks = "resumes", "begins anew", "parks"
	for code, want := range map[int]struct{ then, remedy string }{
		1000: {resumes, ""}, 1001: {resumes, ""}, 1011: {resumes, ""},
		4000: {resumes, ""}, 4001: {resumes, ""}, 4002: {resumes, ""}, 4005: {resumes, ""}, 4008: {resumes, ""},
		4003: {begins, ""}, 4007: {begins, ""}, 4009: {begins, ""},
		4004: {parks, "Reset Token"}, 4010: {parks, "shard"}, 4011: {parks, "too many servers"},
		4012: {parks, "newest version"}, 4013: {parks, "newest version"}, 4014: {parks, "MESSAGE CONTENT INTENT"},
		4999: {resumes, ""},
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			s, in := newScripted(t), &heardInbox{}
			mended := make(chan struct{})
			s.script = func(n int, c *conn) {
				if n > 1 {
					select {
					case <-mended:
					default:
						if want.then == parks {
							t.Error("it connected again before anybody could act")
						}
					}
					c.healthy()
					return
				}
				c.hello(time.Minute)
				c.accept(c.introduced())
				s.say(1)
				c.flush()
				waited(func() bool { return len(in.posts()) == 1 })
				s.say(2)
				c.close(code)
				_, _ = c.next()
			}
			o := s.options(in)
			o.Timing.IdentifyMost = time.Second
			o.Timing.Handshake = 10 * time.Second // however slow the machine is: the code closes it, nothing else
			a, _ := s.start(o)
			if want.then == parks {
				eventually(t, "an admin is told", func() bool { return in.told("blocked " + testGuild + "  " + NotReceiving) })
				if !in.told(want.remedy) {
					t.Errorf("told %q, nothing of %q", in.lines, want.remedy)
				}
				close(mended)
				s.look(func() { s.rest["GET applications/@me"] = map[string]any{"id": testApp, "flags": flagContentLimited} })
				eventually(t, "it is told that all is well", func() bool { return a.place.now().Seq >= 2 && in.told("recovered") })
			} else {
				// A new session does not repeat: message 2 is found by listing.
				if want.then == resumes {
					in.after(t, 2)
				}
				eventually(t, "it is connected again", func() bool { return s.introduced() >= 2 })
			}
			s.look(func() {
				op := map[string]int{resumes: opResume, begins: opIdentify, parks: opIdentify}[want.then]
				if s.intros[1].op != op {
					t.Errorf("introduced itself again with op %d, not %d", s.intros[1].op, op)
				}
			})
		})
	}
}

func (s *scripted) introduced() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.intros)
}

// Discord may ask for a new connection, or end the session, at any moment; a
// connection may break or fall silent at any moment too.
func TestEveryInterruptionAtEveryMomentIsSurvived(t *testing.T) {
	interruptions := map[string]func(c *conn){
		"op 7":       func(c *conn) { c.send(frame{Op: opReconnect}); _, _ = c.next() },
		"op 9 true":  func(c *conn) { c.send(frame{Op: opInvalid, Data: json.RawMessage("true")}); _, _ = c.next() },
		"op 9 false": func(c *conn) { c.send(frame{Op: opInvalid, Data: json.RawMessage("false")}); _, _ = c.next() },
		"op 9 null":  func(c *conn) { c.send(frame{Op: opInvalid}); _, _ = c.next() },
		"silence":    func(c *conn) { c.deaf() },
		"no json": func(c *conn) {
			_ = c.ws.WriteMessage(websocket.TextMessage, []byte(`{"op":0,"t":"MESSAGE_CR`))
			_, _ = c.next()
		},
		"binary":     func(c *conn) { _ = c.ws.WriteMessage(websocket.BinaryMessage, []byte{0x78, 0xda}); _, _ = c.next() },
		"half frame": func(c *conn) { _, _ = c.ws.NetConn().Write([]byte{0x81, 0x7e, 0x10}) },
		"broken":     func(*conn) {},
	}
	moments := map[string]func(c *conn, strike func()){
		"before hello": func(c *conn, strike func()) { strike() },
		"after hello": func(c *conn, strike func()) {
			c.hello(30 * time.Millisecond)
			strike()
		},
		"instead of an answer": func(c *conn, strike func()) {
			c.hello(30 * time.Millisecond)
			c.introduced()
			strike()
		},
		"in the replay": func(c *conn, strike func()) {
			c.hello(30 * time.Millisecond)
			if in := c.introduced(); in.op == opResume {
				c.s.look(func() {
					for _, f := range c.s.log {
						if *f.Seq == in.seq+1 {
							c.send(f)
						}
					}
				})
			} else {
				c.ready()
			}
			strike()
		},
		"when all is well": func(c *conn, strike func()) {
			c.hello(30 * time.Millisecond)
			c.accept(c.introduced())
			strike()
		},
	}
	for what, strike := range interruptions {
		for when, moment := range moments {
			for _, resuming := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s resuming=%v", what, when, resuming), func(t *testing.T) {
					t.Parallel()
					s, in := newScripted(t), &heardInbox{}
					// Three connections in a row are struck, the first or not.
					from := 1
					if resuming {
						from = 2
					}
					s.script = func(n int, c *conn) {
						if n == 1 && resuming {
							c.hello(50 * time.Millisecond)
							c.accept(c.introduced())
							s.say(1)
							c.flush()
							waited(func() bool { return len(in.posts()) == 1 })
							s.say(2)
							c.send(frame{Op: opReconnect})
							_, _ = c.next()
							return
						}
						if n >= from && n < from+3 {
							moment(c, func() { strike(c) })
							return
						}
						c.healthy()
					}
					o := s.options(in)
					o.Timing.Handshake = 100 * time.Millisecond
					a, _ := s.start(o)
					eventually(t, "the session stands", func() bool {
						p := a.place.now()
						var conns int
						s.look(func() { conns = s.conns })
						return conns >= from+3 && p.ID == s.current() && p.Seq >= 2
					})
					// On a busy machine the session may be given up once more, and with it what was
					// said in it, which a listing would find.
					before, said := len(in.posts()), time.Time{}
					eventually(t, "it hears again", func() bool {
						if time.Since(said) > time.Second {
							said = time.Now()
							s.say(100)
						}
						return len(in.posts()) > before
					})
					s.look(func() {
						for _, code := range s.closed {
							if code == 1000 || code == 1001 {
								t.Errorf("it closed with %d, which ends the session", code)
							}
						}
					})
				})
			}
		}
	}
}

// deaf answers nothing, not even heartbeats, and waits until the other side gives up.
func (c *conn) deaf() {
	for {
		if _, _, err := c.ws.ReadMessage(); err != nil {
			return
		}
	}
}

func (s *scripted) current() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("session-%d", s.session)
}

// One heartbeat without an answer is enough, and the session survives it.
func TestDeadConnectionIsNoticedByOneHeartbeat(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	var beats atomic.Int32
	s.script = func(n int, c *conn) {
		if n > 1 {
			c.healthy()
			return
		}
		c.hello(60 * time.Millisecond)
		c.accept(c.introduced())
		s.say(1)
		c.flush()
		for {
			_, raw, err := c.ws.ReadMessage()
			var closed *websocket.CloseError
			if errors.As(err, &closed) && closed.Code != 4000 {
				t.Errorf("closed with %d", closed.Code)
			}
			if err != nil {
				return
			}
			var f frame
			if json.Unmarshal(raw, &f) == nil && f.Op == opHeartbeat {
				beats.Add(1)
			}
		}
	}
	s.start(s.options(in))
	eventually(t, "it resumed", func() bool { return s.introduced() == 2 })
	if n := beats.Load(); n != 1 {
		t.Errorf("%d heartbeats went without an answer before it acted", n)
	}
	s.look(func() {
		if s.intros[1].op != opResume || s.intros[1].seq != 3 {
			t.Errorf("introduced as %+v", s.intros[1])
		}
	})
}

// Heartbeats go on, and are asked for, while the database is slow.
func TestHeartbeatsDoNotWaitForTheDatabase(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	release := make(chan struct{})
	in.fail = func(bridge.Inbound) error { <-release; return nil }
	var mu sync.Mutex
	beats := 0
	s.script = func(_ int, c *conn) {
		c.hello(20 * time.Millisecond)
		c.accept(c.introduced())
		s.say(1)
		c.flush()
		c.send(frame{Op: opHeartbeat})
		for {
			_, raw, err := c.ws.ReadMessage()
			if err != nil {
				return
			}
			var f frame
			if json.Unmarshal(raw, &f) == nil && f.Op == opHeartbeat {
				mu.Lock()
				beats++
				mu.Unlock()
				if string(f.Data) != "3" && string(f.Data) != "2" && string(f.Data) != "1" && string(f.Data) != "null" {
					t.Errorf("a heartbeat with %s", f.Data)
				}
				c.send(frame{Op: opAck})
			}
		}
	}
	a, _ := s.start(s.options(in))
	eventually(t, "heartbeats go on", func() bool { mu.Lock(); defer mu.Unlock(); return beats > 10 })
	if seq := a.place.now().Seq; seq != 2 {
		t.Errorf("the sequence moved to %d before its event was committed", seq)
	}
	close(release)
	eventually(t, "the sequence moves", func() bool { return a.place.now().Seq == 3 })
	s.look(func() {
		if s.conns != 1 {
			t.Errorf("%d connections", s.conns)
		}
	})
}
