package slack

import (
	"cmp"
	"fmt"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// The buttons of the root card. Slack sends their ids back when they are pressed.
const (
	pressClose  = "sidebridge_close"
	pressReopen = "sidebridge_reopen"
	pressTake   = "sidebridge_take"
	pressShow   = "sidebridge_show"
	pressOpen   = "sidebridge_open" // a link; the press itself means nothing
)

const (
	maxHeader   = 150  // https://docs.slack.dev/reference/block-kit/blocks/header-block
	maxField    = 300  // of 2,000; a card is not the place for more
	maxQuestion = 1500 // the whole message is the first reply
)

// card renders the root of a thread: which ticket, what is asked and by whom, and
// how it stands. What it tells of the ticket is what the mapping rule lets it.
func (a *Adapter) card(v bridge.View) *content {
	fields, _ := a.policy(v.Mirror.Rule)
	shown := fields.Apply(chat.TicketContext(v.Ticket))
	title := truncate(fmt.Sprintf("Ticket #%d: %s", v.Ticket.ID, cmp.Or(markup.Plain(v.Subject), "side conversation")), maxHeader)
	blocks := []slack.Block{
		slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, title, false, false)),
	}
	question := a.question(v)
	if question != nil {
		blocks = append(blocks, question.blocks...)
	}
	blocks = append(blocks, cardFields(v, shown), a.buttons(v))
	text := markup.EscapeSlack(title)
	if question != nil {
		text += "\n" + question.text
	}
	return &content{text: text, blocks: blocks}
}

// question renders the first message, shortened.
func (a *Adapter) question(v bridge.View) *content {
	// The first reply has the same words: mentions ring there, and only once.
	parts := markup.ToSlack(v.Question, nil, maxQuestion)
	if len(parts) == 0 {
		return nil
	}
	c := a.rendered(parts[0], "")
	if len(parts) > 1 {
		c.text += " …"
		c.blocks = append(c.blocks, slack.NewContextBlock("", slack.NewTextBlockObject(slack.PlainTextType, "… the rest is in the thread", false, false)))
	}
	return c
}

// cardFields lists who asks and how the ticket stands.
func cardFields(v bridge.View, t mapping.Context) slack.Block {
	var fields []*slack.TextBlockObject
	for _, f := range chat.CardFields(v, t) {
		text := "*" + f[0] + "*\n" + markup.EscapeSlack(truncate(f[1], maxField))
		fields = append(fields, slack.NewTextBlockObject(slack.MarkdownType, text, false, true))
	}
	return slack.NewSectionBlock(nil, fields, nil)
}

func (a *Adapter) buttons(v bridge.View) slack.Block {
	button := func(id, text string) *slack.ButtonBlockElement {
		return slack.NewButtonBlockElement(id, "", slack.NewTextBlockObject(slack.PlainTextType, text, false, false))
	}
	var row []slack.BlockElement
	if v.Conversation.Open {
		row = append(row, button(pressClose, "Close"))
	} else {
		row = append(row, button(pressReopen, "Reopen"))
	}
	row = append(row, button(pressTake, "Take ticket"), button(pressShow, "Show ticket"))
	if url := a.urlOf(v.Ticket); url != "" {
		row = append(row, button(pressOpen, "Open ticket").WithURL(url))
	}
	return slack.NewActionBlock("", row...)
}

// truncate shortens text to n characters, the last of which then is an ellipsis.
func truncate(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
