package discord

import (
	"strings"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// notice is a short post about the conversation itself.
func (g *Guild) notice(v bridge.View) bridge.Call {
	name := chat.Inert(first(markup.CleanName(v.Entry.Actor().Name), "Somebody"))
	var text string
	switch v.Entry.Kind {
	case bridge.ConversationClosed:
		text = name + " closed this conversation. A reply here opens it again."
		if g.LockClosed {
			text = name + " closed this conversation. The button Reopen above opens it again."
		}
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
	return bridge.Call{Verb: bridge.VerbPost, Payload: g.plain("_" + text + "_")}
}

// seeTicket returns a Markdown link to the ticket view, or just its words.
func (g *Guild) seeTicket(v bridge.View, words string) string {
	if url := g.urlOf(v.Ticket); url != "" {
		return "[" + words + "](" + url + ")"
	}
	return words
}

func (g *Guild) urlOf(t bridge.TicketContext) string { return first(t.URL, g.TicketURL(t.ID)) }

// splitFiles puts the files that can be uploaded into as many posts as Discord's limits
// ask for, and tells those that it refuses: empty ones, and those above our limit.
func (g *Guild) splitFiles(files []bridge.ViewFile) (send [][]bridge.ViewFile, link []bridge.ViewFile) {
	most := max(maxRequest, g.MaxFile)
	var size int64
	for _, f := range files {
		if f.Size <= 0 || f.Size > g.MaxFile {
			link = append(link, f)
			continue
		}
		last := len(send) - 1
		if last < 0 || len(send[last]) >= maxFiles || size+f.Size > most {
			send, size = append(send, nil), 0
			last++
		}
		send[last] = append(send[last], f)
		size += f.Size
	}
	return send, link
}

// linkNotes says where files are that Discord does not take.
func (g *Guild) linkNotes(v bridge.View, links []bridge.ViewFile) string {
	var out strings.Builder
	for _, f := range links {
		why := "is too large for Discord"
		if f.Size == 0 {
			why = "is empty"
		}
		out.WriteString(g.linkNote(v, f, why))
	}
	return out.String()
}

func (g *Guild) linkNote(v bridge.View, f bridge.ViewFile, why string) string {
	return "\n\n_File " + chat.Inert(attachmentName(f.Name)) + " " + why + ": " + g.seeTicket(v, "open it in the ticket") + "_"
}

// fileNote stands for a file in a post of its own. It is an embed, since the post's
// words would be taken for the message's.
func (g *Guild) fileNote(v bridge.View, md string) *content {
	c := g.plain(md)
	note := &content{embed: &discordgo.MessageEmbed{Description: c.text}, print: filesOnly}
	if g.asAgent() {
		g.sign(note, v)
	}
	return note
}

// pendingNotes names the files that are still on their way to us.
func pendingNotes(v bridge.View) string {
	var out strings.Builder
	for _, name := range v.FilesToCome() {
		out.WriteString("\n\n_File " + chat.Inert(attachmentName(name)) + " follows._")
	}
	return out.String()
}

// attachmentName makes a file's name one that Discord takes, and never a path.
func attachmentName(name string) string {
	return quiet(first(plainFileName(name), "file"))
}
