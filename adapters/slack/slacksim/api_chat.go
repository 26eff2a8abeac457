package slacksim

import (
	"encoding/json"
	"regexp"
	"unicode/utf8"
)

const (
	// maxOneMessage is the longest text that stays one message and splitAt the
	// length of the parts of a longer one: measured, not documented.
	maxOneMessage = 4040
	splitAt       = 4000
	// maxText is where Slack truncates.
	// https://docs.slack.dev/reference/methods/chat.postMessage
	maxText = 40000
	// maxUpdate is the longest text chat.update takes.
	// https://docs.slack.dev/reference/methods/chat.update
	maxUpdate = 4000
	// maxMetadata is a guess: Slack names the error, not the size.
	maxMetadata = 8192
)

var eventTypePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

func (s *Sim) chatPostMessage(c *call) (any, error) {
	ch, err := s.postable(c)
	if err != nil {
		return nil, err
	}
	if after, allowed := s.limitPost(ch.id); !allowed {
		return nil, rateLimited(after)
	}
	body, err := s.readContent(c.args)
	if err != nil {
		return nil, err
	}
	m := s.appMessage()
	if m.metadata, err = readMetadata(c.args); err != nil {
		return nil, err
	}
	if err := s.customise(c.args, m); err != nil {
		return nil, err
	}
	if err := s.place(c, ch, m); err != nil {
		return nil, err
	}
	m.clientMsgID = c.args.text("client_msg_id")
	m.attachments = body.attachments
	if c.fault != nil && c.fault.Swallow {
		m.text, m.ts = body.text, s.nextTS(ch)
		c.arrival.Result = m.ts
		return ok().with("channel", ch.id).with("ts", m.ts).with("message", s.wire(ch, m, true)), nil
	}
	s.postParts(ch, m, body)
	c.arrival.Result = m.ts
	return ok().with("channel", ch.id).with("ts", m.ts).with("message", s.wire(ch, m, true)), nil
}

// postParts publishes a post, a text that is too long for one message as
// several of which the caller only learns the first. The caller holds mu.
func (s *Sim) postParts(ch *channel, m *message, body content) {
	parts := []string{body.text}
	if body.blockless {
		parts = split(body.text)
	}
	for i, part := range parts {
		next := m
		if i > 0 {
			copied := *m
			copied.ts, copied.metadata, copied.attachments = "", nil, nil
			next = &copied
		}
		next.text, next.blocks = part, s.rendered(body, part)
		s.publish(ch, next)
		s.notify(ch, next, body.linkNames, false)
	}
}

func split(text string) []string {
	runes := []rune(text)
	if len(runes) > maxText {
		runes = runes[:maxText]
	}
	if len(runes) <= maxOneMessage {
		return []string{string(runes)}
	}
	var parts []string
	for len(runes) > splitAt {
		parts = append(parts, string(runes[:splitAt]))
		runes = runes[splitAt:]
	}
	return append(parts, string(runes))
}

// appMessage returns an empty message by the app. The caller holds mu.
func (s *Sim) appMessage() *message {
	return &message{user: s.opts.BotUserID, botID: s.opts.BotID, appID: s.opts.AppID}
}

// postable returns the channel a call posts to. The caller holds mu.
func (s *Sim) postable(c *call) (*channel, error) {
	ch, err := s.target(c.args.text("channel"))
	if err != nil {
		return nil, err
	}
	threaded := c.args.text("thread_ts") != ""
	switch {
	case ch.archived:
		return nil, fail("is_archived")
	case ch.kind == "im" && s.opts.MessagesTab == TabOff:
		return nil, fail("messages_tab_disabled")
	case ch.kind == "im" && s.users[ch.members[0]].deleted:
		return nil, fail("channel_not_found") // which code it is, is not documented
	case ch.policy == "restricted_action_thread_only_channel" && threaded,
		ch.policy == "restricted_action_non_threadable_channel" && !threaded:
	case ch.policy != "":
		return nil, fail(ch.policy)
	}
	return ch, nil
}

// target finds a channel the bot may write to. The caller holds mu.
func (s *Sim) target(id string) (*channel, error) {
	ch := s.channels[id]
	if u := s.users[id]; ch == nil && u != nil && !u.deleted {
		ch = s.direct(u)
	}
	switch {
	case ch == nil || ch.deleted:
		return nil, fail("channel_not_found")
	case ch.member(s.opts.BotUserID):
		return ch, nil
	case ch.private():
		return nil, fail("channel_not_found")
	case !s.scopes["chat:write.public"]:
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

// customise applies username and icon, which need a scope of their own; a
// message with a customised author is of the old kind: bot_message, no user.
func (s *Sim) customise(a args, m *message) error {
	m.username, m.iconURL, m.iconEmoj = a.text("username"), a.text("icon_url"), a.text("icon_emoji")
	if m.username == "" && m.iconURL == "" && m.iconEmoj == "" {
		return nil
	}
	if err := s.need("chat:write.customize"); err != nil {
		return err
	}
	if m.iconEmoj != "" {
		m.iconURL = ""
	}
	m.subtype, m.user = "bot_message", ""
	return nil
}

// place puts a post under its parent. A parent that is gone makes Slack post
// into the channel and say ok. The caller holds mu.
func (s *Sim) place(c *call, ch *channel, m *message) error {
	thread := c.args.text("thread_ts")
	if thread == "" {
		return nil
	}
	if _, valid := parseTS(thread); !valid {
		return fail("invalid_thread_ts")
	}
	parent := ch.byTS[thread]
	switch {
	case c.fault != nil && c.fault.Unthread, parent == nil, parent.subtype == "tombstone":
		c.arrival.Unthreaded = true
		return nil
	case parent.locked:
		return fail("restricted_action_thread_locked")
	case isSystem(parent.subtype):
		return fail("cannot_reply_to_message")
	case parent.isReply():
		c.arrival.ReplyToReply = true
	}
	m.threadTS = thread
	m.broadcast = c.args.flag("reply_broadcast")
	return nil
}

func isSystem(subtype string) bool {
	switch subtype {
	case "", "bot_message", "file_share", "me_message", "thread_broadcast", "tombstone":
		return false
	}
	return true
}

// readMetadata validates the metadata argument.
// https://docs.slack.dev/messaging/message-metadata
func readMetadata(a args) (*metadata, error) {
	raw := a.raw("metadata")
	if raw == nil {
		return nil, nil
	}
	var m struct {
		EventType    *string         `json:"event_type"`
		EventPayload json.RawMessage `json:"event_payload"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return nil, fail("invalid_metadata_format")
	}
	if m.EventType == nil && m.EventPayload == nil {
		return nil, nil
	}
	var payload block
	if m.EventType == nil || !eventTypePattern.MatchString(*m.EventType) || json.Unmarshal(m.EventPayload, &payload) != nil {
		return nil, fail("invalid_metadata_schema")
	}
	if len(raw) > maxMetadata {
		return nil, fail("metadata_too_large")
	}
	return &metadata{EventType: *m.EventType, EventPayload: encode(payload)}, nil
}

func (s *Sim) chatPostEphemeral(c *call) (any, error) {
	ch, err := s.postable(c)
	if err != nil {
		return nil, err
	}
	userID := c.args.text("user")
	if u := s.users[userID]; u == nil || !ch.member(userID) {
		return nil, fail("user_not_in_channel")
	}
	body, err := s.readContent(c.args)
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(body.text) > maxText {
		return nil, fail("msg_too_long")
	}
	e := s.whisper(ch, userID, c.args.text("thread_ts"), body)
	c.arrival.Result = e.message.ts
	return ok().with("message_ts", e.message.ts), nil
}
