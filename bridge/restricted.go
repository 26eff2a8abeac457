package bridge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// SeesAll is a viewer that is no person: a command on the daemon's own machine, whose
// user can read the database anyway. Nobody who asks over the network is it.
const SeesAll = "\x00all"

// RestrictConversation makes a conversation one that only those who take part, and
// auditors, see: from then on, with all that was said before. Off makes it one again that
// everybody at the desk sees, with all that was said meanwhile.
type RestrictConversation struct {
	Actor        Actor
	Conversation ID
	Off          bool
}

// Needs implements Command.
func (c *RestrictConversation) Needs() Needs {
	return Needs{Ticket: c.Conversation.Ticket, People: idsOf(c.Actor, nil)}
}

func (c *RestrictConversation) decide(s *State) (Result, error) {
	conv, err := s.conversation(c.Conversation, c.Actor)
	switch {
	case err != nil:
		return Result{}, err
	case (conv.Restricted == 0) == c.Off:
		return Result{Outcome: Ignored, ID: conv.ID, Why: "it is so already"}, nil
	case !c.Actor.worksAtDesk():
		return Result{}, fmt.Errorf("%w: only an agent restricts a conversation", ErrForbidden)
	case !s.takesPart(conv.ID, c.Actor.Person):
		return Result{}, fmt.Errorf("%w: take part in the conversation first: otherwise you would no longer see it", ErrForbidden)
	}
	if err := s.mayRestrict(c.Actor); err != nil {
		return Result{}, err
	}
	kind := ConversationRestricted
	if c.Off {
		kind = ConversationUnrestricted
	}
	e := s.add(conv.ID.Ticket, kind, c.Actor, Facts{Conversation: conv.ID.Seq}, Words{})
	if c.Off {
		s.resumeRead(conv)
	}
	return Result{Outcome: Accepted, ID: conv.ID, Seq: e.Seq}, nil
}

// resumeRead goes on in the channels of a conversation that is restricted no more, and
// rested because others could read them.
func (s *State) resumeRead(conv *Conversation) {
	for _, id := range slices.SortedFunc(maps.Keys(s.Mirrors), func(a, b ID) int { return cmp.Compare(a.Seq, b.Seq) }) {
		if m := s.Mirrors[id]; id.Ticket == conv.ID.Ticket && m.Conversation == conv.ID.Seq && m.Parked == ParkedMembers {
			s.add(id.Ticket, MirrorResumed, System(), Facts{
				Conversation: m.Conversation, Mirror: id.Seq, Reason: "the conversation is restricted no more",
			}, Words{})
		}
	}
}

// mayAct reports whether somebody may do anything in a conversation: of a restricted
// one, only those who take part. Auditors see it and do nothing in it.
func (s *State) mayAct(c *Conversation, actor Actor) bool {
	return c == nil || c.Restricted == 0 || actor.Role == RoleSystem || actor.Person != "" && s.takesPart(c.ID, actor.Person)
}

// joinable finds a conversation for somebody who adds people to it: an admin may add
// themselves, and no one else, to one that is restricted.
func (s *State) joinable(c *AddParticipants) (*Conversation, error) {
	conv := s.Conversations[c.Conversation]
	if conv != nil && c.Actor.Role == RoleAdmin && c.Actor.Person != "" && len(c.People) == 1 && c.People[0].Person == c.Actor.Person {
		return conv, nil
	}
	return s.conversation(c.Conversation, c.Actor)
}

// bring makes people take part in a conversation that was just begun with them. Who may
// begin one with a group may have its people in it; anybody else must be invited, by
// somebody who does not take part yet.
func (s *State) bring(conv ID, actor Actor, people []Known, group string) error {
	var add []Known
	for _, k := range people {
		if k.Person == "" || s.takesPart(conv, k.Person) {
			continue
		}
		if group == "" {
			if err := s.mayInvite(actor, false, k.Person); err != nil {
				return err
			}
		}
		add = append(add, k)
	}
	if len(add) > 0 {
		s.admit(conv, actor, add, Facts{Group: group, Reason: Asked})
	}
	return nil
}

// outsider reports whether something was done in a thread of a restricted conversation
// by an account whose person does not take part.
func (in *Inbound) outsider(s *State, m *Mirror) bool {
	conv := s.Conversations[ID{m.ID.Ticket, m.Conversation}]
	if conv == nil || conv.Restricted == 0 {
		return false
	}
	known := s.Accounts[in.Author]
	return known == nil || known.Person == "" || !s.takesPart(conv.ID, known.Person)
}

// onlyMembers is what an outsider is told who presses a button or speaks there.
const onlyMembers = "Only those who take part in this conversation can do that. One of them can add you in the ticket view."

// refuseOutsider says why what an outsider said is not taken: it is put aside where it
// came live, and a listing stops before it, so that it is found again once somebody has
// added them.
func (in *Inbound) refuseOutsider(s *State, m *Mirror) error {
	if !in.outsider(s, m) {
		return nil
	}
	return fmt.Errorf("%w: somebody who does not take part in a restricted conversation spoke in its thread in %s: add them to it, or remove them from the channel", ErrForbidden, m.Place)
}

