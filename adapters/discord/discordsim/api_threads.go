package discordsim

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

func (c *call) getChannel() (answer, error) {
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.s.showChannel(ch)}, nil
}

// patchChannel changes a thread: archived, locked, name. An archived thread can only
// be un-archived, a locked one only by who manages threads.
// https://docs.discord.com/developers/topics/threads#editing--deleting-threads
func (c *call) patchChannel() (answer, error) {
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	var d struct {
		Archived *bool   `json:"archived"`
		Locked   *bool   `json:"locked"`
		Name     *string `json:"name"`
	}
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	manages := c.s.has(ch, ManageThreads)
	switch {
	case !ch.thread():
		return answer{}, errPerms
	case d.Locked != nil && *d.Locked != ch.locked && !manages:
		return answer{}, errPerms
	case ch.locked && !manages, ch.owner != c.s.bot.id && !manages && d.Name != nil:
		return answer{}, errPerms
	case ch.archived && (d.Archived == nil || *d.Archived) && (d.Name != nil || d.Locked != nil):
		return answer{}, errArchive
	case d.Name != nil && (length(*d.Name) < 1 || length(*d.Name) > 100):
		return answer{}, badForm("name", "Must be between 1 and 100 in length.")
	}
	if d.Archived != nil {
		ch.archived = *d.Archived
	}
	if d.Locked != nil {
		ch.locked = *d.Locked
	}
	if d.Name != nil {
		ch.name = *d.Name
	}
	c.s.raiseThread("THREAD_UPDATE", ch)
	return answer{body: c.s.showChannel(ch)}, nil
}

func (c *call) deleteChannel() (answer, error) {
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	if !c.s.has(ch, ManageThreads) || !ch.thread() {
		return answer{}, errPerms
	}
	shown := c.s.showChannel(ch)
	c.s.deleteThread(ch)
	return answer{body: shown}, nil
}

type threadDraft struct {
	Name        string   `json:"name"`
	Type        *int     `json:"type"`
	AutoArchive int      `json:"auto_archive_duration"`
	Message     *draft   `json:"message"`
	Tags        []string `json:"applied_tags"`
}

func (d *threadDraft) check() error {
	if length(d.Name) < 1 || length(d.Name) > 100 {
		return badForm("name", "Must be between 1 and 100 in length.")
	}
	if d.AutoArchive != 0 && !slices.Contains([]int{60, 1440, 4320, 10080}, d.AutoArchive) {
		return badForm("auto_archive_duration", "Value must be one of {60, 1440, 4320, 10080}.")
	}
	return nil
}

// threadFromMessage starts a thread whose id is the message's; a second time it is
// refused. https://docs.discord.com/developers/resources/channel#start-thread-from-message
func (c *call) threadFromMessage() (answer, error) {
	ch, m, err := c.message(1)
	if err != nil {
		return answer{}, err
	}
	var d threadDraft
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	if err := d.check(); err != nil {
		return answer{}, err
	}
	switch {
	case ch.thread() || ch.kind == typeForum:
		return answer{}, refuse(400, 50024, "Cannot execute action on this channel type")
	case !c.s.has(ch, CreatePublicThreads):
		return answer{}, errPerms
	case c.s.channels[m.id] != nil:
		return answer{}, refuse(400, 160004, "A thread has already been created for this message")
	}
	th := c.s.openThread(ch, m.id, d.Name, c.s.bot.id, d.AutoArchive)
	m.starts = th
	if !c.s.opts.QuietUpdates {
		c.s.raiseUpdate(m) // its flag HAS_THREAD is set
	}
	c.arrival.Result = th.id
	return answer{status: http.StatusCreated, body: c.s.showChannel(th)}, nil
}

