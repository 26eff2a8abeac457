package bridge

import "context"

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
}

// Starter starts conversations for people who ask from a chat, when they may.
type Starter interface {
	// Start does what was asked. Result.Why is what the asker is told.
	Start(ctx context.Context, actor Actor, ask Ask) (Result, error)
}
