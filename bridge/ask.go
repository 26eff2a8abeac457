package bridge

import (
	"context"
	"fmt"
)

// Ask is a wish from a chat: a side conversation on a ticket.
type Ask struct {
	// Author is who asks, in the chat's words.
	Author     Account
	AuthorName string
	// Place is where it was asked.
	Place Place
	// Thread is the thread to attach, with all that was said in it. Empty starts a new
	// conversation.
	Thread string
	// Ticket is the ticket's number; zero makes a ticket of the subject and body.
	Ticket int64
	// Group is who is to be asked, whose channels the mapping knows. Empty: a new
	// conversation is held in Place.
	Group   string
	Subject string
	Body    string // Markdown; the first message of a new conversation
	// Key makes the wish count once, however often it is heard.
	Key string
	// Whether only asks if the author may wish for anything; nothing is done.
	Whether bool
}

// Starter starts conversations for people who ask from a chat, when they may.
type Starter interface {
	// Start does what was asked. Result.Why is what the asker is told.
	Start(ctx context.Context, actor Actor, ask Ask) (Result, error)
}

// Ask starts or attaches a conversation for somebody who asks from a chat. Who may not
// is told so in Result.Why, with the outcome Ignored; so is everybody of what was done.
func (r *Receiver) Ask(ctx context.Context, ask Ask) (Result, error) {
	known, err := r.Directory.Identify(ctx, ask.Author)
	if err != nil {
		return Result{}, fmt.Errorf("identify who asks: %w", err)
	}
	if no, refused := agentsOnly(known, "Only an agent can start a side conversation"); refused {
		return no, nil
	}
	if r.Starter == nil {
		return Result{Outcome: Ignored, Why: "Side conversations cannot be started from here. Start it in the ticket view."}, nil
	}
	if ask.Whether {
		return Result{Outcome: Accepted}, nil
	}
	name := known.Name
	if name == "" {
		name = ask.AuthorName
	}
	return r.Starter.Start(ctx, Actor{Person: known.Person, Role: known.Role, Account: ask.Author, Name: name}, ask)
}
