package bridgetest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/sidebridge/sidebridge/bridge"
)

// settleTime is how long a scenario lets things happen before it looks.
const settleTime = 3 * time.Second

// RunScenario plays a txtar file under a clock of its own. The file's comment
// says which promise it shows; the section "play" has the steps, one a line, as
// listed in steps; the other sections are files that people attach.
func RunScenario(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	archive := txtar.Parse(data)
	synctest.Test(t, func(t *testing.T) {
		s := newScenario(t, path)
		defer s.stop()
		for _, f := range archive.Files {
			if f.Name != "play" {
				s.files[f.Name] = f.Data
			}
		}
		for _, f := range archive.Files {
			if f.Name == "play" {
				s.play(string(f.Data))
			}
		}
		s.end()
	})
}

// scenario is a play under way.
type scenario struct {
	t     *testing.T
	path  string
	line  int
	w     *World
	d     *Daemon
	files map[string][]byte

	ticket       int64
	conversation bridge.ID
	behind       bool // the play ends with something not shown, and says so
}

func newScenario(t *testing.T, path string) *scenario {
	s := &scenario{t: t, path: path, w: NewWorld("billing", "legal"), files: map[string][]byte{}}
	s.w.AddChat("talk", "lounge")
	for _, c := range s.w.Chats {
		c.Set(func(r *Rules) { r.Redeliver = true })
	}
	return s
}

func (s *scenario) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s:%d: %s", s.path, s.line, fmt.Sprintf(format, args...))
}

// play runs the steps. Lines indented under a step are its block.
func (s *scenario) play(text string) {
	lines := strings.Split(text, "\n")
	s.start()
	for i := 0; i < len(lines); i++ {
		s.line = i + 1
		line := strings.TrimSpace(lines[i])
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var block []string
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\t") {
			i++
			block = append(block, strings.TrimPrefix(lines[i], "\t"))
		}
		s.step(line, strings.Join(block, "\n"))
	}
}

// end stops the daemon and checks what every play must leave behind.
func (s *scenario) end() {
	if s.d != nil {
		rest(settleTime)
		if !s.behind && !s.w.Memory.Idle() {
			s.t.Errorf("%s: something is left undone at the end", s.path)
		}
		s.stop()
	}
	for _, what := range s.w.Memory.Verify() {
		s.t.Errorf("%s: audit: %s", s.path, what)
	}
	for _, c := range s.w.Chats {
		for _, token := range c.Doubles() {
			s.t.Errorf("%s: two posts in %s carry %s", s.path, c.name, token)
		}
	}
}

func (s *scenario) start() { s.d = s.w.Start(context.Background()) }

func (s *scenario) stop() {
	if s.d != nil {
		s.d.Stop()
		s.d = nil
	}
}

// rest lets time pass.
func rest(d time.Duration) { <-time.After(d) }

// step finds the step that a line is, runs it, and lets everything happen that
// needs no time.
func (s *scenario) step(line, block string) {
	for _, st := range steps() {
		if m := st.pattern.FindStringSubmatch(line); m != nil {
			st.run(s, m[1:], block)
			synctest.Wait()
			return
		}
	}
	s.fail("no such step: %s", line)
}

// append does what an agent does in the ticket view. The store may fail, then the
// agent presses the button again: the same command with the same key.
func (s *scenario) append(c bridge.Command) bridge.Result {
	m := s.w.Memory.Reopen()
	res, err := m.Append(context.Background(), c)
	if err != nil {
		s.fail("%T: %v", c, err)
	}
	return res
}

// channel returns the chat that has a channel.
func (s *scenario) channel(name string) *Chat {
	for _, c := range s.w.Chats {
		if c.rooms[name] != nil {
			return c
		}
	}
	s.fail("no channel %q", name)
	return nil
}

// thread returns the thread of the present conversation in a channel.
func (s *scenario) thread(channel string) string {
	place := s.channel(channel).Place(channel)
	for range 60 {
		for _, m := range s.w.Memory.Mirrors() {
			if m.Place == place && m.Thread != "" && m.ID.Ticket == s.conversation.Ticket && m.Conversation == s.conversation.Seq {
				return m.Thread
			}
		}
		rest(time.Second)
	}
	s.fail("the conversation has no thread in %s", channel)
	return ""
}

// said returns the message with a text in the present conversation.
func (s *scenario) said(text string) bridge.ID {
	for _, m := range s.w.Memory.Said(s.conversation) {
		if m.Body == text {
			return m.ID
		}
	}
	s.fail("nobody said %q", text)
	return bridge.ID{}
}

// post returns the ref of the post in a channel that ends with a text.
func (s *scenario) post(channel, text string) string {
	rest(time.Second)
	for _, p := range s.channel(channel).Posts() {
		if p.Channel == channel && strings.HasSuffix(p.Body, text) {
			return p.Ref
		}
	}
	s.fail("there is no post %q in %s", text, channel)
	return ""
}
