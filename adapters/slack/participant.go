package slack

import (
	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// planJoined says in one post who was added, calls them, and tells them what they have to
// know. Of who had the ticket, and whom the first message names, there is nothing to say.
func (a *Adapter) planJoined(v bridge.View) []bridge.Call {
	if !v.Entry.Invites() {
		return nil
	}
	parts := markup.ToSlack(chat.Joined(v, a.seeTicket(v, "open the ticket")), directory{a: a}, maxText)
	return []bridge.Call{{Verb: bridge.VerbPost, Payload: a.rendered(parts[0], "")}}
}
