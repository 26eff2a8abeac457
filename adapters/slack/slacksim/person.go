package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNotMember is what a person gets for a channel they are not in.
var ErrNotMember = errors.New("not a member of the channel")

// ErrNoSuch is what a person gets for a channel, message or button that is not there.
var ErrNoSuch = errors.New("no such channel, message or button")

// ErrNotAllowed is what a person gets for other people's messages and archived channels.
var ErrNotAllowed = errors.New("not allowed")

// Person is somebody, or another app's bot, who uses the workspace.
type Person struct {
	sim *Sim
	id  string
}

// Person returns the person with that user id, or nil.
func (s *Sim) Person(userID string) *Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[userID] == nil {
		return nil
	}
	return &Person{sim: s, id: userID}
}

// ID returns the user id.
func (p *Person) ID() string { return p.id }

// Draft is a post with everything a client could send.
type Draft struct {
	Text string
	// ThreadTS makes it a reply, Broadcast also shows it in the channel.
	ThreadTS  string
	Broadcast bool
	// Me makes it a /me message.
	Me bool
	// Files are attached; see Sim.AddFile.
	Files []string
	// ClientMsgID is made up if empty.
	ClientMsgID string
	// Raw sends Text as stored text and Blocks as they are, for shapes that
	// clients no longer send.
	Raw    bool
	Blocks json.RawMessage
	// Subtype is set as it is, for example bot_message with Username.
	Subtype, Username string
	Metadata          json.RawMessage
}

// Post writes into a channel, mrkdwn as a person types it, and returns the ts.
func (p *Person) Post(channelID, text string) (ts string, err error) {
	return p.Send(channelID, Draft{Text: text})
}

// Reply writes into the thread of a parent.
func (p *Person) Reply(channelID, threadTS, text string) (ts string, err error) {
	return p.Send(channelID, Draft{Text: text, ThreadTS: threadTS})
}

// Send posts a draft.
func (p *Person) Send(channelID string, d Draft) (ts string, err error) {
	s := p.sim
	err = s.try(func() error {
		ch, err := p.open(channelID)
		if err != nil {
			return err
		}
		m, err := p.compose(ch, d)
		if err != nil {
			return err
		}
		if m.files != nil {
			s.share(ch, m, content{text: m.text, blocks: m.blocks})
		} else {
			s.publish(ch, m)
		}
		ts = m.ts
		return nil
	})
	return ts, err
}

// compose makes the message that a client would send. The caller holds mu.
func (p *Person) compose(ch *channel, d Draft) (*message, error) {
	s := p.sim
	m := &message{user: p.id, text: d.Text, blocks: d.Blocks, subtype: d.Subtype, username: d.Username}
	if !d.Raw {
		m.text, m.blocks = s.typed(d.Text)
	}
	if d.Me {
		m.subtype, m.blocks = "me_message", nil
	}
	if d.ThreadTS != "" {
		parent := ch.byTS[d.ThreadTS]
		if parent == nil || parent.locked {
			return nil, fmt.Errorf("reply to %s: %w", d.ThreadTS, ErrNoSuch)
		}
		if parent.isReply() {
			parent = ch.byTS[parent.threadTS]
		}
		m.threadTS, m.broadcast = parent.ts, d.Broadcast
	}
	for _, id := range d.Files {
		f := s.files[id]
		if f == nil {
			return nil, fmt.Errorf("attach %s: %w", id, ErrNoSuch)
		}
		m.files, m.subtype = append(m.files, f), "file_share"
	}
	if b := s.bots[s.users[p.id].appBot]; b != nil {
		m.botID, m.appID = b.id, b.appID
		if m.subtype == "bot_message" {
			m.user = ""
		}
	} else if m.clientMsgID = d.ClientMsgID; m.clientMsgID == "" {
		m.clientMsgID = newUUID(s.rng)
	}
	if len(d.Metadata) > 0 {
		m.metadata = &metadata{}
		if err := json.Unmarshal(d.Metadata, m.metadata); err != nil {
			return nil, fmt.Errorf("read metadata: %w", err)
		}
	}
	return m, nil
}

