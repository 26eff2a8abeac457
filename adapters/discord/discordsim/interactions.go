package discordsim

import (
	"encoding/json"
	"fmt"
	"time"
)

// The kinds of interaction.
// https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-type
const (
	usedCommand = 2
	usedButton  = 3
	sentForm    = 5
)

// mostAnswer is how long an interaction's token works, noAnswerShown how long the
// client tells that none came.
const (
	mostAnswer    = 15 * time.Minute
	noAnswerShown = time.Minute
)

// interaction is one use of a button, command or form that waits for its answer.
type interaction struct {
	id, token string
	kind      int
	user      *user
	channel   *channel
	message   *message
	madeAt    time.Time
	answered  bool
	putOff    bool // the answer comes later
	hidden    bool // the put-off answer is shown to the user only
	modal     json.RawMessage
	sent      bool // the form was filled in or put away
	// original is what @original names, once it is there: a message, or an answer that
	// only the user sees.
	original *message
	secret   *Ephemeral
}

// Ephemeral is an answer that only its user sees.
type Ephemeral struct {
	User, Channel, Interaction string
	Content                    string
	Raw                        json.RawMessage
	// ID is a snowflake, which orders it among the messages.
	ID string
}

// interact tells the app that somebody used something. The caller holds mu.
func (s *Sim) interact(u *user, ch *channel, m *message, kind int, data fields) *interaction {
	id := s.newID()
	in := &interaction{id: id, token: "interaction-" + id, kind: kind, user: u, channel: ch, message: m, madeAt: s.now()}
	s.inters[in.token] = in
	f := fields{
		"id": in.id, "application_id": s.appID, "type": kind, "token": in.token, "version": 1, "data": data,
		"guild_id": ch.guild.id, "channel_id": ch.id, "channel": s.showChannel(ch), "member": ch.guild.showMember(u, true),
		"app_permissions": fmt.Sprint(may(ch, s.bot.id)), "locale": "en-GB",
	}
	if m != nil {
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
	if err := c.respond(in, d.Type, d.Data); err != nil {
		return answer{}, err
	}
	in.answered = true
	return answer{}, nil
}

// respond does what the first answer's type says.
// https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type
func (c *call) respond(in *interaction, kind int, data json.RawMessage) error {
	switch {
	case kind == 4:
		return c.say(in, data, true)
	case kind == 5:
		var d struct {
			Flags int `json:"flags"`
		}
		_ = json.Unmarshal(data, &d)
		in.putOff, in.hidden = true, d.Flags&64 != 0
		return nil
	case (kind == 6 || kind == 7) && in.message == nil:
		return badForm("type", "There is no message to update.")
	case kind == 6:
		in.original = in.message
		return nil
	case kind == 7:
		in.original = in.message
		c.body = data
		_, err := c.change(in.message.channel, in.message)
		return err
	case kind == 9 && in.kind == sentForm:
		return badForm("type", "A form cannot be answered with a form.")
	case kind == 9:
		if err := checkModal(data); err != nil {
			return err
		}
		in.modal = data
		return nil
	}
	return badForm("type", "unknown")
}

// checkModal holds the limits of a form.
// https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-response-object-modal
func checkModal(raw json.RawMessage) error {
	f, err := readForm(raw)
	switch {
	case err != nil || f.CustomID == "" || len(f.CustomID) > 100:
		return badForm("data.custom_id", "Must be between 1 and 100 in length.")
	case f.Title == "" || length(f.Title) > 45:
		return badForm("data.title", "Must be between 1 and 45 in length.")
	case len(f.inputs()) < 1 || len(f.Components) > 5:
		return badForm("data.components", "Must be between 1 and 5 in length.")
	}
	for _, in := range f.inputs() {
		if in.CustomID == "" || len(in.CustomID) > 100 || length(in.Label) > 45 || length(in.Placeholder) > 100 || length(in.Value) > 4000 {
			return badForm("data.components", "An input is too long or has no id.")
		}
	}
	return nil
}

// waiting returns the interaction of a path, if it can still be answered: for 15
// minutes after its first answer.
func (c *call) waiting() (*interaction, error) {
	in := c.s.inters[c.ids[1]]
	switch {
	case in == nil || c.s.now().Sub(in.madeAt) > mostAnswer:
		return nil, refuse(401, 50027, "Invalid Webhook Token")
	case !in.answered:
		return nil, errHook
	}
	return in, nil
}

// followUp is an answer after the first.
func (c *call) followUp() (answer, error) {
	in, err := c.waiting()
	if err != nil {
		return answer{}, err
	}
	// The first one takes the place of an answer that was put off.
	if err := c.say(in, c.body, in.original == nil && in.secret == nil); err != nil {
		return answer{}, err
	}
	return answer{body: fields{"id": c.s.newID(), "channel_id": in.channel.id, "content": ""}}, nil
}

// editOriginal changes the first answer, or gives the one that was put off.
// https://docs.discord.com/developers/interactions/receiving-and-responding#edit-original-interaction-response
func (c *call) editOriginal() (answer, error) {
	if c.ids[0] != c.s.appID {
		return answer{}, errHook
	}
	in, err := c.waiting()
	switch {
	case err != nil:
		return answer{}, err
	case in.modal != nil:
		return answer{}, errMessage
	case in.original != nil:
		return c.change(in.original.channel, in.original)
	}
	if err := c.say(in, c.body, true); err != nil {
		return answer{}, err
	}
	return answer{body: fields{"id": c.s.newID(), "channel_id": in.channel.id, "content": ""}}, nil
}

// say shows an answer: to the user only, or to the channel. The original of a put-off
// answer is seen by whom the putting off said.
func (c *call) say(in *interaction, raw json.RawMessage, original bool) error {
	var d draft
	if len(raw) > 0 && json.Unmarshal(raw, &d) != nil {
		return badForm("data", "unreadable")
	}
	if err := c.check(&d, len(c.files)); err != nil {
		return err
	}
	if in.hidden || d.Flags != nil && *d.Flags&64 != 0 {
		c.whisper(in, &d, raw, original)
		return nil
	}
	m := c.compose(in.channel, &d)
	m.interaction, m.kind = true, 20
	c.publish(m, d.Mentions)
	if original {
		in.original = m
	}
	return nil
}

// whisper shows an answer to the user only, in the place of an earlier original.
func (c *call) whisper(in *interaction, d *draft, raw json.RawMessage, original bool) {
	s := c.s
	e := in.secret
	if e == nil || !original {
		e = &Ephemeral{User: in.user.id, Channel: in.channel.id, Interaction: in.id, ID: s.newID()}
		s.ephemerals = append(s.ephemerals, e)
	}
	e.Content, e.Raw = "", append(json.RawMessage{}, raw...)
	if d.Content != nil {
		e.Content = normal(*d.Content)
	}
	if original {
		in.secret = e
	}
}
