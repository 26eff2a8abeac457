package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Shortcut is an entry of the app in every message's menu.
// https://docs.slack.dev/interactivity/implementing-shortcuts
type Shortcut struct {
	Name, CallbackID string
}

// Command writes a slash command of the app, such as "/sidebridge help", into a
// channel and waits for the app's answer, which only this person sees. Slack does not
// offer commands inside threads.
// https://docs.slack.dev/interactivity/implementing-slash-commands
func (p *Person) Command(ctx context.Context, channelID, line string) error {
	s := p.sim
	command, words, _ := strings.Cut(strings.TrimSpace(line), " ")
	var d *delivery
	var ch *channel
	err := s.try(func() error {
		var err error
		if ch, err = p.open(channelID); err != nil {
			return err
		}
		if !s.scopes["commands"] || !slices.Contains(s.opts.Commands, command) {
			return fmt.Errorf("%s is not a valid command: %w", command, ErrNoSuch)
		}
		d = s.interactAs("slash_commands", p.commandForm(ch, command, strings.TrimSpace(words)))
		return nil
	})
	if err != nil {
		return err
	}
	answer, err := s.answered(ctx, d)
	if err != nil {
		return err
	}
	return s.try(func() error { return s.answerCommand(ch, p.id, answer) })
}

// commandForm returns the fields of a command's form. Mentions in it are escaped as in
// messages, which the app's settings ask for. The caller holds mu.
func (p *Person) commandForm(ch *channel, command, words string) fields {
	s := p.sim
	u := s.users[p.id]
	escaped, _ := s.typed(words)
	name := ch.name
	switch ch.kind {
	case "im":
		name = "directmessage"
	case "group":
		name = "privategroup"
	}
	return fields{
		"token": "deprecated", "team_id": u.teamID, "team_domain": s.opts.TeamDomain, "api_app_id": s.opts.AppID,
		"channel_id": ch.id, "channel_name": name, "user_id": u.id, "user_name": u.name, "command": command, "text": escaped,
		"is_enterprise_install": "false", "trigger_id": s.newTrigger(p.id), "response_url": s.newResponseURL(p.id, ch, nil, true),
	}
}

// answerCommand shows what the app acknowledged a command with: nothing, plain text,
// or a message. The caller holds mu.
func (s *Sim) answerCommand(ch *channel, userID string, answer []byte) error {
	text := strings.TrimSpace(string(answer))
	if text == "" || text == "{}" || text == "null" {
		return nil
	}
	a := args{form: url.Values{"text": {text}}}
	if text[0] == '{' {
		var body map[string]json.RawMessage
		if err := json.Unmarshal(answer, &body); err != nil {
			return fmt.Errorf("read the answer to a command: %w", err)
		}
		a = args{json: body}
	}
	body, err := s.readContent(a)
	if err != nil {
		return err
	}
	if a.text("response_type") == "in_channel" {
		s.postParts(ch, s.appMessage(), body)
		return nil
	}
	s.whisper(ch, userID, "", body)
	return nil
}

// formOf turns the JSON of a command into the form that Slack posts.
func formOf(payload []byte) []byte {
	var f map[string]string
	if json.Unmarshal(payload, &f) != nil {
		return nil // unreachable: we wrote it
	}
	form := url.Values{}
	for key, value := range f {
		form.Set(key, value)
	}
	return []byte(form.Encode())
}
