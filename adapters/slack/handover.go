package slack

import (
	"cmp"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// handover says in the thread who took the ticket over, and with which note. The card
// alone would tell the new name and not why.
func (a *Adapter) handover(v bridge.View) []bridge.Call {
	name := chat.Inert(cmp.Or(markup.CleanName(v.Entry.Actor().Name), "Somebody"))
	text := "_" + name + " took the ticket over:_\n\n" + markup.Quote(v.Entry.Words.Note)
	var calls []bridge.Call
	for _, p := range markup.ToSlack(text, directory{a: a}, maxText) {
		calls = append(calls, bridge.Call{Verb: bridge.VerbPost, Payload: a.rendered(p, "")})
	}
	return calls
}
