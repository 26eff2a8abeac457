package discordsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrNoSuch is what a person gets for what is not there, ErrNotAllowed for what they
// may not do.
var (
	ErrNoSuch     = errors.New("no such channel, message or button")
	ErrNotAllowed = errors.New("not allowed")
)

// Person is somebody, or another app's bot, who uses the service.
type Person struct {
	sim *Sim
	u   *user
}

// UserSpec describes a new user; Bot makes it another app's. Avatar is the hash of a
// picture, such as "a1b2".
type UserSpec struct {
	Name, Global, Nick, Avatar string
	Bot                        bool
}

// AddUser makes a member of every guild.
func (s *Sim) AddUser(spec UserSpec) *Person {
	var u *user
	s.do(func() {
		u = &user{id: s.newID(), name: spec.Name, global: spec.Global, avatar: spec.Avatar, bot: spec.Bot}
		s.users[u.id] = u
		s.userOrder = append(s.userOrder, u)
		for _, g := range s.guilds {
			g.members[u.id] = nil
			if spec.Nick != "" {
				g.nicks[u.id] = spec.Nick
			}
		}
	})
	return &Person{s, u}
}

// Person returns the person with that id or name, or nil.
func (s *Sim) Person(id string) *Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.userOrder {
		if u.id == id || strings.EqualFold(u.name, id) {
			return &Person{s, u}
		}
	}
	return nil
}

// ID returns the user id.
func (p *Person) ID() string { return p.u.id }

// Name returns the user's name.
func (p *Person) Name() string { return p.u.name }

// SetAvatar gives the person another picture, by its hash, or with an empty one none: in
// one guild, or everywhere when guild is empty. Nobody is told before they do something.
func (p *Person) SetAvatar(guild, hash string) {
	p.sim.do(func() {
		if guild == "" {
			p.u.avatar = hash
			return
		}
		for _, g := range p.sim.guilds {
			if g.id == guild {
				g.avatars[p.u.id] = hash
			}
		}
	})
}

// Draft is a post with everything a client could send.
type Draft struct {
	Content string
	// Reply is the message that it answers.
	Reply string
	Files []File
	// Type is 0 or 19 by default; others are for what Discord itself says.
	Type int
	// Embeds, Snapshots and Reference are set as they are.
	Embeds, Snapshots, Reference json.RawMessage
}

// Say writes into a channel or thread, and returns the message's id.
func (p *Person) Say(channelID, content string) (id string, err error) {
	return p.Send(channelID, Draft{Content: content})
}

// Send posts a draft.
func (p *Person) Send(channelID string, d Draft) (id string, err error) {
	s := p.sim
	err = s.try(func() error {
		ch, err := p.open(channelID, true)
		if err != nil {
			return err
		}
		m := &message{id: s.newID(), channel: ch, author: p.u, content: normal(d.Content), kind: d.Type, embeds: d.Embeds, snapshots: d.Snapshots, reference: d.Reference}
		if d.Reply != "" {
			m.kind, m.reference = 19, encode(fields{"message_id": d.Reply, "channel_id": ch.id, "type": 0})
		}
		for _, f := range d.Files {
			m.files = append(m.files, s.newFile(f.Name, f.Content))
		}
		s.enter(m, nil)
		s.raiseCreate(m)
		id = m.id
		return nil
	})
	return id, err
}

// open returns a channel in which a person may write. The caller holds mu.
func (p *Person) open(channelID string, write bool) (*channel, error) {
	ch := p.sim.channels[channelID]
	switch {
	case ch == nil || ch.gone:
		return nil, fmt.Errorf("channel %s: %w", channelID, ErrNoSuch)
	case write && ch.forum(), write && ch.locked:
		return nil, fmt.Errorf("write in %s: %w", ch.name, ErrNotAllowed)
	}
	return ch, nil
}

func (p *Person) message(channelID, id string) (*message, error) {
	ch, err := p.open(channelID, false)
	if err != nil {
		return nil, err
	}
	m := ch.find(id)
	if m == nil {
		return nil, fmt.Errorf("message %s: %w", id, ErrNoSuch)
	}
	return m, nil
}

