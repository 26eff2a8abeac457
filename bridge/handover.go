package bridge

// HandedOver is why somebody became a participant: they had the ticket and another
// took it over from inside the conversation.
const HandedOver = "handed over"

// handOver keeps the former assignee as a participant of the conversation from which
// somebody else took the ticket over, so that they go on hearing of it. To a restricted
// one nobody comes unless somebody adds them.
func (s *State) handOver(c *ChangeTicket, was string) *Entry {
	conv := s.Conversations[ID{c.Ticket, c.Conversation}]
	if conv == nil || was == "" || conv.Starter == was || conv.Restricted != 0 {
		return nil
	}
	return s.add(c.Ticket, ParticipantAdded, c.Actor, Facts{Conversation: c.Conversation, Who: was, Reason: HandedOver}, Words{})
}

// Handover reports whether the entry is a take-over with a note that was made from the
// mirror's own conversation: the note is for its threads, and for no other's.
func (v *View) Handover() bool {
	e := v.Entry
	return e.Kind == TicketChanged && e.Facts.Assignee != nil && e.Words.Note != "" &&
		e.Facts.Conversation != 0 && e.Facts.Conversation == v.Mirror.Conversation
}
