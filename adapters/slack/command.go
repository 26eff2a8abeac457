package slack

import (
	"context"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// helpText is what /sidebridge answers to anything that it does not know.
// misunderstood goes before it.
const helpText = "*Side conversations on support tickets*\n" +
	"`/sidebridge start` asks who is to be asked what, on which ticket\n" +
	"`/sidebridge start 4711 Why was this charged twice?` asks here, on ticket #4711; without a number on a new ticket\n" +
	"`/sidebridge link` tells Sidebridge which of its people you are\n" +
	"*Attach to ticket*, in the menu of a message, makes the thread there a side conversation"

// howToLink is what one writes to say whose an account is.
const howToLink = "/sidebridge link"

// commanded does what a slash command asks for. One command is enough: their names
// are shared by all apps of a workspace. Slack has none in threads, where the shortcut
// is. https://docs.slack.dev/interactivity/implementing-slash-commands
func (a *Adapter) commanded(ctx context.Context, p *payload) any {
	word, rest, _ := strings.Cut(strings.TrimSpace(p.Text), " ")
	switch {
	case !a.teams[p.TeamID] || p.UserID == "" || !validID(p.ChannelID):
		a.count("ignored", "command from another organisation")
		return ephemeral(plainContent(onlyMembers))
	case strings.EqualFold(word, "start"):
		return a.startCommand(ctx, p, strings.TrimSpace(rest))
	case strings.EqualFold(word, "link"):
		return a.answerCommand(ctx, p, func(ctx context.Context) told { return a.link(ctx, p) })
	}
	return ephemeral(&content{text: misunderstood(word) + helpText})
}

// ephemeral is an answer that only who asked sees.
func ephemeral(c *content) any {
	return map[string]string{"response_type": "ephemeral", "text": c.text}
}

// answerCommand does what a command asks for, and tells who asked what came of it, at
// once or when it is done.
func (a *Adapter) answerCommand(ctx context.Context, p *payload, do func(context.Context) told) any {
	to := a.commander(p)
	t, done := a.promptly(ctx, do, func(ctx context.Context, t told) error { return a.tell(ctx, to, t.say()) })
	if !done {
		return ephemeral(plainContent("One moment …"))
	}
	return ephemeral(t.say())
}

// commander is who wrote a command, where, and how they are answered.
func (a *Adapter) commander(p *payload) answer {
	return answer{url: p.ResponseURL, in: bridge.Inbound{
		Source: bridge.Source{Channel: p.ChannelID}, Author: a.account(p.UserID),
	}}
}

// startCommand begins a conversation in the channel with the words that follow, or
// asks for them. A number in front of them is the ticket's.
func (a *Adapter) startCommand(ctx context.Context, p *payload, rest string) any {
	ask := a.askOf(p.UserID, p.ChannelID, p.TriggerID)
	number, question := "", rest
	word, after, _ := strings.Cut(rest, " ")
	if n, err := chat.TicketNumber(word); err == nil && n > 0 {
		number, question, ask.Ticket = strings.TrimPrefix(word, "#"), strings.TrimSpace(after), n
	}
	place := formPlace{Channel: p.ChannelID, Direct: p.ChannelName == "directmessage" || strings.HasPrefix(p.ChannelName, "mpdm-")}
	switch {
	case question == "":
		a.openForm(ctx, a.commander(p), p.TriggerID, startView(place, number))
		return nil
	case place.Direct:
		return ephemeral(plainContent("Nobody would hear that here. Write it in the channel of those you ask, " +
			"or write /sidebridge start alone and name a group."))
	}
	return a.answerCommand(ctx, p, func(ctx context.Context) told {
		ask.Body = a.typedText(ctx, question)
		return a.start(ctx, ask)
	})
}

// link gives a person the address at which they say who they are.
func (a *Adapter) link(ctx context.Context, p *payload) told {
	account := a.account(p.UserID)
	name := a.names.of(asking{ctx: ctx, until: a.now().Add(a.nameBudget)}, p.UserID)
	address, err := a.requests.LinkURL(ctx, account, name)
	if err != nil {
		return a.failedWish(err)
	}
	return told{text: "Sign in here and confirm that this account is yours. The address is for you only.", ok: true, link: address}
}
