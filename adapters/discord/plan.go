package discord

import (
	"strings"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

const (
	// maxText is the longest content of a message.
	// https://docs.discord.com/developers/resources/message#create-message
	maxText = 2000
	// maxFiles is how many files one message may have.
	maxFiles = 10
	// maxRequest is how many bytes of files one call may have; Discord takes 25 MiB.
	// https://docs.discord.com/developers/reference#uploading-files
	maxRequest = 24 << 20
)

// content is what one post shows.
type content struct {
	text string
	// users are the accounts that may be told of the mention in the text.
	users []string
	// embed is the card, or a note in a file's place.
	embed *discordgo.MessageEmbed
	// buttons belong to the card; their ids get the token when it is known.
	buttons []button
	files   []bridge.ViewFile
	// author and person are who speaks, for posts under an agent's own name.
	author, person string
	// thread is the name of the thread that a root opens.
	thread string
	// print is the fingerprint of the words.
	print string
}

// opening is the call that opens a thread on a root in a text channel.
type opening struct{ name string }

// locking is the call that locks and archives a thread, or ends both.
type locking struct {
	on bool
	// gently: it is done only where a moderator has locked the thread, and if we may.
	gently bool
}

// reacting is the call that gives a post our own reaction, or takes it away.
type reacting struct {
	emoji string
	on    bool
}

// doubled is the call that takes a second copy away.
type doubled struct{ root bool }

// filesOnly is the fingerprint of a post that shows files and no words. An edit of the
// message's words leaves it alone.
const filesOnly = "files"

// Plan implements bridge.Surface.
func (g *Guild) Plan(v bridge.View) []bridge.Call {
	fields, _ := g.Policy(v.Mirror.Rule)
	v.Entry = chat.Shown(v.Entry, fields)
	v.Entry = chat.Reviewed(v)
	if v.Rejected != "" {
		return g.planRejected(v)
	}
	if v.HasNothing() {
		return nil
	}
	switch v.Entry.Kind {
	case bridge.MirrorOpened:
		return g.planRoot(v)
	case bridge.ThreadAttached:
		return []bridge.Call{{Verb: bridge.VerbPost, Payload: g.card(v)}}
	case bridge.MessagePosted:
		return g.planReview(v, g.planPost(v))
	case bridge.MessageEdited:
		return g.planReview(v, append(g.planEdit(v), g.planQuestion(v)...))
	case bridge.MessageDeleted:
		return g.planReview(v, append(v.PlanDeletes(), g.planQuestion(v)...))
	case bridge.DraftApproved, bridge.DraftTaken, bridge.DraftDismissed:
		return g.planReview(v, nil)
	case bridge.FileStored:
		return g.planFile(v)
	case bridge.ReactionAdded, bridge.ReactionRemoved:
		return planReaction(v)
	case bridge.ConversationClosed:
		return g.planClosed(v)
	case bridge.ConversationReopened:
		return g.planReopened(v)
	case bridge.TicketChanged:
		if v.Handover() {
			return append(g.planCard(v), g.handover(v)...)
		}
		return g.planCard(v)
	case bridge.ParticipantAdded:
		return g.planJoined(v)
	case bridge.ParticipantRemoved, bridge.MirrorEnded:
		return []bridge.Call{g.notice(v)}
	case bridge.ApprovalAsked, bridge.ApprovalGiven, bridge.ApprovalRefused, bridge.ApprovalWithdrawn:
		return g.planRequest(v)
	case bridge.CopyDoubled:
		root := v.Entry.Facts.Entry == v.Mirror.ID.Seq
		return []bridge.Call{{Verb: bridge.VerbDelete, Ref: v.Entry.Facts.Ref, Payload: &doubled{root: root}}}
	}
	return nil
}

// planRoot posts the card and opens the thread on it. In a forum the first call does
// both and the second has nothing to do: which it is, the plan does not know.
func (g *Guild) planRoot(v bridge.View) []bridge.Call {
	card := g.card(v)
	card.thread = nameOfThread(v)
	return []bridge.Call{
		{Verb: bridge.VerbPost, Root: true, Payload: card},
		{Verb: bridge.VerbEdit, Payload: &opening{name: card.thread}},
	}
}

// planCard brings the card up to the present state.
func (g *Guild) planCard(v bridge.View) []bridge.Call {
	if v.Card == "" {
		return nil
	}
	return []bridge.Call{{Verb: bridge.VerbEdit, Ref: v.Card, Payload: g.card(v)}}
}

// planQuestion brings the card up to date when the message that it quotes changed.
func (g *Guild) planQuestion(v bridge.View) []bridge.Call {
	if !v.AskedHere() {
		return nil
	}
	return g.planCard(v)
}

// planClosed says so, and only then locks: nothing can be said in a locked thread.
func (g *Guild) planClosed(v bridge.View) []bridge.Call {
	calls := append(g.planCard(v), g.notice(v))
	if g.LockClosed {
		calls = append(calls, bridge.Call{Verb: bridge.VerbEdit, Payload: &locking{on: true}})
	}
	return calls
}

// planReopened unlocks first. What a moderator has locked is unlocked as well, so that
// the experts can answer.
func (g *Guild) planReopened(v bridge.View) []bridge.Call {
	unlock := bridge.Call{Verb: bridge.VerbEdit, Payload: &locking{gently: !g.LockClosed}}
	return append(append([]bridge.Call{unlock}, g.planCard(v)...), g.notice(v))
}

// planReaction lets our own reaction to the message's first post stand for everybody
// elsewhere. A workspace's own emoji has no equal here.
func planReaction(v bridge.View) []bridge.Call {
	emoji := v.Entry.Facts.Emoji
	if len(v.Copies) == 0 || strings.HasPrefix(emoji, ":") {
		return nil
	}
	return []bridge.Call{{Verb: bridge.VerbEdit, Ref: v.Copies[0].Ref, Payload: &reacting{emoji: emoji, on: v.Reacted()}}}
}

// planPost shows a message in as many posts as its length needs. Files come in the
// first of them: that one is never taken away while the message is there, however
// short an edit makes it. What it has no room for comes after the words.
func (g *Guild) planPost(v bridge.View) []bridge.Call {
	_, links := g.splitFiles(v.Files)
	parts, quote := g.postParts(v, g.linkNotes(v, links)+pendingNotes(v))
	files, _ := g.splitFiles(append(quote, v.Files...))
	if len(parts) == 0 && len(files) > 0 {
		parts = []*content{g.wordless(v)}
	}
	for i, chunk := range files {
		if i == 0 {
			parts[0].files = chunk
			continue
		}
		parts = append(parts, &content{files: chunk, author: parts[0].author, person: parts[0].person, print: filesOnly})
	}
	return posts(v, parts...)
}

// postParts renders a message's words with notes about its files, and the files that words
// come in.
func (g *Guild) postParts(v bridge.View, notes string) ([]*content, []bridge.ViewFile) {
	if len(v.Entry.Facts.Shared) > 0 {
		return g.sharedParts(v, notes)
	}
	return g.parts(v, v.Entry.Words.Body+notes), nil
}

// wordless is a post of files alone, under the name of who sent them.
func (g *Guild) wordless(v bridge.View) *content {
	c := &content{print: filesOnly}
	if g.asAgent() {
		g.sign(c, v)
		return c
	}
	for _, p := range markup.ToDiscordFrom(g.speaker(v), "", directory{g: g}, maxText) {
		return g.rendered(p)
	}
	return c
}

// posts are the calls that post contents.
func posts(v bridge.View, parts ...*content) []bridge.Call {
	var calls []bridge.Call
	for _, c := range parts {
		calls = append(calls, bridge.Call{Verb: bridge.VerbPost, Message: v.Message, Slow: len(c.files) > 0, Payload: c})
	}
	return calls
}

// planFile shows a file of a message from another surface once we hold it. A message
// with no copy here was removed here, and so stays its file.
func (g *Guild) planFile(v bridge.View) []bridge.Call {
	if !v.FileIsWelcome() {
		return nil
	}
	files, links := g.splitFiles(v.Files)
	if len(files) == 0 {
		return posts(v, g.fileNote(v, g.linkNotes(v, links)))
	}
	c := &content{files: files[0], print: filesOnly}
	if g.asAgent() {
		g.sign(c, v)
	}
	return posts(v, c)
}

// planEdit changes the posts that show the message. There are as many as there were:
// spare ones are deleted, and what does not fit is to be read in the ticket.
func (g *Guild) planEdit(v bridge.View) []bridge.Call {
	return chat.PlanEdit(v, v.WordCopies(filesOnly, compareIDs),
		func(body string) []*content { return g.parts(v, body) },
		func(n int) []*content { return g.shortened(v, n) })
}

// shortened renders the message in n parts, of which the last says where the rest is.
func (g *Guild) shortened(v bridge.View, n int) []*content {
	more := markup.ToDiscord("… "+g.seeTicket(v, "the rest is in the ticket"), nil, 0)
	room := 0
	for _, m := range more {
		room += len(m.Content) + 1
	}
	parts := g.partsWithin(v, v.Entry.Words.Body, max(maxText-room, maxText/2))
	parts = parts[:min(n, len(parts))]
	last := parts[len(parts)-1]
	for _, m := range more {
		last.text += "\n" + m.Content
	}
	last.print = g.printOf(&message{GuildID: g.id, Content: last.text})
	return parts
}

// parts renders Markdown under the name of who said it.
func (g *Guild) parts(v bridge.View, body string) []*content { return g.partsWithin(v, body, maxText) }

func (g *Guild) partsWithin(v bridge.View, body string, limit int) []*content {
	head := g.speaker(v)
	if g.asAgent() {
		head = ""
	}
	var out []*content
	for _, p := range markup.ToDiscordFrom(head, body, directory{g: g}, limit) {
		c := g.rendered(p)
		if g.asAgent() {
			g.sign(c, v)
		}
		out = append(out, c)
	}
	return out
}

// asAgent reports whether messages are posted under the agent's own name.
func (g *Guild) asAgent() bool { return g.Identity == IdentityAgent }

// sign has a post made under the name of who speaks.
func (g *Guild) sign(c *content, v bridge.View) {
	c.author, c.person = hookName(g.speaker(v)), v.Said().Facts.Person
}

// rendered keeps a part together with the fingerprint that the post's echo will have.
func (g *Guild) rendered(p markup.DiscordPart) *content {
	return &content{text: p.Content, users: p.Users, print: g.printOf(&message{GuildID: g.id, Content: p.Content})}
}

// plain renders a short text of our own, under nobody's name.
func (g *Guild) plain(md string) *content {
	for _, p := range markup.ToDiscord(md, nil, maxText) {
		return g.rendered(p)
	}
	return &content{text: "…"} // unreachable: our own texts have text
}

// printOf returns the fingerprint of a post's words, which it has before it is sent
// and after Discord gave it back. One without words shows files, or says where they are.
func (a *Adapter) printOf(m *message) string {
	if strings.TrimSpace(m.Content) == "" {
		return filesOnly
	}
	return markup.Fingerprint(markup.FromDiscord(markup.DiscordText{Guild: m.GuildID, Content: m.Content}, nil))
}

// speaker names who said it and where from: "Alice (agent)", "Sanne (Slack)".
func (g *Guild) speaker(v bridge.View) string {
	return v.Speaker(markup.CleanName(v.Said().Actor().Name))
}