// typed returns text and blocks of what somebody types.
func (s *Sim) typed(text string) (string, json.RawMessage) {
	if text == "" {
		return "", nil
	}
	elements := reader{sim: s, typed: true}.blocks(strings.ToValidUTF8(text, "\ufffd"))
	return mrkdwn(elements), s.richBlock(elements)
}

// open finds a channel the person may write to. The caller holds mu.
func (p *Person) open(channelID string) (*channel, error) {
	ch := p.sim.channels[channelID]
	switch {
	case ch == nil || ch.deleted:
		return nil, fmt.Errorf("open channel %s: %w", channelID, ErrNoSuch)
	case !ch.member(p.id):
		return nil, fmt.Errorf("open channel %s: %w", ch.name, ErrNotMember)
	case ch.archived:
		return nil, fmt.Errorf("open archived channel %s: %w", ch.name, ErrNotAllowed)
	case ch.kind == "im" && p.sim.opts.MessagesTab != TabOn:
		return nil, fmt.Errorf("write to the app: %w", ErrNotAllowed)
	}
	return ch, nil
}

// on runs fn on a message that the person can see.
func (p *Person) on(channelID, ts string, fn func(*channel, *message) error) error {
	return p.sim.try(func() error {
		ch, err := p.open(channelID)
		if err != nil {
			return err
		}
		m := ch.byTS[ts]
		if m == nil || m.subtype == "tombstone" {
			return fmt.Errorf("find message %s: %w", ts, ErrNoSuch)
		}
		return fn(ch, m)
	})
}

// Edit changes the person's own message.
func (p *Person) Edit(channelID, ts, text string) error {
	return p.on(channelID, ts, func(ch *channel, m *message) error {
		if m.user != p.id {
			return fmt.Errorf("edit %s: %w", ts, ErrNotAllowed)
		}
		p.sim.alter(ch, m, p.id, func() { m.text, m.blocks = p.sim.typed(text) })
		return nil
	})
}

// Delete removes the person's own message.
func (p *Person) Delete(channelID, ts string) error {
	return p.on(channelID, ts, func(ch *channel, m *message) error {
		if m.user != p.id {
			return fmt.Errorf("delete %s: %w", ts, ErrNotAllowed)
		}
		p.sim.erase(ch, m)
		return nil
	})
}

// Moderate removes anybody's message, as an admin may.
func (p *Person) Moderate(channelID, ts string) error {
	return p.on(channelID, ts, func(ch *channel, m *message) error {
		p.sim.erase(ch, m)
		return nil
	})
}

// React adds an emoji, by name without colons.
func (p *Person) React(channelID, ts, name string) error {
	return p.on(channelID, ts, func(ch *channel, m *message) error { return p.sim.react(ch, m, p.id, name) })
}

// Unreact takes an emoji away.
func (p *Person) Unreact(channelID, ts, name string) error {
	return p.on(channelID, ts, func(ch *channel, m *message) error { return p.sim.unreact(ch, m, p.id, name) })
}

// Join makes the person a member of a public channel.
func (p *Person) Join(channelID string) error {
	return p.sim.try(func() error {
		ch := p.sim.channels[channelID]
		if ch == nil || ch.private() || ch.archived {
			return fmt.Errorf("join %s: %w", channelID, ErrNotAllowed)
		}
		p.sim.join(ch, p.id, "")
		return nil
	})
}

// Leave ends the person's membership.
func (p *Person) Leave(channelID string) error {
	return p.sim.try(func() error {
		ch, err := p.open(channelID)
		if err != nil {
			return err
		}
		p.sim.leave(ch, p.id)
		return nil
	})
}

// UploadFile shares a file with a comment, in a thread if threadTS is set.
func (p *Person) UploadFile(channelID, threadTS, name string, data []byte, comment string) (ts string, err error) {
	id := p.sim.AddFile(p, name, data)
	return p.Send(channelID, Draft{Text: comment, ThreadTS: threadTS, Files: []string{id}})
}

// AddFile stores a file that a Draft can attach.
func (s *Sim) AddFile(p *Person, name string, data []byte) (id string) {
	s.do(func() {
		f := &file{
			id: s.newID("F"), name: name, title: name, user: p.id, created: s.now().Unix(), size: len(data),
			content: slices.Clone(data), uploaded: true, completed: true, mode: "hosted",
		}
		s.files[f.id] = f
		id = f.id
	})
	return id
}
