package bridge

import "time"

// News is a message that somebody has not read yet, with what telling them needs.
type News struct {
	// ID is the message, Conversation where it was said.
	ID           ID
	Conversation ID
	// Subject is the conversation's, TicketSubject its ticket's; empty when erased.
	Subject       string
	TicketSubject string
	// Name is what who said it was called then.
	Name string
	// Body is the message as it is now, Markdown; Files counts its files.
	Body  string
	Files int
	At    time.Time
	// Why are the reasons for which it is theirs to know, in the words that package
	// mapping has for occasions, the most pressing first.
	Why []string
	// Asked: it is a request for their approval, and ID the entry that asks.
	Asked bool
}
