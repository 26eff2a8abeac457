package slack

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// answer is what is still to be told to somebody, and to nobody else: who is in's
// author, where its source.
type answer struct {
	in  bridge.Inbound
	url string // a capability: whoever has it can post; never logged
	// told is the answer where it is known already.
	told string
}

// pressed takes a press of a button of the root card. Close and Reopen are
// committed before they are acknowledged; what answers the presser may take
// longer than Slack's three seconds and is done by Run.
// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
func (a *Adapter) pressed(ctx context.Context, p *payload) error {
	action, ok := pressAction(p.Actions)
	if !ok || p.Container.MessageTS == "" {
		a.count("ignored", "unknown action")
		return nil
	}
	if a.elsewhere(p) {
		return nil
	}
	in := a.press(p, action)
	if !a.teams[p.User.TeamID] {
		a.count("ignored", "press from another organisation")
		a.answerLater(answer{in: bridge.Inbound{Source: in.Source, Author: in.Author}, url: p.ResponseURL})
		return nil
	}
	if action == bridge.PressTake || action == bridge.PressShow {
		a.answerLater(answer{in: in, url: p.ResponseURL})
		return nil
	}
	if action == bridge.PressSuggest {
		a.suggestForm(ctx, p, in)
		return nil
	}
	if action == bridge.PressGood { // anybody in the thread may say so, also who never wrote there
		in.AuthorName = markup.CleanName(a.names.of(asking{ctx: ctx, until: a.now().Add(a.nameBudget)}, in.Author.ID))
	}
	res, err := a.inbox.Accept(ctx, in)
	if err != nil {
		return fmt.Errorf("accept press: %w", err)
	}
	a.count(string(res.Outcome), string(in.Kind))
	if action == bridge.PressApprove || action == bridge.PressRefuse || action == bridge.PressGood {
		a.answerLater(answer{in: in, url: p.ResponseURL, told: cmp.Or(chat.Why(res, howToLink), "There is no conversation behind this button any more.")})
	}
	return nil
}

// elsewhere reports whether an interaction is of another workspace, and counts it.
func (a *Adapter) elsewhere(p *payload) bool {
	if p.Team == "" || string(p.Team) == a.workspace || p.User.TeamID == a.workspace {
		return false
	}
	a.count("ignored", "unknown team")
	return true
}

// answerLater has a press answered. When too many wait it is lost, and the button can
// be pressed again.
func (a *Adapter) answerLater(w answer) {
	a.later(func(ctx context.Context) error { return a.answer(ctx, w) })
}

func pressAction(actions []action) (string, bool) {
	if len(actions) != 1 {
		return "", false
	}
	switch actions[0].ActionID {
	case pressClose:
		return bridge.PressClose, true
	case pressReopen:
		return bridge.PressReopen, true
	case pressTake:
		return bridge.PressTake, true
	case pressShow:
		return bridge.PressShow, true
	case pressApprove:
		return bridge.PressApprove, true
	case pressRefuse:
		return bridge.PressRefuse, true
	case pressGood:
		return bridge.PressGood, true
	case pressSuggest:
		return bridge.PressSuggest, true
	}
	return "", false
}

func (a *Adapter) press(p *payload, action string) bridge.Inbound {
	channel := cmp.Or(string(p.Channel), p.Container.ChannelID)
	thread := cmp.Or(p.Message.ThreadTS, p.Container.ThreadTS)
	src := a.source(channel, &message{TS: p.Container.MessageTS, ThreadTS: thread})
	key := cmp.Or(p.TriggerID, p.Actions[0].ActionTS+"/"+p.User.ID)
	return bridge.Inbound{
		Kind: bridge.InPress, Source: src, Action: action, Author: a.account(p.User.ID),
		AuthorName: markup.CleanName(a.names.of(asking{}, p.User.ID)),
		Key:        Surface + "/" + a.workspace + "/" + channel + "/press/" + key,
	}
}

// answer does what a press asks for and tells who pressed what came of it.
func (a *Adapter) answer(ctx context.Context, w answer) error {
	var text *content
	var err error
	switch w.in.Action {
	case bridge.PressApprove, bridge.PressRefuse, bridge.PressGood:
		text = plainContent(w.told)
	case bridge.PressTake:
		text, err = a.take(ctx, w.in)
	case bridge.PressShow:
		text, err = a.show(ctx, w.in)
	default:
		text = plainContent(onlyMembers)
	}
	if err != nil {
		a.log.Warn("a press failed", "action", w.in.Action, "err", err)
		text = plainContent("That did not work. Try again in a minute, or open the ticket.")
	}
	return a.tell(ctx, w, text)
}

