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
	case ch.locked && !manages, ch.owner != c.s.bot.id && !manages && (d.Name != nil || d.Archived != nil && *d.Archived):
		return answer{}, errPerms
	case !manages && !c.s.has(ch, SendMessagesInThreads):
		return answer{}, errPerms
	case ch.archived && (d.Archived == nil || *d.Archived) && (d.Name != nil || d.Locked != nil):
		return answer{}, errArchive
	case d.Name != nil && (length(*d.Name) < 1 || length(*d.Name) > 100):
		return answer{}, badForm("name", "Must be between 1 and 100 in length.")
	}
	if d.Archived != nil && !*d.Archived && ch.archived && c.s.full(ch.guild) {
		return answer{}, errThreads
	}
	if d.Archived != nil {
		ch.setArchived(*d.Archived, c.s.now())
	}
	if d.Locked != nil {
		ch.locked = *d.Locked
	}
	if d.Name != nil {
		c.s.rename(ch, c.s.bot, *d.Name)
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
	case ch.thread() || ch.forum():
		return answer{}, errKind
	case !c.s.has(ch, CreatePublicThreads), !c.s.has(ch, ReadMessageHistory):
		return answer{}, errPerms
	case c.s.channels[m.id] != nil:
		return answer{}, refuse(400, 160004, "A thread has already been created for this message")
	case c.s.full(ch.guild):
		return answer{}, errThreads
	}
	th := c.s.threadOn(m, c.s.bot, d.Name, d.AutoArchive)
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
	if s.full(ch.guild) {
		return answer{}, errThreads
	}
	if !ch.forum() {
		return c.createBareThread(ch, &d)
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
	th := s.openThread(ch, m.id, typePublic, d.Name, s.bot.id, d.AutoArchive)
	th.applied = d.Tags
	m.channel = th
	c.publish(m, d.Message.Mentions)
	shown := s.showChannel(th)
	shown["message"] = s.showMessage(m, false, false)
	return answer{status: http.StatusCreated, body: shown}, nil
}

// createBareThread starts a thread that hangs on no message. Its type is private unless
// one is given. https://docs.discord.com/developers/resources/channel#start-thread-without-message
func (c *call) createBareThread(ch *channel, d *threadDraft) (answer, error) {
	s := c.s
	kind, need := typePrivate, CreatePrivateThreads
	if d.Type != nil {
		kind = *d.Type
	}
	switch kind {
	case typePublic, typeNewsThread:
		need = CreatePublicThreads
	case typePrivate:
	default:
		return answer{}, badForm("type", "Value must be one of {10, 11, 12}.")
	}
	switch {
	case ch.thread():
		return answer{}, errKind
	case !s.has(ch, need):
		return answer{}, errPerms
	}
	th := s.openThread(ch, s.newID(), kind, d.Name, s.bot.id, d.AutoArchive)
	if kind != typePrivate {
		s.announce(&message{id: s.newID(), channel: ch, author: s.bot, kind: kindThread, content: d.Name, starts: th})
	}
	c.arrival.Result = th.id
	return answer{status: http.StatusCreated, body: s.showChannel(th)}, nil
}

var errThreads = refuse(400, 160006, "Maximum number of active threads reached")

// full says whether a guild has as many active threads as it may.
func (s *Sim) full(g *guild) bool {
	n := 0
	for _, ch := range g.channels {
		if ch.thread() && !ch.gone && !ch.archived {
			n++
		}
	}
	return n >= s.opts.ActiveThreads
}

// threadOn starts a thread from a message. Discord then puts a starter message into the
// thread, which tells nothing new, and marks the message. The caller holds mu.
// https://docs.discord.com/developers/topics/threads
func (s *Sim) threadOn(m *message, owner *user, name string, autoArchive int) *channel {
	kind := typePublic
	if m.channel.kind == typeAnnouncement {
		kind = typeNewsThread
	}
	th := s.openThread(m.channel, m.id, kind, name, owner.id, autoArchive)
	m.starts = th
	s.announce(&message{id: s.newID(), channel: th, author: owner, kind: kindStarter, reference: encode(fields{
		"type": 0, "message_id": m.id, "channel_id": m.channel.id, "guild_id": m.channel.guild.id,
	})})
	if !s.opts.QuietUpdates {
		s.raiseUpdate(m) // its flag HAS_THREAD is set
	}
	return th
}

// announce lets Discord itself say something. The caller holds mu.
func (s *Sim) announce(m *message) {
	m.channel.messages = append(m.channel.messages, m)
	s.raiseCreate(m)
}

// rename renames a thread, which is told in it. The caller holds mu.
func (s *Sim) rename(th *channel, by *user, name string) {
	if th.name != name {
		th.name = name
		s.announce(&message{id: s.newID(), channel: th, author: by, kind: kindRename, content: name})
	}
}

// openThread makes a thread and tells of it. The caller holds mu.
func (s *Sim) openThread(parent *channel, id string, kind int, name, owner string, autoArchive int) *channel {
	if autoArchive == 0 {
		autoArchive = 4320
	}
	th := &channel{
		id: id, name: name, kind: kind, guild: parent.guild, parent: parent, owner: owner,
		autoArchive: autoArchive, newAt: s.now(), archivedAt: s.now(),
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

// archivedThreads lists them by the time at which they were archived, newest first.
// https://docs.discord.com/developers/resources/channel#list-public-archived-threads
func (c *call) archivedThreads() (answer, error) {
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	if !c.s.has(ch, ReadMessageHistory) {
		return answer{}, errPerms
	}
	limit, _ := strconv.Atoi(c.query.Get("limit"))
	if limit < 1 {
		limit = 50
	}
	before := time.Time{}
	if c.query.Has("before") {
		if before, err = time.Parse(time.RFC3339Nano, c.query.Get("before")); err != nil {
			return answer{}, badForm("before", "Not a timestamp")
		}
	}
	var archived []*channel
	for _, th := range c.s.inOrder(ch.guild) {
		if th.parent == ch && th.archived && th.kind != typePrivate && (before.IsZero() || th.archivedAt.Before(before)) {
			archived = append(archived, th)
		}
	}
	slices.SortStableFunc(archived, func(a, b *channel) int { return b.archivedAt.Compare(a.archivedAt) })
	list := []fields{}
	for _, th := range archived[:min(limit, len(archived))] {
		list = append(list, c.s.showChannel(th))
	}
	return answer{body: fields{"threads": list, "members": []fields{}, "has_more": len(archived) > limit}}, nil
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