// Edit changes the person's own message.
func (p *Person) Edit(channelID, id, content string) error {
	s := p.sim
	return s.try(func() error {
		m, err := p.message(channelID, id)
		if err != nil {
			return err
		}
		if m.author != p.u || m.channel.archived {
			return fmt.Errorf("edit %s: %w", id, ErrNotAllowed)
		}
		m.content, m.edited = normal(content), s.now().Truncate(time.Microsecond)
		s.mention(m, nil, true)
		s.raiseUpdate(m)
		return nil
	})
}

// Delete deletes any message, as its author or as a moderator.
func (p *Person) Delete(channelID, id string) error {
	return p.sim.try(func() error {
		m, err := p.message(channelID, id)
		if err != nil {
			return err
		}
		p.sim.takeAway(m)
		return nil
	})
}

// BulkDelete deletes several messages at once, as a moderator.
func (p *Person) BulkDelete(channelID string, ids ...string) error {
	s := p.sim
	return s.try(func() error {
		ch, err := p.open(channelID, false)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if m := ch.find(id); m != nil {
				ch.remove(m)
			}
		}
		s.raise(event{kind: "MESSAGE_DELETE_BULK", channel: ch, data: fixed(fields{"ids": ids, "channel_id": ch.id, "guild_id": ch.guild.id})})
		return nil
	})
}

// React adds a reaction, Unreact takes it away. Emoji is Unicode or name:id.
func (p *Person) React(channelID, id, emoji string) error {
	return p.reaction(channelID, id, emoji, true)
}

// Unreact takes a reaction away.
func (p *Person) Unreact(channelID, id, emoji string) error {
	return p.reaction(channelID, id, emoji, false)
}

func (p *Person) reaction(channelID, id, emoji string, on bool) error {
	return p.sim.try(func() error {
		m, err := p.message(channelID, id)
		if err != nil {
			return err
		}
		if m.channel.archived {
			return fmt.Errorf("react in an archived thread: %w", ErrNotAllowed)
		}
		name, emojiID := emojiOf(emoji)
		if on {
			p.sim.react(m, p.u, name, emojiID)
		} else {
			p.sim.unreact(m, p.u, name, emojiID)
		}
		return nil
	})
}

// ClearReactions takes all reactions of a message away, or those with one emoji, as a
// moderator.
func (p *Person) ClearReactions(channelID, id, emoji string) error {
	return p.sim.try(func() error {
		m, err := p.message(channelID, id)
		if err == nil {
			p.sim.clearReactions(m, emoji)
		}
		return err
	})
}

// StartThread starts a thread from a message.
func (p *Person) StartThread(channelID, messageID, name string) (string, error) {
	s := p.sim
	var id string
	err := s.try(func() error {
		m, err := p.message(channelID, messageID)
		if err != nil {
			return err
		}
		if s.channels[m.id] != nil || m.channel.thread() {
			return fmt.Errorf("start a thread: %w", ErrNotAllowed)
		}
		id = s.threadOn(m, p.u, name, 0).id
		return nil
	})
	return id, err
}

// PostInForum opens a post in a forum and returns its thread's id.
func (p *Person) PostInForum(channelID, name, content string) (string, error) {
	s := p.sim
	var id string
	err := s.try(func() error {
		ch := s.channels[channelID]
		if ch == nil || ch.gone || !ch.forum() {
			return fmt.Errorf("post in %s: %w", channelID, ErrNoSuch)
		}
		id = s.newID()
		th := s.openThread(ch, id, typePublic, name, p.u.id, 0)
		if ch.requireTag && len(ch.tags) > 0 {
			th.applied = ch.tags[:1]
		}
		m := &message{id: id, channel: th, author: p.u, content: normal(content)}
		s.enter(m, nil)
		s.raiseCreate(m)
		return nil
	})
	return id, err
}

