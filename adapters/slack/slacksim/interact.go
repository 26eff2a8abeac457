package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrNoAnswer is what a person sees as a warning sign: the app did not
// acknowledge an interaction in time.
var ErrNoAnswer = errors.New("the app did not answer")

// trigger is the right to open a view: once, within three seconds.
// https://docs.slack.dev/interactivity/handling-user-interaction
type trigger struct {
	user string
	born time.Time
	used bool
}

const triggerLife = 3 * time.Second

// ephemeral is a message that only one person sees.
type ephemeral struct {
	user    string
	channel *channel
	thread  string
	message *message
}

// Ephemeral is a message that only one person saw.
type Ephemeral struct {
	// User is the person.
	User string
	Message
}

// whisper shows a message to one person. The caller holds mu.
func (s *Sim) whisper(ch *channel, userID, thread string, body content) *ephemeral {
	m := s.appMessage()
	m.ts, m.text, m.attachments = s.nextTS(ch), body.text, body.attachments
	m.blocks = s.rendered(body, body.text)
	m.threadTS = thread
	e := &ephemeral{user: userID, channel: ch, thread: thread, message: m}
	s.ephemerals = append(s.ephemerals, e)
	return e
}

// Ephemerals returns the messages that only one person saw, oldest first.
func (s *Sim) Ephemerals() []Ephemeral {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Ephemeral
	for _, e := range s.ephemerals {
		out = append(out, Ephemeral{User: e.user, Message: s.show(e.channel, e.message)})
	}
	return out
}

// Press presses the button with that action_id on a message or an ephemeral
// message, and waits until the app has acknowledged it.
func (p *Person) Press(ctx context.Context, channelID, ts, actionID string) error {
	s := p.sim
	var d *delivery
	err := s.try(func() error {
		ch := s.channels[channelID]
		if ch == nil || ch.deleted || !ch.member(p.id) {
			return fmt.Errorf("press %s: %w", actionID, ErrNoSuch)
		}
		m, whispered := ch.byTS[ts], false
		if m == nil {
			m, whispered = s.whispered(p.id, ch, ts), true
		}
		if m == nil {
			return fmt.Errorf("press %s on %s: %w", actionID, ts, ErrNoSuch)
		}
		element, blockID := findAction(m.blocks, actionID)
		if element == nil {
			return fmt.Errorf("press %s on %s: %w", actionID, ts, ErrNoSuch)
		}
		payload := p.interaction(ch, "block_actions")
		p.onMessage(payload, ch, m, whispered)
		payload.with("actions", []fields{p.action(element, blockID)}).with("state", fields{"values": fields{}})
		d = s.interact(payload)
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.answered(ctx, d)
	return err
}

// Shortcut uses a message shortcut of the app, by its callback_id.
func (p *Person) Shortcut(ctx context.Context, channelID, ts, callbackID string) error {
	s := p.sim
	var d *delivery
	err := p.on(channelID, ts, func(ch *channel, m *message) error {
		if !s.scopes["commands"] {
			return fmt.Errorf("use shortcut %s: %w", callbackID, ErrNoSuch)
		}
		payload := p.interaction(ch, "message_action")
		p.onMessage(payload, ch, m, false)
		payload.with("callback_id", callbackID).with("message_ts", m.ts).with("action_ts", s.eventTS())
		delete(payload, "container")
		d = s.interact(payload)
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.answered(ctx, d)
	return err
}

// interaction returns what all interaction payloads have in common. The caller
// holds mu.
func (p *Person) interaction(ch *channel, kind string) fields {
	s := p.sim
	u := s.users[p.id]
	f := fields{
		"type": kind, "token": "deprecated", "api_app_id": s.opts.AppID, "trigger_id": s.newTrigger(p.id), "enterprise": nil,
		"is_enterprise_install": false,
		"team":                  fields{"id": s.opts.TeamID, "domain": s.opts.TeamDomain},
		"user":                  fields{"id": u.id, "username": u.name, "name": u.name, "team_id": u.teamID},
	}
	if ch != nil {
		f.with("channel", fields{"id": ch.id, "name": ch.name})
	}
	return f
}

// newTrigger gives a person the right to be shown a view. The caller holds mu.
func (s *Sim) newTrigger(userID string) string {
	id := fmt.Sprintf("%d.%d.%s", s.rng.Uint32(), s.rng.Uint32(), s.newSecret())
	s.triggers[id] = trigger{user: userID, born: s.now()}
	return id
}

// onMessage adds the message an interaction is about, and a response_url. The
// caller holds mu.
func (p *Person) onMessage(f fields, ch *channel, m *message, whispered bool) {
	s := p.sim
	container := fields{"type": "message", "message_ts": m.ts, "channel_id": ch.id, "is_ephemeral": whispered}
	if m.threadTS != "" {
		container.with("thread_ts", m.threadTS)
	}
	f.with("container", container).with("response_url", s.newResponseURL(p.id, ch, m, whispered))
	// Of an ephemeral message the app is not sent the content again.
	if !whispered {
		f.with("message", s.wire(ch, m, true))
	}
}

// action describes the pressed element. The caller holds mu.
func (p *Person) action(element block, blockID string) fields {
	f := fields{"type": text(element, "type"), "action_id": text(element, "action_id"), "block_id": blockID, "action_ts": p.sim.eventTS()}
	for _, key := range []string{"text", "value", "style"} {
		if v, has := element[key]; has {
			f.with(key, v)
		}
	}
	return f
}

// whispered finds an ephemeral message. The caller holds mu.
func (s *Sim) whispered(userID string, ch *channel, ts string) *message {
	for _, e := range s.ephemerals {
		if e.user == userID && e.channel == ch && e.message.ts == ts {
			return e.message
		}
	}
	return nil
}

// findAction returns the element with that action_id and its block's id.
func findAction(blocks json.RawMessage, actionID string) (element block, blockID string) {
	var list []block
	if json.Unmarshal(blocks, &list) != nil {
		return nil, ""
	}
	for _, b := range list {
		elements, _ := b["elements"].([]any)
		if b["accessory"] != nil {
			elements = append(elements, b["accessory"])
		}
		for _, e := range elements {
			if m, isObject := e.(block); isObject && text(m, "action_id") == actionID {
				return m, text(b, "block_id")
			}
		}
	}
	return nil, ""
}

// interact starts the delivery of an interaction. The caller holds mu.
func (s *Sim) interact(payload fields) *delivery { return s.interactAs("interactive", payload) }

// interactAs starts the delivery of what a person waits for. The caller holds mu.
func (s *Sim) interactAs(kind string, payload fields) *delivery {
	d := &delivery{kind: kind, payload: encode(payload), born: s.now(), done: make(chan struct{})}
	s.queue.put(d)
	return d
}

// answered waits for the acknowledgement of an interaction.
func (s *Sim) answered(ctx context.Context, d *delivery) ([]byte, error) {
	timer := time.NewTimer(2 * s.opts.AckTimeout)
	defer timer.Stop()
	select {
	case <-d.done:
	case <-timer.C:
		return nil, ErrNoAnswer
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the app: %w", context.Cause(ctx))
	case <-s.ctx.Done():
		return nil, ErrNoAnswer
	}
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if !d.acked {
		return nil, ErrNoAnswer
	}
	return d.answer, nil
}
