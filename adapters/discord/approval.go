package discord

import (
	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// maxRequestText leaves room for the line that says where the rest is.
const maxRequestText = 1700

// planRequest shows a request for approval in one post, which every answer brings up to
// date. A post that somebody removed is not brought back.
func (g *Guild) planRequest(v bridge.View) []bridge.Call {
	switch {
	case v.Request == nil:
		return nil
	case v.Entry.Kind == bridge.ApprovalAsked:
		return []bridge.Call{{Verb: bridge.VerbPost, Payload: g.request(v)}}
	case v.Request.Post == "":
		return nil
	}
	return []bridge.Call{{Verb: bridge.VerbEdit, Ref: v.Request.Post, Payload: g.request(v)}}
}

// request renders it. When it is over, the buttons stay and can be pressed no more: an
// edit without buttons would leave those that are there.
func (g *Guild) request(v bridge.View) *content {
	parts := markup.ToDiscord(chat.Request(v.Request), directory{g: g}, maxRequestText)
	c := g.rendered(parts[0])
	if len(parts) > 1 {
		c.text += "\n" + g.plain("… "+g.seeTicket(v, "the rest is in the ticket")).text
	}
	over := chat.RequestOver(v.Request)
	c.buttons = []button{
		{action: bridge.PressApprove, label: "Approve", disabled: over}, {action: bridge.PressRefuse, label: "Refuse", disabled: over},
	}
	return c
}
