package discordsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// fields is a JSON object.
type fields map[string]any

const stamp = "2006-01-02T15:04:05.000000-07:00"

func showUser(u *user) fields {
	return fields{"id": u.id, "username": u.name, "global_name": orNil(u.global), "bot": u.bot, "avatar": orNil(u.avatar), "discriminator": "0"}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (g *guild) showMember(u *user, withUser bool) fields {
	roles := append([]string{}, g.members[u.id]...)
	m := fields{"nick": orNil(g.nicks[u.id]), "avatar": orNil(g.avatars[u.id]), "roles": roles, "joined_at": "2024-01-01T00:00:00.000000+00:00", "deaf": false, "mute": false, "flags": 0}
	if withUser {
		m["user"] = showUser(u)
	}
	return m
}

func showRole(r *role) fields {
	return fields{"id": r.id, "name": r.name, "permissions": strconv.FormatUint(r.perms, 10), "position": 0, "mentionable": false, "managed": false}
}

func (s *Sim) showChannel(c *channel) fields {
	f := fields{"id": c.id, "type": c.kind, "name": c.name, "guild_id": c.guild.id, "last_message_id": nil, "flags": 0}
	if n := len(c.messages); n > 0 {
		f["last_message_id"] = c.messages[n-1].id
	}
	if c.parent != nil {
		f["parent_id"] = c.parent.id
	}
	if c.thread() {
		f["owner_id"] = c.owner
		f["applied_tags"] = append([]string{}, c.applied...)
		f["message_count"] = len(c.messages)
		f["thread_metadata"] = fields{
			"archived": c.archived, "locked": c.locked, "auto_archive_duration": c.autoArchive,
			"archive_timestamp": c.archivedAt.UTC().Format(stamp), "create_timestamp": c.newAt.UTC().Format(stamp),
		}
		return f
	}
	list := []fields{}
	for _, o := range c.overwrites {
		list = append(list, fields{"id": o.id, "type": o.kind, "allow": strconv.FormatUint(o.allow, 10), "deny": strconv.FormatUint(o.deny, 10)})
	}
	f["permission_overwrites"] = list
	if c.forum() {
		tags := []fields{}
		for i, id := range c.tags {
			tags = append(tags, fields{"id": id, "name": fmt.Sprint("tag ", i+1), "moderated": false})
		}
		f["available_tags"] = tags
		if c.requireTag {
			f["flags"] = 1 << 4
		}
	}
	return f
}

func (s *Sim) showGuild(g *guild) fields {
	channels, threads, roles := []fields{}, []fields{}, []fields{}
	for _, c := range s.inOrder(g) {
		switch {
		case c.thread() && !c.archived && s.has(c, ViewChannel):
			threads = append(threads, s.showChannel(c))
		case !c.thread():
			channels = append(channels, s.showChannel(c))
		}
	}
	for _, r := range g.roles {
		roles = append(roles, showRole(r))
	}
	return fields{
		"id": g.id, "name": g.name, "unavailable": false, "member_count": len(g.members), "owner_id": "1", "large": false,
		"channels": channels, "threads": threads, "roles": roles, "members": []fields{g.showMember(s.bot, true)}, "premium_tier": 0,
	}
}

func (s *Sim) inOrder(g *guild) []*channel {
	out := make([]*channel, 0, len(g.channels))
	for _, c := range g.channels {
		if !c.gone {
			out = append(out, c)
		}
	}
	return out
}

// showMessage is the message object. For events it has guild and member too; hidden
// leaves out what an app without MESSAGE_CONTENT may not see.
func (s *Sim) showMessage(m *message, event, hidden bool) fields {
	f := s.showAlone(m, event, hidden)
	if to := replied(m); to != nil {
		f["referenced_message"] = s.showAlone(to, false, hidden && to.author != s.bot)
	} else if m.kind == kindReply {
		f["referenced_message"] = nil // it was deleted
	}
	return f
}

// showAlone is the message object without the message that it answers.
func (s *Sim) showAlone(m *message, event, hidden bool) fields {
	var author fields
	if m.webhook != nil {
		author = fields{"id": m.webhook.id, "username": m.username, "avatar": orNil(copiedPicture(m.avatar)), "bot": true, "discriminator": "0000"}
	} else {
		author = showUser(m.author)
	}
	f := fields{
		"id": m.id, "channel_id": m.channel.id, "type": m.kind, "author": author, "content": m.content, "flags": m.flags,
		"timestamp": idTime(m.id).UTC().Format(stamp), "edited_timestamp": nil, "tts": false, "pinned": false,
		"mention_everyone": m.everyone, "mentions": []fields{}, "mention_roles": append([]string{}, m.roles...),
		"attachments": []fields{}, "embeds": json.RawMessage("[]"), "components": json.RawMessage("[]"),
	}
	if !m.edited.IsZero() {
		f["edited_timestamp"] = m.edited.UTC().Format(stamp)
	}
	if m.webhook != nil {
		f["webhook_id"] = m.webhook.id
		if m.webhook.byApp {
			f["application_id"] = s.appID
		}
	}
	if m.author == s.bot && m.webhook == nil && m.interaction {
		f["application_id"] = s.appID
	}
	s.fillContent(f, m)
	if hidden && !slices.Contains(m.mentions, s.bot.id) {
		f["content"], f["attachments"], f["embeds"], f["components"] = "", []fields{}, []fields{}, []fields{}
	}
	if m.starts != nil && !m.starts.gone {
		f["thread"] = s.showChannel(m.starts)
		f["flags"] = m.flags | 32
	}
	if event {
		f["guild_id"] = m.channel.guild.id
		if m.webhook == nil {
			f["member"] = m.channel.guild.showMember(m.author, false)
		}
		if m.nonce != "" {
			f["nonce"] = m.nonce
		}
	}
	return f
}

func (s *Sim) fillContent(f fields, m *message) {
	mentions := []fields{}
	for _, id := range m.mentions {
		if u := s.users[id]; u != nil {
			shown := showUser(u)
			shown["member"] = m.channel.guild.showMember(u, false)
			mentions = append(mentions, shown)
		}
	}
	f["mentions"] = mentions
	files := []fields{}
	for _, a := range m.files {
		files = append(files, fields{
			"id": a.id, "filename": a.name, "content_type": a.kind, "size": len(a.content),
			"url": s.fileURL(m.channel.id, a), "proxy_url": s.fileURL(m.channel.id, a),
		})
	}
	f["attachments"] = files
	for name, raw := range map[string]json.RawMessage{
		"embeds": m.embeds, "components": m.components, "message_reference": m.reference, "message_snapshots": m.snapshots,
	} {
		if len(raw) > 0 {
			f[name] = raw
		}
	}
	if m.channel.thread() {
		i, _ := slices.BinarySearchFunc(m.channel.messages, m.id, func(o *message, id string) int { return compareIDs(o.id, id) })
		f["position"] = i
	}
	if len(m.reactions) > 0 {
		list := []fields{}
		for _, r := range m.reactions {
			mine := false
			for _, u := range r.users {
				mine = mine || u == s.bot.id
			}
			list = append(list, fields{"count": len(r.users), "me": mine, "emoji": showEmoji(r.emoji, r.emojiID)})
		}
		f["reactions"] = list
	}
}

func showEmoji(name, id string) fields { return fields{"name": name, "id": orNil(id)} }

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("encode an answer: " + err.Error()) // unreachable: everything shown marshals
	}
	return raw
}

func epochSeconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
