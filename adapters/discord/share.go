package discord

import (
	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// sharedParts renders a message that quotes the ticket: its own words, then the
// quotations, in which nobody is called, whatever the customer wrote. When those need too
// many posts they come in a file.
func (g *Guild) sharedParts(v bridge.View, notes string) ([]*content, []bridge.ViewFile) {
	own, quote := v.Entry.Quoted()
	var parts []*content
	head := g.speaker(v)
	if g.asAgent() {
		head = ""
	}
	if own != "" {
		parts, head = g.parts(v, own), ""
	}
	for _, p := range markup.ToDiscordFrom(head, quote+notes, nil, maxText) {
		c := g.rendered(p)
		if g.asAgent() {
			g.sign(c, v)
		}
		parts = append(parts, c)
	}
	file := chat.QuoteFile(v.Entry, quote)
	if len(parts) <= chat.MaxPosts || file.Size > g.MaxFile {
		return parts, nil
	}
	if own != "" {
		own += "\n\n"
	}
	return g.parts(v, own+chat.InFile(len(v.Entry.Facts.Shared), file.Name)+notes), []bridge.ViewFile{file}
}
