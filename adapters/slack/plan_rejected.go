package slack

import (
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// planRejected puts something in the place of an entry that could not be shown: a
// refused edit is posted as a message of its own, refused files become links, and
// everything else is named.
func (a *Adapter) planRejected(v bridge.View) []bridge.Call {
	if v.Mirror.Thread == "" {
		return nil
	}
	post := func(c *content) []bridge.Call {
		return []bridge.Call{{Verb: bridge.VerbPost, Message: v.Message, Payload: c}}
	}
	if v.Handover() {
		return a.handover(v) // what was refused is the card
	}
	switch v.Entry.Kind {
	case bridge.MessageDeleted, bridge.CopyDoubled, bridge.TicketChanged, bridge.ApprovalGiven, bridge.ApprovalRefused, bridge.ApprovalWithdrawn, bridge.ReactionAdded, bridge.ReactionRemoved, bridge.MirrorEnded:
		return nil
	case bridge.ConversationClosed, bridge.ConversationReopened, bridge.ParticipantRemoved:
		return []bridge.Call{a.notice(v)} // what was refused is the card
	case bridge.ParticipantAdded:
		if v.Entry.Invites() {
			return []bridge.Call{a.notice(v)}
		}
		return nil
	case bridge.MessageEdited:
		if v.Rejected == "message_not_found" {
			return nil // somebody removed our post there; it is not brought back
		}
		if lateEdit(v.Rejected) {
			return post(a.editedPost(v))
		}
	case bridge.MessagePosted, bridge.FileStored:
		if len(v.Files) > 0 && refusedFile(v.Rejected) {
			return post(a.withoutFiles(v))
		}
	}
	return post(a.plain("_(a message could not be shown here: " + words(v.Rejected) + " — " +
		a.seeTicket(v, "open it in the ticket") + ")_"))
}

// words turns an error code into words.
func words(code string) string {
	if code == bridge.SkippedByHand {
		return "an admin skipped it"
	}
	return chat.Inert(strings.ReplaceAll(code, "_", " "))
}

// lateEdit reports whether an edit was refused because of when it came or how
// long it is; its words can still be posted.
func lateEdit(code string) bool {
	switch code {
	case "edit_window_closed", "cant_update_message", "block_mismatch", "msg_too_long":
		return true
	}
	return false
}

func (a *Adapter) editedPost(v bridge.View) *content {
	return a.single(v, "edited: "+v.Entry.Words.Body)
}

// refusedFile reports whether a refusal is about the files and not the words.
func refusedFile(code string) bool {
	return strings.Contains(code, "file") || code == "storage_limit_reached" || code == "malware_detected"
}

// withoutFiles shows the words, unless they are there already, and where the files
// can be had.
func (a *Adapter) withoutFiles(v bridge.View) *content {
	var notes strings.Builder
	for _, f := range v.Files {
		notes.WriteString(a.linkNote(v, f, "was refused by Slack ("+words(v.Rejected)+")"))
	}
	if v.Entry.Kind == bridge.FileStored {
		note := a.plain(notes.String())
		note.print = filesOnly
		return note
	}
	own, quote := v.Entry.Quoted()
	if quote != "" {
		notes.WriteString("\n\n_What was shared is in the ticket: " + a.seeTicket(v, "open it there") + "._")
	}
	return a.single(v, own+notes.String())
}

// single renders a body in one post, which says where the rest is if it is long.
func (a *Adapter) single(v bridge.View, body string) *content {
	if parts := a.parts(v, body); len(parts) == 1 {
		return parts[0]
	}
	whole := *v.Entry
	whole.Words.Body = body
	v.Entry = &whole
	return a.shortened(v, 1)[0]
}
