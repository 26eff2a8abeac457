package slacksim

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// Arrival is one API call as it came in, with what became of it.
type Arrival struct {
	// N counts calls from 1 in order of arrival.
	N  int
	At time.Time
	// Method is the Web API method, "upload" or "download".
	Method string
	// Token is what it authenticated with: bot, app, none or unknown.
	Token string
	// Channel, TS, Thread and Text are the arguments of those names.
	Channel, TS, Thread, Text string
	// Metadata is that argument as it was sent.
	Metadata string
	// BlankThread says that thread_ts was there but empty: a reply that leaked
	// into the channel.
	BlankThread bool
	// ReplyToReply says that thread_ts was the ts of a reply, not of a parent.
	ReplyToReply bool
	// Unthreaded says that the post was to be a reply and landed in the channel.
	Unthreaded bool
	// Done says that it was answered; Outcome is then "ok", an error code, a
	// status such as "502", "closed", "html" or "broken json".
	Done    bool
	Outcome string
	Status  int
	// Applied says that the call took effect whatever the answer was.
	Applied bool
	// Faulted says that a Fault struck.
	Faulted bool
	// Result is the ts of the message that was made or changed.
	Result string
}

// arrive opens the log line of a call. The caller holds mu.
func (s *Sim) arrive(c *call, r *http.Request, readable bool) {
	a := &Arrival{N: len(s.arrivals) + 1, At: s.now(), Method: c.name, Token: s.tokenKind(bearer(r, c.args))}
	if readable {
		a.Channel, a.TS, a.Thread = c.channelArg(), c.args.text("ts"), c.args.text("thread_ts")
		a.Text = c.args.text("text")
		if a.Text == "" {
			a.Text = c.args.text("markdown_text")
		}
		a.Metadata = c.args.text("metadata")
		a.BlankThread = c.args.has("thread_ts") && a.Thread == ""
	}
	c.arrival = a
	s.arrivals = append(s.arrivals, a)
}

func (c *call) channelArg() string {
	if id := c.args.text("channel"); id != "" {
		return id
	}
	return c.args.text("channel_id")
}

func (s *Sim) tokenKind(token string) string {
	switch token {
	case "":
		return "none"
	case s.opts.BotToken:
		return "bot"
	case s.opts.AppToken:
		return "app"
	}
	return "unknown"
}

// record closes the log line of a call, or changes what it says when the
// answer was lost after the call had taken effect.
func (s *Sim) record(c *call, outcome string, status int, applied bool) {
	s.do(func() {
		c.arrival.Done, c.arrival.Outcome, c.arrival.Status, c.arrival.Applied = true, outcome, status, applied
	})
}

// Arrivals returns every API call so far in order of arrival.
func (s *Sim) Arrivals() []Arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Arrival, len(s.arrivals))
	for i, a := range s.arrivals {
		out[i] = *a
	}
	return out
}

// Message is a message as tests see it.
type Message struct {
	Channel, TS, ThreadTS string
	Subtype               string
	User, BotID, AppID    string
	// Username and IconURL are those that the app gave the post.
	Username, IconURL   string
	Text                string
	Blocks, Attachments json.RawMessage
	// MetadataType and Metadata are event_type and event_payload.
	MetadataType string
	Metadata     json.RawMessage
	// EditedTS is the ts of the last edit, or empty.
	EditedTS  string
	Broadcast bool
	Files     []File
	// Reactions are the users by emoji name.
	Reactions  map[string][]string
	ReplyCount int
}

// File is a file as tests see it.
type File struct {
	ID, Name, Title, User string
	Content               []byte
}

func (s *Sim) show(ch *channel, m *message) Message {
	out := Message{
		Channel: ch.id, TS: m.ts, ThreadTS: m.threadTS, Subtype: m.subtype, User: m.user, BotID: m.botID, AppID: m.appID,
		Username: m.username, IconURL: m.iconURL, Text: m.text, Blocks: slices.Clone(m.blocks), Attachments: slices.Clone(m.attachments),
		Broadcast: m.broadcast, ReplyCount: len(m.replies),
	}
	if m.metadata != nil {
		out.MetadataType, out.Metadata = m.metadata.EventType, slices.Clone(m.metadata.EventPayload)
	}
	if m.edited != nil {
		out.EditedTS = m.edited.TS
	}
	for _, f := range m.files {
		out.Files = append(out.Files, File{ID: f.id, Name: f.name, Title: f.title, User: f.user, Content: f.content})
	}
	for _, r := range m.reactions {
		if out.Reactions == nil {
			out.Reactions = map[string][]string{}
		}
		out.Reactions[r.Name] = slices.Clone(r.Users)
	}
	return out
}

// Channel returns what is in the channel itself, oldest first: no replies
// except those also sent to the channel.
func (s *Sim) Channel(channelID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list(channelID, func(ch *channel) []*message { return ch.roots })
}

// All returns everything in the channel, replies included, oldest first.
func (s *Sim) All(channelID string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list(channelID, func(ch *channel) []*message { return ch.all })
}

// Thread returns a parent and its replies, oldest first, or nothing.
func (s *Sim) Thread(channelID, ts string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list(channelID, func(ch *channel) []*message {
		parent := ch.byTS[ts]
		if parent == nil {
			return nil
		}
		return append([]*message{parent}, parent.replies...)
	})
}

func (s *Sim) list(channelID string, choose func(*channel) []*message) []Message {
	ch := s.channels[channelID]
	if ch == nil {
		return nil
	}
	var out []Message
	for _, m := range choose(ch) {
		out = append(out, s.show(ch, m))
	}
	return out
}

// Message returns one message.
func (s *Sim) Message(channelID, ts string) (m Message, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channelID]
	if ch == nil || ch.byTS[ts] == nil {
		return Message{}, false
	}
	return s.show(ch, ch.byTS[ts]), true
}

// EventStats returns what happened to events so far.
func (s *Sim) EventStats() EventStats {
	s.mu.Lock()
	held := len(s.held)
	s.mu.Unlock()
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	stats := q.stats
	stats.Held = held
	stats.Waiting = q.waiting + q.ready.len()
	stats.InFlight = q.inflight
	stats.Connections = len(q.conns)
	return stats
}

// Idle says whether nothing is under way: no API call, no event that waits or
// was not acknowledged, no file that is being shared.
func (s *Sim) Idle() bool {
	s.mu.Lock()
	busy := s.calls > 0 || len(s.held) > 0
	s.mu.Unlock()
	q := s.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	return !busy && q.ready.len() == 0 && q.waiting == 0 && q.inflight == 0 && q.tasks == 0
}

// changed wakes every WaitFor.
func (s *Sim) changed() { s.changes.Changed() }

// WaitFor returns once fn is true, asking again after every change, or with
// the context's error. fn may call any method of Sim.
func (s *Sim) WaitFor(ctx context.Context, fn func() bool) error {
	return s.changes.WaitFor(ctx, s.ctx.Done(), fn)
}
