package discordsim

import (
	"errors"
	"net/http"
	"strings"
)

func (c *call) channelWebhooks() (answer, error) {
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	if !c.s.has(ch, ManageWebhooks) {
		return answer{}, errPerms
	}
	list := []fields{}
	for _, h := range c.s.hooks {
		if h.channel == ch && !h.gone {
			list = append(list, c.s.showHook(h))
		}
	}
	return answer{body: list}, nil
}

// showHook tells the token only of a webhook of the asking application.
func (s *Sim) showHook(h *webhook) fields {
	f := fields{"id": h.id, "type": 1, "name": h.name, "channel_id": h.channel.id, "guild_id": h.channel.guild.id, "application_id": nil}
	if h.byApp {
		f["application_id"], f["token"] = s.appID, h.token
	}
	return f
}

// createWebhook makes one of at most 15 in a channel.
// https://docs.discord.com/developers/resources/webhook#create-webhook
func (c *call) createWebhook() (answer, error) {
	ch, err := c.channel()
	if err != nil {
		return answer{}, err
	}
	var d struct {
		Name string `json:"name"`
	}
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	lower, count := strings.ToLower(d.Name), 0
	for _, h := range c.s.hooks {
		if h.channel == ch && !h.gone {
			count++
		}
	}
	switch {
	case !c.s.has(ch, ManageWebhooks):
		return answer{}, errPerms
	case ch.thread():
		return answer{}, errKind
	case length(d.Name) < 1 || length(d.Name) > 80 || strings.Contains(lower, "clyde") || strings.Contains(lower, "discord"):
		return answer{}, badForm("name", "Username cannot contain \"discord\"")
	case count >= 15:
		return answer{}, refuse(400, 30007, "Maximum number of webhooks reached (15)")
	}
	h := c.s.newHook(ch, d.Name, true)
	c.s.raiseHooks(ch)
	return answer{body: c.s.showHook(h)}, nil
}

func (s *Sim) newHook(ch *channel, name string, byApp bool) *webhook {
	id := s.newID()
	h := &webhook{id: id, token: "hooktoken-" + id, name: name, channel: ch, byApp: byApp}
	s.webhooks[h.id] = h
	s.hooks = append(s.hooks, h)
	return h
}

// hook checks the token of the path, which may be an interaction's instead.
func (c *call) hook() (*webhook, error) {
	h := c.s.webhooks[c.ids[0]]
	switch {
	case h == nil || h.gone || h.channel.gone:
		return nil, errHook
	case h.token != c.ids[1]:
		return nil, errHookKey
	}
	return h, nil
}

var errHookForum = refuse(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")

// ownHook returns a webhook of the path that the bot may manage.
func (c *call) ownHook() (*webhook, error) {
	h := c.s.webhooks[c.ids[0]]
	switch {
	case h == nil || h.gone || h.channel.gone || h.channel.guild.kicked:
		return nil, errHook
	case !c.s.has(h.channel, ManageWebhooks):
		return nil, errPerms
	}
	return h, nil
}

func (c *call) getWebhook() (answer, error) {
	h, err := c.ownHook()
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.s.showHook(h)}, nil
}

func (c *call) deleteWebhook() (answer, error) {
	h, err := c.ownHook()
	if err != nil {
		return answer{}, err
	}
	h.gone = true
	c.s.raiseHooks(h.channel)
	return answer{}, nil
}

// raiseHooks tells that a channel's webhooks changed, not which or how.
func (s *Sim) raiseHooks(ch *channel) {
	s.raise(event{kind: "WEBHOOKS_UPDATE", channel: ch, data: fixed(fields{"guild_id": ch.guild.id, "channel_id": ch.id})})
}

