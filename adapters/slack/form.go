package slack

import (
	"encoding/json"

	"github.com/slack-go/slack"
)

// The fields of the forms.
const (
	fieldTicket   = "ticket"
	fieldGroup    = "group"
	fieldSubject  = "subject"
	fieldQuestion = "question"
)

const (
	maxSubject    = 200
	maxGroup      = 100
	maxFormAnswer = 3000 // https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
)

// field is one input of a form.
type field struct {
	id, label, hint string
	most            int
	required, lines bool
}

// attachView is the form of the shortcut "Attach to ticket".
func attachView(place formPlace) slack.ModalViewRequest {
	return modal(callbackAttach, "Attach to ticket", "Attach", place,
		"The whole thread, with all that was said in it, becomes a side conversation on the ticket. "+
			"For agents only: `/sidebridge link` tells Sidebridge who you are.",
		field{id: fieldTicket, label: "Ticket number", hint: "4711; empty makes a new ticket", most: 20},
		field{id: fieldSubject, label: "Subject", hint: "What it is about", most: maxSubject})
}

// startView is the form of /sidebridge start. ticket is the number as it was typed.
func startView(place formPlace, ticket string) slack.ModalViewRequest {
	view := modal(callbackStart, "Side conversation", "Start", place, "For agents only: `/sidebridge link` tells Sidebridge who you are.",
		field{id: fieldTicket, label: "Ticket number", hint: "4711; empty makes a new ticket", most: 20},
		field{id: fieldGroup, label: "Whom to ask", hint: "The name of a group; empty asks in this channel", most: maxGroup},
		field{id: fieldSubject, label: "Subject", hint: "What it is about", most: maxSubject},
		field{id: fieldQuestion, label: "Question", hint: "What you want to ask", most: maxFormAnswer, required: true, lines: true})
	for _, b := range view.Blocks.BlockSet {
		if in, ok := b.(*slack.InputBlock); ok && in.BlockID == fieldTicket {
			in.Element.(*slack.PlainTextInputBlockElement).InitialValue = ticket
		}
	}
	return view
}

// modal builds a form. https://docs.slack.dev/surfaces/modals
func modal(callback, title, submit string, place formPlace, note string, fields ...field) slack.ModalViewRequest {
	plain := func(text string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
	}
	metadata, _ := json.Marshal(place) // it has text only
	view := slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callback, PrivateMetadata: string(metadata),
		Title: plain(title), Submit: plain(submit), Close: plain("Cancel"),
	}
	for _, f := range fields {
		in := slack.NewInputBlock(f.id, plain(f.label), nil, &slack.PlainTextInputBlockElement{
			Type: slack.METPlainTextInput, ActionID: f.id, Placeholder: plain(f.hint), MaxLength: f.most, Multiline: f.lines,
		})
		in.Optional = !f.required
		view.Blocks.BlockSet = append(view.Blocks.BlockSet, in)
	}
	view.Blocks.BlockSet = append(view.Blocks.BlockSet,
		slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, note, false, false)))
	return view
}
