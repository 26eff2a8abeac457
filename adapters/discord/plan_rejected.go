package discord

import (
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// planRejected puts something in the place of an entry that could not be shown: a
// refused edit is posted as a message of its own, refused files become links, and
// everything else is named.
func (g *Guild) planRejected(v bridge.View) []bridge.Call {
	if v.Mirror.Thread == "" || v.Rejected == codeLocked {
		return nil
	}
	if v.Handover() {
		return g.handover(v) // what was refused is the card
	}
	switch v.Entry.Kind {
	case bridge.MessageDeleted, bridge.CopyDoubled, bridge.TicketChanged, bridge.ApprovalGiven, bridge.ApprovalRefused, bridge.ApprovalWithdrawn, bridge.MirrorEnded:
		return nil
	case bridge.ConversationClosed, bridge.ConversationReopened, bridge.ParticipantRemoved:
		return []bridge.Call{g.notice(v)} // what was refused is the card
	case bridge.ParticipantAdded:
		if v.Entry.Invites() {
			return []bridge.Call{g.notice(v)}
		}
		return nil
	}
	switch {
	case v.Rejected == codeUnknownMessage:
		return nil // somebody removed our post there; it is not brought back
	case v.Entry.Kind == bridge.MessageEdited && lateEdit(v.Rejected):
		return posts(v, g.single(v, "edited: "+v.Entry.Words.Body))
	case v.Entry.Kind != bridge.MessageEdited && len(v.Files) > 0 && refusedFile(v.Rejected):
		return posts(v, g.withoutFiles(v))
	}
	return posts(v, g.plain("_(a message could not be shown here: "+words(v.Rejected)+" — "+
		g.seeTicket(v, "open it in the ticket")+")_"))
}

// words turns an error code into words.
func words(code string) string {
	switch code {
	case codeFormInvalid, "50006":
		return "Discord found it malformed"
	case "200000", "200001":
		return "AutoMod blocked it"
	case "240000":
		return "Discord holds a link in it for harmful"
	case codeTooLarge, codeFileTooLarge:
		return "it is too large for Discord"
	case bridge.SkippedByHand:
		return "an admin skipped it"
	}
	return "Discord answered " + chat.Inert(strings.ReplaceAll(code, "_", " "))
}

// lateEdit reports whether an edit was refused because of when it came, or who made
// the post; its words can still be posted.
func lateEdit(code string) bool {
	switch code {
	case codeEditedTooOften, codeNotOurs, codeFormInvalid:
		return true
	}
	return false
}

// refusedFile reports whether a refusal may be about the files and not the words.
func refusedFile(code string) bool {
	switch code {
	case codeTooLarge, codeFileTooLarge, codeFormInvalid, "50006", "50146":
		return true
	}
	return false
}

// withoutFiles shows the words, unless they are there already, and where the files can
// be had.
func (g *Guild) withoutFiles(v bridge.View) *content {
	var notes strings.Builder
	for _, f := range v.Files {
		notes.WriteString(g.linkNote(v, f, "was refused by Discord ("+words(v.Rejected)+")"))
	}
	if v.Entry.Kind == bridge.FileStored {
		return g.fileNote(v, notes.String())
	}
	own, quote := v.Entry.Quoted()
	if quote != "" {
		notes.WriteString("\n\n_What was shared is in the ticket: " + g.seeTicket(v, "open it there") + "._")
	}
	return g.single(v, own+notes.String())
}

// single renders a body in one post, which says where the rest is if it is long.
func (g *Guild) single(v bridge.View, body string) *content {
	if parts := g.parts(v, body); len(parts) == 1 {
		return parts[0]
	}
	whole := *v.Entry
	whole.Words.Body = body
	v.Entry = &whole
	return g.shortened(v, 1)[0]
}
