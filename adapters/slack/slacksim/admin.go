package slacksim

import (
	"fmt"
	"slices"
)

// ChannelSpec describes a channel. Only Name is needed.
type ChannelSpec struct {
	Name, Topic string
	Private     bool
	// Members are who is in it; nil means every person there is.
	Members []*Person
	// WithoutBot leaves the app's bot out.
	WithoutBot bool
	// ID is chosen by the simulator if empty.
	ID string
}

// AddChannel adds a channel and returns its id. Nothing is posted for it.
func (s *Sim) AddChannel(spec ChannelSpec) (id string) {
	s.do(func() {
		kind := "channel"
		if spec.Private {
			kind = "group"
		}
		ch := s.newChannel("C", kind, spec.Name)
		if spec.ID != "" {
			delete(s.channels, ch.id)
			ch.id = spec.ID
			s.channels[ch.id] = ch
		}
		ch.topic = spec.Topic
		for _, p := range spec.Members {
			ch.members = append(ch.members, p.id)
		}
		if spec.Members == nil {
			for _, u := range s.userOrder {
				if u.id != s.opts.BotUserID && !u.deleted {
					ch.members = append(ch.members, u.id)
				}
			}
		}
		if len(ch.members) > 0 {
			ch.creator = ch.members[0]
		}
		if !spec.WithoutBot {
			ch.members = append(ch.members, s.opts.BotUserID)
		}
		id = ch.id
	})
	return id
}

func (s *Sim) newChannel(prefix, kind, name string) *channel {
	ch := &channel{
		id: s.newID(prefix), name: name, kind: kind, created: s.now().Unix(), byTS: map[string]*message{},
	}
	s.channels[ch.id] = ch
	s.order = append(s.order, ch)
	return ch
}

// change runs fn on a channel that exists.
func (s *Sim) change(channelID string, fn func(*channel)) error {
	return s.try(func() error {
		ch := s.channels[channelID]
		if ch == nil || ch.deleted {
			return fmt.Errorf("change channel %s: %w", channelID, ErrNoSuch)
		}
		fn(ch)
		return nil
	})
}

// someone is who does what an admin does: the channel's first member.
func (ch *channel) someone() string {
	if len(ch.members) == 0 {
		return ""
	}
	return ch.members[0]
}

// named returns the event's name for the kind of channel: channel_ or group_.
func (ch *channel) named(suffix string) string {
	if ch.private() {
		return "group_" + suffix
	}
	return "channel_" + suffix
}

// Archive archives a channel.
func (s *Sim) Archive(channelID string) error {
	return s.change(channelID, func(ch *channel) {
		s.system(ch, ch.named("archive"), ch.someone(), "archived the channel")
		ch.archived = true
		s.emitChannel(ch, ch.named("archive"), fields{"channel": ch.id, "user": ch.someone(), "is_moved": 0})
	})
}

// Unarchive brings an archived channel back.
func (s *Sim) Unarchive(channelID string) error {
	return s.change(channelID, func(ch *channel) {
		ch.archived = false
		s.system(ch, ch.named("unarchive"), ch.someone(), "un-archived the channel")
		s.emitChannel(ch, ch.named("unarchive"), fields{"channel": ch.id, "user": ch.someone()})
	})
}

// DeleteChannel deletes a channel with all that is in it.
func (s *Sim) DeleteChannel(channelID string) error {
	return s.change(channelID, func(ch *channel) {
		s.emitChannel(ch, ch.named("deleted"), fields{"channel": ch.id, "actor_id": ch.someone()})
		ch.deleted = true
	})
}

// Rename renames a channel; its id stays.
func (s *Sim) Rename(channelID, name string) error {
	return s.change(channelID, func(ch *channel) {
		old := ch.name
		ch.previousNames = append([]string{old}, ch.previousNames...)
		ch.name = name
		s.publish(ch, &message{
			subtype: ch.named("name"), user: ch.someone(), oldName: old, newName: name,
			text: fmt.Sprintf("has renamed the channel from %q to %q", old, name),
		})
		s.emitChannel(ch, ch.named("rename"), fields{"channel": fields{
			"id": ch.id, "name": name, "name_normalized": name, "created": ch.created, "is_channel": !ch.private(), "is_mpim": false,
		}})
	})
}

// ConvertToPrivate makes a public channel private; its id stays and its
// messages come as message.groups from then on.
func (s *Sim) ConvertToPrivate(channelID string) error {
	return s.change(channelID, func(ch *channel) {
		ch.kind = "group"
		s.system(ch, "channel_convert_to_private", ch.someone(), "made this channel *private*")
	})
}

// ShareExternally connects a channel with another organisation.
func (s *Sim) ShareExternally(channelID, teamID string) error {
	return s.change(channelID, func(ch *channel) {
		ch.external = append(ch.external, teamID)
		s.emitChannel(ch, "channel_shared", fields{"channel": ch.id, "connected_team_id": teamID})
	})
}

