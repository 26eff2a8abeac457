package bridge

// Found is something said, or a ticket's or conversation's subject, that a search found.
type Found struct {
	// ID is the ticket's or conversation's first entry, or the message.
	ID ID
	// Conversation is where it was said, zero for the ticket itself.
	Conversation int64
	// BodySeq is the entry that has the words.
	BodySeq int64
	// Position is where the next page of finds begins.
	Position int64
}