// ConversationOf returns the conversation that an entry is about, zero when it is about
// the ticket itself. Entries about mirrors and messages name no conversation where that
// of their mirror or message says it: those rows must be loaded.
func (s *State) ConversationOf(e *Entry) int64 {
	f := e.Facts
	switch {
	case e.Kind == ConversationStarted:
		return e.Seq
	case e.Kind == TicketChanged:
		return 0 // made from a conversation, but about the ticket
	case f.Conversation != 0:
		return f.Conversation
	case s.Mirrors[ID{e.Ticket, f.Mirror}] != nil:
		return s.Mirrors[ID{e.Ticket, f.Mirror}].Conversation
	case s.Messages[ID{e.Ticket, f.Message}] != nil:
		return s.Messages[ID{e.Ticket, f.Message}].Conversation
	}
	return 0
}

// Veil takes conversations, and all that is about them, out of the State of a page, and
// remembers in Hidden that they are there.
func (s *State) Veil(hidden map[ID]bool) {
	if len(hidden) == 0 {
		return
	}
	in := func(ticket, conversation int64) bool { return hidden[ID{ticket, conversation}] }
	var entries []*Entry
	for _, e := range s.Entries {
		switch {
		case in(e.Ticket, s.ConversationOf(e)):
			continue
		case e.Kind == TicketChanged && in(e.Ticket, e.Facts.Conversation):
			e = e.outside()
		}
		entries = append(entries, e)
	}
	s.Entries = entries
	gone := func(m ID) bool { return s.Messages[m] != nil && in(m.Ticket, s.Messages[m].Conversation) }
	mirror := func(m ID) bool { return s.Mirrors[m] != nil && in(m.Ticket, s.Mirrors[m].Conversation) }
	maps.DeleteFunc(s.Copies, func(_ CopyKey, c *Copy) bool { return mirror(ID{c.Ticket, c.Mirror}) || gone(ID{c.Ticket, c.Message}) })
	maps.DeleteFunc(s.Files, func(k FileKey, _ *File) bool { return gone(k.Message) })
	maps.DeleteFunc(s.Reactions, func(k ReactionKey, _ *Reaction) bool { return gone(k.Message) || mirror(k.Message) })
	maps.DeleteFunc(s.Deliveries, func(k DeliveryKey, _ *Delivery) bool { return mirror(k.Mirror) })
	maps.DeleteFunc(s.Approvers, func(k ApproverKey, _ *Approver) bool {
		a := s.Approvals[k.Approval]
		return a != nil && in(a.ID.Ticket, a.Conversation)
	})
	maps.DeleteFunc(s.Approvals, func(id ID, a *Approval) bool { return in(id.Ticket, a.Conversation) })
	maps.DeleteFunc(s.Reviews, func(id ID, r *Review) bool { return in(id.Ticket, r.Conversation) })
	maps.DeleteFunc(s.Reviews, func(id ID, r *Review) bool { return in(id.Ticket, r.Conversation) })
	maps.DeleteFunc(s.Participants, func(k ParticipantKey, _ *Participant) bool { return hidden[k.Conversation] })
	maps.DeleteFunc(s.Messages, func(id ID, _ *Message) bool { return gone(id) })
	maps.DeleteFunc(s.Mirrors, func(id ID, _ *Mirror) bool { return mirror(id) })
	maps.DeleteFunc(s.Conversations, func(id ID, _ *Conversation) bool { return hidden[id] })
	s.Hidden = hidden
}

// Withhold leaves, of the entries about conversations, their places in the chain and
// their hashes, so that the chain of those around them still closes.
func (s *State) Withhold(hidden map[ID]bool) {
	for i, e := range s.Entries {
		switch conv := s.ConversationOf(e); {
		case hidden[ID{e.Ticket, conv}], e.Kind == TicketChanged && hidden[ID{e.Ticket, e.Facts.Conversation}]:
			s.Entries[i] = &Entry{Ticket: e.Ticket, Seq: e.Seq, Hash: e.Hash, Withheld: true}
		}
	}
}

// Withhold returns the record without what is about conversations but the places and
// hashes of their entries. It is no record to be verified any more.
func (r Record) Withhold(hidden map[ID]bool) Record {
	if len(hidden) == 0 {
		return r
	}
	s := NewState(r.Ticket.UpdatedAt)
	for _, m := range r.Mirrors {
		s.Mirrors[m.ID] = &m
	}
	for _, m := range r.Messages {
		s.Messages[m.ID] = &m
	}
	s.Entries = append(s.Entries, r.Entries...)
	s.Withhold(hidden)
	out := Record{Ticket: r.Ticket, Entries: s.Entries}
	for _, m := range r.Mirrors {
		if !hidden[ID{m.ID.Ticket, m.Conversation}] {
			out.Mirrors = append(out.Mirrors, m)
		}
	}
	return out
}

// outside is a change of the ticket as those see it who do not see the conversation
// that it was made from: without that, and without what was said to those in it.
func (e *Entry) outside() *Entry {
	bare := *e
	bare.Facts.Conversation, bare.Facts.Reason, bare.Words.Note = 0, "", ""
	bare.Envelope, bare.Content, bare.Salt = nil, nil, nil
	return &bare
}
