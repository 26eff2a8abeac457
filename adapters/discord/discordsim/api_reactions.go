package discordsim

import (
	"slices"
	"strconv"
)

// emojiOf reads an emoji of a path: Unicode, or name:id.
func emojiOf(s string) (name, id string) {
	for i := len(s) - 1; i > 0; i-- {
		if s[i] == ':' && validID(s[i+1:]) {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func (c *call) addReaction() (answer, error) {
	ch, m, err := c.message(1)
	if err != nil {
		return answer{}, err
	}
	name, id := emojiOf(c.ids[2])
	switch {
	case ch.archived:
		return answer{}, errArchive
	case name == "" || id == "" && name[0] < 0x80 && !(len(name) > 1 && name[len(name)-1] >= 0x80):
		return answer{}, refuse(400, 10014, "Unknown Emoji")
	case !c.s.has(ch, ReadMessageHistory), m.reaction(name, id) == nil && !c.s.has(ch, AddReactions):
		return answer{}, errPerms
	}
	c.s.react(m, c.s.bot, name, id)
	return answer{}, nil
}

func (c *call) removeReaction() (answer, error) {
	ch, m, err := c.message(1)
	if err != nil {
		return answer{}, err
	}
	if ch.archived {
		return answer{}, errArchive
	}
	name, id := emojiOf(c.ids[2])
	c.s.unreact(m, c.s.bot, name, id)
	return answer{}, nil
}

// listReactions lists who reacted, by id, 25 unless told.
// https://docs.discord.com/developers/resources/message#get-reactions
func (c *call) listReactions() (answer, error) {
	_, m, err := c.message(1)
	if err != nil {
		return answer{}, err
	}
	limit := 25
	if text := c.query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > 100 {
			return answer{}, badForm("limit", "int value should be between 1 and 100.")
		}
	}
	name, id := emojiOf(c.ids[2])
	list := []fields{}
	if r := m.reaction(name, id); r != nil {
		users := slices.SortedFunc(slices.Values(r.users), compareIDs)
		for _, u := range users {
			if len(list) < limit && (c.query.Get("after") == "" || compareIDs(u, c.query.Get("after")) > 0) {
				list = append(list, showUser(c.s.users[u]))
			}
		}
	}
	return answer{body: list}, nil
}

func (m *message) reaction(name, id string) *reaction {
	for _, r := range m.reactions {
		if r.emoji == name && r.emojiID == id {
			return r
		}
	}
	return nil
}

// react and unreact do nothing when it is so already. The caller holds mu.
func (s *Sim) react(m *message, u *user, name, id string) {
	r := m.reaction(name, id)
	if r == nil {
		r = &reaction{emoji: name, emojiID: id}
		m.reactions = append(m.reactions, r)
	}
	if slices.Contains(r.users, u.id) {
		return
	}
	r.users = append(r.users, u.id)
	s.raiseReaction("MESSAGE_REACTION_ADD", m, u, name, id)
}

func (s *Sim) unreact(m *message, u *user, name, id string) {
	r := m.reaction(name, id)
	if r == nil || !slices.Contains(r.users, u.id) {
		return
	}
	r.users = slices.DeleteFunc(r.users, func(o string) bool { return o == u.id })
	if len(r.users) == 0 {
		m.reactions = slices.DeleteFunc(m.reactions, func(o *reaction) bool { return o == r })
	}
	s.raiseReaction("MESSAGE_REACTION_REMOVE", m, u, name, id)
}

func (s *Sim) raiseReaction(kind string, m *message, u *user, name, id string) {
	f := fields{
		"user_id": u.id, "channel_id": m.channel.id, "message_id": m.id, "guild_id": m.channel.guild.id,
		"emoji": showEmoji(name, id), "type": 0,
	}
	if kind == "MESSAGE_REACTION_ADD" {
		f["member"] = m.channel.guild.showMember(u, true)
		f["message_author_id"] = m.author.id
	}
	s.raise(event{kind: kind, channel: m.channel, data: fixed(f)})
}

// clearReactions takes all reactions away, or those with one emoji, which is told in one
// event. The caller holds mu.
func (s *Sim) clearReactions(m *message, emoji string) {
	f := fields{"channel_id": m.channel.id, "message_id": m.id, "guild_id": m.channel.guild.id}
	kind := "MESSAGE_REACTION_REMOVE_ALL"
	if emoji == "" {
		m.reactions = nil
	} else {
		name, id := emojiOf(emoji)
		r := m.reaction(name, id)
		if r == nil {
			return
		}
		m.reactions = slices.DeleteFunc(m.reactions, func(o *reaction) bool { return o == r })
		kind, f["emoji"] = "MESSAGE_REACTION_REMOVE_EMOJI", showEmoji(name, id)
	}
	s.raise(event{kind: kind, channel: m.channel, data: fixed(f)})
}
