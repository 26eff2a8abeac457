package discordsim

import (
	"fmt"
	"slices"
)

// addGuild makes a guild with the bot in it. The caller holds mu, or nobody else knows
// the simulator yet.
func (s *Sim) addGuild(name string) *guild {
	g := &guild{id: s.newID(), name: name, members: map[string][]string{}, nicks: map[string]string{}, avatars: map[string]string{}}
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
	// Forum makes it a forum, Media one for pictures, Announcement an announcement
	// channel; else it is a text channel.
	Forum, Media, Announcement bool
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
		case spec.Media:
			ch.kind = typeMedia
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
	return s.withChannel(id, func(ch *channel) { ch.setArchived(true, s.now()); s.raiseThread("THREAD_UPDATE", ch) })
}

// LockThread locks or unlocks a thread, as a moderator.
func (s *Sim) LockThread(id string, locked bool) error {
	return s.withChannel(id, func(ch *channel) { ch.locked = locked; s.raiseThread("THREAD_UPDATE", ch) })
}

// RenameThread renames a thread.
func (s *Sim) RenameThread(id, name string) error {
	return s.withChannel(id, func(ch *channel) { s.rename(ch, s.moderator(), name); s.raiseThread("THREAD_UPDATE", ch) })
}

// moderator is who does what nobody is named for.
func (s *Sim) moderator() *user {
	if len(s.userOrder) > 0 {
		return s.userOrder[0]
	}
	return &user{id: "1", name: "moderator"}
}

// DeleteThread deletes a thread with what is in it.
func (s *Sim) DeleteThread(id string) error { return s.withChannel(id, s.deleteThread) }

// DeleteChannel deletes a channel with its threads.
func (s *Sim) DeleteChannel(id string) error {
	return s.withChannel(id, func(ch *channel) {
		shown := s.showChannel(ch)
		s.raise(event{kind: "CHANNEL_DELETE", channel: ch, data: fixed(shown)}) // nothing is said of its threads
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
		before := s.sees(ch)
		change(mine)
		s.permitted(ch, before)
	})
}

// SetPermission sets the overwrites of a role or a member in a channel. The id of the
// guild is that of @everyone.
func (s *Sim) SetPermission(channelID, id string, member bool, allow, deny uint64) error {
	return s.withChannel(channelID, func(ch *channel) {
		kind, before := 0, s.sees(ch)
		if member {
			kind = 1
		}
		ch.overwrites = slices.DeleteFunc(ch.overwrites, func(o *overwrite) bool { return o.id == id && o.kind == kind })
		ch.overwrites = append(ch.overwrites, &overwrite{id: id, kind: kind, allow: allow, deny: deny})
		s.permitted(ch, before)
	})
}

// permitted tells of changed permissions. Who loses access to a channel is not told so;
// who gains it is sent its active threads.
// https://docs.discord.com/developers/events/gateway-events#thread-list-sync
func (s *Sim) permitted(ch *channel, before bool) {
	s.raise(event{kind: "CHANNEL_UPDATE", channel: ch, data: fixed(s.showChannel(ch))})
	if before || !s.sees(ch) {
		return
	}
	threads := []fields{}
	for _, th := range s.inOrder(ch.guild) {
		if th.parent == ch && !th.archived && s.sees(th) {
			threads = append(threads, s.showChannel(th))
		}
	}
	s.raise(event{kind: "THREAD_LIST_SYNC", channel: ch, data: fixed(fields{
		"guild_id": ch.guild.id, "channel_ids": []string{ch.id}, "threads": threads, "members": []fields{},
	})})
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

// GuildOutage makes a guild unavailable for a while, as Discord's own troubles do: what
// happens in it meanwhile is told to nobody.
func (s *Sim) GuildOutage(guildID string, on bool) {
	s.do(func() {
		for _, g := range s.guilds {
			if g.id != guildID {
				continue
			}
			if g.out = on; on {
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
		s.raiseHooks(ch)
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
