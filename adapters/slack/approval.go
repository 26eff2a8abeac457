package slack

import (
	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// The buttons of a request for approval.
const (
	pressApprove = "sidebridge_approve"
	pressRefuse  = "sidebridge_refuse"
)

// planRequest shows a request for approval in one post, which every answer brings up to
// date. A post that somebody removed is not brought back.
func (a *Adapter) planRequest(v bridge.View) []bridge.Call {
	switch {
	case v.Request == nil:
		return nil
	case v.Entry.Kind == bridge.ApprovalAsked:
		return []bridge.Call{{Verb: bridge.VerbPost, Payload: a.request(v)}}
	case v.Request.Post == "":
		return nil
	}
	return []bridge.Call{{Verb: bridge.VerbEdit, Ref: v.Request.Post, Payload: a.request(v)}}
}

func (a *Adapter) request(v bridge.View) *content {
	parts := markup.ToSlack(chat.Request(v.Request), directory{a: a}, maxText)
	c := a.rendered(parts[0], "")
	if len(parts) > 1 {
		more := a.plain("… " + a.seeTicket(v, "the rest is in the ticket"))
		c.text, c.blocks = c.text+"\n"+more.text, append(c.blocks, more.blocks...)
	}
	if chat.RequestOver(v.Request) {
		return c
	}
	button := func(id, text string, style slack.Style) *slack.ButtonBlockElement {
		return slack.NewButtonBlockElement(id, "", slack.NewTextBlockObject(slack.PlainTextType, text, false, false)).WithStyle(style)
	}
	c.blocks = append(c.blocks, slack.NewActionBlock("",
		button(pressApprove, "Approve", slack.StylePrimary), button(pressRefuse, "Refuse", slack.StyleDanger)))
	return c
}