// button is a pressable part of a message.
type button struct {
	CustomID string `json:"custom_id"`
	Label    string `json:"label"`
	URL      string `json:"url"`
	Disabled bool   `json:"disabled"`
}

func (m *message) buttons() (out []button) {
	var rows []struct {
		Components []button `json:"components"`
	}
	_ = json.Unmarshal(m.components, &rows)
	for _, r := range rows {
		out = append(out, r.Components...)
	}
	return out
}

// Press presses a button by its custom id, its beginning, or its label, and returns the
// interaction's id.
func (p *Person) Press(channelID, messageID, which string) (id string, err error) {
	s := p.sim
	err = s.try(func() error {
		m, err := p.message(channelID, messageID)
		if err != nil {
			return err
		}
		for _, b := range m.buttons() {
			if b.CustomID != "" && !b.Disabled && (b.CustomID == which || b.Label == which || strings.HasPrefix(b.CustomID, which)) {
				id = s.interact(p.u, m.channel, m, usedButton, fields{"custom_id": b.CustomID, "component_type": 2}).id
				return nil
			}
		}
		return fmt.Errorf("press %q: %w", which, ErrNoSuch)
	})
	return id, err
}

// Command uses a slash command with its options by name.
func (p *Person) Command(channelID, name string, options map[string]any) (id string, err error) {
	return p.command(channelID, "", name, options)
}

// MessageCommand uses a command of a message's menu.
func (p *Person) MessageCommand(channelID, messageID, name string) (id string, err error) {
	return p.command(channelID, messageID, name, nil)
}

// registered is a command as the app registered it.
type registered struct {
	ID          string             `json:"id"`
	Name        string             `json:"name"`
	Description string             `json:"description"`
	Type        int                `json:"type"`
	Options     []registeredOption `json:"options"`
}

type registeredOption struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Type        int    `json:"type"`
	Required    bool   `json:"required"`
	MaxLength   int    `json:"max_length"`
}

func (p *Person) command(channelID, messageID, name string, options map[string]any) (id string, err error) {
	s := p.sim
	err = s.try(func() error {
		ch, err := p.open(channelID, false)
		if err != nil {
			return err
		}
		var list []registered
		_ = json.Unmarshal(ch.guild.commands, &list)
		kind := 1
		if messageID != "" {
			kind = 3
		}
		for _, cmd := range list {
			if cmd.Name != name || max(cmd.Type, 1) != kind {
				continue
			}
			data := fields{"id": cmd.ID, "name": cmd.Name, "type": kind, "guild_id": ch.guild.id}
			given := []fields{}
			for _, o := range cmd.Options {
				if v, ok := options[o.Name]; ok {
					given = append(given, fields{"name": o.Name, "type": o.Type, "value": v})
				} else if o.Required {
					return fmt.Errorf("use %q without its %s: %w", name, o.Name, ErrNotAllowed)
				}
			}
			if len(given) > 0 {
				data["options"] = given
			}
			if kind == 3 {
				m := ch.find(messageID)
				if m == nil {
					return fmt.Errorf("message %s: %w", messageID, ErrNoSuch)
				}
				data["target_id"] = m.id
				data["resolved"] = fields{"messages": fields{m.id: s.showMessage(m, false, false)}}
			}
			id = s.interact(p.u, ch, nil, usedCommand, data).id
			return nil
		}
		return fmt.Errorf("use %q: %w", name, ErrNoSuch)
	})
	return id, err
}

// Answered says whether an interaction had its first answer.
func (s *Sim) Answered(interactionID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.inters["interaction-"+interactionID]
	return in != nil && in.answered
}

// Buttons returns the labels of a message's buttons.
func (s *Sim) Buttons(channelID, messageID string) (labels []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch := s.channels[channelID]; ch != nil {
		if m := ch.find(messageID); m != nil {
			for _, b := range m.buttons() {
				labels = append(labels, b.Label)
			}
		}
	}
	return slices.Clip(labels)
}
