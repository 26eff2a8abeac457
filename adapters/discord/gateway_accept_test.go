package discord

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sidebridge/sidebridge/bridge"
)

// An event that cannot be accepted is repeated by Discord, and those after it wait.
func TestFailedAppendIsRepeatedInOrder(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	failures := 4
	in.fail = func(i bridge.Inbound) error {
		in.mu.Lock()
		defer in.mu.Unlock()
		if i.Source.Ref == wantPosts(3)[2] && failures > 0 {
			failures--
			return errors.New("the database is busy")
		}
		return nil
	}
	a, _ := s.start(s.options(in))
	eventually(t, "it is connected", func() bool { return a.place.now().Seq == 2 })
	for n := 1; n <= 6; n++ {
		s.say(n)
	}
	in.after(t, 6)
	s.look(func() {
		if len(s.intros) != 5 {
			t.Fatalf("%d introductions, want a resume for each failure", len(s.intros))
		}
		for _, i := range s.intros[1:] {
			if i.op != opResume || i.seq != 4 {
				t.Errorf("resumed as %+v, want from the committed 4", i)
			}
		}
	})
	if len(in.quarantined) != 0 {
		t.Errorf("put aside: %q", in.quarantined)
	}
}

// What can never be accepted is put aside after three attempts and holds up nothing;
// while it cannot be put aside either, nothing is passed over.
func TestPoisonedEventIsPutAsideOnlyWhenItCanBeKept(t *testing.T) {
	s, in := newScripted(t), &heardInbox{down: true}
	tries := 0
	in.fail = func(i bridge.Inbound) error {
		in.mu.Lock()
		defer in.mu.Unlock()
		if i.Source.Ref == wantPosts(1)[0] {
			tries++
			return fmt.Errorf("%w: no such thing", bridge.ErrInvalid)
		}
		return nil
	}
	a, _ := s.start(s.options(in))
	eventually(t, "it is connected", func() bool { return a.place.now().Seq == 2 })
	s.say(1)
	s.say(2)
	eventually(t, "it was tried often", func() bool { in.mu.Lock(); defer in.mu.Unlock(); return tries > 4 })
	if seq := a.place.now().Seq; seq != 2 || len(in.posts()) != 0 {
		t.Errorf("it went on to %d with %v", seq, in.posts())
	}
	in.look(func() { in.down = false })
	eventually(t, "the next is heard", func() bool { return len(in.posts()) == 1 })
	in.look(func() {
		if len(in.quarantined) != 1 || !strings.Contains(in.quarantined[0], "message 1") {
			t.Errorf("put aside: %q", in.quarantined)
		}
	})
}

// A panic while an event is translated takes that event out, and nothing else.
func TestPanicPutsOneEventAside(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	in.fail = func(i bridge.Inbound) error {
		if i.Source.Ref == wantPosts(1)[0] {
			panic("a defect")
		}
		return nil
	}
	a, _ := s.start(s.options(in))
	eventually(t, "it is connected", func() bool { return a.place.now().Seq == 2 })
	s.say(1)
	s.say(2)
	eventually(t, "the next is heard", func() bool { return len(in.posts()) == 1 })
	in.look(func() {
		if len(in.quarantined) != 1 || !strings.Contains(in.quarantined[0], "a defect") {
			t.Errorf("put aside: %q", in.quarantined)
		}
	})
}

// A frame that can never be read is left behind by beginning anew.
func TestUnreadableReplayEndsTheSession(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	s.script = func(n int, c *conn) {
		c.hello(50 * time.Millisecond)
		i := c.introduced()
		if i.op == opResume {
			_ = c.ws.WriteMessage(websocket.TextMessage, []byte("{"))
			_, _ = c.next()
			return
		}
		c.accept(i)
		if n == 1 {
			_ = c.ws.WriteMessage(websocket.TextMessage, []byte("{"))
			_, _ = c.next()
			return
		}
		c.stay()
	}
	a, _ := s.start(s.options(in))
	eventually(t, "a new session stands", func() bool { return a.place.now().ID == "session-2" && a.place.now().Seq == 2 })
	if !a.guilds[testGuild].Reconnected() {
		t.Error("threads are not listed after a session was lost")
	}
}
