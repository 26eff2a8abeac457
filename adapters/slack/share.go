package slack

import (
	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// sharedParts renders a message that quotes the ticket: its own words, then the
// quotations, in which nobody is called, whatever the customer wrote. When those need too
// many posts they come in a file.
func (a *Adapter) sharedParts(v bridge.View, notes string) ([]*content, []bridge.ViewFile) {
	own, quote := v.Entry.Quoted()
	var parts []*content
	head, body := a.speaker(v), quote+notes
	if a.identity == IdentityAgent {
		head = ""
	}
	if own != "" {
		parts, head = a.parts(v, own), ""
	}
	for _, p := range markup.ToSlackFrom(head, body, nil, maxText) {
		parts = append(parts, a.spoken(p, a.speaker(v), v.Entry.Facts.Person))
	}
	file := chat.QuoteFile(v.Entry, quote)
	if len(parts) <= chat.MaxPosts || file.Size > a.maxFile {
		return parts, nil
	}
	if own != "" {
		own += "\n\n"
	}
	return a.parts(v, own+chat.InFile(len(v.Entry.Facts.Shared), file.Name)+notes), []bridge.ViewFile{file}
}
