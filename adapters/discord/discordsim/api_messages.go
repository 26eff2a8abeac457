package discordsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// nonceKey is what an enforced nonce is looked up by: "created by the same author with
// the same nonce", whatever the channel.
// https://docs.discord.com/developers/resources/message#create-message-jsonform-params
type nonceKey struct{ author, nonce string }

// draft is what a create or edit carries.
type draft struct {
	Content     *string         `json:"content"`
	Nonce       json.RawMessage `json:"nonce"`
	Enforce     bool            `json:"enforce_nonce"`
	Embeds      json.RawMessage `json:"embeds"`
	Components  json.RawMessage `json:"components"`
	Mentions    *allowed        `json:"allowed_mentions"`
	Attachments *[]struct {
		ID       json.RawMessage `json:"id"`
		Filename string          `json:"filename"`
	} `json:"attachments"`
	Flags     *int            `json:"flags"`
	Reference json.RawMessage `json:"message_reference"`
	// Those of webhooks.
	Username string   `json:"username"`
	Avatar   string   `json:"avatar_url"`
	Name     string   `json:"thread_name"`
	Tags     []string `json:"applied_tags"`
}

func (d *draft) nonce() string {
	raw := strings.Trim(string(d.Nonce), `"`)
	if raw == "null" {
		return ""
	}
	return raw
}

// channel returns a channel of the path that the bot may view.
func (c *call) channel() (*channel, error) {
	ch := c.s.channels[c.ids[0]]
	switch {
	case ch == nil || ch.gone:
		return nil, errChannel
	case ch.guild.kicked, !c.s.sees(ch):
		return nil, errAccess
	}
	return ch, nil
}

func (c *call) message(n int) (*channel, *message, error) {
	ch, err := c.channel()
	if err != nil {
		return nil, nil, err
	}
	m := ch.find(c.ids[n])
	if m == nil {
		return ch, nil, errMessage
	}
	return ch, m, nil
}

// check holds the limits of a message.
// https://docs.discord.com/developers/resources/message#create-message-jsonform-params
func (c *call) check(d *draft, files int) error {
	content := ""
	if d.Content != nil {
		content = *d.Content
	}
	if err := checkEmbeds(d.Embeds); err != nil {
		return err
	}
	switch {
	case length(content) > 2000:
		return badForm("content", "Must be 2000 or fewer in length.")
	case len(d.nonce()) > 25:
		return badForm("nonce", "Must be 25 or fewer in length.")
	case d.Mentions.bad() != "":
		return badForm(d.Mentions.bad(), "parse and users are mutually exclusive")
	case files > 10:
		return badForm("files", "Must be 10 or fewer in length.")
	}
	for _, f := range c.files {
		if int64(len(f.data)) > c.s.opts.MaxFile {
			return errSize
		}
	}
	if err := checkComponents(d.Components); err != nil {
		return err
	}
	if normal(content) == "" && files == 0 && none(d.Embeds) && none(d.Components) {
		return refuse(400, 50006, "Cannot send an empty message")
	}
	return nil
}

// none says whether a list is missing, null or empty.
func none(list json.RawMessage) bool {
	text := strings.Join(strings.Fields(string(list)), "")
	return text == "" || text == "null" || text == "[]"
}

// checkComponents holds the rules of buttons in rows.
// https://docs.discord.com/developers/components/reference#button
func checkComponents(raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	var rows []struct {
		Type       int `json:"type"`
		Components []struct {
			CustomID string `json:"custom_id"`
			Label    string `json:"label"`
			URL      string `json:"url"`
		} `json:"components"`
	}
	if json.Unmarshal(raw, &rows) != nil || len(rows) > 5 {
		return badForm("components", "Must be 5 or fewer in length.")
	}
	seen := map[string]bool{}
	for _, row := range rows {
		if len(row.Components) > 5 {
			return badForm("components", "Must be 5 or fewer in length.")
		}
		for _, b := range row.Components {
			if len(b.CustomID) > 100 || length(b.Label) > 80 || b.CustomID != "" && seen[b.CustomID] || (b.CustomID == "") == (b.URL == "") {
				return badForm("components", "custom_id is invalid or duplicated")
			}
			seen[b.CustomID] = true
		}
	}
	return nil
}

// mayWrite checks the permissions for a post by the bot.
func (c *call) mayWrite(ch *channel, d *draft) error {
	s := c.s
	need := SendMessages
	if ch.thread() {
		need = SendMessagesInThreads
	}
	if len(c.files) > 0 {
		need |= AttachFiles
	}
	switch {
	case ch.forum():
		return refuse(400, 50008, "Cannot send messages in a non-text channel")
	case !s.has(ch, need):
		return errPerms
	case !none(d.Embeds) && !s.has(ch, EmbedLinks):
		return errPerms
	case ch.thread() && ch.locked && !s.has(ch, ManageThreads):
		return errLocked
	}
	return nil
}

