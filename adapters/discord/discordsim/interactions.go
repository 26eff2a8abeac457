package discordsim

import (
	"encoding/json"
	"fmt"
	"time"
)

// interaction is one use of a button, command or form that waits for its answer.
type interaction struct {
	id, token string
	user      *user
	channel   *channel
	message   *message
	madeAt    time.Time
	answered  bool
	deferred  bool
	hidden    bool // the deferred answer is shown to the user only
	modal     json.RawMessage
}

// Ephemeral is an answer that only its user sees.
type Ephemeral struct {
	User, Channel, Interaction string
	Content                    string
	Raw                        json.RawMessage
}

// interact tells the app that somebody used something. The caller holds mu.
func (s *Sim) interact(u *user, ch *channel, m *message, kind int, data fields) *interaction {
	id := s.newID()
	in := &interaction{id: id, token: "interaction-" + id, user: u, channel: ch, message: m, madeAt: s.now()}
	s.inters[in.token] = in
	f := fields{
		"id": in.id, "application_id": s.appID, "type": kind, "token": in.token, "version": 1, "data": data,
		"guild_id": ch.guild.id, "channel_id": ch.id, "channel": s.showChannel(ch), "member": ch.guild.showMember(u, true),
		"app_permissions": fmt.Sprint(may(ch, s.bot.id)), "locale": "en-GB",
	}
	if m != nil && kind == 3 {
		f["message"] = s.showMessage(m, false, false)
	}
	// Interactions come whatever the bot may see of the channel.
	s.raise(event{kind: "INTERACTION_CREATE", data: fixed(f)})
	return in
}

// interactionCallback is the first answer, within three seconds.
// https://docs.discord.com/developers/interactions/receiving-and-responding
func (c *call) interactionCallback() (answer, error) {
	s := c.s
	in := s.inters[c.ids[1]]
	if in == nil || in.id != c.ids[0] || s.now().Sub(in.madeAt) > s.opts.AnswerWithin && !in.answered {
		return answer{}, refuse(404, 10062, "Unknown interaction")
	}
	if in.answered {
		return answer{}, refuse(400, 40060, "Interaction has already been acknowledged.")
	}
	var d struct {
		Type int             `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	in.answered = true
	switch d.Type {
	case 4:
		return answer{}, c.say(in, d.Data)
	case 5, 6:
		var data struct {
			Flags int `json:"flags"`
		}
		_ = json.Unmarshal(d.Data, &data)
		in.deferred, in.hidden = true, d.Type == 5 && data.Flags&64 != 0
	case 7:
		if in.message != nil {
			c.body = d.Data
			_, err := c.change(in.message.channel, in.message)
			return answer{}, err
		}
	case 9:
		in.modal = d.Data
	default:
		return answer{}, badForm("type", "unknown")
	}
	return answer{}, nil
}

// followUp is an answer after the first, within 15 minutes.
func (c *call) followUp(in *interaction) (answer, error) {
	if !in.answered || c.s.now().Sub(in.madeAt) > 15*time.Minute {
		return answer{}, refuse(401, 50027, "Invalid Webhook Token")
	}
	if err := c.say(in, c.body); err != nil {
		return answer{}, err
	}
	return answer{body: fields{"id": c.s.newID(), "channel_id": in.channel.id, "content": ""}}, nil
}

// editOriginal fills in the first answer, which says that one is being made until then.
// https://docs.discord.com/developers/interactions/receiving-and-responding#edit-original-interaction-response
func (c *call) editOriginal() (answer, error) {
	in := c.s.inters[c.ids[1]]
	if in == nil || c.ids[0] != c.s.appID {
		return answer{}, refuse(404, 10015, "Unknown Webhook")
	}
	return c.followUp(in)
}

// say shows an answer: to the user only, or to the channel.
func (c *call) say(in *interaction, raw json.RawMessage) error {
	var d draft
	if len(raw) > 0 && json.Unmarshal(raw, &d) != nil {
		return badForm("data", "unreadable")
	}
	if err := c.check(&d, len(c.files)); err != nil {
		return err
	}
	if in.deferred && in.hidden || d.Flags != nil && *d.Flags&64 != 0 {
		text := ""
		if d.Content != nil {
			text = *d.Content
		}
		c.s.ephemerals = append(c.s.ephemerals, Ephemeral{
			User: in.user.id, Channel: in.channel.id, Interaction: in.id, Content: text, Raw: append(json.RawMessage{}, raw...),
		})
		return nil
	}
	m := c.compose(in.channel, &d)
	m.interaction, m.kind = true, 20
	c.publish(m, d.Mentions)
	return nil
}
