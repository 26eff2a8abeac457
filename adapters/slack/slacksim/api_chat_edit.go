package slacksim

import "strings"

// own finds a message of the app that the call may change. The caller holds mu.
func (s *Sim) own(c *call, denied string) (*channel, *message, error) {
	ch, err := s.seen(c.args.text("channel"))
	if err != nil {
		return nil, nil, err
	}
	m := ch.byTS[c.args.text("ts")]
	if m == nil || m.subtype == "tombstone" {
		return nil, nil, fail("message_not_found")
	}
	if m.botID != s.opts.BotID {
		return nil, nil, fail(denied)
	}
	return ch, m, nil
}

func (s *Sim) chatUpdate(c *call) (any, error) {
	ch, m, err := s.own(c, "cant_update_message")
	if err != nil {
		return nil, err
	}
	if ch.archived {
		return nil, fail("is_inactive")
	}
	posted, _ := parseTS(m.ts)
	if s.opts.EditWindow > 0 && s.now().UnixMicro()-posted > s.opts.EditWindow.Microseconds() {
		return nil, fail("edit_window_closed")
	}
	body, err := s.readContent(c.args)
	if err != nil {
		return nil, err
	}
	if length(body.text) > maxUpdate {
		return nil, fail("msg_too_long")
	}
	meta, err := readMetadata(c.args)
	if err != nil {
		return nil, err
	}
	s.alter(ch, m, s.opts.BotID, func() {
		m.text, m.attachments = body.text, body.attachments
		m.blocks = s.rendered(body, body.text)
		// Left out, metadata stays; an empty object removes it.
		if c.args.has("metadata") {
			m.metadata = meta
		}
		if c.args.flag("reply_broadcast") && m.isReply() && !m.broadcast {
			m.broadcast = true
			ch.roots = insert(ch.roots, m)
		}
	})
	s.notify(ch, m, body.linkNames, true)
	c.arrival.Result = m.ts
	return ok().with("channel", ch.id).with("ts", m.ts).with("text", m.text).with("message", s.wire(ch, m, true)), nil
}

func (s *Sim) chatDelete(c *call) (any, error) {
	ch, m, err := s.own(c, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	if m.subtype == "bot_message" && !s.opts.AllowCustomDelete {
		return nil, fail("cant_delete_message")
	}
	ts := m.ts
	s.erase(ch, m)
	c.arrival.Result = ts
	return ok().with("channel", ch.id).with("ts", ts), nil
}

func (s *Sim) chatGetPermalink(c *call) (any, error) {
	ch, err := s.seen(c.args.text("channel"))
	if err != nil {
		return nil, err
	}
	m := ch.byTS[c.args.text("message_ts")]
	if m == nil {
		return nil, fail("message_not_found")
	}
	return ok().with("channel", ch.id).with("permalink", s.permalink(ch, m)), nil
}

// permalink points to the simulator's page, by a path of Slack's form.
func (s *Sim) permalink(ch *channel, m *message) string {
	link := s.base + "/archives/" + ch.id + "/p" + strings.Replace(m.ts, ".", "", 1)
	if m.isReply() {
		link += "?thread_ts=" + m.threadTS + "&cid=" + ch.id
	}
	return link
}
