package chat

import (
	"cmp"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// Notice tells, as Markdown, what happened to a conversation itself. Locked: once it is
// closed, nobody can reply in its thread.
func Notice(v bridge.View, locked bool) string {
	name := Inert(cmp.Or(markup.CleanName(v.Entry.Actor().Name), "Somebody"))
	var text string
	switch v.Entry.Kind {
	case bridge.ConversationClosed:
		text = name + " closed this conversation. A reply here opens it again."
		if locked {
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
		text = Participants(v, name)
	}
	return "_" + text + "_"
}

// SeeTicket is a Markdown link to the ticket view, or just its words where it has no address.
func SeeTicket(url, words string) string {
	if url == "" {
		return words
	}
	return "[" + words + "](" + url + ")"
}

// LinkNotes says where files are that a platform does not take, as Markdown. name makes
// a file's name one that can be shown; see is a link to the ticket.
func LinkNotes(links []bridge.ViewFile, platform string, name func(string) string, see string) string {
	var out strings.Builder
	for _, f := range links {
		why := "is too large for " + platform
		if f.Size == 0 {
			why = "is empty"
		}
		out.WriteString(LinkNote(name(f.Name), why, see))
	}
	return out.String()
}

// LinkNote says why a file is not there, and where it is, as Markdown.
func LinkNote(name, why, see string) string {
	return "\n\n_File " + Inert(name) + " " + why + ": " + see + "_"
}

// PendingNotes names the files that are still on their way to us, as Markdown.
func PendingNotes(v bridge.View, name func(string) string) string {
	var out strings.Builder
	for _, n := range v.FilesToCome() {
		out.WriteString("\n\n_File " + Inert(name(n)) + " follows._")
	}
	return out.String()
}

// PlanEdit changes the posts that show a message, given its copies that have words. There
// are as many as there were: fewer parts delete the spare ones, and more are shortened to
// what there is. parts renders a text, shortened the message's in so many parts.
func PlanEdit[C any](v bridge.View, copies []bridge.Copy, parts func(body string) []C, shortened func(n int) []C) []bridge.Call {
	if len(copies) == 0 {
		return nil
	}
	rendered := parts(v.Entry.Words.Body)
	if len(rendered) == 0 || strings.TrimSpace(v.Entry.Words.Body) == "" {
		rendered = parts("_(no text)_")
	}
	if len(rendered) > len(copies) {
		rendered = shortened(len(copies))
	}
	payloads := make([]any, len(rendered))
	for i, p := range rendered {
		payloads[i] = p
	}
	return v.PlanEdits(copies, payloads)
}
