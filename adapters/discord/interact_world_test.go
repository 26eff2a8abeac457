package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// clerk is the Requests, Desk and Threads of a test.
type clerk struct {
	mu    sync.Mutex
	asks  []bridge.Ask
	err   error
	no    string   // why nobody may ask for anything
	reads []string // who was shown which mirror's ticket
	slow  chan struct{}
}

func (c *clerk) Ask(_ context.Context, ask bridge.Ask) (bridge.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.no != "" {
		return bridge.Result{Outcome: bridge.Ignored, Why: c.no}, nil
	}
	if !ask.Whether {
		c.asks = append(c.asks, ask)
	}
	return bridge.Result{Outcome: bridge.Accepted, Why: "A side conversation on ticket #12 was started."}, c.err
}

func (c *clerk) LinkURL(_ context.Context, a bridge.Account, name string) (string, error) {
	return "https://desk.example.org/link/" + a.ID, c.err
}

func (c *clerk) Reads(_ context.Context, a bridge.Account, _ string, m bridge.Mirror) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads = append(c.reads, a.ID+" "+m.ID.String())
	return c.err
}

func (c *clerk) Context(context.Context, int64) (bridge.TicketContext, error) {
	if c.slow != nil {
		<-c.slow
	}
	return bridge.TicketContext{
		ID: 12, Subject: "Charged twice", Status: "open", Requester: "Carla", Email: "carla@example.com",
		Messages: []bridge.TicketMessage{
			{Kind: bridge.CustomerWrote, Name: "Carla", Body: "I was charged twice. @everyone"},
			{Kind: bridge.NoteWritten, Name: "Alice", Body: "an internal note"},
		},
	}, c.err
}

func (c *clerk) MirrorByThread(_ context.Context, place bridge.Place, thread string) (bridge.Mirror, error) {
	if place != testMirror.Place || thread != testThread {
		return bridge.Mirror{}, bridge.ErrNotFound
	}
	return testMirror, nil
}

// desk is a connected adapter whose people press and ask.
type desk struct {
	*scripted
	t     *testing.T
	in    *heardInbox
	clerk *clerk
	log   *warnings
}

// warnings is a log that keeps what somebody who runs the daemon would have to look at.
type warnings struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *warnings) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *warnings) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func newDesk(t *testing.T) *desk {
	d := &desk{scripted: newScripted(t), t: t, in: &heardInbox{}, clerk: &clerk{}, log: &warnings{}}
	o := d.options(d.in)
	o.Log = slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o.Requests, o.Desk, o.Threads = d.clerk, d.clerk, d.clerk
	o.Policy = func(string) (mapping.Policy, bool) {
		p := mapping.DefaultPolicy()
		p.Subject, p.Requester, p.CustomerMessages = true, false, mapping.LastMessage
		return p, false
	}
	a, _ := d.start(o)
	eventually(t, "it is connected", func() bool { return a.place.now().Seq == 2 })
	return d
}

// interacts has Anders do something.
func (d *desk) interacts(kind int, id, more string) {
	d.append("INTERACTION_CREATE", fmt.Sprintf(
		`{"id":%q,"type":%d,"guild_id":%q,"channel_id":%q,"channel":{"id":%q,"type":11,"parent_id":%q},"token":"secret-token",
		"member":{"nick":"Anders H","user":{"id":%q,"username":"anders"}},%s}`,
		id, kind, testGuild, testThread, testThread, testChannel, testAnders, more))
}

// called returns the calls to a path, with their bodies.
func (d *desk) called(prefix string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, c := range d.calls {
		if strings.HasPrefix(c, prefix) {
			out = append(out, strings.TrimSpace(strings.TrimPrefix(c, prefix)))
		}
	}
	return out
}

// answered waits for an answer and returns its text.
func (d *desk) answered() string {
	d.t.Helper()
	path := "PATCH webhooks/" + testApp + "/secret-token/messages/@original"
	eventually(d.t, "the person was answered", func() bool { return len(d.called(path)) > 0 })
	var body struct {
		Content  string `json:"content"`
		Mentions *struct {
			Parse []string `json:"parse"`
		} `json:"allowed_mentions"`
	}
	if err := json.Unmarshal([]byte(d.called(path)[0]), &body); err != nil {
		d.t.Fatal(err)
	}
	if body.Mentions == nil || body.Mentions.Parse == nil || len(body.Mentions.Parse) != 0 {
		d.t.Errorf("the answer may mention somebody: %+v", body.Mentions)
	}
	return body.Content
}

func press(action string) string {
	return fmt.Sprintf(`"message":{"id":%q},"data":{"component_type":2,"custom_id":"sb:%s:TOKEN"}`, testThread, action)
}

func (*clerk) DraftAt(context.Context, bridge.Place, string) (bridge.DraftText, error) {
	return bridge.DraftText{}, bridge.ErrNotFound
}