func (c *call) createMessage() (answer, error) {
	s := c.s
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	var d draft
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	if err := c.mayWrite(ch, &d); err != nil {
		return answer{}, err
	}
	if err := c.check(&d, len(c.files)); err != nil {
		return answer{}, err
	}
	key := nonceKey{s.bot.id, d.nonce()}
	if old := s.nonces[key]; d.Enforce && key.nonce != "" && old != nil && s.now().Sub(idTime(old.id)) < s.opts.NonceWindow {
		if old.gone {
			return answer{}, errMessage // https://github.com/discord/discord-api-docs/pull/6647
		}
		return answer{body: s.withNonce(old)}, nil
	}
	if err := checkReference(ch, &d); err != nil {
		return answer{}, err
	}
	m := c.compose(ch, &d)
	if key.nonce != "" {
		s.nonces[key] = m
	}
	c.publish(m, d.Mentions)
	return answer{body: s.withNonce(m)}, nil
}

// checkReference refuses a reply to what is not there, unless fail_if_not_exists is false.
// https://docs.discord.com/developers/resources/message#message-reference-structure
func checkReference(ch *channel, d *draft) error {
	var ref struct {
		Message string `json:"message_id"`
		Fail    *bool  `json:"fail_if_not_exists"`
	}
	if len(d.Reference) == 0 || json.Unmarshal(d.Reference, &ref) != nil || ref.Message == "" {
		return nil
	}
	if ch.find(ref.Message) == nil && (ref.Fail == nil || *ref.Fail) {
		return badForm("message_reference", "Unknown message")
	}
	return nil
}

// replied is the message that one answers, if it is still there.
func replied(m *message) *message {
	var ref struct {
		Message string `json:"message_id"`
	}
	if len(m.reference) == 0 || json.Unmarshal(m.reference, &ref) != nil {
		return nil
	}
	return m.channel.find(ref.Message)
}

// withNonce shows a message with its nonce, which only answers to its maker and events have.
func (s *Sim) withNonce(m *message) fields {
	shown := s.showMessage(m, false, false)
	if m.nonce != "" {
		shown["nonce"] = m.nonce
	}
	return shown
}

// compose makes the message; it is in no channel yet.
func (c *call) compose(ch *channel, d *draft) *message {
	s := c.s
	m := &message{
		id: s.newID(), channel: ch, author: s.bot, nonce: d.nonce(), embeds: d.Embeds, components: d.Components, reference: d.Reference,
	}
	if d.Content != nil {
		m.content = normal(*d.Content)
	}
	if d.Flags != nil {
		m.flags = *d.Flags & (4 | 4096)
	}
	if replied(m) != nil {
		m.kind = kindReply
	} else {
		m.reference = nil
	}
	m.files = c.newFiles(d)
	c.arrival.Result = m.id
	return m
}

// newFiles keeps what was uploaded; attachments[].id n names files[n].
// https://docs.discord.com/developers/reference#uploading-files
func (c *call) newFiles(d *draft) (list []*attachment) {
	for _, f := range c.files {
		name := f.name
		if d.Attachments != nil {
			for _, a := range *d.Attachments {
				if a.Filename != "" && strings.Trim(string(a.ID), `"`) == f.n {
					name = a.Filename
				}
			}
		}
		list = append(list, c.s.newFile(name, f.data))
	}
	return list
}

