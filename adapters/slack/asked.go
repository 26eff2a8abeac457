package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// The shortcut's and the forms' ids, which Slack sends back.
const (
	callbackAttach = "sidebridge_attach"
	callbackStart  = "sidebridge_start"
)

// asked takes what a person asks for by a shortcut, a form or a command: Slack never
// sends it again, so it is always acknowledged. It reports false for anything else.
func (a *Adapter) asked(ctx context.Context, p *payload) (reply any, asked bool) {
	switch {
	case p.Type == "message_action" && p.Callback == callbackAttach:
		if !a.elsewhere(p) {
			a.attachForm(ctx, p)
		}
	case p.Type == "view_submission" && (p.View.Callback == callbackAttach || p.View.Callback == callbackStart):
		if !a.elsewhere(p) {
			return a.submitted(ctx, p), true
		}
	case p.Type == "view_submission" && p.View.Callback == callbackSuggest:
		if !a.elsewhere(p) {
			return a.suggested(ctx, p), true
		}
	case p.Type == "" && p.Command != "":
		return a.commanded(ctx, p), true
	default:
		return nil, false
	}
	return nil, true
}

// formPlace is what a form remembers: where it was opened, and on which message.
type formPlace struct {
	Channel string `json:"c"`
	Thread  string `json:"t,omitempty"`
	Message string `json:"m,omitempty"`
	// Direct: it is nobody's channel, so that a conversation cannot be held there.
	Direct bool `json:"d,omitempty"`
	// Text is the entry of the draft's text that the form has in it.
	Text int64 `json:"x,omitempty"`
}

// attachForm asks which ticket a message and its thread belong to.
func (a *Adapter) attachForm(ctx context.Context, p *payload) {
	channel := string(p.Channel)
	to := answer{url: p.ResponseURL, in: bridge.Inbound{
		Source: a.source(channel, &message{TS: p.Message.TS, ThreadTS: p.Message.ThreadTS}), Author: a.account(p.User.ID),
	}}
	switch {
	case !a.teams[p.User.TeamID]:
		a.count("ignored", "shortcut from another organisation")
		a.sayLater(to, told{text: onlyMembers})
	case !validID(channel) || !validTS(p.Message.TS):
		a.count("ignored", skipMalformed)
		a.sayLater(to, told{text: "This message can not be attached."})
	default:
		place := formPlace{Channel: channel, Thread: threadOf(p.Message.TS, p.Message.ThreadTS), Message: p.Message.TS}
		a.openForm(ctx, to, p.TriggerID, attachView(place))
	}
}

// openForm shows a form, for which Slack leaves three seconds.
// https://docs.slack.dev/reference/methods/views.open
func (a *Adapter) openForm(ctx context.Context, to answer, trigger string, form slack.ModalViewRequest) {
	err := a.call(ctx, "views.open", "", func(ctx context.Context) error {
		_, err := a.api.OpenViewContext(ctx, trigger, form)
		return err
	})
	if err != nil {
		a.log.Warn("a form was not opened", "err", err)
		a.sayLater(to, told{text: "The form could not be opened in time. Try it again."})
	}
}

// sayLater tells one person something, and nobody else.
func (a *Adapter) sayLater(to answer, t told) {
	a.later(func(ctx context.Context) error { return a.tell(ctx, to, t.say()) })
}

// refusedForm shows what is wrong beside a field, and keeps the form open.
// https://docs.slack.dev/surfaces/modals#displaying_errors
func refusedForm(field, text string) any {
	return map[string]any{"response_action": "errors", "errors": map[string]string{field: text}}
}

