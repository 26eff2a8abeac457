package slacksim

import (
	"regexp"
	"slices"
)

var emojiName = regexp.MustCompile(`^[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?$`)

// reactable finds the message a call reacts to. The caller holds mu.
func (s *Sim) reactable(c *call) (*channel, *message, error) {
	ch, err := s.seen(c.args.text("channel"))
	if err != nil {
		return nil, nil, err
	}
	if _, valid := parseTS(c.args.text("timestamp")); !valid {
		return nil, nil, fail("bad_timestamp")
	}
	m := ch.byTS[c.args.text("timestamp")]
	switch {
	case m == nil || m.subtype == "tombstone":
		return nil, nil, fail("message_not_found")
	case !emojiName.MatchString(c.args.text("name")):
		return nil, nil, fail("invalid_name")
	case ch.archived:
		return nil, nil, fail("is_archived")
	case !ch.member(s.opts.BotUserID):
		return nil, nil, fail("not_in_channel")
	case m.locked:
		return nil, nil, fail("thread_locked")
	}
	return ch, m, nil
}

func (s *Sim) reactionsAdd(c *call) (any, error) {
	ch, m, err := s.reactable(c)
	if err != nil {
		return nil, err
	}
	if err := s.react(ch, m, s.opts.BotUserID, c.args.text("name")); err != nil {
		return nil, err
	}
	return ok(), nil
}

func (s *Sim) reactionsRemove(c *call) (any, error) {
	ch, m, err := s.reactable(c)
	if err != nil {
		return nil, err
	}
	if err := s.unreact(ch, m, s.opts.BotUserID, c.args.text("name")); err != nil {
		return nil, err
	}
	return ok(), nil
}

// react adds a reaction and raises its event. The caller holds mu.
func (s *Sim) react(ch *channel, m *message, userID, name string) error {
	i := slices.IndexFunc(m.reactions, func(r *reaction) bool { return r.Name == name })
	if i < 0 {
		if len(m.reactions) >= 23 {
			return fail("too_many_emoji")
		}
		m.reactions = append(m.reactions, &reaction{Name: name})
		i = len(m.reactions) - 1
	}
	r := m.reactions[i]
	if slices.Contains(r.Users, userID) {
		return fail("already_reacted")
	}
	r.Users = append(r.Users, userID)
	r.Count++
	s.emitReaction("reaction_added", ch, m, userID, name)
	return nil
}

// unreact takes a reaction away and raises its event. The caller holds mu.
func (s *Sim) unreact(ch *channel, m *message, userID, name string) error {
	i := slices.IndexFunc(m.reactions, func(r *reaction) bool { return r.Name == name })
	if i < 0 || !slices.Contains(m.reactions[i].Users, userID) {
		return fail("no_reaction")
	}
	r := m.reactions[i]
	r.Users = slices.DeleteFunc(r.Users, is(userID))
	r.Count--
	if r.Count == 0 {
		m.reactions = slices.Delete(m.reactions, i, i+1)
	}
	s.emitReaction("reaction_removed", ch, m, userID, name)
	return nil
}

func (s *Sim) emitReaction(kind string, ch *channel, m *message, userID, name string) {
	if !s.scopes["reactions:read"] || !ch.member(s.opts.BotUserID) {
		return
	}
	s.raise(raised{kind: kind, channel: ch, event: fields{
		"type": kind, "user": userID, "reaction": name, "item_user": m.user, "event_ts": s.nextTS(ch),
		"item": fields{"type": "message", "channel": ch.id, "ts": m.ts},
	}})
}
