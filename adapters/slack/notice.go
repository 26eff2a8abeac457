package slack

import (
	"cmp"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// notice is a short post about the conversation itself.
func (a *Adapter) notice(v bridge.View) bridge.Call {
	return bridge.Call{Verb: bridge.VerbPost, Payload: a.plain(chat.Notice(v, false))}
}

// seeTicket returns a Markdown link to the ticket view, or just its words.
func (a *Adapter) seeTicket(v bridge.View, words string) string {
	return chat.SeeTicket(a.urlOf(v.Ticket), words)
}

func (a *Adapter) urlOf(t bridge.TicketContext) string {
	return cmp.Or(t.URL, a.ticketURL(t.ID))
}

// splitFiles tells the files that can be uploaded from those that Slack refuses:
// empty ones, and those above our limit.
func (a *Adapter) splitFiles(files []bridge.ViewFile) (send, link []bridge.ViewFile) {
	for _, f := range files {
		if f.Size > 0 && f.Size <= a.maxFile {
			send = append(send, f)
		} else {
			link = append(link, f)
		}
	}
	return send, link
}

// linkNotes says where files are that Slack does not take.
func (a *Adapter) linkNotes(v bridge.View, links []bridge.ViewFile) string {
	return chat.LinkNotes(links, "Slack", fileName, a.seeTicket(v, openInTicket))
}

func (a *Adapter) linkNote(v bridge.View, f bridge.ViewFile, why string) string {
	return chat.LinkNote(fileName(f.Name), why, a.seeTicket(v, openInTicket))
}

// openInTicket is what a link says that leads to a file.
const openInTicket = "open it in the ticket"

// pendingNotes names the files that are still on their way to us.
func pendingNotes(v bridge.View) string { return chat.PendingNotes(v, fileName) }
