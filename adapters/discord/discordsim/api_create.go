package discordsim

import (
	"encoding/json"
	"strings"
)

// nonceKey is what an enforced nonce is looked up by: "created by the same author with
// the same nonce", whatever the channel.
// https://docs.discord.com/developers/resources/message#create-message-jsonform-params
type nonceKey struct{ author, nonce string }

func (c *call) createMessage() (answer, error) {
	s := c.s
	if to := s.directs[c.ids[0]]; to != nil {
		return c.sendDirect(to)
	}
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	var d draft
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	if err := c.mayWrite(ch, &d); err != nil {
		return answer{}, err
	}
	if err := c.check(&d, len(c.files)); err != nil {
		return answer{}, err
	}
	key := nonceKey{s.bot.id, d.nonce()}
	if old := s.nonces[key]; d.Enforce && key.nonce != "" && old != nil && s.now().Sub(idTime(old.id)) < s.opts.NonceWindow {
		if old.gone {
			return answer{}, errMessage // https://github.com/discord/discord-api-docs/pull/6647
		}
		return answer{body: s.withNonce(old)}, nil
	}
	if err := checkReference(ch, &d); err != nil {
		return answer{}, err
	}
	m := c.compose(ch, &d)
	if key.nonce != "" {
		s.nonces[key] = m
	}
	c.publish(m, d.Mentions)
	return answer{body: s.withNonce(m)}, nil
}

// checkReference refuses a reply to what is not there, unless fail_if_not_exists is false.
// https://docs.discord.com/developers/resources/message#message-reference-structure
func checkReference(ch *channel, d *draft) error {
	var ref struct {
		Message string `json:"message_id"`
		Fail    *bool  `json:"fail_if_not_exists"`
	}
	if len(d.Reference) == 0 || json.Unmarshal(d.Reference, &ref) != nil || ref.Message == "" {
		return nil
	}
	if ch.find(ref.Message) == nil && (ref.Fail == nil || *ref.Fail) {
		return badForm("message_reference", "Unknown message")
	}
	return nil
}

// replied is the message that one answers, if it is still there.
func replied(m *message) *message {
	var ref struct {
		Message string `json:"message_id"`
	}
	if len(m.reference) == 0 || json.Unmarshal(m.reference, &ref) != nil {
		return nil
	}
	return m.channel.find(ref.Message)
}

// withNonce shows a message with its nonce, which only answers to its maker and events have.
func (s *Sim) withNonce(m *message) fields {
	shown := s.showMessage(m, false, false)
	if m.nonce != "" {
		shown["nonce"] = m.nonce
	}
	return shown
}

// compose makes the message; it is in no channel yet.
func (c *call) compose(ch *channel, d *draft) *message {
	s := c.s
	m := &message{
		id: s.newID(), channel: ch, author: s.bot, nonce: d.nonce(), embeds: d.Embeds, components: d.Components, reference: d.Reference,
	}
	if d.Content != nil {
		m.content = normal(*d.Content)
	}
	if d.Flags != nil {
		m.flags = *d.Flags & (4 | 4096)
	}
	if replied(m) != nil {
		m.kind = kindReply
	} else {
		m.reference = nil
	}
	m.files = c.newFiles(d)
	c.arrival.Result = m.id
	return m
}

// newFiles keeps what was uploaded; attachments[].id n names files[n].
// https://docs.discord.com/developers/reference#uploading-files
func (c *call) newFiles(d *draft) (list []*attachment) {
	for _, f := range c.files {
		name := f.name
		if d.Attachments != nil {
			for _, a := range *d.Attachments {
				if a.Filename != "" && strings.Trim(string(a.ID), `"`) == f.n {
					name = a.Filename
				}
			}
		}
		list = append(list, c.s.newFile(name, f.data))
	}
	return list
}

// normal is what Discord makes of a text: blanks at its ends are cut.
func normal(s string) string { return strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD")) }

// publish puts a message into its channel and tells of it, before or after the answer.
func (c *call) publish(m *message, a *allowed) {
	s := c.s
	s.enter(m, a)
	tell := func() { s.raiseCreate(m) }
	if s.opts.Echo == EchoAfter || s.opts.Echo == EchoDuring && s.rng.IntN(2) == 0 {
		c.after = append(c.after, tell)
		return
	}
	tell()
}

// enter puts a message into its channel, un-archives a thread, notes who is called.
func (s *Sim) enter(m *message, a *allowed) {
	ch := m.channel
	ch.messages = append(ch.messages, m)
	s.mention(m, a, false)
	if ch.thread() && ch.archived {
		ch.setArchived(false, s.now())
		s.raiseThread("THREAD_UPDATE", ch)
	}
}

func (s *Sim) raiseCreate(m *message) {
	own := m.author == s.bot && m.webhook == nil
	at := *m // as it is now
	s.raise(event{kind: "MESSAGE_CREATE", channel: m.channel, own: own, data: func(hidden bool) any { return s.showMessage(&at, true, hidden) }})
	if !s.opts.QuietUpdates && strings.Contains(m.content, "http") && m.flags&4 == 0 {
		s.raiseUpdate(m) // the previews of links come as an update that is no edit
	}
}

func (s *Sim) raiseUpdate(m *message) {
	own := m.author == s.bot && m.webhook == nil
	at := *m
	s.raise(event{kind: "MESSAGE_UPDATE", channel: m.channel, own: own, data: func(hidden bool) any { return s.showMessage(&at, true, hidden) }})
}

func (s *Sim) raiseDelete(m *message) {
	s.raise(event{kind: "MESSAGE_DELETE", channel: m.channel, data: fixed(fields{
		"id": m.id, "channel_id": m.channel.id, "guild_id": m.channel.guild.id,
	})})
}