// normal is what Discord makes of a text: blanks at its ends are cut.
func normal(s string) string { return strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD")) }

// publish puts a message into its channel and tells of it, before or after the answer.
func (c *call) publish(m *message, a *allowed) {
	s := c.s
	s.enter(m, a)
	tell := func() { s.raiseCreate(m) }
	if s.opts.Echo == EchoAfter || s.opts.Echo == EchoDuring && s.rng.IntN(2) == 0 {
		c.after = append(c.after, tell)
		return
	}
	tell()
}

// enter puts a message into its channel, un-archives a thread, notes who is called.
func (s *Sim) enter(m *message, a *allowed) {
	ch := m.channel
	ch.messages = append(ch.messages, m)
	s.mention(m, a, false)
	if ch.thread() && ch.archived {
		ch.setArchived(false, s.now())
		s.raiseThread("THREAD_UPDATE", ch)
	}
}

func (s *Sim) raiseCreate(m *message) {
	own := m.author == s.bot && m.webhook == nil
	at := *m // as it is now
	s.raise(event{kind: "MESSAGE_CREATE", channel: m.channel, own: own, data: func(hidden bool) any { return s.showMessage(&at, true, hidden) }})
	if !s.opts.QuietUpdates && strings.Contains(m.content, "http") && m.flags&4 == 0 {
		s.raiseUpdate(m) // the previews of links come as an update that is no edit
	}
}

func (s *Sim) raiseUpdate(m *message) {
	own := m.author == s.bot && m.webhook == nil
	at := *m
	s.raise(event{kind: "MESSAGE_UPDATE", channel: m.channel, own: own, data: func(hidden bool) any { return s.showMessage(&at, true, hidden) }})
}

func (s *Sim) raiseDelete(m *message) {
	s.raise(event{kind: "MESSAGE_DELETE", channel: m.channel, data: fixed(fields{
		"id": m.id, "channel_id": m.channel.id, "guild_id": m.channel.guild.id,
	})})
}

// listMessages gives the newest first. With after it is the page next to that id.
// https://docs.discord.com/developers/resources/message#get-channel-messages
func (c *call) listMessages() (answer, error) {
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	limit, err := strconv.Atoi(c.query.Get("limit"))
	if c.query.Get("limit") == "" {
		limit, err = 50, nil
	}
	if err != nil || limit < 1 || limit > 100 {
		return answer{}, badForm("limit", "int value should be between 1 and 100.")
	}
	list := ch.messages
	switch {
	case !c.s.has(ch, ReadMessageHistory):
		list = nil // no error
	case c.query.Has("after"):
		i, found := slices.BinarySearchFunc(list, c.query.Get("after"), func(m *message, id string) int { return compareIDs(m.id, id) })
		if found {
			i++
		}
		list = list[i:min(len(list), i+limit)]
	case c.query.Has("before"):
		i, _ := slices.BinarySearchFunc(list, c.query.Get("before"), func(m *message, id string) int { return compareIDs(m.id, id) })
		list = list[max(0, i-limit):i]
	case c.query.Has("around"):
		i, _ := slices.BinarySearchFunc(list, c.query.Get("around"), func(m *message, id string) int { return compareIDs(m.id, id) })
		from := max(0, i-limit/2)
		list = list[from:min(len(list), from+limit)]
	default:
		list = list[max(0, len(list)-limit):]
	}
	out := []fields{}
	for _, m := range slices.Backward(list) {
		out = append(out, c.s.showMessage(m, false, c.hidden(m)))
	}
	return answer{body: out}, nil
}

// hidden: without MESSAGE_CONTENT in the portal listings are blank, too.
func (c *call) hidden(m *message) bool { return c.s.opts.NoContent && m.author != c.s.bot }

func (c *call) getMessage() (answer, error) {
	ch, m, err := c.message(1)
	if err != nil {
		return answer{}, err
	}
	if !c.s.has(ch, ReadMessageHistory) {
		return answer{}, errPerms
	}
	return answer{body: c.s.showMessage(m, false, c.hidden(m))}, nil
}

func (c *call) editMessage() (answer, error) {
	ch, m, err := c.message(1)
	if err != nil {
		return answer{}, err
	}
	if m.kind == kindStarter {
		return answer{}, refuse(403, 50021, "Cannot execute action on a system message")
	}
	if m.author != c.s.bot || m.webhook != nil {
		return answer{}, refuse(403, 50005, "Cannot edit a message authored by another user")
	}
	return c.change(ch, m)
}

// change edits a message: what is not spoken of stays.
func (c *call) change(ch *channel, m *message) (answer, error) {
	s := c.s
	if ch.archived {
		return answer{}, errArchive
	}
	var d draft
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	whole, kept := d, keptFiles(&d, m)
	if whole.Content == nil {
		whole.Content = &m.content
	}
	if whole.Embeds == nil {
		whole.Embeds = m.embeds
	}
	if whole.Components == nil {
		whole.Components = m.components
	}
	if err := c.check(&whole, len(kept)+len(c.files)); err != nil {
		return answer{}, err
	}
	if d.Content != nil {
		m.content = normal(*d.Content)
	}
	if d.Embeds != nil {
		m.embeds = d.Embeds
	}
	if d.Components != nil {
		m.components = d.Components
	}
	if d.Flags != nil {
		m.flags = m.flags&^4 | *d.Flags&4 // no other can be changed
	}
	m.files = append(kept, c.newFiles(&d)...)
	m.edited = s.now().Truncate(time.Microsecond)
	s.mention(m, d.Mentions, true)
	c.arrival.Result = m.id
	s.raiseUpdate(m)
	return answer{body: s.showMessage(m, false, false)}, nil
}

// keptFiles are those that remain: with "attachments" only the ones it lists.
// https://docs.discord.com/developers/resources/message#edit-message
func keptFiles(d *draft, m *message) (list []*attachment) {
	for _, a := range m.files {
		keep := d.Attachments == nil
		if !keep {
			for _, listed := range *d.Attachments {
				keep = keep || strings.Trim(string(listed.ID), `"`) == a.id
			}
		}
		if keep {
			list = append(list, a)
		}
	}
	return list
}

// deleteMessage: what stands in an archived thread cannot be deleted either, by
// https://github.com/victornpb/undiscord/pull/520, nor what Discord itself says there.
func (c *call) deleteMessage() (answer, error) {
	ch, m, err := c.message(1)
	if err != nil {
		return answer{}, err
	}
	switch {
	case m.kind == kindStarter:
		return answer{}, refuse(403, 50021, "Cannot execute action on a system message")
	case (m.author != c.s.bot || m.webhook != nil) && !c.s.has(ch, ManageMessages):
		return answer{}, errPerms
	case ch.archived:
		return answer{}, errArchive
	}
	c.s.takeAway(m)
	return answer{status: http.StatusNoContent}, nil
}

func (s *Sim) takeAway(m *message) {
	m.channel.remove(m)
	s.raiseDelete(m)
}
