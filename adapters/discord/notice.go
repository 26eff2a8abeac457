package discord

import (
	"cmp"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// notice is a short post about the conversation itself.
func (g *Guild) notice(v bridge.View) bridge.Call {
	return bridge.Call{Verb: bridge.VerbPost, Payload: g.plain(chat.Notice(v, g.LockClosed))}
}

// seeTicket returns a Markdown link to the ticket view, or just its words.
func (g *Guild) seeTicket(v bridge.View, words string) string {
	return chat.SeeTicket(g.urlOf(v.Ticket), words)
}

func (g *Guild) urlOf(t bridge.TicketContext) string { return cmp.Or(t.URL, g.TicketURL(t.ID)) }

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
	return chat.LinkNotes(links, "Discord", attachmentName, g.seeTicket(v, openInTicket))
}

func (g *Guild) linkNote(v bridge.View, f bridge.ViewFile, why string) string {
	return chat.LinkNote(attachmentName(f.Name), why, g.seeTicket(v, openInTicket))
}

// openInTicket is what a link says that leads to a file.
const openInTicket = "open it in the ticket"

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
func pendingNotes(v bridge.View) string { return chat.PendingNotes(v, attachmentName) }

// attachmentName makes a file's name one that Discord takes, and never a path.
func attachmentName(name string) string {
	return quiet(cmp.Or(plainFileName(name), "file"))
}
