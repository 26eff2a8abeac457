package slack

import (
	"cmp"
	"slices"
	"strings"

	"github.com/slack-go/slack"

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
	// author is who speaks, for workspaces where posts carry the agent's own name.
	author string
	// print is the fingerprint of the words.
	print string
}

// upload is a post with files.
type upload struct {
	content
	files []bridge.ViewFile
}

// filesOnly is the fingerprint of a post that shows files and no words. An edit
// of the message's words leaves it alone.
const filesOnly = "files"

// Plan implements bridge.Surface.
func (a *Adapter) Plan(v bridge.View) []bridge.Call {
	if v.Rejected != "" {
		return a.planRejected(v)
	}
	if said := v.Entry.Facts; said.Source != nil && said.Mirror == v.Mirror.ID.Seq {
		return nil
	}
	if v.Entry.Erased && (v.Entry.Kind == bridge.MessagePosted || v.Entry.Kind == bridge.MessageEdited) {
		return nil
	}
	switch v.Entry.Kind {
	case bridge.MirrorOpened:
		return []bridge.Call{{Verb: bridge.VerbPost, Root: true, Payload: a.card(v)}}
	case bridge.MessagePosted:
		return a.planPost(v)
	case bridge.MessageEdited:
		return append(a.planEdit(v), a.planQuestion(v)...)
	case bridge.MessageDeleted:
		return append(planDelete(v), a.planQuestion(v)...)
	case bridge.FileStored:
		return a.planFile(v)
	case bridge.ConversationClosed, bridge.ConversationReopened:
		return append(a.planCard(v), a.notice(v))
	case bridge.TicketChanged:
		return a.planCard(v)
	case bridge.ParticipantAdded:
		return []bridge.Call{a.notice(v)}
	case bridge.CopyDoubled:
		return []bridge.Call{{Verb: bridge.VerbDelete, Ref: v.Entry.Facts.Ref}}
	}
	return nil
}

// planCard brings the root card up to the present state.
func (a *Adapter) planCard(v bridge.View) []bridge.Call {
	if v.Mirror.Thread == "" {
		return nil
	}
	return []bridge.Call{{Verb: bridge.VerbEdit, Ref: v.Mirror.Thread, Payload: a.card(v)}}
}

// planQuestion brings the card up to date when the message that it quotes changed.
func (a *Adapter) planQuestion(v bridge.View) []bridge.Call {
	if v.Message == 0 || v.Message != v.Asked {
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
	parts := a.parts(v, v.Entry.Words.Body+a.linkNotes(v, links)+pendingNotes(v))
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

// planFile shows a file of a message from another surface once we hold it. A
// message with no copy here was removed here, and so stays its file.
func (a *Adapter) planFile(v bridge.View) []bridge.Call {
	ours := false
	for _, c := range v.Copies {
		if !c.Ours() {
			return nil
		}
		ours = true
	}
	if !ours || len(v.Files) == 0 {
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
	copies := wordCopies(v.Copies)
	if len(copies) == 0 {
		return nil
	}
	parts := a.parts(v, v.Entry.Words.Body)
	if len(parts) == 0 || strings.TrimSpace(v.Entry.Words.Body) == "" {
		parts = a.parts(v, "_(no text)_")
	}
	if len(parts) > len(copies) {
		parts = a.shortened(v, len(copies))
	}
	var calls []bridge.Call
	for i, c := range copies {
		if i < len(parts) {
			calls = append(calls, bridge.Call{Verb: bridge.VerbEdit, Message: v.Message, Ref: c.Ref, Payload: parts[i]})
			continue
		}
		calls = append(calls, bridge.Call{Verb: bridge.VerbDelete, Message: v.Message, Ref: c.Ref})
	}
	return calls
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

func planDelete(v bridge.View) []bridge.Call {
	var calls []bridge.Call
	for _, c := range v.Copies {
		if c.Ours() {
			calls = append(calls, bridge.Call{Verb: bridge.VerbDelete, Message: v.Message, Ref: c.Ref})
		}
	}
	return calls
}

// wordCopies are our posts that show a message's words, in order. A file that was
// fetched later has a post of its own, which is none.
func wordCopies(copies []bridge.Copy) []bridge.Copy {
	var out []bridge.Copy
	for _, c := range copies {
		if c.Ours() && c.Rev != filesOnly {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b bridge.Copy) int { return cmp.Compare(tsMicros(a.Ref), tsMicros(b.Ref)) })
	return out
}

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
		out = append(out, a.rendered(p, speaker))
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
	who := v.Entry.Actor()
	name := markup.CleanName(who.Name)
	if name == "" {
		name = "somebody"
	}
	switch {
	case who.Role == bridge.RoleAgent || who.Role == bridge.RoleAdmin:
		return name + " (agent)"
	case who.Role == bridge.RoleCustomer:
		return name + " (customer)"
	case who.Role == bridge.RoleSystem:
		return name
	case v.Entry.Facts.Source != nil && v.Entry.Facts.Source.Surface != bridge.SurfaceWeb:
		return name + " (" + surfaceTitle(v.Entry.Facts.Source.Surface) + ")"
	}
	return name
}

func surfaceTitle(surface string) string {
	if surface == "" {
		return ""
	}
	return strings.ToUpper(surface[:1]) + surface[1:]
}
