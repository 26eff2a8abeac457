package discordsim

import "fmt"

// addGuild makes a guild with the bot in it. The caller holds mu, or nobody else knows
// the simulator yet.
func (s *Sim) addGuild(name string) *guild {
	g := &guild{id: s.newID(), name: name, members: map[string][]string{}, nicks: map[string]string{}}
	// People may do what the simulator's functions say; the base role is for them.
	g.roles = []*role{{id: g.id, name: "@everyone", perms: ViewChannel | ReadMessageHistory}}
	app := &role{id: s.newID(), name: s.opts.AppName, perms: BasePermissions | MentionEveryone}
	g.roles = append(g.roles, app)
	g.members[s.bot.id] = []string{app.id}
	for _, u := range s.userOrder {
		g.members[u.id] = nil
	}
	s.guilds = append(s.guilds, g)
	return g
}

// AddGuild makes another guild and returns its id.
func (s *Sim) AddGuild(name string) (id string) {
	s.do(func() {
		g := s.addGuild(name)
		id = g.id
		s.raise(event{kind: "GUILD_CREATE", data: fixed(s.showGuild(g))})
	})
	return id
}

// ChannelSpec describes a new channel. Guild is the first one if empty.
type ChannelSpec struct {
	Guild, Name string
	// Forum makes it a forum, Announcement an announcement channel, else it is a text channel.
	Forum, Announcement bool
	// Tags are how many tags a forum offers; RequireTag makes one compulsory.
	Tags       int
	RequireTag bool
}

// AddChannel makes a channel and returns its id.
func (s *Sim) AddChannel(spec ChannelSpec) (id string) {
	s.do(func() {
		g := s.guilds[0]
		for _, other := range s.guilds {
			if other.id == spec.Guild {
				g = other
			}
		}
		ch := &channel{id: s.newID(), name: spec.Name, kind: typeText, guild: g, requireTag: spec.RequireTag}
		switch {
		case spec.Forum:
			ch.kind = typeForum
		case spec.Announcement:
			ch.kind = typeAnnouncement
		}
		for range spec.Tags {
			ch.tags = append(ch.tags, s.newID())
		}
		s.channels[ch.id] = ch
		g.channels = append(g.channels, ch)
		s.raise(event{kind: "CHANNEL_CREATE", channel: ch, data: fixed(s.showChannel(ch))})
		id = ch.id
	})
	return id
}

func (s *Sim) withChannel(id string, fn func(*channel)) error {
	return s.try(func() error {
		ch := s.channels[id]
		if ch == nil || ch.gone {
			return fmt.Errorf("channel %s: %w", id, ErrNoSuch)
		}
		fn(ch)
		return nil
	})
}

// ArchiveThread archives a thread, as Discord does by itself after a while.
func (s *Sim) ArchiveThread(id string) error {
	return s.withChannel(id, func(ch *channel) { ch.archived = true; s.raiseThread("THREAD_UPDATE", ch) })
}

// LockThread locks or unlocks a thread, as a moderator.
func (s *Sim) LockThread(id string, locked bool) error {
	return s.withChannel(id, func(ch *channel) { ch.locked = locked; s.raiseThread("THREAD_UPDATE", ch) })
}

// RenameThread renames a thread.
func (s *Sim) RenameThread(id, name string) error {
	return s.withChannel(id, func(ch *channel) { ch.name = name; s.raiseThread("THREAD_UPDATE", ch) })
}

// DeleteThread deletes a thread with what is in it.
func (s *Sim) DeleteThread(id string) error { return s.withChannel(id, s.deleteThread) }

// DeleteChannel deletes a channel with its threads.
func (s *Sim) DeleteChannel(id string) error {
	return s.withChannel(id, func(ch *channel) {
		shown := s.showChannel(ch)
		s.raise(event{kind: "CHANNEL_DELETE", channel: ch, data: fixed(shown)})
		for _, th := range s.inOrder(ch.guild) {
			if th.parent == ch {
				th.gone = true
			}
		}
		ch.gone = true
	})
}