// hookThread is where a webhook writes: its channel, or the thread that thread_id names.
func (c *call) hookThread(h *webhook) (*channel, error) {
	id := c.query.Get("thread_id")
	if id == "" {
		if h.channel.forum() {
			return nil, errHookForum
		}
		return h.channel, nil
	}
	ch := c.s.channels[id]
	if ch == nil || ch.gone || ch.parent != h.channel {
		return nil, errChannel
	}
	return ch, nil
}

// executeWebhook posts. Without wait nothing of the outcome is told.
// https://docs.discord.com/developers/resources/webhook#execute-webhook
func (c *call) executeWebhook() (answer, error) {
	if c.ids[0] == c.s.appID {
		return c.followUp()
	}
	h, err := c.hook()
	if err != nil {
		return answer{}, err
	}
	var d draft
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	m, err := c.hookPost(h, &d)
	switch {
	case err != nil && c.query.Get("wait") == "true":
		return answer{}, err
	case err != nil: // "a message that is not saved does not return an error"
		return answer{status: http.StatusNoContent}, nil
	}
	c.publish(m, d.Mentions)
	if c.query.Get("wait") != "true" {
		return answer{status: http.StatusNoContent}, nil
	}
	return answer{body: c.s.showMessage(m, false, false)}, nil
}

// hookPost makes a webhook's message. In a forum thread_name opens a post for it.
func (c *call) hookPost(h *webhook, d *draft) (*message, error) {
	ch, err := c.hookThread(h)
	opens := errors.Is(err, errHookForum) && d.Name != ""
	lower := strings.ToLower(d.Username)
	switch {
	case err != nil && !opens:
		return nil, err
	case d.Name != "" && !h.channel.forum():
		return nil, refuse(400, 220003, "Webhooks can only create threads in forum channels")
	case d.Name != "" && !opens:
		return nil, refuse(400, 220002, "Webhooks posted to forum channels cannot have both a thread_name and thread_id")
	case opens && h.channel.requireTag && len(d.Tags) == 0:
		return nil, refuse(400, 40067, "A tag is required to create a forum post in this channel")
	case length(d.Username) > 80 || strings.Contains(lower, "clyde") || strings.Contains(lower, "discord"):
		return nil, badForm("username", "Username cannot contain \"discord\"")
	case !webAddress(d.Avatar):
		return nil, badForm("avatar_url", "Not a well formed URL.")
	case !opens && ch.thread() && ch.locked:
		return nil, errLocked
	}
	if err := c.check(d, len(c.files)); err != nil {
		return nil, err
	}
	if opens {
		ch = h.channel
	}
	m := c.compose(ch, d)
	m.nonce, m.kind, m.reference = "", 0, nil // webhooks have neither nonce nor replies
	m.webhook, m.username, m.avatar = h, d.Username, d.Avatar
	if m.username == "" {
		m.username = h.name
	}
	if opens {
		m.channel = c.s.openThread(ch, m.id, typePublic, d.Name, h.id, 0)
		m.channel.applied = d.Tags
	}
	return m, nil
}

func (c *call) hookMessage() (*channel, *message, error) {
	h, err := c.hook()
	if err != nil {
		return nil, nil, err
	}
	ch, err := c.hookThread(h)
	if err != nil {
		return nil, nil, err
	}
	m := ch.find(c.ids[2])
	if m == nil || m.webhook != h {
		return nil, nil, errMessage
	}
	return ch, m, nil
}

func (c *call) getHookMessage() (answer, error) {
	_, m, err := c.hookMessage()
	if err != nil {
		return answer{}, err
	}
	return answer{body: c.s.showMessage(m, false, false)}, nil
}

func (c *call) editHookMessage() (answer, error) {
	ch, m, err := c.hookMessage()
	if err != nil {
		return answer{}, err
	}
	return c.change(ch, m)
}

func (c *call) deleteHookMessage() (answer, error) {
	_, m, err := c.hookMessage()
	if err != nil {
		return answer{}, err
	}
	c.s.takeAway(m)
	return answer{status: http.StatusNoContent}, nil
}