// Unshare disconnects another organisation and its members.
func (s *Sim) Unshare(channelID, teamID string) error {
	return s.change(channelID, func(ch *channel) {
		ch.external = slices.DeleteFunc(ch.external, is(teamID))
		ch.members = slices.DeleteFunc(ch.members, func(id string) bool {
			u := s.users[id]
			return u != nil && u.teamID == teamID
		})
		s.emitChannel(ch, "channel_unshared", fields{
			"channel": ch.id, "previously_connected_team_id": teamID, "is_ext_shared": len(ch.external) > 0,
		})
	})
}

// ChangeChannelID gives a channel a new id, as the start of a share does to old
// private channels, and returns it.
func (s *Sim) ChangeChannelID(channelID string) (newID string, err error) {
	err = s.change(channelID, func(ch *channel) {
		newID = s.newID("C")
		delete(s.channels, ch.id)
		ch.id = newID
		s.channels[newID] = ch
		s.emitChannel(ch, "channel_id_changed", fields{"old_channel_id": channelID, "new_channel_id": newID})
	})
	return newID, err
}

// SetPolicy makes posts to a channel fail with a restricted_action code; empty
// lifts it. Thread-only and non-threadable channels take what they are for.
func (s *Sim) SetPolicy(channelID, code string) error {
	return s.change(channelID, func(ch *channel) { ch.policy = code })
}

// LockThread locks or unlocks a thread for replies.
func (s *Sim) LockThread(channelID, ts string, locked bool) error {
	return s.change(channelID, func(ch *channel) {
		if m := ch.byTS[ts]; m != nil {
			m.locked = locked
		}
	})
}

// Unfurl adds a link preview to a message, which Slack does seconds after the
// post: message_changed with attachments and without an edit.
func (s *Sim) Unfurl(channelID, ts, link string) error {
	return s.change(channelID, func(ch *channel) {
		if m := ch.byTS[ts]; m != nil {
			s.touch(ch, m, func() {
				m.attachments = encode([]fields{{
					"id": 1, "from_url": link, "original_url": link, "service_name": "Example", "title": "A page", "fallback": "A page",
				}})
			})
		}
	})
}

// Invite makes somebody a member.
func (s *Sim) Invite(channelID string, p *Person) error {
	return s.change(channelID, func(ch *channel) { s.join(ch, p.id, ch.someone()) })
}

// InviteBot makes the app's bot a member.
func (s *Sim) InviteBot(channelID string) error {
	return s.change(channelID, func(ch *channel) { s.join(ch, s.opts.BotUserID, ch.someone()) })
}

// KickBot removes the app's bot from a channel.
func (s *Sim) KickBot(channelID string) error {
	return s.change(channelID, func(ch *channel) { s.leave(ch, s.opts.BotUserID) })
}

// Kick removes somebody from a channel.
func (s *Sim) Kick(channelID string, p *Person) error {
	return s.change(channelID, func(ch *channel) { s.leave(ch, p.id) })
}

// join adds a member and tells the channel. The caller holds mu.
func (s *Sim) join(ch *channel, userID, inviter string) {
	if ch.member(userID) {
		return
	}
	ch.members = append(ch.members, userID)
	s.publish(ch, &message{
		subtype: ch.named("join"), user: userID, inviter: inviter, text: "<@" + userID + "> has joined the channel",
	})
	event := fields{"user": userID, "channel": ch.id, "channel_type": ch.letter(), "team": s.opts.TeamID}
	if inviter != "" {
		event.with("inviter", inviter)
	}
	if ch.member(s.opts.BotUserID) {
		s.emitChannel(ch, "member_joined_channel", event)
	}
}

// leave removes a member. The bot itself is only told channel_left or
// group_left: it is no longer there to be told more. The caller holds mu.
func (s *Sim) leave(ch *channel, userID string) {
	if !ch.member(userID) {
		return
	}
	if userID == s.opts.BotUserID {
		s.emitChannel(ch, ch.named("left"), fields{"channel": ch.id, "actor_id": ch.someone()})
		ch.remove(userID)
		s.system(ch, ch.named("leave"), userID, "<@"+userID+"> has left the channel")
		return
	}
	ch.remove(userID)
	s.system(ch, ch.named("leave"), userID, "<@"+userID+"> has left the channel")
	if ch.member(s.opts.BotUserID) {
		s.emitChannel(ch, "member_left_channel", fields{
			"user": userID, "channel": ch.id, "channel_type": ch.letter(), "team": s.opts.TeamID,
		})
	}
}

// letter is channel_type as membership events give it.
func (ch *channel) letter() string {
	if ch.private() {
		return "G"
	}
	return "C"
}
