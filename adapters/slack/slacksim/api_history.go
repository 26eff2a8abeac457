package slacksim

import "slices"

// readable finds a channel whose history the bot may read: with the scope of
// its kind and as a member. A private channel it is not in does not exist for
// it. The caller holds mu.
func (s *Sim) readable(c *call) (*channel, error) {
	ch := s.channels[c.args.text("channel")]
	if ch == nil || ch.deleted {
		return nil, fail("channel_not_found")
	}
	if err := s.need(ch.family() + ":history"); err != nil {
		return nil, err
	}
	if !ch.member(s.opts.BotUserID) {
		if ch.private() {
			return nil, fail("channel_not_found")
		}
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

// conversationsHistory lists what is in the channel itself, newest first.
// https://docs.slack.dev/reference/methods/conversations.history
func (s *Sim) conversationsHistory(c *call) (any, error) {
	ch, err := s.readable(c)
	if err != nil {
		return nil, err
	}
	limit, err := s.pageSize(c.args, 100, 999)
	if err != nil {
		return nil, err
	}
	r, err := readSpan(c.args)
	if err != nil {
		return nil, err
	}
	listing := "history " + ch.id + " " + r.key()
	latest, err := readCursor(c.args, listing, r.latest)
	if err != nil {
		return nil, err
	}
	shown := ch.roots[from(ch.roots, r.oldest):max(from(ch.roots, r.oldest), after(ch.roots, latest))]
	cursor := ""
	if len(shown) > limit {
		shown = shown[len(shown)-limit:]
		cursor = makeCursor(listing, shown[0].micros-1)
	}
	messages := make([]*wireMessage, 0, len(shown))
	for _, m := range slices.Backward(shown) {
		messages = append(messages, s.listed(c, ch, m))
	}
	return ok().with("messages", messages).with("has_more", cursor != "").with("pin_count", 0).next(cursor), nil
}

// conversationsReplies lists a thread, oldest first. The parent leads every
// page, however late oldest is.
// https://docs.slack.dev/reference/methods/conversations.replies
func (s *Sim) conversationsReplies(c *call) (any, error) {
	ch, err := s.readable(c)
	if err != nil {
		return nil, err
	}
	parent := ch.byTS[c.args.text("ts")]
	if parent != nil && parent.isReply() {
		parent = ch.byTS[parent.threadTS]
	}
	if parent == nil || isSystem(parent.subtype) {
		return nil, fail("thread_not_found")
	}
	limit, err := s.pageSize(c.args, 1000, 1000)
	if err != nil {
		return nil, err
	}
	r, err := readSpan(c.args)
	if err != nil {
		return nil, err
	}
	listing := "replies " + ch.id + " " + parent.ts + " " + r.key()
	oldest, err := readCursor(c.args, listing, r.oldest)
	if err != nil {
		return nil, err
	}
	shown := parent.replies[from(parent.replies, oldest):max(from(parent.replies, oldest), after(parent.replies, r.latest))]
	cursor := ""
	if room := max(1, limit-1); len(shown) > room {
		cursor = makeCursor(listing, shown[room].micros)
		shown = shown[:room]
	}
	messages := []*wireMessage{s.listed(c, ch, parent)}
	for _, m := range shown {
		messages = append(messages, s.listed(c, ch, m))
	}
	return ok().with("messages", messages).with("has_more", cursor != "").next(cursor), nil
}

// listed renders a message for a listing.
func (s *Sim) listed(c *call, ch *channel, m *message) *wireMessage {
	w := s.wire(ch, m, c.args.flag("include_all_metadata"))
	if m.broadcast {
		w.Subtype = "thread_broadcast"
		if parent := ch.byTS[m.threadTS]; parent != nil && c.name == "conversations.history" {
			w.Root = s.wire(ch, parent, false)
		}
	}
	return w
}
