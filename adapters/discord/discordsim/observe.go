package discordsim

import (
	"encoding/json"
	"strings"
	"time"
)

// Arrival is one REST call as it came in, with what became of it.
type Arrival struct {
	N  int
	At time.Time
	// Method and Path are the call's; Route has the ids left out. Tokens in paths are not kept.
	Method, Route, Path string
	// Body is the JSON of the call, or a string of what was none.
	Body json.RawMessage
	// Done says that it was answered; Outcome is then "ok", a code, or what a fault did.
	Done    bool
	Outcome string
	Status  int
	// Applied says that it took effect whatever the answer was, Faulted that a Fault struck.
	Applied, Faulted bool
	// Result is the id of what was made or changed.
	Result string
}

func (s *Sim) arrive(method, route, path string, body json.RawMessage) *Arrival {
	if strings.Contains(route, ":token") {
		path = route
	}
	if len(body) == 0 {
		body = nil // as in a log that is told as JSON
	} else if !json.Valid(body) {
		body = encode(string(body))
	}
	a := &Arrival{N: len(s.arrivals) + 1, At: s.now(), Method: method, Route: route, Path: path, Body: body}
	s.arrivals = append(s.arrivals, a)
	return a
}

func (a *Arrival) end(outcome string, status int, applied bool) {
	a.Done, a.Outcome, a.Status = true, outcome, status
	a.Applied = a.Applied || applied
}

// Arrivals returns every REST call so far in order of arrival.
func (s *Sim) Arrivals() []Arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Arrival, len(s.arrivals))
	for i, a := range s.arrivals {
		out[i] = *a
	}
	return out
}

// Invalid returns how many calls were answered with 401, 403 or 429.
func (s *Sim) Invalid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.invalid
}

// Message is a message as tests see it.
type Message struct {
	ID, Channel string
	// Author is a user's id, or a webhook's with the name and the picture's address it gave.
	Author, Webhook, Username, Avatar string
	Type                              int
	Content, Nonce                    string
	Embeds, Components                json.RawMessage
	Flags                             int
	Edited                            time.Time
	Files                             []File
	// Reactions are the users by emoji.
	Reactions map[string][]string
	Mentions  []string
	Everyone  bool
	// Bot: our app said it, as itself or by a webhook of its own.
	Bot bool
}

// File is a file as tests see it.
type File struct {
	ID, Name string
	Content  []byte
}

func (s *Sim) show(m *message) Message {
	out := Message{
		ID: m.id, Channel: m.channel.id, Author: m.author.id, Type: m.kind, Content: m.content, Nonce: m.nonce,
		Embeds: m.embeds, Components: m.components, Flags: m.flags, Edited: m.edited, Mentions: append([]string{}, m.mentions...),
		Everyone: m.everyone, Reactions: map[string][]string{}, Bot: m.author == s.bot,
	}
	if m.webhook != nil {
		out.Author, out.Webhook, out.Username, out.Avatar, out.Bot = m.webhook.id, m.webhook.id, m.username, m.avatar, m.webhook.byApp
	}
	for _, a := range m.files {
		out.Files = append(out.Files, File{ID: a.id, Name: a.name, Content: a.content})
	}
	for _, r := range m.reactions {
		out.Reactions[r.emoji] = append([]string{}, r.users...)
	}
	return out
}

// Channel returns the messages of a channel or thread, oldest first, without those that
// Discord itself makes of threads and their names.
func (s *Sim) Channel(id string) (out []Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch := s.channels[id]; ch != nil {
		out = s.showAll(out, ch)
	}
	return out
}

// showAll adds the messages of a channel but for what Discord itself says.
func (s *Sim) showAll(out []Message, ch *channel) []Message {
	for _, m := range ch.messages {
		if !m.system() {
			out = append(out, s.show(m))
		}
	}
	return out
}

// Thread returns a thread with the message it was started from first.
func (s *Sim) Thread(id string) []Message {
	out := s.Channel(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if th := s.channels[id]; th != nil && th.parent != nil {
		if m := th.parent.find(id); m != nil {
			out = append([]Message{s.show(m)}, out...)
		}
	}
	return out
}

// All returns every message of a channel and of its threads, oldest first by id.
func (s *Sim) All(channelID string) (out []Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[channelID]
	if ch == nil {
		return nil
	}
	for _, c := range append([]*channel{ch}, s.inOrder(ch.guild)...) {
		if c == ch && len(out) > 0 || c != ch && c.parent != ch {
			continue
		}
		out = s.showAll(out, c)
	}
	return out
}

// Message returns one message.
func (s *Sim) Message(channelID, id string) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch := s.channels[channelID]; ch != nil {
		if m := ch.find(id); m != nil {
			return s.show(m), true
		}
	}
	return Message{}, false
}

// ThreadState is a channel or thread as tests see it.
type ThreadState struct {
	ID, Name, Parent, Owner string
	Type                    int
	Archived, Locked, Gone  bool
	Tags                    []string
}

// State returns a channel or thread.
func (s *Sim) State(id string) (ThreadState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[id]
	if c == nil {
		return ThreadState{}, false
	}
	t := ThreadState{ID: c.id, Name: c.name, Owner: c.owner, Type: c.kind, Archived: c.archived, Locked: c.locked, Gone: c.gone, Tags: c.applied}
	if c.parent != nil {
		t.Parent = c.parent.id
	}
	return t, true
}

// Threads returns the ids of a channel's threads, oldest first.
func (s *Sim) Threads(channelID string) (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.guilds {
		for _, c := range s.inOrder(g) {
			if c.parent != nil && c.parent.id == channelID {
				out = append(out, c.id)
			}
		}
	}
	return out
}

// Notifications returns who was called so far, and by what.
func (s *Sim) Notifications() []Notification {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Notification{}, s.notifications...)
}

// Ephemerals returns the answers that only one user saw.
func (s *Sim) Ephemerals() []Ephemeral {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Ephemeral, len(s.ephemerals))
	for i, e := range s.ephemerals {
		out[i] = *e
	}
	return out
}

// Idle says whether no call is under way and every event was written to its connection.
func (s *Sim) Idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls == 0 && s.flushed()
}