// submitted takes a form that was filled in. What is wrong is shown in it; what came
// of it is told to its author only, and so is what took too long for that.
func (a *Adapter) submitted(ctx context.Context, p *payload) any {
	var place formPlace
	if err := json.Unmarshal([]byte(p.View.Metadata), &place); err != nil || !validID(place.Channel) {
		a.count("ignored", skipMalformed)
		return refusedForm(fieldTicket, "This form is from another version. Close it and open it again.")
	}
	if !a.teams[p.User.TeamID] {
		a.count("ignored", "form from another organisation")
		return refusedForm(fieldTicket, onlyMembers)
	}
	ticket, err := chat.TicketNumber(p.View.field(fieldTicket))
	if err != nil {
		return refusedForm(fieldTicket, a.failedWish(err).text)
	}
	ask := a.askOf(p.User.ID, place.Channel, p.View.ID)
	ask.Ticket, ask.Subject, ask.Group = ticket, p.View.field(fieldSubject), p.View.field(fieldGroup)
	do := func(ctx context.Context) told { return a.attach(ctx, ask, place.Message) }
	if p.View.Callback == callbackStart {
		if ask.Group == "" && place.Direct {
			return refusedForm(fieldGroup, "Say whom to ask: here is nobody but you.")
		}
		ask.Body = a.typedText(ctx, markup.EscapeSlack(p.View.field(fieldQuestion)))
		do = func(ctx context.Context) told { return a.start(ctx, ask) }
	}
	to := answer{in: bridge.Inbound{
		Source: bridge.Source{Channel: place.Channel, Thread: place.Thread}, Author: a.account(p.User.ID),
	}}
	t, done := a.promptly(ctx, do, func(ctx context.Context, t told) error { return a.tell(ctx, to, t.say()) })
	switch {
	case !done:
		return nil // the form closes, and they are told
	case !t.ok:
		return refusedForm(fieldTicket, t.text)
	}
	a.sayLater(to, t)
	return nil
}

func (a *Adapter) askOf(user, channel, key string) bridge.Ask {
	return bridge.Ask{Author: a.account(user), Place: a.place(channel), Key: a.workspace + "/" + key}
}

// nameAsker looks up who asks.
func (a *Adapter) nameAsker(ctx context.Context, ask *bridge.Ask) {
	ask.AuthorName = a.names.of(asking{ctx: ctx, until: a.now().Add(a.nameBudget)}, ask.Author.ID)
}

// typedText reads what somebody typed, with the marks that Slack has for formatting.
func (a *Adapter) typedText(ctx context.Context, escaped string) string {
	ask := asking{ctx: ctx, until: a.now().Add(a.nameBudget)}
	return markup.FromSlack(markup.SlackText{Workspace: a.workspace, Text: escaped}, directory{a: a, ask: ask})
}

// start begins a conversation: with a group, or in the channel, if we are in it.
func (a *Adapter) start(ctx context.Context, ask bridge.Ask) told {
	if ask.Group == "" {
		if err := a.Probe(ctx, ask.Place); err != nil {
			return a.failedWish(err)
		}
	}
	a.nameAsker(ctx, &ask)
	return a.wish(ctx, ask)
}

// attach makes the thread of a message, with all that was said in it, a conversation
// on a ticket. Reading the message shows that we may read the thread.
func (a *Adapter) attach(ctx context.Context, ask bridge.Ask, ts string) told {
	if err := a.Probe(ctx, ask.Place); err != nil {
		return a.failedWish(err)
	}
	m, err := a.readMessage(ctx, ask.Place.Channel, ts)
	if err != nil {
		return a.failedWish(err)
	}
	a.nameAsker(ctx, &ask)
	ask.Thread = threadOf(m.TS, m.ThreadTS)
	ask.Body = a.body(asking{ctx: ctx, until: a.now().Add(a.nameBudget)}, m)
	return a.wish(ctx, ask)
}

// readMessage asks for one message, wherever in a thread it is.
// https://docs.slack.dev/reference/methods/conversations.replies
func (a *Adapter) readMessage(ctx context.Context, channel, ts string) (*message, error) {
	var page struct {
		Messages []message `json:"messages"`
	}
	args := url.Values{
		"channel": {channel}, "ts": {ts}, "oldest": {ts}, "latest": {ts}, "inclusive": {"true"}, "limit": {"2"},
	}
	err := a.readCall(ctx, "conversations.replies", channel, func(ctx context.Context) error {
		return a.raw(ctx, "conversations.replies", args, &page)
	})
	if err != nil {
		return nil, err
	}
	for i := range page.Messages {
		if m := &page.Messages[i]; m.TS == ts && m.Subtype != "tombstone" {
			return m, nil
		}
	}
	return nil, fmt.Errorf("%w: the message is not there any more", bridge.ErrNotFound)
}
