package discordsim

import (
	"slices"
	"strconv"
)

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