// createThread starts a thread without a message, or a post in a forum.
func (c *call) createThread() (answer, error) {
	s := c.s
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	var d threadDraft
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	if err := d.check(); err != nil {
		return answer{}, err
	}
	if ch.kind != typeForum {
		kind := typePrivate // the default, which surprises
		if d.Type != nil {
			kind = *d.Type
		}
		if !s.has(ch, CreatePublicThreads) || ch.thread() {
			return answer{}, errPerms
		}
		th := s.openThread(ch, s.newID(), d.Name, s.bot.id, d.AutoArchive)
		th.kind = kind
		return answer{status: http.StatusCreated, body: s.showChannel(th)}, nil
	}
	switch {
	case d.Message == nil:
		return answer{}, badForm("message", "This field is required")
	case ch.requireTag && len(d.Tags) == 0:
		return answer{}, refuse(400, 40067, "A tag is required to create a forum post in this channel")
	case len(d.Tags) > 5 || slices.ContainsFunc(d.Tags, func(id string) bool { return !slices.Contains(ch.tags, id) }):
		return answer{}, badForm("applied_tags", "Invalid tag")
	case !s.has(ch, SendMessages) || len(c.files) > 0 && !s.has(ch, AttachFiles):
		return answer{}, errPerms
	}
	if err := c.check(d.Message, len(c.files)); err != nil {
		return answer{}, err
	}
	m := c.compose(ch, d.Message)
	m.nonce = "" // posts of forums have none
	th := s.openThread(ch, m.id, d.Name, s.bot.id, d.AutoArchive)
	th.applied = d.Tags
	m.channel = th
	c.publish(m, d.Message.Mentions)
	shown := s.showChannel(th)
	shown["message"] = s.showMessage(m, false, false)
	return answer{status: http.StatusCreated, body: shown}, nil
}

// openThread makes a thread and tells of it. The caller holds mu.
func (s *Sim) openThread(parent *channel, id, name, owner string, autoArchive int) *channel {
	if autoArchive == 0 {
		autoArchive = 4320
	}
	th := &channel{
		id: id, name: name, kind: typePublic, guild: parent.guild, parent: parent, owner: owner,
		autoArchive: autoArchive, newAt: s.now(),
	}
	s.channels[id] = th
	parent.guild.channels = append(parent.guild.channels, th)
	shown := s.showChannel(th)
	shown["newly_created"] = true
	s.raise(event{kind: "THREAD_CREATE", channel: th, data: fixed(shown)})
	return th
}

func (s *Sim) raiseThread(kind string, th *channel) {
	s.raise(event{kind: kind, channel: th, data: fixed(s.showChannel(th))})
}

// deleteThread removes a thread and what was said in it. The caller holds mu.
func (s *Sim) deleteThread(th *channel) {
	s.raise(event{kind: "THREAD_DELETE", channel: th, data: fixed(fields{
		"id": th.id, "guild_id": th.guild.id, "parent_id": th.parent.id, "type": th.kind,
	})})
	th.gone = true
}

func (c *call) archivedThreads() (answer, error) {
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	if !c.s.has(ch, ReadMessageHistory) {
		return answer{}, errPerms
	}
	limit, _ := strconv.Atoi(c.query.Get("limit"))
	if limit == 0 {
		limit = 50
	}
	before := time.Time{}
	if c.query.Has("before") {
		if before, err = time.Parse(time.RFC3339Nano, c.query.Get("before")); err != nil {
			return answer{}, badForm("before", "Not a timestamp")
		}
	}
	list, more := []fields{}, false
	for _, th := range slices.Backward(c.s.inOrder(ch.guild)) {
		if th.parent != ch || !th.archived || !before.IsZero() && !th.newAt.Before(before) {
			continue
		}
		if len(list) == limit {
			more = true
			break
		}
		list = append(list, c.s.showChannel(th))
	}
	return answer{body: fields{"threads": list, "members": []fields{}, "has_more": more}}, nil
}

func (c *call) joinThread() (answer, error) {
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	if ch.archived {
		return answer{}, errArchive
	}
	return answer{}, nil
}

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

func (c *call) listReactions() (answer, error) {
	_, m, err := c.message(1)
	if err != nil {
		return answer{}, err
	}
	name, id := emojiOf(c.ids[2])
	list := []fields{}
	if r := m.reaction(name, id); r != nil {
		for _, u := range r.users {
			if c.query.Get("after") == "" || compareIDs(u, c.query.Get("after")) > 0 {
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
