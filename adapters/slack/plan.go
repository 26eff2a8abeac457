package slack

import (
	"cmp"
	"strings"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// maxText is the most characters of one post, after escaping: Slack was measured
// to split at 4,041 by itself, and chat.update refuses more than 4,000.
const maxText = 3900

// content is what one post shows.
type content struct {
	text   string
	blocks []slack.Block
	// author and person are who speaks, for workspaces where posts carry the agent's own
	// name.
	author, person string
	// print is the fingerprint of the words.
	print string
}

// upload is a post with files.
type upload struct {
	content
	files []bridge.ViewFile
}

// reacting is the call that gives a post our own reaction, or takes it away.
type reacting struct {
	name string // Slack's, without colons
	on   bool
}

// filesOnly is the fingerprint of a post that shows files and no words. An edit
// of the message's words leaves it alone.
const filesOnly = "files"

// Plan implements bridge.Surface.
func (a *Adapter) Plan(v bridge.View) []bridge.Call {
	fields, _ := a.policy(v.Mirror.Rule)
	v.Entry = chat.Shown(v.Entry, fields)
	v.Entry = chat.Reviewed(v)
	if v.Rejected != "" {
		return a.planRejected(v)
	}
	if v.HasNothing() {
		return nil
	}
	switch v.Entry.Kind {
	case bridge.MirrorOpened:
		return []bridge.Call{{Verb: bridge.VerbPost, Root: true, Payload: a.card(v)}}
	case bridge.ThreadAttached:
		return []bridge.Call{{Verb: bridge.VerbPost, Payload: a.card(v)}}
	case bridge.MessagePosted:
		return a.planReview(v, a.planPost(v))
	case bridge.MessageEdited:
		return a.planReview(v, append(a.planEdit(v), a.planQuestion(v)...))
	case bridge.MessageDeleted:
		return a.planReview(v, append(v.PlanDeletes(), a.planQuestion(v)...))
	case bridge.DraftApproved, bridge.DraftTaken, bridge.DraftDismissed:
		return a.planReview(v, nil)
	case bridge.FileStored:
		return a.planFile(v)
	case bridge.ReactionAdded, bridge.ReactionRemoved:
		return a.planReaction(v)
	case bridge.ConversationClosed, bridge.ConversationReopened:
		return append(a.planCard(v), a.notice(v))
	case bridge.TicketChanged:
		if v.Handover() {
			return append(a.planCard(v), a.handover(v)...)
		}
		return a.planCard(v)
	case bridge.ParticipantAdded:
		return a.planJoined(v)
	case bridge.ParticipantRemoved, bridge.MirrorEnded:
		return []bridge.Call{a.notice(v)}
	case bridge.ApprovalAsked, bridge.ApprovalGiven, bridge.ApprovalRefused, bridge.ApprovalWithdrawn:
		return a.planRequest(v)
	case bridge.CopyDoubled:
		return []bridge.Call{{Verb: bridge.VerbDelete, Ref: v.Entry.Facts.Ref}}
	}
	return nil
}

// planCard brings the card up to the present state.
func (a *Adapter) planCard(v bridge.View) []bridge.Call {
	if v.Card == "" {
		return nil
	}
	return []bridge.Call{{Verb: bridge.VerbEdit, Ref: v.Card, Payload: a.card(v)}}
}

// planQuestion brings the card up to date when the message that it quotes changed.
func (a *Adapter) planQuestion(v bridge.View) []bridge.Call {
	if !v.AskedHere() {
		return nil
	}
	return a.planCard(v)
}

// planPost shows a message in as many posts as its length needs. Files come in
// the first of them: that one is never taken away while the message is there,
// however short an edit makes it. Under an agent's own name they come in a post
// after the words, since an upload is always the app's own.
func (a *Adapter) planPost(v bridge.View) []bridge.Call {
	files, links := a.splitFiles(v.Files)
	parts, quote := a.postParts(v, a.linkNotes(v, links)+pendingNotes(v))
	files = append(quote, files...)
	var calls []bridge.Call
	send := func(slow bool, payload any) {
		calls = append(calls, bridge.Call{Verb: bridge.VerbPost, Message: v.Message, Slow: slow, Payload: payload})
	}
	u := &upload{files: files, content: content{print: filesOnly}}
	if len(parts) == 0 && len(files) > 0 {
		parts = []*content{a.rendered(markup.ToSlackFrom(a.speaker(v), "", nil, maxText)[0], "")}
	}
	after := a.identity == IdentityAgent && len(parts) > 0 && parts[0].author != ""
	if len(files) > 0 && !after {
		u.content, parts = *parts[0], parts[1:]
		send(true, u)
	}
	for _, part := range parts {
		send(false, part)
	}
	if len(files) > 0 && after {
		send(true, u)
	}
	return calls
}

// postParts renders a message's words with notes about its files, and the files that words
// come in.
func (a *Adapter) postParts(v bridge.View, notes string) ([]*content, []bridge.ViewFile) {
	if len(v.Entry.Facts.Shared) > 0 {
		return a.sharedParts(v, notes)
	}
	return a.parts(v, v.Entry.Words.Body+notes), nil
}

// planFile shows a file of a message from another surface once we hold it. A
// message with no copy here was removed here, and so stays its file.
func (a *Adapter) planFile(v bridge.View) []bridge.Call {
	if !v.FileIsWelcome() {
		return nil
	}
	files, links := a.splitFiles(v.Files)
	if len(files) > 0 {
		u := &upload{content: content{print: filesOnly}, files: files}
		return []bridge.Call{{Verb: bridge.VerbPost, Message: v.Message, Slow: true, Payload: u}}
	}
	note := a.plain(a.linkNotes(v, links))
	note.print = filesOnly
	return []bridge.Call{{Verb: bridge.VerbPost, Message: v.Message, Payload: note}}
}

// planEdit changes the posts that show the message. There are as many as there
// were: spare ones are deleted, and what does not fit is to be read in the ticket.
func (a *Adapter) planEdit(v bridge.View) []bridge.Call {
	return chat.PlanEdit(v, v.WordCopies(filesOnly, compareTS),
		func(body string) []*content { return a.parts(v, body) },
		func(n int) []*content { return a.shortened(v, n) })
}

// shortened renders the message in n parts, of which the last says where the
// rest is.
func (a *Adapter) shortened(v bridge.View, n int) []*content {
	more := markup.ToSlack("… "+a.seeTicket(v, "the rest is in the ticket"), directory{a: a}, 0)
	room := 0
	for _, m := range more {
		room += len(m.Text) + 1
	}
	parts := a.partsWithin(v, v.Entry.Words.Body, maxText-room)
	parts = parts[:min(n, len(parts))]
	last := *parts[len(parts)-1]
	for _, m := range more {
		last.text += "\n" + m.Text
		last.blocks = append(append([]slack.Block{}, last.blocks...), rawBlocks(m.Blocks)...)
	}
	parts[len(parts)-1] = &last
	return parts
}

// planReaction lets our own reaction to the message's first post stand for everybody
// elsewhere. A workspace's own emoji has no equal in another one.
func (a *Adapter) planReaction(v bridge.View) []bridge.Call {
	emoji, source := v.Entry.Facts.Emoji, v.Entry.Facts.Source
	name, known := markup.SlackEmojiName(emoji)
	if strings.HasPrefix(emoji, ":") && (source == nil || source.Surface != Surface || source.Workspace != a.workspace) {
		known = false
	}
	if !known || len(v.Copies) == 0 {
		return nil
	}
	return []bridge.Call{{Verb: bridge.VerbEdit, Ref: v.Copies[0].Ref, Payload: &reacting{name: name, on: v.Reacted()}}}
}

// compareTS orders posts.
func compareTS(a, b string) int { return cmp.Compare(tsMicros(a), tsMicros(b)) }

// parts renders Markdown under the name of who said it.
func (a *Adapter) parts(v bridge.View, body string) []*content {
	return a.partsWithin(v, body, maxText)
}

func (a *Adapter) partsWithin(v bridge.View, body string, limit int) []*content {
	speaker := a.speaker(v)
	head := speaker
	if a.identity == IdentityAgent {
		head = ""
	}
	var out []*content
	for _, p := range markup.ToSlackFrom(head, body, directory{a: a}, limit) {
		out = append(out, a.spoken(p, speaker, v.Entry.Facts.Person))
	}
	return out
}

// plain renders a short text of our own, under nobody's name.
func (a *Adapter) plain(md string) *content {
	for _, p := range markup.ToSlack(md, nil, maxText) {
		return a.rendered(p, "")
	}
	return &content{text: "…"} // unreachable: our own texts have text
}

// rendered keeps text and blocks together with the fingerprint that the post's
// echo will have.
func (a *Adapter) rendered(p markup.SlackPart, author string) *content {
	return &content{
		text: p.Text, blocks: rawBlocks(p.Blocks), author: author,
		print: a.printOf(&message{Text: p.Text, Blocks: p.Blocks}),
	}
}

// printOf returns the fingerprint of a post's words. A note that stands for a file
// says so in its metadata: its words are not the message's.
func (a *Adapter) printOf(m *message) string {
	note := m.Metadata != nil && m.Metadata.EventType == eventType && m.Metadata.Payload.Files
	if note || m.Text == "" && len(m.Files) > 0 {
		return filesOnly
	}
	return markup.Fingerprint(markup.FromSlack(markup.SlackText{Workspace: a.workspace, Text: m.Text, Blocks: m.Blocks}, nil))
}

// speaker names who said it and where from: "Alice (agent)", "Sanne (Discord)".
func (a *Adapter) speaker(v bridge.View) string {
	return v.Speaker(markup.CleanName(v.Said().Actor().Name))
}
