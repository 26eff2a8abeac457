package slacksim

import "encoding/json"

// publish stores a new message, raises its events and records its pings. The
// caller holds mu and has set everything but ts.
func (s *Sim) publish(ch *channel, m *message) {
	if m.ts == "" {
		m.ts = s.nextTS(ch)
	}
	var before *wireMessage
	parent := ch.byTS[m.threadTS]
	counted := m.isReply() && parent != nil && !s.opts.QuietParents
	if counted && len(parent.replies) == 0 {
		before = s.wire(ch, parent, true)
	}
	ch.add(m)
	s.emitPosted(ch, m)
	// The first reply turns a message into a parent; later ones only count.
	switch {
	case before != nil:
		s.emitChanged(ch, parent, before)
	case counted:
		s.emitReplied(ch, parent)
	}
}

// alter changes a message by fn as a real edit of editor and raises
// message_changed. The caller holds mu.
func (s *Sim) alter(ch *channel, m *message, editor string, fn func()) {
	previous := s.wire(ch, m, true)
	fn()
	m.edited = &editMark{User: editor, TS: s.nextTS(ch)}
	s.emitChanged(ch, m, previous)
}

// touch changes a message by fn without that being an edit: unfurls, reply
// counts, reactions to an app's message. The caller holds mu.
func (s *Sim) touch(ch *channel, m *message, fn func()) {
	previous := s.wire(ch, m, true)
	fn()
	s.emitChanged(ch, m, previous)
}

// erase deletes a message. A parent with replies stays as a tombstone, and its
// replies are shown again as message_changed without an edit. The caller holds mu.
func (s *Sim) erase(ch *channel, m *message) {
	previous := s.wire(ch, m, true)
	if len(m.replies) > 0 {
		s.entomb(ch, m, previous)
		return
	}
	parent := ch.byTS[m.threadTS]
	counted := m.isReply() && parent != nil
	var before *wireMessage
	if counted {
		before = s.wire(ch, parent, true)
	}
	ch.drop(m)
	s.emitDeleted(ch, previous)
	if counted && !s.opts.QuietParents && ch.byTS[parent.ts] != nil {
		s.emitChanged(ch, parent, before)
	}
}

// entomb turns a parent into a tombstone. The replays of its replies are what a
// bridge met as https://github.com/42wim/matterbridge/issues/1959.
func (s *Sim) entomb(ch *channel, m *message, previous *wireMessage) {
	*m = message{
		ts: m.ts, threadTS: m.ts, micros: m.micros, subtype: "tombstone", user: "USLACKBOT", hidden: true,
		text: "This message was deleted.", replies: m.replies, repliers: m.repliers,
	}
	s.emitChanged(ch, m, previous)
	if s.opts.QuietParents {
		return
	}
	for _, r := range m.replies {
		s.emitChanged(ch, r, s.wire(ch, r, true))
	}
}

// system posts one of Slack's own lines about the channel. The caller holds mu.
func (s *Sim) system(ch *channel, subtype, userID, text string) {
	s.publish(ch, &message{subtype: subtype, user: userID, text: text})
}

// content is the body of a message that an API call sends.
type content struct {
	text                string
	blocks, attachments json.RawMessage
	blockless           bool
	linkNames           bool
}

// readContent validates text, blocks and attachments of a call. The caller
// holds mu.
func (s *Sim) readContent(a args) (content, error) {
	c := content{text: a.text("text"), linkNames: a.flag("link_names") || a.text("parse") == "full"}
	markdown := a.text("markdown_text")
	blocks, attachments := a.raw("blocks"), a.raw("attachments")
	if markdown != "" {
		if c.text != "" || blocks != nil {
			return c, fail("markdown_text_conflict")
		}
		if length(markdown) > maxMarkdownTotal {
			return c, fail("msg_too_long")
		}
		c.text = markdown
		blocks = encode([]any{fields{"type": "markdown", "text": markdown}})
	}
	if string(blocks) == "[]" {
		blocks = nil
	}
	if string(attachments) == "[]" {
		attachments = nil
	}
	if c.text == "" && blocks == nil && attachments == nil {
		return c, fail("no_text")
	}
	c.text = mutate(c.text)
	if attachments != nil {
		var list []block
		if json.Unmarshal(attachments, &list) != nil {
			return c, fail("invalid_attachments")
		}
		if len(list) > 100 {
			return c, fail("too_many_attachments")
		}
		c.attachments = encode(list)
	}
	if blocks != nil {
		checked, err := s.checkBlocks(blocks, maxBlocks)
		if err != nil {
			return c, err
		}
		c.blocks = checked
	}
	c.blockless = blocks == nil
	return c, nil
}

// rendered returns the blocks to store: those sent, or the rich_text block that
// Slack makes of a bare text. The caller holds mu.
func (s *Sim) rendered(c content, text string) json.RawMessage {
	if !c.blockless || text == "" {
		return c.blocks
	}
	return s.richBlock(reader{sim: s}.blocks(text))
}
