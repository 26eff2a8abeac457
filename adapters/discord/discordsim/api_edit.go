package discordsim

import (
	"net/http"
	"strings"
	"time"
)

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