// Deny takes permissions from the bot in a channel, Allow gives them back.
func (s *Sim) Deny(channelID string, perms uint64) error {
	return s.permit(channelID, func(o *overwrite) { o.deny |= perms; o.allow &^= perms })
}

// Allow gives the bot permissions in a channel.
func (s *Sim) Allow(channelID string, perms uint64) error {
	return s.permit(channelID, func(o *overwrite) { o.allow |= perms; o.deny &^= perms })
}

func (s *Sim) permit(channelID string, change func(*overwrite)) error {
	return s.withChannel(channelID, func(ch *channel) {
		var mine *overwrite
		for _, o := range ch.overwrites {
			if o.kind == 1 && o.id == s.bot.id {
				mine = o
			}
		}
		if mine == nil {
			mine = &overwrite{id: s.bot.id, kind: 1}
			ch.overwrites = append(ch.overwrites, mine)
		}
		change(mine)
		// Who loses access to a channel is not told so; who can see it is told of the change.
		s.raise(event{kind: "CHANNEL_UPDATE", channel: ch, data: fixed(s.showChannel(ch))})
	})
}

// GrantRole gives or takes permissions of the bot's own role in a guild.
func (s *Sim) GrantRole(guildID string, perms uint64, on bool) {
	s.do(func() {
		for _, g := range s.guilds {
			if g.id != guildID {
				continue
			}
			r := g.roles[1]
			if on {
				r.perms |= perms
			} else {
				r.perms &^= perms
			}
			s.raise(event{kind: "GUILD_ROLE_UPDATE", data: fixed(fields{"guild_id": g.id, "role": showRole(r)})})
		}
	})
}

// KickBot removes the bot from a guild, InviteBot brings it back.
func (s *Sim) KickBot(guildID string) { s.membership(guildID, true) }

// InviteBot brings the bot back into a guild.
func (s *Sim) InviteBot(guildID string) { s.membership(guildID, false) }

func (s *Sim) membership(guildID string, kicked bool) {
	s.do(func() {
		for _, g := range s.guilds {
			if g.id != guildID || g.kicked == kicked {
				continue
			}
			g.kicked = kicked
			if kicked {
				s.raise(event{kind: "GUILD_DELETE", data: fixed(fields{"id": g.id})})
			} else {
				s.raise(event{kind: "GUILD_CREATE", data: fixed(s.showGuild(g))})
			}
		}
	})
}

// GuildOutage makes a guild unavailable for a moment, as Discord's own troubles do.
func (s *Sim) GuildOutage(guildID string, on bool) {
	s.do(func() {
		for _, g := range s.guilds {
			if g.id != guildID {
				continue
			}
			if on {
				s.raise(event{kind: "GUILD_DELETE", data: fixed(fields{"id": g.id, "unavailable": true})})
			} else {
				s.raise(event{kind: "GUILD_CREATE", data: fixed(s.showGuild(g))})
			}
		}
	})
}

// DeleteWebhooks deletes a channel's webhooks, as an admin.
func (s *Sim) DeleteWebhooks(channelID string) error {
	return s.withChannel(channelID, func(ch *channel) {
		for _, h := range s.hooks {
			if h.channel == ch {
				h.gone = true
			}
		}
		s.raise(event{kind: "WEBHOOKS_UPDATE", channel: ch, data: fixed(fields{"guild_id": ch.guild.id, "channel_id": ch.id})})
	})
}

// PostAsWebhook posts by a webhook that somebody else made.
func (s *Sim) PostAsWebhook(channelID, threadID, name, content string) (id string, err error) {
	err = s.withChannel(channelID, func(ch *channel) {
		h := s.newHook(ch, name, false)
		into := ch
		if th := s.channels[threadID]; th != nil {
			into = th
		}
		m := &message{id: s.newID(), channel: into, author: s.bot, webhook: h, username: name, content: normal(content)}
		m.author = &user{id: h.id, name: name, bot: true}
		s.enter(m, nil)
		s.raiseCreate(m)
		id = m.id
	})
	return id, err
}
