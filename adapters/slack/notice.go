package slack

import (
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// notice is a short post about the conversation itself.
func (a *Adapter) notice(v bridge.View) bridge.Call {
	name := chat.Inert(first(markup.CleanName(v.Entry.Actor().Name), "Somebody"))
	var text string
	switch v.Entry.Kind {
	case bridge.ConversationClosed:
		text = name + " closed this conversation. A reply here opens it again."
	case bridge.ConversationReopened:
		text = name + " reopened this conversation."
		if v.Entry.Facts.Reason == "reply" {
			text = "The reply of " + name + " reopened this conversation."
		}
	case bridge.MirrorEnded:
		text = name + " moved this conversation to another channel. What is said here is still recorded with the ticket."
	default:
		text = name + " added a participant."
		if added := markup.CleanName(first(v.Entry.Words.Requester, v.Entry.Words.Note)); added != "" {
			text = name + " added " + chat.Inert(added) + "."
		}
	}
	return bridge.Call{Verb: bridge.VerbPost, Payload: a.plain("_" + text + "_")}
}

// seeTicket returns a Markdown link to the ticket view, or just its words.
func (a *Adapter) seeTicket(v bridge.View, words string) string {
	if url := a.urlOf(v.Ticket); url != "" {
		return "[" + words + "](" + url + ")"
	}
	return words
}

func (a *Adapter) urlOf(t bridge.TicketContext) string {
	return first(t.URL, a.ticketURL(t.ID))
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
	var out strings.Builder
	for _, f := range links {
		why := "is too large for Slack"
		if f.Size == 0 {
			why = "is empty"
		}
		out.WriteString(a.linkNote(v, f, why))
	}
	return out.String()
}

func (a *Adapter) linkNote(v bridge.View, f bridge.ViewFile, why string) string {
	return "\n\n_File " + chat.Inert(fileName(f.Name)) + " " + why + ": " + a.seeTicket(v, "open it in the ticket") + "_"
}

// pendingNotes names the files that are still on their way to us.
func pendingNotes(v bridge.View) string {
	var out strings.Builder
	for _, name := range v.FilesToCome() {
		out.WriteString("\n\n_File " + chat.Inert(fileName(name)) + " follows._")
	}
	return out.String()
}