// onlyMembers is what members of another organisation are told.
const onlyMembers = "Only members of the workspace that owns this conversation can do this."

func plainContent(text string) *content { return &content{text: markup.EscapeSlack(text)} }

// take asks for the ticket on the presser's behalf; the answer says what came of it.
func (a *Adapter) take(ctx context.Context, in bridge.Inbound) (*content, error) {
	in.AuthorName = a.names.of(asking{ctx: ctx, until: a.now().Add(a.nameBudget)}, in.Author.ID)
	res, err := a.inbox.Accept(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("take ticket: %w", err)
	}
	a.count(string(res.Outcome), string(in.Kind))
	return plainContent(cmp.Or(chat.Why(res, howToLink), "Done.")), nil
}

// show renders the ticket for who pressed Show ticket: what the mapping rule
// lets the channel see, no more, since experts have no account.
func (a *Adapter) show(ctx context.Context, in bridge.Inbound) (*content, error) {
	m, err := a.threads.MirrorByThread(ctx, in.Source.Place(), in.Source.Thread)
	if err != nil {
		return nil, fmt.Errorf("find the thread's mirror: %w", err)
	}
	if err := a.requests.Reads(ctx, in.Author, in.AuthorName, m); err != nil {
		return nil, err
	}
	ticket, err := a.desk.Context(ctx, m.ID.Ticket)
	if err != nil {
		return nil, fmt.Errorf("read ticket %d: %w", m.ID.Ticket, err)
	}
	fields, _ := a.policy(m.Rule)
	parts := markup.ToSlack(chat.TicketText(ticket, fields.Apply(chat.TicketContext(ticket))), nil, maxText)
	c := a.rendered(parts[0], "")
	if url := a.urlOf(ticket); url != "" && len(parts) > 1 {
		c.text += "\n<" + markup.EscapeSlack(url) + "|The rest is in the ticket>"
	}
	return c, nil
}

// tell answers the presser only: through the press's own address, where the
// answer appears where the button was pressed, or by chat.postEphemeral.
func (a *Adapter) tell(ctx context.Context, w answer, c *content) error {
	if u, err := url.Parse(w.url); w.url != "" && err == nil && a.mayRespond(u) {
		if err := a.respond(ctx, w.url, c); err == nil {
			return nil
		}
	}
	channel := w.in.Source.Channel
	options := []slack.MsgOption{slack.MsgOptionText(c.text, false)}
	if w.in.Source.Thread != "" { // without one it is shown in the channel: to the same person only
		options = append(options, slack.MsgOptionTS(w.in.Source.Thread))
	}
	if len(c.blocks) > 0 {
		options = append(options, slack.MsgOptionBlocks(c.blocks...))
	}
	return a.call(ctx, "chat.postEphemeral", channel, func(ctx context.Context) error {
		_, err := a.api.PostEphemeralContext(ctx, channel, w.in.Author.ID, options...)
		return err
	})
}

// mayRespond allows the hosts that Slack's response addresses have.
// https://docs.slack.dev/interactivity/handling-user-interaction
func (a *Adapter) mayRespond(u *url.URL) bool {
	if u.Scheme == a.apiHost.Scheme && u.Host == a.apiHost.Host {
		return true
	}
	return u.Scheme == "https" && u.User == nil && (u.Host == "hooks.slack.com" || u.Host == "hooks.slack-gov.com")
}

func (a *Adapter) respond(ctx context.Context, address string, c *content) error {
	body, err := json.Marshal(struct {
		Type   string        `json:"response_type"`
		Text   string        `json:"text"`
		Blocks []slack.Block `json:"blocks,omitempty"`
		Keep   bool          `json:"replace_original"`
	}{"ephemeral", c.text, c.blocks, false})
	if err != nil {
		return fmt.Errorf("encode an answer: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return chat.WithoutAddress(err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := a.files.Do(req)
	if err != nil {
		return chat.WithoutAddress(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answer a press: http status %d", resp.StatusCode)
	}
	return nil
}
